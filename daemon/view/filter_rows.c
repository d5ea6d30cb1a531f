#include "filter_rows.h"

#include <stdlib.h>
#include <string.h>

#include "succession.h"

#define TERMS_MAX (TWINLOG_RECORD_CITIES_MAX + FILTER_REGIONS_MAX + 16u)

/* What all have to hold: sets of rows, borrowed from the view or made for the request. */
struct terms {
	const struct filter *filter;
	const struct filter_space *where;
	const struct view_space *view;
	const roaring_bitmap_t *rows[TERMS_MAX];
	bool owned[TERMS_MAX];
	size_t count;
	bool nothing; /* one of them is empty */
	enum twinlog_error error;
};

static void term_put(struct terms *terms, const roaring_bitmap_t *rows, bool owned)
{
	if (!rows) {
		terms->nothing = true;
		return;
	}
	terms->rows[terms->count] = rows;
	terms->owned[terms->count++] = owned;
}

static const roaring_bitmap_t *rows_of(const struct terms *terms, enum bitmap_dimension dimension, uint32_t a)
{
	return bitmaps_get(&terms->view->bitmaps, bitmap_key_of(dimension, a, 0));
}

/* The union of some of the view's sets. */
struct any {
	const roaring_bitmap_t **rows;
	size_t count;
	size_t capacity;
};

static void any_put(struct terms *terms, struct any *any, const roaring_bitmap_t *rows)
{
	if (!rows || terms->error)
		return;
	if (any->count == any->capacity) {
		const size_t capacity = any->capacity ? 2 * any->capacity : 16;
		const roaring_bitmap_t **grown = realloc(any->rows, capacity * sizeof(*grown));

		if (!grown) {
			terms->error = TWINLOG_NO_MEMORY;
			return;
		}
		any->rows = grown;
		any->capacity = capacity;
	}
	any->rows[any->count++] = rows;
}

static roaring_bitmap_t *any_rows(struct terms *terms, struct any *any)
{
	roaring_bitmap_t *rows = roaring_bitmap_or_many(any->count, any->rows);

	free(any->rows);
	*any = (struct any){0};
	if (!rows)
		terms->error = TWINLOG_NO_MEMORY;
	return rows;
}

static void term_any(struct terms *terms, struct any *any)
{
	if (any->count == 1) {
		term_put(terms, any->rows[0], false);
		free(any->rows);
	} else if (any->count == 0) {
		terms->nothing = true;
	} else {
		term_put(terms, any_rows(terms, any), true);
	}
}

/* One of these names. */
static void term_names(struct terms *terms, enum bitmap_dimension dimension, const ProtobufCBinaryData *values,
		       size_t count)
{
	const struct names *names = statements_names(terms->where->statements);
	struct any any = {0};

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const uint32_t name = names_find(names, values[i].data, values[i].len);

		if (name != NAME_NONE)
			any_put(terms, &any, rows_of(terms, dimension, name));
	}
	term_any(terms, &any);
}

/* One of the numbers whose bits are set. */
static void term_bits(struct terms *terms, enum bitmap_dimension dimension, uint32_t bits)
{
	struct any any = {0};

	if (bits == 0)
		return;
	for (uint32_t i = 0; i < 32; i++)
		if (bits & 1u << i)
			any_put(terms, &any, rows_of(terms, dimension, i));
	term_any(terms, &any);
}

/* One of these cities; when asked to follow, also one that merged into it. */
static void term_places(struct terms *terms, const ProtobufCBinaryData *cities, size_t count)
{
	const struct group_space space = {terms->where->statements, terms->where->acts};
	const struct group_space *told = terms->filter->told_count ? terms->filter->told : &space;
	const size_t told_count = terms->filter->told_count ? terms->filter->told_count : 1;
	const struct names *names = statements_names(space.statements);
	struct any any = {0};

	if (!terms->filter->message->follow) {
		term_names(terms, BITMAP_CITY, cities, count);
		return;
	}
	for (size_t i = 0; i < count && !terms->error; i++) {
		struct succession succession = {.count = 0};
		char city[TWINLOG_CITY_ID_MAX + 1];

		if (cities[i].len >= sizeof city)
			continue;
		memcpy(city, cities[i].data, cities[i].len);
		city[cities[i].len] = '\0';
		terms->error = succession_of(told, told_count, &terms->view->self, city, &succession);
		for (size_t j = 0; j < succession.count; j++) {
			const uint32_t name = names_find(names, succession.cities[j], strlen(succession.cities[j]));

			if (name != NAME_NONE)
				any_put(terms, &any, rows_of(terms, BITMAP_CITY, name));
		}
	}
	term_any(terms, &any);
}

static void term_cities(struct terms *terms)
{
	const Twinlog__Filter *message = terms->filter->message;

	for (size_t i = 0; i < message->n_cities; i++)
		term_places(terms, &message->cities[i], 1);
	if (message->n_partners > 0) {
		const struct member *own = acts_member(terms->where->acts, &terms->view->self);
		const ProtobufCBinaryData self = codec_string(own ? own->city_id : "");

		term_names(terms, BITMAP_CITY, &self, 1);
		term_places(terms, message->partners, message->n_partners);
	}
	for (size_t i = 0; i < message->n_countries; i++) {
		/* Two letters: filter_init has looked. */
		term_put(terms, rows_of(terms, BITMAP_COUNTRY, bitmap_country(message->countries[i].data)), false);
	}
}

/* Which of the subdivisions asked for each city lies in: what its city record says, else the built-in places. */
static void term_subdivisions(struct terms *terms)
{
	const Twinlog__Filter *message = terms->filter->message;
	const struct bitmaps *bitmaps = &terms->view->bitmaps;
	struct any any[FILTER_REGIONS_MAX] = {0};

	if (message->n_subdivisions == 0)
		return;
	for (uint32_t i = 0; !terms->error && i < bitmaps->count; i++) {
		const uint32_t city = bitmap_key_a(bitmaps->entries[i].key);
		uint32_t regions;

		if (bitmaps->entries[i].key >> 58 != BITMAP_CITY)
			continue;
		terms->error = filter_regions(terms->filter, terms->where, city, &regions);
		for (size_t region = 0; !terms->error && region < message->n_subdivisions; region++)
			if (regions & 1u << (message->n_countries + region))
				any_put(terms, &any[region], bitmaps->entries[i].rows);
	}
	for (size_t region = 0; region < message->n_subdivisions; region++)
		term_any(terms, &any[region]);
}

static bool has_name(const struct terms *terms, const ProtobufCBinaryData *values, size_t count, uint32_t name)
{
	size_t size;
	const char *text = names_text(statements_names(terms->where->statements), name, &size);

	for (size_t i = 0; i < count; i++)
		if (values[i].len == size && memcmp(values[i].data, text, size) == 0)
			return true;
	return count == 0;
}

/* An actor's level and kind have to be those of one actor. */
static void term_actors(struct terms *terms)
{
	const Twinlog__Filter *message = terms->filter->message;
	const struct bitmaps *bitmaps = &terms->view->bitmaps;
	struct any any = {0};

	if (message->n_actor_levels == 0 && message->n_actor_kinds == 0)
		return;
	for (uint32_t i = 0; i < bitmaps->count; i++) {
		const bitmap_key key = bitmaps->entries[i].key;

		if (key >> 58 == BITMAP_ACTOR &&
		    has_name(terms, message->actor_levels, message->n_actor_levels, bitmap_key_a(key)) &&
		    has_name(terms, message->actor_kinds, message->n_actor_kinds, bitmap_key_b(key)))
			any_put(terms, &any, bitmaps->entries[i].rows);
	}
	term_any(terms, &any);
}

static void term_stated(struct terms *terms)
{
	const Twinlog__Filter *message = terms->filter->message;
	const struct statements *statements = terms->where->statements;
	struct any any = {0};

	if (message->n_stated_by == 0)
		return;
	for (size_t i = 0; i < message->n_stated_by; i++) {
		const uint32_t city = stated_city(statements, terms->where->acts, message->stated_by[i]);

		if (city != STATED_NOBODY)
			any_put(terms, &any, rows_of(terms, BITMAP_STATED, city));
	}
	term_any(terms, &any);
}

/* ---- Dates ---- */

/* Whole years and decades within the days asked for are taken as they are; of years that reach over an end, and of
 * rows too long to be under years, each row's own days are looked at. */
static bool wholly(const struct filter *filter, int first_year, int last_year)
{
	return edtf_days(first_year, 1, 1) >= filter->first && edtf_days(last_year, 12, 31) <= filter->last;
}

static bool partly(const struct filter *filter, int year)
{
	return edtf_days(year, 1, 1) <= filter->last && edtf_days(year, 12, 31) >= filter->first;
}

static bool row_meets(const struct terms *terms, uint32_t row)
{
	int32_t first, last;

	return view_space_interval(terms->view, row, &first, &last) && first <= terms->filter->last &&
	       last >= terms->filter->first;
}

static void gather_years(struct terms *terms, struct any *sure, struct any *unsure)
{
	const struct bitmaps *bitmaps = &terms->view->bitmaps;

	for (uint32_t i = 0; i < bitmaps->count; i++) {
		const bitmap_key key = bitmaps->entries[i].key;
		const int number = (int)bitmap_key_a(key);

		switch (key >> 58) {
		case BITMAP_DECADE:
			if (wholly(terms->filter, 10 * number, 10 * number + 9))
				any_put(terms, sure, bitmaps->entries[i].rows);
			break;
		case BITMAP_YEAR:
			if (wholly(terms->filter, number / 10 * 10, number / 10 * 10 + 9))
				break;
			if (wholly(terms->filter, number, number))
				any_put(terms, sure, bitmaps->entries[i].rows);
			else if (partly(terms->filter, number))
				any_put(terms, unsure, bitmaps->entries[i].rows);
			break;
		case BITMAP_LONG:
			any_put(terms, unsure, bitmaps->entries[i].rows);
			break;
		default:
			break;
		}
	}
}

struct meeting {
	const struct terms *terms;
	roaring_bitmap_t *into;
};

static bool add_meeting(uint32_t row, void *context)
{
	struct meeting *meeting = context;

	if (row_meets(meeting->terms, row))
		roaring_bitmap_add(meeting->into, row);
	return true;
}

static void term_dates(struct terms *terms)
{
	struct any sure = {0}, unsure = {0};
	struct meeting meeting = {.terms = terms};

	if (!terms->filter->dates)
		return;
	gather_years(terms, &sure, &unsure);
	meeting.into = any_rows(terms, &sure);
	roaring_bitmap_t *left = any_rows(terms, &unsure);
	if (meeting.into && left) {
		roaring_bitmap_andnot_inplace(left, meeting.into);
		roaring_iterate(left, add_meeting, &meeting);
	}
	if (left)
		roaring_bitmap_free(left);
	if (meeting.into)
		term_put(terms, meeting.into, true);
}

/* ---- All together ---- */

static void terms_gather(struct terms *terms)
{
	const Twinlog__Filter *message = terms->filter->message;

	term_put(terms, rows_of(terms, BITMAP_SHOWN, 0), false);
	term_bits(terms, BITMAP_STATE, terms->filter->states);
	term_bits(terms, BITMAP_KIND, terms->filter->kinds);
	if (message->waiting)
		term_put(terms, rows_of(terms, BITMAP_WAITING, 0), false);
	term_cities(terms);
	term_subdivisions(terms);
	term_names(terms, BITMAP_FIELD, message->fields, message->n_fields);
	term_names(terms, BITMAP_FORM, message->forms, message->n_forms);
	term_names(terms, BITMAP_MODE, message->modes, message->n_modes);
	term_names(terms, BITMAP_STATUS, message->statuses, message->n_statuses);
	term_names(terms, BITMAP_RELATION, message->relation_types, message->n_relation_types);
	term_names(terms, BITMAP_CHANNEL, message->channels, message->n_channels);
	term_actors(terms);
	term_stated(terms);
	if (!terms->nothing)
		term_dates(terms);
}

/* Smallest first, so that each step has little to do. */
static roaring_bitmap_t *terms_all(const struct terms *terms)
{
	size_t order[TERMS_MAX];
	uint64_t sizes[TERMS_MAX];
	roaring_bitmap_t *rows;

	if (terms->nothing || terms->count == 0)
		return roaring_bitmap_create();
	for (size_t i = 0; i < terms->count; i++) {
		size_t at = i;

		sizes[i] = roaring_bitmap_get_cardinality(terms->rows[i]);
		for (; at > 0 && sizes[order[at - 1]] > sizes[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	if (terms->count == 1)
		return roaring_bitmap_copy(terms->rows[0]);
	rows = roaring_bitmap_and(terms->rows[order[0]], terms->rows[order[1]]);
	for (size_t i = 2; rows && i < terms->count; i++)
		roaring_bitmap_and_inplace(rows, terms->rows[order[i]]);
	return rows;
}

/* ---- One city's view ---- */

const roaring_bitmap_t *filter_rows_apart(const struct filter_space *where, const struct view_space *view)
{
	return where->stating == STATED_NOBODY
		   ? NULL
		   : bitmaps_get(&view->bitmaps, bitmap_key_of(BITMAP_APART, where->stating, 0));
}

struct looking {
	const struct filter *filter;
	const struct filter_space *where;
	roaring_bitmap_t *into;
	enum twinlog_error error;
};

static bool look_at(uint32_t row, void *context)
{
	struct looking *looking = context;
	struct record_summary summary;
	bool fits = false;

	looking->error = filter_fits_codes(looking->filter, looking->where, row, &summary, &fits);
	if (fits)
		roaring_bitmap_add(looking->into, row);
	return !looking->error;
}

/* The sets are of lead statements. Where the city states the same they are right; the others are few, and each is
 * looked at. */
static enum twinlog_error rows_of_one_view(const struct filter *filter, const struct filter_space *where,
					   const struct view_space *view, roaring_bitmap_t *rows)
{
	const roaring_bitmap_t *apart = filter_rows_apart(where, view);
	struct filter_space each = filter_space_of(filter, where->statements, where->acts);
	struct looking looking = {.filter = filter, .where = &each, .into = rows};

	if (!apart)
		return TWINLOG_OK;
	roaring_bitmap_andnot_inplace(rows, apart);
	looking.error = filter_space_prepare(filter, &each);
	if (!looking.error)
		roaring_iterate(apart, look_at, &looking);
	filter_space_free(&each);
	return looking.error;
}

enum twinlog_error filter_rows(const struct filter *filter, const struct filter_space *where,
			       const struct view_space *view, roaring_bitmap_t **ret_rows)
{
	struct terms terms = {.filter = filter, .where = where, .view = view};
	roaring_bitmap_t *rows = NULL;

	terms_gather(&terms);
	if (!terms.error && !(rows = terms_all(&terms)))
		terms.error = TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < terms.count; i++)
		if (terms.owned[i])
			roaring_bitmap_free(terms.rows[i]);
	if (!terms.error && filter->one_view)
		terms.error = rows_of_one_view(filter, where, view, rows);
	if (terms.error) {
		if (rows)
			roaring_bitmap_free(rows);
		return terms.error;
	}
	*ret_rows = rows;
	return TWINLOG_OK;
}
