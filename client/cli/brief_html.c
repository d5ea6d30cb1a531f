/* A brief as one HTML page: nothing is loaded from anywhere, and it prints as it stands. */
#include <errno.h>
#include <string.h>

#include "brief.h"

#define LONG_TABLE 14u /* rows; a longer one of short cells stands in columns */

static const char style[] =
    ":root{--ink:#1d2733;--soft:#5b6875;--line:#dfe4e9;--mark:#1f6f8b;--wash:#f4f7f9}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;color:var(--ink);background:#fff;font:15px/1.6 system-ui,-apple-system,\"Segoe UI\",Roboto,"
    "\"Noto Sans CJK SC\",\"Noto Sans CJK KR\",\"PingFang SC\",\"Microsoft YaHei\",\"Apple SD Gothic Neo\","
    "\"Malgun Gothic\",sans-serif}\n"
    ":lang(ko) body{font-family:system-ui,\"Apple SD Gothic Neo\",\"Malgun Gothic\",\"Noto Sans CJK KR\",sans-serif}\n"
    "main{max-width:54rem;margin:0 auto;padding:3rem 1.5rem 4rem}\n"
    "h1{font-size:2rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 .4rem;text-wrap:balance}\n"
    ".subtitle{color:var(--soft);margin:0 0 2rem}\n"
    "h2{font-size:1.2rem;margin:2.8rem 0 .6rem;padding-top:.9rem;border-top:2px solid var(--ink);break-after:avoid}\n"
    "p{margin:.35rem 0;max-width:46rem}\n"
    ".tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;margin:0;background:var(--line);"
    "border:1px solid var(--line);border-radius:6px;overflow:hidden}\n"
    ".tiles div{background:#fff;padding:.9rem 1.1rem}\n"
    ".tiles dt{color:var(--soft);font-size:.82rem}\n"
    ".tiles dd{margin:0}\n"
    ".tiles .value{font-size:1.75rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}\n"
    ".tiles .note{color:var(--soft);font-size:.8rem}\n"
    "figure{margin:1.2rem 0 .4rem;break-inside:avoid}\n"
    "figcaption{font-size:.82rem;color:var(--soft);margin-bottom:.3rem}\n"
    "svg{display:block;width:100%;height:auto}\n"
    "svg text{font-size:12px;fill:var(--ink)} svg .tick{font-size:11px;fill:var(--soft)}\n"
    "svg .grid{stroke:var(--line)} svg .mark{fill:var(--mark)} svg .value{font-variant-numeric:tabular-nums}\n"
    ".table{overflow-x:auto;margin:.9rem 0 .3rem}\n"
    ".table.narrow{columns:2;column-gap:2.5rem;overflow:visible}\n"
    "table{border-collapse:collapse;width:100%;font-size:.86rem;line-height:1.45}\n"
    "th,td{padding:.32rem .7rem .32rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}\n"
    "th{color:var(--soft);font-weight:600;white-space:nowrap;border-bottom-color:var(--soft)}\n"
    "td{white-space:pre-line;overflow-wrap:anywhere} td.date{white-space:nowrap}\n"
    "th.right,td.right{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-left:.7rem}\n"
    "td.heat{text-align:center;padding:.32rem .2rem;min-width:3rem;border-left:2px solid #fff}\n"
    "th.heat{text-align:center;padding:.32rem .2rem}\n"
    "tr{break-inside:avoid} thead{display:table-header-group}\n"
    ".below{color:var(--soft);font-size:.82rem}\n"
    "ul{margin:.4rem 0;padding-left:1.2rem;max-width:46rem} li{margin:.25rem 0}\n"
    "footer{margin-top:3rem;padding-top:.9rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8rem}\n"
    "@media "
    "(max-width:40rem){.tiles{grid-template-columns:repeat(2,1fr)}.table.narrow{columns:1}main{padding-top:1.5rem}}\n"
    "@page{size:A4;margin:16mm 15mm}\n"
    "@media print{body{font-size:10pt}main{max-width:none;padding:0}h2{margin-top:1.6rem}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}.table{overflow:visible}}\n";

static void element(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
	brief_escape(out, text);
	fprintf(out, "</%s>\n", tag);
}

static void write_tiles(const struct brief *brief, FILE *out)
{
	fputs("<dl class=\"tiles\">\n", out);
	for (size_t i = 0; i < brief->tiles_count; i++) {
		fputs("<div>", out);
		element(out, "dt", NULL, brief->tiles[i].label);
		element(out, "dd", "value", brief->tiles[i].value);
		element(out, "dd", "note", brief->tiles[i].note);
		fputs("</div>\n", out);
	}
	fputs("</dl>\n", out);
}

/* ---- Tables ---- */

static const char *class_of(const struct brief_table *table, size_t column, enum brief_type type)
{
	if (type == BRIEF_HEAT)
		return "heat";
	if (type == BRIEF_DATE)
		return "date";
	return table->columns[column].right ? "right" : "text";
}

static double hottest(const struct brief_table *table)
{
	double most = 0;

	for (size_t row = 0; row < table->rows_count; row++)
		for (size_t i = 0; i < table->columns_count; i++)
			if (table->rows[row][i].type == BRIEF_HEAT && table->rows[row][i].number > most)
				most = table->rows[row][i].number;
	return most;
}

static void write_cell(const struct brief_table *table, size_t column, const struct brief_cell *cell, double most,
		       FILE *out)
{
	const bool heat = cell->type == BRIEF_HEAT;
	const double share = heat && most > 0 ? cell->number / most : 0;

	fprintf(out, "<td class=\"%s\"", class_of(table, column, cell->type));
	/* The number stands in each cell, so that the shade is never needed to read it. */
	if (share > 0)
		fprintf(out, " style=\"background:rgba(31,111,139,%.2f)%s\"", 0.08 + 0.72 * share,
			share > 0.6 ? ";color:#fff" : "");
	if (cell->lang)
		fprintf(out, " lang=\"%s\"", cell->lang);
	fputs(">", out);
	if (!heat || cell->number > 0)
		brief_escape(out, cell->text);
	fputs("</td>", out);
}

/* Many rows of short cells: years, say. */
static bool is_narrow(const struct brief_table *table)
{
	if (table->rows_count < LONG_TABLE || table->columns_count > 5)
		return false;
	for (size_t i = 1; i < table->columns_count; i++)
		if (table->rows[0][i].type != BRIEF_NUMBER)
			return false;
	return table->chart == BRIEF_COLUMNS;
}

static void write_table(const struct brief_table *table, FILE *out)
{
	const double most = hottest(table);

	fprintf(out, "<div class=\"table%s\"><table>\n<thead><tr>", is_narrow(table) ? " narrow" : "");
	for (size_t i = 0; i < table->columns_count; i++) {
		const enum brief_type type = table->rows_count ? table->rows[0][i].type : BRIEF_TEXT;

		fprintf(out, "<th scope=\"col\" class=\"%s\">", class_of(table, i, type));
		brief_escape(out, table->columns[i].head);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t row = 0; row < table->rows_count; row++) {
		fputs("<tr>", out);
		for (size_t i = 0; i < table->columns_count; i++)
			write_cell(table, i, &table->rows[row][i], most, out);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_section(const struct brief_section *section, FILE *out)
{
	/* Sentences that stand alone are a list; those before a table say what is in it. */
	const bool list = section->table.columns_count == 0 && section->sentences_count > 1;

	fputs("<section>\n", out);
	element(out, "h2", NULL, section->heading);
	if (list)
		fputs("<ul>\n", out);
	for (size_t i = 0; i < section->sentences_count; i++)
		element(out, list ? "li" : "p", NULL, section->sentences[i]);
	if (list)
		fputs("</ul>\n", out);
	if (section->table.chart != BRIEF_NO_CHART && section->table.rows_count > 0)
		brief_chart_svg(&section->table, out);
	if (section->table.rows_count > 0)
		write_table(&section->table, out);
	if (section->note)
		element(out, "p", "below", section->note);
	fputs("</section>\n", out);
}

enum twinlog_error brief_write_html(const struct brief *brief, FILE *out)
{
	static const char *const langs[LANGUAGE_COUNT] = {"en", "zh-Hans", "ko"};

	fprintf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		langs[brief->cli->language]);
	fputs("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>", out);
	brief_escape(out, brief->title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n", style);
	element(out, "h1", NULL, brief->title);
	element(out, "p", "subtitle", brief->subtitle);
	fputs("</header>\n", out);
	write_tiles(brief, out);
	for (size_t i = 0; i < brief->sections_count; i++)
		write_section(&brief->sections[i], out);
	fputs("<footer>\n", out);
	for (size_t i = 0; i < brief->foot_count; i++)
		element(out, "p", NULL, brief->foot[i]);
	fputs("</footer>\n</main>\n</body>\n</html>\n", out);
	if (fflush(out) != 0 || ferror(out))
		return errno == ENOSPC ? TWINLOG_DISK_FULL : TWINLOG_IO;
	return TWINLOG_OK;
}
