/* Dates, which of them match, and which rule a body breaks. */
#include "edtf.h"
#include "validate.h"
#include "vectors.h"

static void dates_put(void)
{
	static const char *const dates[] = {
	    "2018",       "2018-11", "2018-11-15", "2018~",         "2018-11~",   "1000",   "1992-02-29", "9999-12-31",
	    "1900-02-28", "2018-13", "2018-00",    "2018-02-29",    "1900-02-29", "2018-1", "18",         "0999",
	    "2018?",      "2018~~",  "2018/11",    "2018-11-15T00", "",           "~",      "+018",       "2018-11-00"};

	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct edtf date;

		if (edtf_parse(dates[i], strlen(dates[i]), &date))
			fprintf(out, "date text=%s verdict=refused\n", dates[i]);
		else
			fprintf(out, "date text=%s first=%d last=%d precision=%d approximate=%d\n", dates[i],
				date.first, date.last, date.precision, date.approximate);
	}
}

static void matches_put(void)
{
	static const char *const pairs[][2] = {
	    {"2018", "2018-11-15"},
	    {"2018-11", "2018-11-15"},
	    {"2018-11", "2018-12"},
	    {"2018-12-31", "2019-01-01"},
	    {"2018~", "2019"},
	    {"2018~", "2020"},
	    {"2018-11~", "2018-12-31"},
	    {"2018-11~", "2019-01-01"},
	    {"2018-11-15~", "2018-11"},
	    {"2018-12~", "2019"},
	    {"2018-12-31~", "2019"},
	    {"2018-12-31", "2019"},
	    {"2018~", "2020~"},
	    {"2018-11-15~", "2018-11-17~"},
	    {"2018-11-15~", "2018-11-18~"},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct edtf a, b;

		MUST(edtf_parse(pairs[i][0], strlen(pairs[i][0]), &a) == TWINLOG_OK);
		MUST(edtf_parse(pairs[i][1], strlen(pairs[i][1]), &b) == TWINLOG_OK);
		MUST(edtf_match(&a, &b) == edtf_match(&b, &a));
		fprintf(out, "match a=%s b=%s verdict=%s\n", pairs[i][0], pairs[i][1],
			edtf_match(&a, &b) ? "match" : "differs");
	}
}

/* ---- Bodies. ---- */

static void judged_put(const char *what, uint32_t operation, uint32_t kind, const void *bytes, size_t size,
		       enum body_rule wanted)
{
	ProtobufCBinaryData cities[] = {codec_string("CN:xiamen"), codec_string("KR:mokpo")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Body *body;
	enum body_rule rule = BODY_MALFORMED;

	envelope.operation = operation;
	envelope.kind = kind;
	envelope.cities = kind == TWINLOG__RECORD_KIND__RECORD_CITY ? cities + 1 : cities;
	envelope.n_cities = operation != TWINLOG__OPERATION__OPERATION_STATEMENT ? 0
			    : kind == TWINLOG__RECORD_KIND__RECORD_CITY          ? 1
										 : 2;
	if (CODEC_UNPACK_ONCE(arena, bytes, size, &body, twinlog__body) == TWINLOG_OK) {
		const enum twinlog_error error =
		    validate_body(VALIDATE_READ, &envelope, operation, kind, body, &rule, NULL);
		MUST((error == TWINLOG_OK) == (rule == BODY_SOUND));
	}
	if (rule != wanted) {
		fprintf(stderr, "%s: rule %d, not %d\n", what, (int)rule, (int)wanted);
		exit(1);
	}
	fprintf(out, "body what=%s operation=%u kind=%u rule=%d cities=", what, operation, kind, (int)rule);
	for (size_t i = 0; i < envelope.n_cities; i++)
		fprintf(out, "%s%.*s", i ? "," : "", (int)envelope.cities[i].len,
			(const char *)envelope.cities[i].data);
	put("body", bytes, size);
	fprintf(out, "\n");
	arena_free(arena);
}

/* What a case does to a sound activity: before and after are fields of the body, inside ones of the activity. */
struct change {
	const char *what;
	enum body_rule rule;
	uint32_t field;  /* of the activity; 0: of the body */
	uint32_t number; /* of the field */
	const char *text;
	size_t size; /* of text; 0: up to its NUL */
	uint32_t times;
};

static char long_text[TWINLOG_SUMMARY_MAX + 1];

static void activity_raw(struct raw *activity, uint32_t without)
{
	struct raw city = {.size = 0};

	activity->size = 0;
	raw_text(&city, 1, "KR:mokpo");
	raw_bytes(activity, 1, city.bytes, city.size);
	city.size = 0;
	raw_text(&city, 1, "CN:xiamen");
	if (without != 1)
		raw_bytes(activity, 1, city.bytes, city.size);
	city.size = 0;
	raw_text(&city, 1, "JP:nagasaki");
	raw_text(&city, 2, "observer");
	raw_bytes(activity, 1, city.bytes, city.size);
	if (without != 3)
		raw_text(activity, 3, "culture_arts");
	if (without != 4)
		raw_text(activity, 4, "exhibition");
	raw_text(activity, 8, "2018-11");
}

static void changed_put(const struct change *change)
{
	struct raw body = {.size = 0}, activity;
	const size_t size = change->size ? change->size : strlen(change->text);

	activity_raw(&activity, 0);
	for (uint32_t i = 0; change->field && i < change->times; i++)
		raw_bytes(&activity, change->number, change->text, size);
	for (uint32_t i = 0; !change->field && i < change->times; i++)
		raw_bytes(&body, change->number, change->text, size);
	raw_bytes(&body, 10, activity.bytes, activity.size);
	judged_put(change->what, TWINLOG__OPERATION__OPERATION_STATEMENT, TWINLOG__RECORD_KIND__RECORD_ACTIVITY,
		   body.bytes, body.size, change->rule);
}

static void activities_put(void)
{
	memset(long_text, 'x', sizeof long_text);
	const struct change changes[] = {
	    {"sound", BODY_SOUND, 0, 3, "note", 0, 1},
	    {"unknown-field", BODY_SOUND, 0, 99, "newer", 0, 1},
	    {"unknown-code", BODY_SOUND, 1, 5, "by_letter", 0, 1},
	    {"unknown-fields-twice", BODY_SOUND, 0, 99, "newer", 0, 2},
	    {"date-twice", BODY_MALFORMED, 1, 9, "2018-12", 0, 2},
	    {"note-twice", BODY_MALFORMED, 0, 3, "note", 0, 2},
	    {"message-twice", BODY_MALFORMED, 1, 21, "", 0, 2},
	    {"city-id-twice", BODY_MALFORMED, 1, 1, "\n\x08KR:busan\n\x08KR:busan", 0, 1},
	    {"two-contents", BODY_MALFORMED, 0, 11, "", 0, 1},
	    {"not-utf-8", BODY_TEXT, 0, 3, "\xff", 0, 1},
	    {"surrogate", BODY_TEXT, 0, 3, "\xed\xa0\x80", 0, 1},
	    {"overlong-utf-8", BODY_TEXT, 0, 3, "\xc0\x80", 0, 1},
	    {"nul", BODY_TEXT, 0, 3, "a\0b", 3, 1},
	    {"too-long", BODY_LIMIT, 0, 3, long_text, TWINLOG_SUMMARY_MAX + 1, 1},
	    {"at-the-limit", BODY_SOUND, 0, 3, long_text, TWINLOG_SUMMARY_MAX, 1},
	    {"long-code", BODY_LIMIT, 1, 5, long_text, TWINLOG_CODE_MAX + 1, 1},
	    {"code-at-the-limit", BODY_SOUND, 1, 5, long_text, TWINLOG_CODE_MAX, 1},
	    {"four-fields", BODY_LIMIT, 1, 3, "trade", 0, 3},
	    {"three-fields", BODY_SOUND, 1, 3, "trade", 0, 2},
	    {"friction-too-many", BODY_LIMIT, 1, 17, "x", 0, TWINLOG_LIST_MAX + 1},
	    {"friction-at-the-limit", BODY_SOUND, 1, 17, "x", 0, TWINLOG_LIST_MAX},
	    {"no-date", BODY_DATE, 1, 9, "2018-13", 0, 1},
	    {"end-before-start", BODY_DATE, 1, 9, "2018-10", 0, 1},
	    {"end-in-the-same-month", BODY_SOUND, 1, 9, "2018-11-01", 0, 1},
	    {"empty-code", BODY_MISSING, 1, 17, "", 0, 1},
	    {"short-handle", BODY_REFERENCE, 1, 19, "short", 0, 1},
	    {"no-handle", BODY_MISSING, 1, 19, "", 0, 1},
	    {"short-token", BODY_REFERENCE, 0, 2, "short", 0, 1},
	    {"token", BODY_SOUND, 0, 2, "sixteen bytes ok", 0, 1},
	    {"third-city", BODY_CITIES, 1, 1, "\n\x08KR:busan", 0, 1},
	    {"city-without-id", BODY_MISSING, 1, 1, "", 0, 1},
	};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		if (changes[i].times > 0)
			changed_put(&changes[i]);
	for (uint32_t without = 1; without <= 4; without += 1 + (without == 1)) {
		static const char *const whats[] = {"", "two-cities-one-observer", "", "no-field", "no-form"};
		struct raw body = {.size = 0}, activity;

		activity_raw(&activity, without);
		raw_bytes(&body, 10, activity.bytes, activity.size);
		judged_put(whats[without], 1, 1, body.bytes, body.size, without == 1 ? BODY_CITIES : BODY_MISSING);
	}
}

/* The first fault in the order of the fields counts, not the smallest rule. */
static void order_put(void)
{
	struct raw body = {.size = 0}, activity;

	activity_raw(&activity, 0);
	raw_text(&activity, 9, "2018-13");
	raw_text(&body, 2, "short");
	raw_bytes(&body, 10, activity.bytes, activity.size);
	judged_put("token-before-date", 1, 1, body.bytes, body.size, BODY_REFERENCE);
	judged_put("content-before-token", 1, 2, body.bytes, body.size, BODY_WRONG_CONTENT);
	judged_put("content-in-a-denial", 3, 1, body.bytes, body.size, BODY_WRONG_CONTENT);
	judged_put("newer-kind", 1, 9, body.bytes, body.size, BODY_REFERENCE);
	judged_put("newer-kind-names-cities", 1, 9, "\xfa\x01\x02hi", 5, BODY_SOUND);
}

static void others_put(void)
{
	struct raw body = {.size = 0}, part = {.size = 0}, inner = {.size = 0};

	judged_put("empty-confirmation", 2, 1, "", 0, BODY_SOUND);
	judged_put("empty-statement", 1, 1, "", 0, BODY_WRONG_CONTENT);
	judged_put("wrong-wire-type", 2, 1, "\x18\x01", 2, BODY_MALFORMED);
	judged_put("group", 2, 1, "\xfb\x01", 2, BODY_MALFORMED);
	judged_put("field-0", 2, 1, "\x02\x00", 2, BODY_MALFORMED);
	judged_put("cut-short", 2, 1, "\x1a\x05no", 4, BODY_MALFORMED);
	judged_put("content-twice", 1, 1, "\x52\x00\x52\x00", 4, BODY_MALFORMED);
	judged_put("overlong-length", 2, 1, "\x1a\x82\x00no", 5, BODY_SOUND);
	raw_text(&part, 1, "CN:xiamen");
	raw_text(&part, 1, "KR:mokpo");
	raw_text(&part, 2, "sister");
	raw_text(&part, 4, "1993-07-01");
	raw_bytes(&body, 11, part.bytes, part.size);
	judged_put("agreement", 1, 2, body.bytes, body.size, BODY_SOUND);
	raw_text(&inner, 1, "no hash");
	raw_bytes(&part, 12, inner.bytes, inner.size);
	body.size = 0;
	raw_bytes(&body, 11, part.bytes, part.size);
	judged_put("short-sha256", 1, 2, body.bytes, body.size, BODY_REFERENCE);
	part.size = body.size = inner.size = 0;
	raw_text(&part, 1, "KR:mokpo");
	raw_text(&inner, 2, "2019");
	raw_text(&inner, 3, "2018");
	raw_bytes(&part, 13, inner.bytes, inner.size);
	raw_bytes(&body, 12, part.bytes, part.size);
	judged_put("coverage-backwards", 1, 3, body.bytes, body.size, BODY_DATE);
	part.size = body.size = inner.size = 0;
	raw_text(&inner, 1, "KR:mokpo");
	raw_bytes(&part, 1, inner.bytes, inner.size);
	raw_bytes(&body, 10, part.bytes, part.size);
	judged_put("one-city", 1, 1, body.bytes, body.size, BODY_MISSING);
	part.size = body.size = inner.size = 0;
	raw_text(&inner, 2, "sixteen bytes ok");
	raw_bytes(&part, 1, inner.bytes, inner.size);
	raw_bytes(&body, 13, part.bytes, part.size);
	judged_put("link", 5, 1, body.bytes, body.size, BODY_SOUND);
	judged_put("link-of-nothing", 5, 1, "\x6a\x00", 2, BODY_SOUND);
	judged_put("link-to-no-record", 5, 1, "\x6a\x02\x0a\x00", 4, BODY_MISSING);
}

void bodies_put(void)
{
	dates_put();
	matches_put();
	activities_put();
	order_put();
	others_put();
}
