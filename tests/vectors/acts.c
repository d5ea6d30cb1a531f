/* Acts: a pair, and a network in which all that can happen does; who belongs after that. */
#include "acts.h"
#include "card.h"
#include "vectors.h"

struct hash pair_space, pair_head;

enum { BY_KEY, BY_NEXT_KEY, BY_RECOVERY_KEY };

/* Names of acts and cities are lists with commas; a member may end in "/reader", or in "/next" when its card shows its
 * next key; bundles and erasures are one byte, 32 times. second: a city whose key is the second key that comes with the
 * new one; by_second: one whose key signs as well. */
struct spec {
	const char *name, *signer, *parents, *members, *stewards, *subject, *acts, *extends, *title, *second,
	    *by_second;
	uint32_t kind, template;
	uint8_t key, bundles[2], erasure;
	bool new_key;
};

static struct made {
	const char *name;
	struct hash id;
	uint64_t number;
} made[128];
static size_t made_count;

static const struct made *act_named(const char *name, size_t size)
{
	for (size_t i = 0; i < made_count; i++)
		if (strlen(made[i].name) == size && memcmp(made[i].name, name, size) == 0)
			return &made[i];
	fprintf(stderr, "no act %.*s\n", (int)size, name);
	exit(1);
}

/* The next name of a list; NULL at its end. */
static const char *list_next(const char **list, size_t *ret_size)
{
	const char *at = *list;

	if (!at || *at == '\0')
		return NULL;
	*ret_size = strcspn(at, ",");
	*list = at + *ret_size + (at[*ret_size] == ',');
	return at;
}

static size_t acts_of(const char *list, struct hash *ids)
{
	size_t count = 0, size;

	for (const char *at; (at = list_next(&list, &size));)
		ids[count++] = act_named(at, size)->id;
	return hash_sort(ids, count);
}

static size_t cities_of(const char *list, struct hash *ids)
{
	size_t count = 0, size;

	for (const char *at; (at = list_next(&list, &size));)
		ids[count++] = city_named(at, size)->identity;
	return hash_sort(ids, count);
}

static void member_fill(const char *name, size_t size, Twinlog__Member *member)
{
	static uint8_t grants[8][SEAL_SIGNATURE_SIZE];
	static size_t granted;
	const bool reader = size > 7 && memcmp(name + size - 7, "/reader", 7) == 0;
	const bool next = size > 5 && memcmp(name + size - 5, "/next", 5) == 0;
	const struct city *city = city_named(name, size - (reader ? 7 : 0) - (next ? 5 : 0));

	twinlog__member__init(member);
	member->founding_key = codec_bytes(seal_keys_public(city->keys[0])->bytes, 32);
	member->recovery_key = codec_bytes(city->recovery.bytes, 32);
	member->city_id = codec_string(city->city_id);
	member->reader = reader;
	if (!next)
		return;
	uint8_t *grant = grants[granted++ % 8];
	member->city_key = codec_bytes(seal_keys_public(city->keys[1])->bytes, 32);
	card_grant(city->recovery_seed, &city->identity, seal_keys_public(city->keys[1]), NULL, grant);
	member->key_grant = codec_bytes(grant, SEAL_SIGNATURE_SIZE);
}

static void spec_put(const struct spec *spec, uint64_t number, uint64_t clock)
{
	fprintf(out, "act name=%s signer=%s key=%u kind=%u number=%u clock=%llu", spec->name, spec->signer, spec->key,
		spec->kind, (unsigned)number, (unsigned long long)clock);
	const struct {
		const char *name, *value;
	} lists[] = {{"parents", spec->parents}, {"members", spec->members},    {"stewards", spec->stewards},
		     {"subject", spec->subject}, {"acts", spec->acts},          {"extends", spec->extends},
		     {"second", spec->second},   {"by_second", spec->by_second}};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (lists[i].value)
			fprintf(out, " %s=%s", lists[i].name, lists[i].value);
	if (spec->title)
		put("title", spec->title, strlen(spec->title));
	if (spec->template)
		fprintf(out, " template=%u", spec->template);
	if (spec->bundles[0])
		fprintf(out, " bundles=%u", spec->bundles[0]);
	if (spec->bundles[1])
		fprintf(out, ",%u", spec->bundles[1]);
	if (spec->erasure)
		fprintf(out, " erasures=%u", spec->erasure);
	if (spec->new_key)
		fprintf(out, " new_key=1");
}

static void act_sign(const struct city *signer, const struct spec *spec, const Twinlog__Act *act, uint8_t **ret_bytes,
		     size_t *ret_size)
{
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE], second[SEAL_SIGNATURE_SIZE];
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	size_t size;

	if (spec->key != BY_RECOVERY_KEY && !spec->by_second) {
		MUST(act_seal(act, signer->keys[spec->key], ret_bytes, ret_size) == TWINLOG_OK);
		return;
	}
	MUST(codec_pack(&act->base, &bytes, &size) == TWINLOG_OK);
	if (spec->key == BY_RECOVERY_KEY)
		seal_recovery_sign(signer->recovery_seed, "act", bytes, size, signature);
	else
		seal_sign(signer->keys[spec->key], "act", bytes, size, signature);
	outer.act = codec_bytes(bytes, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	if (spec->by_second) {
		uint8_t *over = malloc(size + sizeof signature);

		MUST(over);
		memcpy(over, bytes, size);
		memcpy(over + size, signature, sizeof signature);
		seal_sign(city_named(spec->by_second, strlen(spec->by_second))->keys[0], "act-second", over,
			  size + sizeof signature, second);
		free(over);
		outer.second = codec_bytes(second, sizeof second);
	}
	MUST(codec_pack(&outer.base, ret_bytes, ret_size) == TWINLOG_OK);
	free(bytes);
}

static void act_put(struct acts **acts, const struct spec *spec)
{
	static const uint8_t nonce[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct arena *arena = arena_new(1u << 20);
	const struct city *signer = city_named(spec->signer, strlen(spec->signer));
	Twinlog__Act message = TWINLOG__ACT__INIT;
	Twinlog__Member members[8], *list[8];
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	struct hash parents[8], stewards[8], heads[8], bundles[2], subject, erasure;
	const char *names = spec->parents;
	size_t size;
	uint64_t number = 1;
	uint8_t *bytes;
	struct act *act;

	for (const char *at; (at = list_next(&names, &size));)
		number = act_named(at, size)->number + 1 > number ? act_named(at, size)->number + 1 : number;
	message.signer = codec_hash(&signer->identity);
	message.number = number;
	message.clock_ms = 1764000000000 + 1000 * made_count;
	message.kind = spec->kind;
	message.n_parents = acts_of(spec->parents, parents);
	message.parents = codec_hash_list(arena, parents, message.n_parents);
	message.n_stewards = cities_of(spec->stewards, stewards);
	message.stewards = codec_hash_list(arena, stewards, message.n_stewards);
	names = spec->members;
	for (const char *at; (at = list_next(&names, &size)); message.n_members++) {
		list[message.n_members] = &members[message.n_members];
		member_fill(at, size, &members[message.n_members]);
	}
	message.members = list;
	if (spec->kind == TWINLOG__ACT_KIND__ACT_FOUND)
		message.nonce = codec_bytes(nonce, sizeof nonce);
	else
		message.space = codec_hash(acts_space(*acts));
	message.template_ = spec->template;
	if (spec->title)
		message.title = codec_string(spec->title);
	if (cities_of(spec->subject, &subject))
		message.subject = codec_hash(&subject);
	for (size_t i = 0; i < 2 && spec->bundles[i]; i++, counts.n_bundles++)
		memset(bundles[i].bytes, spec->bundles[i], HASH_SIZE);
	counts.bundles = codec_hash_list(arena, bundles, counts.n_bundles);
	counts.n_acts = acts_of(spec->acts, heads);
	counts.acts = codec_hash_list(arena, heads, counts.n_acts);
	memset(erasure.bytes, spec->erasure, HASH_SIZE);
	counts.erasures = codec_hash_list(arena, &erasure, 1);
	counts.n_erasures = spec->erasure ? 1 : 0;
	if (counts.n_acts + counts.n_bundles + counts.n_erasures > 0)
		message.counts = &counts;
	if (spec->extends)
		message.extends = codec_hash(&act_named(spec->extends, strlen(spec->extends))->id);
	if (spec->new_key)
		message.new_key = codec_bytes(seal_keys_public(signer->keys[1])->bytes, 32);
	if (spec->second)
		message.second_key =
		    codec_bytes(seal_keys_public(city_named(spec->second, strlen(spec->second))->keys[0])->bytes, 32);
	act_sign(signer, spec, &message, &bytes, &size);
	MUST(act_open(bytes, size, &act) == TWINLOG_OK);
	spec_put(spec, number, message.clock_ms);
	put("bytes", bytes, size);
	put("id", act->id.bytes, HASH_SIZE);
	fprintf(out, "\n");
	MUST(made_count < sizeof made / sizeof *made);
	made[made_count++] = (struct made){spec->name, act->id, number};
	MUST((*acts ? acts_add(*acts, act) : acts_new(act, acts)) == TWINLOG_OK);
	free(bytes);
	arena_free(arena);
}

#define KIND(NAME) .kind = TWINLOG__ACT_KIND__ACT_##NAME

/* clang-format off */
static const struct spec pair[] = {
	{"p0", "mokpo", .members = "mokpo,xiamen", .stewards = "mokpo", .title = "木浦와 厦门", KIND(FOUND), .template = 1},
	{"p1", "xiamen", "p0", KIND(ACCEPT)},
	{"p2", "mokpo", "p1", .members = "busan", KIND(ADD)}, /* nobody is added to a pair */
};

static const struct spec network[] = {
	{"n0", "mokpo", .members = "mokpo,xiamen,klafir/reader", .stewards = "mokpo", .title = "Network", KIND(FOUND), .template = 2},
	{"n1", "xiamen", "n0", KIND(ACCEPT)},
	{"n2", "klafir", "n0", KIND(ACCEPT)},
	{"n3", "mokpo", "n1,n2", .members = "jinan", KIND(ADD)},
	{"n4", "jinan", "n3", KIND(ACCEPT)},
	{"n5", "mokpo", "n4", .stewards = "xiamen", KIND(APPOINT)},
	/* Two stewards at once claim one city id. */
	{"n6", "mokpo", "n5", .members = "dalian", KIND(ADD)},
	{"n7", "xiamen", "n5", .members = "other", KIND(ADD)},
	/* A removal, and one who adds again at once with it; the removed city leaves at once too. */
	{"n8", "mokpo", "n6,n7", .subject = "jinan", .bundles = {0x11}, KIND(REMOVE)},
	{"n9", "xiamen", "n6,n7", .members = "jinan", KIND(ADD)},
	{"n10", "jinan", "n7", KIND(LEAVE)},
	/* A change of key: what it names with the old key stands (n9, n11), whatever else it knew does not (n13 to n15, and
	   n30 below, which it knew). */
	{"n11", "xiamen", "n9", .members = "suwon", KIND(ADD)},
	{"n30", "xiamen", "n8", .title = "with the old key, before", KIND(RENAME)},
	{"n12", "xiamen", "n8,n30", .acts = "n1,n7,n9,n11", .bundles = {0x22}, .erasure = 0x99, .key = BY_RECOVERY_KEY, .new_key = true, KIND(CHANGE_KEY)},
	{"n13", "xiamen", "n8", .title = "with the old key", KIND(RENAME)},
	{"n14", "xiamen", "n13", .title = "with the old key again", KIND(RENAME)},
	{"n15", "xiamen", "n14", .title = "and once more", KIND(RENAME)},
	{"n16", "xiamen", "n12", .title = "with the new key", .key = BY_NEXT_KEY, KIND(RENAME)},
	{"n18", "mokpo", "n16", .stewards = "klafir", KIND(APPOINT)}, /* a reader is no steward */
	{"n19", "mokpo", "n16", .subject = "jinan", .bundles = {0x33, 0x44}, .extends = "n8", KIND(REMOVE)},
	{"n20", "mokpo", "n19", .members = "busan", KIND(ADD)},
	{"n21", "busan", "n20", KIND(DECLINE)},
	{"n22", "mokpo", "n10,n21", .members = "jinan/reader", KIND(ADD)},
	{"n23", "jinan", "n22", KIND(ACCEPT)},
	{"n24", "mokpo", "n23", .subject = "xiamen", .bundles = {0x55}, KIND(REMOVE)}, /* a steward: no right */
	/* The same key once more retires the first one alone, and asks for what it names anew: a title that n12 shut out is
	   not let in, an addition that n12 let in goes. */
	{"n25", "xiamen", "n11,n24", .acts = "n1,n7,n9,n13", .bundles = {0x66}, .key = BY_RECOVERY_KEY, .new_key = true, KIND(CHANGE_KEY)},
	/* A steward leaves, has no right any more, and is added again: invited, then a member, and no steward until appointed. */
	{"n26", "mokpo", "n25", KIND(LEAVE)},
	{"n27", "mokpo", "n26", .title = "by one who left", KIND(RENAME)},
	{"n28", "xiamen", "n27", .members = "mokpo", .key = BY_NEXT_KEY, KIND(ADD)},
	{"n29", "mokpo", "n27", KIND(ACCEPT)}, /* of what it left */
};

/* Coming back, and what happens at once. */
static const struct spec returns[] = {
	{"r0", "mokpo", .members = "mokpo,xiamen,jinan/next,busan", .stewards = "mokpo", .title = "Returns", KIND(FOUND), .template = 2},
	{"r1", "xiamen", "r0", KIND(ACCEPT)},
	{"r2", "jinan", "r0", .key = BY_NEXT_KEY, KIND(ACCEPT)}, /* with the key of its card */
	{"r3", "busan", "r0", KIND(DECLINE)},
	{"r4", "busan", "r3", KIND(ACCEPT)},  /* thought better of it */
	{"r5", "busan", "r3", KIND(DECLINE)}, /* and another of its machines did not */
	{"r6", "jinan", "r2", .key = BY_NEXT_KEY, KIND(LEAVE)},
	{"r8", "mokpo", "r6", .members = "jinan", KIND(ADD)},
	{"r9", "jinan", "r8", .key = BY_NEXT_KEY, KIND(ACCEPT)},
	{"r10", "mokpo", "r9", .stewards = "jinan", KIND(APPOINT)},
	{"r11", "mokpo", "r9", .subject = "jinan", .bundles = {0x77}, KIND(REMOVE)}, /* at once: it is no steward any more */
	{"r12", "mokpo", "r10,r11", .members = "jinan/reader", KIND(ADD)},
	{"r13", "jinan", "r12", KIND(ACCEPT)},
	{"r14", "mokpo", "r13", .members = "jinan", KIND(ADD)},
	{"r15", "jinan", "r14", KIND(ACCEPT)}, /* a reader becomes a member */
	{"r16", "mokpo", "r15", .subject = "dalian", .bundles = {0x11}, KIND(REMOVE)}, /* of one never added, */
	{"r17", "mokpo", "r15", .members = "dalian", KIND(ADD)},                        /* added at once */
	{"r18", "dalian", "r17", KIND(ACCEPT)},
	/* Two sign what xiamen does from now on. */
	{"r19", "xiamen", "r1,r4,r5", .acts = "r1", .second = "klafir", .key = BY_RECOVERY_KEY, .new_key = true, KIND(CHANGE_KEY)},
	{"r20", "mokpo", "r18,r19", .stewards = "xiamen", KIND(APPOINT)},
	{"r21", "xiamen", "r20", .title = "signed by two", .key = BY_NEXT_KEY, .by_second = "klafir", KIND(RENAME)},
	{"r22", "xiamen", "r20", KIND(LEAVE), .key = BY_NEXT_KEY, .by_second = "klafir"},
};

/* Who speaks in statements.c. */
static const struct spec council[] = {
	{"s0", "mokpo", .members = "mokpo,xiamen,jinan,busan,klafir/reader", .stewards = "mokpo", .title = "Council", KIND(FOUND), .template = 2},
	{"s1", "xiamen", "s0", KIND(ACCEPT)},
	{"s2", "jinan", "s1", KIND(ACCEPT)},
	{"s3", "klafir", "s2", KIND(ACCEPT)},
	{"s4", "jinan", "s3", KIND(LEAVE)},
};
/* clang-format on */

static void states_put(const struct acts *acts, const char *space)
{
	static const char *const standings[] = {"invited", "member", "declined", "left", "removed"};
	size_t count;
	const struct member *members = acts_members(acts, &count);

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "standing of=%s", space);
		put("identity", members[i].identity.bytes, HASH_SIZE);
		fprintf(out, " standing=%s reader=%d steward=%d ever=%d\n", standings[members[i].standing],
			members[i].standing == STANDING_REMOVED ? 0 : members[i].reader, members[i].steward,
			members[i].ever_member);
	}
	const ProtobufCBinaryData title = acts_title(acts);
	fprintf(out, "title of=%s", space);
	put("title", title.data, title.len);
	fprintf(out, "\n");
}

static void heads_put(const struct acts *acts, const char *space)
{
	size_t count;
	const struct hash *heads = acts_heads(acts, &count);
	const struct hash digest = seal_hash1("acts", heads, count * sizeof *heads);

	fprintf(out, "acts_digest of=%s", space);
	put("digest", digest.bytes, HASH_SIZE);
	fprintf(out, "\n");
	if (strcmp(space, "pair") == 0)
		pair_head = heads[0];
}

/* What becomes of a bundle of that city, with these act heads, signed with that key: the cut-offs it has to pass, each
 * with its heads. */
static void cutoff_put(const struct acts *acts, const char *name, const char *list, uint8_t key)
{
	const struct city *city = city_named(name, strlen(name));
	struct hash named[8];
	bool may = false;
	const size_t named_count = acts_of(list, named);
	const size_t number = acts_key_number(acts, &city->identity, seal_keys_public(city->keys[key]));
	const enum twinlog_error error = acts_may_speak(acts, &city->identity, named, named_count, number, &may);

	fprintf(out, "bundle_of city=%s acts=%s key=%u verdict=%s may_speak=%d cutoffs=", name, list, key,
		error_name(error), may);
	MUST(error == TWINLOG_OK || error == TWINLOG_BAD_SIGNATURE);
	for (size_t i = 0; i < acts_cutoffs(acts, &city->identity); i++) {
		const size_t cutoff = acts_cutoff(acts, &city->identity, i);
		size_t count;
		if (!acts_cutoff_applies(acts, cutoff, named, named_count, number))
			continue;
		const struct hash *heads = acts_cutoff_heads(acts, cutoff, &count);
		for (size_t m = 0; m < made_count; m++)
			if (hash_equal(&made[m].id, &acts_at(acts, cutoff)->id))
				fprintf(out, "%s:", made[m].name);
		for (size_t h = 0; h < count; h++)
			fprintf(out, "%02x", heads[h].bytes[0]);
		fprintf(out, ",");
	}
	fprintf(out, "\n");
}

/* Which acts one who is no member any more may be told. */
static void told_put(struct acts *acts, const char *name, const char *space)
{
	const struct city *city = city_named(name, strlen(name));

	MUST(acts_tell_undone(acts, &city->identity) == TWINLOG_OK);
	fprintf(out, "told of=%s city=%s acts=", space, name);
	for (size_t i = 0; i < acts_count(acts); i++)
		for (size_t m = 0; m < made_count; m++)
			if (hash_equal(&made[m].id, &acts_at(acts, i)->id) &&
			    acts_may_be_told(acts, &city->identity, i))
				fprintf(out, "%s,", made[m].name);
	fprintf(out, "\n");
}

/* ---- Refused. ---- */

enum act_fault { ACT_TITLE, ACT_PARENTS, ACT_NONE, ACT_NUMBER, ACT_KIND, ACT_UNKNOWN, ACT_SOUND };

static void act_refused_put(const char *what, enum act_fault fault, enum twinlog_error wanted)
{
	struct raw raw = {.size = 0}, act = {.size = 0};
	const struct hash *first = &made[0].id, *second = &made[1].id;
	const struct city *signer = city_named("xiamen", 6);
	const bool turned = (hash_compare(first, second) < 0) == (fault == ACT_PARENTS);
	struct act *opened = NULL;

	raw_hash(&act, 1, &pair_space);
	raw_hash(&act, 2, &signer->identity);
	for (int i = 0; i < 2 && fault != ACT_NONE; i++)
		raw_hash(&act, 3, (i == 0) == turned ? second : first);
	raw_number(&act, 4, fault == ACT_NUMBER ? 1 : 3);
	raw_number(&act, 5, 1764000000000);
	raw_number(&act, 6, fault == ACT_KIND ? 10 : TWINLOG__ACT_KIND__ACT_LEAVE);
	if (fault == ACT_TITLE)
		raw_text(&act, 12, "hidden");
	if (fault == ACT_UNKNOWN)
		raw_number(&act, 20, 1);
	raw_signed(&raw, &act, signer->keys[0], "act");
	const enum twinlog_error error = act_open(raw.bytes, raw.size, &opened);
	MUST(error == wanted);
	put_refused("act", what, error, raw.bytes, raw.size);
	act_free(error ? NULL : opened);
}

static struct acts *scenario(const char *space, const struct spec *specs, size_t count)
{
	struct acts *acts = NULL;

	for (size_t i = 0; i < count; i++)
		act_put(&acts, &specs[i]);
	states_put(acts, space);
	heads_put(acts, space);
	return acts;
}

struct acts *acts_council(void)
{
	return scenario("statements", council, sizeof council / sizeof *council);
}

void acts_put(void)
{
	struct acts *acts = scenario("pair", pair, sizeof pair / sizeof *pair);

	pair_space = *acts_space(acts);
	act_refused_put("sound", ACT_SOUND, TWINLOG_OK);
	act_refused_put("field-of-another-kind", ACT_TITLE, TWINLOG_MALFORMED);
	act_refused_put("parents-unsorted", ACT_PARENTS, TWINLOG_NOT_STRICT);
	act_refused_put("no-parents", ACT_NONE, TWINLOG_MALFORMED);
	act_refused_put("number", ACT_NUMBER, TWINLOG_MALFORMED);
	act_refused_put("kind", ACT_KIND, TWINLOG_MALFORMED);
	act_refused_put("unknown-field", ACT_UNKNOWN, TWINLOG_NOT_STRICT);
	acts_free(acts);
	acts = scenario("network", network, sizeof network / sizeof *network);
	static const struct {
		const char *city, *acts;
		uint8_t key;
	} bundles[] = {{"jinan", "n4", 0},  {"jinan", "n3", 0},  {"jinan", "n8", 0},   {"jinan", "n23", 0},
		       {"klafir", "n5", 0}, {"xiamen", "n5", 0}, {"xiamen", "n16", 0}, {"xiamen", "n16", 1},
		       {"xiamen", "n5", 1}, {"dalian", "n6", 0}, {"mokpo", "n25", 0},  {"mokpo", "n26", 0}};
	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
		cutoff_put(acts, bundles[i].city, bundles[i].acts, bundles[i].key);
	told_put(acts, "mokpo", "network");
	told_put(acts, "other", "network");
	told_put(acts, "busan", "network");
	acts_free(acts);
	acts = scenario("returns", returns, sizeof returns / sizeof *returns);
	cutoff_put(acts, "jinan", "r2", 0);
	cutoff_put(acts, "jinan", "r2", 1);
	cutoff_put(acts, "jinan", "r9", 1);
	cutoff_put(acts, "jinan", "r13", 0);
	cutoff_put(acts, "jinan", "r15", 1);
	cutoff_put(acts, "xiamen", "r1", 0);
	cutoff_put(acts, "xiamen", "r1", 1);
	told_put(acts, "busan", "returns");
	told_put(acts, "dalian", "returns");
	told_put(acts, "xiamen", "returns");
	acts_free(acts);
}
