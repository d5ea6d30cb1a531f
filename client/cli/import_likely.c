/* New rows that may be known already: the partner logged the event, or a clerk did by hand. Shown in the plan, never
 * decided. DOMAIN, "match": the same cities, dates that meet, the same field or form. */
#include <string.h>

#include "import.h"
#include "log.pb-c.h"
#include "sheet_internal.h"

static enum twinlog_error ask(struct import *import, struct arena *arena, Twinlog__Filter filter, uint32_t limit,
			      Twinlog__Records **ret_records)
{
	ProtobufCBinaryData space = codec_hash(&import->space);
	uint32_t kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	filter.spaces = &space;
	filter.n_spaces = 1;
	filter.kinds = &kind;
	filter.n_kinds = 1;
	list.filter = &filter;
	list.limit = limit;
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	error = twinlog_call(import->cli->twinlog, &request, arena, &reply, &import->cli->fault);
	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_RECORDS)
		return twinlog_fault_set(&import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	*ret_records = reply->records;
	return TWINLOG_OK;
}

static bool same_kind(const Twinlog__Activity *a, const Twinlog__Activity *b)
{
	if (a->form.len > 0 && bytes_equal(a->form, b->form))
		return true;
	for (size_t i = 0; i < a->n_fields; i++)
		for (size_t k = 0; k < b->n_fields; k++)
			if (bytes_equal(a->fields[i], b->fields[k]))
				return true;
	return false;
}

static enum twinlog_error look(struct import *import, struct arena *arena, const struct import_entry *entry)
{
	const Twinlog__Activity *activity = entry->draft.body->activity;
	ProtobufCBinaryData cities[2] = {activity->cities[0]->city_id, activity->cities[1]->city_id};
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__Records *records;
	enum twinlog_error error;

	filter.cities = cities;
	filter.n_cities = 2;
	filter.from = activity->start;
	filter.to = activity->end.len ? activity->end : activity->start;
	error = ask(import, arena, filter, 20, &records);
	for (size_t i = 0; i < (error ? 0 : records->n_records); i++) {
		const Twinlog__Record *record = records->records[i];
		const Twinlog__Body *body = cli_lead_body(import->cli, record);
		json_t *likely;

		if (!body || body->content_case != TWINLOG__BODY__CONTENT_ACTIVITY ||
		    !same_kind(activity, body->activity))
			continue;
		likely = json_pack("{s:I, s:o, s:s}", "line", (json_int_t)entry->draft.line, "record",
				   json_bytes_hex(record->handle), "title", cli_title(import->cli, body));
		if (!likely || json_array_append_new(import->likely, likely) != 0)
			return twinlog_fault_set(&import->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
		break;
	}
	return error;
}

enum twinlog_error import_likely(struct import *import, struct arena *arena, const struct import_entry *entries,
				 size_t count)
{
	enum twinlog_error error = TWINLOG_OK;

	if (entries[0].draft.kind != TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
		return TWINLOG_OK;
	if (import->looked == 0) {
		Twinlog__Filter filter = TWINLOG__FILTER__INIT;
		Twinlog__Records *records;

		error = ask(import, arena, filter, 1, &records);
		import->nothing_to_meet = !error && records->total == 0;
	}
	for (size_t i = 0; i < count && !error && !import->nothing_to_meet; i++) {
		if (entries[i].refused || entries[i].change != DRAFT_NEW || import->looked == IMPORT_LOOKED_MAX ||
		    entries[i].draft.body->activity->start.len == 0)
			continue;
		import->looked++;
		error = look(import, arena, &entries[i]);
	}
	return error;
}
