#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "places.h"
#include "regions.h"

static bool is_country(const char *code)
{
	return region_is_country(code, strlen(code));
}

static bool is_subdivision(const char *code)
{
	return region_is_subdivision(code, strlen(code));
}

static void countries_are_those_of_the_list(void **state)
{
	unsigned count = 0;
	(void)state;

	for (int a = 'A'; a <= 'Z'; a++)
		for (int b = 'A'; b <= 'Z'; b++)
			count += region_is_country((char[]){(char)a, (char)b}, 2);
	assert_int_equal(count, 249 + 2);
	for (size_t i = 0; i < 5; i++)
		assert_true(is_country((const char *[]){"CN", "KR", "XK", "ZZ", "ZW"}[i]));
	for (size_t i = 0; i < 8; i++)
		assert_false(is_country((const char *[]){"", "C", "CNX", "cn", "XX", "KO", "C\0", "한"}[i]));
	assert_false(region_is_country("A\0", 2));
}

static void subdivisions_have_the_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_true(is_subdivision((const char *[]){"CN-JS", "KR-46", "GB-ENG", "IE-D"}[i]));
	for (size_t i = 0; i < 7; i++)
		assert_false(
		    is_subdivision((const char *[]){"CN", "CN-", "CN-ABCD", "XX-1", "CNJS", "CN-js", "CN-J-"}[i]));
}

/* The built-in places keep to the lists, and none lies where it is said that there is none. */
static void places_keep_to_them(void **state)
{
	struct places *places;
	(void)state;

	assert_int_equal(places_new(&places), 0);
	for (size_t i = 0; i < places_count(places); i++) {
		const struct place *place = places_at(places, i);

		assert_true(!*place->country || is_country(place->country));
		assert_true(!*place->subdivision || is_subdivision(place->subdivision));
		for (size_t j = 0; region_without_places(j); j++)
			assert_string_not_equal(place->subdivision, region_without_places(j));
	}
	places_free(places);
	for (size_t j = 0; region_without_places(j); j++)
		assert_true(region_is_listed_country(region_without_places(j), strlen(region_without_places(j))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(countries_are_those_of_the_list),
	    cmocka_unit_test(subdivisions_have_the_form),
	    cmocka_unit_test(places_keep_to_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
