#include <stdio.h>
#include <string.h>

#include "bundle_view.h"
#include "query_internal.h"

/* Bundles and acts looked at in one step. */
#define VERIFY_STEP_OBJECTS 256u

/* A leaf that lacks its content needs its erasure; one whose erasure is durable has lost its content. */
static enum twinlog_error verify_erased(const struct query *query, const struct space *space,
					const struct bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->leaves_count; i++) {
		const struct leaf *leaf = &bundle->leaves[i];
		const struct erasure *erasure = erasures_of(space_erasures(space), &bundle->city, &leaf->hash);

		if (!leaf->salt && !erasures_excuse(space_erasures(space), &bundle->city, &leaf->hash))
			return TWINLOG_NO_ERASURE;
		if (leaf->salt && erasure && erasure->sequence <= node_commit(query->node))
			return TWINLOG_NOT_ERASED;
	}
	return TWINLOG_OK;
}

enum twinlog_error verify_bundle(const struct query *query, const struct space *space, const uint8_t *bytes,
				 size_t size, uint32_t *ret_leaves)
{
	const struct acts *acts = space_acts(space);
	const struct seal_public *keys;
	struct bundle *bundle;
	struct hash city, named;
	size_t count;
	enum twinlog_error error = bundle_open(bytes, size, NULL, 0, &bundle);

	if (error)
		return error;
	city = bundle->city;
	named = bundle->space;
	*ret_leaves = bundle->leaves_count;
	bundle_free(bundle);
	if (!hash_equal(&named, acts_space(acts)))
		return TWINLOG_MALFORMED;
	keys = acts_keys(acts, &city, &count);
	error = bundle_open(bytes, size, keys, count, &bundle);
	if (!error) {
		error = verify_erased(query, space, bundle);
		bundle_free(bundle);
	}
	return error;
}

/* The space that a bundle in the store belongs to. */
static const struct space *bundle_space(const struct node *node, struct arena *arena, const uint8_t *bytes, size_t size)
{
	ProtobufCBinaryData header;
	Twinlog__BundleHeader *message;
	struct hash space;

	if (bundle_view_header(bytes, size, &header) ||
	    CODEC_UNPACK(arena, header.data, header.len, &message, twinlog__bundle_header) ||
	    codec_get_hash(message->space, &space))
		return NULL;
	return node_space_find(node, &space);
}

static enum twinlog_error verify_act(const struct acts *acts, const struct act *act)
{
	const struct member *member = acts_member(acts, &act->signer);

	if (!member)
		return TWINLOG_UNKNOWN_KEY;
	if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
		return seal_verify(&member->recovery_key, "act", act->signed_bytes, act->signed_size, act->signature,
				   SEAL_SIGNATURE_SIZE);
	return acts_verify(acts, &act->signer, "act", act->signed_bytes, act->signed_size,
			   codec_bytes(act->signature, SEAL_SIGNATURE_SIZE), NULL);
}

static void verify_note(struct query_verify *verify, enum twinlog_error error, const char *what, uint64_t number)
{
	if (verify->faults < QUERY_FAULT_LINES)
		(void)snprintf(verify->lines[verify->faults], sizeof verify->lines[0], "%s %llu: %s", what,
			       (unsigned long long)number, twinlog_error_text(error));
	verify->faults++;
}

void query_verify_start(struct query_verify *verify)
{
	memset(verify, 0, sizeof *verify);
}

static void verify_all_acts(const struct node *node, struct query_verify *verify)
{
	for (size_t i = 0; i < node_spaces(node); i++) {
		const struct acts *acts = space_acts(node_space(node, i));

		for (size_t j = 0; j < acts_count(acts); j++) {
			enum twinlog_error error = verify_act(acts, acts_at(acts, j));

			verify->acts++;
			if (error)
				verify_note(verify, error, "act", j + 1);
		}
	}
}

/* One sequence number: a bundle, or an act, of which the bundles know nothing. */
static enum twinlog_error verify_sequence(const struct query *query, struct arena *arena, struct query_verify *verify)
{
	const struct space *space;
	const uint8_t *bytes;
	size_t size;
	uint32_t leaves = 0;
	enum twinlog_error error = store_get_bundle(*query->read, verify->next, &bytes, &size);

	if (error == TWINLOG_MISSING)
		return TWINLOG_OK;
	if (error)
		return error;
	space = bundle_space(query->node, arena, bytes, size);
	error = space ? verify_bundle(query, space, bytes, size, &leaves) : TWINLOG_MALFORMED;
	if (error == TWINLOG_NO_MEMORY)
		return error;
	verify->bundles++;
	verify->leaves += leaves;
	if (error)
		verify_note(verify, error, "bundle", verify->next);
	return TWINLOG_OK;
}

static enum twinlog_error verify_reply(const struct query *query, const struct query_verify *verify, bool done)
{
	Twinlog__Verified *verified = QUERY_NEW(query, Twinlog__Verified, TWINLOG__VERIFIED__INIT);
	size_t lines = verify->faults < QUERY_FAULT_LINES ? (size_t)verify->faults : QUERY_FAULT_LINES;

	if (!verified ||
	    !(verified->fault_lines = arena_zalloc(query->arena, (lines + 1) * sizeof *verified->fault_lines)))
		return QUERY_FULL;
	verified->acts = verify->acts;
	verified->bundles = verify->bundles;
	verified->leaves = verify->leaves;
	verified->faults = verify->faults;
	verified->progress = !done;
	for (size_t i = 0; done && i < lines; i++)
		verified->fault_lines[verified->n_fault_lines++] = query_text(query, verify->lines[i]);
	query->reply->more = !done;
	query->reply->body_case = TWINLOG__REPLY__BODY_VERIFIED;
	query->reply->verified = verified;
	return TWINLOG_OK;
}

enum twinlog_error query_verify_step(const struct node *node, struct store_read *read, struct query_verify *verify,
				     struct arena *arena, Twinlog__Reply *reply, bool *ret_done)
{
	const struct query query = {
	    .node = node, .self = *node_identity(node), .read = &read, .arena = arena, .reply = reply};
	uint64_t last = node_commit(node);
	struct arena *scratch = arena_new(TWINLOG_BUNDLE_MAX);
	enum twinlog_error error = scratch ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	bool done;

	if (!error && verify->next == 0)
		verify_all_acts(node, verify);
	for (unsigned i = 0; !error && i < VERIFY_STEP_OBJECTS && verify->next <= last; i++) {
		error = verify_sequence(&query, scratch, verify);
		verify->next++;
		arena_reset(scratch);
	}
	arena_free(scratch);
	if (error)
		return error;
	done = verify->next > last;
	error = verify_reply(&query, verify, done);
	if (!error)
		*ret_done = done;
	return error;
}
