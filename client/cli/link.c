/* Saying that two records tell of one event. */
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"
#include "write.h"

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* What a city says now of which records are one event with this one; NULL: nothing. */
static const Twinlog__Link *link_of(struct cli *cli, const Twinlog__Record *record, ProtobufCBinaryData city_id)
{
	for (size_t i = 0; i < record->n_versions; i++) {
		const Twinlog__Version *version = record->versions[i];
		const Twinlog__Body *body;

		if (version->operation != TWINLOG__OPERATION__OPERATION_LINK || !version->current ||
		    !same_bytes(version->city_id, city_id))
			continue;
		body = version_body(cli->arena, version);
		if (body && body->content_case == TWINLOG__BODY__CONTENT_LINK)
			return body->link;
	}
	return NULL;
}

static bool names(const Twinlog__Link *link, ProtobufCBinaryData handle)
{
	for (size_t i = 0; link && i < link->n_same_event_as; i++)
		if (same_bytes(link->same_event_as[i]->handle, handle))
			return true;
	return false;
}

/* The own city's id in the record's space. */
static enum twinlog_error own_city(struct cli *cli, const Twinlog__Record *record, ProtobufCBinaryData *ret_city)
{
	Twinlog__Spaces *spaces;
	enum twinlog_error error = cli_spaces(cli, &spaces);

	for (size_t s = 0; !error && s < spaces->n_spaces; s++)
		for (size_t m = 0; m < spaces->spaces[s]->n_members; m++)
			if (spaces->spaces[s]->members[m]->self &&
			    same_bytes(spaces->spaces[s]->space, record->space)) {
				*ret_city = spaces->spaces[s]->members[m]->city_id;
				return TWINLOG_OK;
			}
	return error ? error : twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MEMBER, NULL, NULL);
}

/* What the city said before, with one record more or less. */
static enum twinlog_error new_link(struct cli *cli, const Twinlog__Link *before, const Twinlog__Record *record,
				   const Twinlog__Record *other, bool remove, Twinlog__SubmitOperation **ret_operation)
{
	const size_t count = before ? before->n_same_event_as : 0;
	Twinlog__RecordRef **list = arena_alloc(cli->arena, (count + 1) * sizeof *list);
	Twinlog__RecordRef *ref = arena_alloc(cli->arena, sizeof *ref);
	Twinlog__Link *link = arena_alloc(cli->arena, sizeof *link);
	Twinlog__Body *body = arena_alloc(cli->arena, sizeof *body);

	if (!list || !ref || !link || !body)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	twinlog__record_ref__init(ref);
	twinlog__link__init(link);
	twinlog__body__init(body);
	for (size_t i = 0; i < count; i++)
		if (!same_bytes(before->same_event_as[i]->handle, other->handle))
			list[link->n_same_event_as++] = before->same_event_as[i];
	ref->handle = other->handle;
	if (!remove)
		list[link->n_same_event_as++] = ref;
	link->same_event_as = list;
	body->content_case = TWINLOG__BODY__CONTENT_LINK;
	body->link = link;
	return submission_on_record(cli->arena, twinlog_office(cli->twinlog), TWINLOG__OPERATION__OPERATION_LINK,
				    record, body, ret_operation, &cli->fault);
}

static int say(struct cli *cli, const struct cli_arguments *arguments, const Twinlog__Link *before,
	       const Twinlog__Record *record, const Twinlog__Record *other, bool remove)
{
	Twinlog__SubmitOperation *operation;

	if (new_link(cli, before, record, other, remove, &operation))
		return cli_fail(cli);
	return write_one(cli, arguments, record, operation, NULL);
}

/* Taken back on whichever of the two it was said. */
static int unlink_both(struct cli *cli, const struct cli_arguments *arguments, Twinlog__Record *const records[2],
		       const Twinlog__Link *const said[2])
{
	int code = 0;

	if (!names(said[0], records[1]->handle) && !names(said[1], records[0]->handle))
		return cli_refuse(cli, TWINLOG_NOT_FOUND, N_("a link of your city"), cli_operand(arguments, 1));
	for (size_t i = 0; i < 2 && code == 0; i++)
		if (names(said[i], records[1 - i]->handle))
			code = say(cli, arguments, said[i], records[i], records[1 - i], true);
	return code;
}

/* Who opened one of the two and has not said it yet. */
static void tell_who_waits(struct cli *cli, Twinlog__Record *const records[2], ProtobufCBinaryData self)
{
	for (size_t i = 0; i < 2; i++) {
		const ProtobufCBinaryData opener = records[i]->opener_city_id;

		if (same_bytes(opener, self) || names(link_of(cli, records[0], opener), records[1]->handle) ||
		    names(link_of(cli, records[1], opener), records[0]->handle))
			continue;
		cli_note(_("counted once when %s says so too; its inbox shows it"), cli_city_name(cli, opener));
		return;
	}
}

static int run_link(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Record *records[2];
	const Twinlog__Link *said[2];
	ProtobufCBinaryData self = {0};
	int code;

	for (size_t i = 0; i < 2; i++) {
		if (cli_show(cli, cli_operand(arguments, i), true, &records[i]))
			return cli_fail(cli);
		if (records[i]->kind != TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
			return cli_refuse(cli, TWINLOG_INVALID, N_("link: an activity"), cli_operand(arguments, i));
	}
	if (same_bytes(records[0]->handle, records[1]->handle))
		return cli_refuse(cli, TWINLOG_DUPLICATE, "link", cli_operand(arguments, 1));
	/* Who reads one space need not know what there is in another. */
	if (!same_bytes(records[0]->space, records[1]->space))
		return cli_refuse(cli, TWINLOG_INVALID, N_("link: a record of the same space"),
				  cli_operand(arguments, 1));
	if (own_city(cli, records[0], &self))
		return cli_fail(cli);
	for (size_t i = 0; i < 2; i++)
		said[i] = link_of(cli, records[i], self);
	if (cli_given(arguments, "remove"))
		return unlink_both(cli, arguments, records, said);
	/* Saying it twice adds nothing. */
	if (names(said[0], records[1]->handle) || names(said[1], records[0]->handle)) {
		printf("%s\n", cli_hex(cli, records[0]->handle, 0));
		code = 0;
	} else {
		code = say(cli, arguments, said[0], records[0], records[1], false);
	}
	if (code == 0 && cli->format == FORMAT_TABLE)
		tell_who_waits(cli, records, self);
	return code;
}

static const struct cli_option options[] = {
    {"remove", 0, NULL, N_("take the link back"), false},
    WRITE_OPTIONS,
    {0},
};

const struct cli_command command_link = {
    .name = "link",
    .operands = N_("ID ID"),
    .least = 2,
    .most = 2,
    .summary = N_("say that two records are one event"),
    .description =
	N_("Totals count them once when the cities that opened them both say so. Neither record is changed."),
    .options = options,
    .run = run_link,
};
