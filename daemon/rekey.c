#include "rekey.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "key_change.h"
#include "load.h"
#include "rekey_next.h"
#include "users.pb-c.h"
#include "workers.h"
#include "z85.h"

#define AUDIT_MEMORY_MAX (1024u * 1024)
#define COUNT_MAX        1024u /* --count */

/* A set of ids: filled, sorted, asked. */
struct ids {
	struct hash *items;
	size_t count, capacity;
};

struct rekeying {
	struct rekey_files files;
	uint64_t stolen_ms; /* Unix time; 0: not stolen */
	bool dry_run, finish, extend;
	bool next; /* the key that kind says is announced, and comes into use later */
	enum rekey_kind kind;
	bool one_key; /* acts are to be signed by one again */
	bool has_second;
	struct seal_public second;
	struct hash named[COUNT_MAX];
	size_t named_count;
	struct node *node;
	struct effects effects;
	struct ids acts, bundles; /* stolen: what was made here, or came before */
	uint64_t before;          /* stolen: store sequence up to which everything came before */
	size_t shut_out;
	size_t spaces;
};

/* ---- Ids ---- */

static enum twinlog_error ids_add(struct ids *ids, const struct hash *id)
{
	if (ids->count == ids->capacity) {
		const size_t capacity = ids->capacity ? 2 * ids->capacity : 256;
		struct hash *items = realloc(ids->items, capacity * sizeof *items);

		if (!items)
			return TWINLOG_NO_MEMORY;
		ids->items = items;
		ids->capacity = capacity;
	}
	ids->items[ids->count++] = *id;
	return TWINLOG_OK;
}

/* ---- What was made here: by the audit trail, and by the order of arrival in this folder, which no thief can change.
 */

static enum twinlog_error visit_audit(void *context, const struct store_row *row)
{
	struct rekeying *rekeying = context;
	struct arena *arena = arena_new(AUDIT_MEMORY_MAX);
	Twinlog__AuditEntry *entry;
	struct hash space, bundle;
	enum twinlog_error error =
	    arena ? CODEC_UNPACK(arena, row->bytes, row->size, &entry, twinlog__audit_entry) : TWINLOG_NO_MEMORY;

	if (!error && entry->kind == TWINLOG__AUDIT_KIND__AUDIT_WROTE && !codec_get_hash(entry->space, &space) &&
	    !codec_get_hash(entry->bundle, &bundle)) {
		const uint64_t sequence = node_own_sequence(rekeying->node, &space, &bundle);

		error = ids_add(&rekeying->bundles, &bundle);
		if (entry->time_ms < rekeying->stolen_ms && sequence > rekeying->before)
			rekeying->before = sequence;
	}
	arena_free(arena);
	return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK; /* `verify` tells of damage */
}

static enum twinlog_error visit_act(void *context, const struct store_row *row)
{
	struct rekeying *rekeying = context;
	enum twinlog_error error;
	struct act *act;

	if (row->sequence > rekeying->before)
		return TWINLOG_OK;
	error = act_open(row->bytes, row->size, &act);
	if (error)
		return error;
	error = ids_add(&rekeying->acts, &act->id);
	act_free(act);
	return error;
}

static enum twinlog_error gather(struct rekeying *rekeying)
{
	struct store_read *read;
	enum twinlog_error error = store_read_begin(rekeying->files.home.store, &read);

	if (error)
		return error;
	error = store_each(read, STORE_AUDIT, visit_audit, rekeying);
	if (!error)
		error = store_each(read, STORE_ACTS, visit_act, rekeying);
	store_read_end(read);
	rekeying->acts.count = hash_sort(rekeying->acts.items, rekeying->acts.count);
	rekeying->bundles.count = hash_sort(rekeying->bundles.items, rekeying->bundles.count);
	return error;
}

static bool made_here(void *context, const struct rekey_object *object)
{
	const struct rekeying *rekeying = context;

	if (rekeying->extend)
		return false; /* what is named alone */
	if (object->what == REKEY_ACT)
		return hash_in(rekeying->acts.items, rekeying->acts.count, object->id);
	return object->sequence <= rekeying->before ||
	       hash_in(rekeying->bundles.items, rekeying->bundles.count, object->id);
}

static void print_shut_out(void *context, const struct rekey_object *object)
{
	struct rekeying *rekeying = context;
	char id[HASH_HEX_SIZE], space[HASH_HEX_SIZE], when[32] = "";
	const time_t seconds = (time_t)(object->clock_ms / 1000);
	struct tm tm;

	if (rekeying->extend)
		return;
	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	hex_encode(space, object->space->bytes, HASH_SIZE);
	printf("shut out: %s %s, dated %s, space %.12s\n", object->what == REKEY_ACT ? "act" : "bundle",
	       hex_encode(id, object->id->bytes, HASH_SIZE), when, space);
	rekeying->shut_out++;
}

/* ---- The acts ---- */

static enum twinlog_error load(struct rekeying *rekeying, struct twinlog_fault *fault)
{
	const struct daemon_setup setup = {.store = rekeying->files.home.store,
					   .keys = rekeying->files.home.keys,
					   .signed_card = rekeying->files.home.card->bytes,
					   .signed_card_size = rekeying->files.home.card->size};
	enum twinlog_error error = load_node(&setup, &rekeying->node, fault);

	if (!error && rekeying->stolen_ms > 0 && gather(rekeying))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (!error && effects_init(&rekeying->effects))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	return error;
}

static enum twinlog_error sign(struct rekeying *rekeying, struct twinlog_fault *fault)
{
	const bool choosy = rekeying->stolen_ms > 0 || (rekeying->extend && rekeying->named_count > 0);
	const struct rekey rekey = {.recovery_seed = rekeying->files.file.recovery_seed,
				    .new_key = seal_keys_public(rekeying->files.next_keys ? rekeying->files.next_keys
											  : rekeying->files.home.keys),
				    .second_key = rekeying->has_second ? &rekeying->second : NULL,
				    .extend = rekeying->extend,
				    .counts = choosy ? made_here : NULL,
				    .named = rekeying->named,
				    .named_count = rekeying->named_count,
				    .shut_out = print_shut_out,
				    .context = rekeying};
	struct timespec now;
	enum twinlog_error error;

	clock_gettime(CLOCK_REALTIME, &now);
	error = node_rekey(rekeying->node, &rekey,
			   (struct moment){.wall_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000},
			   &rekeying->effects, &rekeying->spaces);
	return error ? twinlog_fault_set(fault, error, "space", NULL) : TWINLOG_OK;
}

/* The acts, and the contents that go with them: of erasures that count now that they are named. */
static enum twinlog_error store_acts(struct rekeying *rekeying, struct twinlog_fault *fault)
{
	struct store_write *write;
	enum twinlog_error error = store_begin(rekeying->files.home.store, &write);

	for (size_t i = 0; !error && i < rekeying->effects.count; i++) {
		const struct effect *effect = &rekeying->effects.items[i];
		const struct persist *what = &effect->persist.what;

		if (effect->type != EFFECT_PERSIST || (what->kind != PERSIST_ACT && what->kind != PERSIST_STRIP))
			continue;
		error = workers_put(write, what);
		if (error)
			store_abort(write);
	}
	if (!error)
		error = store_commit(write);
	return error ? twinlog_fault_set(fault, error, "the store", NULL) : TWINLOG_OK;
}

/* ---- The key ---- */

static enum twinlog_error next_card(struct rekeying *rekeying, struct twinlog_fault *fault)
{
	struct rekey_files *files = &rekeying->files;
	const struct card *held = files->home.card;
	struct identity_proof proof = identity_proof_of(held);

	proof.has_grant = true;
	if (rekeying->has_second)
		proof.second = rekeying->second;
	else if (!rekeying->one_key && proof.has_second)
		rekeying->second = proof.second;
	proof.has_second = !rekeying->one_key && (proof.has_second || rekeying->has_second);
	rekeying->has_second = proof.has_second;
	if (!proof.has_second)
		memset(&proof.second, 0, sizeof proof.second);
	if (seal_keys_from(&files->next.seeds, &files->next_keys))
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	card_grant(files->file.recovery_seed, &held->identity, seal_keys_public(files->next_keys),
		   rekeying->has_second ? &rekeying->second : NULL, proof.grant);
	return rekey_files_card(files, &proof, fault);
}

static enum twinlog_error change(struct rekeying *rekeying, struct twinlog_fault *fault)
{
	enum twinlog_error error = rekey_files_draw(&rekeying->files, REKEY_CITY, fault);

	if (!error)
		error = next_card(rekeying, fault);
	if (!error)
		error = sign(rekeying, fault);
	if (error || rekeying->dry_run)
		return error;
	error = rekey_files_prepare(&rekeying->files, fault);
	if (!error)
		error = store_acts(rekeying, fault);
	return error ? error : rekey_files_switch(rekeying->files.dir, fault);
}

/* ---- The command ---- */

static void close_all(struct rekeying *rekeying)
{
	node_free(rekeying->node);
	effects_free(&rekeying->effects);
	rekey_files_close(&rekeying->files);
	free(rekeying->acts.items);
	free(rekeying->bundles.items);
}

static void keep_second(struct rekeying *rekeying)
{
	const struct identity_proof proof = identity_proof_of(rekeying->files.home.card);

	rekeying->has_second = proof.has_second;
	rekeying->second = proof.second;
}

static enum twinlog_error work(struct rekeying *rekeying, bool *ret_adopted, struct twinlog_fault *fault)
{
	struct twinlog_fault unused;
	enum twinlog_error error = rekey_files_open(&rekeying->files, fault);

	*ret_adopted = false;
	if (error)
		return error;
	if (!rekeying->extend && !rekeying->finish && rekey_files_older(&rekeying->files) &&
	    rekey_is_open(rekeying->files.dir, &unused) == TWINLOG_OK) {
		*ret_adopted = true;
		return rekeying->dry_run ? TWINLOG_OK : rekey_files_adopt(&rekeying->files, fault);
	}
	if (rekeying->next)
		return rekey_next(&rekeying->files, rekeying->kind, rekeying->finish, rekeying->dry_run, fault);
	error = load(rekeying, fault);
	if (error)
		return error;
	if (!rekeying->finish && !rekeying->extend)
		return change(rekeying, fault);
	error = rekey_is_open(rekeying->files.dir, fault);
	keep_second(rekeying);
	if (!error)
		error = sign(rekeying, fault);
	return error || rekeying->dry_run ? error : store_acts(rekeying, fault);
}

static void tell_adopted(const struct rekeying *rekeying)
{
	const struct rekey_files *files = &rekeying->files;
	const uint8_t *control = seal_keys_control_public(files->next_keys ? files->next_keys : files->home.keys);
	char key[Z85_TEXT_SIZE];

	printf("%s was older than the recovery file and has its key now; the partners bring the rest\n", files->dir);
	if (memcmp(control, seal_keys_control_public(files->home.keys), 32) != 0)
		printf("A client gets a connection once its file says:\nserver = %s\n", z85_encode(key, control));
}

static int tell(const struct rekeying *rekeying, bool adopted)
{
	const char *dir = rekeying->files.dir;

	if (rekeying->dry_run)
		printf("%zu spaces, %zu signed objects shut out; nothing was changed\n", rekeying->spaces,
		       rekeying->shut_out);
	else if (adopted)
		tell_adopted(rekeying);
	else if (rekeying->next)
		rekey_next_tell(&rekeying->files, rekeying->kind, rekeying->finish);
	else if (rekeying->finish || rekeying->extend)
		printf("signed in %zu spaces\n", rekeying->spaces);
	else
		printf("%s has a new key, signed in %zu spaces; %zu signed objects shut out\n"
		       "Recovery file: %s/%s (print it or put it in a safe, then delete it here; the one of before is "
		       "of no use any more)\n"
		       "Start it with: twinlogd run %s\n",
		       dir, rekeying->spaces, rekeying->shut_out, dir, RECOVERY_FILE, dir);
	return 0;
}

/* Local time; 0: not a date. */
static uint64_t read_date(const char *text)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);
		time_t when;

		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		when = mktime(&tm);
		return when > 0 ? (uint64_t)when * 1000 : 0;
	}
	return 0;
}

enum {
	OPTION_RECOVERY = 256,
	OPTION_STOLEN,
	OPTION_COUNT,
	OPTION_DRY_RUN,
	OPTION_FINISH,
	OPTION_EXTEND,
	OPTION_SECOND,
	OPTION_ONE,
	OPTION_TRANSPORT,
	OPTION_CONTROL
};

static const struct option OPTIONS[] = {
    {"recovery", required_argument, NULL, OPTION_RECOVERY},
    {"stolen", required_argument, NULL, OPTION_STOLEN},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"finish", no_argument, NULL, OPTION_FINISH},
    {"extend", no_argument, NULL, OPTION_EXTEND},
    {"second-key", required_argument, NULL, OPTION_SECOND},
    {"one-key", no_argument, NULL, OPTION_ONE},
    {"transport", no_argument, NULL, OPTION_TRANSPORT},
    {"control", no_argument, NULL, OPTION_CONTROL},
    {NULL, 0, NULL, 0},
};

static int take_option(struct rekeying *rekeying, int option, const char *value)
{
	switch (option) {
	case OPTION_RECOVERY:
		rekeying->files.recovery = value;
		return 0;
	case OPTION_STOLEN:
		rekeying->stolen_ms = read_date(value);
		return rekeying->stolen_ms ? 0 : command_usage("--stolen YYYY-MM-DD[THH:MM[:SS]]", value);
	case OPTION_COUNT:
		if (rekeying->named_count == COUNT_MAX ||
		    hex_decode(rekeying->named[rekeying->named_count].bytes, HASH_SIZE, value, strlen(value)))
			return command_usage("--count: the id of an act or bundle, 64 hex digits", value);
		rekeying->named_count++;
		return 0;
	case OPTION_DRY_RUN:
		rekeying->dry_run = true;
		return 0;
	case OPTION_FINISH:
		rekeying->finish = true;
		return 0;
	case OPTION_EXTEND:
		rekeying->extend = true;
		return 0;
	case OPTION_SECOND:
		rekeying->has_second = true;
		return hex_decode(rekeying->second.bytes, sizeof rekeying->second.bytes, value, strlen(value))
			   ? command_usage("--second-key: 64 hex digits, as twinlogd second-key prints them", value)
			   : 0;
	case OPTION_ONE:
		rekeying->one_key = true;
		return 0;
	case OPTION_TRANSPORT:
	case OPTION_CONTROL:
		if (rekeying->next)
			return command_usage("one of --transport and --control", NULL);
		rekeying->next = true;
		rekeying->kind = option == OPTION_CONTROL ? REKEY_CONTROL : REKEY_TRANSPORT;
		return 0;
	default:
		return command_usage("unknown option, or one without its value", NULL);
	}
}

static int read_options(int argc, char **argv, struct rekeying *rekeying)
{
	int option, code = 0;

	opterr = 0;
	while (!code && (option = getopt_long(argc, argv, ":", OPTIONS, NULL)) != -1)
		code = take_option(rekeying, option, optarg);
	if (code)
		return code;
	if (optind + 1 != argc || !rekeying->files.recovery)
		return command_usage("rekey DIR --recovery FILE", NULL);
	if (rekeying->finish + rekeying->extend + (rekeying->stolen_ms > 0) > 1)
		return command_usage("one of --stolen, --finish and --extend", NULL);
	if ((rekeying->has_second || rekeying->one_key) &&
	    (rekeying->finish || rekeying->extend || (rekeying->has_second && rekeying->one_key)))
		return command_usage("--second-key or --one-key, with a new key", NULL);
	if (rekeying->next && (rekeying->stolen_ms > 0 || rekeying->extend || rekeying->has_second ||
			       rekeying->one_key || rekeying->named_count > 0))
		return command_usage("--transport or --control, and --finish at most", NULL);
	rekeying->files.dir = argv[optind];
	rekeying->named_count = hash_sort(rekeying->named, rekeying->named_count);
	return 0;
}

int rekey_command(int argc, char **argv)
{
	struct rekeying *rekeying = calloc(1, sizeof *rekeying);
	struct twinlog_fault fault;
	bool adopted;
	int code;

	if (!rekeying)
		return command_fail(&(struct twinlog_fault){.code = TWINLOG_NO_MEMORY});
	code = read_options(argc, argv, rekeying);
	if (!code) {
		code = work(rekeying, &adopted, &fault) ? command_fail(&fault) : tell(rekeying, adopted);
		close_all(rekeying);
	}
	free(rekeying);
	return code;
}
