/* What belonging costs: a space of 1,000 members and as many acts as one may have. Microseconds for an act that is
 * added, early and late (its signature included, which is told apart), and nanoseconds to ask whether a city may speak,
 * as each bundle of a catch-up does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acts.h"

#define MEMBERS 1000u
#define ASKED   1000000u

static uint64_t now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench_acts: %s\n", what);
	exit(1);
}

struct town {
	struct seal_keys *keys;
	struct seal_public recovery;
	struct hash identity;
	char city_id[24];
};

static void towns_make(struct town *towns)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		uint8_t seed[SEAL_SEED_SIZE] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
		must(seal_keys_new(seed, 0, &towns[i].keys) == TWINLOG_OK, "keys");
		towns[i].recovery = seal_recovery_public(seed);
		towns[i].identity = seal_identity(seal_keys_public(towns[i].keys), &towns[i].recovery);
		(void)snprintf(towns[i].city_id, sizeof towns[i].city_id, "CN:town-%u", i);
	}
}

static struct acts *found(struct town *towns)
{
	static Twinlog__Member members[MEMBERS], *list[MEMBERS];
	static const uint8_t nonce[16] = {1};
	Twinlog__Act message = TWINLOG__ACT__INIT;
	ProtobufCBinaryData steward = codec_hash(&towns[0].identity);
	struct acts *acts;
	struct act *act;
	uint8_t *bytes;
	size_t size;

	for (uint32_t i = 0; i < MEMBERS; i++) {
		twinlog__member__init(&members[i]);
		members[i].founding_key = codec_bytes(seal_keys_public(towns[i].keys)->bytes, 32);
		members[i].recovery_key = codec_bytes(towns[i].recovery.bytes, 32);
		members[i].city_id = codec_string(towns[i].city_id);
		list[i] = &members[i];
	}
	message.signer = steward;
	message.number = 1;
	message.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	message.nonce = codec_bytes(nonce, sizeof nonce);
	message.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	message.title = codec_string("a thousand");
	message.members = list;
	message.n_members = MEMBERS;
	message.stewards = &steward;
	message.n_stewards = 1;
	must(act_seal(&message, towns[0].keys, &bytes, &size) == TWINLOG_OK, "seal");
	must(act_open(bytes, size, &act) == TWINLOG_OK, "open");
	must(acts_new(act, &acts) == TWINLOG_OK, "found");
	free(bytes);
	return acts;
}

/* Nanoseconds to add it. All members accept at once, then the steward works on. */
static uint64_t add(struct acts *acts, const struct town *signer, uint32_t kind)
{
	struct hash heads[TWINLOG_PARENTS_MAX];
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX];
	Twinlog__Act message = TWINLOG__ACT__INIT;
	struct act *act;
	uint8_t *bytes;
	size_t size;

	if (kind == TWINLOG__ACT_KIND__ACT_ACCEPT) {
		heads[0] = *acts_space(acts);
		message.n_parents = 1;
		message.number = 2;
	} else {
		message.n_parents = acts_heads_named(acts, &signer->identity, heads, &message.number);
		message.title = codec_string("another title");
	}
	for (size_t i = 0; i < message.n_parents; i++)
		parents[i] = codec_hash(&heads[i]);
	message.parents = parents;
	message.space = codec_hash(acts_space(acts));
	message.signer = codec_hash(&signer->identity);
	message.kind = kind;
	must(act_seal(&message, signer->keys, &bytes, &size) == TWINLOG_OK, "seal");
	must(act_open(bytes, size, &act) == TWINLOG_OK, "open");
	free(bytes);
	const uint64_t begun = now_ns();
	must(acts_add(acts, act) == TWINLOG_OK, "add");
	return now_ns() - begun;
}

static double signature_us(const struct town *town)
{
	uint8_t bytes[256] = {0}, signature[SEAL_SIGNATURE_SIZE];
	seal_sign(town->keys, "act", bytes, sizeof bytes, signature);
	const uint64_t begun = now_ns();
	for (int i = 0; i < 1000; i++)
		must(seal_verify(seal_keys_public(town->keys), "act", bytes, sizeof bytes, signature,
				 sizeof signature) == TWINLOG_OK,
		     "verify");
	return (double)(now_ns() - begun) / 1e6;
}

/* changing: each bundle names other act heads than the one before. */
static double asking_ns(const struct acts *acts, const struct town *towns, bool changing)
{
	const uint32_t asked = changing ? ASKED / 10 : ASKED;
	size_t heads_count;
	struct hash heads[TWINLOG_PARENTS_MAX];
	const struct hash *all = acts_heads(acts, &heads_count);
	bool may;
	heads_count = heads_count < TWINLOG_PARENTS_MAX ? heads_count : TWINLOG_PARENTS_MAX;
	memcpy(heads, all, heads_count * sizeof *heads);
	const uint64_t begun = now_ns();
	for (uint32_t i = 0; i < asked; i++) {
		if (changing)
			heads[0] = acts_at(acts, 1 + i % (acts_count(acts) - 1))->id;
		must(acts_may_speak(acts, &towns[changing ? 0 : i / 1000 % MEMBERS].identity, heads,
				    changing ? 1 : heads_count, 0, &may) == TWINLOG_OK,
		     "may speak");
	}
	return (double)(now_ns() - begun) / asked;
}

int main(void)
{
	static struct town towns[MEMBERS];
	uint64_t accepts_ns = 0, early_ns = 0, late_ns = 0;

	must(seal_init() == TWINLOG_OK, "libsodium");
	towns_make(towns);
	struct acts *acts = found(towns);
	for (uint32_t i = 1; i < MEMBERS; i++)
		accepts_ns += add(acts, &towns[i], TWINLOG__ACT_KIND__ACT_ACCEPT);
	while (acts_count(acts) < TWINLOG_SPACE_ACTS_MAX) {
		const size_t at = acts_count(acts);
		const uint64_t took_ns = add(acts, &towns[0], TWINLOG__ACT_KIND__ACT_RENAME);
		early_ns += at < 2000 ? took_ns : 0;
		late_ns += at >= TWINLOG_SPACE_ACTS_MAX - 1000 ? took_ns : 0;
	}
	printf("one signature checked     %8.1f us\n", signature_us(&towns[1]));
	printf("an acceptance added       %8.1f us (999 at once)\n", (double)accepts_ns / 1e3 / (MEMBERS - 1));
	printf("an act added, the 1,500th %8.1f us\n", (double)early_ns / 1e3 / (2000 - MEMBERS));
	printf("an act added, the last    %8.1f us (of %zu)\n", (double)late_ns / 1e6, acts_count(acts));
	printf("may a city speak          %8.1f ns (a run of bundles)\n", asking_ns(acts, towns, false));
	printf("may a city speak          %8.1f ns (other act heads each time)\n", asking_ns(acts, towns, true));
	acts_free(acts);
	for (uint32_t i = 0; i < MEMBERS; i++)
		seal_keys_free(towns[i].keys);
	return 0;
}
