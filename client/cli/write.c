#include "write.h"

#include <string.h>

#include "log.pb-c.h"

enum twinlog_error write_wait_read(struct cli *cli, const struct cli_arguments *arguments, struct write_wait *ret_wait)
{
	const char *time = cli_option(arguments, "wait-time");
	struct write_wait wait = {.time_ms = TWINLOG_CALL_TIMEOUT_MS};
	enum twinlog_error error =
	    cli_number(arguments, "wait-for", 1, TWINLOG_MEMBERS_MAX, 0, &wait.cities, &cli->fault);

	if (error)
		return error;
	if (time && (cli_duration(time, &wait.time_ms) != TWINLOG_OK || wait.time_ms > UINT32_MAX))
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--wait-time", time);
	*ret_wait = wait;
	return TWINLOG_OK;
}

int write_wait(struct cli *cli, const struct write_wait *wait, const struct hash *space,
	       const ProtobufCBinaryData *bundles, size_t count)
{
	Twinlog__Reply *reply;
	enum twinlog_error error;

	if (!wait->cities || !count)
		return 0;
	cli_progress(cli, _("waiting for %u cities"), (unsigned)wait->cities);
	error = submission_wait(cli->twinlog, cli->arena, space, bundles, count, (uint32_t)wait->cities,
				(uint32_t)wait->time_ms, &reply, &cli->fault);
	cli_progress_end(cli);
	if (error)
		return cli_fail(cli);
	if (reply->waited->cities < wait->cities)
		return cli_refuse(
		    cli, TWINLOG_WAITED_IN_VAIN,
		    cli_printf(cli, _("%u of %u"), (unsigned)reply->waited->cities, (unsigned)wait->cities), NULL);
	return 0;
}

int write_one(struct cli *cli, const struct cli_arguments *arguments, const Twinlog__Record *record,
	      Twinlog__SubmitOperation *operation, bool *ret_stale)
{
	struct hash space;
	struct write_wait wait;
	const Twinlog__SubmitResult *result;
	Twinlog__Request *request;
	Twinlog__Reply *reply;
	enum twinlog_error error = codec_get_hash(record->space, &space);

	if (error)
		return cli_refuse(cli, error, NULL, NULL);
	if (write_wait_read(cli, arguments, &wait) != TWINLOG_OK ||
	    submission_request(cli->arena, &space, &operation, 1, &request, &cli->fault) != TWINLOG_OK ||
	    cli_call(cli, request, &reply) != TWINLOG_OK)
		return cli_fail(cli);
	if (reply->body_case != TWINLOG__REPLY__BODY_SUBMITTED || reply->submitted->n_results != 1)
		return cli_refuse(cli, TWINLOG_MALFORMED, NULL, NULL);
	result = reply->submitted->results[0];
	error = fault_from_wire(&cli->fault, result->code, result->where, result->value);
	if (error == TWINLOG_STALE && ret_stale) {
		*ret_stale = true;
		return twinlog_error_exit(error);
	}
	if (error)
		return cli_fail(cli);
	printf("%s\n", cli_hex(cli, record->handle, 0));
	return write_wait(cli, &wait, &space, &result->bundle, result->bundle.len ? 1 : 0);
}

/* ---- Sides ---- */

const Twinlog__Side *own_side(const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++)
		if (record->sides[i]->self)
			return record->sides[i];
	return NULL;
}

static bool has_values(const Twinlog__Side *side)
{
	return !side->self && side->word && side->word->operation == TWINLOG__OPERATION__OPERATION_STATEMENT;
}

const Twinlog__Side *partner_side(const Twinlog__Record *record, const char *city_id)
{
	const Twinlog__Side *first = NULL;

	for (size_t i = 0; i < record->n_sides; i++) {
		const Twinlog__Side *side = record->sides[i];

		if (!has_values(side) || (city_id && !codec_equal(side->city_id, city_id)))
			continue;
		if (city_id || (record->lead.len && side->word->leaf.len == record->lead.len &&
				memcmp(side->word->leaf.data, record->lead.data, record->lead.len) == 0))
			return side;
		if (!first)
			first = side;
	}
	return first;
}

Twinlog__Body *facts_of(struct arena *arena, uint32_t kind, const Twinlog__Body *body)
{
	Twinlog__Body *facts = body_new(arena, kind);

	if (!facts)
		return NULL;
	facts->token = body->token;
	if (body->content_case != facts->content_case)
		return facts;
	if (kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY) {
		const Twinlog__Activity *from = body->activity;
		Twinlog__Activity *to = facts->activity;

		to->n_cities = from->n_cities;
		to->cities = from->cities;
		to->n_fields = from->n_fields;
		to->fields = from->fields;
		to->form = from->form;
		to->mode = from->mode;
		to->status = from->status;
		to->direction = from->direction;
		to->start = from->start;
		to->end = from->end;
		to->participants = from->participants;
		to->count_of_events = from->count_of_events;
	} else if (kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT) {
		const Twinlog__Agreement *from = body->agreement;
		Twinlog__Agreement *to = facts->agreement;

		to->n_parties = from->n_parties;
		to->parties = from->parties;
		to->relation_type = from->relation_type;
		to->status = from->status;
		to->established = from->established;
		to->n_fields = from->n_fields;
		to->fields = from->fields;
	} else {
		*facts->city = *body->city;
	}
	return facts;
}

enum twinlog_error based_on(struct cli *cli, const Twinlog__Record *record, const char *text,
			    ProtobufCBinaryData *ret_leaf)
{
	const Twinlog__Side *own = own_side(record);
	Twinlog__Record *whole;
	enum twinlog_error error;
	size_t size = strlen(text);

	if (size < 4 || size > 2 * HASH_SIZE || strspn(text, "0123456789abcdefABCDEF") != size)
		return twinlog_fault_set(&cli->fault, TWINLOG_INVALID, "based_on", text);
	if (own && own->word && strncasecmp(cli_hex(cli, own->word->leaf, 0), text, size) == 0) {
		*ret_leaf = own->word->leaf;
		return TWINLOG_OK;
	}
	error = cli_show(cli, cli_hex(cli, record->handle, 0), true, &whole);
	if (error)
		return error;
	for (size_t i = 0; i < whole->n_versions; i++) {
		const Twinlog__Version *version = whole->versions[i];

		if (strncasecmp(cli_hex(cli, version->leaf, 0), text, size) == 0) {
			*ret_leaf = version->leaf;
			return TWINLOG_OK;
		}
	}
	return twinlog_fault_set(&cli->fault, TWINLOG_NOT_FOUND, "based_on", text);
}
