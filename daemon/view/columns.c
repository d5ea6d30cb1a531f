#include "columns.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of one set of values, in the order in which the facts have them. */
#define SET_MAX (4 + FACTS_IDS_MAX + 2 * FACTS_DETAILS_MAX)
struct set {
	uint32_t values[SET_MAX];
	size_t count;
};

void columns_free(struct columns *columns)
{
	free(columns->who);
	free(columns->persons);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		free(columns->narrow[i]);
		names_free(columns->sets[i]);
	}
	*columns = (struct columns){0};
}

size_t columns_bytes(const struct columns *columns, uint32_t capacity)
{
	const size_t row =
	    sizeof *columns->who + sizeof *columns->persons + (COLUMN_COUNT - 1) * sizeof **columns->narrow;

	return columns->who ? capacity * row : 0;
}

static enum twinlog_error wide_grow(uint32_t **column, uint32_t capacity)
{
	uint32_t *grown = realloc(*column, capacity * sizeof *grown);

	if (!grown)
		return TWINLOG_NO_MEMORY;
	*column = grown;
	return TWINLOG_OK;
}

static enum twinlog_error narrow_grow(uint16_t **column, uint32_t capacity)
{
	uint16_t *grown = realloc(*column, capacity * sizeof *grown);

	if (!grown)
		return TWINLOG_NO_MEMORY;
	*column = grown;
	return TWINLOG_OK;
}

enum twinlog_error columns_grow(struct columns *columns, uint32_t capacity)
{
	enum twinlog_error error = wide_grow(&columns->who, capacity);

	if (!error)
		error = wide_grow(&columns->persons, capacity);
	for (int i = 0; !error && i < COLUMN_COUNT; i++) {
		if (!columns->sets[i])
			error = names_new(&columns->sets[i]);
		if (!error && i != COLUMN_WHO)
			error = narrow_grow(&columns->narrow[i], capacity);
	}
	return error;
}

/* ---- One row ---- */

static void set_put(struct set *set, uint32_t value)
{
	set->values[set->count++] = value;
}

/* Of the lists the first is as long as its first value says, so that no two sets are one row of numbers. */
static void set_who(struct set *set, const struct facts *facts)
{
	const struct detail *details = facts_details(facts);

	set_put(set, facts->cities_count);
	set_put(set, facts->named_count); /* the rest are observers */
	for (size_t i = 0; i < facts->cities_count; i++)
		set_put(set, facts->ids[i]);
	set_put(set, facts->direction);
	for (size_t i = 0; i < facts->details_count; i++)
		if (details[i].kind == DETAIL_AGREEMENT)
			set_put(set, details[i].a);
}

static void set_what(struct set *set, const struct facts *facts)
{
	set_put(set, facts->form);
	set_put(set, facts->status);
	set_put(set, facts->relation);
}

static void set_fields(struct set *set, const struct facts *facts)
{
	for (size_t i = 0; i < facts->fields_count; i++)
		set_put(set, facts->ids[facts->cities_count + i]);
}

static void set_actors(struct set *set, const struct facts *facts)
{
	const struct detail *details = facts_details(facts);

	for (size_t i = 0; i < facts->details_count; i++)
		if (details[i].kind == DETAIL_ACTOR) {
			set_put(set, details[i].a);
			set_put(set, details[i].b);
		}
}

static void set_when(struct set *set, const struct facts *facts)
{
	int year, month, day;

	if (facts->start.precision == EDTF_NONE)
		return;
	edtf_from_days(facts->start.first, &year, &month, &day);
	set_put(set, (uint32_t)year);
	set_put(set, facts->start.precision >= EDTF_MONTH ? (uint32_t)month : 0);
}

static void (*const set_makers[COLUMN_COUNT])(struct set *set, const struct facts *facts) = {
    [COLUMN_WHO] = set_who,       [COLUMN_WHAT] = set_what, [COLUMN_FIELDS] = set_fields,
    [COLUMN_ACTORS] = set_actors, [COLUMN_WHEN] = set_when,
};

void columns_clear(struct columns *columns, uint32_t row)
{
	columns->who[row] = 0;
	columns->persons[row] = COLUMN_SILENT;
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (i != COLUMN_WHO)
			columns->narrow[i][row] = 0;
}

enum twinlog_error columns_take(struct columns *columns, uint32_t row, const struct facts *facts, bool *ret_fit)
{
	enum twinlog_error error = TWINLOG_OK;

	columns_clear(columns, row);
	*ret_fit = true;
	for (int i = 0; !error && i < COLUMN_COUNT; i++) {
		struct set set;
		uint32_t number = 0;

		set.count = 0;
		set_makers[i](&set, facts);
		error = names_add(columns->sets[i], set.values, set.count * sizeof *set.values, &number);
		if (i == COLUMN_WHO)
			columns->who[row] = number;
		else if (number <= COLUMN_NARROW_MAX)
			columns->narrow[i][row] = (uint16_t)number;
		else
			*ret_fit = false;
	}
	if (facts->has_participants && facts->participants < UINT32_MAX)
		columns->persons[row] = (uint32_t)facts->participants + 1;
	else if (facts->has_participants)
		*ret_fit = false;
	return error;
}

/* ---- Numbers ---- */

uint32_t columns_count(const struct columns *columns, enum column column)
{
	return columns->sets[column] ? names_count(columns->sets[column]) : 1;
}

uint32_t columns_year(const struct columns *columns, uint32_t number)
{
	size_t size;
	const char *values = names_text(columns->sets[COLUMN_WHEN], number, &size);
	uint32_t year = 0;

	if (size > 0)
		memcpy(&year, values, sizeof year);
	return year;
}
