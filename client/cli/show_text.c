/* A field of a body in words: labels in the user's language, names of cities, several values one a line. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "log.pb-c.h"
#include "money.h"

static const char *message_text(struct cli *cli, const ProtobufCMessage *message);

static ProtobufCBinaryData part(ProtobufCBinaryData bytes, size_t from, size_t to)
{
	return codec_bytes(bytes.data + from, to - from);
}

/* "CN:lianyungang>KR:mokpo" with names. */
static const char *direction_text(struct cli *cli, ProtobufCBinaryData bytes)
{
	const uint8_t *arrow = bytes.len ? memchr(bytes.data, '>', bytes.len) : NULL;
	size_t at = arrow ? (size_t)(arrow - bytes.data) : 0;

	if (!arrow)
		return cli_code(cli, CODELIST_DIRECTION, bytes);
	return cli_printf(cli, "%s → %s", cli_city_name(cli, part(bytes, 0, at)),
			  cli_city_name(cli, part(bytes, at + 1, bytes.len)));
}

static const char *value_text(struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
			      size_t index)
{
	struct field_meaning meaning = field_meaning(message->descriptor, field);

	switch (meaning.form) {
	case FIELD_NUMBER:
		return cli_printf(cli, "%" PRId64, field_number(message, field, index));
	case FIELD_COUNT:
		return cli_printf(cli, "%" PRIu64,
				  ((const Twinlog__Count *)(const void *)field_message(message, field, index))->value);
	case FIELD_MESSAGE:
		return message_text(cli, field_message(message, field, index));
	case FIELD_CODE:
		return cli_code(cli, meaning.list, field_bytes(message, field, index));
	case FIELD_CITY:
		return cli_city_name(cli, field_bytes(message, field, index));
	case FIELD_DIRECTION:
		return direction_text(cli, field_bytes(message, field, index));
	case FIELD_HEX:
		return cli_hex(cli, field_bytes(message, field, index), 12);
	case FIELD_TEXT:
	case FIELD_DATE:
	case FIELD_LANG:
	default:
		return cli_text(cli, field_bytes(message, field, index));
	}
}

static const char *money_text(struct cli *cli, int64_t amount, ProtobufCBinaryData currency)
{
	char sum[MONEY_TEXT_MAX];

	(void)money_format(amount, currency, sum);
	return cli_printf(cli, "%s %s", sum, cli_text(cli, currency));
}

static const char *cost_text(struct cli *cli, const Twinlog__Money *money)
{
	const char *amount = money_text(cli, money->amount, money->currency);

	return money->payer.len ? cli_printf(cli, "%s (%s)", amount, cli_city_name(cli, money->payer)) : amount;
}

static const char *trade_text(struct cli *cli, const Twinlog__Trade *trade)
{
	return cli_printf(cli, "%s, %s → %s", money_text(cli, trade->value, trade->currency),
			  cli_city_name(cli, trade->from), cli_city_name(cli, trade->to));
}

static const char *participant_text(struct cli *cli, const Twinlog__Participant *participant)
{
	const char *name = cli_city_name(cli, participant->city_id);

	if (!participant->role.len)
		return name;
	return cli_printf(cli, "%s (%s)", name, cli_code(cli, CODELIST_PARTICIPANT_ROLE, participant->role));
}

/* Total first, then what needs a word. */
static const char *participants_text(struct cli *cli, const Twinlog__Participants *participants)
{
	const char *text = "";

	if (participants->total)
		text = cli_printf(cli, "%" PRIu64, participants->total->value);
	if (participants->private_total)
		text = cli_printf(cli, "%s%s%s: %" PRIu64, text, *text ? ", " : "", cli_field_label("private"),
				  participants->private_total->value);
	for (size_t i = 0; i < participants->n_by_side; i++)
		text =
		    cli_printf(cli, "%s%s%s: %" PRIu64, text, *text ? ", " : "",
			       cli_city_name(cli, participants->by_side[i]->city_id), participants->by_side[i]->count);
	return text;
}

static const char *message_text(struct cli *cli, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const char *text = "";

	if (descriptor == &twinlog__participant__descriptor)
		return participant_text(cli, (const Twinlog__Participant *)(const void *)message);
	if (descriptor == &twinlog__participants__descriptor)
		return participants_text(cli, (const Twinlog__Participants *)(const void *)message);
	if (descriptor == &twinlog__money__descriptor)
		return cost_text(cli, (const Twinlog__Money *)(const void *)message);
	if (descriptor == &twinlog__trade__descriptor)
		return trade_text(cli, (const Twinlog__Trade *)(const void *)message);
	if (descriptor == &twinlog__text__descriptor)
		return cli_text(cli, ((const Twinlog__Text *)(const void *)message)->text);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		for (size_t j = 0; j < field_size(message, field); j++)
			text = cli_printf(cli, "%s%s%s", text, *text ? ", " : "", value_text(cli, message, field, j));
	}
	return text;
}

const char *cli_field_text(struct cli *cli, const ProtobufCMessage *content, const ProtobufCFieldDescriptor *field)
{
	const char *text = "";

	for (size_t i = 0; i < field_size(content, field); i++)
		text = cli_printf(cli, "%s%s%s", text, i ? "\n" : "", value_text(cli, content, field, i));
	return text;
}

static const char *const tags[LANGUAGE_COUNT] = {"en", "zh", "ko"};

const char *language_tag(enum language language)
{
	return tags[language];
}

const char *cli_title(struct cli *cli, const Twinlog__Body *body)
{
	const ProtobufCMessage *content = body ? body_content(body) : NULL;
	Twinlog__Text **titles;
	size_t count;

	if (!content || body->content_case == TWINLOG__BODY__CONTENT_CITY) {
		return content && body->city->n_names ? cli_city_name(cli, body->city->city_id) : "";
	}
	titles =
	    body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY ? body->activity->titles : body->agreement->titles;
	count = body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY ? body->activity->n_titles
								      : body->agreement->n_titles;
	for (size_t i = 0; i < count; i++)
		if (titles[i]->lang.len >= 2 && memcmp(titles[i]->lang.data, tags[cli->language], 2) == 0)
			return cli_text(cli, titles[i]->text);
	return count ? cli_text(cli, titles[0]->text) : "";
}
