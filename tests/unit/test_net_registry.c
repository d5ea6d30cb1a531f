/* Clients: their shares, at the limit and one past it, and the line behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"

#define NOW_MS 1000000u

static struct daemon_client made(const char *name, uint8_t key, enum client_role role)
{
	struct daemon_client client = {.public_key = {key}, .role = role};

	strcpy(client.name, name);
	return client;
}

static struct registry *registry_with(const struct daemon_client *clients, size_t count)
{
	struct registry *registry = calloc(1, sizeof *registry);

	assert_int_equal(registry_open(registry, clients, count), TWINLOG_OK);
	return registry;
}

static void end(struct registry *registry)
{
	registry_close(registry);
	free(registry);
}

static void a_client_is_found_until_it_is_removed(void **state)
{
	const struct daemon_client clients[] = {made("admin", 1, ROLE_ADMIN), made("clerk", 2, ROLE_CLERK)};
	struct registry *registry = registry_with(clients, 2);
	struct keyring keyring = {.count = 0};
	struct client *clerk = registry_by_name(registry, "clerk");
	(void)state;

	assert_ptr_equal(clerk, registry_by_key(registry, clients[1].public_key));
	assert_int_equal(registry_admins(registry), 1);
	registry_remove(registry, clerk);
	assert_null(registry_by_name(registry, "clerk"));
	assert_null(registry_by_key(registry, clients[1].public_key));
	assert_int_equal(registry_admit(registry, &keyring), TWINLOG_OK);
	assert_int_equal(keyring_status(&keyring, clients[0].public_key), KEYRING_ADMITTED);
	assert_int_equal(keyring_status(&keyring, clients[1].public_key), KEYRING_UNKNOWN);
	/* Its number stays its own: what it wrote is told under its name. */
	assert_int_equal(registry_add(registry, &clients[1]), TWINLOG_OK);
	assert_int_equal(registry_by_name(registry, "clerk")->number, 2);
	keyring_free(&keyring);
	end(registry);
}

static void a_share_ends_and_grows_again(void **state)
{
	const struct daemon_client clients[] = {made("admin", 1, ROLE_ADMIN)};
	struct registry *registry = registry_with(clients, 1);
	struct client *client = registry->items[0];
	size_t went = 0;
	(void)state;

	while (client_may_go(client, 0, false, NOW_MS))
		went++;
	/* What it may run ahead, and the one that goes past it. */
	assert_int_equal(went, TWINLOG_CLIENT_RATE / 1000 * TWINLOG_CLIENT_BURST_MS + 1);
	assert_false(client_may_go(client, 0, false, NOW_MS));
	assert_true(client_may_go(client, 0, false, NOW_MS + 1));
	end(registry);
}

static void queries_of_one_client_are_few_at_once(void **state)
{
	const struct daemon_client clients[] = {made("admin", 1, ROLE_ADMIN)};
	struct registry *registry = registry_with(clients, 1);
	struct client *client = registry->items[0];
	(void)state;

	client->queries = TWINLOG_CLIENT_QUERIES_MAX - 1;
	assert_true(client_may_go(client, 0, true, NOW_MS));
	client->queries++;
	assert_false(client_may_go(client, 0, true, NOW_MS));
	assert_true(client_may_go(client, 0, false, NOW_MS));
	end(registry);
}

static void a_line_has_an_end(void **state)
{
	const struct daemon_client clients[] = {made("admin", 1, ROLE_ADMIN), made("clerk", 2, ROLE_CLERK)};
	struct registry *registry = registry_with(clients, 2);
	struct client *client = registry->items[0];
	zmq_msg_t message;
	(void)state;

	for (size_t i = 0; i < TWINLOG_CLIENT_WAITING_MAX; i++) {
		zmq_msg_init_size(&message, 1);
		assert_int_equal(client_wait(registry, client, "route", 5, &message), TWINLOG_OK);
		zmq_msg_close(&message);
	}
	zmq_msg_init_size(&message, 1);
	assert_int_equal(client_wait(registry, client, "route", 5, &message), TWINLOG_TOO_MANY);
	/* The other one's line is its own. */
	assert_int_equal(client_wait(registry, registry->items[1], "route", 5, &message), TWINLOG_OK);
	zmq_msg_close(&message);
	assert_int_equal(registry->slowed, 2);
	zmq_msg_init_size(&message, TWINLOG_CLIENT_WAITING_BYTES);
	assert_int_equal(client_wait(registry, registry->items[1], "route", 5, &message), TWINLOG_TOO_MANY);
	zmq_msg_close(&message);
	registry_remove(registry, client);
	assert_int_equal(registry->slowed, 1);
	end(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_is_found_until_it_is_removed),
	    cmocka_unit_test(a_share_ends_and_grows_again),
	    cmocka_unit_test(queries_of_one_client_are_few_at_once),
	    cmocka_unit_test(a_line_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
