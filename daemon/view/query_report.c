/* Answers a report: gathers, groups, works out, packs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>

#include "report.h"

static report_measure *const measures[MEASURE_COUNT] = {
#define MEASURE_FUNCTION(NAME, text, unit) [MEASURE_##NAME] = report_##text,
    MEASURES(MEASURE_FUNCTION)
#undef MEASURE_FUNCTION
};

/* ---- Order and texts of keys ---- */

static bool is_number(enum dimension dimension)
{
	return dimension == DIMENSION_YEAR || dimension == DIMENSION_DECADE || dimension == DIMENSION_MONTH ||
	       dimension == DIMENSION_STATE || dimension == DIMENSION_TIES;
}

struct row {
	const uint32_t *keys;
	uint32_t first, count; /* of the members */
};

static int row_order(const void *left, const void *right, void *context)
{
	const struct row *a = left, *b = right;
	const struct report *report = context;

	for (size_t i = 0; i < report->by_count; i++) {
		int order;

		if (a->keys[i] == b->keys[i])
			continue;
		/* What is not said comes last. */
		if (a->keys[i] == 0 || b->keys[i] == 0)
			return a->keys[i] == 0 ? 1 : -1;
		if (is_number(report->by[i]))
			return a->keys[i] < b->keys[i] ? -1 : 1;
		order = names_compare(report->sample.names, a->keys[i], b->keys[i]);
		if (order)
			return order;
	}
	return 0;
}

static enum twinlog_error rows_make(struct report *report, const struct grouping *grouping, struct row **ret_rows)
{
	struct row *rows = calloc(grouping->groups + 1, sizeof *rows);
	uint32_t at = 0;

	if (!rows)
		return TWINLOG_NO_MEMORY;
	for (size_t g = 0; g < grouping->groups; g++) {
		rows[g] = (struct row){.keys = grouping->keys[g], .first = at, .count = grouping->counts[g]};
		at += grouping->counts[g];
	}
	sample_sort(&report->sample, rows, grouping->groups, sizeof *rows, row_order, report);
	*ret_rows = rows;
	return TWINLOG_OK;
}

static ProtobufCBinaryData key_text(const struct report *report, enum dimension dimension, uint32_t key)
{
	const struct query *query = report->sample.query;
	char number[24];
	size_t size;
	const char *text;

	if (key == 0)
		return codec_bytes(NULL, 0);
	if (is_number(dimension)) {
		if (dimension == DIMENSION_MONTH)
			(void)snprintf(number, sizeof number, "%04u-%02u", key / 12, key % 12 + 1);
		else
			(void)snprintf(number, sizeof number, "%u", dimension == DIMENSION_TIES ? key - 1 : key);
		return query_text(query, number);
	}
	text = sample_name_text(&report->sample, key, &size);
	return codec_bytes(arena_copy(query->arena, text, size), size);
}

static enum twinlog_error row_pack(struct report *report, const struct group *group, Twinlog__ReportRow **ret_row)
{
	const struct query *query = report->sample.query;
	const size_t columns = measure_columns(report->measure);
	Twinlog__ReportRow *row = QUERY_NEW(query, Twinlog__ReportRow, TWINLOG__REPORT_ROW__INIT);
	struct cell cells[MEASURE_COLUMNS_MAX] = {0};
	enum twinlog_error error = measures[report->measure](report, group, cells);

	if (error)
		return error;
	if (!row || !(row->keys = arena_zalloc(query->arena, (report->by_count + 1) * sizeof *row->keys)) ||
	    !(row->cells = arena_zalloc(query->arena, columns * sizeof *row->cells)))
		return QUERY_FULL;
	row->members = group->records;
	for (size_t i = 0; group->keys && i < report->by_count; i++)
		row->keys[row->n_keys++] = key_text(report, report->by[i], group->keys[i]);
	for (size_t i = 0; i < columns; i++) {
		Twinlog__ReportCell *cell = QUERY_NEW(query, Twinlog__ReportCell, TWINLOG__REPORT_CELL__INIT);

		if (!cell)
			return QUERY_FULL;
		cell->kind = cells[i].kind;
		cell->integer = cells[i].integer;
		cell->real = cells[i].real;
		cell->numerator = cells[i].numerator;
		cell->denominator = cells[i].denominator;
		cell->left_out = cells[i].left_out;
		row->cells[row->n_cells++] = cell;
	}
	*ret_row = row;
	return TWINLOG_OK;
}

/* ---- The request ---- */

static enum twinlog_error read_by(struct report *report, const Twinlog__Report *asked)
{
	const struct query *query = report->sample.query;

	if (asked->n_by > DIMENSIONS_ASKED_MAX)
		return query_fault(query, TWINLOG_TOO_MANY, "by", asked->by[DIMENSIONS_ASKED_MAX]);
	report->always_count = report->by_count = measure_always_by(report->measure, report->by);
	for (size_t i = 0; i < asked->n_by; i++) {
		const int dimension = dimension_find(asked->by[i].data, asked->by[i].len);

		if (dimension < 0 || !dimension_fits((enum dimension)dimension, report->measure))
			return query_fault(query, TWINLOG_INVALID, "by", asked->by[i]);
		for (size_t j = 0; j < report->by_count; j++)
			if (report->by[j] == (enum dimension)dimension)
				return query_fault(query, TWINLOG_DUPLICATE, "by", asked->by[i]);
		report->by[report->by_count++] = (enum dimension)dimension;
	}
	return TWINLOG_OK;
}

static enum twinlog_error read_request(struct report *report, const struct query *query, const Twinlog__Report *asked)
{
	const int measure = measure_find(asked->measure.data, asked->measure.len);
	const int preset = asked->preset.len ? preset_find(asked->preset.data, asked->preset.len) : PRESET_ALL;
	struct edtf day;

	if (measure < 0)
		return query_fault(query, TWINLOG_INVALID, "measure", asked->measure);
	if (preset < 0)
		return query_fault(query, TWINLOG_INVALID, "preset", asked->preset);
	if (asked->months > MEASURE_MONTHS_MAX)
		return query_fault(query, TWINLOG_BAD_NUMBER, "months", codec_bytes(NULL, 0));
	report->measure = (enum measure)measure;
	report->unit = measure_info(report->measure)->unit;
	report->months = asked->months ? asked->months : MEASURE_MONTHS;
	report->as_of = (int32_t)(query->extra->now_ms / 86400000u);
	if (asked->as_of.len > 0) {
		if (edtf_parse(asked->as_of.data, asked->as_of.len, &day) || day.precision != EDTF_DAY ||
		    day.approximate)
			return query_fault(query, TWINLOG_BAD_DATE, "as_of", asked->as_of);
		report->as_of = day.first;
	}
	report->sample.as_of = report->as_of;
	report->sample.preset = (enum preset)preset;
	report->sample.follow = asked->follow;
	/* DOMAIN: "`--stated-by CITY` gives one city's own view." */
	if (asked->filter && asked->filter->n_stated_by == 1)
		report->sample.view_of = asked->filter->stated_by[0];
	return read_by(report, asked);
}

/* What has to be seen in the slice in which the sample is settled. */
struct settling {
	const struct space *const *spaces;
	size_t spaces_count;
	struct report *report;
	Twinlog__Reported *reported;
};

static enum twinlog_error report_settled(struct sample *sample, void *context)
{
	struct settling *settling = context;
	const struct query *query = sample->query;
	Twinlog__Reported seen = TWINLOG__REPORTED__INIT, *kept = NULL;
	uint8_t *bytes = NULL;
	size_t size = 0;
	enum twinlog_error error;

	settling->reported->commit = node_commit(query->node);
	error = query_completeness(query, settling->spaces, settling->spaces_count, &seen.completeness,
				   &seen.n_completeness);
	/* It points into the node, which goes on: a copy. */
	if (!error)
		error = codec_pack(&seen.base, &bytes, &size);
	if (!error)
		error = CODEC_UNPACK(query->arena, bytes, size, &kept, twinlog__reported);
	free(bytes);
	if (error)
		return error;
	settling->reported->completeness = kept->completeness;
	settling->reported->n_completeness = kept->n_completeness;
	return TWINLOG_OK;
}

/* What several sources say is asked for by these. */
static bool hears(enum measure measure)
{
	switch (measure) {
	case MEASURE_PUBLICITY:
	case MEASURE_FRICTION:
	case MEASURE_COST:
	case MEASURE_TRADE:
	case MEASURE_DATES:
	case MEASURE_MUTUAL:
	case MEASURE_RAISED:
		return true;
	default:
		return false;
	}
}

static enum twinlog_error report_gather(struct report *report, const Twinlog__Report *asked, struct settling *settling)
{
	const enum measure_unit unit = report->unit;
	const struct sample_want want = {.alike = report_likeness(report),
					 .events = unit != UNIT_AGREEMENTS,
					 .agreements = unit != UNIT_EVENTS,
					 .held = unit != UNIT_RECORDS,
					 .until = true,
					 .alone = unit == UNIT_EVENTS || unit == UNIT_AGREEMENTS,
					 .voices = hears(report->measure)};
	enum twinlog_error error = sample_gather(&report->sample, want, report_settled, settling);

	if (!error && report->measure == MEASURE_DORMANCY)
		error = sample_coverage(&report->sample);
	if (!error && (report->measure == MEASURE_DORMANCY || report->measure == MEASURE_RENEWALS))
		error = report_mark_over(report);
	if (!error && unit == UNIT_TIES)
		error = report_make_ties(report);
	else if (!error && (unit == UNIT_CITIES || unit == UNIT_LINKED))
		error = report_make_cities(report, asked->among, asked->n_among);
	else if (!error && unit == UNIT_RECORDS)
		error = report_mark_duplicates(report);
	return error;
}

static void report_free(struct report *report)
{
	free(report->ties);
	free(report->cities);
	free(report->index);
	free(report->next);
	free(report->duplicates);
	free(report->over);
	sample_free(&report->sample);
}

/* ---- The answer ---- */

static enum twinlog_error pack_head(struct report *report, Twinlog__Reported *reported)
{
	const struct query *query = report->sample.query;
	const struct measure_info *info = measure_info(report->measure);
	const struct edtf as_of = {.first = report->as_of, .last = report->as_of, .precision = EDTF_DAY};
	char day[TWINLOG_DATE_MAX], version[U_MAX_VERSION_STRING_LENGTH];
	UVersionInfo unicode;

	reported->columns = arena_zalloc(query->arena, MEASURE_COLUMNS_MAX * sizeof *reported->columns);
	reported->by = arena_zalloc(query->arena, DIMENSIONS_MAX * sizeof *reported->by);
	if (!reported->columns || !reported->by)
		return QUERY_FULL;
	(void)edtf_format(&as_of, day);
	u_getVersion(unicode);
	u_versionToString(unicode, version);
	reported->measure = codec_string(info->name);
	for (size_t i = 0; i < measure_columns(report->measure); i++)
		reported->columns[reported->n_columns++] = codec_string(info->columns[i].name);
	for (size_t i = 0; i < report->by_count; i++)
		reported->by[reported->n_by++] = codec_string(dimension_name(report->by[i]));
	reported->as_of = query_text(query, day);
	reported->rules = MEASURE_RULES;
	reported->collation = query_text(query, version);
	reported->preset = codec_string(preset_name(report->sample.preset));
	reported->months = report->months;
	reported->records = report->sample.records;
	reported->not_held = report->sample.not_held;
	reported->later = report->sample.later;
	reported->repeated = report->sample.others_count;
	reported->outside = report->outside;
	reported->own_city = query_text(query, node_city_id(query->node));
	return TWINLOG_OK;
}

static enum twinlog_error pack_total(struct report *report, Twinlog__Reported *reported)
{
	const size_t first = report->unit == UNIT_AGREEMENTS ? report->sample.events_count : 0;
	const size_t count = report_members(report) - first;
	uint32_t *members = malloc((count + 1) * sizeof *members);
	enum twinlog_error error;

	if (!members)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		members[i] = (uint32_t)(first + i);
		if (i % 4096 == 0)
			sample_breathe(&report->sample);
	}
	const struct group group = report_group_of(report, members, count, NULL);

	error = row_pack(report, &group, &reported->total);
	free(members);
	return error;
}

/* Rows until a message is full; the rest is asked for again. */
static enum twinlog_error pack_rows(struct report *report, const struct grouping *grouping, const struct row *rows,
				    uint64_t skip, Twinlog__Reported *reported)
{
	const size_t room = TWINLOG_MESSAGE_MAX - 64 * 1024;
	size_t size = twinlog__reported__get_packed_size(reported);
	enum twinlog_error error = TWINLOG_OK;

	reported->rows_total = grouping->groups;
	reported->rows = arena_zalloc(report->sample.query->arena, (grouping->groups + 1) * sizeof *reported->rows);
	if (!reported->rows)
		return QUERY_FULL;
	for (size_t i = (size_t)(skip < grouping->groups ? skip : grouping->groups); !error && i < grouping->groups;
	     i++) {
		const struct group group =
		    report_group_of(report, grouping->members + rows[i].first, rows[i].count, rows[i].keys);
		Twinlog__ReportRow *row;

		error = row_pack(report, &group, &row);
		if (error)
			return error;
		size += twinlog__report_row__get_packed_size(row) + 6;
		if (size > room && reported->n_rows > 0)
			break;
		reported->rows[reported->n_rows++] = row;
	}
	return error;
}

static enum twinlog_error pack_groups(struct report *report, uint64_t skip, Twinlog__Reported *reported)
{
	struct grouping grouping = {0};
	struct row *rows = NULL;
	enum twinlog_error error = TWINLOG_OK, entered;
	bool left;

	if (report->by_count > 0)
		error = report_group(report, &grouping);
	if (!error)
		error = rows_make(report, &grouping, &rows);
	if (!error)
		error = pack_rows(report, &grouping, rows, skip, reported);
	if (!error && report->by_count > 0)
		reported->several = report_group_of(report, grouping.members, grouping.pairs_count, NULL).records -
				    reported->total->members;
	left = query_leave(report->sample.query, grouping.pairs_count);
	free(rows);
	grouping_free(&grouping);
	entered = query_enter(report->sample.query, left);
	return error ? error : entered;
}

static enum twinlog_error reckon(struct report *report, const Twinlog__Report *asked, Twinlog__Reported *reported)
{
	enum twinlog_error error = pack_head(report, reported);

	if (!error)
		error = pack_total(report, reported);
	if (!error && !sample_upset(&report->sample))
		error = pack_groups(report, asked->skip, reported);
	if (!error && report->sample.no_memory)
		error = TWINLOG_NO_MEMORY;
	return error ? error : report->sample.no_slice;
}

/* *ret_upset: the answer, or the error, is of no one state. */
static enum twinlog_error report_once(const struct query *query, void *context, bool *ret_upset)
{
	const Twinlog__Report *asked = context;
	Twinlog__Reported *reported = QUERY_NEW(query, Twinlog__Reported, TWINLOG__REPORTED__INIT);
	struct report report = {0};
	struct settling settling = {.reported = reported};
	const struct space **spaces = NULL;
	size_t count = 0;
	bool left;
	enum twinlog_error entered, error = reported ? TWINLOG_OK : QUERY_FULL;

	if (!error)
		error = query_asked_spaces(query, asked->filter, &spaces, &count);
	if (error)
		return error;
	settling.spaces = spaces;
	settling.spaces_count = count;
	error = sample_init(&report.sample, query, asked->filter, spaces, count);
	if (!error)
		error = read_request(&report, query, asked);
	if (!error)
		error = report_gather(&report, asked, &settling);
	if (!error && !sample_upset(&report.sample))
		error = reckon(&report, asked, reported);
	*ret_upset = sample_upset(&report.sample);
	/* Giving much memory back takes its time. */
	left = query_leave(query, report.sample.items_count);
	report_free(&report);
	entered = query_enter(query, left);
	if (error || entered)
		return error ? error : entered;
	query->reply->body_case = TWINLOG__REPLY__BODY_REPORTED;
	query->reply->reported = reported;
	query->reply->commit = reported->commit;
	return TWINLOG_OK;
}

enum twinlog_error query_report(const struct query *query, const Twinlog__Report *asked)
{
	const enum twinlog_error error = query_at_least(query, asked->at_least_commit);

	return error ? error : query_until_calm(query, report_once, (void *)(uintptr_t)asked);
}
