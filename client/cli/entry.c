#include "entry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct cli_option cli_entry_options[] = {
    {"set", 0, N_("FIELD=VALUE"), N_("any field by its name, as participants.total=20; an empty value clears it"),
     true},
    {"city", 0, N_("CITY[=ROLE]"), N_("a city that takes part, as host, visitor, co_organiser or observer"), true},
    {"party", 0, N_("CITY"), N_("a party of an agreement"), true},
    {"start", 0, N_("DATE"), N_("first day, month or year: 2018, 2018-11, 2018-11-15, 2018~"), false},
    {"end", 0, N_("DATE"), N_("last day, month or year"), false},
    {"field", 0, N_("CODE"), N_("field of cooperation, as culture_arts"), true},
    {"form", 0, N_("CODE"), N_("form of the activity, as exhibition"), false},
    {"mode", 0, N_("CODE"), N_("onsite, online, hybrid or by_post"), false},
    {"status", 0, N_("CODE"), N_("planned, held, cancelled, …; of an agreement signed, in_force, …"), false},
    {"direction", 0, N_("FROM>TO"), N_("who went to whom: outbound, inbound, FROM>TO, mutual, third_place or none"),
     false},
    {"title", 0, N_("TEXT"), N_("title; its language is told by its letters"), true},
    {"summary", 0, N_("TEXT"), N_("a few sentences"), true},
    {"participants", 0, N_("NUMBER"), N_("how many took part"), false},
    {"relation-type", 0, N_("CODE"), N_("kind of the tie: sister, friendship, mou, …"), false},
    {"established", 0, N_("DATE"), N_("since when the tie stands"), false},
    {"result", 0, N_("TEXT"), N_("what came of it"), false},
    {"source", 0, N_("TEXT"), N_("where this is written, a title or an address"), false},
    {"external-id", 0, N_("TEXT"), N_("your own register's number"), false},
    {"note", 0, N_("TEXT"), N_("a note to the partner"), false},
    {"office", 0, N_("TEXT"), N_("the office that speaks (else the one of client.conf)"), false},
    {0},
};

/* ---- Flags ---- */

/* The JSON name of an option; most are the option's own with _ for -. */
static void json_name(const char *option, char out[64])
{
	static const char *const plurals[][2] = {
	    {"city", "cities"},  {"party", "parties"},     {"field", "fields"},
	    {"title", "titles"}, {"summary", "summaries"},
	};

	for (size_t i = 0; i < sizeof plurals / sizeof *plurals; i++)
		if (strcmp(plurals[i][0], option) == 0)
			option = plurals[i][1];
	snprintf(out, 64, "%s", option);
	for (char *at = out; *at; at++)
		if (*at == '-')
			*at = '_';
}

/* A second value for a name makes a list of both. */
static void put_value(json_t *object, const char *name, json_t *value)
{
	json_t *before = json_object_get(object, name);
	json_t *list;

	if (!before || json_is_null(before) || json_is_object(value)) {
		json_object_set_new(object, name, value);
		return;
	}
	if (!json_is_array(before)) {
		list = json_array();
		json_array_append(list, before);
		json_object_set_new(object, name, list);
		before = list;
	}
	json_array_append_new(before, value);
}

static json_t *parse_value(const char *text)
{
	json_t *value = NULL;

	if (*text == '\0')
		return json_null();
	if (*text == '[' || *text == '{')
		value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	return value ? value : json_string(text);
}

/* "participants.total=20" */
static enum twinlog_error put_set(struct cli *cli, json_t *object, const char *text)
{
	const char *equals = strchr(text, '=');
	json_t *value;
	char path[96];
	char *part = path, *dot;

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof path)
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--set", text);
	memcpy(path, text, (size_t)(equals - text));
	path[equals - text] = '\0';
	value = parse_value(equals + 1);
	while ((dot = strchr(part, '.')) != NULL) {
		json_t *inner;

		*dot = '\0';
		inner = json_object_get(object, part);
		if (!json_is_object(inner)) {
			inner = json_object();
			json_object_set_new(object, part, inner);
		}
		object = inner;
		part = dot + 1;
	}
	if (!value)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_UTF8, "--set", NULL);
	put_value(object, part, value);
	return TWINLOG_OK;
}

static enum twinlog_error put_option(struct cli *cli, json_t *object, const char *option, const char *text)
{
	char name[64];
	json_t *value;

	if (strcmp(option, "set") == 0)
		return put_set(cli, object, text);
	json_name(option, name);
	value = *text ? json_string(text) : json_null();
	if (!value)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_UTF8, cli_printf(cli, "--%s", option), NULL);
	put_value(object, name, value);
	return TWINLOG_OK;
}

enum twinlog_error entry_from_options(struct cli *cli, const struct cli_arguments *arguments, json_t **ret_object)
{
	json_t *object = json_object();
	enum twinlog_error error = TWINLOG_OK;

	for (const struct cli_option *option = cli_entry_options; option->name && !error; option++) {
		const char *text;

		for (size_t i = 0; !error && (text = cli_option_at(arguments, option->name, i)) != NULL; i++)
			error = put_option(cli, object, option->name, text);
	}
	if (error || json_object_size(object) == 0) {
		json_decref(object);
		object = NULL;
	}
	if (!error)
		*ret_object = object;
	return error;
}

/* This city's id, as its spaces call it; NULL before it belongs to one. */
static const char *own_city(struct cli *cli)
{
	Twinlog__Spaces *spaces;

	if (cli_spaces(cli, &spaces))
		return NULL;
	for (size_t i = 0; i < spaces->n_spaces; i++)
		for (size_t j = 0; j < spaces->spaces[i]->n_members; j++)
			if (spaces->spaces[i]->members[j]->self)
				return cli_text(cli, spaces->spaces[i]->members[j]->city_id);
	return NULL;
}

enum twinlog_error entry_direction(struct cli *cli, struct json_entry *entry, struct twinlog_fault *fault)
{
	Twinlog__Activity *activity =
	    entry->body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY ? entry->body->activity : NULL;
	const bool outbound = activity && codec_equal(activity->direction, "outbound");
	const char *self, *other = NULL;

	if (!outbound && !(activity && codec_equal(activity->direction, "inbound")))
		return TWINLOG_OK;
	self = own_city(cli);
	for (size_t i = 0; self && i < activity->n_cities && !other; i++)
		if (!codec_equal(activity->cities[i]->city_id, self))
			other = cli_text(cli, activity->cities[i]->city_id);
	if (!other)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "direction", outbound ? "outbound" : "inbound");
	activity->direction = codec_string(cli_printf(cli, "%s>%s", outbound ? self : other, outbound ? other : self));
	return TWINLOG_OK;
}

/* ---- Files ---- */

enum twinlog_error entry_changes(struct cli *cli, const struct cli_arguments *arguments, size_t operand,
				 json_t **ret_object)
{
	const char *name = cli_operand(arguments, operand);
	char *text;
	size_t size;
	json_t *object = NULL;
	enum twinlog_error error = entry_from_options(cli, arguments, &object);

	if (error)
		return error;
	if (object && name) {
		json_decref(object);
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, N_("either a file or options"), name);
	}
	if (!object && !name && !isatty(STDIN_FILENO))
		name = "-";
	if (!object && name) {
		error = cli_read_file(name, TWINLOG_MESSAGE_MAX, &text, &size, &cli->fault);
		if (error)
			return error;
		if (text[strspn(text, " \t\r\n")] != '\0')
			error = json_parse(text, size, 0, &object, &cli->fault);
		free(text);
	}
	if (!error)
		*ret_object = object;
	return error;
}

static size_t count_lines(const char *text, const char *end)
{
	size_t lines = 1;

	for (; text < end; text++)
		lines += *text == '\n';
	return lines;
}

static enum twinlog_error walk_array(const json_t *array, entry_visit *visit, void *context)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < json_array_size(array) && !error; i++)
		error = visit(context, json_array_get(array, i), i + 1, NULL);
	return error;
}

static enum twinlog_error walk_lines(const char *text, size_t size, entry_visit *visit, void *context)
{
	enum twinlog_error error = TWINLOG_OK;
	size_t line = 1;

	for (const char *at = text; at < text + size && !error; line++) {
		const char *end = memchr(at, '\n', (size_t)(text + size - at));
		size_t length = (size_t)((end ? end : text + size) - at);
		struct twinlog_fault fault = {0};
		json_t *object = NULL;

		if (strspn(at, " \t\r") < length) {
			(void)!json_parse(at, length, line, &object, &fault);
			error = visit(context, object, line, object ? NULL : &fault);
			json_decref(object);
		}
		at += length + 1;
	}
	return error;
}

enum twinlog_error entry_walk(const char *text, size_t size, entry_visit *visit, void *context)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct twinlog_fault fault = {0};
	const char *begin, *first_end;
	json_t *json;
	enum twinlog_error error;

	if (size >= 3 && memcmp(text, mark, 3) == 0) {
		text += 3;
		size -= 3;
	}
	begin = text + strspn(text, " \t\r\n");
	first_end = strchr(begin, '\n');
	/* Lines, when the first is a whole record and not the only one. */
	if (first_end && *begin == '{' && first_end[strspn(first_end, " \t\r\n")] != '\0' &&
	    json_parse(begin, (size_t)(first_end - begin), 0, &json, NULL) == TWINLOG_OK) {
		json_decref(json);
		return walk_lines(text, size, visit, context);
	}
	/* Lines also when the next ones look like records: the first is then the one that is wrong. */
	if (first_end && *begin == '{' && first_end[1] == '{')
		return walk_lines(text, size, visit, context);
	if (json_parse(text, size, 0, &json, &fault) != TWINLOG_OK)
		return visit(context, NULL, 0, &fault);
	error = json_is_array(json) ? walk_array(json, visit, context)
				    : visit(context, json, count_lines(text, begin), NULL);
	json_decref(json);
	return error;
}
