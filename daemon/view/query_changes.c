/* Changes: a page of the feed over all spaces asked for, in the order in which things arrived here. A cursor names a
 * place in it and what the store holds there, so that one of another history, after an older copy was put back, is seen
 * to be none of this one. */
#include <string.h>

#include "changes.h"
#include "filter.h"
#include "slots.h"

/* Bytes: version, query 4, mark 4, then sequence and place, each in as many bytes as it needs and their number before
 * it; all big-endian. Place 0 stands for PLACES_ALL. Short, since people see it with every change. */
#define CURSOR_VERSION 1u
#define CURSOR_FIXED   (1u + 2u * 4u)
#define CURSOR_SIZE    (CURSOR_FIXED + 2u * 9u) /* at most */
#define PLACES_ALL     UINT64_MAX               /* behind every place of the event */
#define SEEN_SLOTS     4096u                    /* a power of two, over twice TWINLOG_PAGE_MAX */
_Static_assert(CURSOR_SIZE <= TWINLOG_CURSOR_MAX && SEEN_SLOTS > 2 * TWINLOG_PAGE_MAX, "a page fits");

struct feed {
	const struct query *query;
	const struct space **spaces;
	uint64_t *next; /* of each space: where something happens next */
	struct filter_space *wheres;
	bool *prepared; /* of each space: wheres is */
	size_t count;
	struct filter filter;
	uint64_t commit;
	uint32_t asked; /* of the filter: a cursor of another query is refused */
	uint32_t mark;  /* of the event */
	uint64_t sequence, place;
	Twinlog__Changed *changed;
	size_t limit, size, room;
	uint32_t steps;
	bool full;
	uint64_t seen[SEEN_SLOTS]; /* records on the page: space << 32 | record, + 1; 0: free */
};

/* ---- Cursors ---- */

static size_t number_put(uint8_t *out, uint64_t number)
{
	uint8_t size = 0;

	while (size < 8 && number >> (8 * size) != 0)
		size++;
	out[0] = size;
	for (uint8_t i = 0; i < size; i++)
		out[1 + i] = (uint8_t)(number >> (8 * (size - 1 - i)));
	return 1u + size;
}

/* False past the end. */
static bool number_take(const uint8_t **at, const uint8_t *end, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (*at == end || **at > 8 || **at > end - *at - 1)
		return false;
	for (uint8_t i = 0; i < **at; i++)
		number = number << 8 | (*at)[1 + i];
	*at += 1 + **at;
	*ret_number = number;
	return true;
}

static void word_put(uint8_t *out, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(word >> (24 - 8 * i));
}

static uint32_t word_take(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static enum twinlog_error cursor_put(const struct feed *feed, ProtobufCBinaryData *ret_cursor)
{
	uint8_t *bytes = arena_alloc(feed->query->arena, CURSOR_SIZE);
	size_t size = CURSOR_FIXED;

	if (!bytes)
		return QUERY_FULL;
	bytes[0] = CURSOR_VERSION;
	word_put(bytes + 1, feed->asked);
	word_put(bytes + 5, feed->mark);
	size += number_put(bytes + size, feed->sequence);
	size += number_put(bytes + size, feed->place + 1);
	*ret_cursor = codec_bytes(bytes, size);
	return TWINLOG_OK;
}

static bool cursor_read(ProtobufCBinaryData cursor, struct feed *feed)
{
	const uint8_t *at = cursor.data + CURSOR_FIXED, *end = cursor.data + cursor.len;
	uint64_t sequence, place;

	if (cursor.len < CURSOR_FIXED || cursor.data[0] != CURSOR_VERSION ||
	    word_take(cursor.data + 1) != feed->asked || !number_take(&at, end, &sequence) ||
	    !number_take(&at, end, &place) || at != end)
		return false;
	feed->mark = word_take(cursor.data + 5);
	feed->sequence = sequence;
	feed->place = place - 1;
	return true;
}

/* Which event it is, and for whom: who is let into one more space has not seen what happened there before. */
static uint32_t event_mark(const struct feed *feed, const struct changes_event *event)
{
	const struct scope *scope = feed->query->extra ? feed->query->extra->scope : NULL;
	const struct hash mark = seal_hash(
	    "changes",
	    (struct seal_part[]){{changes_name(event)->bytes, HASH_SIZE},
				 {scope && scope->count ? scope->spaces : NULL, scope ? scope->count * HASH_SIZE : 0}},
	    2);

	return (uint32_t)hash_word(&mark);
}

static bool event_find(const struct feed *feed, uint64_t sequence, struct changes_event *ret_event)
{
	for (size_t i = 0; i < feed->count; i++)
		if (changes_event(feed->spaces[i], sequence, ret_event))
			return true;
	return false;
}

/* Where to begin. A cursor that is not of this history begins anew. */
static enum twinlog_error cursor_take(struct feed *feed, ProtobufCBinaryData cursor)
{
	struct changes_event event;

	if (cursor.len == 0)
		return TWINLOG_OK;
	if (!cursor_read(cursor, feed))
		return query_fault(feed->query, TWINLOG_BAD_CURSOR, "cursor", codec_bytes(NULL, 0));
	if (feed->sequence == 0)
		return TWINLOG_OK;
	if (feed->sequence <= feed->commit && event_find(feed, feed->sequence, &event) &&
	    event_mark(feed, &event) == feed->mark)
		return TWINLOG_OK;
	feed->sequence = feed->place = 0;
	feed->mark = 0;
	feed->changed->anew = true;
	return TWINLOG_OK;
}

static void place_now(struct feed *feed)
{
	struct changes_event event;

	for (size_t i = 0; i < feed->count; i++) {
		const uint64_t last = changes_last(feed->spaces[i], feed->commit);

		if (last <= feed->sequence || !changes_event(feed->spaces[i], last, &event))
			continue;
		feed->sequence = last;
		feed->place = PLACES_ALL;
		feed->mark = event_mark(feed, &event);
	}
}

/* ---- One change ---- */

/* False when the page has it already. */
static bool seen_first(struct feed *feed, size_t space, uint32_t record)
{
	const uint64_t key = ((uint64_t)space << 32 | record) + 1;
	size_t slot = (size_t)seal_slot_number(key) & (SEEN_SLOTS - 1);

	for (; feed->seen[slot]; slot = (slot + 1) & (SEEN_SLOTS - 1))
		if (feed->seen[slot] == key)
			return false;
	feed->seen[slot] = key;
	return true;
}

/* Handle, space and kind alone, for what is gone or too large. */
static enum twinlog_error record_bare(const struct query *query, const struct space *space, const struct record *record,
				      Twinlog__Record **ret_record)
{
	Twinlog__Record *message = QUERY_NEW(query, Twinlog__Record, TWINLOG__RECORD__INIT);

	if (!message)
		return QUERY_FULL;
	message->handle = codec_handle(&record->handle);
	message->space = codec_hash(acts_space(space_acts(space)));
	message->kind = record->kind;
	message->changed_ms = record->changed_ms;
	*ret_record = message;
	return TWINLOG_OK;
}

static enum twinlog_error change_fill(struct feed *feed, const struct space *space, uint32_t number, uint8_t state,
				      Twinlog__Change *change)
{
	const struct query *query = feed->query;
	const struct record *record = statements_record(space_statements(space), number);
	enum twinlog_error error;

	change->gone = state == TWINLOG__RECORD_STATE__STATE_NONE;
	error = cursor_put(feed, &change->cursor);
	if (!error)
		error = change->gone ? record_bare(query, space, record, &change->record)
				     : query_record(query, space, record, false, false, &change->record);
	if (error && error != QUERY_FULL)
		return error;
	if (!error && feed->size + twinlog__change__get_packed_size(change) + 6 <= feed->room)
		return TWINLOG_OK;
	if (feed->changed->n_changes > 0) {
		feed->full = true;
		return TWINLOG_OK;
	}
	if (error)
		return error;
	change->large = true;
	error = record_bare(query, space, record, &change->record);
	change->record->state = state;
	return error;
}

/* Leaves feed->full set when it has to come on the next page. */
static enum twinlog_error change_tell(struct feed *feed, size_t space, uint32_t record)
{
	struct record_summary summary;
	Twinlog__Change *change;
	bool fits = false;
	enum twinlog_error error = TWINLOG_OK;

	if (!feed->prepared[space]) {
		feed->wheres[space] = filter_space_of(&feed->filter, space_statements(feed->spaces[space]),
						      space_acts(feed->spaces[space]));
		error = filter_space_prepare(&feed->filter, &feed->wheres[space]);
		feed->prepared[space] = true;
	}
	if (!error)
		error = filter_fits(&feed->filter, &feed->wheres[space], record, &summary, &fits);
	if (error || (!fits && summary.state != TWINLOG__RECORD_STATE__STATE_NONE))
		return error;
	change = QUERY_NEW(feed->query, Twinlog__Change, TWINLOG__CHANGE__INIT);
	if (!change)
		return QUERY_FULL;
	error = change_fill(feed, feed->spaces[space], record, summary.state, change);
	if (error || feed->full)
		return error;
	feed->size += twinlog__change__get_packed_size(change) + 6;
	feed->changed->changes[feed->changed->n_changes++] = change;
	return TWINLOG_OK;
}

/* ---- The walk ---- */

/* The places of one event that are left, as far as the page goes. */
static enum twinlog_error event_walk(struct feed *feed, size_t space, const struct changes_event *event, uint64_t from)
{
	const uint64_t places = changes_places(event);
	enum twinlog_error error = TWINLOG_OK;

	feed->sequence = event->sequence;
	feed->mark = event_mark(feed, event);
	for (uint64_t place = changes_place(event, from); place < places && !error;
	     place = changes_place(event, place + 1)) {
		const uint64_t before = feed->place;
		const uint32_t record = changes_record(event, place);

		if (++feed->steps > TWINLOG_CHANGES_STEPS || feed->changed->n_changes == feed->limit) {
			feed->full = true;
			return TWINLOG_OK;
		}
		feed->place = place + 1;
		if (record != CHANGES_NONE && seen_first(feed, space, record))
			error = change_tell(feed, space, record);
		if (feed->full) {
			feed->place = before;
			return error;
		}
	}
	feed->place = PLACES_ALL;
	return error;
}

static enum twinlog_error feed_walk(struct feed *feed)
{
	enum twinlog_error error = TWINLOG_OK;
	const bool whole = feed->place == PLACES_ALL;

	for (size_t i = 0; i < feed->count; i++)
		feed->next[i] = changes_from(feed->spaces[i], whole ? feed->sequence + 1 : feed->sequence);
	while (!error && !feed->full) {
		struct changes_event event;
		size_t first = 0;

		for (size_t i = 1; i < feed->count; i++)
			if (feed->next[i] < feed->next[first])
				first = i;
		if (feed->count == 0 || feed->next[first] > feed->commit)
			break;
		if (!changes_event(feed->spaces[first], feed->next[first], &event))
			return TWINLOG_FAILED;
		/* A page that ends before the first place of an event goes on there. */
		if (event.sequence != feed->sequence)
			feed->place = 0;
		error = event_walk(feed, first, &event, feed->place);
		feed->next[first] = changes_from(feed->spaces[first], event.sequence + 1);
	}
	return error;
}

static enum twinlog_error feed_open(struct feed *feed, const Twinlog__Changes *asked)
{
	static const Twinlog__Filter everything = TWINLOG__FILTER__INIT;
	const struct query *query = feed->query;
	const Twinlog__Filter *filter = asked->filter ? asked->filter : &everything;
	struct hash hash;
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error = query_asked_spaces(query, filter, &feed->spaces, &feed->count);

	if (!error)
		error = codec_pack_arena(query->arena, &filter->base, &bytes, &size);
	if (error)
		return error;
	hash = seal_hash1("changes-of", bytes, size);
	feed->asked = (uint32_t)hash_word(&hash);
	feed->commit = node_commit(query->node);
	feed->limit = asked->limit == 0 || asked->limit > TWINLOG_PAGE_MAX ? TWINLOG_PAGE_MAX : asked->limit;
	feed->room = TWINLOG_MESSAGE_MAX - 1024;
	feed->next = arena_alloc(query->arena, (feed->count + 1) * sizeof *feed->next);
	feed->wheres = arena_zalloc(query->arena, (feed->count + 1) * sizeof *feed->wheres);
	feed->prepared = arena_zalloc(query->arena, (feed->count + 1) * sizeof *feed->prepared);
	feed->changed->changes = arena_alloc(query->arena, (feed->limit + 1) * sizeof *feed->changed->changes);
	if (!feed->next || !feed->wheres || !feed->prepared || !feed->changed->changes)
		return QUERY_FULL;
	return cursor_take(feed, asked->cursor);
}

enum twinlog_error query_changes(const struct query *query, const Twinlog__Changes *asked)
{
	struct feed *feed = arena_zalloc(query->arena, sizeof *feed);
	enum twinlog_error error;

	if (!feed)
		return QUERY_FULL;
	feed->query = query;
	feed->changed = QUERY_NEW(query, Twinlog__Changed, TWINLOG__CHANGED__INIT);
	if (!feed->changed)
		return QUERY_FULL;
	error = filter_init(&feed->filter, query, asked->filter);
	if (!error)
		error = feed_open(feed, asked);
	if (!error && asked->from_now)
		place_now(feed);
	else if (!error)
		error = feed_walk(feed);
	for (size_t i = 0; feed->prepared && i < feed->count; i++)
		filter_space_free(&feed->wheres[i]);
	filter_free(&feed->filter);
	if (!error)
		error = cursor_put(feed, &feed->changed->cursor);
	if (error)
		return error;
	feed->changed->more = feed->full;
	feed->changed->commit = feed->commit;
	query->reply->body_case = TWINLOG__REPLY__BODY_CHANGED;
	query->reply->changed = feed->changed;
	return TWINLOG_OK;
}
