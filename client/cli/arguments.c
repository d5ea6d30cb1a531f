#include "arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct cli_command *command_find(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (strcmp(cli_commands[i]->name, name) == 0)
			return cli_commands[i];
	return NULL;
}

static const struct cli_option *option_in(const struct cli_option *options, const char *name, size_t size, char letter)
{
	for (; options && options->name; options++) {
		if (letter ? options->letter == letter
			   : strlen(options->name) == size && memcmp(options->name, name, size) == 0)
			return options;
	}
	return NULL;
}

static const struct cli_option *option_find(const struct cli_command *command, const char *name, size_t size,
					    char letter)
{
	/* A command's own --version goes before that of all. */
	const struct cli_option *option = command ? option_in(command->options, name, size, letter) : NULL;

	if (!option && command)
		option = option_in(command->more, name, size, letter);
	return option ? option : option_in(cli_global_options, name, size, letter);
}

/* ---- Finding the command: the first words that are neither options nor their values ---- */

static size_t skip_option(int argc, char *const *argv, size_t at)
{
	const char *word = argv[at];
	const char *equals = strchr(word, '=');
	const struct cli_option *option;

	if (word[1] == '-')
		option =
		    option_in(cli_global_options, word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word + 2), 0);
	else
		option = option_in(cli_global_options, NULL, 0, word[1]);
	if (option && option->argument && !equals && (word[1] == '-' || word[2] == '\0') && at + 1 < (size_t)argc)
		return at + 2;
	return at + 1;
}

/* "peer add" are two words of the command line. *ret_words: how many the name took. */
static const struct cli_command *find_command(int argc, char *const *argv, size_t *ret_at, size_t *ret_words)
{
	const struct cli_command *command;
	size_t at = 1;
	char name[64];

	while (at < (size_t)argc && argv[at][0] == '-' && argv[at][1] != '\0')
		at = skip_option(argc, argv, at);
	*ret_at = at;
	*ret_words = 0;
	if (at >= (size_t)argc)
		return NULL;
	if (at + 1 < (size_t)argc) {
		snprintf(name, sizeof name, "%.30s %.30s", argv[at], argv[at + 1]);
		command = command_find(name);
		*ret_words = 2;
		if (command)
			return command;
	}
	*ret_words = 1;
	return command_find(argv[at]);
}

/* ---- Taking it apart ---- */

static enum twinlog_error add_given(struct cli_arguments *arguments, const struct cli_option *option, const char *value,
				    const char *word, struct twinlog_fault *fault)
{
	for (size_t i = 0; i < arguments->given_count && !option->repeats; i++)
		if (arguments->given[i].option == option)
			return twinlog_fault_set(fault, TWINLOG_USAGE, N_("given twice"), word);
	arguments->given[arguments->given_count].option = option;
	arguments->given[arguments->given_count].value = value;
	arguments->given_count++;
	return TWINLOG_OK;
}

/* One word that begins with a dash; *at is moved behind it and its value. */
static enum twinlog_error take_option(struct cli_arguments *arguments, int argc, char *const *argv, size_t *at,
				      struct twinlog_fault *fault)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	const char *value = is_long ? strchr(word, '=') : NULL;
	size_t size = is_long ? (value ? (size_t)(value - word) - 2 : strlen(word + 2)) : 0;
	const struct cli_option *option =
	    option_find(arguments->command, is_long ? word + 2 : NULL, size, (char)(is_long ? 0 : word[1]));

	++*at;
	if (!option)
		return twinlog_fault_set(fault, TWINLOG_USAGE, N_("no such option"), word);
	if (value)
		value++;
	else if (!is_long && word[2] != '\0')
		value = word + 2;
	if (!option->argument)
		return value ? twinlog_fault_set(fault, TWINLOG_USAGE, N_("takes no value"), word)
			     : add_given(arguments, option, "", word, fault);
	if (!value) {
		if (*at >= (size_t)argc)
			return twinlog_fault_set(fault, TWINLOG_USAGE, N_("needs a value"), word);
		value = argv[(*at)++];
	}
	return add_given(arguments, option, value, word, fault);
}

static enum twinlog_error check_operands(const struct cli_arguments *arguments, struct twinlog_fault *fault)
{
	const struct cli_command *command = arguments->command;
	char where[96];

	if (cli_given(arguments, "help"))
		return TWINLOG_OK;
	if (arguments->operands_count < command->least) {
		snprintf(where, sizeof where, _("%s needs %s"), command->name, gettext(command->operands));
		return twinlog_fault_set(fault, TWINLOG_USAGE, where, NULL);
	}
	if (arguments->operands_count > command->most)
		return twinlog_fault_set(fault, TWINLOG_USAGE, command->name, arguments->operands[command->most]);
	return TWINLOG_OK;
}

enum twinlog_error arguments_parse(struct arena *arena, int argc, char *const *argv,
				   struct cli_arguments *ret_arguments, struct twinlog_fault *fault)
{
	struct cli_arguments arguments = {0};
	size_t name_at, name_words;
	bool options_end = false;
	enum twinlog_error error = TWINLOG_OK;

	arguments.command = find_command(argc, argv, &name_at, &name_words);
	arguments.given = arena_zalloc(arena, (size_t)(argc + 1) * sizeof *arguments.given);
	arguments.operands = arena_zalloc(arena, (size_t)(argc + 1) * sizeof *arguments.operands);
	if (!arguments.given || !arguments.operands)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (!arguments.command && name_at < (size_t)argc)
		return twinlog_fault_set(fault, TWINLOG_USAGE, N_("no such command"), argv[name_at]);
	for (size_t at = 1; at < (size_t)argc && !error;) {
		if (at == name_at) {
			at += name_words;
		} else if (!options_end && strcmp(argv[at], "--") == 0) {
			options_end = true;
			at++;
		} else if (!options_end && argv[at][0] == '-' && argv[at][1] != '\0') {
			error = take_option(&arguments, argc, argv, &at, fault);
		} else {
			arguments.operands[arguments.operands_count++] = argv[at++];
		}
	}
	if (!error && arguments.command)
		error = check_operands(&arguments, fault);
	if (!error)
		*ret_arguments = arguments;
	return error;
}

/* ---- Looking ---- */

const char *cli_option_at(const struct cli_arguments *arguments, const char *name, size_t index)
{
	for (size_t i = 0; i < arguments->given_count; i++)
		if (strcmp(arguments->given[i].option->name, name) == 0 && index-- == 0)
			return arguments->given[i].value;
	return NULL;
}

const char *cli_option(const struct cli_arguments *arguments, const char *name)
{
	return cli_option_at(arguments, name, 0);
}

bool cli_given(const struct cli_arguments *arguments, const char *name)
{
	return cli_option(arguments, name) != NULL;
}

size_t cli_operands(const struct cli_arguments *arguments)
{
	return arguments->operands_count;
}

const char *cli_operand(const struct cli_arguments *arguments, size_t index)
{
	return index < arguments->operands_count ? arguments->operands[index] : NULL;
}

enum twinlog_error cli_number(const struct cli_arguments *arguments, const char *name, uint64_t least, uint64_t most,
			      uint64_t fallback, uint64_t *ret_number, struct twinlog_fault *fault)
{
	const char *text = cli_option(arguments, name);
	unsigned long long number;
	char where[96];
	char *end;

	if (!text) {
		*ret_number = fallback;
		return TWINLOG_OK;
	}
	errno = 0;
	number = strtoull(text, &end, 10);
	if (end == text || *end != '\0' || text[0] == '-' || errno || number < least || number > most) {
		if (most >= UINT32_MAX)
			snprintf(where, sizeof where, _("--%s, a number from %llu on"), name,
				 (unsigned long long)least);
		else
			snprintf(where, sizeof where, _("--%s, a number from %llu to %llu"), name,
				 (unsigned long long)least, (unsigned long long)most);
		/* A wrong option is wrong usage, whatever is wrong about it. */
		return twinlog_fault_set(fault, TWINLOG_USAGE, where, text);
	}
	*ret_number = number;
	return TWINLOG_OK;
}

enum twinlog_error cli_duration(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (end == text || text[0] == '-' || errno || number > 1000000000u)
		return TWINLOG_USAGE;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(units[i].unit, end) == 0) {
			*ret_ms = number * units[i].ms;
			return TWINLOG_OK;
		}
	}
	return TWINLOG_USAGE;
}
