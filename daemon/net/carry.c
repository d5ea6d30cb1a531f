#include "carry.h"

#include <stdlib.h>
#include <string.h>

#include "carry.pb-c.h"
#include "loop.h"

#define PAGE_BYTES (640u * 1024) /* with one more bundle still within a message */
#define PAGE_PARTS 4096u

enum phase { PHASE_HEAD, PHASE_ACTS, PHASE_BUNDLES, PHASE_ERASURES, PHASE_POSITIONS, PHASE_END };

struct page {
	const struct node *node;
	const struct seal_keys *keys;
	struct store_read *read;
	const struct scope *scope; /* of whoever asks */
	struct arena *arena;
	struct hash only; /* a proof of this space alone */
	bool has_only;
	struct hash to; /* of a courier */
	bool courier, all;
	Twinlog__CarryPage *message;
	Twinlog__CarryPlace next;
	size_t bytes;
};

/* ---- Which spaces. ---- */

static bool space_is_in(const struct page *page, const struct space *space)
{
	if (!scope_has(page->scope, acts_space(space_acts(space))))
		return false;
	if (page->courier)
		return space_carry_right(space, &page->to) != CARRY_NOTHING;
	return (!page->has_only || hash_equal(acts_space(space_acts(space)), &page->only)) &&
	       space_carry_right(space, node_identity(page->node)) == CARRY_ALL;
}

static bool space_is_whole(const struct page *page, const struct space *space)
{
	return space_is_in(page, space) &&
	       (!page->courier || (space_carry_right(space, &page->to) == CARRY_ALL &&
				   space_carry_right(space, node_identity(page->node)) == CARRY_ALL));
}

/* ---- Parts. ---- */

static bool is_full(const struct page *page)
{
	return page->bytes >= PAGE_BYTES || page->message->n_parts >= PAGE_PARTS;
}

static enum twinlog_error part_add(struct page *page, const Twinlog__CarriedPart *part)
{
	uint8_t *bytes;
	size_t size;
	const enum twinlog_error error = codec_pack_arena(page->arena, &part->base, &bytes, &size);
	if (error)
		return TWINLOG_NO_MEMORY;
	page->message->parts[page->message->n_parts++] = codec_bytes(bytes, size);
	page->bytes += size + 8;
	return TWINLOG_OK;
}

static enum twinlog_error bytes_add(struct page *page, Twinlog__CarriedPart__BodyCase kind, const void *bytes,
				    size_t size)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	part.body_case = kind;
	part.card = codec_bytes(bytes, size); /* all of these are one field of bytes */
	return part_add(page, &part);
}

/* ---- Head and cards. ---- */

static enum twinlog_error spaces_tell(const struct page *page, Twinlog__CarriedHead *head)
{
	const size_t count = node_spaces(page->node);
	struct hash *digests = arena_alloc(page->arena, (3 * count + 1) * sizeof *digests);
	Twinlog__CarriedSpace *list = arena_alloc(page->arena, (count + 1) * sizeof *list);
	head->spaces = arena_alloc(page->arena, (count + 1) * sizeof *head->spaces);
	if (!digests || !list || !head->spaces)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct space *space = node_space(page->node, i);
		struct hash *digest = &digests[3 * i];
		Twinlog__CarriedSpace *told = &list[head->n_spaces];
		if (!space_is_in(page, space))
			continue;
		space_digest(space, &digest[0], &digest[1]);
		digest[2] = *erasures_digest(space_erasures(space));
		twinlog__carried_space__init(told);
		told->space = codec_hash(acts_space(space_acts(space)));
		told->acts = codec_hash(&digest[0]);
		told->bundles = codec_hash(&digest[1]);
		if (!hash_is_zero(&digest[2]))
			told->erasures = codec_hash(&digest[2]);
		head->spaces[head->n_spaces++] = told;
	}
	return TWINLOG_OK;
}

static enum twinlog_error head_add(struct page *page)
{
	Twinlog__CarriedHead head = TWINLOG__CARRIED_HEAD__INIT;
	Twinlog__SignedCarriedHead outer = TWINLOG__SIGNED_CARRIED_HEAD__INIT;
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE];
	size_t size;
	head.magic = codec_string("twinlog");
	head.version = 1;
	head.kind = page->courier ? TWINLOG__CARRIED_KIND__CARRIED_COURIER : TWINLOG__CARRIED_KIND__CARRIED_PROOF;
	head.from = codec_hash(node_identity(page->node));
	if (page->courier)
		head.to = codec_hash(&page->to);
	head.time_ms = moment_now().wall_ms;
	if (!page->courier && spaces_tell(page, &head))
		return TWINLOG_NO_MEMORY;
	if (codec_pack_arena(page->arena, &head.base, &bytes, &size))
		return TWINLOG_NO_MEMORY;
	if (size > SEAL_MESSAGE_MAX)
		return TWINLOG_TOO_LARGE;
	seal_sign(page->keys, "carry", bytes, size, signature);
	outer.head = codec_bytes(bytes, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	part.body_case = TWINLOG__CARRIED_PART__BODY_HEAD;
	part.head = &outer;
	return part_add(page, &part);
}

static bool is_member_somewhere(const struct page *page, const struct hash *identity)
{
	for (size_t i = 0; i < node_spaces(page->node); i++) {
		const struct space *space = node_space(page->node, i);
		if (space_is_in(page, space) && acts_member(space_acts(space), identity))
			return true;
	}
	return false;
}

static enum twinlog_error cards_add(struct page *page)
{
	size_t size;
	const uint8_t *own = node_signed_card(page->node, &size);
	enum twinlog_error error = bytes_add(page, TWINLOG__CARRIED_PART__BODY_CARD, own, size);
	for (size_t i = 0; i < node_peers(page->node) && !error && !page->courier; i++) {
		const struct peer_view peer = node_peer(page->node, i);
		if (is_member_somewhere(page, &peer.identity))
			error =
			    bytes_add(page, TWINLOG__CARRIED_PART__BODY_CARD, peer.signed_card, peer.signed_card_size);
	}
	return error;
}

/* ---- Lists: acts, erasures, positions of the spaces that may be known of, one after the other; at counts through
 * them. ---- */

typedef const uint8_t *(*item_of)(const struct page *page, const struct space *space, size_t index, size_t *ret_size,
				  bool *ret_wanted);

static const uint8_t *act_item(const struct page *page, const struct space *space, size_t index, size_t *ret_size,
			       bool *ret_wanted)
{
	if (index >= acts_count(space_acts(space)))
		return NULL;
	const struct act *act = acts_at(space_acts(space), index);
	*ret_wanted = space_is_in(page, space) && (!page->courier || space_act_is_for(space, index, &page->to));
	*ret_size = act->size;
	return act->bytes;
}

static const uint8_t *erasure_item(const struct page *page, const struct space *space, size_t index, size_t *ret_size,
				   bool *ret_wanted)
{
	const struct erasures *erasures = space_erasures(space);
	if (index >= erasures_committed(erasures))
		return NULL;
	/* What its positions confirm it has applied. */
	const size_t held = page->courier && !page->all ? space_erasures_at(page->node, space, &page->to) : 0;
	*ret_wanted = space_is_whole(page, space) && index >= held;
	*ret_size = erasures_at(erasures, index)->size;
	return erasures_at(erasures, index)->bytes;
}

static const uint8_t *position_item(const struct page *page, const struct space *space, size_t index, size_t *ret_size,
				    bool *ret_wanted)
{
	*ret_wanted = space_is_whole(page, space);
	return space_position(space, index, ret_size);
}

/* True when the list has come to its end. */
static enum twinlog_error list_add(struct page *page, Twinlog__CarriedPart__BodyCase kind, item_of item, bool *ret_end)
{
	uint64_t at = 0;
	for (size_t s = 0; s < node_spaces(page->node); s++) {
		const struct space *space = node_space(page->node, s);
		size_t size = 0;
		bool wanted = false;
		const uint8_t *bytes;
		if (!scope_has(page->scope, acts_space(space_acts(space))))
			continue;
		for (size_t i = 0; (bytes = item(page, space, i, &size, &wanted)); i++, at++) {
			if (at < page->next.at || !wanted)
				continue;
			if (is_full(page)) {
				page->next.at = at;
				*ret_end = false;
				return TWINLOG_OK;
			}
			const enum twinlog_error error = bytes_add(page, kind, bytes, size);
			if (error)
				return error;
		}
	}
	*ret_end = true;
	return TWINLOG_OK;
}

/* ---- Bundles, of one space after the other; at: the sequence number of the last one told, of that space. ---- */

static enum twinlog_error bundles_of(struct page *page, const struct space *space, uint64_t after, uint64_t *ret_last,
				     bool *ret_end)
{
	uint64_t *sequences;
	size_t count;
	const struct hash *to = page->courier && !page->all ? &page->to : NULL;
	enum twinlog_error error = space_carry(space, to, after, page->next.upto, &sequences, &count);
	if (error)
		return error;
	*ret_end = true;
	for (size_t i = 0; i < count && !error; i++) {
		const uint8_t *bytes;
		size_t size;
		if (is_full(page)) {
			*ret_end = false;
			break;
		}
		error = store_get_bundle(page->read, sequences[i], &bytes, &size);
		if (!error)
			error = bytes_add(page, TWINLOG__CARRIED_PART__BODY_BUNDLE, bytes, size);
		*ret_last = sequences[i];
	}
	free(sequences);
	return error;
}

#define SPACE_SHIFT 44 /* at = number of the space among those that may be known of, then a sequence number */

static enum twinlog_error bundles_add(struct page *page, bool *ret_end)
{
	const uint64_t first = page->next.at >> SPACE_SHIFT;
	uint64_t after = page->next.at & ((UINT64_C(1) << SPACE_SHIFT) - 1), number = UINT64_MAX;
	*ret_end = true;
	for (size_t s = 0; s < node_spaces(page->node) && *ret_end; s++) {
		const struct space *space = node_space(page->node, s);
		if (!scope_has(page->scope, acts_space(space_acts(space))) || ++number < first)
			continue;
		after = number == first ? after : 0;
		if (!space_is_whole(page, space))
			continue;
		const enum twinlog_error error = bundles_of(page, space, after, &after, ret_end);
		if (error)
			return error;
		if (!*ret_end)
			page->next.at = number << SPACE_SHIFT | after;
	}
	return TWINLOG_OK;
}

/* ---- One page. ---- */

static enum twinlog_error phase_add(struct page *page, bool *ret_end)
{
	enum twinlog_error error;
	*ret_end = true;
	switch (page->next.phase) {
	case PHASE_HEAD:
		error = head_add(page);
		return error ? error : cards_add(page);
	case PHASE_ACTS:
		return list_add(page, TWINLOG__CARRIED_PART__BODY_ACT, act_item, ret_end);
	case PHASE_BUNDLES:
		return bundles_add(page, ret_end);
	case PHASE_ERASURES:
		return list_add(page, TWINLOG__CARRIED_PART__BODY_ERASURE, erasure_item, ret_end);
	case PHASE_POSITIONS:
		return list_add(page, TWINLOG__CARRIED_PART__BODY_POSITION, position_item, ret_end);
	default:
		return TWINLOG_INVALID;
	}
}

/* False while acts are on their way to the disk. */
static bool count_all(const struct page *page, uint64_t *ret_acts, uint64_t *ret_erasures)
{
	bool durable = true;
	*ret_acts = *ret_erasures = 0;
	for (size_t i = 0; i < node_spaces(page->node); i++) {
		const struct space *space = node_space(page->node, i);
		if (!space_is_in(page, space))
			continue;
		*ret_acts += acts_count(space_acts(space));
		durable = durable && space_acts_durable(space);
		*ret_erasures += erasures_count(space_erasures(space));
	}
	return durable;
}

static enum twinlog_error place_take(struct page *page, const Twinlog__CarryPlace *place)
{
	uint64_t acts, erasures;
	if (!count_all(page, &acts, &erasures))
		return TWINLOG_STALE;
	twinlog__carry_place__init(&page->next);
	if (!place) {
		page->next.upto = node_commit(page->node);
		page->next.acts = acts;
		page->next.erasures = erasures;
		return TWINLOG_OK;
	}
	page->next.phase = place->phase;
	page->next.at = place->at;
	page->next.upto = place->upto;
	page->next.acts = place->acts;
	page->next.erasures = place->erasures;
	/* Later pages must fit the first one: bundles that came since are left out, the others cannot be. */
	return acts == place->acts && erasures == place->erasures ? TWINLOG_OK : TWINLOG_STALE;
}

static enum twinlog_error target_take(struct page *page, const Twinlog__CarryGet *get)
{
	page->has_only = get->space.len > 0;
	page->courier = get->to.len > 0;
	page->all = get->all;
	if ((page->has_only && codec_get_hash(get->space, &page->only)) ||
	    (page->courier && codec_get_hash(get->to, &page->to)))
		return TWINLOG_INVALID;
	for (size_t i = 0; i < node_spaces(page->node); i++)
		if (space_is_in(page, node_space(page->node, i)))
			return TWINLOG_OK;
	return page->courier ? TWINLOG_NOT_A_MEMBER : TWINLOG_NOT_FOUND;
}

enum twinlog_error carry_answer(const struct node *node, const struct seal_keys *keys, struct store_read *read,
				const struct scope *scope, const Twinlog__CarryGet *get, struct arena *arena,
				Twinlog__Reply *reply)
{
	struct page page = {.node = node, .keys = keys, .read = read, .scope = scope, .arena = arena};
	bool end = true;
	page.message = arena_zalloc(arena, sizeof *page.message);
	if (!page.message)
		return TWINLOG_NO_MEMORY;
	twinlog__carry_page__init(page.message);
	/* A phase may begin on a page that is nearly full. */
	page.message->parts = arena_alloc(arena, (PAGE_PARTS + TWINLOG_PEERS_MAX + 2) * sizeof *page.message->parts);
	enum twinlog_error error = page.message->parts ? target_take(&page, get) : TWINLOG_NO_MEMORY;
	if (!error)
		error = place_take(&page, get->place);
	while (!error && end && page.next.phase < PHASE_END) {
		error = phase_add(&page, &end);
		if (!error && end) {
			page.next.phase++;
			page.next.at = 0;
		}
	}
	if (error)
		return error;
	page.message->last = page.next.phase == PHASE_END;
	Twinlog__CarryPlace *next = arena_copy(arena, &page.next, sizeof page.next);
	if (!next)
		return TWINLOG_NO_MEMORY;
	page.message->next = next;
	reply->body_case = TWINLOG__REPLY__BODY_CARRY_PAGE;
	reply->commit = node_commit(node);
	reply->carry_page = page.message;
	return TWINLOG_OK;
}
