#include "cursor.h"

#include <string.h>

/* Bytes: version, query 8, number 8, then size and bytes of each text, then the handle; numbers big-endian. */
#define CURSOR_VERSION  3u
#define CURSOR_SIZE_MAX (1 + 8 + 8 + PLACE_TEXTS * (1 + BY_NAME_KEY_MAX) + HANDLE_SIZE)
_Static_assert(CURSOR_SIZE_MAX <= TWINLOG_CURSOR_MAX, "clients keep it");

static void put_u64(uint8_t *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static int text_compare(const struct place_text *a, const struct place_text *b)
{
	const uint8_t shorter = a->size < b->size ? a->size : b->size;
	const int difference = shorter ? memcmp(a->bytes, b->bytes, shorter) : 0;

	return difference ? difference : (a->size > b->size) - (a->size < b->size);
}

enum twinlog_error order_init(const struct query *query, const Twinlog__List *list, struct order *ret_order)
{
	static const Twinlog__Filter everything = TWINLOG__FILTER__INIT;
	const Twinlog__Filter *filter = list->filter ? list->filter : &everything;
	const uint8_t how[] = {(uint8_t)list->sort, list->descending};
	const bool cities = list->sort == TWINLOG__SORT__SORT_CITY;
	struct hash hash;
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error;

	if (list->sort > TWINLOG__SORT__SORT_CITY)
		return query_fault(query, TWINLOG_INVALID, "sort", codec_bytes(NULL, 0));
	error = codec_pack_arena(query->arena, &filter->base, &bytes, &size);
	if (error)
		return error;
	/* A cursor of one language says nothing in another. */
	hash = seal_hash(
	    "cursor",
	    (struct seal_part[]){{how, sizeof how}, {list->lang.data, cities ? list->lang.len : 0}, {bytes, size}}, 3);
	*ret_order = (struct order){.sort = list->sort, .descending = list->descending, .query = hash_word(&hash)};
	return cities ? by_name_new(query, list->lang, &ret_order->names) : TWINLOG_OK;
}

void order_free(struct order *order)
{
	by_name_free(order->names);
	order->names = NULL;
}

/* The two of its cities whose names come first, by their keys. */
static void take_cities(const struct order *order, const struct view_space *view, const struct facts *facts,
			struct place_key *key)
{
	for (size_t i = 0; i < facts->named_count; i++) {
		const struct by_name_key *name = by_name_key(order->names, view, facts->ids[i]);
		struct place_text text = {.bytes = name->bytes, .size = name->size};
		const bool first = i == 0 || text_compare(&text, &key->texts[0]) < 0;

		if (first || i == 1 || text_compare(&text, &key->texts[1]) < 0) {
			key->texts[1] = first ? key->texts[0] : text;
			key->texts[0] = first ? text : key->texts[0];
		}
	}
}

struct place_key order_key(const struct order *order, const struct view_space *view, uint32_t row)
{
	/* Without a look at the facts, which are elsewhere. */
	if (order->sort == TWINLOG__SORT__SORT_DATE)
		return (struct place_key){.number = view->day[row]};
	return order_key_of(order, view, row,
			    view->facts[row] == FACTS_NONE ? NULL
							   : statements_facts_at(view->statements, view->facts[row]));
}

struct place_key order_key_of(const struct order *order, const struct view_space *view, uint32_t row,
			      const struct facts *facts)
{
	struct place_key key = {0};

	switch (order->sort) {
	case TWINLOG__SORT__SORT_CHANGED:
		key.number = (int64_t)(statements_record(view->statements, row)->changed_ms & INT64_MAX);
		break;
	case TWINLOG__SORT__SORT_CITY:
		/* Who names none comes last, whatever the direction. */
		key.number = facts && facts->named_count > 0 ? 0 : 1;
		if (facts)
			take_cities(order, view, facts, &key);
		break;
	default:
		key.number = facts && facts->start.precision != EDTF_NONE ? facts->start.first : VIEW_UNDATED;
		break;
	}
	return key;
}

const struct ranking *order_ranking(const struct order *order, const struct view_space *view)
{
	switch (order->sort) {
	case TWINLOG__SORT__SORT_CHANGED:
		return &view->by_change;
	case TWINLOG__SORT__SORT_DATE:
		return &view->by_date;
	default:
		return NULL;
	}
}

/* Who has no date or names no city comes last, whatever the direction. */
static bool is_last(const struct order *order, const struct place_key *key)
{
	if (order->sort == TWINLOG__SORT__SORT_CITY)
		return key->number != 0;
	return order->sort == TWINLOG__SORT__SORT_DATE && key->number == VIEW_UNDATED;
}

bool order_tells(const struct order *order, const struct place_key *a, const struct place_key *b)
{
	const bool a_last = is_last(order, a), b_last = is_last(order, b);

	if (a_last || b_last)
		return b_last && !a_last;
	return order->descending ? a->number > b->number : a->number < b->number;
}

int order_compare(const struct order *order, const struct place_key *a, const struct place_key *b)
{
	const bool a_last = is_last(order, a), b_last = is_last(order, b);
	int difference = (a->number > b->number) - (a->number < b->number);

	if (a_last != b_last)
		return a_last ? 1 : -1;
	for (size_t i = 0; difference == 0 && order->sort == TWINLOG__SORT__SORT_CITY && i < PLACE_TEXTS; i++)
		difference = text_compare(&a->texts[i], &b->texts[i]);
	if (difference == 0)
		difference = memcmp(a->handle.bytes, b->handle.bytes, HANDLE_SIZE);
	return order->descending ? -difference : difference;
}

enum twinlog_error cursor_write(const struct query *query, const struct order *order, const struct place_key *key,
				ProtobufCBinaryData *ret_cursor)
{
	uint8_t *bytes = arena_alloc(query->arena, CURSOR_SIZE_MAX);
	size_t at = 0;

	if (!bytes)
		return QUERY_FULL;
	bytes[at++] = CURSOR_VERSION;
	put_u64(bytes + at, order->query);
	put_u64(bytes + at + 8, (uint64_t)key->number);
	at += 16;
	for (size_t i = 0; i < PLACE_TEXTS; i++) {
		bytes[at++] = key->texts[i].size;
		if (key->texts[i].size > 0)
			memcpy(bytes + at, key->texts[i].bytes, key->texts[i].size);
		at += key->texts[i].size;
	}
	memcpy(bytes + at, key->handle.bytes, HANDLE_SIZE);
	*ret_cursor = codec_bytes(bytes, at + HANDLE_SIZE);
	return TWINLOG_OK;
}

enum twinlog_error cursor_read(const struct order *order, ProtobufCBinaryData cursor, struct place_key *ret_key)
{
	const uint8_t *at = cursor.data, *end = cursor.data + cursor.len;
	struct place_key key = {0};

	if (cursor.len < 17 || cursor.len > CURSOR_SIZE_MAX || at[0] != CURSOR_VERSION ||
	    get_u64(at + 1) != order->query)
		return TWINLOG_BAD_CURSOR;
	key.number = (int64_t)get_u64(at + 9);
	at += 17;
	for (size_t i = 0; i < PLACE_TEXTS; i++) {
		if (at == end || *at > BY_NAME_KEY_MAX || *at > end - at - 1)
			return TWINLOG_BAD_CURSOR;
		key.texts[i].size = *at++;
		key.texts[i].bytes = (const char *)at;
		at += key.texts[i].size;
	}
	if (end - at != HANDLE_SIZE)
		return TWINLOG_BAD_CURSOR;
	memcpy(key.handle.bytes, at, HANDLE_SIZE);
	*ret_key = key;
	return TWINLOG_OK;
}
