/* Whole daemons, each in a thread of this process, on loopback: two cities pair, share a space and read each other's
 * records; and what comes from strangers, from garbled messages and from clients without the right hurts nobody. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "card.h"
#include "control.pb-c.h"
#include "daemon.h"
#include "folder.h"
#include "log.pb-c.h"
#include "peer.pb-c.h"

#define PATIENCE_MS 20000

/* ---- A city ---- */

struct city {
	const char *city_id;
	char dir[64];
	char listen[64]; /* empty: dials out only */
	char control[96];
	uint8_t city_seed[SEAL_SEED_SIZE];
	struct seal_keys *keys;
	uint8_t *card;
	size_t card_size;
	struct hash identity;
	struct daemon_client clients[2]; /* an administrator and a reader */
	uint8_t secrets[2][32];
	struct store *store;
	pthread_t thread;
	int stop_fd;
	int exit_code;
	pthread_mutex_t mutex;
	pthread_cond_t is_ready;
	bool ready;
	bool ended;
};

static unsigned free_port(void)
{
	/* Told by the system; it does not give the same one out again soon. */
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_ROUTER);
	char endpoint[64];
	size_t size = sizeof endpoint;
	unsigned port;
	assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
	port = (unsigned)strtoul(strrchr(endpoint, ':') + 1, NULL, 10);
	assert_true(port > 0);
	zmq_close(socket);
	zmq_ctx_term(context);
	return port;
}

static void city_make_card(struct city *city)
{
	static const uint8_t recovery_seed[SEAL_SEED_SIZE] = {9};
	const struct seal_public recovery = seal_recovery_public(recovery_seed);
	const struct seal_public *key = seal_keys_public(city->keys);
	ProtobufCBinaryData address = codec_string(city->listen);
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	card.founding_key = codec_bytes(key->bytes, 32);
	card.city_key = codec_bytes(key->bytes, 32);
	card.recovery_key = codec_bytes(recovery.bytes, 32);
	card.transport_key = codec_bytes(seal_keys_transport_public(city->keys), 32);
	card.city_id = codec_string(city->city_id);
	card.n_addresses = city->listen[0] ? 1 : 0;
	card.addresses = &address;
	card.serial = 1;
	city->identity = seal_identity(key, &recovery);
	assert_int_equal(card_seal(&card, city->keys, &city->card, &city->card_size), TWINLOG_OK);
}

static struct city *city_new(const char *city_id, bool listens)
{
	static uint8_t number;
	struct city *city = calloc(1, sizeof *city);
	assert_non_null(city);
	assert_int_equal(seal_init(), TWINLOG_OK);
	city->city_id = city_id;
	strcpy(city->dir, "/tmp/twinlog-net-XXXXXX");
	assert_non_null(mkdtemp(city->dir));
	if (listens)
		snprintf(city->listen, sizeof city->listen, "tcp://127.0.0.1:%u", free_port());
	snprintf(city->control, sizeof city->control, "ipc://%s/control", city->dir);
	seal_random(city->city_seed, sizeof city->city_seed);
	city->city_seed[0] = ++number;
	assert_int_equal(seal_keys_new(city->city_seed, 0, &city->keys), TWINLOG_OK);
	city_make_card(city);
	for (int i = 0; i < 2; i++) {
		city->clients[i].role = i == 0 ? ROLE_ADMIN : ROLE_READER;
		strcpy(city->clients[i].name, i == 0 ? "mayor" : "council");
		seal_transport_pair(city->clients[i].public_key, city->secrets[i]);
	}
	assert_int_equal(store_open(city->dir, true, false, &city->store, NULL), TWINLOG_OK);
	pthread_mutex_init(&city->mutex, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&city->is_ready, &attributes);
	pthread_condattr_destroy(&attributes);
	return city;
}

static void city_signal(struct city *city, bool ended)
{
	pthread_mutex_lock(&city->mutex);
	city->ready = !ended;
	city->ended = ended;
	pthread_cond_broadcast(&city->is_ready);
	pthread_mutex_unlock(&city->mutex);
}

static void city_ready(void *context, const char *const *endpoints, size_t count)
{
	struct city *city = context;
	(void)endpoints;
	if (count == (city->listen[0] ? 2 : 1))
		city_signal(city, false);
}

static void *city_main(void *context)
{
	struct city *city = context;
	const char *listen = city->listen, *control = city->control;
	const struct daemon_setup setup = {
	    .store = city->store,
	    .keys = city->keys,
	    .signed_card = city->card,
	    .signed_card_size = city->card_size,
	    .listen = &listen,
	    .listen_count = city->listen[0] ? 1 : 0,
	    .control = &control,
	    .control_count = 1,
	    .clients = city->clients,
	    .clients_count = 2,
	    .log_level = getenv("TWINLOG_TEST_LOG") ? LOG_DEBUG : LOG_ERROR,
	    .hooks = {.ready = city_ready, .context = city, .stop_fd = city->stop_fd},
	};
	city->exit_code = daemon_run(&setup);
	city_signal(city, true);
	return NULL;
}

static void city_run(struct city *city)
{
	city->ready = city->ended = false;
	city->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(city->stop_fd > 0);
	assert_int_equal(pthread_create(&city->thread, NULL, city_main, city), 0);
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&city->mutex);
	int rc = 0;
	while (!city->ready && !city->ended && rc == 0)
		rc = pthread_cond_timedwait(&city->is_ready, &city->mutex, &until);
	pthread_mutex_unlock(&city->mutex);
	assert_int_equal(rc, 0);
}

static struct city *city_start(const char *city_id, bool listens)
{
	struct city *city = city_new(city_id, listens);
	city_run(city);
	pthread_mutex_lock(&city->mutex);
	const bool ready = city->ready;
	pthread_mutex_unlock(&city->mutex);
	assert_true(ready);
	return city;
}

static int city_stop(struct city *city)
{
	const uint64_t one = 1;
	assert_int_equal(write(city->stop_fd, &one, sizeof one), sizeof one);
	pthread_join(city->thread, NULL);
	close(city->stop_fd);
	return city->exit_code;
}

static void city_free(struct city *city)
{
	store_close(city->store);
	seal_keys_free(city->keys);
	free(city->card);
	remove_dir(city->dir);
	pthread_cond_destroy(&city->is_ready);
	pthread_mutex_destroy(&city->mutex);
	free(city);
}

static void city_end(struct city *city)
{
	assert_int_equal(city_stop(city), 0);
	city_free(city);
}

/* ---- A client ---- */

struct client {
	void *context;
	void *socket;
	uint64_t last_id;
	struct arena *arena;
};

static struct client client_new(const char *endpoint, const struct city *server, const uint8_t public_key[32],
				const uint8_t secret_key[32])
{
	struct client client = {.context = zmq_ctx_new(), .arena = arena_new(SIZE_MAX)};
	const int none = 0, patience = PATIENCE_MS;
	client.socket = zmq_socket(client.context, ZMQ_DEALER);
	zmq_setsockopt(client.socket, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(client.socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
	zmq_setsockopt(client.socket, ZMQ_CURVE_SERVERKEY, seal_keys_transport_public(server->keys), 32);
	zmq_setsockopt(client.socket, ZMQ_CURVE_PUBLICKEY, public_key, 32);
	zmq_setsockopt(client.socket, ZMQ_CURVE_SECRETKEY, secret_key, 32);
	assert_int_equal(zmq_connect(client.socket, endpoint), 0);
	return client;
}

static struct client client_of(const struct city *city, int who)
{
	return client_new(city->control, city, city->clients[who].public_key, city->secrets[who]);
}

static void client_free(struct client *client)
{
	zmq_close(client->socket);
	zmq_ctx_term(client->context);
	arena_free(client->arena);
}

static void client_send(struct client *client, Twinlog__Request *request)
{
	uint8_t *bytes;
	size_t size;
	request->id = ++client->last_id;
	request->version = 1;
	assert_int_equal(codec_pack(&request->base, &bytes, &size), TWINLOG_OK);
	assert_int_equal(zmq_send(client->socket, bytes, size, 0), size);
	free(bytes);
}

/* Lives until the client's next receive. */
static const Twinlog__Reply *client_receive(struct client *client)
{
	zmq_msg_t message;
	Twinlog__Reply *reply = NULL;
	zmq_msg_init(&message);
	if (zmq_msg_recv(&message, client->socket, 0) < 0)
		fail_msg("no reply in time");
	arena_reset(client->arena);
	assert_int_equal(
	    CODEC_UNPACK(client->arena, zmq_msg_data(&message), zmq_msg_size(&message), &reply, twinlog__reply),
	    TWINLOG_OK);
	zmq_msg_close(&message);
	return reply;
}

static const Twinlog__Reply *ask(struct client *client, Twinlog__Request *request)
{
	client_send(client, request);
	const Twinlog__Reply *reply = client_receive(client);
	assert_int_equal(reply->id, client->last_id);
	return reply;
}

static const Twinlog__Reply *ask_well(struct client *client, Twinlog__Request *request)
{
	const Twinlog__Reply *reply = ask(client, request);
	if (reply->fault)
		fail_msg("%s: %.*s", twinlog_error_text((enum twinlog_error)reply->fault->code),
			 (int)reply->fault->where.len, (const char *)reply->fault->where.data);
	return reply;
}

static Twinlog__Request request_make(int kind)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = (Twinlog__Request__BodyCase)kind;
	return request;
}

static void peer_add(struct client *client, const struct city *other)
{
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_PEER_ADD);
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	add.signed_card = codec_bytes(other->card, other->card_size);
	request.peer_add = &add;
	ask_well(client, &request);
}

static struct hash space_create(struct client *client, const struct city *other)
{
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_SPACE_CREATE);
	Twinlog__SpaceCreate create = TWINLOG__SPACE_CREATE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT, *members[] = {&member};
	uint8_t id[16];
	seal_random(id, sizeof id);
	member.identity = codec_hash(&other->identity);
	create.title = codec_string("Lianyungang – Mokpo");
	create.members = members;
	create.n_members = 1;
	create.request = codec_bytes(id, sizeof id);
	request.space_create = &create;
	const Twinlog__Reply *reply = ask_well(client, &request);
	struct hash space;
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_SPACES);
	assert_int_equal(reply->spaces->n_spaces, 1);
	assert_int_equal(codec_get_hash(reply->spaces->spaces[0]->space, &space), TWINLOG_OK);
	return space;
}

static void pause_ms(long ms)
{
	nanosleep(&(const struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Asks again until the condition holds. */
static void space_await(struct client *client, const struct hash *space, bool invited)
{
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_SPACE_LIST);
		Twinlog__SpaceList list = TWINLOG__SPACE_LIST__INIT;
		request.space_list = &list;
		const Twinlog__Reply *reply = ask_well(client, &request);
		assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_SPACES);
		for (size_t j = 0; j < reply->spaces->n_spaces; j++) {
			const Twinlog__SpaceInfo *info = reply->spaces->spaces[j];
			bool all = true;
			for (size_t k = 0; k < info->n_members; k++)
				all = all && info->members[k]->standing == TWINLOG__MEMBER_STANDING__STANDING_MEMBER;
			if (memcmp(info->space.data, space->bytes, HASH_SIZE) == 0 && (invited ? info->invited : all))
				return;
		}
		pause_ms(20);
	}
	fail_msg("the space did not come");
}

static void space_accept(struct client *client, const struct hash *space)
{
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_SPACE_ANSWER);
	Twinlog__SpaceAnswer answer = TWINLOG__SPACE_ANSWER__INIT;
	answer.space = codec_hash(space);
	answer.accept = true;
	request.space_answer = &answer;
	ask_well(client, &request);
}

/* Packs a submit of one new activity; the request id is drawn unless given. */
static void submit_send(struct client *client, const struct hash *space, const char *start)
{
	Twinlog__Participant cities[2] = {TWINLOG__PARTICIPANT__INIT, TWINLOG__PARTICIPANT__INIT};
	Twinlog__Participant *city_list[] = {&cities[0], &cities[1]};
	ProtobufCBinaryData field = codec_string("tourism");
	Twinlog__Activity activity = TWINLOG__ACTIVITY__INIT;
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__SubmitOperation operation = TWINLOG__SUBMIT_OPERATION__INIT, *operations[] = {&operation};
	Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_SUBMIT);
	uint8_t *bytes, id[16], token[16];
	size_t size;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t ms = (uint64_t)now.tv_sec * 1000;
	seal_random(id, sizeof id);
	seal_random(token, sizeof token);
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	cities[0].city_id = codec_string("CN:lianyungang");
	cities[1].city_id = codec_string("KR:mokpo");
	activity.cities = city_list;
	activity.n_cities = 2;
	activity.fields = &field;
	activity.n_fields = 1;
	activity.form = codec_string("delegation_visit");
	activity.start = codec_string(start);
	body.office = codec_string("Foreign Affairs Office");
	body.token = codec_bytes(token, sizeof token);
	body.content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body.activity = &activity;
	assert_int_equal(codec_pack(&body.base, &bytes, &size), TWINLOG_OK);
	operation.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	operation.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	operation.body = codec_bytes(bytes, size);
	operation.request = codec_bytes(id, sizeof id);
	submit.space = codec_hash(space);
	submit.operations = operations;
	submit.n_operations = 1;
	request.submit = &submit;
	client_send(client, &request);
	free(bytes);
}

/* *ret_bundle: what holds it. */
static void submit_check(const Twinlog__Reply *reply, struct hash *ret_bundle)
{
	if (reply->fault)
		fail_msg("%s", twinlog_error_text((enum twinlog_error)reply->fault->code));
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_SUBMITTED);
	assert_int_equal(reply->submitted->n_results, 1);
	assert_int_equal(reply->submitted->results[0]->code, TWINLOG_OK);
	assert_int_equal(codec_get_hash(reply->submitted->results[0]->bundle, ret_bundle), TWINLOG_OK);
}

static uint64_t list_total(struct client *client)
{
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_LIST);
	Twinlog__List list = TWINLOG__LIST__INIT;
	list.limit = 1;
	request.list = &list;
	return ask_well(client, &request)->records->total;
}

static void list_await(struct client *client, uint64_t total)
{
	uint64_t seen = 0;
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		seen = list_total(client);
		if (seen == total)
			return;
		pause_ms(20);
	}
	fail_msg("%llu records instead of %llu", (unsigned long long)seen, (unsigned long long)total);
}

/* ---- The tests ---- */

struct pair {
	struct city *a, *b;
	struct client of_a, of_b;
	struct hash space;
};

static struct pair pair_start(bool b_listens)
{
	struct pair pair = {.a = city_start("CN:lianyungang", true), .b = city_start("KR:mokpo", b_listens)};
	pair.of_a = client_of(pair.a, 0);
	pair.of_b = client_of(pair.b, 0);
	peer_add(&pair.of_a, pair.b);
	peer_add(&pair.of_b, pair.a);
	pair.space = space_create(&pair.of_a, pair.b);
	space_await(&pair.of_b, &pair.space, true);
	space_accept(&pair.of_b, &pair.space);
	space_await(&pair.of_a, &pair.space, false);
	return pair;
}

static void pair_end(struct pair *pair)
{
	client_free(&pair->of_a);
	client_free(&pair->of_b);
	city_end(pair->a);
	city_end(pair->b);
}

static void a_record_reaches_the_partner(void **state)
{
	(void)state;
	struct pair pair = pair_start(true);
	struct hash bundle;
	submit_send(&pair.of_a, &pair.space, "2018-11-15");
	submit_check(client_receive(&pair.of_a), &bundle);
	assert_int_equal(list_total(&pair.of_a), 1);
	list_await(&pair.of_b, 1);

	/* The partner's signed position says that it is there. */
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_WAIT);
	Twinlog__Wait wait = TWINLOG__WAIT__INIT;
	ProtobufCBinaryData bundles = codec_hash(&bundle);
	wait.space = codec_hash(&pair.space);
	wait.bundles = &bundles;
	wait.n_bundles = 1;
	wait.cities = 1;
	wait.timeout_ms = PATIENCE_MS / 2;
	request.wait = &wait;
	const Twinlog__Reply *reply = ask_well(&pair.of_a, &request);
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_WAITED);
	assert_int_equal(reply->waited->cities, 1);
	pair_end(&pair);
}

#define PIPELINE 500

/* Many in flight from one client; each is answered, and the partner, which only dials out, was away meanwhile. */
static void a_partner_that_was_away_catches_up(void **state)
{
	(void)state;
	struct pair pair = pair_start(false);
	client_free(&pair.of_b);
	assert_int_equal(city_stop(pair.b), 0);
	for (int i = 0; i < PIPELINE; i++)
		submit_send(&pair.of_a, &pair.space, "2019~");
	for (int i = 0; i < PIPELINE; i++) {
		struct hash bundle;
		submit_check(client_receive(&pair.of_a), &bundle);
	}
	list_await(&pair.of_a, PIPELINE);
	city_run(pair.b);
	pair.of_b = client_of(pair.b, 0);
	list_await(&pair.of_b, PIPELINE);

	/* And what it holds is there after a restart of both. */
	client_free(&pair.of_a);
	assert_int_equal(city_stop(pair.a), 0);
	city_run(pair.a);
	pair.of_a = client_of(pair.a, 0);
	assert_int_equal(list_total(&pair.of_a), PIPELINE);
	struct hash bundle;
	submit_send(&pair.of_b, &pair.space, "2020-01");
	submit_check(client_receive(&pair.of_b), &bundle);
	list_await(&pair.of_a, PIPELINE + 1);
	pair_end(&pair);
}

static uint32_t fault_of(const Twinlog__Reply *reply)
{
	assert_non_null(reply->fault);
	return reply->fault->code;
}

static void clients_are_held_to_their_rights(void **state)
{
	(void)state;
	struct city *city = city_start("CN:lianyungang", false);
	struct client admin = client_of(city, 0), reader = client_of(city, 1);
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_PEER_REMOVE);
	Twinlog__PeerRemove peer_remove = TWINLOG__PEER_REMOVE__INIT;
	peer_remove.identity = codec_hash(&city->identity);
	request.peer_remove = &peer_remove;
	assert_int_equal(fault_of(ask(&reader, &request)), TWINLOG_NOT_PERMITTED);
	assert_int_equal(fault_of(ask(&admin, &request)), TWINLOG_NOT_FOUND);

	Twinlog__Request status = request_make(TWINLOG__REQUEST__BODY_STATUS_GET);
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	status.status_get = &get;
	const Twinlog__Reply *reply = ask_well(&reader, &status);
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_STATUS);
	assert_true(codec_equal(reply->status->city_id, "CN:lianyungang"));

	/* Garbled, empty and of another version: answered, and the next one is served. */
	zmq_send(admin.socket, "\xff\xff\xff\xff", 4, 0);
	assert_int_equal(fault_of(client_receive(&admin)), TWINLOG_MALFORMED);
	zmq_send(admin.socket, "one", 3, ZMQ_SNDMORE);
	zmq_send(admin.socket, "two", 3, ZMQ_SNDMORE);
	zmq_send(admin.socket, "three", 5, 0);
	assert_int_equal(fault_of(client_receive(&admin)), TWINLOG_MALFORMED);
	zmq_send(admin.socket, "\x10\x07", 2, 0); /* version 7 */
	assert_int_equal(fault_of(client_receive(&admin)), TWINLOG_PROTOCOL_VERSION);
	ask_well(&admin, &status);

	/* Too large: that client is cut off, the others are not. */
	uint8_t *large = calloc(1, TWINLOG_MESSAGE_MAX + 1);
	assert_non_null(large);
	zmq_send(admin.socket, large, TWINLOG_MESSAGE_MAX + 1, 0);
	ask_well(&reader, &status);
	free(large);
	client_free(&admin);
	client_free(&reader);
	city_end(city);
}

/* Whether anything comes back within a second. */
static bool hears(struct client *client)
{
	zmq_pollitem_t item = {.socket = client->socket, .events = ZMQ_POLLIN};
	return zmq_poll(&item, 1, 1000) > 0;
}

static void strangers_hear_nothing(void **state)
{
	(void)state;
	struct city *city = city_start("CN:lianyungang", true);
	uint8_t public_key[32], secret_key[32];
	seal_transport_pair(public_key, secret_key);
	struct client stranger = client_new(city->control, city, public_key, secret_key);
	struct client passer_by = client_new(city->listen, city, public_key, secret_key);
	struct client admin = client_of(city, 0);
	struct client lost = client_new(city->listen, city, city->clients[0].public_key, city->secrets[0]);
	Twinlog__Request status = request_make(TWINLOG__REQUEST__BODY_STATUS_GET);
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	status.status_get = &get;
	client_send(&stranger, &status);
	client_send(&passer_by, &status);
	client_send(&lost, &status);
	assert_false(hears(&stranger));
	assert_false(hears(&passer_by));
	assert_false(hears(&lost));
	ask_well(&admin, &status);
	client_free(&stranger);
	client_free(&passer_by);
	client_free(&lost);
	client_free(&admin);
	city_end(city);
}

/* A partner with the right key and nothing sensible to say. */
static void a_garbling_partner_hurts_nobody(void **state)
{
	(void)state;
	struct pair pair = pair_start(true);
	struct city *third = city_new("CN:xiamen", false);
	peer_add(&pair.of_a, third);
	uint64_t seed = 20261124;
	for (int round = 0; round < 20; round++) {
		uint8_t secret[32], garbage[300];
		memcpy(secret, seal_keys_transport_secret(third->keys), sizeof secret);
		struct client line =
		    client_new(pair.a->listen, pair.a, seal_keys_transport_public(third->keys), secret);
		Twinlog__Hello hello = TWINLOG__HELLO__INIT;
		Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
		hello.version = hello.version_min = 1;
		hello.card = codec_bytes(third->card, round % 2 ? third->card_size : 3);
		message.body_case = TWINLOG__PEER_MESSAGE__BODY_HELLO;
		message.hello = &hello;
		uint8_t *bytes;
		size_t size;
		assert_int_equal(codec_pack(&message.base, &bytes, &size), TWINLOG_OK);
		zmq_send(line.socket, bytes, size, 0);
		for (int i = 0; i < 20; i++) {
			for (size_t j = 0; j < sizeof garbage; j++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				garbage[j] = (uint8_t)(seed >> 56);
			}
			zmq_send(line.socket, garbage, sizeof garbage, ZMQ_DONTWAIT | (i % 3 ? 0 : ZMQ_SNDMORE));
		}
		/* It did arrive: the daemon greets whoever says HELLO. It also cuts such a line, and a greeting that
		 * was not read by then goes with it; so may the socket's will to dial again. */
		bool greeted = hears(&line);
		for (int i = 0; i < 20 && !greeted; i++) {
			client_free(&line);
			line = client_new(pair.a->listen, pair.a, seal_keys_transport_public(third->keys), secret);
			zmq_send(line.socket, bytes, size, 0);
			greeted = hears(&line);
		}
		assert_true(greeted);
		free(bytes);
		client_free(&line);
	}
	struct hash bundle;
	submit_send(&pair.of_a, &pair.space, "2018");
	submit_check(client_receive(&pair.of_a), &bundle);
	list_await(&pair.of_b, 1);
	city_free(third);
	pair_end(&pair);
}

/* A removed partner is cut off at once, while its link stands. */
static void a_removed_partner_is_cut_off(void **state)
{
	(void)state;
	struct pair pair = pair_start(false);
	Twinlog__Request request = request_make(TWINLOG__REQUEST__BODY_PEER_REMOVE);
	Twinlog__PeerRemove peer_remove = TWINLOG__PEER_REMOVE__INIT;
	peer_remove.identity = codec_hash(&pair.b->identity);
	request.peer_remove = &peer_remove;
	ask_well(&pair.of_a, &request);
	struct hash bundle;
	submit_send(&pair.of_b, &pair.space, "2018");
	submit_check(client_receive(&pair.of_b), &bundle);
	pause_ms(500); /* long enough to arrive, were it let in */
	assert_int_equal(list_total(&pair.of_a), 0);
	pair_end(&pair);
}

static void a_port_taken_ends_it(void **state)
{
	(void)state;
	struct city *first = city_start("CN:lianyungang", true);
	struct city *second = city_new("KR:mokpo", true);
	strcpy(second->listen, first->listen);
	city_run(second);
	assert_true(second->ended);
	pthread_join(second->thread, NULL);
	close(second->stop_fd);
	assert_int_equal(second->exit_code, 1);
	city_free(second);
	city_end(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_port_taken_ends_it),
	    cmocka_unit_test(clients_are_held_to_their_rights),
	    cmocka_unit_test(strangers_hear_nothing),
	    cmocka_unit_test(a_record_reaches_the_partner),
	    cmocka_unit_test(a_partner_that_was_away_catches_up),
	    cmocka_unit_test(a_garbling_partner_hurts_nobody),
	    cmocka_unit_test(a_removed_partner_is_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
