/* Error codes go over the wire as their places in the list, so a code that a release had keeps its place for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "twinlog/error.h"

/* New codes are added at the end, here too. */
static const char *const places[] = {
    "OK",
    "FAILED",
    "IO",
    "DISK_FULL",
    "NO_MEMORY",
    "IN_USE",
    "NOT_EMPTY",
    "STORE_VERSION",
    "STORE_DAMAGED",
    "MISSING",
    "MALFORMED",
    "NOT_STRICT",
    "BAD_SIGNATURE",
    "BAD_HASH",
    "UNKNOWN_PARENT",
    "TOO_MANY",
    "TOO_LARGE",
    "USAGE",
    "INVALID",
    "BAD_UTF8",
    "BAD_TEXT",
    "LOST_TEXT",
    "TOO_LONG",
    "BAD_DATE",
    "BAD_RANGE",
    "BAD_CITY_ID",
    "UNKNOWN_CITY",
    "AMBIGUOUS_CITY",
    "BAD_CODE",
    "BAD_LANG",
    "BAD_NUMBER",
    "BAD_FIELD",
    "FIELD_MISSING",
    "DUPLICATE",
    "NOT_A_MEMBER",
    "NOT_PERMITTED",
    "UNKNOWN_KEY",
    "READER",
    "NOT_REACHABLE",
    "PROTOCOL_VERSION",
    "STALE",
    "AMBIGUOUS",
    "NOT_FOUND",
    "NO_SPACE_FITS",
    "BAD_CURSOR",
    "WAITED_IN_VAIN",
    "WITHHELD",
    "NOT_A_BACKUP",
    "NOT_FOR_US",
    "NOT_A_CARRIED_FILE",
    "CUT_SHORT",
    "NOT_ERASED",
    "NO_ERASURE",
    "MISTYPED",
    "NOT_A_WORKBOOK",
    "OUT_OF_HOURS",
    "NO_STEWARD",
    "STEWARD_STAYS",
    "PAIR_SPACE",
    "NOT_INVITED",
    "BELONGS",
    "GONE",
    "CITY_ID_TAKEN",
    "INVITATION_USED",
    "EXPIRED",
    "LOCKED",
    "WRONG_PASSPHRASE",
    "REFERENCE_LEAVES",
    "KEY_RETIRED",
    "REKEY_OPEN",
    "KEY_NOT_THERE",
    "PUTS_OUT",
    "DATABASE_AWAY",
    "DATABASE",
    "NOT_A_MIRROR",
    "MIRROR_VERSION",
    "MIRROR_OF_OTHERS",
    "TWO_KEYS",
};

#define NAME(name, exit_code, text) #name,
static const char *const names[] = {TWINLOG_ERRORS(NAME)};

static void codes_keep_their_places(void **state)
{
	(void)state;
	assert_int_equal(sizeof names / sizeof *names, TWINLOG_ERROR_COUNT);
	assert_true(sizeof places / sizeof *places <= TWINLOG_ERROR_COUNT);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		assert_string_equal(names[i], places[i]);
}

static void all_have_a_text_and_an_exit_code(void **state)
{
	(void)state;
	for (int code = 0; code < TWINLOG_ERROR_COUNT; code++) {
		const char *text = twinlog_error_text((enum twinlog_error)code);

		assert_true(text[0] != '\0' && text[strlen(text) - 1] != '.');
		assert_in_range(twinlog_error_exit((enum twinlog_error)code), code == TWINLOG_OK ? 0 : 1, 7);
	}
}

static void a_fault_is_cut_at_a_character(void **state)
{
	struct twinlog_fault fault;
	char text[400];

	(void)state;
	for (size_t lead = 0; lead < 3; lead++) {
		memset(text, 'x', lead);
		for (size_t at = lead; at + 3 < sizeof text; at += 3)
			memcpy(text + at, "\xe5\xad\x97", 4);
		assert_int_equal(twinlog_fault_set(&fault, TWINLOG_TOO_LONG, text, text), TWINLOG_TOO_LONG);
		assert_true(strlen(fault.value) < sizeof fault.value && strlen(fault.value) + 3 >= sizeof fault.value);
		assert_int_equal((strlen(fault.value) - lead) % 3, 0);
		assert_int_equal((strlen(fault.where) - lead) % 3, 0);
	}
	assert_int_equal(twinlog_fault_set(&fault, TWINLOG_IO, NULL, NULL), TWINLOG_IO);
	assert_string_equal(fault.where, "");
	assert_string_equal(fault.value, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_keep_their_places),
	    cmocka_unit_test(all_have_a_text_and_an_exit_code),
	    cmocka_unit_test(a_fault_is_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
