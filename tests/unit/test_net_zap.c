/* Who is admitted where, which role may ask what, and that the log does not repeat itself for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "log.h"
#include "permit.h"
#include "zap.h"

static struct keyring_entry entry(uint8_t first, bool removed, const char *name)
{
	struct keyring_entry made = {.key = {first}, .removed = removed};
	strcpy(made.name, name);
	return made;
}

static void keyring_finds_what_was_set(void **state)
{
	(void)state;
	struct keyring keyring = {0};
	struct keyring_entry entries[256];
	const uint8_t none[32] = {0};
	assert_null(keyring_find(&keyring, none));
	for (unsigned i = 0; i < 256; i++)
		entries[i] = entry((uint8_t)(i * 37), i % 3 == 0, "city");
	assert_int_equal(keyring_set(&keyring, entries, 256), TWINLOG_OK);
	assert_int_equal(keyring.count, 256);
	for (unsigned i = 0; i < 256; i++) {
		const struct keyring_entry *found = keyring_find(&keyring, entries[i].key);
		assert_non_null(found);
		assert_int_equal(found->removed, i % 3 == 0);
		assert_int_equal(keyring_status(&keyring, entries[i].key), i % 3 == 0 ? 400 : 200);
	}
	const uint8_t last_byte_differs[32] = {37, [31] = 1};
	assert_null(keyring_find(&keyring, last_byte_differs));
	assert_int_equal(keyring_status(&keyring, last_byte_differs), 500);
	/* Setting anew forgets the old ones. */
	assert_int_equal(keyring_set(&keyring, entries, 0), TWINLOG_OK);
	assert_null(keyring_find(&keyring, entries[1].key));
	keyring_free(&keyring);
}

/* A key of a removed and of a present partner is in force, in either order. */
static void keyring_prefers_the_key_in_force(void **state)
{
	(void)state;
	struct keyring keyring = {0};
	const struct keyring_entry removed_first[] = {entry(1, true, "was"), entry(1, false, "is")};
	const struct keyring_entry removed_last[] = {entry(1, false, "is"), entry(1, true, "was")};
	assert_int_equal(keyring_set(&keyring, removed_first, 2), TWINLOG_OK);
	assert_int_equal(keyring.count, 1);
	assert_string_equal(keyring_find(&keyring, removed_first[0].key)->name, "is");
	assert_int_equal(keyring_set(&keyring, removed_last, 2), TWINLOG_OK);
	assert_int_equal(keyring.count, 1);
	assert_string_equal(keyring_find(&keyring, removed_first[0].key)->name, "is");
	keyring_free(&keyring);
}

static struct zap_part part(const char *text)
{
	return (struct zap_part){(const uint8_t *)text, strlen(text)};
}

static int judge(const struct zap *zap, const char *domain, const char *mechanism, const uint8_t *key, size_t key_size,
		 char user_id[KEYRING_HEX_SIZE])
{
	const struct zap_part parts[ZAP_PARTS] = {part("1.0"), part("1"),       part(domain),   part("127.0.0.1"),
						  part(""),    part(mechanism), {key, key_size}};
	return zap_judge(zap, parts, user_id);
}

static void zap_admits_by_domain_and_key(void **state)
{
	(void)state;
	struct zap zap = {0};
	const struct keyring_entry peers[] = {entry(1, false, "KR:mokpo"), entry(2, true, "CN:removed")};
	const struct keyring_entry clients[] = {entry(3, false, "office")};
	const uint8_t peer[32] = {1}, removed[32] = {2}, client[32] = {3}, stranger[32] = {4};
	char user_id[KEYRING_HEX_SIZE];
	assert_int_equal(keyring_set(&zap.peers, peers, 2), TWINLOG_OK);
	assert_int_equal(keyring_set(&zap.clients, clients, 1), TWINLOG_OK);

	assert_int_equal(judge(&zap, "peer", "CURVE", peer, 32, user_id), 200);
	assert_string_equal(user_id, "0100000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(judge(&zap, "peer", "CURVE", removed, 32, user_id), 400);
	assert_string_equal(user_id, "");
	assert_int_equal(judge(&zap, "peer", "CURVE", stranger, 32, user_id), 500);
	/* A client is no partner, and a partner no client. */
	assert_int_equal(judge(&zap, "peer", "CURVE", client, 32, user_id), 500);
	assert_int_equal(judge(&zap, "control", "CURVE", client, 32, user_id), 200);
	assert_int_equal(judge(&zap, "control", "CURVE", peer, 32, user_id), 500);
	assert_int_equal(judge(&zap, "control", "CURVE", stranger, 32, user_id), 500);
	/* Nothing but a CURVE key of the right size, in a domain there is. */
	assert_int_equal(judge(&zap, "peer", "NULL", peer, 32, user_id), 400);
	assert_int_equal(judge(&zap, "peer", "PLAIN", peer, 32, user_id), 400);
	assert_int_equal(judge(&zap, "peer", "CURVE", peer, 31, user_id), 400);
	assert_int_equal(judge(&zap, "peer", "CURVE", NULL, 0, user_id), 400);
	assert_int_equal(judge(&zap, "", "CURVE", peer, 32, user_id), 400);
	assert_int_equal(judge(&zap, "peers", "CURVE", peer, 32, user_id), 400);
	zap_close(&zap);
}

static void roles_permit_what_they_should(void **state)
{
	(void)state;
	static const struct {
		int kind;
		bool clerk, reader, auditor;
	} rules[] = {
	    {TWINLOG__REQUEST__BODY_SUBMIT, true, false, false},
	    {TWINLOG__REQUEST__BODY_IMPORT_LOOKUP, true, false, false},
	    {TWINLOG__REQUEST__BODY_WAIT, true, false, false},
	    {TWINLOG__REQUEST__BODY_SPACE_CREATE, false, false, false},
	    {TWINLOG__REQUEST__BODY_SPACE_ANSWER, false, false, false},
	    {TWINLOG__REQUEST__BODY_SPACE_CHANGE, false, false, false},
	    {TWINLOG__REQUEST__BODY_ACT_PUT, false, false, false},
	    {TWINLOG__REQUEST__BODY_SPACE_LIST, true, true, true},
	    {TWINLOG__REQUEST__BODY_SPACE_SHOW, true, true, true},
	    {TWINLOG__REQUEST__BODY_CARD_GET, true, true, true},
	    {TWINLOG__REQUEST__BODY_PEER_ADD, false, false, false},
	    {TWINLOG__REQUEST__BODY_PEER_LIST, true, true, true},
	    {TWINLOG__REQUEST__BODY_PEER_VERIFY, false, false, false},
	    {TWINLOG__REQUEST__BODY_PEER_REMOVE, false, false, false},
	    {TWINLOG__REQUEST__BODY_STATUS_GET, true, true, true},
	    {TWINLOG__REQUEST__BODY_LIST, true, true, true},
	    {TWINLOG__REQUEST__BODY_SHOW, true, true, true},
	    {TWINLOG__REQUEST__BODY_REPORT, true, true, true},
	    {TWINLOG__REQUEST__BODY_MATCH, true, true, true},
	    {TWINLOG__REQUEST__BODY_CHANGES, true, true, true},
	    {TWINLOG__REQUEST__BODY_VERIFY_GET, false, false, true},
	    {TWINLOG__REQUEST__BODY_ERASE, true, false, false},
	    {TWINLOG__REQUEST__BODY_CARRY_GET, false, false, true},
	    {TWINLOG__REQUEST__BODY_CARRY_PUT, false, false, false},
	    {TWINLOG__REQUEST__BODY_CARRY_NOTE, false, false, false},
	    {TWINLOG__REQUEST__BODY_USER_ADD, false, false, false},
	    {TWINLOG__REQUEST__BODY_USER_REMOVE, false, false, false},
	    {TWINLOG__REQUEST__BODY_USER_LIST, false, false, false},
	    {TWINLOG__REQUEST__BODY_AUDIT_GET, false, false, true},
	    {TWINLOG__REQUEST__BODY_INVITE, false, false, false},
	    {TWINLOG__REQUEST__BODY_JOIN_PUT, false, false, false},
	    {TWINLOG__REQUEST__BODY_JOIN_TAKE, false, false, false},
	    {TWINLOG__REQUEST__BODY_SERVER_KEPT, true, true, true},
	    {TWINLOG__REQUEST__BODY__NOT_SET, false, false, false},
	};
	/* A kind of request that is new must be given its rule. */
	assert_int_equal(sizeof rules / sizeof rules[0],
			 twinlog__request__descriptor.n_fields - 2 + 1); /* id, version; not set */
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		assert_true(permit_role(ROLE_ADMIN, rules[i].kind));
		assert_int_equal(permit_role(ROLE_CLERK, rules[i].kind), rules[i].clerk);
		assert_int_equal(permit_role(ROLE_READER, rules[i].kind), rules[i].reader);
		assert_int_equal(permit_role(ROLE_AUDITOR, rules[i].kind), rules[i].auditor);
	}
}

static void log_counts_what_repeats(void **state)
{
	(void)state;
	struct log_gate *gate = log_gate_new();
	unsigned suppressed = 99, shown = 0;
	assert_non_null(gate);
	for (unsigned i = 0; i < 1000; i++)
		if (log_gate_pass(gate, 42, 1000 + i, &suppressed)) {
			assert_int_equal(suppressed, 0);
			shown++;
		}
	assert_true(shown >= 1 && shown <= 10);
	/* Another line is not held back by it. */
	assert_true(log_gate_pass(gate, 43, 2000, &suppressed));
	/* The next one shown tells how many were not. */
	assert_true(log_gate_pass(gate, 42, 100000, &suppressed));
	assert_int_equal(suppressed, 1000 - shown);
	assert_true(log_gate_pass(gate, 42, 100001, &suppressed));
	assert_int_equal(suppressed, 0);
	log_gate_free(gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keyring_finds_what_was_set),   cmocka_unit_test(keyring_prefers_the_key_in_force),
	    cmocka_unit_test(zap_admits_by_domain_and_key), cmocka_unit_test(roles_permit_what_they_should),
	    cmocka_unit_test(log_counts_what_repeats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
