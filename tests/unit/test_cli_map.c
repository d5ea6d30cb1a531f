/* What maps are made of: sums with their units, countries by name, ids of cities that have only a name, words of heads
 * and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "country.h"
#include "map.h"
#include "money.h"
#include "sheet_internal.h"

static void reads_sums(void **state)
{
	(void)state;
	static const struct {
		const char *text, *unit, *currency; /* of the column; NULL, "" */
		int64_t amount;
		const char *found; /* currency; NULL: refused */
	} sums[] = {
	    {"12,500", "천원", "", 12500000, "KRW"},
	    {"3.5", "万元", "", 3500000, "CNY"},
	    {"1,200천원", "万元", "", 1200000, "KRW"},
	    {"30000.50", NULL, "CNY", 3000050, "CNY"},
	    {"USD 300", NULL, "", 30000, "USD"},
	    {"2 백만원", NULL, "", 2000000, "KRW"},
	    {"0", "원", "", 0, "KRW"},
	    {"-5", NULL, "JPY", -5, "JPY"},
	    {"1.5", NULL, "KRW", 0, NULL},
	    {"1.234", NULL, "CNY", 0, NULL},
	    {"1.234", NULL, "KWD", 1234, "KWD"},
	    {"100", NULL, "", 0, NULL},
	    {"약간", NULL, "KRW", 0, NULL},
	    {"", NULL, "KRW", 0, NULL},
	    {"1,0.0,0", NULL, "CNY", 0, NULL},
	    {"99999999999999999999", NULL, "KRW", 0, NULL},
	    {"999999999999999", "억원", "", 0, NULL},
	};

	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		const char *unit = sums[i].unit;
		size_t begin, left;
		int64_t amount;
		ProtobufCBinaryData currency;
		const enum twinlog_error error =
		    money_read(sums[i].text, strlen(sums[i].text),
			       unit ? money_unit_find(unit, strlen(unit), &begin, &left) : NULL,
			       codec_string(sums[i].currency), &amount, &currency);

		if ((error == TWINLOG_OK) != (sums[i].found != NULL))
			fail_msg("%s: %s", sums[i].text, twinlog_error_text(error));
		if (error)
			continue;
		assert_int_equal(amount, sums[i].amount);
		assert_true(codec_equal(currency, sums[i].found));
	}
}

static void writes_sums(void **state)
{
	(void)state;
	char text[MONEY_TEXT_MAX];

	assert_int_equal(money_format(3000050, codec_string("CNY"), text), 8);
	assert_string_equal(text, "30000.50");
	money_format(-7, codec_string("KRW"), text);
	assert_string_equal(text, "-7");
	money_format(INT64_MIN, codec_string("BHD"), text);
	assert_string_equal(text, "-9223372036854775.808");
}

static void knows_countries(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"중국", "CN"}, {"中国", "CN"},   {"韩国", "KR"},     {"대한민국", "KR"},
					       {"KR", "KR"},   {"Norway", "NO"}, {"노르웨이", "NO"}, {"日本", "JP"},
					       {"미국", "US"}, {"美国", "US"},   {"china", "CN"},    {"俄罗斯", "RU"},
					       {"ZZ", NULL},   {"어딘가", NULL}, {"", NULL}};
	struct countries *countries;

	assert_int_equal(countries_new(&countries), TWINLOG_OK);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *code = country_find(countries, names[i][0], strlen(names[i][0]));

		if (!code || !names[i][1] ? code != names[i][1] : strcmp(code, names[i][1]) != 0)
			fail_msg("%s: %s", names[i][0], code ? code : "none");
	}
	assert_null(country_find(NULL, "중국", strlen("중국")));
	assert_string_equal(country_find(NULL, "CN", 2), "CN");
	countries_free(countries);
}

/* The same city is the same stub however its name is written; two names that sound alike are two. */
static void names_stubs(void **state)
{
	(void)state;
	static const struct {
		const char *name, *country, *same, *id; /* id NULL: only that they are the same */
	} stubs[] = {
	    {"Hammerfest", "NO", "HAMMERFEST", "NO:hammerfest"},
	    {"Düsseldorf", "DE", "Dusseldorf", "DE:dusseldorf"},
	    {"Port of Spain", "TT", "port-of-spain", "TT:port-of-spain"},
	    {"Quebec City", "CA", "quebec city", "CA:quebec-city"},
	    {"Gasang-si", "KR", "Gasang", "KR:gasang"},
	    {"가상시", "KR", "가상", NULL},
	    {"架空市", "CN", "架空", NULL},
	    {"臺中市", "TW", "台中", NULL},
	    {"가상시(중국)", "CN", "가상", NULL},
	};
	struct arena *arena = arena_new(1 << 20);
	ProtobufCBinaryData one, other;

	assert_non_null(arena);
	for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
		assert_int_equal(stub_id(arena, codec_string(stubs[i].name), stubs[i].country, &one), TWINLOG_OK);
		assert_int_equal(stub_id(arena, codec_string(stubs[i].same), stubs[i].country, &other), TWINLOG_OK);
		assert_true(bytes_equal(one, other));
		if (stubs[i].id && !codec_equal(one, stubs[i].id))
			fail_msg("%s: %.*s", stubs[i].name, (int)one.len, (const char *)one.data);
	}
	assert_int_equal(stub_id(arena, codec_string("광주"), "CN", &one), TWINLOG_OK);
	assert_int_equal(stub_id(arena, codec_string("広州"), "CN", &other), TWINLOG_OK);
	assert_false(bytes_equal(one, other));
	assert_int_equal(stub_id(arena, codec_string("…"), "CN", &one), TWINLOG_BAD_TEXT);
	arena_free(arena);
}

static void knows_words(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		enum sheet_column column;
		const char *unit;
	} heads[] = {
	    {"교류일자", COLUMN_date, NULL},
	    {"참가\n인원(명)", COLUMN_participants, NULL},
	    {"소요예산(단위: 천원)", COLUMN_cost, "천원"},
	    {"经费（万元）", COLUMN_cost, "万元"},
	    {"友好 城市", COLUMN_city_b, NULL},
	    {"2018년 교류일자", COLUMN_date, NULL},
	    {"Partner", COLUMN_city_b, NULL},
	    {"담당자", SHEET_COLUMN_COUNT, NULL},
	    {"", SHEET_COLUMN_COUNT, NULL},
	};
	bool weak;
	size_t left;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const size_t size = strlen(heads[i].head);
		const char *unit = map_head_unit(heads[i].head, size, &left);

		if (map_head_column(heads[i].head, size, &weak) != heads[i].column)
			fail_msg("%s", heads[i].head);
		assert_true(unit ? heads[i].unit && strcmp(unit, heads[i].unit) == 0 : !heads[i].unit);
	}
	assert_string_equal(map_value_code(COLUMN_form, "대표단 방문", strlen("대표단 방문")), "delegation_visit");
	assert_string_equal(map_value_code(COLUMN_form, "청소년 축구대회", strlen("청소년 축구대회")), "sports_event");
	assert_string_equal(map_value_code(COLUMN_status, "예정", strlen("예정")), "planned");
	assert_string_equal(map_value_code(COLUMN_direction, "来访", strlen("来访")), "inbound");
	assert_null(map_value_code(COLUMN_form, "…", strlen("…")));
	assert_null(map_value_code(COLUMN_note, "방문", strlen("방문")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_sums),  cmocka_unit_test(writes_sums), cmocka_unit_test(knows_countries),
	    cmocka_unit_test(names_stubs), cmocka_unit_test(knows_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
