/* The ties and cities that a report goes over, with what happened between and in them. */
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Where a name's tie or city is noted; NULL when memory is out. */
static uint32_t *index_at(struct report *report, uint32_t name)
{
	if (name >= report->index_capacity) {
		const uint32_t capacity = name + name / 2 + 256;
		uint32_t *index = realloc(report->index, capacity * sizeof *index);

		if (!index)
			return NULL;
		memset(index + report->index_capacity, 0, (capacity - report->index_capacity) * sizeof *index);
		report->index = index;
		report->index_capacity = capacity;
	}
	return &report->index[name];
}

/* The sample, after a breath now and then: before what is looked at for the member at this place. */
static struct sample *breathing(struct report *report, size_t at)
{
	if (at % 256 == 0)
		sample_breathe(&report->sample);
	return &report->sample;
}

/* ---- Ties ---- */

static enum twinlog_error tie_add(struct report *report, uint32_t item)
{
	struct sample *sample = &report->sample;
	uint32_t names[SAMPLE_VALUES_MAX];
	uint32_t *place;
	struct tie *tie;
	enum twinlog_error error;

	if (sample_ties(sample, &sample->items[item], names) == 0)
		return TWINLOG_OK;
	place = index_at(report, names[0]);
	if (!place)
		return TWINLOG_NO_MEMORY;
	if (*place == 0) {
		error = sample_room(&report->ties, &report->ties_capacity, report->ties_count, sizeof *tie);
		if (error)
			return error;
		tie = &report->ties[report->ties_count++];
		*tie = (struct tie){.name = names[0], .agreement = ITEM_NONE, .last = INT32_MIN};
		tie->cities_count = (uint32_t)sample_cities(sample, &sample->items[item], tie->cities);
		*place = (uint32_t)report->ties_count;
	}
	tie = &report->ties[*place - 1];
	report->next[item] = tie->agreement;
	tie->agreement = item;
	return TWINLOG_OK;
}

/* Who went to whom. */
static void tie_directed(struct report *report, struct tie *tie, const struct item *item, const struct tally *tally)
{
	struct sample *sample = &report->sample;
	char way[2][2 * TWINLOG_CITY_ID_MAX + 2];
	size_t size, a_size, b_size;
	const char *direction = sample_name_text(sample, sample_name(sample, item, item->facts->direction), &size);
	const char *a = sample_name_text(sample, tie->cities[0], &a_size);
	const char *b = sample_name_text(sample, tie->cities[1], &b_size);
	bool forth, back;

	if (tie->cities_count != 2 || size != a_size + 1 + b_size || size >= sizeof way[0])
		return;
	memcpy(way[0], a, a_size);
	way[0][a_size] = '>';
	memcpy(way[0] + a_size + 1, b, b_size);
	memcpy(way[1], b, b_size);
	way[1][b_size] = '>';
	memcpy(way[1] + b_size + 1, a, a_size);
	forth = memcmp(direction, way[0], size) == 0;
	back = !forth && memcmp(direction, way[1], size) == 0;
	if (!forth && !back)
		return;
	tie->forth += forth ? tally->records : 0;
	tie->back += back ? tally->records : 0;
	tie->persons_left_out += tally->silent;
	if (forth)
		tie->persons_forth = report_add(tie->persons_forth, report_persons(tally));
	else
		tie->persons_back = report_add(tie->persons_back, report_persons(tally));
}

/* The years of events of ties, to be counted once each. */
struct tie_year {
	uint32_t tie;
	int32_t year;
};
struct tie_years {
	struct tie_year *items;
	size_t count, capacity;
};

static int year_order(const void *left, const void *right, void *context)
{
	const struct tie_year *a = left, *b = right;

	(void)context;
	if (a->tie != b->tie)
		return a->tie < b->tie ? -1 : 1;
	return (a->year > b->year) - (a->year < b->year);
}

static enum twinlog_error tie_take(struct report *report, uint32_t place, const struct item *item,
				   struct tie_years *years)
{
	struct tie *tie = &report->ties[place];
	const int64_t weight = sample_weight(&report->sample, item);
	const struct tally tally = sample_tally(&report->sample, item);
	int32_t last;
	int year, month, day;
	enum twinlog_error error;

	tie->records += tally.records;
	tie->events = report_add(tie->events, weight);
	tie_directed(report, tie, item, &tally);
	/* Records that are alike have a date or have none. */
	if (tally.undated > 0)
		return TWINLOG_OK;
	/* What had begun by the day asked for, and may have gone on beyond. */
	last = tally.last < report->as_of ? tally.last : report->as_of;
	tie->last = last > tie->last ? last : tie->last;
	tie->dated = report_add(tie->dated, weight);
	edtf_from_days(item->facts->start.first, &year, &month, &day);
	error = sample_room(&years->items, &years->capacity, years->count, sizeof *years->items);
	if (!error)
		years->items[years->count++] = (struct tie_year){.tie = place, .year = year};
	return error;
}

static enum twinlog_error ties_take_events(struct report *report, struct tie_years *years)
{
	struct sample *sample = &report->sample;
	enum twinlog_error error = TWINLOG_OK;

	error = sample_reserve(&years->items, &years->capacity, sample->events_count, sizeof *years->items);
	for (size_t i = 0; !error && i < sample->events_count; i++) {
		uint32_t names[SAMPLE_VALUES_MAX];
		const size_t count = sample_ties(breathing(report, i), &sample->items[i], names);
		bool belongs = false;

		for (size_t n = 0; !error && n < count; n++) {
			const uint32_t place = names[n] < report->index_capacity ? report->index[names[n]] : 0;

			if (place == 0)
				continue;
			belongs = true;
			error = tie_take(report, place - 1, &sample->items[i], years);
		}
		report->outside += belongs ? 0 : (uint64_t)sample_count(sample, &sample->items[i]);
	}
	return error;
}

enum twinlog_error report_make_ties(struct report *report)
{
	struct sample *sample = &report->sample;
	struct tie_years years = {0};
	enum twinlog_error error = TWINLOG_OK;

	report->next = calloc(sample->items_count + 1, sizeof *report->next);
	if (!report->next)
		return TWINLOG_NO_MEMORY;
	for (size_t i = sample->events_count; !error && i < sample->items_count; i++) {
		(void)breathing(report, i);
		error = tie_add(report, (uint32_t)i);
	}
	if (!error)
		error = ties_take_events(report, &years);
	if (!error)
		sample_sort(sample, years.items, years.count, sizeof *years.items, year_order, NULL);
	for (size_t i = 0; !error && i < years.count; i++)
		if (i == 0 || year_order(&years.items[i - 1], &years.items[i], NULL) != 0)
			report->ties[years.items[i].tie].years++;
	free(years.items);
	return error;
}

/* ---- Cities ---- */

static enum twinlog_error city_add(struct report *report, uint32_t name)
{
	uint32_t *place = index_at(report, name);
	enum twinlog_error error;

	if (!place)
		return TWINLOG_NO_MEMORY;
	if (name == NAME_NONE || *place != 0)
		return TWINLOG_OK;
	error = sample_room(&report->cities, &report->cities_capacity, report->cities_count, sizeof *report->cities);
	if (error)
		return error;
	report->cities[report->cities_count++] = (struct city){.name = name};
	*place = (uint32_t)report->cities_count;
	return TWINLOG_OK;
}

/* Partners elsewhere have other ties and events than those that were gathered, so they are no part of the list. */
static enum twinlog_error city_add_asked(struct report *report, uint32_t name)
{
	return sample_city_asked(&report->sample, name) ? city_add(report, name) : TWINLOG_OK;
}

static enum twinlog_error city_record(struct sample *sample, uint32_t city, void *context)
{
	return city_add_asked(context, sample_successor(sample, city));
}

/* The list: the one given; else every city with a tie and, when they need none, every other one that is known, of those
 * that lie where it is asked. */
static enum twinlog_error list_cities(struct report *report, const ProtobufCBinaryData *among, size_t among_count)
{
	struct sample *sample = &report->sample;
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; !error && i < among_count; i++)
		error = city_add(report, sample_successor(sample, sample_text(sample, among[i].data, among[i].len)));
	if (error || among_count > 0)
		return error;
	for (size_t t = 0; !error && t < report->ties_count; t++)
		for (size_t i = 0; !error && i < report->ties[t].cities_count; i++)
			error = city_add_asked(report, report->ties[t].cities[i]);
	if (error || report->unit == UNIT_LINKED)
		return error;
	error = sample_city_records(sample, city_record, report);
	for (size_t i = 0; !error && i < sample->events_count; i++) {
		uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
		const size_t count = sample_cities(breathing(report, i), &sample->items[i], cities);

		for (size_t c = 0; !error && c < count; c++)
			error = city_add_asked(report, cities[c]);
	}
	return error;
}

static struct city *city_find(struct report *report, uint32_t name)
{
	const uint32_t place = name < report->index_capacity ? report->index[name] : 0;

	return place ? &report->cities[place - 1] : NULL;
}

static void cities_take_events(struct report *report)
{
	struct sample *sample = &report->sample;

	for (size_t i = 0; i < sample->events_count; i++) {
		uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
		const size_t count = sample_cities(breathing(report, i), &sample->items[i], cities);
		bool belongs = false;

		for (size_t c = 0; c < count; c++) {
			struct city *city = city_find(report, cities[c]);

			if (!city)
				continue;
			belongs = true;
			city->records += sample_count(sample, &sample->items[i]);
			city->events = report_add(city->events, sample_weight(sample, &sample->items[i]));
		}
		report->outside += belongs ? 0 : (uint64_t)sample_count(sample, &sample->items[i]);
	}
}

/* A tie of a city into a province. */
struct reach {
	uint32_t city, subdivision;
};

static int reach_order(const void *left, const void *right, void *context)
{
	const struct reach *a = left, *b = right;

	(void)context;
	if (a->city != b->city)
		return a->city < b->city ? -1 : 1;
	return (a->subdivision > b->subdivision) - (a->subdivision < b->subdivision);
}

static size_t tie_reaches(struct report *report, const struct tie *tie, uint32_t from, struct reach *ret)
{
	uint32_t partners[TWINLOG_RECORD_CITIES_MAX], subdivisions[SAMPLE_VALUES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < tie->cities_count; i++)
		if (tie->cities[i] != from)
			partners[count++] = tie->cities[i];
	count = sample_place_values(&report->sample, partners, count, DIMENSION_SUBDIVISION, subdivisions);
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct reach){.city = from, .subdivision = subdivisions[i]};
	return count;
}

static enum twinlog_error cities_take_ties(struct report *report)
{
	size_t count = 0, room = 1;
	struct reach *reaches;

	for (size_t t = 0; t < report->ties_count; t++)
		room += (size_t)report->ties[t].cities_count * report->ties[t].cities_count;
	reaches = calloc(room, sizeof *reaches);
	if (!reaches)
		return TWINLOG_NO_MEMORY;
	for (size_t t = 0; t < report->ties_count; t++)
		for (size_t i = 0; i < report->ties[t].cities_count; i++) {
			struct city *city = city_find(report, report->ties[t].cities[i]);

			if (!city)
				continue;
			city->ties++;
			count += tie_reaches(report, &report->ties[t], city->name, reaches + count);
		}
	sample_sort(&report->sample, reaches, count, sizeof *reaches, reach_order, NULL);
	for (size_t i = 1; i < count; i++)
		if (reach_order(&reaches[i - 1], &reaches[i], NULL) == 0)
			city_find(report, reaches[i].city)->same_province = true;
	free(reaches);
	return TWINLOG_OK;
}

enum twinlog_error report_make_cities(struct report *report, const ProtobufCBinaryData *among, size_t among_count)
{
	enum twinlog_error error = report_make_ties(report);

	/* From here on the index is that of cities. */
	report->outside = 0;
	if (report->index)
		memset(report->index, 0, report->index_capacity * sizeof *report->index);
	if (!error)
		error = list_cities(report, among, among_count);
	if (error)
		return error;
	cities_take_events(report);
	return cities_take_ties(report);
}
