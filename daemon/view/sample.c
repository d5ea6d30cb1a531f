#include "sample.h"

#include <stdlib.h>
#include <string.h>

/* ---- Room and names ---- */

enum twinlog_error sample_reserve(void *list, size_t *capacity, size_t wanted, size_t size)
{
	void *old, *grown;

	if (wanted <= *capacity)
		return TWINLOG_OK;
	memcpy(&old, list, sizeof old);
	grown = realloc(old, wanted * size);
	if (!grown)
		return TWINLOG_NO_MEMORY;
	memcpy(list, &grown, sizeof grown);
	*capacity = wanted;
	return TWINLOG_OK;
}

enum twinlog_error sample_room(void *list, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return TWINLOG_OK;
	return sample_reserve(list, capacity, *capacity ? 2 * *capacity : 256, size);
}

int64_t *sample_numbers(struct sample *sample, size_t count)
{
	if (count >= sample->numbers_capacity) {
		int64_t *numbers = realloc(sample->numbers, (count + 1) * sizeof *numbers);

		if (!numbers)
			return NULL;
		sample->numbers = numbers;
		sample->numbers_capacity = count + 1;
	}
	return sample->numbers;
}

uint32_t sample_text(struct sample *sample, const void *text, size_t size)
{
	uint32_t name = NAME_NONE;

	if (names_add(sample->names, text, size, &name)) {
		sample->no_memory = true;
		return NAME_NONE;
	}
	return name;
}

/* Records that came since have brought names of their own. */
static bool names_grow(struct sample_space *space)
{
	const uint32_t capacity = names_count(statements_names(space->where.statements));
	uint32_t *names = realloc(space->names, capacity * sizeof *names);

	if (!names)
		return false;
	memset(names + space->names_capacity, 0, (capacity - space->names_capacity) * sizeof *names);
	space->names = names;
	space->names_capacity = capacity;
	return true;
}

uint32_t sample_name(struct sample *sample, const struct item *item, uint32_t name)
{
	struct sample_space *space = &sample->spaces[item->space];
	size_t size;

	if (name >= space->names_capacity && !names_grow(space)) {
		sample->no_memory = true;
		return NAME_NONE;
	}
	if (name != NAME_NONE && space->names[name] == NAME_NONE) {
		const char *text = names_text(statements_names(space->where.statements), name, &size);

		space->names[name] = sample_text(sample, text, size);
	}
	return space->names[name];
}

const char *sample_name_text(const struct sample *sample, uint32_t name, size_t *ret_size)
{
	return names_text(sample->names, name, ret_size);
}

bool sample_holds(const uint32_t *values, size_t count, uint32_t value)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] == value)
			return true;
	return false;
}

/* Adds a value once, if there is room. */
static size_t with(uint32_t *values, size_t count, uint32_t value)
{
	if (value != NAME_NONE && count < SAMPLE_VALUES_MAX && !sample_holds(values, count, value))
		values[count++] = value;
	return count;
}

/* ---- Cities ---- */

/* Without observers: who looks on makes no other tie of an event. */
size_t sample_cities(struct sample *sample, const struct item *item, uint32_t ret[TWINLOG_RECORD_CITIES_MAX])
{
	const struct facts *facts = item->facts;
	size_t count = 0;

	for (size_t i = 0; i < facts->named_count && count < TWINLOG_RECORD_CITIES_MAX; i++) {
		const uint32_t city = sample_successor(sample, sample_name(sample, item, facts->ids[i]));
		size_t at = count;

		if (city == NAME_NONE || sample_holds(ret, count, city))
			continue;
		for (; at > 0 && names_compare(sample->names, ret[at - 1], city) > 0; at--)
			ret[at] = ret[at - 1];
		ret[at] = city;
		count++;
	}
	return count;
}

/* ---- Ties ---- */

/* "A B" for a set of cities in order. */
static uint32_t tie_name(struct sample *sample, const uint32_t *cities, size_t count)
{
	char text[TWINLOG_RECORD_CITIES_MAX * (TWINLOG_CITY_ID_MAX + 1)];
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		size_t length;
		const char *city = names_text(sample->names, cities[i], &length);

		if (size + length + 1 > sizeof text)
			return NAME_NONE;
		if (i > 0)
			text[size++] = ' ';
		memcpy(text + size, city, length);
		size += length;
	}
	return sample_text(sample, text, size);
}

static uint32_t own_tie(struct sample *sample, const struct item *item)
{
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
	const size_t count = sample_cities(sample, item, cities);

	return count >= 2 ? tie_name(sample, cities, count) : NAME_NONE;
}

uint32_t sample_city_set(struct sample *sample, const struct item *item)
{
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];

	return tie_name(sample, cities, sample_cities(sample, item, cities));
}

/* The tie of an agreement that an activity names; NAME_NONE when it is not here. */
static uint32_t named_tie(struct sample *sample, const struct item *item, uint32_t name)
{
	const struct filter_space *where = &sample->spaces[item->space].where;
	struct record_summary summary;
	const struct record *record;
	struct handle handle;
	size_t size;
	const char *bytes = names_text(statements_names(where->statements), name, &size);

	if (size != HANDLE_SIZE)
		return NAME_NONE;
	memcpy(handle.bytes, bytes, HANDLE_SIZE);
	record = statements_find(where->statements, &handle);
	if (!record || record_summarize(where->statements, where->acts, node_identity(sample->query->node),
					statements_index(where->statements, record), &summary))
		return NAME_NONE;
	if (!summary.facts || summary.facts->kind != TWINLOG__RECORD_KIND__RECORD_AGREEMENT)
		return NAME_NONE;
	return own_tie(sample, &(struct item){.facts = summary.facts, .space = item->space});
}

size_t sample_ties(struct sample *sample, const struct item *item, uint32_t ret[SAMPLE_VALUES_MAX])
{
	const struct detail *details = facts_details(item->facts);
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
	size_t count = 0;

	if (!item->event)
		return with(ret, 0, own_tie(sample, item));
	for (size_t i = 0; i < item->facts->details_count; i++)
		if (details[i].kind == DETAIL_AGREEMENT)
			count = with(ret, count, named_tie(sample, item, details[i].a));
	if (count > 0)
		return count;
	count = sample_cities(sample, item, cities);
	return count == 2 ? with(ret, 0, tie_name(sample, cities, count)) : 0;
}

/* ---- One item ---- */

bool sample_span(const struct item *item, int32_t *ret_first, int32_t *ret_last)
{
	const struct facts *facts = item->facts;

	if (facts->start.precision == EDTF_NONE)
		return false;
	*ret_first = facts->start.first;
	*ret_last = facts->start.last;
	if (facts->end.precision != EDTF_NONE && facts->end.last > *ret_last)
		*ret_last = facts->end.last;
	return true;
}

bool sample_reach(const struct item *item, int32_t *ret_first, int32_t *ret_last)
{
	const struct facts *facts = item->facts;
	int32_t end_first, end_last;

	if (facts->start.precision == EDTF_NONE)
		return false;
	edtf_span(&facts->start, ret_first, ret_last);
	if (facts->end.precision != EDTF_NONE) {
		edtf_span(&facts->end, &end_first, &end_last);
		if (end_last > *ret_last)
			*ret_last = end_last;
	}
	return true;
}

struct tally sample_tally(const struct sample *sample, const struct item *item)
{
	const struct facts *facts = item->facts;
	struct tally tally = {.facts = facts, .records = 1, .first = INT32_MAX, .last = INT32_MIN};

	if (item->tally != ITEM_NONE)
		return sample->tallies[item->tally];
	tally.silent = !facts->has_participants;
	tally.persons = facts->has_participants ? facts->participants : 0;
	tally.undated = !sample_span(item, &tally.first, &tally.last);
	return tally;
}

int64_t sample_weight(const struct sample *sample, const struct item *item)
{
	const struct detail *details = facts_details(item->facts);

	if (item->tally != ITEM_NONE)
		return sample_count(sample, item);
	for (size_t i = 0; i < item->facts->details_count; i++)
		if (details[i].kind == DETAIL_EVENTS)
			return details[i].n;
	return 1;
}

/* The year, decade or month in which it begins, at its own precision: a year has no month. */
static size_t time_values(const struct item *item, enum dimension dimension, uint32_t *ret)
{
	const struct edtf *start = &item->facts->start;
	int year, month, day;

	if (start->precision == EDTF_NONE || (dimension == DIMENSION_MONTH && start->precision < EDTF_MONTH))
		return 0;
	edtf_from_days(start->first, &year, &month, &day);
	ret[0] = (uint32_t)(dimension == DIMENSION_YEAR     ? year
			    : dimension == DIMENSION_DECADE ? year / 10 * 10
							    : year * 12 + month - 1);
	return 1;
}

size_t sample_place_values(struct sample *sample, const uint32_t *cities, size_t count, enum dimension dimension,
			   uint32_t ret[SAMPLE_VALUES_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (dimension == DIMENSION_CITY)
			found = with(ret, found, cities[i]);
		else if (dimension == DIMENSION_PARTNER)
			found = sample_holds(sample->asked, sample->asked_count, cities[i])
				    ? found
				    : with(ret, found, cities[i]);
		else if (dimension == DIMENSION_COUNTRY)
			found = with(ret, found, sample_town(sample, cities[i])->country);
		else if (dimension == DIMENSION_SUBDIVISION)
			found = with(ret, found, sample_town(sample, cities[i])->subdivision);
		else if (dimension == DIMENSION_LEVEL)
			found = with(ret, found, sample_town(sample, cities[i])->level);
	}
	return found;
}

static size_t detail_values(struct sample *sample, const struct item *item, enum detail_kind kind, bool second,
			    uint32_t ret[SAMPLE_VALUES_MAX])
{
	const struct detail *details = facts_details(item->facts);
	size_t count = 0;

	for (size_t i = 0; i < item->facts->details_count; i++)
		if (details[i].kind == kind)
			count = with(ret, count, sample_name(sample, item, second ? details[i].b : details[i].a));
	return count;
}

size_t sample_values(struct sample *sample, const struct item *item, enum dimension dimension,
		     uint32_t ret[SAMPLE_VALUES_MAX])
{
	const struct facts *facts = item->facts;
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
	size_t count = 0;

	switch (dimension) {
	case DIMENSION_YEAR:
	case DIMENSION_DECADE:
	case DIMENSION_MONTH:
		return time_values(item, dimension, ret);
	case DIMENSION_PAIR:
		return sample_ties(sample, item, ret);
	case DIMENSION_FIELD:
		for (size_t i = 0; i < facts->fields_count; i++)
			count = with(ret, count, sample_name(sample, item, facts->ids[facts->cities_count + i]));
		return count;
	case DIMENSION_FORM:
		return with(ret, 0, sample_name(sample, item, facts->form));
	case DIMENSION_RELATION_TYPE:
		return with(ret, 0, sample_name(sample, item, facts->relation));
	case DIMENSION_STATUS:
		return with(ret, 0, sample_name(sample, item, facts->status));
	case DIMENSION_STATE:
		return with(ret, 0, item->state);
	case DIMENSION_SPACE:
		return with(ret, 0, sample->spaces[item->space].title);
	case DIMENSION_ACTOR_LEVEL:
		return detail_values(sample, item, DETAIL_ACTOR, false, ret);
	case DIMENSION_ACTOR_KIND:
		return detail_values(sample, item, DETAIL_ACTOR, true, ret);
	case DIMENSION_FRICTION:
		return detail_values(sample, item, DETAIL_FRICTION, false, ret);
	default:
		count = sample_cities(sample, item, cities);
		return sample_place_values(sample, cities, count, dimension, ret);
	}
}

/* ---- While the node goes on ---- */

/* Grows with all that may turn what was reckoned already: also what is said of cities in spaces not asked for. */
static uint64_t ground_now(const struct query *query)
{
	uint64_t ground = node_spaces(query->node);

	for (size_t i = 0; i < node_spaces(query->node); i++) {
		const struct space *space = node_space(query->node, i);

		ground += acts_count(space_acts(space)) + statements_ground(space_statements(space));
	}
	return ground;
}

bool sample_upset(const struct sample *sample)
{
	return sample->ground != ground_now(sample->query);
}

void sample_breathe(struct sample *sample)
{
	if (!sample->no_slice)
		sample->no_slice = query_pause(sample->query);
}

void sample_sort(struct sample *sample, void *list, size_t count, size_t size,
		 int (*order)(const void *, const void *, void *), void *context)
{
	const bool left = query_leave(sample->query, count);
	enum twinlog_error error;

	if (count > 1)
		qsort_r(list, count, size, order, context);
	error = query_enter(sample->query, left);
	if (!sample->no_slice)
		sample->no_slice = error;
}

/* Its place among all is its place in the view. */
enum twinlog_error sample_watch(struct sample *sample)
{
	const struct query *query = sample->query;
	struct view *view = query->extra->view;
	enum twinlog_error error = view_begin(view, query->node, false);

	if (error)
		return error;
	for (size_t s = 0; s < sample->spaces_count; s++) {
		struct sample_space *space = &sample->spaces[s];

		while (node_space(query->node, space->place) != space->where.space)
			space->place++;
		space->view = view_at(view, space->place);
	}
	view_end(view);
	for (size_t s = 0; s < sample->spaces_count; s++) {
		sample->spaces[s].watch.rows = roaring_bitmap_create();
		if (!sample->spaces[s].watch.rows)
			return TWINLOG_NO_MEMORY;
		view_watch(view, sample->spaces[s].place, &sample->spaces[s].watch);
	}
	return TWINLOG_OK;
}

static void unwatch(struct sample *sample, struct sample_space *space)
{
	if (!space->watch.rows)
		return;
	view_unwatch(sample->query->extra->view, space->place, &space->watch);
	roaring_bitmap_free(space->watch.rows);
}

bool sample_stands(const struct sample *sample, struct link_end end)
{
	return !roaring_bitmap_contains(sample->spaces[end.space].watch.rows, end.record);
}

/* ---- Life ---- */

/* Whose partners are told apart: the cities asked for, else this one. */
static enum twinlog_error asked_init(struct sample *sample)
{
	const char *self = node_city_id(sample->query->node);

	sample->asked = calloc(sample->filter->n_cities + 1, sizeof *sample->asked);
	if (!sample->asked)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < sample->filter->n_cities; i++)
		sample->asked[sample->asked_count++] =
		    sample_text(sample, sample->filter->cities[i].data, sample->filter->cities[i].len);
	if (sample->asked_count == 0)
		sample->asked[sample->asked_count++] = sample_text(sample, self, strlen(self));
	return TWINLOG_OK;
}

enum twinlog_error sample_init(struct sample *sample, const struct query *query, const Twinlog__Filter *filter,
			       const struct space *const *spaces, size_t spaces_count)
{
	static const Twinlog__Filter everything = TWINLOG__FILTER__INIT;
	enum twinlog_error error;

	memset(sample, 0, sizeof *sample);
	sample->query = query;
	sample->filter = filter ? filter : &everything;
	sample->spaces = calloc(spaces_count + 1, sizeof *sample->spaces);
	if (!sample->spaces)
		return TWINLOG_NO_MEMORY;
	sample->spaces_count = spaces_count;
	error = names_new(&sample->names);
	for (size_t i = 0; !error && i < spaces_count; i++) {
		struct sample_space *space = &sample->spaces[i];

		space->where = (struct filter_space){
		    .space = spaces[i], .statements = space_statements(spaces[i]), .acts = space_acts(spaces[i])};
		if (!names_grow(space))
			return TWINLOG_NO_MEMORY;
		space->title = sample_text(sample, acts_space(space->where.acts)->bytes, HASH_SIZE);
	}
	sample->ground = ground_now(query);
	return error ? error : asked_init(sample);
}

static void gathered_free(struct sample *sample)
{
	free(sample->items);
	free(sample->others);
	free(sample->tallies);
	free(sample->voices);
	free(sample->joined);
	groups_free(sample->copies);
	free(sample->numbers);
	sample->items = sample->others = NULL;
	sample->voices = NULL;
	sample->joined = NULL;
	sample->copies = NULL;
	sample->numbers = NULL;
	sample->events_count = sample->others_count = sample->joined_count = 0;
}

enum twinlog_error sample_lighten(struct sample *sample)
{
	/* Giving much memory back takes its time. */
	const bool left = query_leave(sample->query, sample->items_count);

	gathered_free(sample);
	return query_enter(sample->query, left);
}

void sample_free(struct sample *sample)
{
	for (size_t i = 0; i < sample->spaces_count; i++) {
		unwatch(sample, &sample->spaces[i]);
		filter_space_free(&sample->spaces[i].where);
		free(sample->spaces[i].names);
		free(sample->spaces[i].city_rows);
	}
	gathered_free(sample);
	free(sample->spaces);
	free(sample->towns);
	free(sample->heirs);
	free(sample->coverages);
	free(sample->asked);
	names_free(sample->names);
	memset(sample, 0, sizeof *sample);
}
