#include "verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "acts.h"
#include "audit_chain.h"
#include "bundle.h"
#include "card.h"
#include "erasures.h"
#include "slots.h"

#define UNPACK_MAX   (1024u * 1024)
#define SEEN_INITIAL 1024u

struct verify {
	struct verify_result result;
	verify_report report;
	void *context;
	store_progress progress;
	void *progress_context;
	uint64_t looked_at; /* bytes */
	struct acts **spaces;
	struct erasures **erasures; /* of each space */
	struct hash *seen;          /* bundle ids, open addressing; a zero hash is a free place */
	size_t seen_size;           /* a power of two */
	size_t seen_count;
	struct audit_chain audit;
	struct arena *arena;
};

static void fault(struct verify *verify, const char *what, uint64_t sequence, const char *why)
{
	char line[256];

	snprintf(line, sizeof line, "%s %" PRIu64 ": %s", what, sequence, why);
	verify->result.faults++;
	verify->report(verify->context, line);
}

/* Out of memory ends the check; anything else is a fault of the object. */
static enum twinlog_error judge(struct verify *verify, const char *what, uint64_t sequence, enum twinlog_error error)
{
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error)
		fault(verify, what, sequence, twinlog_error_text(error));
	return TWINLOG_OK;
}

/* ---- Ids seen so far ---- */

static struct hash *seen_place(const struct verify *verify, const struct hash *id)
{
	size_t at = seal_slot_hash(id) & (verify->seen_size - 1);

	while (!hash_is_zero(&verify->seen[at]) && !hash_equal(&verify->seen[at], id))
		at = (at + 1) & (verify->seen_size - 1);
	return &verify->seen[at];
}

static bool seen_has(const struct verify *verify, const struct hash *id)
{
	return verify->seen_size > 0 && hash_equal(seen_place(verify, id), id);
}

static enum twinlog_error seen_grow(struct verify *verify)
{
	struct hash *old = verify->seen;
	size_t old_size = verify->seen_size, size = old_size ? 2 * old_size : SEEN_INITIAL;
	struct hash *seen = calloc(size, sizeof *seen);

	if (!seen)
		return TWINLOG_NO_MEMORY;
	verify->seen = seen;
	verify->seen_size = size;
	for (size_t i = 0; i < old_size; i++)
		if (!hash_is_zero(&old[i]))
			*seen_place(verify, &old[i]) = old[i];
	free(old);
	return TWINLOG_OK;
}

static enum twinlog_error seen_add(struct verify *verify, const struct hash *id)
{
	if (2 * verify->seen_count >= verify->seen_size && seen_grow(verify))
		return TWINLOG_NO_MEMORY;
	*seen_place(verify, id) = *id;
	verify->seen_count++;
	return TWINLOG_OK;
}

/* ---- Acts ---- */

static struct acts *find_space(const struct verify *verify, const struct hash *space)
{
	for (uint64_t i = 0; i < verify->result.spaces; i++)
		if (hash_equal(acts_space(verify->spaces[i]), space))
			return verify->spaces[i];
	return NULL;
}

static struct erasures *find_erasures(const struct verify *verify, const struct hash *space)
{
	for (uint64_t i = 0; i < verify->result.spaces; i++)
		if (hash_equal(acts_space(verify->spaces[i]), space))
			return verify->erasures[i];
	return NULL;
}

static enum twinlog_error open_space(struct verify *verify, struct act *act)
{
	struct acts **spaces = realloc(verify->spaces, (verify->result.spaces + 1) * sizeof(struct acts *));
	struct erasures **erasures;
	enum twinlog_error error;

	if (!spaces)
		return TWINLOG_NO_MEMORY;
	verify->spaces = spaces;
	erasures = realloc(verify->erasures, (verify->result.spaces + 1) * sizeof(struct erasures *));
	if (!erasures)
		return TWINLOG_NO_MEMORY;
	verify->erasures = erasures;
	error = erasures_new(&erasures[verify->result.spaces]);
	if (error)
		return error;
	error = acts_new(act, &spaces[verify->result.spaces]);
	if (error)
		erasures_free(erasures[verify->result.spaces]);
	if (!error)
		verify->result.spaces++;
	return error;
}

static enum twinlog_error visit_act(void *context, const struct store_row *row)
{
	struct verify *verify = context;
	enum twinlog_error error;
	struct acts *space;
	struct act *act;

	verify->result.acts++;
	error = act_open(row->bytes, row->size, &act);
	if (error)
		return judge(verify, "act", row->sequence, error);
	space = find_space(verify, &act->space);
	if (act->kind == TWINLOG__ACT_KIND__ACT_FOUND)
		error = open_space(verify, act);
	else
		error = space ? acts_add(space, act) : TWINLOG_UNKNOWN_PARENT;
	if (error)
		act_free(act);
	return judge(verify, "act", row->sequence, error);
}

/* ---- Bundles ---- */

/* PROTOCOL, "Erasures": a leaf without its content needs its erasure, and one that has an erasure has no content. */
static enum twinlog_error check_erased(const struct verify *verify, const struct bundle *bundle)
{
	const struct erasures *erasures = find_erasures(verify, &bundle->space);

	for (uint32_t i = 0; i < bundle->leaves_count; i++) {
		const struct hash *leaf = &bundle->leaves[i].hash;

		if (bundle->leaves[i].salt && erasures_of(erasures, &bundle->city, leaf))
			return TWINLOG_NOT_ERASED;
		if (!bundle->leaves[i].salt && !erasures_excuse(erasures, &bundle->city, leaf))
			return TWINLOG_NO_ERASURE;
	}
	return TWINLOG_OK;
}

static enum twinlog_error check_bundle(struct verify *verify, const struct store_row *row, const struct bundle *plain)
{
	const struct acts *acts = find_space(verify, &plain->space);
	const struct seal_public *keys;
	enum twinlog_error error;
	struct bundle *bundle;
	size_t count = 0;

	keys = acts ? acts_keys(acts, &plain->city, &count) : NULL;
	if (count == 0)
		return TWINLOG_NOT_A_MEMBER;
	error = bundle_open(row->bytes, row->size, keys, count, &bundle);
	if (error)
		return error;
	for (uint32_t i = 0; !error && i < bundle->parents_count; i++)
		if (!seen_has(verify, &bundle->parents[i]))
			error = TWINLOG_UNKNOWN_PARENT;
	for (uint32_t i = 0; !error && i < bundle->acts_count; i++)
		if (!acts_has(acts, &bundle->acts[i]))
			error = TWINLOG_UNKNOWN_PARENT;
	if (!error && seen_has(verify, &bundle->id))
		error = TWINLOG_DUPLICATE;
	if (!error)
		error = check_erased(verify, bundle);
	if (!error)
		error = seen_add(verify, &bundle->id);
	bundle_free(bundle);
	return error;
}

/* Opened twice: first without keys, to learn whose they must be. */
static enum twinlog_error visit_bundle(void *context, const struct store_row *row)
{
	struct verify *verify = context;
	enum twinlog_error error;
	struct bundle *plain;

	verify->result.bundles++;
	verify->looked_at += row->size;
	if (verify->progress)
		verify->progress(verify->progress_context, verify->looked_at);
	error = bundle_open(row->bytes, row->size, NULL, 0, &plain);
	if (!error) {
		verify->result.leaves += plain->leaves_count;
		error = check_bundle(verify, row, plain);
		bundle_free(plain);
	}
	return judge(verify, "bundle", row->sequence, error);
}

/* ---- Cards, erasures, positions ---- */

static enum twinlog_error visit_card(void *context, const struct store_row *row)
{
	struct verify *verify = context;
	enum twinlog_error error;
	struct card *card;

	verify->result.cards++;
	error = card_open(row->bytes, row->size, &card);
	if (!error) {
		error = hash_equal(&card->identity, &row->city) ? TWINLOG_OK : TWINLOG_BAD_HASH;
		card_free(card);
	}
	return judge(verify, "card", verify->result.cards, error);
}

static enum twinlog_error check_signed(struct verify *verify, const char *kind, ProtobufCBinaryData space,
				       ProtobufCBinaryData signer, ProtobufCBinaryData bytes,
				       ProtobufCBinaryData signature)
{
	struct hash space_id, identity;
	const struct acts *acts;

	if (codec_get_hash(space, &space_id) || codec_get_hash(signer, &identity))
		return TWINLOG_MALFORMED;
	acts = find_space(verify, &space_id);
	if (!acts || !acts_member(acts, &identity))
		return TWINLOG_NOT_A_MEMBER;
	return acts_verify(acts, &identity, kind, bytes.data, bytes.len, signature, NULL);
}

static enum twinlog_error visit_erasure(void *context, const struct store_row *row)
{
	struct verify *verify = context;
	struct erasures *erasures = NULL;
	struct erasure *erasure;
	enum twinlog_error error;

	verify->result.erasures++;
	error = erasure_open(row->bytes, row->size, &erasure);
	if (error)
		return judge(verify, "erasure", row->sequence, error);
	erasures = find_erasures(verify, &erasure->space);
	error = erasures ? erasure_check(erasure, find_space(verify, &erasure->space)) : TWINLOG_UNKNOWN_PARENT;
	if (!error)
		error = erasures_load(erasures, erasure);
	if (error)
		erasure_free(erasure);
	else
		(void)erasures_judge(erasures, find_space(verify, &erasure->space), &erasure->city, &erasure->leaf);
	return judge(verify, "erasure", row->sequence, error);
}

static enum twinlog_error visit_position(void *context, const struct store_row *row)
{
	struct verify *verify = context;
	Twinlog__SignedPosition *outer;
	Twinlog__Position *position;
	enum twinlog_error error;

	verify->result.positions++;
	arena_reset(verify->arena);
	error = CODEC_UNPACK_STRICT(verify->arena, row->bytes, row->size, &outer, twinlog__signed_position);
	if (!error)
		error = CODEC_UNPACK_STRICT(verify->arena, outer->position.data, outer->position.len, &position,
					    twinlog__position);
	if (!error)
		error = check_signed(verify, "position", position->space, position->city, outer->position,
				     outer->signature);
	return judge(verify, "position", verify->result.positions, error);
}

/* ---- Audit trail ---- */

static enum twinlog_error visit_audit(void *context, const struct store_row *row)
{
	struct verify *verify = context;

	verify->result.audit++;
	verify->audit.arena = verify->arena;
	if (!audit_chain_take(&verify->audit, row->sequence, row->bytes, row->size))
		fault(verify, "audit entry", row->sequence, twinlog_error_text(TWINLOG_BAD_HASH));
	return TWINLOG_OK;
}

/* ---- The whole ---- */

static enum twinlog_error verify_tables(struct verify *verify, struct store_read *read)
{
	static const struct {
		enum store_table table;
		store_visit visit;
	} steps[] = {
	    {STORE_CARDS, visit_card},     {STORE_ACTS, visit_act},           {STORE_ERASURES, visit_erasure},
	    {STORE_BUNDLES, visit_bundle}, {STORE_POSITIONS, visit_position}, {STORE_AUDIT, visit_audit},
	};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		enum twinlog_error error = store_each(read, steps[i].table, steps[i].visit, verify);

		if (error == TWINLOG_STORE_DAMAGED)
			fault(verify, "table", steps[i].table, twinlog_error_text(error));
		else if (error)
			return error;
	}
	return TWINLOG_OK;
}

enum twinlog_error verify_store(struct store *store, verify_report report, void *context, store_progress progress,
				void *progress_context, struct verify_result *ret_result)
{
	struct verify verify = {.report = report,
				.context = context,
				.progress = progress,
				.progress_context = progress_context,
				.arena = arena_new(UNPACK_MAX)};
	enum twinlog_error error = TWINLOG_NO_MEMORY;
	struct store_read *read;

	if (verify.arena)
		error = store_read_begin(store, &read);
	if (!error) {
		error = verify_tables(&verify, read);
		store_read_end(read);
	}
	for (uint64_t i = 0; i < verify.result.spaces; i++) {
		acts_free(verify.spaces[i]);
		erasures_free(verify.erasures[i]);
	}
	free(verify.spaces);
	free(verify.erasures);
	free(verify.seen);
	arena_free(verify.arena);
	if (!error)
		*ret_result = verify.result;
	return error;
}
