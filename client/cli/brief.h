/* A brief: one document that answers a council's question. Here is what it says, as headings, figures, sentences,
 * tables and charts; brief_html.c and brief_xlsx.c write the same to their kinds of file. Texts live in the run's
 * arena. */
#ifndef TWINLOG_BRIEF_H
#define TWINLOG_BRIEF_H

#include "cli.h"

enum brief_type {
	BRIEF_TEXT,
	BRIEF_NUMBER,
	BRIEF_DECIMAL,
	BRIEF_PERCENT, /* number from 0 to 1 */
	BRIEF_DATE,    /* EDTF */
	BRIEF_HEAT,    /* a whole number whose size is shown by its shade; 0 stays empty */
};
struct brief_cell {
	enum brief_type type;
	const char *text; /* as people read it; NULL: empty */
	double number;
	const char *lang; /* BCP 47 of what somebody wrote; NULL: the brief's */
};
struct brief_column {
	const char *head;
	bool right;
};
enum brief_chart { BRIEF_NO_CHART, BRIEF_COLUMNS /* over time */, BRIEF_BARS };

struct brief_table {
	const struct brief_column *columns;
	size_t columns_count;
	const struct brief_cell **rows;
	size_t rows_count, rows_capacity;
	enum brief_chart chart;
	const char *chart_title;
	size_t names, values; /* columns that the chart draws */
};
struct brief_section {
	const char *heading;
	const char **sentences;
	size_t sentences_count, sentences_capacity;
	struct brief_table table; /* without columns: none */
	const char *note;         /* below the table; NULL: none */
};
struct brief_tile {
	const char *label, *value, *note;
};
struct brief {
	struct cli *cli;
	const char *title, *subtitle;
	struct brief_tile *tiles;
	size_t tiles_count, tiles_capacity;
	struct brief_section *sections;
	size_t sections_count, sections_capacity;
	const char **foot; /* how complete, by which rules */
	size_t foot_count, foot_capacity;
	bool no_memory;
};

/* brief_parts.c: each adds to the last section. */
void brief_tile(struct brief *brief, const char *label, const char *value, const char *note);
void brief_section(struct brief *brief, const char *heading);
void brief_say(struct brief *brief, const char *sentence);
void brief_note(struct brief *brief, const char *note);
void brief_foot(struct brief *brief, const char *line);
/* columns are copied. */
void brief_table(struct brief *brief, const struct brief_column *columns, size_t count);
void brief_row(struct brief *brief, const struct brief_cell *cells);
void brief_draw(struct brief *brief, enum brief_chart chart, const char *title, size_t names, size_t values);

/* What is asked. */
struct brief_question {
	Twinlog__Filter *filter;
	ProtobufCBinaryData as_of, preset;
	uint32_t months;
};
/* brief_figures.c, brief_words.c: asks the daemon and fills the brief. */
enum twinlog_error brief_figures(struct brief *brief, const struct brief_question *question) TWINLOG_MUST_CHECK;
enum twinlog_error brief_words(struct brief *brief, const struct brief_question *question) TWINLOG_MUST_CHECK;
enum twinlog_error brief_limits(struct brief *brief, const struct brief_question *question) TWINLOG_MUST_CHECK;
/* One report on the brief's records; by and and: dimensions, NULL for none. */
enum twinlog_error brief_ask(struct brief *brief, const struct brief_question *question, const char *measure,
			     const char *by, const char *and, Twinlog__Reported **ret_reported) TWINLOG_MUST_CHECK;
/* A figure of a row by the name of its column; never NULL for a column that the measure has. */
const Twinlog__ReportCell *brief_figure(const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
					const char *column);

/* The whole as a file. IO, DISK_FULL, NO_MEMORY. */
enum twinlog_error brief_write_html(const struct brief *brief, FILE *out) TWINLOG_MUST_CHECK;
enum twinlog_error brief_write_xlsx(const struct brief *brief, const char *path) TWINLOG_MUST_CHECK;
/* brief_chart.c: as inline SVG. */
void brief_chart_svg(const struct brief_table *table, FILE *out);
void brief_escape(FILE *out, const char *text); /* for HTML, in texts and attributes */

#endif
