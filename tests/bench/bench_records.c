/* bench_records [--count N] [--seed S] [--format jsonl|csv|ldif]: records as cities keep them, to measure
 * with. The same seed gives the same records in each format. Ties, places, fields, forms and what is said of an event
 * are drawn from the real rows of tests/data, so codes come as often as they do there; dates are drawn from the years
 * since the tie was made, and titles stand in English, Chinese and Korean in turn.
 *
 *     jsonl  as `twinlog submit` reads it
 *     csv    a sheet of activities, as `twinlog import` and PostgreSQL's COPY read it
 *     ldif   entries under ou=records,dc=bench, as slapadd reads it, the record as JSON in `description` */
#include <string.h>

#include "bench.h"
#include "codelist.h"
#include "csv.h"
#include "edtf.h"
#include "places.h"

#define TABLE_MAX  (4u * 1024 * 1024)
#define ROWS_MAX   4096u
#define FIRST_YEAR 1993
#define LAST_DAY   19723 /* 2023-12-31 */
#define TEXT_MAX   256u

struct table {
	struct csv_cell (*rows)[TWINLOG_COLUMNS_MAX];
	size_t count;
};

struct source {
	struct arena *arena;
	struct places *places;
	struct table ties;   /* of tests/data/pairs.csv */
	struct table events; /* of tests/data/activities.csv */
};

/* The columns that are looked at. */
enum { TIE_CITY = 1, TIE_PARTNER = 7, TIE_SINCE = 14 };
enum { EVENT_FIELD = 8, EVENT_FORM, EVENT_LEVEL, EVENT_KIND, EVENT_TEXT = 14 };

struct record {
	unsigned long number;
	const struct place *cities[2];
	const struct csv_cell *event; /* a row of activities.csv */
	char start[TWINLOG_DATE_MAX];
	enum language language;
	char title[TEXT_MAX];
	unsigned participants; /* 0: not known */
};

/* ---- The real rows ---- */

static char *read_file(const char *name, size_t *ret_size)
{
	char path[4096];
	char *text = malloc(TABLE_MAX);
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", TWINLOG_TEST_DATA, name);
	file = fopen(path, "rb");
	bench_require(file && text, path);
	*ret_size = fread(text, 1, TABLE_MAX, file);
	bench_require(*ret_size > 0 && feof(file), path);
	fclose(file);
	return text;
}

static struct table read_table(struct arena *arena, const char *name)
{
	struct table table = {calloc(ROWS_MAX, sizeof *table.rows), 0};
	static struct csv_row row;
	struct csv_reader reader;
	size_t size;
	const char *text = read_file(name, &size);
	bool head = true;

	bench_require(table.rows != NULL, "memory");
	reader = csv_reader(text, size, ',');
	while (table.count < ROWS_MAX && csv_next(&reader, arena, &row, NULL) == TWINLOG_OK && row.count > 0) {
		if (!head)
			memcpy(table.rows[table.count++], row.cells, row.count * sizeof *row.cells);
		head = false;
	}
	bench_require(table.count > 0, name);
	return table;
}

static const struct place *place_of(const struct source *source, const struct csv_cell *cell)
{
	char id[TWINLOG_CITY_ID_MAX + 1];

	if (cell->size == 0 || cell->size >= sizeof id)
		return NULL;
	memcpy(id, cell->text, cell->size);
	id[cell->size] = '\0';
	return places_by_id(source->places, id);
}

/* ---- Drawing ---- */

/* splitmix64: the same row of numbers everywhere. */
static uint64_t draw(uint64_t *state)
{
	uint64_t word = *state += 0x9e3779b97f4a7c15;

	word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
	word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
	return word ^ (word >> 31);
}

/* bound: 1 at least. */
static size_t draw_below(uint64_t *state, size_t bound)
{
	return (size_t)(draw(state) % bound);
}

static const char *name_in(const struct place *place, enum language language)
{
	const char *name = place->names[language] ? place->names[language] : place->names[LANGUAGE_EN];

	return name ? name : place->city_id;
}

/* Three in four to the day, the others to the month or the year, as offices know them. */
static void draw_start(uint64_t *state, const struct csv_cell *since, char out[TWINLOG_DATE_MAX])
{
	struct edtf date = {.precision = EDTF_DAY};
	int32_t first = edtf_days(FIRST_YEAR, 1, 1);
	const size_t precision = draw_below(state, 8);

	if (since->size > 0 && edtf_parse(since->text, since->size, &date) == TWINLOG_OK && date.first > first &&
	    date.first < LAST_DAY)
		first = date.first;
	date = (struct edtf){.precision = precision > 1 ? EDTF_DAY : precision == 1 ? EDTF_MONTH : EDTF_YEAR};
	date.first = date.last = first + (int32_t)draw_below(state, (size_t)(LAST_DAY - first) + 1);
	edtf_format(&date, out);
}

static void draw_title(struct record *record)
{
	const enum language language = record->language;
	const struct csv_cell *form = &record->event[EVENT_FORM];
	const int code = codelist_find(CODELIST_FORM, form->text, form->size);
	const char *label = code < 0 ? "" : codelist_label(CODELIST_FORM, (size_t)code, language);
	const char *one = name_in(record->cities[0], language), *other = name_in(record->cities[1], language);

	if (language == LANGUAGE_ZH)
		snprintf(record->title, TEXT_MAX, "%s与%s第%lu次%s", one, other, record->number, label);
	else if (language == LANGUAGE_KO)
		snprintf(record->title, TEXT_MAX, "%s·%s 제%lu회 %s", one, other, record->number, label);
	else
		snprintf(record->title, TEXT_MAX, "%s of %s and %s, no. %lu", label, one, other, record->number);
}

static void draw_record(const struct source *source, uint64_t *state, unsigned long number, struct record *record)
{
	const struct csv_cell *tie;

	record->number = number;
	do {
		tie = source->ties.rows[draw_below(state, source->ties.count)];
		record->cities[0] = place_of(source, &tie[TIE_CITY]);
		record->cities[1] = place_of(source, &tie[TIE_PARTNER]);
	} while (!record->cities[0] || !record->cities[1]);
	record->event = source->events.rows[draw_below(state, source->events.count)];
	draw_start(state, &tie[TIE_SINCE], record->start);
	record->language = (enum language)draw_below(state, LANGUAGE_COUNT);
	record->participants = draw_below(state, 3) ? 0 : 5 + (unsigned)draw_below(state, 300);
	draw_title(record);
}

/* ---- Writing ---- */

static void write_json_text(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			fputc('\\', out);
		fputc(text[i], out);
	}
}

static void write_json_cell(FILE *out, const char *before, const struct csv_cell *cell, const char *after)
{
	fputs(before, out);
	write_json_text(out, cell->text, cell->size);
	fputs(after, out);
}

static void write_jsonl(FILE *out, const struct record *record)
{
	static const char *const languages[LANGUAGE_COUNT] = {"en", "zh-Hans", "ko"};

	fprintf(out, "{\"kind\":\"activity\",\"cities\":[\"%s\",\"%s\"]", record->cities[0]->city_id,
		record->cities[1]->city_id);
	write_json_cell(out, ",\"fields\":[\"", &record->event[EVENT_FIELD], "\"]");
	write_json_cell(out, ",\"form\":\"", &record->event[EVENT_FORM], "\"");
	write_json_cell(out, ",\"actors\":[{\"level\":\"", &record->event[EVENT_LEVEL], "\"");
	write_json_cell(out, ",\"kind\":\"", &record->event[EVENT_KIND], "\"}]");
	fprintf(out, ",\"direction\":\"mutual\",\"start\":\"%s\",\"titles\":[{\"lang\":\"%s\",\"text\":\"",
		record->start, languages[record->language]);
	write_json_text(out, record->title, strlen(record->title));
	fputs("\"}]", out);
	write_json_cell(out, ",\"summaries\":[{\"lang\":\"en\",\"text\":\"", &record->event[EVENT_TEXT], "\"}]");
	if (record->participants)
		fprintf(out, ",\"participants\":%u", record->participants);
	fputs("}\n", out);
}

static void write_cell(FILE *out, const char *text)
{
	csv_write(out, text, strlen(text), false);
}

static void write_csv_head(FILE *out)
{
	fputs(
	    "event_id,date,city_a,city_b,field,form,actor_level,actor_kind,direction,participants,description,note\r\n",
	    out);
}

static void write_csv(FILE *out, const struct record *record)
{
	char text[32];

	snprintf(text, sizeof text, "R%07lu", record->number);
	csv_write(out, text, strlen(text), true);
	write_cell(out, record->start);
	write_cell(out, record->cities[0]->city_id);
	write_cell(out, record->cities[1]->city_id);
	for (size_t column = EVENT_FIELD; column <= EVENT_KIND; column++)
		csv_write(out, record->event[column].text, record->event[column].size, false);
	write_cell(out, "mutual");
	snprintf(text, sizeof text, "%u", record->participants);
	write_cell(out, record->participants ? text : "");
	write_cell(out, record->title);
	csv_write(out, record->event[EVENT_TEXT].text, record->event[EVENT_TEXT].size, false);
	csv_write_end(out);
}

static void write_ldif(FILE *out, const struct record *record)
{
	fprintf(
	    out,
	    "dn: cn=r%lu,ou=records,dc=bench\nobjectClass: device\ncn: r%lu\nserialNumber: %s\nl: %s\nowner: cn=%s\n",
	    record->number, record->number, record->start, record->cities[0]->city_id, record->cities[1]->city_id);
	fputs("description: ", out);
	write_jsonl(out, record);
	fputc('\n', out);
}

/* ---- All together ---- */

struct choice {
	unsigned long count;
	uint64_t seed;
	void (*write)(FILE *out, const struct record *record);
};

static struct choice choose(int argc, char **argv)
{
	struct choice choice = {1000, 1993, write_jsonl};

	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--count") == 0)
			choice.count = bench_number(value);
		else if (strcmp(argv[i], "--seed") == 0)
			choice.seed = bench_number(value);
		else if (strcmp(argv[i], "--format") == 0 && strcmp(value, "csv") == 0)
			choice.write = write_csv;
		else if (strcmp(argv[i], "--format") == 0 && strcmp(value, "ldif") == 0)
			choice.write = write_ldif;
		else if (strcmp(argv[i], "--format") != 0 || strcmp(value, "jsonl") != 0) {
			fprintf(stderr, "usage: bench_records [--count N] [--seed S] [--format jsonl|csv|ldif]\n");
			exit(2);
		}
	}
	return choice;
}

int main(int argc, char **argv)
{
	struct choice choice = choose(argc, argv);
	struct source source = {.arena = arena_new(TABLE_MAX)};
	struct record record;

	bench_require(source.arena && places_new(&source.places) == TWINLOG_OK, "places");
	source.ties = read_table(source.arena, "pairs.csv");
	source.events = read_table(source.arena, "activities.csv");
	if (choice.write == write_csv)
		write_csv_head(stdout);
	for (unsigned long number = 1; number <= choice.count; number++) {
		draw_record(&source, &choice.seed, number, &record);
		choice.write(stdout, &record);
	}
	bench_require(fflush(stdout) == 0, "writing");
	places_free(source.places);
	arena_free(source.arena);
	free(source.ties.rows);
	free(source.events.rows);
	return 0;
}
