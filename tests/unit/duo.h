/* Two nodes that talk: their messages, commits, chunks and checks carried out at once, in order. Everything comes from
 * small numbers, so equal calls do equal things. Header only; include after cmocka.h. */
#ifndef TWINLOG_TEST_DUO_H
#define TWINLOG_TEST_DUO_H

#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "erasures.h"
#include "node.h"
#include "record.pb-c.h"

#ifndef DUO_STEP_BEGIN /* around each call into a node: test_core_memory arms the memory there */
#define DUO_STEP_BEGIN
#define DUO_STEP_END
#endif

enum duo_kind { DUO_MESSAGE, DUO_SENT, DUO_CHECKED, DUO_COMMITTED };

struct duo_job {
	enum duo_kind kind;
	unsigned at;
	uint8_t *bytes;
	size_t size;
	struct event event;
	struct bundle **bundles;
	struct duo_job *next;
};

struct duo_bundle { /* persisted: a bundle or an act */
	uint64_t sequence;
	uint8_t *bytes;
	size_t size;
};

struct duo_position { /* likewise */
	struct hash space, city;
	uint64_t machine;
	uint8_t *bytes;
	size_t size;
};

struct duo_city {
	struct seal_keys *keys;
	uint8_t *card;
	size_t card_size;
	struct hash identity;
	struct node *node;
	struct effects effects;
	struct duo_bundle *bundles;
	size_t bundles_count;
	struct duo_position *positions;
	size_t positions_count;
	uint8_t *reply; /* the last */
	size_t reply_size;
	struct duo_bundle *acts; /* likewise */
	size_t acts_count;
	size_t sent, dropped; /* messages, links */
	bool linked;
	bool mute; /* what it would send is lost */
};

struct duo {
	struct duo_city cities[2];
	struct moment now;
	struct duo_job *first, *last;
	enum twinlog_error failed; /* of a step; nothing is done after it */
	uint8_t request;
	bool more; /* said of each request: another event follows */
	/* Sees each message that reaches a city, before the city does; NULL: nobody. */
	void (*watch)(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message);
	void *watching;       /* the watcher's */
	bool short_of_memory; /* a client or a partner was told so */
};

static inline void duo_add(struct duo *duo, struct duo_job job)
{
	struct duo_job *copy = malloc(sizeof *copy);
	assert_non_null(copy);
	*copy = job;
	copy->next = NULL;
	if (duo->last)
		duo->last->next = copy;
	else
		duo->first = copy;
	duo->last = copy;
}

static inline uint8_t *duo_copy(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}

static inline void duo_strip(struct duo_city *city, const struct persist *what)
{
	for (size_t b = 0; b < city->bundles_count; b++) {
		struct duo_bundle *bundle = &city->bundles[b];
		uint8_t *bytes;
		size_t size;
		if (bundle->sequence != what->sequence)
			continue;
		assert_int_equal(bundle_strip(bundle->bytes, bundle->size, what->leaf, &bytes, &size), TWINLOG_OK);
		free(bundle->bytes);
		bundle->bytes = bytes;
		bundle->size = size;
	}
}

/* The row with that key goes; another comes in its place, or none. */
static inline void duo_position(struct duo_city *city, const struct persist *what)
{
	size_t i = 0;
	while (i < city->positions_count &&
	       (city->positions[i].machine != what->machine || !hash_equal(&city->positions[i].city, &what->city) ||
		!hash_equal(&city->positions[i].space, &what->space)))
		i++;
	if (i < city->positions_count) {
		free(city->positions[i].bytes);
		city->positions[i] = city->positions[--city->positions_count];
	}
	if (what->kind != PERSIST_POSITION)
		return;
	city->positions = realloc(city->positions, (city->positions_count + 1) * sizeof *city->positions);
	assert_non_null(city->positions);
	city->positions[city->positions_count++] = (struct duo_position){what->space, what->city, what->machine,
									 duo_copy(what->bytes, what->size), what->size};
}

static inline void duo_keep(struct duo_bundle **items, size_t *count, const struct persist *what)
{
	*items = realloc(*items, (*count + 1) * sizeof(**items));
	assert_non_null(*items);
	(*items)[(*count)++] = (struct duo_bundle){what->sequence, duo_copy(what->bytes, what->size), what->size};
}

static inline void duo_persist(struct duo_city *city, const struct persist *what)
{
	if (what->kind == PERSIST_STRIP)
		duo_strip(city, what);
	if (what->kind == PERSIST_POSITION || what->kind == PERSIST_POSITION_GONE)
		duo_position(city, what);
	if (what->kind == PERSIST_BUNDLE)
		duo_keep(&city->bundles, &city->bundles_count, what);
	if (what->kind == PERSIST_ACT)
		duo_keep(&city->acts, &city->acts_count, what);
}

/* A chunk as the packer makes it, but for the compression. */
static inline void duo_chunk(struct duo *duo, unsigned at, const struct effect *effect)
{
	struct duo_city *city = &duo->cities[at];
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	ProtobufCBinaryData *items = calloc(effect->send_chunk.count + 1, sizeof *items);
	size_t content = 0, size;
	uint8_t *packed, *bytes;
	assert_non_null(items);
	for (size_t i = 0, b = 0; i < effect->send_chunk.count; i++) { /* both ascend */
		while (b < city->bundles_count && city->bundles[b].sequence < effect->send_chunk.sequences[i])
			b++;
		if (b == city->bundles_count || city->bundles[b].sequence != effect->send_chunk.sequences[i])
			continue;
		items[list.n_bundles++] = codec_bytes(city->bundles[b].bytes, city->bundles[b].size);
		content += city->bundles[b].size;
	}
	assert_int_equal(list.n_bundles, effect->send_chunk.count);
	list.bundles = items;
	assert_int_equal(codec_pack(&list.base, &packed, &size), TWINLOG_OK);
	free(items);
	chunk.space = codec_hash(&effect->send_chunk.space);
	chunk.city = codec_hash(&effect->send_chunk.city);
	chunk.stream = effect->send_chunk.stream;
	chunk.bundles = codec_bytes(packed, size);
	chunk.size = (uint32_t)size;
	chunk.last = effect->send_chunk.last;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	assert_int_equal(codec_pack(&message.base, &bytes, &size), TWINLOG_OK);
	free(packed);
	duo_add(duo, (struct duo_job){.kind = DUO_MESSAGE, .at = 1 - at, .bytes = bytes, .size = size});
	duo_add(duo, (struct duo_job){
			 .kind = DUO_SENT,
			 .at = at,
			 .event = {.type = EVENT_CHUNK_SENT,
				   .chunk_sent = {effect->send_chunk.link, effect->send_chunk.stream, size, content}}});
}

/* What the verifier does. */
static inline void duo_check(struct duo *duo, unsigned at, const struct effect *effect)
{
	struct arena *arena = arena_new(SIZE_MAX);
	Twinlog__BundleList *list;
	assert_non_null(arena);
	assert_int_equal(
	    CODEC_UNPACK(arena, effect->check.compressed, effect->check.compressed_size, &list, twinlog__bundle_list),
	    TWINLOG_OK);
	struct duo_job job = {
	    .kind = DUO_CHECKED, .at = at, .bundles = calloc(list->n_bundles + 1, sizeof(struct bundle *))};
	assert_non_null(job.bundles);
	job.event = (struct event){.type = EVENT_CHECKED, .checked = {.check = effect->check.check}};
	for (size_t i = 0; i < list->n_bundles && !job.event.checked.refused; i++) {
		job.event.checked.refused = bundle_open(list->bundles[i].data, list->bundles[i].len, effect->check.keys,
							effect->check.keys_count, &job.bundles[i]);
		job.event.checked.count += !job.event.checked.refused;
		job.event.checked.bytes += list->bundles[i].len;
	}
	duo_add(duo, job);
	arena_free(arena);
}

static inline void duo_told(struct duo *duo, const struct duo_city *city)
{
	struct arena *arena = arena_new(SIZE_MAX);
	Twinlog__Reply *reply;
	assert_non_null(arena);
	if (CODEC_UNPACK(arena, city->reply, city->reply_size, &reply, twinlog__reply) == TWINLOG_OK && reply->fault)
		duo->short_of_memory |= reply->fault->code == TWINLOG_NO_MEMORY;
	arena_free(arena);
}

static inline void duo_effects(struct duo *duo, unsigned at)
{
	struct duo_city *city = &duo->cities[at];
	uint64_t ticket = 0;
	for (size_t i = 0; i < city->effects.count; i++) {
		const struct effect *effect = &city->effects.items[i];
		switch (effect->type) {
		case EFFECT_PERSIST:
			ticket = effect->persist.ticket;
			duo_persist(city, &effect->persist.what);
			break;
		case EFFECT_SEND:
			city->sent++;
			if (city->mute || effect->send.link != 1) /* to somebody a test plays by hand */
				break;
			duo_add(duo, (struct duo_job){.kind = DUO_MESSAGE,
						      .at = 1 - at,
						      .bytes = duo_copy(effect->send.bytes, effect->send.size),
						      .size = effect->send.size});
			break;
		case EFFECT_SEND_CHUNK:
			duo_chunk(duo, at, effect);
			break;
		case EFFECT_CHECK:
			duo_check(duo, at, effect);
			break;
		case EFFECT_REPLY:
			free(city->reply);
			city->reply = duo_copy(effect->reply.bytes, effect->reply.size);
			city->reply_size = effect->reply.size;
			duo_told(duo, city);
			break;
		case EFFECT_DROP_LINK:
			city->dropped++;
			duo->short_of_memory |= effect->drop_link.why == TWINLOG_NO_MEMORY;
			break;
		default:
			break;
		}
	}
	if (ticket)
		duo_add(duo, (struct duo_job){.kind = DUO_COMMITTED,
					      .at = at,
					      .event = {.type = EVENT_COMMITTED, .committed = {ticket}}});
}

static inline void duo_step(struct duo *duo, unsigned at, struct event *event)
{
	if (duo->failed)
		return;
	duo->now.mono_ms += 1;
	duo->now.wall_ms += 1;
	event->now = duo->now;
	DUO_STEP_BEGIN;
	duo->failed = node_step(duo->cities[at].node, event, &duo->cities[at].effects);
	DUO_STEP_END;
	if (!duo->failed)
		duo_effects(duo, at);
}

static inline void duo_message(struct duo *duo, unsigned at, const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct event event = {.type = EVENT_MESSAGE, .message = {.link = 1, .size = size}};
	Twinlog__PeerMessage *decoded;
	assert_non_null(arena);
	assert_int_equal(CODEC_UNPACK(arena, bytes, size, &decoded, twinlog__peer_message), TWINLOG_OK);
	event.message.message = decoded;
	if (duo->watch)
		duo->watch(duo, at, decoded);
	duo_step(duo, at, &event);
	arena_free(arena);
}

static inline struct duo_job *duo_take(struct duo *duo)
{
	struct duo_job *job = duo->first;
	duo->first = job->next;
	duo->last = job->next ? duo->last : NULL;
	return job;
}

/* And frees it. */
static inline void duo_do(struct duo *duo, struct duo_job *job)
{
	if (job->kind == DUO_MESSAGE && duo->cities[job->at].linked)
		duo_message(duo, job->at, job->bytes, job->size);
	job->event.checked.bundles = job->kind == DUO_CHECKED ? job->bundles : job->event.checked.bundles;
	if (job->kind == DUO_CHECKED && duo->failed)
		for (size_t i = 0; i < job->event.checked.count; i++)
			bundle_free(job->bundles[i]);
	if (job->kind != DUO_MESSAGE)
		duo_step(duo, job->at, &job->event);
	free(job->bundles);
	free(job->bytes);
	free(job);
}

/* Until nothing is under way. */
static inline void duo_run(struct duo *duo)
{
	while (duo->first)
		duo_do(duo, duo_take(duo));
}

static inline void duo_time(struct duo *duo, uint64_t ms)
{
	duo->now.mono_ms += ms;
	duo->now.wall_ms += ms;
	for (unsigned at = 0; at < 2; at++)
		duo_step(duo, at, &(struct event){.type = EVENT_TIME});
	duo_run(duo);
}

static inline void duo_request(struct duo *duo, unsigned at, Twinlog__Request *request)
{
	request->id = 7;
	request->version = 1;
	duo_step(
	    duo, at,
	    &(struct event){.type = EVENT_REQUEST, .more = duo->more, .request = {.client = 1, .request = request}});
	duo_run(duo);
}

/* The last answer, in arena; NULL when there is none or a step failed. */
static inline const Twinlog__Reply *duo_reply(const struct duo *duo, unsigned at, struct arena *arena)
{
	Twinlog__Reply *reply = NULL;
	const struct duo_city *city = &duo->cities[at];
	if (duo->failed || !city->reply)
		return NULL;
	assert_int_equal(CODEC_UNPACK(arena, city->reply, city->reply_size, &reply, twinlog__reply), TWINLOG_OK);
	return reply;
}

static inline void duo_city_init(struct duo *duo, unsigned at)
{
	static const char *const ids[] = {"CN:lianyungang", "KR:mokpo"};
	struct duo_city *city = &duo->cities[at];
	uint8_t seed[SEAL_SEED_SIZE] = {(uint8_t)(at + 1)}, recovery_seed[SEAL_SEED_SIZE] = {(uint8_t)(at + 1), 1};
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	assert_int_equal(seal_keys_new(seed, 0, &city->keys), TWINLOG_OK);
	const struct seal_public *key = seal_keys_public(city->keys);
	const struct seal_public recovery = seal_recovery_public(recovery_seed);
	card.founding_key = codec_bytes(key->bytes, 32);
	card.city_key = codec_bytes(key->bytes, 32);
	card.recovery_key = codec_bytes(recovery.bytes, 32);
	card.transport_key = codec_bytes(seal_keys_transport_public(city->keys), 32);
	card.city_id = codec_string(ids[at]);
	card.serial = 1;
	city->identity = seal_identity(key, &recovery);
	assert_int_equal(card_seal(&card, city->keys, &city->card, &city->card_size), TWINLOG_OK);
	struct node_config config = {
	    .keys = city->keys, .signed_card = city->card, .signed_card_size = city->card_size, .machine = at + 1};
	config.seed[0] = (uint8_t)(at + 1);
	assert_int_equal(effects_init(&city->effects), TWINLOG_OK);
	DUO_STEP_BEGIN;
	if (!duo->failed)
		duo->failed = node_new(&config, &city->node);
	DUO_STEP_END;
}

static inline void duo_link(struct duo *duo)
{
	for (unsigned at = 0; at < 2; at++) {
		struct event event = {.type = EVENT_LINK_UP, .link_up = {.link = 1, .dialled = at == 0}};
		memcpy(event.link_up.transport_key, seal_keys_transport_public(duo->cities[1 - at].keys), 32);
		duo->cities[at].linked = true;
		duo_step(duo, at, &event);
	}
	duo_run(duo);
}

static inline void duo_unlink(struct duo *duo)
{
	for (unsigned at = 0; at < 2; at++) {
		duo->cities[at].linked = false;
		duo_step(duo, at, &(struct event){.type = EVENT_LINK_DOWN, .link_down = {.link = 1}});
	}
	duo_run(duo);
}

/* Both know each other's card and are linked. */
static inline void duo_init(struct duo *duo)
{
	memset(duo, 0, sizeof *duo);
	assert_int_equal(seal_init(), TWINLOG_OK);
	duo->now = (struct moment){1000000, UINT64_C(1700000000000)};
	for (unsigned at = 0; at < 2; at++)
		duo_city_init(duo, at);
	for (unsigned at = 0; at < 2 && !duo->failed; at++) {
		Twinlog__Request request = TWINLOG__REQUEST__INIT;
		Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
		add.signed_card = codec_bytes(duo->cities[1 - at].card, duo->cities[1 - at].card_size);
		request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
		request.peer_add = &add;
		duo_request(duo, at, &request);
	}
	if (!duo->failed)
		duo_link(duo);
}

static inline void duo_end(struct duo *duo)
{
	duo->failed = TWINLOG_FAILED; /* what is under way goes without being looked at */
	duo_run(duo);
	for (unsigned at = 0; at < 2; at++) {
		struct duo_city *city = &duo->cities[at];
		node_free(city->node);
		effects_free(&city->effects);
		seal_keys_free(city->keys);
		for (size_t i = 0; i < city->bundles_count; i++)
			free(city->bundles[i].bytes);
		for (size_t i = 0; i < city->acts_count; i++)
			free(city->acts[i].bytes);
		free(city->bundles);
		for (size_t i = 0; i < city->positions_count; i++)
			free(city->positions[i].bytes);
		free(city->positions);
		free(city->acts);
		free(city->card);
		free(city->reply);
	}
}

/* Its folder came out of a backup, made before it wrote or took in any bundle. Not while it is linked. */
static inline void duo_restore(struct duo *duo, unsigned at)
{
	struct duo_city *city = &duo->cities[at], *other = &duo->cities[1 - at];
	struct node_config config = {.keys = city->keys,
				     .signed_card = city->card,
				     .signed_card_size = city->card_size,
				     .machine = at + 3,
				     .restored = true};
	node_free(city->node);
	assert_int_equal(node_new(&config, &city->node), TWINLOG_OK);
	assert_int_equal(node_load_card(city->node, other->card, other->card_size, true, false, 0), TWINLOG_OK);
	for (size_t i = 0; i < city->acts_count; i++)
		assert_int_equal(
		    node_load_act(city->node, city->acts[i].sequence, city->acts[i].bytes, city->acts[i].size),
		    TWINLOG_OK);
	assert_int_equal(node_loaded(city->node), TWINLOG_OK);
}

/* The first founds a space with that city, whose card it has; again for one more. False when a step failed. */
static inline bool duo_offer_to(struct duo *duo, const struct hash *identity, uint32_t template, struct hash *ret_space)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceCreate create = TWINLOG__SPACE_CREATE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT, *members[] = {&member};
	const size_t before = node_spaces(duo->cities[0].node);
	const uint8_t id[16] = {1, (uint8_t)before};
	member.identity = codec_hash(identity);
	create.title = codec_string("Lianyungang and Mokpo");
	create.template_ = template;
	create.members = members;
	create.n_members = 1;
	create.request = codec_bytes(id, sizeof id);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CREATE;
	request.space_create = &create;
	duo_request(duo, 0, &request);
	duo_time(duo, 200);
	if (node_spaces(duo->cities[0].node) == before + 1)
		*ret_space = *acts_space(space_acts(node_space(duo->cities[0].node, before)));
	return !duo->failed;
}

/* With the second. */
static inline bool duo_offer(struct duo *duo, uint32_t template, struct hash *ret_space)
{
	return duo_offer_to(duo, &duo->cities[1].identity, template, ret_space);
}

/* The second accepts. */
static inline bool duo_accept(struct duo *duo, const struct hash *space)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceAnswer answer = TWINLOG__SPACE_ANSWER__INIT;
	answer.space = codec_hash(space);
	answer.accept = true;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_ANSWER;
	request.space_answer = &answer;
	duo_request(duo, 1, &request);
	duo_time(duo, 200);
	return !duo->failed;
}

/* Asks for an act of that kind; about the second city, but for ACT_LEAVE. head: of ACT_REMOVE, what counts; NULL: what
 * does by now. */
static inline void duo_change(struct duo *duo, unsigned at, const struct hash *space, uint32_t act,
			      const struct hash *head)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceChange change = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	ProtobufCBinaryData heads = codec_bytes(head ? head->bytes : NULL, HASH_SIZE);
	change.space = codec_hash(space);
	change.act = act;
	member.identity = codec_hash(&duo->cities[1].identity);
	if (act != TWINLOG__ACT_KIND__ACT_LEAVE)
		change.member = &member;
	change.heads = &heads;
	change.n_heads = head != NULL;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = &change;
	duo_request(duo, at, &request);
	duo_time(duo, 200);
}

static inline bool duo_found(struct duo *duo, struct hash *ret_space)
{
	return duo_offer(duo, TWINLOG__TEMPLATE__TEMPLATE_PAIR, ret_space) && duo_accept(duo, ret_space);
}

/* One new activity. */
static inline void duo_submit(struct duo *duo, unsigned at, const struct hash *space)
{
	Twinlog__Participant cities[2] = {TWINLOG__PARTICIPANT__INIT, TWINLOG__PARTICIPANT__INIT};
	Twinlog__Participant *city_list[] = {&cities[0], &cities[1]};
	ProtobufCBinaryData field = codec_string("tourism");
	Twinlog__Activity activity = TWINLOG__ACTIVITY__INIT;
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__SubmitOperation operation = TWINLOG__SUBMIT_OPERATION__INIT, *operations[] = {&operation};
	Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	const uint8_t id[16] = {1, 2, 3, 4, 5, 6, (uint8_t)(at + 1), ++duo->request}, token[16] = {duo->request};
	uint8_t *bytes;
	size_t size;
	cities[0].city_id = codec_string("CN:lianyungang");
	cities[1].city_id = codec_string("KR:mokpo");
	activity.cities = city_list;
	activity.n_cities = 2;
	activity.fields = &field;
	activity.n_fields = 1;
	activity.form = codec_string("delegation_visit");
	activity.start = codec_string("2018-11-15");
	body.office = codec_string("Foreign Affairs Office");
	body.token = codec_bytes(token, sizeof token);
	body.content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body.activity = &activity;
	assert_int_equal(codec_pack(&body.base, &bytes, &size), TWINLOG_OK);
	operation.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	operation.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	operation.body = codec_bytes(bytes, size);
	operation.request = codec_bytes(id, sizeof id);
	submit.space = codec_hash(space);
	submit.operations = operations;
	submit.n_operations = 1;
	request.body_case = TWINLOG__REQUEST__BODY_SUBMIT;
	request.submit = &submit;
	duo_request(duo, at, &request);
	free(bytes);
}

/* Whether both hold the same. */
static inline bool duo_alike(const struct duo *duo)
{
	struct hash acts[2], bundles[2];
	for (unsigned at = 0; at < 2; at++) {
		if (node_spaces(duo->cities[at].node) != 1)
			return false;
		space_digest(node_space(duo->cities[at].node, 0), &acts[at], &bundles[at]);
	}
	return hash_equal(&acts[0], &acts[1]) && hash_equal(&bundles[0], &bundles[1]);
}

#endif
