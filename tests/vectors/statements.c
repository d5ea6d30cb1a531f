/* What follows from the statements: current words, parties, standings, states, differences, leads. */
#include "acts.h"
#include "bundle.h"
#include "record_state.h"
#include "vectors.h"

#define OP(NAME) TWINLOG__OPERATION__OPERATION_##NAME

/* One word. A record is a row of them that ends with a name of NULL; names are lists with commas. */
struct said {
	const char *name, *city;
	uint32_t operation, version;
	const char *replaces, *answers, *cities, *observers, *start, *end, *status, *form;
	uint64_t total;
	bool report, unsound, erased;
};
#define PAIR .cities = "CN:xiamen,KR:mokpo"

/* clang-format off */
static const struct said agreed[] = {
	{"a1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018-11-15", .status = "held"},
	{"a2", "xiamen", OP(STATEMENT), 1, .answers = "a1", PAIR, .start = "2018-11", .total = 20}, {0}};
static const struct said differing[] = {
	{"b1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "1993-07-01", .total = 10},
	{"b2", "xiamen", OP(STATEMENT), 1, .answers = "b1", PAIR, .start = "1992-11-01", .form = "fair", .total = 11}, {0}};
static const struct said not_updated[] = {
	{"c1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018", .status = "planned"},
	{"c2", "xiamen", OP(STATEMENT), 1, PAIR, .start = "2018~"}, {0}};
static const struct said confirmed[] = {
	{"d1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"d2", "xiamen", OP(CONFIRMATION), 1, .answers = "d1"}, {0}};
static const struct said confirmed_before[] = {
	{"e1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"e2", "xiamen", OP(CONFIRMATION), 1, .answers = "e1"},
	{"e3", "mokpo", OP(STATEMENT), 2, .replaces = "e1", PAIR, .start = "2020"}, {0}};
static const struct said crossed[] = {
	{"f1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"f2", "xiamen", OP(STATEMENT), 1, PAIR, .start = "2020"},
	{"f3", "mokpo", OP(CONFIRMATION), 2, .replaces = "f1", .answers = "f2"},
	{"f4", "xiamen", OP(CONFIRMATION), 2, .replaces = "f2", .answers = "f1"}, {0}};
static const struct said denied[] = {
	{"g1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"g2", "xiamen", OP(DENIAL), 1, .answers = "g1"}, {0}};
static const struct said withdrawn[] = {
	{"h1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"h2", "mokpo", OP(WITHDRAWAL), 2, .replaces = "h1"}, {0}};
static const struct said alone[] = {
	{"i1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"i2", "klafir", OP(STATEMENT), 1, PAIR, .start = "2019"}, {0}};
static const struct said reported[] = {
	{"j1", "klafir", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"j2", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2019", .report = true}, {0}};
static const struct said invited_is_none[] = {
	{"k1", "mokpo", OP(STATEMENT), 1, .cities = "KR:busan,KR:mokpo", .start = "2018"}, {0}};
static const struct said observed[] = {
	{"l1", "mokpo", OP(STATEMENT), 1, PAIR, .observers = "CN:jinan", .start = "2018"},
	{"l2", "xiamen", OP(CONFIRMATION), 1, .answers = "l1"},
	{"l3", "jinan", OP(STATEMENT), 1, PAIR, .start = "2011"}, {0}};
static const struct said answered_earlier[] = {
	{"m1", "mokpo", OP(STATEMENT), 1, .cities = "CN:jinan,KR:mokpo", .start = "2018"},
	{"m2", "jinan", OP(DENIAL), 1, .answers = "m1"},
	{"m3", "mokpo", OP(STATEMENT), 2, .replaces = "m1", PAIR, .start = "2018"}, {0}};
static const struct said conflict[] = {
	{"n1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"n2", "mokpo", OP(STATEMENT), 2, .replaces = "n1", PAIR, .start = "2019"},
	{"n3", "mokpo", OP(STATEMENT), 2, .replaces = "n1", PAIR, .start = "2020"},
	{"n4", "xiamen", OP(STATEMENT), 1, PAIR, .start = "2020"}, {0}};
static const struct said two_alike[] = {
	{"o1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"o2", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"}, {0}};
static const struct said unsound[] = {
	{"p1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"p2", "xiamen", OP(STATEMENT), 1, PAIR, .start = "2018", .unsound = true}, {0}};
static const struct said erased[] = {
	{"q1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018", .erased = true},
	{"q2", "xiamen", OP(CONFIRMATION), 1, .answers = "q1"}, {0}};
static const struct said confirms_nothing[] = {
	{"r1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"r2", "xiamen", OP(CONFIRMATION), 1, .answers = NULL}, {0}};
static const struct said three[] = {
	{"t1", "xiamen", OP(STATEMENT), 1, .cities = "CN:jinan,CN:xiamen,KR:mokpo", .start = "2018", .end = "2019"},
	{"t2", "mokpo", OP(STATEMENT), 1, .cities = "CN:jinan,CN:xiamen,KR:mokpo", .start = "2018-05"},
	{"t3", "jinan", OP(STATEMENT), 1, .cities = "CN:jinan,CN:xiamen,KR:mokpo", .start = "2018~"}, {0}};
static const struct said other_cities[] = {
	{"u1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"u2", "xiamen", OP(STATEMENT), 1, .answers = "u1", .cities = "CN:xiamen,JP:nagasaki,KR:mokpo", .start = "2018"}, {0}};
/* A reader is no party, though it be named and answer. */
static const struct said read_only[] = {
	{"v1", "mokpo", OP(STATEMENT), 1, .cities = "CN:xiamen,KR:@klafir,KR:mokpo", .start = "2018"},
	{"v2", "klafir", OP(DENIAL), 1, .answers = "v1"},
	{"v3", "xiamen", OP(CONFIRMATION), 1, .answers = "v1"}, {0}};
/* One that no version names is no party by answering. */
static const struct said answers_unnamed[] = {
	{"w1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"w2", "jinan", OP(DENIAL), 1, .answers = "w1"}, {0}};
/* Nor one that only reports. */
static const struct said reports_earlier[] = {
	{"x1", "mokpo", OP(STATEMENT), 1, .cities = "CN:jinan,KR:mokpo", .start = "2018"},
	{"x2", "jinan", OP(STATEMENT), 1, .answers = "x1", .cities = "CN:jinan,KR:mokpo", .start = "2018", .report = true},
	{"x3", "mokpo", OP(STATEMENT), 2, .replaces = "x1", PAIR, .start = "2018"}, {0}};
/* Said again with the same body: the confirmation of the first still holds. */
static const struct said said_again[] = {
	{"y1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"},
	{"y2", "xiamen", OP(CONFIRMATION), 1, .answers = "y1"},
	{"y3", "mokpo", OP(STATEMENT), 2, .replaces = "y1", PAIR, .start = "2018"}, {0}};
static const struct said confirms_void[] = {
	{"z1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018", .unsound = true},
	{"z2", "xiamen", OP(CONFIRMATION), 1, .answers = "z1"}, {0}};
static const struct said erased_twin[] = {
	{"A1", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018", .erased = true},
	{"A2", "mokpo", OP(STATEMENT), 1, PAIR, .start = "2018"}, {0}};
/* clang-format on */

static const struct said *const records[] = {
    agreed,        differing,        not_updated, confirmed,       confirmed_before, crossed,
    denied,        withdrawn,        alone,       reported,        invited_is_none,  observed,
    conflict,      answered_earlier, two_alike,   unsound,         erased,           confirms_nothing,
    three,         other_cities,     read_only,   answers_unnamed, reports_earlier,  said_again,
    confirms_void, erased_twin,
};

static struct {
	const char *name;
	struct hash leaf;
} words[128];
static size_t words_count;

static const struct hash *word_named(const char *name, size_t size)
{
	for (size_t i = 0; i < words_count; i++)
		if (strlen(words[i].name) == size && memcmp(words[i].name, name, size) == 0)
			return &words[i].leaf;
	fprintf(stderr, "no word %.*s\n", (int)size, name);
	exit(1);
}

static void cities_raw(struct raw *activity, const char *list, const char *role)
{
	while (list && *list) {
		const size_t size = strcspn(list, ",");
		struct raw city = {.size = 0};

		raw_bytes(&city, 1, list, size);
		if (role)
			raw_text(&city, 2, role);
		raw_bytes(activity, 1, city.bytes, city.size);
		list += size + (list[size] == ',');
	}
}

static void body_raw(const struct said *said, struct raw *body)
{
	struct raw activity = {.size = 0}, total = {.size = 0}, count = {.size = 0};

	body->size = 0;
	if (said->operation != OP(STATEMENT))
		return;
	cities_raw(&activity, said->cities, NULL);
	cities_raw(&activity, said->observers, "observer");
	raw_text(&activity, 3, "culture_arts");
	raw_text(&activity, 4, said->form ? said->form : "exhibition");
	if (said->status)
		raw_text(&activity, 6, said->status);
	raw_text(&activity, 8, said->unsound ? "2018-13" : said->start);
	if (said->end)
		raw_text(&activity, 9, said->end);
	if (said->total) {
		raw_number(&total, 1, said->total);
		raw_bytes(&count, 1, total.bytes, total.size);
		raw_bytes(&activity, 12, count.bytes, count.size);
	}
	raw_bytes(body, 10, activity.bytes, activity.size);
}

static void envelope_raw(const struct said *said, const struct hash *opener, const struct hash *city, uint8_t number,
			 struct raw *envelope)
{
	uint8_t name[HANDLE_SIZE];

	memset(name, number, sizeof name);
	envelope->size = 0;
	raw_number(envelope, 1, said->operation);
	raw_number(envelope, 2, TWINLOG__RECORD_KIND__RECORD_ACTIVITY);
	if (!hash_equal(opener, city))
		raw_hash(envelope, 3, opener);
	raw_bytes(envelope, 4, name, sizeof name);
	raw_number(envelope, 5, said->version);
	if (said->replaces)
		raw_hash(envelope, 6, word_named(said->replaces, strlen(said->replaces)));
	if (said->answers)
		raw_hash(envelope, 7, word_named(said->answers, strlen(said->answers)));
	for (const char *list = said->cities; list && *list;) {
		const size_t size = strcspn(list, ",");

		raw_bytes(envelope, 8, list, size);
		list += size + (list[size] == ',');
	}
	if (said->report)
		raw_number(envelope, 9, 1);
}

static void said_put(struct statements *statements, const struct acts *acts, const struct said *said,
		     const struct hash *opener, uint8_t number, uint64_t sequence)
{
	const struct city *city = city_named(said->city, strlen(said->city));
	struct leaf_draft leaf = {.envelope_size = 0};
	struct raw envelope, body;
	size_t heads_count, size;
	const struct hash *heads = acts_heads(acts, &heads_count);
	struct bundle_draft draft = {.space = *acts_space(acts),
				     .city = city->identity,
				     .number = 1,
				     .acts = heads,
				     .acts_count = heads_count,
				     .clock_ms = 1764000000000 + sequence,
				     .leaves = &leaf,
				     .leaves_count = 1};
	struct bundle *bundle;
	uint8_t *bytes;

	envelope_raw(said, opener, &city->identity, number, &envelope);
	body_raw(said, &body);
	leaf = (struct leaf_draft){
	    .envelope = envelope.bytes, .envelope_size = envelope.size, .body = body.bytes, .body_size = body.size};
	memset(leaf.salt, (int)sequence, sizeof leaf.salt);
	MUST(bundle_seal(&draft, city->keys[0], &bytes, &size) == TWINLOG_OK);
	MUST(bundle_open(bytes, size, NULL, 0, &bundle) == TWINLOG_OK);
	MUST(statements_apply(statements, bundle, sequence, true) == TWINLOG_OK);
	if (said->erased)
		statements_erase(statements, &bundle->leaves[0].hash);
	MUST(words_count < sizeof words / sizeof *words);
	words[words_count].name = said->name;
	words[words_count++].leaf = bundle->leaves[0].hash;
	fprintf(out, "word name=%s record=%u city=%s erased=%d clock=%llu", said->name, number, said->city,
		said->erased, (unsigned long long)draft.clock_ms);
	put("envelope", envelope.bytes, envelope.size);
	put("salt", leaf.salt, sizeof leaf.salt);
	put("body", body.bytes, body.size);
	put("leaf", bundle->leaves[0].hash.bytes, HASH_SIZE);
	fprintf(out, "\n");
	bundle_free(bundle);
	free(bytes);
}

static int side_order(const void *a, const void *b)
{
	const struct side *x = a, *y = b;

	return strcmp(x->member->city_id, y->member->city_id);
}

static void judgement_put(const struct statements *statements, const struct acts *acts, size_t record)
{
	static const char *const states[] = {"none",    "withdrawn", "reported", "denied",
					     "differs", "one_sided", "agreed"};
	static const char *const standings[] = {"none",     "states",  "confirms", "denies",
						"withdrew", "reports", "erased"};
	static const char *const facts[FACT_COUNT] = {"cities",    "start", "end",          "fields", "form",
						      "direction", "mode",  "participants", "status", "relation"};
	struct judgement judgement;
	struct side sides[8];

	judgement_init(&judgement);
	MUST(record_judge(statements, acts, acts_space(acts), statements_record(statements, record), &judgement) ==
	     TWINLOG_OK);
	MUST(judgement.sides_count <= 8);
	fprintf(out, "state record=%zu state=%s differing=", record + 1, states[judgement.state]);
	for (unsigned bit = 0; bit < FACT_COUNT; bit++)
		if (judgement.differing & 1u << bit)
			fprintf(out, "%s,", facts[bit]);
	put("lead", judgement.lead ? judgement.lead->leaf.bytes : NULL, judgement.lead ? HASH_SIZE : 0);
	memcpy(sides, judgement.sides, judgement.sides_count * sizeof *sides);
	qsort(sides, judgement.sides_count, sizeof *sides, side_order);
	fprintf(out, " sides=");
	for (size_t i = 0; i < judgement.sides_count; i++)
		fprintf(out, "%s:%s:%s%s%s,", sides[i].member->city_id, standings[sides[i].standing],
			sides[i].party ? "party" : "other", sides[i].conflict ? ":conflict" : "",
			sides[i].outdated ? ":outdated" : "");
	fprintf(out, "\n");
	judgement_free(&judgement);
}

void statements_put(void)
{
	struct acts *acts = acts_council();
	struct statements *statements;
	uint64_t sequence = 0;

	MUST(statements_new(acts_space(acts), &statements) == TWINLOG_OK);
	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		const struct hash opener = city_named(records[i]->city, strlen(records[i]->city))->identity;

		for (const struct said *said = records[i]; said->name; said++)
			said_put(statements, acts, said, &opener, (uint8_t)(i + 1), ++sequence);
		judgement_put(statements, acts, i);
	}
	statements_free(statements);
	acts_free(acts);
}
