/* Clients that wait until others hold what was written: how many, for how much, and what becomes of their room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bundle.h"
#include "duo.h"

#define FOREVER_MS UINT64_MAX /* as long as it may */

/* What the first answers in that very step. */
struct answer {
	size_t count;
	uint64_t client; /* of the last */
	uint64_t id;
	uint32_t fault;
	char where[32];
	bool waited;
	uint32_t cities;
};

static struct answer answers(const struct duo *duo)
{
	const struct effects *effects = &duo->cities[0].effects;
	struct answer answer = {0};

	for (size_t i = 0; i < effects->count; i++) {
		struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
		const struct effect *effect = &effects->items[i];
		Twinlog__Reply *reply;

		assert_non_null(arena);
		if (effect->type == EFFECT_REPLY) {
			assert_int_equal(
			    CODEC_UNPACK(arena, effect->reply.bytes, effect->reply.size, &reply, twinlog__reply),
			    TWINLOG_OK);
			answer.count++;
			answer.client = effect->reply.client;
			answer.id = reply->id;
			answer.fault = reply->fault ? reply->fault->code : 0;
			answer.waited = reply->body_case == TWINLOG__REPLY__BODY_WAITED;
			answer.cities = answer.waited ? reply->waited->cities : 0;
			if (reply->fault)
				(void)snprintf(answer.where, sizeof answer.where, "%.*s", (int)reply->fault->where.len,
					       (const char *)reply->fault->where.data);
		}
		arena_free(arena);
	}
	return answer;
}

/* One client waits for so many bundles, all of which are the given one, to be held by one city more; the answer goes to
 * a number of the caller's choice. */
static struct answer wait_as(struct duo *duo, uint64_t writer, uint64_t client, uint64_t id, const struct hash *bundle,
			     size_t count, uint64_t timeout_ms)
{
	const struct hash space = *acts_space(space_acts(node_space(duo->cities[0].node, 0)));
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Wait wait = TWINLOG__WAIT__INIT;
	ProtobufCBinaryData *bundles = malloc((count + 1) * sizeof *bundles);

	assert_non_null(bundles);
	for (size_t i = 0; i < count; i++)
		bundles[i] = codec_hash(bundle);
	wait.space = codec_hash(&space);
	wait.bundles = bundles;
	wait.n_bundles = count;
	wait.cities = 1;
	wait.timeout_ms = timeout_ms;
	request.id = id;
	request.version = 1;
	request.body_case = TWINLOG__REQUEST__BODY_WAIT;
	request.wait = &wait;
	duo_step(duo, 0,
		 &(struct event){.type = EVENT_REQUEST,
				 .request = {.client = client, .writer = writer, .request = &request}});
	assert_int_equal(duo->failed, TWINLOG_OK);
	free(bundles);
	return answers(duo);
}

static struct answer wait_for(struct duo *duo, uint64_t client, uint64_t id, const struct hash *bundle, size_t count,
			      uint64_t timeout_ms)
{
	return wait_as(duo, client, client, id, bundle, count, timeout_ms);
}

/* For one that nobody holds. */
static struct answer wait_long(struct duo *duo, uint64_t client, uint64_t id)
{
	const struct hash nowhere = seal_hash1("draw", &id, sizeof id);

	return wait_for(duo, client, id, &nowhere, 1, FOREVER_MS);
}

static void refused_for_number(struct answer answer, uint64_t client, uint64_t id)
{
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.client, client);
	assert_int_equal(answer.id, id);
	assert_int_equal(answer.fault, TWINLOG_TOO_MANY);
	assert_string_equal(answer.where, "waiting clients");
}

static void gone(struct duo *duo, uint64_t client)
{
	duo_step(duo, 0, &(struct event){.type = EVENT_CLIENT_GONE, .client_gone = {.client = client}});
	assert_int_equal(answers(duo).count, 0);
	duo_run(duo);
}

static void setup(struct duo *duo)
{
	struct hash space;

	duo_init(duo);
	assert_true(duo_found(duo, &space));
	duo_time(duo, 2000);
}

static void of_one_client(void **state)
{
	struct duo duo;

	(void)state;
	setup(&duo);
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 1, i).count, 0);
	refused_for_number(wait_long(&duo, 1, 1000), 1, 1000);
	/* Another is not hindered, and frees nothing of it when it goes. */
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 2, i).count, 0);
	refused_for_number(wait_long(&duo, 2, 1000), 2, 1000);
	gone(&duo, 2);
	refused_for_number(wait_long(&duo, 1, 1001), 1, 1001);
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 2, 2000 + i).count, 0);
	/* Its own going frees all of its room. */
	gone(&duo, 1);
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 1, 3000 + i).count, 0);
	refused_for_number(wait_long(&duo, 1, 4000), 1, 4000);
	duo_end(&duo);
}

/* As the daemon asks: each request has a number of its own, and is its client's all the same. */
static void of_one_client_under_many_numbers(void **state)
{
	const struct hash nowhere = {{1}};
	struct duo duo;

	(void)state;
	setup(&duo);
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_as(&duo, 7, i, i, &nowhere, 1, FOREVER_MS).count, 0);
	refused_for_number(wait_as(&duo, 7, 1000, 1000, &nowhere, 1, FOREVER_MS), 1000, 1000);
	assert_int_equal(wait_as(&duo, 8, 1001, 1001, &nowhere, 1, FOREVER_MS).count, 0);
	gone(&duo, 1);
	assert_int_equal(wait_as(&duo, 7, 1002, 1002, &nowhere, 1, FOREVER_MS).count, 0);
	duo_end(&duo);
}

/* A wait that is answered, here because its time is up, makes room for one. */
static void answered_makes_room(void **state)
{
	const struct hash nowhere = {{1}};
	struct duo duo;
	struct answer answer;

	(void)state;
	setup(&duo);
	for (uint64_t i = 1; i < TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 1, i).count, 0);
	assert_int_equal(wait_for(&duo, 1, 500, &nowhere, 1, 1000).count, 0);
	refused_for_number(wait_long(&duo, 1, 1000), 1, 1000);
	duo.now.mono_ms += 1000;
	duo.now.wall_ms += 1000;
	duo_step(&duo, 0, &(struct event){.type = EVENT_TIME});
	answer = answers(&duo);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.id, 500);
	assert_true(answer.waited);
	assert_int_equal(answer.cities, 0);
	assert_int_equal(wait_long(&duo, 1, 1001).count, 0);
	refused_for_number(wait_long(&duo, 1, 1002), 1, 1002);
	duo_end(&duo);
}

static void for_bundles(void **state)
{
	struct duo duo;
	struct answer answer;
	const struct hash nowhere = {{1}};
	const size_t count = TWINLOG_WAIT_BUNDLES_MAX;
	struct hash space, held;
	struct bundle *bundle;

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_submit(&duo, 0, &space);
	duo_time(&duo, 2000);
	assert_true(duo_alike(&duo));
	assert_int_equal(duo.cities[0].bundles_count, 1);
	assert_int_equal(bundle_open(duo.cities[0].bundles[0].bytes, duo.cities[0].bundles[0].size, NULL, 0, &bundle),
			 TWINLOG_OK);
	held = bundle->id;
	bundle_free(bundle);
	answer = wait_for(&duo, 1, 1, &held, count + 1, FOREVER_MS);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.id, 1);
	assert_int_equal(answer.fault, TWINLOG_TOO_MANY);
	assert_string_equal(answer.where, "bundles");
	/* At the limit: answered when the other holds all of them, and waited for where it does not. */
	answer = wait_for(&duo, 1, 2, &held, count, FOREVER_MS);
	assert_int_equal(answer.count, 1);
	assert_true(answer.waited);
	assert_int_equal(answer.cities, 1);
	assert_int_equal(wait_for(&duo, 1, 3, &nowhere, count, FOREVER_MS).count, 0);
	/* One that was refused took no room. */
	for (uint64_t i = 1; i < TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, 1, 100 + i).count, 0);
	refused_for_number(wait_long(&duo, 1, 1000), 1, 1000);
	duo_end(&duo);
}

/* Of all clients together: the last place is given, and one that goes gives its back. */
static void of_all_clients(void **state)
{
	const uint64_t clients = TWINLOG_CLIENTS_MAX / TWINLOG_WAITS_MAX;
	struct duo duo;

	(void)state;
	setup(&duo);
	for (uint64_t client = 1; client <= clients; client++)
		for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
			assert_int_equal(wait_long(&duo, client, i).count, 0);
	refused_for_number(wait_long(&duo, clients + 1, 1), clients + 1, 1);
	gone(&duo, 1);
	for (uint64_t i = 1; i <= TWINLOG_WAITS_MAX; i++)
		assert_int_equal(wait_long(&duo, clients + 1, i).count, 0);
	refused_for_number(wait_long(&duo, clients + 2, 1), clients + 2, 1);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_one_client),       cmocka_unit_test(of_one_client_under_many_numbers),
	    cmocka_unit_test(answered_makes_room), cmocka_unit_test(for_bundles),
	    cmocka_unit_test(of_all_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
