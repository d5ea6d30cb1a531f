/* The options of cli_filter_options as a filter. */
#include <string.h>

#include "cli.h"
#include "edtf.h"

/* The values of a repeated option, each turned into bytes by read. *ret_list in the run's arena. */
typedef enum twinlog_error read_value(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes);

static enum twinlog_error read_list(struct cli *cli, const struct cli_arguments *arguments, const char *name,
				    read_value *read, ProtobufCBinaryData **ret_list, size_t *ret_count)
{
	ProtobufCBinaryData *list;
	size_t count = 0;

	while (cli_option_at(arguments, name, count))
		count++;
	list = arena_zalloc(cli->arena, (count + 1) * sizeof *list);
	if (!list)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error = read(cli, cli_option_at(arguments, name, i), &list[i]);

		if (error) {
			if (!cli->fault.where[0])
				snprintf(cli->fault.where, sizeof cli->fault.where, "--%s", name);
			return error;
		}
	}
	*ret_list = list;
	*ret_count = count;
	return TWINLOG_OK;
}

static enum twinlog_error read_city(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	char id[TWINLOG_CITY_ID_MAX + 1];
	enum twinlog_error error = cli_city(cli, text, strlen(text), id, &cli->fault);

	if (!error)
		*ret_bytes = codec_string(cli_printf(cli, "%s", id));
	return error;
}

static enum twinlog_error read_code(struct cli *cli, enum codelist list, const char *text,
				    ProtobufCBinaryData *ret_bytes)
{
	int code = codelist_find(list, text, strlen(text));

	if (code < 0)
		code = codelist_find_label(list, text, strlen(text));
	if (code < 0) {
		cli_known_codes(cli, &list, 1);
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, NULL, text);
	}
	*ret_bytes = codec_string(codelist_code(list, (size_t)code));
	return TWINLOG_OK;
}

static enum twinlog_error read_field(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_FIELD, text, ret_bytes);
}

static enum twinlog_error read_form(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_FORM, text, ret_bytes);
}

static enum twinlog_error read_mode(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_MODE, text, ret_bytes);
}

static enum twinlog_error read_actor_level(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_ACTOR_LEVEL, text, ret_bytes);
}

static enum twinlog_error read_actor_kind(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_ACTOR_KIND, text, ret_bytes);
}

static enum twinlog_error read_channel(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_PUBLICITY, text, ret_bytes);
}

static enum twinlog_error read_relation(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	return read_code(cli, CODELIST_RELATION_TYPE, text, ret_bytes);
}

static enum twinlog_error read_status(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	static const enum codelist lists[] = {CODELIST_ACTIVITY_STATUS, CODELIST_AGREEMENT_STATUS};
	enum twinlog_error error = read_code(cli, lists[0], text, ret_bytes);

	if (error)
		error = read_code(cli, lists[1], text, ret_bytes);
	if (error)
		cli_known_codes(cli, lists, 2);
	return error;
}

static enum twinlog_error read_space(struct cli *cli, const char *text, ProtobufCBinaryData *ret_bytes)
{
	struct hash space;
	enum twinlog_error error = cli_space(cli, text, &space);
	void *copy = error ? NULL : arena_copy(cli->arena, space.bytes, HASH_SIZE);

	if (error)
		return error;
	if (!copy)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	*ret_bytes = codec_bytes(copy, HASH_SIZE);
	return TWINLOG_OK;
}

static enum twinlog_error read_numbers(struct cli *cli, const struct cli_arguments *arguments, const char *name,
				       uint32_t **ret_numbers, size_t *ret_count)
{
	bool states = strcmp(name, "state") == 0;
	uint32_t *numbers;
	size_t count = 0;

	while (cli_option_at(arguments, name, count))
		count++;
	numbers = arena_zalloc(cli->arena, (count + 1) * sizeof *numbers);
	if (!numbers)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		const char *text = cli_option_at(arguments, name, i);
		int number = states ? state_find(text) : (int)kind_find(text);

		if (number <= 0) {
			cli->known = states ? "withdrawn, reported, denied, differs, one_sided, agreed"
					    : "activity, agreement, city";
			return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, states ? "--state" : "--kind", text);
		}
		numbers[i] = (uint32_t)number;
	}
	*ret_numbers = numbers;
	*ret_count = count;
	return TWINLOG_OK;
}

/* A date as people write it, in its canonical form. */
static enum twinlog_error read_date(struct cli *cli, const struct cli_arguments *arguments, const char *name,
				    ProtobufCBinaryData *ret_bytes)
{
	const char *text = cli_option(arguments, name);
	char canonical[TWINLOG_DATE_MAX];
	struct edtf start, end;

	if (!text)
		return TWINLOG_OK;
	if (edtf_parse_written(text, strlen(text), &start, &end) != TWINLOG_OK || end.precision != EDTF_NONE)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_DATE, cli_printf(cli, "--%s", name), text);
	edtf_format(&start, canonical);
	*ret_bytes = codec_string(cli_printf(cli, "%s", canonical));
	return TWINLOG_OK;
}

enum twinlog_error cli_filter(struct cli *cli, const struct cli_arguments *arguments, Twinlog__Filter *ret_filter)
{
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	const struct {
		const char *name;
		read_value *read;
		ProtobufCBinaryData **list;
		size_t *count;
	} lists[] = {
	    {"city", read_city, &filter.cities, &filter.n_cities},
	    {"partner", read_city, &filter.partners, &filter.n_partners},
	    {"stated-by", read_city, &filter.stated_by, &filter.n_stated_by},
	    {"country", cli_country, &filter.countries, &filter.n_countries},
	    {"subdivision", cli_subdivision, &filter.subdivisions, &filter.n_subdivisions},
	    {"field", read_field, &filter.fields, &filter.n_fields},
	    {"form", read_form, &filter.forms, &filter.n_forms},
	    {"mode", read_mode, &filter.modes, &filter.n_modes},
	    {"actor-level", read_actor_level, &filter.actor_levels, &filter.n_actor_levels},
	    {"actor-kind", read_actor_kind, &filter.actor_kinds, &filter.n_actor_kinds},
	    {"channel", read_channel, &filter.channels, &filter.n_channels},
	    {"relation-type", read_relation, &filter.relation_types, &filter.n_relation_types},
	    {"status", read_status, &filter.statuses, &filter.n_statuses},
	    {"space", read_space, &filter.spaces, &filter.n_spaces},
	};
	enum twinlog_error error = cli_connect(cli);

	for (size_t i = 0; !error && i < sizeof lists / sizeof *lists; i++)
		error = read_list(cli, arguments, lists[i].name, lists[i].read, lists[i].list, lists[i].count);
	if (!error)
		error = read_numbers(cli, arguments, "state", &filter.states, &filter.n_states);
	if (!error)
		error = read_numbers(cli, arguments, "kind", &filter.kinds, &filter.n_kinds);
	if (!error)
		error = read_date(cli, arguments, "from", &filter.from);
	if (!error)
		error = read_date(cli, arguments, "to", &filter.to);
	if (error)
		return error;
	filter.follow = cli_given(arguments, "follow");
	if (cli_option(arguments, "text"))
		filter.text = codec_string(cli_option(arguments, "text"));
	*ret_filter = filter;
	return TWINLOG_OK;
}
