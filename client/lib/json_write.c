/* Bodies and answers to JSON. Members come in the order of the .proto files; what is empty is left out, so equal
 * answers are equal bytes. */
#include <stdlib.h>
#include <time.h>

#include "fingerprint.h"
#include "json.h"
#include "log.pb-c.h"
#include "text.h"

/* Bytes from a partner may be no text at all; JSON has to stay JSON. */
json_t *json_bytes_text(ProtobufCBinaryData bytes)
{
	char *text, *out;
	json_t *json;

	if (text_is_utf8(bytes.data, bytes.len))
		return json_stringn((const char *)bytes.data, bytes.len);
	text = out = malloc(3 * bytes.len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f) {
			*out++ = (char)bytes.data[i];
		} else {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
		}
	}
	json = json_stringn(text, (size_t)(out - text));
	free(text);
	return json;
}

json_t *json_bytes_hex(ProtobufCBinaryData bytes)
{
	char *text = malloc(2 * bytes.len + 1);
	json_t *json = text ? json_string(hex_encode(text, bytes.data, bytes.len)) : NULL;

	free(text);
	return json;
}

json_t *json_time(uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000u);
	char text[64];
	struct tm parts;

	if (!gmtime_r(&seconds, &parts))
		return json_string("");
	return json_sprintf("%.*s.%03uZ", (int)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts), text,
			    (unsigned)(unix_ms % 1000u));
}

/* jansson's _new functions take NULL for a failure, so failures pile up into one missing member at most; an object that
 * could not be filled is caught by json_text. */
static void put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new_nocheck(object, name, value);
}

static void put_text(json_t *object, const char *name, ProtobufCBinaryData bytes)
{
	if (bytes.len)
		put(object, name, json_bytes_text(bytes));
}

static void put_hex(json_t *object, const char *name, ProtobufCBinaryData bytes)
{
	if (bytes.len)
		put(object, name, json_bytes_hex(bytes));
}

static void put_time(json_t *object, const char *name, uint64_t unix_ms)
{
	if (unix_ms)
		put(object, name, json_time(unix_ms));
}

static void put_number(json_t *object, const char *name, uint64_t number)
{
	put(object, name, json_integer((json_int_t)number));
}

/* ---- Bodies ---- */

static json_t *write_message(const ProtobufCMessage *message);

static json_t *write_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
	struct field_meaning meaning = field_meaning(message->descriptor, field);

	switch (meaning.form) {
	case FIELD_COUNT:
		return json_integer(
		    (json_int_t)((const Twinlog__Count *)(const void *)field_message(message, field, index))->value);
	case FIELD_MESSAGE:
		return write_message(field_message(message, field, index));
	case FIELD_NUMBER:
		return json_integer(field_number(message, field, index));
	case FIELD_HEX:
		return json_bytes_hex(field_bytes(message, field, index));
	case FIELD_TEXT:
	case FIELD_CODE:
	case FIELD_CITY:
	case FIELD_DATE:
	case FIELD_LANG:
	case FIELD_DIRECTION:
	default:
		return json_bytes_text(field_bytes(message, field, index));
	}
}

static void write_members(json_t *object, const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const char *name = field_meaning(message->descriptor, field).name;
		size_t count = field_size(message, field);
		json_t *list;

		if (!count)
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			put(object, name, write_value(message, field, 0));
			continue;
		}
		list = json_array();
		for (size_t j = 0; j < count; j++)
			json_array_append_new(list, write_value(message, field, j));
		put(object, name, list);
	}
}

static json_t *write_message(const ProtobufCMessage *message)
{
	json_t *object = json_object();

	write_members(object, message);
	return object;
}

json_t *json_body(uint32_t kind, const Twinlog__Body *body)
{
	json_t *object = json_object();
	const ProtobufCMessage *content = body_content(body);

	put(object, "kind", json_string(kind_name(kind)));
	put_text(object, "office", body->office);
	put_text(object, "note", body->note);
	if (content)
		write_members(object, content);
	return object;
}

/* ---- Records ---- */

const Twinlog__Body *version_body(struct arena *arena, const Twinlog__Version *version)
{
	Twinlog__Body *body;

	if (!version || !version->body.len || !arena ||
	    CODEC_UNPACK(arena, version->body.data, version->body.len, &body, twinlog__body) != TWINLOG_OK)
		return NULL;
	return body;
}

static void put_texts(json_t *object, const char *name, const ProtobufCBinaryData *texts, size_t count, bool hex)
{
	json_t *list;

	if (!count)
		return;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, hex ? json_bytes_hex(texts[i]) : json_bytes_text(texts[i]));
	put(object, name, list);
}

static void put_body(json_t *object, uint32_t kind, const Twinlog__Version *version)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	const Twinlog__Body *body = version_body(arena, version);

	if (body)
		put(object, "body", json_body(kind, body));
	arena_free(arena);
}

static void put_version(json_t *object, uint32_t kind, const Twinlog__Version *version)
{
	put_hex(object, "version", version->leaf);
	put_number(object, "number", version->version);
	put_time(object, "time", version->clock_ms);
	put(object, "operation", json_string(operation_name(version->operation)));
	if (version->report)
		put(object, "report", json_true());
	put_hex(object, "answers", version->answers);
	put_texts(object, "replaces", version->replaces, version->n_replaces, true);
	put_hex(object, "bundle", version->bundle);
	put(object, "current", json_boolean(version->current));
	put(object, "counts", json_boolean(version->counts));
	if (version->void_rule) {
		put_number(object, "void_rule", version->void_rule);
		put_text(object, "void_where", version->void_where);
	}
	if (version->signature)
		put(object, "signature", json_string(version->signature == 1 ? "verified" : "does_not_verify"));
	put_texts(object, "held_by", version->held_by, version->n_held_by, false);
	put_time(object, "erased", version->erased_ms);
	put_text(object, "erased_reason", version->erased_reason);
	put_text(object, "erased_by", version->erased_by);
	put_texts(object, "erased_at", version->erased_at, version->n_erased_at, false);
	put_body(object, kind, version);
}

json_t *json_version(uint32_t kind, const Twinlog__Version *version)
{
	json_t *object = json_object();

	put_text(object, "city", version->city_id);
	put_hex(object, "identity", version->city);
	put_version(object, kind, version);
	return object;
}

static json_t *json_side(uint32_t kind, const Twinlog__Side *side)
{
	json_t *object = json_object();

	put_text(object, "city", side->city_id);
	put_hex(object, "identity", side->city);
	put(object, "party", json_boolean(side->party));
	put(object, "self", json_boolean(side->self));
	put(object, "standing", json_string(standing_name(side->standing)));
	if (side->outdated)
		put(object, "outdated", json_true());
	if (side->word)
		put_version(object, kind, side->word);
	if (side->n_conflict) {
		json_t *list = json_array();

		for (size_t i = 0; i < side->n_conflict; i++)
			json_array_append_new(list, json_version(kind, side->conflict[i]));
		put(object, "conflict", list);
	}
	return object;
}

static json_t *json_difference(const Twinlog__Difference *difference)
{
	json_t *object = json_object(), *values = json_array();

	put_text(object, "field", difference->field);
	if (difference->not_yet_updated)
		put(object, "not_yet_updated", json_true());
	for (size_t i = 0; i < difference->n_values; i++) {
		json_t *value = json_object();

		put_text(value, "city", difference->values[i]->city_id);
		put(value, "value", json_bytes_text(difference->values[i]->value));
		json_array_append_new(values, value);
	}
	put(object, "values", values);
	return object;
}

json_t *json_record(const Twinlog__Record *record)
{
	json_t *object = json_object(), *list = json_array();

	put_hex(object, "id", record->handle);
	put_hex(object, "space", record->space);
	put(object, "kind", json_string(kind_name(record->kind)));
	put(object, "state", json_string(state_name(record->state)));
	put_text(object, "opener", record->opener_city_id);
	put_time(object, "changed", record->changed_ms);
	put(object, "waiting", json_boolean(record->waiting));
	put_hex(object, "lead", record->lead);
	put_texts(object, "elsewhere", record->elsewhere, record->n_elsewhere, false);
	for (size_t i = 0; i < record->n_sides; i++)
		json_array_append_new(list, json_side(record->kind, record->sides[i]));
	put(object, "statements", list);
	list = json_array();
	for (size_t i = 0; i < record->n_differences; i++)
		json_array_append_new(list, json_difference(record->differences[i]));
	put(object, "differences", list);
	if (record->n_versions) {
		list = json_array();
		for (size_t i = 0; i < record->n_versions; i++)
			json_array_append_new(list, json_version(record->kind, record->versions[i]));
		put(object, "versions", list);
	}
	return object;
}

/* ---- Spaces, partners, status ---- */

static const char *template_name(uint32_t template)
{
	return template == TWINLOG__TEMPLATE__TEMPLATE_PAIR ? "pair" : "network";
}

static void put_fingerprint(json_t *object, ProtobufCBinaryData identity)
{
	char text[FINGERPRINT_SIZE];
	struct hash hash;

	if (!codec_get_hash(identity, &hash))
		put(object, "fingerprint", json_string(identity_fingerprint(&hash, text)));
}

json_t *json_space(const Twinlog__SpaceInfo *space)
{
	json_t *object = json_object(), *list = json_array();

	put_hex(object, "space", space->space);
	put(object, "title", json_bytes_text(space->title));
	put(object, "template", json_string(template_name(space->template_)));
	put(object, "invited", json_boolean(space->invited));
	put_number(object, "acts", space->acts);
	put_number(object, "bundles", space->bundles);
	put_number(object, "statements", space->leaves);
	put_number(object, "records", space->records);
	for (size_t i = 0; i < space->n_members; i++) {
		const Twinlog__SpaceMemberInfo *member = space->members[i];
		json_t *entry = json_object();

		put_text(entry, "city", member->city_id);
		put_hex(entry, "identity", member->identity);
		put(entry, "standing", json_string(member_standing_name(member->standing)));
		put(entry, "reader", json_boolean(member->reader));
		put(entry, "steward", json_boolean(member->steward));
		put(entry, "self", json_boolean(member->self));
		put_time(entry, "since", member->since_ms);
		put_hex(entry, "signed_by", member->signer);
		put_text(entry, "signed_by_city", member->signer_city);
		put_fingerprint(entry, member->identity);
		put_number(entry, "keys", member->keys);
		json_array_append_new(list, entry);
	}
	put(object, "members", list);
	return object;
}

json_t *json_spaces(const Twinlog__Spaces *spaces)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < spaces->n_spaces; i++)
		json_array_append_new(list, json_space(spaces->spaces[i]));
	put(object, "spaces", list);
	return object;
}

static const char *link_name(uint32_t link)
{
	static const char *const names[] = {"none", "connecting", "up", "down", "courier"};

	return link < sizeof names / sizeof *names ? names[link] : "unknown";
}

static json_t *json_peer_space(const Twinlog__PeerSpace *space)
{
	json_t *object = json_object();

	put_hex(object, "space", space->space);
	put_number(object, "lag_bundles", space->lag_bundles);
	put_number(object, "lag_ms", space->lag_ms);
	put_time(object, "position", space->position_ms);
	put_number(object, "missing_bundles", space->missing_bundles);
	put_text(object, "waiting_for", space->waiting_for);
	if (space->waiting_count)
		put_number(object, "waiting_count", space->waiting_count);
	put_time(object, "waiting_since", space->waiting_since_ms);
	return object;
}

json_t *json_peer(const Twinlog__PeerInfo *peer)
{
	json_t *object = json_object(), *list = json_array();

	put_text(object, "city", peer->city_id);
	put_hex(object, "identity", peer->identity);
	for (size_t i = 0; i < peer->n_names; i++)
		json_array_append_new(list, write_message(&peer->names[i]->base));
	put(object, "names", list);
	put_texts(object, "addresses", peer->addresses, peer->n_addresses, false);
	put_fingerprint(object, peer->identity);
	put_hex(object, "key", peer->city_key);
	put(object, "has_card", json_boolean(peer->holds_card));
	put(object, "verified", json_boolean(peer->verified));
	if (peer->removed)
		put(object, "removed", json_true());
	put_time(object, "card", peer->serial * 1000u);
	put(object, "link", json_string(link_name(peer->link)));
	put_time(object, "link_since", peer->link_since_ms);
	put_time(object, "last_heard", peer->last_heard_ms);
	put_time(object, "next_attempt", peer->next_attempt_ms);
	put_text(object, "last_error", peer->last_error);
	put_time(object, "last_error_time", peer->last_error_ms);
	put_time(object, "courier_wrote", peer->courier_wrote_ms);
	put_time(object, "courier_read", peer->courier_read_ms);
	if (!peer->narrowed) {
		put_number(object, "refused", peer->refused);
		put_number(object, "bytes_in", peer->bytes_in);
		put_number(object, "bytes_out", peer->bytes_out);
	}
	if (peer->limited)
		put_number(object, "budget", peer->rate);
	list = json_array();
	for (size_t i = 0; i < peer->n_spaces; i++)
		json_array_append_new(list, json_peer_space(peer->spaces[i]));
	put(object, "spaces", list);
	return object;
}

json_t *json_peers(const Twinlog__Peers *peers)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < peers->n_peers; i++)
		json_array_append_new(list, json_peer(peers->peers[i]));
	put(object, "peers", list);
	return object;
}

static json_t *json_member_status(const Twinlog__MemberStatus *member)
{
	json_t *object = json_object();

	put_text(object, "city", member->city_id);
	put_hex(object, "identity", member->identity);
	put(object, "reader", json_boolean(member->reader));
	put(object, "self", json_boolean(member->self));
	put_number(object, "bundles", member->bundles);
	put_time(object, "newest", member->newest_ms);
	put_time(object, "position", member->position_ms);
	put_number(object, "lag_bundles", member->lag_bundles);
	put_number(object, "lag_ms", member->lag_ms);
	put_number(object, "erasures", member->erasures);
	return object;
}

json_t *json_space_status(const Twinlog__SpaceStatus *space)
{
	json_t *object = json_object(), *list = json_array();

	put_hex(object, "space", space->space);
	put(object, "title", json_bytes_text(space->title));
	put_number(object, "records", space->records);
	put_number(object, "only_here", space->only_here);
	put_time(object, "only_here_since", space->only_here_since_ms);
	put_number(object, "erasures", space->erasures);
	put_hex(object, "digest", space->digest);
	for (size_t i = 0; i < space->n_members; i++)
		json_array_append_new(list, json_member_status(space->members[i]));
	put(object, "members", list);
	return object;
}

json_t *json_records(const Twinlog__Records *records)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < records->n_records; i++)
		json_array_append_new(list, json_record(records->records[i]));
	put(object, "records", list);
	put_number(object, "total", records->total);
	put_hex(object, "cursor", records->cursor);
	put_number(object, "commit", records->commit);
	list = json_array();
	for (size_t i = 0; i < records->n_completeness; i++)
		json_array_append_new(list, json_space_status(records->completeness[i]));
	put(object, "completeness", list);
	return object;
}

/* What is not told to a client that may know of some spaces alone. */
static void put_machine(json_t *object, const Twinlog__Status *status)
{
	json_t *list = json_array();

	put_number(object, "commit", status->commits);
	put_number(object, "store_bytes", status->store_bytes);
	put_number(object, "disk_free_bytes", status->disk_free_bytes);
	for (size_t i = 0; i < status->n_held; i++)
		json_array_append_new(list, json_integer((json_int_t)status->held[i]));
	put(object, "held_ms", list);
}

json_t *json_status(const Twinlog__Status *status)
{
	json_t *object = json_object(), *list = json_array();

	put_text(object, "city", status->city_id);
	put_hex(object, "identity", status->identity);
	put_text(object, "twinlogd", status->version);
	put_time(object, "now", status->now_ms);
	put_time(object, "started", status->started_ms);
	put_number(object, "machine", status->machine & INT64_MAX);
	if (!status->narrowed)
		put_machine(object, status);
	put_text(object, "warning", status->warning);
	for (size_t i = 0; i < status->n_peers; i++)
		json_array_append_new(list, json_peer(status->peers[i]));
	put(object, "peers", list);
	list = json_array();
	for (size_t i = 0; i < status->n_spaces; i++)
		json_array_append_new(list, json_space_status(status->spaces[i]));
	put(object, "spaces", list);
	return object;
}

enum twinlog_error json_text(const json_t *json, bool compact, char **ret_text)
{
	char *text =
	    json
		? json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9) | (compact ? JSON_COMPACT : JSON_INDENT(2)))
		: NULL;

	if (!text)
		return TWINLOG_NO_MEMORY;
	*ret_text = text;
	return TWINLOG_OK;
}

json_t *json_erased(const Twinlog__Erased *erased)
{
	json_t *object = json_object();

	put_hex(object, "id", erased->handle);
	put_hex(object, "space", erased->space);
	put_number(object, "erased", erased->leaves);
	put_number(object, "erased_before", erased->before);
	put_number(object, "waiting", erased->waiting);
	return object;
}
