/* audit: what was done by whom, and whether the trail is whole. */
#include <string.h>

#include "commands.h"

#define AUDIT_SHOWN 50u

static const struct {
	int request; /* Twinlog__Request__BodyCase */
	const char *command;
} commands[] = {
    {TWINLOG__REQUEST__BODY_SUBMIT, "submit"},
    {TWINLOG__REQUEST__BODY_SPACE_CREATE, "space create"},
    {TWINLOG__REQUEST__BODY_SPACE_ANSWER, "space accept/decline"},
    {TWINLOG__REQUEST__BODY_PEER_ADD, "peer add"},
    {TWINLOG__REQUEST__BODY_PEER_VERIFY, "peer verify"},
    {TWINLOG__REQUEST__BODY_PEER_REMOVE, "peer remove"},
    {TWINLOG__REQUEST__BODY_ERASE, "erase"},
    {TWINLOG__REQUEST__BODY_CARRY_PUT, "courier read"},
    {TWINLOG__REQUEST__BODY_CARRY_GET, "courier write"},
    {TWINLOG__REQUEST__BODY_VERIFY_GET, "verify"},
    {TWINLOG__REQUEST__BODY_INVITE, "invite"},
    {TWINLOG__REQUEST__BODY_JOIN_PUT, "join"},
    {TWINLOG__REQUEST__BODY_JOIN_TAKE, "join"},
    {TWINLOG__REQUEST__BODY_USER_ADD, "user add"},
    {TWINLOG__REQUEST__BODY_USER_REMOVE, "user remove"},
    {TWINLOG__REQUEST__BODY_USER_LIST, "user list"},
    {TWINLOG__REQUEST__BODY_AUDIT_GET, "audit"},
};

static const char *command_of(struct cli *cli, uint32_t request)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if ((uint32_t)commands[i].request == request)
			return commands[i].command;
	return cli_printf(cli, "%u", (unsigned)request);
}

static const char *kind_code(uint32_t kind)
{
	static const char *const kinds[] = {"", "wrote", "asked", "refused", "user_added", "user_removed"};

	return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "";
}

static const char *kind_label(uint32_t kind)
{
	static const char *const kinds[] = {
	    "", N_("wrote"), N_("asked for"), N_("was refused"), N_("added user"), N_("removed user")};

	return kind > 0 && kind < sizeof kinds / sizeof *kinds ? _(kinds[kind]) : "";
}

/* ---- Asking. ---- */

static enum twinlog_error page_get(struct cli *cli, Twinlog__AuditGet *get, Twinlog__AuditPage **ret_page)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	request.body_case = TWINLOG__REQUEST__BODY_AUDIT_GET;
	request.audit_get = get;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_AUDIT_PAGE)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (!error)
		*ret_page = reply->audit_page;
	return error;
}

static int verify_print(struct cli *cli, const Twinlog__AuditPage *page, bool noted)
{
	if (cli->format != FORMAT_TABLE) {
		const int code = cli_print_json(
		    cli, json_pack("{s:I,s:I,s:I,s:s,s:b}", "entries", (json_int_t)page->count, "faults",
				   (json_int_t)page->faults, "first_fault", (json_int_t)page->first_fault, "head",
				   cli_hex(cli, page->head, 0), "head_found", (int)(page->head_found || !noted)));

		if (code)
			return code;
	} else {
		printf(_("%llu entries, %llu faults; the last one is %s\n"), (unsigned long long)page->count,
		       (unsigned long long)page->faults, cli_hex(cli, page->head, 0));
	}
	if (page->faults > 0)
		return cli_refuse(cli, TWINLOG_BAD_HASH,
				  cli_printf(cli, _("entry %llu"), (unsigned long long)page->first_fault), NULL);
	if (noted && !page->head_found)
		return cli_refuse(cli, TWINLOG_BAD_HASH, "--head", NULL);
	return 0;
}

static int verify_run(struct cli *cli, const char *head)
{
	Twinlog__AuditGet get = TWINLOG__AUDIT_GET__INIT;
	Twinlog__AuditPage *page;
	struct hash noted;

	get.verify = true;
	if (head) {
		if (hex_decode(noted.bytes, HASH_SIZE, head, strlen(head)))
			return cli_refuse(cli, TWINLOG_INVALID, "--head", head);
		get.head = codec_hash(&noted);
	}
	return page_get(cli, &get, &page) ? cli_fail(cli) : verify_print(cli, page, head != NULL);
}

/* ---- Showing. ---- */

static const char *who(struct cli *cli, const Twinlog__AuditEntry *entry)
{
	const char *text = cli_text(cli, entry->name);

	for (size_t i = 0; i < entry->n_writers; i++)
		text = cli_printf(cli, "%s%s%s (%zu)", text, *text ? ", " : "", cli_text(cli, entry->writers[i]->name),
				  entry->writers[i]->n_leaves);
	return text;
}

static const char *about(struct cli *cli, const Twinlog__AuditEntry *entry)
{
	switch (entry->kind) {
	case TWINLOG__AUDIT_KIND__AUDIT_WROTE:
		return cli_printf(cli, _("bundle %s of space %s"), cli_hex(cli, entry->bundle, 12),
				  cli_hex(cli, entry->space, 12));
	case TWINLOG__AUDIT_KIND__AUDIT_USER_ADDED:
	case TWINLOG__AUDIT_KIND__AUDIT_USER_REMOVED:
		return cli_text(cli, entry->subject_name);
	default:
		return cli_printf(cli, "%s %s%s", command_of(cli, entry->request), cli_hex(cli, entry->space, 12),
				  cli_hex(cli, entry->subject, 12));
	}
}

static json_t *entry_json(struct cli *cli, const Twinlog__AuditEntry *entry)
{
	json_t *writers = json_array();

	for (size_t i = 0; i < entry->n_writers; i++) {
		const Twinlog__AuditWriter *writer = entry->writers[i];
		json_t *leaves = json_array();

		for (size_t j = 0; j < writer->n_leaves; j++)
			json_array_append_new(leaves, json_integer(writer->leaves[j]));
		json_array_append_new(writers, json_pack("{s:s,s:s,s:o}", "name", cli_text(cli, writer->name), "key",
							 cli_hex(cli, writer->client, 0), "leaves", leaves));
	}
	return json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:s}", "number", (json_int_t)entry->number,
			 "time_ms", (json_int_t)entry->time_ms, "kind", kind_code(entry->kind), "name",
			 cli_text(cli, entry->name), "key", cli_hex(cli, entry->client, 0), "request",
			 entry->request ? command_of(cli, entry->request) : "", "space", cli_hex(cli, entry->space, 0),
			 "bundle", cli_hex(cli, entry->bundle, 0), "subject", cli_hex(cli, entry->subject, 0),
			 "subject_name", cli_text(cli, entry->subject_name), "writers", writers, "previous",
			 cli_hex(cli, entry->previous, 0));
}

static enum twinlog_error entries_add(struct cli *cli, const Twinlog__AuditPage *page, struct table *table,
				      json_t *list)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < page->n_entries && !error; i++) {
		const Twinlog__AuditEntry *entry = page->entries[i];
		const char *const cells[] = {
		    cli_printf(cli, "%llu", (unsigned long long)entry->number),
		    cli_time(cli, entry->time_ms),
		    who(cli, entry),
		    kind_label(entry->kind),
		    about(cli, entry),
		};

		if (list)
			json_array_append_new(list, entry_json(cli, entry));
		else
			error = table_row(table, cells);
	}
	return error;
}

/* All pages after that number; only the last of them tells the head. */
static enum twinlog_error show(struct cli *cli, uint64_t after, struct table *table, json_t *list,
			       const char **ret_head)
{
	Twinlog__AuditGet get = TWINLOG__AUDIT_GET__INIT;
	Twinlog__AuditPage *page;
	enum twinlog_error error;

	get.after = after;
	do {
		error = page_get(cli, &get, &page);
		if (!error)
			error = entries_add(cli, page, table, list);
		if (!error && page->n_entries > 0)
			get.after = page->entries[page->n_entries - 1]->number;
	} while (!error && !page->last);
	if (!error)
		*ret_head = cli_hex(cli, page->head, 0);
	return error;
}

static int audit_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"number", N_("number"), true, false}, {"time", N_("time"), false, false},  {"who", N_("who"), false, true},
	    {"did", N_("did"), false, false},      {"about", N_("about"), false, true},
	};
	Twinlog__AuditGet get = TWINLOG__AUDIT_GET__INIT;
	Twinlog__AuditPage *page;
	uint64_t last;
	const char *head = "";

	if (cli_connect(cli))
		return cli_fail(cli);
	if (cli_given(arguments, "verify") || cli_given(arguments, "head"))
		return verify_run(cli, cli_option(arguments, "head"));
	get.after = UINT64_MAX;
	if (cli_number(arguments, "last", 0, UINT32_MAX, AUDIT_SHOWN, &last, &cli->fault) || page_get(cli, &get, &page))
		return cli_fail(cli);
	const uint64_t after = last > 0 && page->count > last ? page->count - last : 0;
	json_t *list = cli->format == FORMAT_JSON ? json_array() : NULL;
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? show(cli, after, table, list, &head)
					 : twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	int code = 0;
	if (!error && list)
		code = cli_print_json(cli, json_pack("{s:O,s:s}", "entries", list, "head", head));
	else if (!error && (error = table_print(table, cli->format, 0, stdout)))
		(void)twinlog_fault_set(&cli->fault, error, NULL, NULL);
	json_decref(list);
	table_free(table);
	return error ? cli_fail(cli) : code;
}

static const struct cli_option audit_options[] = {
    {"last", 0, N_("N"), N_("so many entries, the newest (50 unless set; 0: all)"), false},
    {"verify", 0, NULL, N_("check the chain of hashes instead"), false},
    {"head", 0, N_("HASH"), N_("check also that this hash, noted earlier, is on the chain"), false},
    {0},
};

const struct cli_command command_audit = {
    .name = "audit",
    .operands = "",
    .summary = N_("show who did what: administrative acts, and which client wrote which entries"),
    .description = N_("Each entry holds the hash of the one before it. Note the last one now and then, away from this "
		      "machine: --verify --head then shows that nothing before it was changed."),
    .options = audit_options,
    .run = audit_run,
};
