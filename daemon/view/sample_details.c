/* What several cities say of one event or tie: money, channels, sources, coverage. */
#include <string.h>

#include "sample.h"

/* ---- What each city says of itself ---- */

/* One city that speaks for itself on an event. */
struct speaker {
	uint32_t city;
	const struct item *item; /* the record it speaks on */
	const struct facts *facts;
};
#define VOICES_MAX TWINLOG_RECORD_CITIES_MAX

/* The id of the city that wrote a word, as a number of the space's names; NAME_NONE when nobody ever named it. */
static uint32_t writer_of(const struct filter_space *where, const struct word *word)
{
	const struct member *member = acts_member(where->acts, statements_city(where->statements, word->city));

	return member ? names_find(statements_names(where->statements), member->city_id, strlen(member->city_id))
		      : NAME_NONE;
}

static size_t voices_of_record(struct sample *sample, const struct item *item, struct voice voices[VOICES_MAX])
{
	const struct filter_space *where = &sample->spaces[item->space].where;
	const struct record *record = statements_record(where->statements, item->record);
	size_t count = 0;

	for (const struct word *word = statements_word(where->statements, record->first_word); word;
	     word = statements_word(where->statements, word->next)) {
		const struct facts *facts = statements_facts(where->statements, word);
		struct voice voice = {.facts = facts, .word = statements_number(where->statements, word)};
		uint32_t writer;
		size_t at = 0;

		if (!facts || !facts->values || !word_is_current(word) || word->report || word_lane(word) != LANE_WORD)
			continue;
		writer = writer_of(where, word);
		if (writer == NAME_NONE || !facts_has_city(item->facts, writer))
			continue;
		voice.city = sample_name(sample, item, writer);
		while (at < count && voices[at].city != voice.city)
			at++;
		if (at == count && count < VOICES_MAX)
			voices[count++] = voice;
		else if (at < count && word_order(word, statements_word(where->statements, voices[at].word)) > 0)
			voices[at] = voice;
	}
	return count;
}

enum twinlog_error sample_hear(struct sample *sample, struct item *item)
{
	struct voice voices[VOICES_MAX];
	const size_t count = voices_of_record(sample, item, voices);

	item->voices = (uint32_t)sample->voices_count;
	item->voices_count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error = sample_room(&sample->voices, &sample->voices_capacity, sample->voices_count,
						       sizeof *sample->voices);

		if (error)
			return error;
		sample->voices[sample->voices_count++] = voices[i];
	}
	return TWINLOG_OK;
}

/* The first record on which a city speaks is the one that counts. */
static size_t speakers_on(const struct sample *sample, const struct item *item, struct speaker *speakers, size_t count)
{
	for (uint32_t i = 0; i < item->voices_count; i++) {
		const struct voice *voice = &sample->voices[item->voices + i];
		size_t at = 0;

		while (at < count && speakers[at].city != voice->city)
			at++;
		if (at == count && count < VOICES_MAX)
			speakers[count++] = (struct speaker){.city = voice->city, .item = item, .facts = voice->facts};
	}
	return count;
}

static size_t speakers_of(const struct sample *sample, const struct item *item, struct speaker speakers[VOICES_MAX])
{
	size_t count = speakers_on(sample, item, speakers, 0);

	for (uint32_t other = item->other; other != ITEM_NONE; other = sample->others[other].other)
		count = speakers_on(sample, &sample->others[other], speakers, count);
	return count;
}

/* Whose money, channel or export an entry is, as a number of the space's names. */
static uint32_t detail_side(const struct sample *sample, const struct item *item, const struct detail *detail)
{
	const struct sample_space *space = &sample->spaces[item->space];
	const struct names *names = statements_names(space->where.statements);
	uint32_t side;
	size_t size;
	const char *text, *arrow;

	switch (detail->kind) {
	case DETAIL_COST:
	case DETAIL_PUBLICITY:
		return detail->b;
	case DETAIL_SIDE:
		return detail->a;
	case DETAIL_TRADE:
		text = names_text(names, detail->b, &size);
		arrow = memchr(text, '>', size);
		side = arrow ? names_find(names, text, (size_t)(arrow - text)) : NAME_NONE;
		return side < space->names_settled ? side : NAME_NONE;
	default:
		return NAME_NONE;
	}
}

/* self: whose an entry is that names nobody. */
static void visit_one(struct sample *sample, const struct item *item, const struct detail *detail, uint32_t self,
		      sample_visit *visit, void *context)
{
	const bool sided = detail->kind == DETAIL_COST || detail->kind == DETAIL_PUBLICITY;
	struct detail shown = *detail;

	shown.a = sample_name(sample, item, detail->a) & ((1u << 29) - 1);
	shown.b = (sided && detail->b == NAME_NONE ? self : sample_name(sample, item, detail->b)) & ((1u << 29) - 1);
	visit(sample, item, &shown, context);
}

void sample_details(struct sample *sample, const struct item *item, enum detail_kind kind, sample_visit *visit,
		    void *context)
{
	const struct detail *details = facts_details(item->facts);

	for (size_t i = 0; i < item->facts->details_count; i++)
		if (details[i].kind == kind)
			visit_one(sample, item, &details[i], NAME_NONE, visit, context);
}

/* 1. Each city that speaks for itself, of itself; what names nobody is its own. */
static void visit_voice(struct sample *sample, const struct speaker *voice, enum detail_kind kind, sample_visit *visit,
			void *context)
{
	const struct detail *details = facts_details(voice->facts);

	for (size_t i = 0; i < voice->facts->details_count; i++) {
		uint32_t side;

		if (details[i].kind != kind)
			continue;
		side = sample_name(sample, voice->item, detail_side(sample, voice->item, &details[i]));
		if (side == NAME_NONE || side == voice->city)
			visit_one(sample, voice->item, &details[i], voice->city, visit, context);
	}
}

void sample_united(struct sample *sample, const struct item *item, enum detail_kind kind, sample_visit *visit,
		   void *context)
{
	const struct detail *details = facts_details(item->facts);
	struct speaker voices[VOICES_MAX];
	uint32_t cities[VOICES_MAX];
	bool lead_speaks = false;
	size_t count;

	if (sample->view_of.len > 0) {
		sample_details(sample, item, kind, visit, context);
		return;
	}
	count = speakers_of(sample, item, voices);
	for (size_t i = 0; i < count; i++) {
		cities[i] = voices[i].city;
		lead_speaks |= voices[i].facts == item->facts;
		visit_voice(sample, &voices[i], kind, visit, context);
	}
	/* 2. What the lead says of those that do not speak, and, when it is a report, of nobody in particular. */
	for (size_t i = 0; i < item->facts->details_count; i++) {
		uint32_t side;

		if (details[i].kind != kind)
			continue;
		side = sample_name(sample, item, detail_side(sample, item, &details[i]));
		if (side == NAME_NONE ? !lead_speaks : !sample_holds(cities, count, side))
			visit_one(sample, item, &details[i], NAME_NONE, visit, context);
	}
}

/* ---- Sources of an agreement ---- */

static size_t add_quotes(struct sample *sample, const struct item *item, const struct facts *facts,
			 struct source_word *ret, size_t count)
{
	const struct names *names = statements_names(sample->spaces[item->space].where.statements);
	const struct detail *details = facts_details(facts);

	for (size_t i = 0; i < facts->details_count && count < SOURCES_MAX; i++) {
		struct source_word *source = &ret[count];
		size_t size;
		const char *text;

		if (details[i].kind != DETAIL_QUOTE)
			continue;
		*source = (struct source_word){.relation = sample_name(sample, item, details[i].b)};
		if (facts_has_city(facts, details[i].a))
			source->city = sample_name(sample, item, details[i].a);
		text = names_text(names, (uint32_t)details[i].n, &size);
		if (edtf_parse(text, size, &source->date))
			source->date = (struct edtf){.precision = EDTF_NONE};
		count++;
	}
	return count;
}

size_t sample_sources(struct sample *sample, const struct item *item, struct source_word ret[SOURCES_MAX])
{
	struct speaker voices[VOICES_MAX];
	const size_t voices_count = speakers_of(sample, item, voices);
	bool lead_speaks = false;
	size_t count = 0;

	for (size_t i = 0; i < voices_count; i++) {
		const struct facts *facts = voices[i].facts;

		lead_speaks |= facts == item->facts;
		ret[count++] = (struct source_word){.city = voices[i].city,
						    .relation = sample_name(sample, item, facts->relation),
						    .date = facts->start,
						    .own = true};
	}
	if (!lead_speaks)
		ret[count++] = (struct source_word){.relation = sample_name(sample, item, item->facts->relation),
						    .date = item->facts->start};
	for (size_t i = 0; i < voices_count; i++)
		count = add_quotes(sample, item, voices[i].facts, ret, count);
	return lead_speaks ? count : add_quotes(sample, item, item->facts, ret, count);
}

size_t sample_parties(const struct sample *sample, const struct item *item)
{
	const struct filter_space *where = &sample->spaces[item->space].where;
	size_t count = 0;

	for (size_t i = 0; i < item->facts->named_count; i++) {
		size_t size;
		const char *text = names_text(statements_names(where->statements), item->facts->ids[i], &size);
		const struct member *member = acts_member_by_city(where->acts, codec_bytes(text, size));

		count += member && member->ever_member && !member->reader;
	}
	return count;
}

int sample_rank(const struct sample *sample, uint32_t relation)
{
	static const char *const ranks[] = {"exchange", "approval", "intent",     "network",
					    "mou",      "sectoral", "friendship", "sister"};
	size_t size;
	const char *text = sample_name_text(sample, relation, &size);

	for (int i = 0; i < (int)(sizeof ranks / sizeof *ranks); i++)
		if (strcmp(ranks[i], text) == 0)
			return i;
	return -1;
}

/* ---- City records ---- */

/* The next city record from *at on that says something; false at the end. */
static bool next_city(const struct sample *sample, const struct sample_space *space, size_t *at,
		      struct record_summary *ret_summary, uint32_t *ret_name)
{
	const struct statements *statements = space->where.statements;

	while (*at < space->city_rows_count) {
		const uint32_t row = space->city_rows[(*at)++];
		const struct record *record = statements_record(statements, row);

		if (record->kind != TWINLOG__RECORD_KIND__RECORD_CITY || !record->shown ||
		    record_summarize(statements, space->where.acts, node_identity(sample->query->node), row,
				     ret_summary) ||
		    !ret_summary->facts || !ret_summary->facts->values)
			continue;
		*ret_name = record->name;
		return true;
	}
	return false;
}

static struct edtf date_of(const struct names *names, uint32_t name)
{
	struct edtf date = {0};
	size_t size;
	const char *text = names_text(names, name, &size);

	if (size == 0 || edtf_parse(text, size, &date))
		date = (struct edtf){.precision = EDTF_NONE};
	return date;
}

static enum twinlog_error add_coverage(struct sample *sample, const struct item *item, uint32_t city,
				       const struct detail *detail)
{
	const struct names *names = statements_names(sample->spaces[item->space].where.statements);
	const struct edtf from = date_of(names, (uint32_t)((uint64_t)detail->n >> 32));
	const struct edtf to = date_of(names, (uint32_t)detail->n);
	struct coverage coverage = {.city = sample_name(sample, item, city),
				    .partner = sample_name(sample, item, detail->a),
				    .first = from.precision == EDTF_NONE ? INT32_MIN : from.first,
				    .last = to.precision == EDTF_NONE ? INT32_MAX : to.last};
	enum twinlog_error error;
	size_t size;
	const char *extent = names_text(names, detail->b, &size);

	if (strcmp(extent, "complete") != 0)
		return TWINLOG_OK;
	error = sample_room(&sample->coverages, &sample->coverages_capacity, sample->coverages_count, sizeof coverage);
	if (!error)
		sample->coverages[sample->coverages_count++] = coverage;
	return error;
}

enum twinlog_error sample_coverage(struct sample *sample)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t s = 0; s < sample->spaces_count; s++) {
		struct record_summary summary;
		uint32_t city;

		for (size_t at = 0; !error && next_city(sample, &sample->spaces[s], &at, &summary, &city);) {
			const struct item item = {.facts = summary.facts, .space = (uint32_t)s};
			const struct detail *details = facts_details(summary.facts);

			/* Only a city itself can say how complete its log is. */
			if (summary.state == TWINLOG__RECORD_STATE__STATE_REPORTED)
				continue;
			for (size_t i = 0; !error && i < summary.facts->details_count; i++)
				if (details[i].kind == DETAIL_COVERAGE)
					error = add_coverage(sample, &item, city, &details[i]);
		}
	}
	return error;
}

static bool asked_holds(const ProtobufCBinaryData *asked, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (codec_equal(asked[i], text))
			return true;
	return count == 0;
}

static bool names_city(struct sample *sample, const ProtobufCBinaryData *asked, size_t count, uint32_t city)
{
	for (size_t i = 0; i < count; i++)
		if (sample_successor(sample, sample_text(sample, asked[i].data, asked[i].len)) == city)
			return true;
	return false;
}

/* Of several places any will do, since a city lies in one. Those asked for as partners are asked for like the others.
 */
bool sample_city_asked(struct sample *sample, uint32_t city)
{
	const Twinlog__Filter *filter = sample->filter;
	const struct town *town;
	size_t size;

	if (filter->n_cities + filter->n_partners > 0 && !names_city(sample, filter->cities, filter->n_cities, city) &&
	    !names_city(sample, filter->partners, filter->n_partners, city))
		return false;
	town = sample_town(sample, city);
	return asked_holds(filter->countries, filter->n_countries, sample_name_text(sample, town->country, &size)) &&
	       asked_holds(filter->subdivisions, filter->n_subdivisions,
			   sample_name_text(sample, town->subdivision, &size));
}

enum twinlog_error sample_city_records(struct sample *sample, sample_city_visit *visit, void *context)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t s = 0; s < sample->spaces_count; s++) {
		struct record_summary summary;
		uint32_t name;

		for (size_t at = 0; !error && next_city(sample, &sample->spaces[s], &at, &summary, &name);) {
			const struct item item = {.facts = summary.facts, .space = (uint32_t)s};
			const uint32_t city = sample_name(sample, &item, name);

			if (city != NAME_NONE)
				error = visit(sample, city, context);
		}
	}
	return error;
}
