/* Charts of a brief as inline SVG: columns over time, bars by kind. The table below holds the same figures. */
#include <math.h>
#include <string.h>

#include "brief.h"

#define CHART_WIDTH    720.0
#define COLUMNS_HEIGHT 210.0
#define COLUMNS_LEFT   34.0
#define COLUMNS_FOOT   24.0
#define COLUMNS_TOP    10.0
#define COLUMNS_RIGHT  14.0
#define BARS_LABEL_MAX 330.0
#define CHARACTER      6.7 /* a column of text at the size of the labels, generously */
#define BARS_ROW       24.0
#define BARS_VALUE     44.0

void brief_escape(FILE *out, const char *text)
{
	for (; text && *text; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			fputc(*text, out);
	}
}

/* The greatest value drawn, at least 1. */
static double greatest(const struct brief_table *table)
{
	double most = 1;

	for (size_t i = 0; i < table->rows_count; i++)
		most = table->rows[i][table->values].number > most ? table->rows[i][table->values].number : most;
	return most;
}

/* 1, 2 or 5 times a power of ten, so that about four lines are drawn. */
static double step_of(double most)
{
	const double rough = most / 4, power = pow(10, floor(log10(rough > 1 ? rough : 1)));
	const double steps[] = {1, 2, 5, 10};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i] * power >= rough)
			return steps[i] * power;
	return 10 * power;
}

static void title_of(const char *name, const char *value, FILE *out)
{
	fputs("<title>", out);
	brief_escape(out, name);
	fputs(": ", out);
	brief_escape(out, value);
	fputs("</title>", out);
}

static void grid(double most, double step, FILE *out)
{
	const double high = COLUMNS_HEIGHT - COLUMNS_TOP - COLUMNS_FOOT;

	for (unsigned i = 0; i * step <= most; i++) {
		const double at = i * step;
		const double y = COLUMNS_TOP + high * (1 - at / most);

		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", COLUMNS_LEFT,
			CHART_WIDTH, y, y);
		fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>",
			COLUMNS_LEFT - 6, y + 3.5, at);
	}
}

/* Rows whose name is no year (undated ones) are in the table alone. */
static bool is_time(const struct brief_cell *row, size_t names)
{
	return row[names].text && row[names].text[0] >= '0' && row[names].text[0] <= '9';
}

static void columns(const struct brief_table *table, FILE *out)
{
	const double step = step_of(greatest(table)), most = ceil(greatest(table) / step) * step;
	const double high = COLUMNS_HEIGHT - COLUMNS_TOP - COLUMNS_FOOT;
	size_t count = 0, every, at = 0;
	double width;

	for (size_t i = 0; i < table->rows_count; i++)
		count += is_time(table->rows[i], table->names);
	width = (CHART_WIDTH - COLUMNS_LEFT - COLUMNS_RIGHT) / (double)(count ? count : 1);
	every = (size_t)(36 / width) + 1;
	fprintf(out, "viewBox=\"0 0 %.0f %.0f\">", CHART_WIDTH, COLUMNS_HEIGHT);
	grid(most, step, out);
	for (size_t i = 0; i < table->rows_count; i++) {
		const struct brief_cell *name = &table->rows[i][table->names], *value = &table->rows[i][table->values];
		const double height = high * value->number / most, left = COLUMNS_LEFT + width * (double)at;

		if (!is_time(table->rows[i], table->names))
			continue;
		fprintf(out, "<rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
			left + width * 0.14, COLUMNS_TOP + high - height, width * 0.72, height);
		title_of(name->text, value->text, out);
		fputs("</rect>", out);
		if (at % every == 0) {
			fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
				left + width / 2, COLUMNS_HEIGHT - 7);
			brief_escape(out, name->text);
			fputs("</text>", out);
		}
		at++;
	}
}

/* Room for the longest name. */
static double label_width(const struct brief_table *table)
{
	double most = 60;

	for (size_t i = 0; i < table->rows_count; i++) {
		const char *name = table->rows[i][table->names].text;
		const double width = CHARACTER * (double)text_width(name, strlen(name)) + 14;

		most = width > most ? width : most;
	}
	return most < BARS_LABEL_MAX ? most : BARS_LABEL_MAX;
}

static void bars(const struct brief_table *table, FILE *out)
{
	const double most = greatest(table), label = label_width(table);
	const double wide = CHART_WIDTH - label - BARS_VALUE;

	fprintf(out, "viewBox=\"0 0 %.0f %.0f\">", CHART_WIDTH, BARS_ROW * (double)table->rows_count + 4);
	for (size_t i = 0; i < table->rows_count; i++) {
		const struct brief_cell *name = &table->rows[i][table->names], *value = &table->rows[i][table->values];
		const double top = BARS_ROW * (double)i + 2, length = wide * value->number / most;

		fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", label - 10, top + 16);
		brief_escape(out, name->text);
		fprintf(out,
			"</text><rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\">",
			label, top + 3, length > 1 ? length : 1, BARS_ROW - 8);
		title_of(name->text, value->text, out);
		fprintf(out, "</rect><text class=\"value\" x=\"%.1f\" y=\"%.1f\">", label + length + 8, top + 16);
		brief_escape(out, value->text);
		fputs("</text>", out);
	}
}

void brief_chart_svg(const struct brief_table *table, FILE *out)
{
	fputs("<figure><figcaption>", out);
	brief_escape(out, table->chart_title);
	fputs("</figcaption><svg role=\"img\" aria-label=\"", out);
	brief_escape(out, table->chart_title);
	fputs("\" ", out);
	if (table->chart == BRIEF_COLUMNS)
		columns(table, out);
	else
		bars(table, out);
	fputs("</svg></figure>\n", out);
}
