/* Where a text stands in what a record says, with the words around it. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fields.h"
#include "log.pb-c.h"
#include "text.h"
#include "utf8.h"

#define AROUND 16u /* characters shown on each side of what was found */

/* Texts that the daemon looks in; codes and ids are none. */
static bool is_text(const char *name)
{
	static const char *const names[] = {"text", "title", "org",         "result", "place",
					    "note", "uri",   "external_id", "parent"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

struct needle {
	const char *text; /* folded */
	size_t size;
};

/* How many bytes at the beginning of a text fold to the needle; 0: it does not begin so. */
static size_t begins_with(const char *text, size_t size, const struct needle *needle)
{
	size_t at = 0, matched = 0;

	while (at < size && matched < needle->size) {
		uint32_t character;
		const size_t step = utf8_next((const uint8_t *)text + at, size - at, &character);
		char *folded;
		size_t length;

		if (step == 0 || text_fold(text + at, step, &folded, &length))
			return 0;
		/* What folds to nothing belongs to no beginning. */
		const bool fits =
		    length > 0 ? length <= needle->size - matched && memcmp(folded, needle->text + matched, length) == 0
			       : matched > 0;
		free(folded);
		if (!fits)
			return 0;
		matched += length;
		at += step;
	}
	return matched == needle->size ? at : 0;
}

/* A place some characters before or behind another. */
static size_t moved(const char *text, size_t size, size_t at, bool back)
{
	for (size_t i = 0; i < AROUND && (back ? at > 0 : at < size); i++) {
		at += back ? (size_t)-1 : 1;
		while (at > 0 && at < size && ((uint8_t)text[at] & 0xC0) == 0x80)
			at += back ? (size_t)-1 : 1;
	}
	return at;
}

static const char *found_in_text(struct cli *cli, ProtobufCBinaryData bytes, const struct needle *needle)
{
	const char *text = (const char *)bytes.data;

	for (size_t at = 0; at < bytes.len; at++) {
		const size_t size = begins_with(text + at, bytes.len - at, needle);

		if (size == 0)
			continue;
		const size_t from = moved(text, bytes.len, at, true), to = moved(text, bytes.len, at + size, false);

		return cli_printf(
		    cli, "%s%s«%s»%s%s", from > 0 ? "…" : "", cli_text(cli, codec_bytes(bytes.data + from, at - from)),
		    cli_text(cli, codec_bytes(bytes.data + at, size)),
		    cli_text(cli, codec_bytes(bytes.data + at + size, to - at - size)), to < bytes.len ? "…" : "");
	}
	return NULL;
}

static const char *found_in(struct cli *cli, const ProtobufCMessage *message, const struct needle *needle)
{
	const char *found = NULL;

	for (unsigned i = 0; !found && i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const size_t count = field_size(message, field);

		for (size_t at = 0; !found && at < count; at++) {
			if (field->type == PROTOBUF_C_TYPE_MESSAGE)
				found = found_in(cli, field_message(message, field, at), needle);
			else if (field->type == PROTOBUF_C_TYPE_BYTES && is_text(field->name))
				found = found_in_text(cli, field_bytes(message, field, at), needle);
		}
	}
	return found;
}

static const char *found_in_body(struct cli *cli, const Twinlog__Body *body, const struct needle *needle)
{
	const ProtobufCMessage *content = body_content(body);
	const char *found = content ? found_in(cli, content, needle) : NULL;

	return found ? found : found_in_text(cli, body->note, needle);
}

const char *cli_found(struct cli *cli, const Twinlog__Record *record, const char *text)
{
	struct needle needle = {0};
	char *folded;
	const char *found = NULL;
	const Twinlog__Body *lead = cli_lead_body(cli, record);

	if (text_fold(text, strlen(text), &folded, &needle.size))
		return "";
	needle.text = folded;
	if (lead && needle.size > 0)
		found = found_in_body(cli, lead, &needle);
	for (size_t i = 0; !found && needle.size > 0 && i < record->n_sides; i++) {
		const Twinlog__Version *word = record->sides[i]->word;
		const Twinlog__Body *body = word ? version_body(cli->arena, word) : NULL;

		found = body ? found_in_body(cli, body, &needle) : NULL;
	}
	free(folded);
	return found ? found : "";
}
