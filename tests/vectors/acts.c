/* Acts: a pair, and a network in which all that can happen does; who belongs after that. */
#include "acts.h"
#include "vectors.h"

struct hash pair_space, pair_head;

enum { BY_KEY, BY_NEXT_KEY, BY_RECOVERY_KEY };

/* Names of acts and cities are lists with commas; a member may end in "/reader"; bundles are one byte, 32 times. */
struct spec {
	const char *name, *signer, *parents, *members, *stewards, *subject, *acts, *extends, *title;
	uint32_t kind, template;
	uint8_t key, bundles[2];
	bool new_key;
};

static struct made {
	const char *name;
	struct hash id;
	uint64_t number;
} made[64];
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
	const bool reader = size > 7 && memcmp(name + size - 7, "/reader", 7) == 0;
	const struct city *city = city_named(name, reader ? size - 7 : size);

	twinlog__member__init(member);
	member->founding_key = codec_bytes(seal_keys_public(city->keys[0])->bytes, 32);
	member->recovery_key = codec_bytes(city->recovery.bytes, 32);
	member->city_id = codec_string(city->city_id);
	member->reader = reader;
}

static void spec_put(const struct spec *spec, uint64_t number, uint64_t clock)
{
	fprintf(out, "act name=%s signer=%s key=%u kind=%u number=%u clock=%llu", spec->name, spec->signer, spec->key,
		spec->kind, (unsigned)number, (unsigned long long)clock);
	const struct {
		const char *name, *value;
	} lists[] = {{"parents", spec->parents}, {"members", spec->members}, {"stewards", spec->stewards},
		     {"subject", spec->subject}, {"acts", spec->acts},       {"extends", spec->extends}};
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
	if (spec->new_key)
		fprintf(out, " new_key=1");
}

static void act_sign(const struct city *signer, uint8_t key, const Twinlog__Act *act, uint8_t **ret_bytes,
		     size_t *ret_size)
{
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE];
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	size_t size;

	if (key != BY_RECOVERY_KEY) {
		MUST(act_seal(act, signer->keys[key], ret_bytes, ret_size) == TWINLOG_OK);
		return;
	}
	MUST(codec_pack(&act->base, &bytes, &size) == TWINLOG_OK);
	seal_recovery_sign(signer->recovery_seed, "act", bytes, size, signature);
	outer.act = codec_bytes(bytes, size);
	outer.signature = codec_bytes(signature, sizeof signature);
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
	struct hash parents[8], stewards[8], heads[8], bundles[2], subject;
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
	if (counts.n_acts + counts.n_bundles > 0)
		message.counts = &counts;
	if (spec->extends)
		message.extends = codec_hash(&act_named(spec->extends, strlen(spec->extends))->id);
	if (spec->new_key)
		message.new_key = codec_bytes(seal_keys_public(signer->keys[1])->bytes, 32);
	act_sign(signer, spec->key, &message, &bytes, &size);
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
	/* A change of key: what it names with the old key stands (n9, n11), what it does not know does not (n13 to n15). */
	{"n11", "xiamen", "n9", .members = "suwon", KIND(ADD)},
	{"n12", "xiamen", "n8", .acts = "n11", .bundles = {0x22}, .key = BY_RECOVERY_KEY, .new_key = true, KIND(CHANGE_KEY)},
	{"n13", "xiamen", "n8", .title = "with the old key", KIND(RENAME)},
	{"n14", "xiamen", "n13", .title = "with the old key again", KIND(RENAME)},
	{"n15", "xiamen", "n14", .title = "and once more", KIND(RENAME)},
	{"n16", "xiamen", "n12", .title = "with the new key", .key = BY_NEXT_KEY, KIND(RENAME)},
	{"n17", "klafir", "n16", .title = "by a reader", KIND(RENAME)},
	{"n18", "mokpo", "n16", .stewards = "klafir", KIND(APPOINT)}, /* a reader is no steward */
	{"n19", "mokpo", "n16", .subject = "jinan", .bundles = {0x33, 0x44}, .extends = "n8", KIND(REMOVE)},
	{"n20", "mokpo", "n19", .members = "busan", KIND(ADD)},
	{"n21", "busan", "n20", KIND(DECLINE)},
	{"n22", "mokpo", "n10,n21", .members = "jinan/reader", KIND(ADD)},
	{"n23", "jinan", "n22", KIND(ACCEPT)},
	{"n24", "mokpo", "n23", .subject = "xiamen", .bundles = {0x55}, KIND(REMOVE)}, /* a steward: no right */
	/* The same key once more retires the first one alone. */
	{"n25", "xiamen", "n11,n24", .key = BY_RECOVERY_KEY, .new_key = true, KIND(CHANGE_KEY)},
	/* A steward leaves, has no right any more, and is added again. */
	{"n26", "mokpo", "n25", KIND(LEAVE)},
	{"n27", "mokpo", "n26", .title = "by one who left", KIND(RENAME)},
	{"n28", "xiamen", "n27", .members = "mokpo", .key = BY_NEXT_KEY, KIND(ADD)},
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

/* What becomes of a bundle of that city, with these act heads, signed with that key. */
static void cutoff_put(const struct acts *acts, const char *name, const char *list, uint8_t key)
{
	const struct city *city = city_named(name, strlen(name));
	const struct hash *heads;
	struct hash named[8];
	size_t count;
	bool may;
	const size_t named_count = acts_of(list, named);

	MUST(acts_may_speak(acts, &city->identity, named, named_count, &may) == TWINLOG_OK);
	fprintf(out, "bundle_of city=%s acts=%s key=%u may_speak=%d", name, list, key, may);
	if (acts_cuts_off(acts, &city->identity, named, named_count, seal_keys_public(city->keys[key]), &heads, &count))
		put("counts_below", heads, count * sizeof *heads);
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
		       {"dalian", "n6", 0}, {"mokpo", "n25", 0}, {"mokpo", "n26", 0}};
	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
		cutoff_put(acts, bundles[i].city, bundles[i].acts, bundles[i].key);
	acts_free(acts);
}
