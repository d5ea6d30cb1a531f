/* The second city of a duo says what it likes, and what the first says to it is looked at and never arrives. Header
 * only; include after duo.h. */
#ifndef TWINLOG_TEST_TOLD_H
#define TWINLOG_TEST_TOLD_H

static inline struct hash draw(unsigned number)
{
	return seal_hash1("draw", &number, sizeof number);
}

/* The second says it to the first, whose answers are left where they are: see told. */
static inline void say(struct duo *duo, Twinlog__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	assert_int_equal(codec_pack(&message->base, &bytes, &size), TWINLOG_OK);
	duo_message(duo, 0, bytes, size);
	free(bytes);
	assert_int_equal(duo->failed, TWINLOG_OK);
}

static const struct hash nowhere = {{3}}; /* no bundle has that id */

/* Heads of acts that are not here, and of its own bundles; NULL: of none. */
static inline void say_heads(struct duo *duo, const struct hash *space, bool acts, const struct hash *bundle)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Heads heads = TWINLOG__HEADS__INIT;
	Twinlog__CityHeadsOf city = TWINLOG__CITY_HEADS_OF__INIT, *cities[] = {&city};
	const struct hash act = draw(2);
	ProtobufCBinaryData act_list[] = {codec_hash(&act)}, bundle_list[] = {codec_bytes(bundle, HASH_SIZE)};

	city.city = codec_hash(&duo->cities[1].identity);
	city.heads = bundle_list;
	city.n_heads = 1;
	heads.space = codec_hash(space);
	heads.acts = act_list;
	heads.n_acts = acts;
	heads.cities = cities;
	heads.n_cities = bundle != NULL;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_HEADS;
	message.heads = &heads;
	say(duo, &message);
}

struct told {
	size_t messages, wants_acts, wants_bundles;
	size_t have;     /* ids in the last Want */
	uint32_t stream; /* of it */
	struct hash ids[TWINLOG_PARENTS_MAX];
};

/* What the first has said since: it never arrives. */
static inline struct told told(struct duo *duo)
{
	struct told told = {0};
	struct duo_job **place = &duo->first;

	duo->last = NULL;
	while (*place) {
		struct duo_job *job = *place;
		struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
		Twinlog__PeerMessage *message;

		assert_non_null(arena);
		if (job->kind != DUO_MESSAGE || job->at != 1) {
			duo->last = job;
			place = &job->next;
			arena_free(arena);
			continue;
		}
		assert_int_equal(CODEC_UNPACK(arena, job->bytes, job->size, &message, twinlog__peer_message),
				 TWINLOG_OK);
		told.messages++;
		if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_WANT) {
			told.wants_acts += message->want->city.len == 0;
			told.wants_bundles += message->want->city.len > 0;
			told.have = message->want->n_have;
			told.stream = message->want->stream;
			for (size_t i = 0; i < told.have && i < TWINLOG_PARENTS_MAX; i++)
				assert_int_equal(codec_get_hash(message->want->have[i], &told.ids[i]), TWINLOG_OK);
		}
		arena_free(arena);
		*place = job->next;
		free(job->bytes);
		free(job);
	}
	return told;
}

/* The second does not hear: only time goes by at the first. */
static inline struct told later(struct duo *duo, uint64_t ms)
{
	duo->now.mono_ms += ms;
	duo->now.wall_ms += ms;
	duo_step(duo, 0, &(struct event){.type = EVENT_TIME});
	return told(duo);
}

/* The second says so many acts that are new and say nothing, as one part of the answer on that stream. */
static inline void say_accepts(struct duo *duo, const struct hash *space, uint32_t stream, unsigned count)
{
	const struct acts *acts = space_acts(node_space_find(duo->cities[0].node, space));
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts answer = TWINLOG__ACTS__INIT;
	ProtobufCBinaryData *bytes = calloc(count, sizeof *bytes), parent;
	struct hash heads[TWINLOG_PARENTS_MAX];
	uint64_t number;

	assert_non_null(bytes);
	assert_int_equal(acts_heads_named(acts, &duo->cities[1].identity, heads, &number), 1);
	for (unsigned i = 0; i < count; i++) {
		Twinlog__Act act = TWINLOG__ACT__INIT;
		struct act *made;

		parent = codec_hash(&heads[0]);
		act.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
		act.space = codec_hash(space);
		act.signer = codec_hash(&duo->cities[1].identity);
		act.parents = &parent;
		act.n_parents = 1;
		act.number = number++;
		act.clock_ms = duo->now.wall_ms;
		assert_int_equal(act_seal(&act, duo->cities[1].keys, &bytes[i].data, &bytes[i].len), TWINLOG_OK);
		assert_int_equal(act_open(bytes[i].data, bytes[i].len, &made), TWINLOG_OK);
		heads[0] = made->id;
		act_free(made);
	}
	answer.space = codec_hash(space);
	answer.acts = bytes;
	answer.n_acts = count;
	answer.stream = stream;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &answer;
	say(duo, &message);
	for (unsigned i = 0; i < count; i++)
		free(bytes[i].data);
	free(bytes);
}

#endif
