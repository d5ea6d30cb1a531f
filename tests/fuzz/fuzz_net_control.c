/* Who may do what: any request of a client of any role and any spaces, through the rules of the control endpoint; and
 * any question of ZAP. The first byte chooses between the two, the second the role, the third the spaces. */
#include <string.h>

#include "fuzz.h"
#include "node.h"
#include "permit.h"
#include "registry.h"
#include "zap.h"

#define SPACES 3u

/* ---- ZAP: lengths and bytes of its seven parts. ---- */

static void judge(const uint8_t *bytes, size_t size)
{
	static const uint8_t known[KEYRING_KEY_SIZE] = {1}, removed[KEYRING_KEY_SIZE] = {2};
	struct keyring_entry entries[2] = {{.name = "in"}, {.name = "out", .removed = true}};
	struct zap zap = {.inlet = {.socket = NULL}};
	struct zap_part parts[ZAP_PARTS] = {{NULL, 0}};
	char user_id[KEYRING_HEX_SIZE];

	memcpy(entries[0].key, known, sizeof known);
	memcpy(entries[1].key, removed, sizeof removed);
	FUZZ_CHECK(!keyring_set(&zap.peers, entries, 2) && !keyring_set(&zap.clients, entries, 1));
	for (size_t i = 0; i < ZAP_PARTS && size > 0; i++) {
		const size_t part = bytes[0] < size ? bytes[0] : size - 1;

		parts[i] = (struct zap_part){bytes + 1, part};
		bytes += 1 + part;
		size -= 1 + part;
	}
	/* Nobody but the one known key is admitted, and then under its own name. */
	if (zap_judge(&zap, parts, user_id) == KEYRING_ADMITTED)
		FUZZ_CHECK(parts[6].size == sizeof known && memcmp(parts[6].bytes, known, sizeof known) == 0 &&
			   strlen(user_id) == KEYRING_HEX_SIZE - 1);
	else
		FUZZ_CHECK(user_id[0] == '\0');
	keyring_free(&zap.peers);
	keyring_free(&zap.clients);
}

/* ---- Requests. ---- */

static void client_make(struct client *client, uint8_t role, uint8_t spaces)
{
	memset(client, 0, sizeof *client);
	client->is.role = (enum client_role)(role % 4);
	strcpy(client->is.name, "clerk");
	if (role & 4)
		strcpy(client->is.office, "외사판공실");
	for (unsigned i = 0; i < spaces % (SPACES + 1); i++)
		memset(client->is.spaces[client->is.spaces_count++].bytes, (int)i + 1, HASH_SIZE);
	client->scope = (struct scope){client->is.spaces, client->is.spaces_count};
}

/* What the rules say beyond the table, in other words. */
static void permitted(const struct client *client, const Twinlog__Request *request)
{
	const bool writes = node_takes(request);
	const enum client_role role = client->is.role;

	FUZZ_CHECK(role == ROLE_ADMIN || role == ROLE_CLERK || !writes);
	FUZZ_CHECK(role == ROLE_ADMIN || (request->body_case != TWINLOG__REQUEST__BODY_USER_ADD &&
					  request->body_case != TWINLOG__REQUEST__BODY_USER_REMOVE &&
					  request->body_case != TWINLOG__REQUEST__BODY_PEER_ADD &&
					  request->body_case != TWINLOG__REQUEST__BODY_INVITE));
	if (client->scope.count == 0)
		return;
	/* Of what touches more than its spaces nothing is open to a limited client. */
	FUZZ_CHECK(request->body_case != TWINLOG__REQUEST__BODY_USER_ADD &&
		   request->body_case != TWINLOG__REQUEST__BODY_SPACE_CREATE &&
		   request->body_case != TWINLOG__REQUEST__BODY_CARRY_PUT &&
		   request->body_case != TWINLOG__REQUEST__BODY_AUDIT_GET &&
		   request->body_case != TWINLOG__REQUEST__BODY_VERIFY_GET);
	if (request->body_case == TWINLOG__REQUEST__BODY_SUBMIT && request->submit->space.len > 0) {
		struct hash space;

		FUZZ_CHECK(!codec_get_hash(request->submit->space, &space) && scope_has(&client->scope, &space));
	}
}

/* After permit_office each body that is one carries the office of the client. */
static void offices(const struct client *client, Twinlog__Request *request, struct arena *arena)
{
	if (permit_office(client, request->submit, arena))
		return;
	for (size_t i = 0; i < request->submit->n_operations; i++) {
		const ProtobufCBinaryData bytes = request->submit->operations[i]->body;
		struct arena *scratch = arena_new(TWINLOG_UNPACK_MAX);
		Twinlog__Body *body;

		FUZZ_CHECK(scratch != NULL);
		if (!CODEC_UNPACK_STRICT(scratch, bytes.data, bytes.len, &body, twinlog__body)) {
			FUZZ_CHECK(body->office.len > 0);
			FUZZ_CHECK(!client->is.office[0] || codec_equal(body->office, client->is.office));
		}
		arena_free(scratch);
	}
}

static void ask(const uint8_t *bytes, size_t size, uint8_t role, uint8_t spaces)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Request *request;
	struct client client;
	const char *where;

	FUZZ_CHECK(arena != NULL);
	client_make(&client, role, spaces);
	if (!CODEC_UNPACK(arena, bytes, size, &request, twinlog__request) &&
	    !permit_request(&client, request, &where)) {
		permitted(&client, request);
		if (request->body_case == TWINLOG__REQUEST__BODY_SUBMIT)
			offices(&client, request, arena);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < 3)
		return 0;
	if (bytes[0] & 1)
		judge(bytes + 3, size - 3);
	else
		ask(bytes + 3, size - 3, bytes[1], bytes[2]);
	return 0;
}
