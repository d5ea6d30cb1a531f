#include "changes.h"

#include <string.h>

/* ---- Where something happened ---- */

/* Of the durable erasures the first one from a number on. */
static size_t erasure_from(const struct erasures *erasures, uint64_t sequence)
{
	size_t low = 0, high = erasures_committed(erasures);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (erasures_at(erasures, middle)->sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t turn_from(const struct turn *turns, size_t count, uint64_t sequence)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (turns[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t changes_from(const struct space *space, uint64_t sequence)
{
	const struct erasures *erasures = space_erasures(space);
	const size_t erasure = erasure_from(erasures, sequence);
	uint64_t first = statements_bundle_from(space_statements(space), sequence);
	size_t count;
	const struct turn *turns = space_turns(space, &count);
	const size_t turn = turn_from(turns, count, sequence);

	if (erasure < erasures_committed(erasures) && erasures_at(erasures, erasure)->sequence < first)
		first = erasures_at(erasures, erasure)->sequence;
	if (turn < count && turns[turn].sequence < first)
		first = turns[turn].sequence;
	return first;
}

uint64_t changes_last(const struct space *space, uint64_t upto)
{
	const struct erasures *erasures = space_erasures(space);
	const size_t erasure = erasure_from(erasures, upto + 1);
	uint64_t last = statements_bundle_last(space_statements(space));
	size_t count;
	const struct turn *turns = space_turns(space, &count);
	const size_t turn = turn_from(turns, count, upto + 1);

	/* Statements are only of what is durable. */
	if (last > upto)
		last = 0;
	if (erasure > 0 && erasures_at(erasures, erasure - 1)->sequence > last)
		last = erasures_at(erasures, erasure - 1)->sequence;
	if (turn > 0 && turns[turn - 1].sequence > last)
		last = turns[turn - 1].sequence;
	return last;
}

static uint64_t last_act(const struct turn *turns, size_t count)
{
	while (count > 0 && !turns[count - 1].act)
		count--;
	return count > 0 ? turns[count - 1].sequence : 0;
}

bool changes_event(const struct space *space, uint64_t sequence, struct changes_event *ret_event)
{
	const struct erasures *erasures = space_erasures(space);
	const size_t erasure = erasure_from(erasures, sequence);
	size_t count;
	const struct turn *turns = space_turns(space, &count);
	const size_t turn = turn_from(turns, count, sequence);
	struct changes_event event = {.space = space, .sequence = sequence};

	event.words = statements_bundle_words(space_statements(space), sequence);
	if (erasure < erasures_committed(erasures) && erasures_at(erasures, erasure)->sequence == sequence)
		event.erasure = erasures_at(erasures, erasure);
	if (turn < count && turns[turn].sequence == sequence)
		event.turn = &turns[turn];
	event.earlier = event.turn && event.turn->act ? erasure : 0;
	event.last_act = event.earlier > 0 && sequence == last_act(turns, count);
	*ret_event = event;
	return event.words > 0 || event.erasure || event.turn;
}

const struct hash *changes_name(const struct changes_event *event)
{
	if (event->words > 0)
		return &statements_bundle_word(space_statements(event->space), event->sequence, 0)->leaf;
	return event->erasure ? &event->erasure->id : &event->turn->id;
}

/* ---- What it led to ---- */

uint64_t changes_places(const struct changes_event *event)
{
	uint64_t places = (uint64_t)event->words + (event->erasure != NULL) + event->earlier;

	if (event->turn && event->turn->what != TURN_NONE)
		places += statements_records(space_statements(event->space));
	return places;
}

uint64_t changes_place(const struct changes_event *event, uint64_t place)
{
	const uint64_t earlier = (uint64_t)event->words + (event->erasure != NULL);

	return !event->last_act && place >= earlier && place < earlier + event->earlier ? earlier + event->earlier
											: place;
}

static uint32_t record_erased(const struct changes_event *event, const struct erasure *erasure)
{
	const struct word *word = statements_find_leaf(space_statements(event->space), &erasure->leaf);

	return word ? word->record : CHANGES_NONE;
}

/* Whether a record is one that the city spoke on, or one that names it. */
static bool concerns(const struct space *space, const struct record *record, const struct hash *city)
{
	const struct statements *statements = space_statements(space);
	const struct member *member = acts_member(space_acts(space), city);
	const uint32_t name =
	    member ? names_find(statements_names(statements), member->city_id, strlen(member->city_id)) : NAME_NONE;

	if (record->kind == TWINLOG__RECORD_KIND__RECORD_CITY && record->name == name && name != NAME_NONE)
		return true;
	for (const struct word *word = statements_word(statements, record->first_word); word;
	     word = statements_word(statements, word->next)) {
		const struct facts *facts = statements_facts(statements, word);

		if (hash_equal(statements_city(statements, word->city), city) ||
		    (name != NAME_NONE && facts && facts_has_city(facts, name)))
			return true;
	}
	return false;
}

static bool turned(const struct changes_event *event, const struct record *record)
{
	return event->turn->what == TURN_ALL ||
	       (event->turn->what == TURN_CITY && concerns(event->space, record, &event->turn->city));
}

uint32_t changes_record(const struct changes_event *event, uint64_t place)
{
	const struct statements *statements = space_statements(event->space);
	const uint64_t erasure = event->words, earlier = erasure + (event->erasure != NULL),
		       records = earlier + event->earlier;
	const bool sweeps = place >= records;
	uint32_t record = CHANGES_NONE;

	if (place < erasure) {
		record = statements_bundle_word(statements, event->sequence, (uint32_t)place)->record;
	} else if (place < earlier) {
		record = record_erased(event, event->erasure);
	} else if (!sweeps) {
		const struct erasure *of = erasures_at(space_erasures(event->space), (size_t)(place - earlier));

		if (!hash_equal(&of->city, &of->signer))
			record = record_erased(event, of);
	} else {
		record = (uint32_t)(place - records);
	}
	if (record == CHANGES_NONE)
		return CHANGES_NONE;
	const struct record *found = statements_record(statements, record);

	/* A word in a later bundle tells it as it stands now. */
	if (statements_word(statements, found->last_word)->bundle > event->sequence)
		return CHANGES_NONE;
	return !sweeps || turned(event, found) ? record : CHANGES_NONE;
}
