/* show: what each city says of one record, side by side. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"

#define SIDES_MAX 12u

struct sides {
	struct cli *cli;
	const Twinlog__Record *record;
	size_t count;
	const Twinlog__Body *bodies[SIDES_MAX];      /* NULL: no values */
	const ProtobufCMessage *contents[SIDES_MAX]; /* likewise */
	struct table *table;
};

/* ---- One row ---- */

/* A cell with several values is several rows, so that each stands beside its like. */
static enum twinlog_error add_lines(struct sides *sides, const char *label, const char *const *texts)
{
	const char *at[SIDES_MAX];
	bool more = true;

	for (size_t i = 0; i < sides->count; i++)
		at[i] = texts[i] ? texts[i] : "";
	while (more) {
		const char *cells[SIDES_MAX + 1] = {label};

		more = false;
		for (size_t i = 0; i < sides->count; i++) {
			const char *end = strchr(at[i], '\n');
			const size_t size = end ? (size_t)(end - at[i]) : strlen(at[i]);

			cells[i + 1] = cli_printf(sides->cli, "%.*s", (int)size, at[i]);
			at[i] = end ? end + 1 : "";
			more |= *at[i] != '\0';
		}
		const enum twinlog_error error = table_row(sides->table, cells);

		if (error)
			return error;
		label = "";
	}
	return TWINLOG_OK;
}

/* Differences are marked in words and signs, not by colour. */
static const char *mark_of(const Twinlog__Record *record, const char *field)
{
	for (size_t i = 0; i < record->n_differences; i++)
		if (codec_equal(record->differences[i]->field, field))
			return record->differences[i]->not_yet_updated ? "… " : "≠ ";
	return "";
}

static enum twinlog_error add_field(struct sides *sides, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *descriptor = kind_descriptor(sides->record->kind);
	const char *name = field_meaning(descriptor, field).name, *texts[SIDES_MAX] = {0};
	bool said = false;

	for (size_t i = 0; i < sides->count; i++) {
		texts[i] = sides->contents[i] ? cli_field_text(sides->cli, sides->contents[i], field) : "";
		said |= *texts[i] != '\0';
	}
	if (!said)
		return TWINLOG_OK;
	return add_lines(sides, cli_printf(sides->cli, "%s%s", mark_of(sides->record, name), cli_field_label(name)),
			 texts);
}

/* ---- Who speaks, and how ---- */

static const char *standing_text(struct cli *cli, const Twinlog__Side *side)
{
	const char *text = cli_standing_label(side->standing);

	if (side->outdated)
		text = cli_printf(cli, _("%s (of an older version)"), text);
	if (side->word && side->word->void_rule > 0)
		text = cli_printf(cli, _("%s\nvoid by rule %u: %s"), text, side->word->void_rule,
				  cli_text(cli, side->word->void_where));
	if (side->n_conflict > 0)
		text = cli_printf(cli, _("%s\n%zu further versions stand at once"), text, side->n_conflict);
	if (side->word && side->word->erased_ms > 0)
		text = cli_printf(cli, _("%s\nerased %s, confirmed by %zu members"), text,
				  cli_time(cli, side->word->erased_ms), side->word->n_erased_at);
	return text;
}

static enum twinlog_error add_heads(struct sides *sides)
{
	const char *words[SIDES_MAX] = {0}, *times[SIDES_MAX] = {0}, *offices[SIDES_MAX] = {0}, *notes[SIDES_MAX] = {0};
	bool office = false, note = false;

	for (size_t i = 0; i < sides->count; i++) {
		const Twinlog__Side *side = sides->record->sides[i];
		const Twinlog__Body *body = sides->bodies[i];

		words[i] = standing_text(sides->cli, side);
		times[i] = side->word ? cli_time(sides->cli, side->word->clock_ms) : "";
		offices[i] = body ? cli_text(sides->cli, body->office) : "";
		notes[i] = body ? cli_text(sides->cli, body->note) : "";
		office |= *offices[i] != '\0';
		note |= *notes[i] != '\0';
	}
	enum twinlog_error error = add_lines(sides, _("word"), words);

	if (!error)
		error = add_lines(sides, _("said"), times);
	if (!error && office)
		error = add_lines(sides, cli_field_label("office"), offices);
	if (!error && note)
		error = add_lines(sides, cli_field_label("note"), notes);
	return error;
}

static enum twinlog_error add_fields(struct sides *sides)
{
	const ProtobufCMessageDescriptor *descriptor = kind_descriptor(sides->record->kind);
	enum twinlog_error error = add_heads(sides);

	for (unsigned i = 0; descriptor && i < descriptor->n_fields && !error; i++)
		error = add_field(sides, &descriptor->fields[i]);
	return error;
}

/* ---- The record ---- */

static void print_foot(struct cli *cli, const Twinlog__Record *record)
{
	bool differs = false, pending = false;

	for (size_t i = 0; i < record->n_differences; i++) {
		differs |= !record->differences[i]->not_yet_updated;
		pending |= record->differences[i]->not_yet_updated;
	}
	if (differs)
		puts(_("≠ the sides say this differently"));
	if (pending)
		puts(_("… one side has not updated this yet"));
	for (size_t i = 0; i < record->n_elsewhere; i++)
		printf(_("not in this space: %s\n"), cli_city_name(cli, record->elsewhere[i]));
	if (record->waiting)
		printf(_("waits for your answer: twinlog answer %s same|differs|unknown\n"),
		       cli_hex(cli, record->handle, 12));
}

static int record_print(struct cli *cli, const Twinlog__Record *record)
{
	struct table_column columns[SIDES_MAX + 1] = {{.id = "field", .label = N_("field")}};
	struct sides sides = {.cli = cli, .record = record};
	enum twinlog_error error;

	sides.count = record->n_sides < SIDES_MAX ? record->n_sides : SIDES_MAX;
	printf("%s  %s  %s\n", cli_hex(cli, record->handle, 0), cli_kind_label(record->kind),
	       cli_state_label(record->state));
	for (size_t i = 0; i < sides.count; i++) {
		const Twinlog__Side *side = record->sides[i];
		const Twinlog__Body *body = side->word ? version_body(cli->arena, side->word) : NULL;
		const ProtobufCMessage *content = body ? body_content(body) : NULL;

		columns[i + 1] = (struct table_column){
		    .id = cli_text(cli, side->city_id), .label = cli_city_name(cli, side->city_id), .wraps = true};
		sides.bodies[i] = body;
		sides.contents[i] = content && content->descriptor == kind_descriptor(record->kind) ? content : NULL;
	}
	sides.table = table_new(columns, sides.count + 1);
	error = sides.table ? add_fields(&sides) : TWINLOG_NO_MEMORY;
	if (!error)
		error = table_print(sides.table, FORMAT_TABLE, 0, stdout);
	table_free(sides.table);
	if (error)
		return cli_refuse(cli, error, "", NULL);
	print_foot(cli, record);
	return 0;
}

static int show_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Record *record;
	if (cli_show(cli, cli_operand(arguments, 0), false, &record))
		return cli_fail(cli);
	return cli->format == FORMAT_TABLE ? record_print(cli, record) : cli_print_json(cli, json_record(record));
}

const struct cli_command command_show = {
    .name = "show",
    .operands = N_("ID"),
    .least = 1,
    .most = 1,
    .summary = N_("show what each side says of one record"),
    .description = N_("Fields in which the sides differ are marked with ≠."),
    .run = show_run,
};
