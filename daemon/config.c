#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "files.h"
#include "text.h"
#include "validate.h"

static const char *const LEVELS[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

/* ---- Forms ---- */

/* What can be bound: as what can be dialled, and also any address (`*`) and any port (`*` or 0). */
static enum twinlog_error check_bind(const char *value)
{
	const char *colon = strrchr(value, ':');
	char plain[300];
	int size;

	if (strncmp(value, "tcp://", 6) != 0 || colon < value + 6)
		return TWINLOG_BAD_FIELD;
	size = snprintf(plain, sizeof plain, "tcp://%.*s:%s", (int)(colon - value - 6),
			strncmp(value + 6, "*:", 2) == 0 ? "0" : value + 6,
			strcmp(colon, ":*") == 0 || strcmp(colon, ":0") == 0 ? "1" : colon + 1);
	if (size < 0 || (size_t)size >= sizeof plain)
		return TWINLOG_TOO_LONG;
	return card_check_address(plain, (size_t)size);
}

static enum twinlog_error check_control(const char *value)
{
	if (strncmp(value, "ipc://", 6) != 0)
		return check_bind(value);
	return value[6] == '\0' || value[6] == '@' || value[6] == '*' ? TWINLOG_BAD_FIELD : TWINLOG_OK;
}

static enum twinlog_error check_announce(const char *value)
{
	return card_check_address(value, strlen(value));
}

/* ---- Settings ---- */

static enum twinlog_error list_add(struct config_list *list, const char *value,
				   enum twinlog_error (*check)(const char *value))
{
	enum twinlog_error error = check(value);

	if (error)
		return error;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], value) == 0)
			return TWINLOG_DUPLICATE;
	if (list->count == CONFIG_ENDPOINTS_MAX)
		return TWINLOG_TOO_MANY;
	list->items[list->count] = strdup(value);
	if (!list->items[list->count])
		return TWINLOG_NO_MEMORY;
	list->count++;
	return TWINLOG_OK;
}

static enum twinlog_error set_city(struct config *config, const char *value)
{
	enum twinlog_error error = validate_city_id(value, strlen(value));

	if (error)
		return error;
	if (config->city[0] != '\0')
		return TWINLOG_DUPLICATE;
	strcpy(config->city, value);
	return TWINLOG_OK;
}

static enum twinlog_error add_name(struct config *config, const char *value)
{
	Twinlog__CityName name = TWINLOG__CITY_NAME__INIT;
	const char *equals = strchr(value, '=');
	struct config_name *slot = &config->names[config->names_count];
	enum twinlog_error error;
	size_t size;

	if (!equals)
		return TWINLOG_BAD_LANG;
	if (config->names_count == TWINLOG_LIST_MAX)
		return TWINLOG_TOO_MANY;
	error = text_check(equals + 1, strlen(equals + 1), false);
	if (!error)
		error = text_nfc(equals + 1, strlen(equals + 1), &slot->text, &size);
	if (error)
		return error;
	slot->lang = strndup(value, (size_t)(equals - value));
	name.text = codec_bytes(slot->text, size);
	name.lang = codec_string(slot->lang);
	error = slot->lang ? card_check_name(&name) : TWINLOG_NO_MEMORY;
	if (error) {
		free(slot->lang);
		free(slot->text);
		return error;
	}
	config->names_count++;
	return TWINLOG_OK;
}

/* A number, with k or M behind it. */
static enum twinlog_error budget_rate(const char *text, size_t size, uint64_t *ret_rate)
{
	uint64_t rate = 0;
	size_t at = 0;

	for (; at < size && text[at] >= '0' && text[at] <= '9' && rate < UINT64_C(1) << 40; at++)
		rate = rate * 10 + (uint64_t)(text[at] - '0');
	if (at == 0)
		return TWINLOG_BAD_NUMBER;
	if (at + 1 == size && (text[at] == 'k' || text[at] == 'M'))
		rate *= text[at++] == 'k' ? 1000 : 1000000;
	if (at != size || rate > UINT64_C(1) << 40 || (rate > 0 && rate < TWINLOG_BUDGET_MIN))
		return TWINLOG_BAD_NUMBER;
	*ret_rate = rate;
	return TWINLOG_OK;
}

/* One or two digits and the character that has to follow; NULL when they do not. */
static const char *two_digits(const char *text, char end, unsigned most, unsigned *ret_number)
{
	const size_t size = strspn(text, "0123456789");

	if (size == 0 || size > 2 || text[size] != end)
		return NULL;
	*ret_number = (unsigned)strtoul(text, NULL, 10);
	return *ret_number <= most ? text + size + 1 : NULL;
}

static enum twinlog_error budget_hours(const char *text, struct daemon_budget *budget)
{
	unsigned from_hour = 0, from_minute = 0, to_hour = 0, to_minute = 0;

	if (!(text = two_digits(text, ':', 23, &from_hour)) || !(text = two_digits(text, '-', 59, &from_minute)) ||
	    !(text = two_digits(text, ':', 24, &to_hour)) ||
	    !two_digits(text, '\0', to_hour == 24 ? 0 : 59, &to_minute))
		return TWINLOG_BAD_DATE;
	budget->from = from_hour * 60 + from_minute;
	budget->to = (to_hour * 60 + to_minute) % 1440;
	return TWINLOG_OK;
}

static enum twinlog_error add_budget(struct config *config, const char *value)
{
	struct daemon_budget budget = {.from = 0};
	const char *rate = strchr(value, ' ');
	const size_t city_size = rate ? (size_t)(rate - value) : 0;
	enum twinlog_error error;
	size_t rate_size;

	if (!rate || city_size >= sizeof budget.city)
		return TWINLOG_BAD_FIELD;
	memcpy(budget.city, value, city_size);
	rate += strspn(rate, " ");
	rate_size = strcspn(rate, " ");
	error = strcmp(budget.city, "*") == 0 ? TWINLOG_OK : validate_city_id(budget.city, city_size);
	if (!error)
		error = budget_rate(rate, rate_size, &budget.rate);
	rate += rate_size;
	rate += strspn(rate, " ");
	if (!error && *rate)
		error = budget_hours(rate, &budget);
	if (!error && config->budgets_count == TWINLOG_BUDGETS_MAX)
		error = TWINLOG_TOO_MANY;
	if (!error)
		config->budgets[config->budgets_count++] = budget;
	return error;
}

static enum twinlog_error set_level(struct config *config, const char *value)
{
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		if (strcmp(value, LEVELS[i]) == 0) {
			config->log_level = (enum log_level)i;
			return TWINLOG_OK;
		}
	return TWINLOG_BAD_CODE;
}

static enum twinlog_error set_proxy(struct config *config, const char *value)
{
	static const char scheme[] = "socks5://";
	char plain[sizeof config->proxy + 6];

	if (strncmp(value, scheme, strlen(scheme)) != 0 || strlen(value) >= sizeof config->proxy)
		return TWINLOG_BAD_FIELD;
	snprintf(plain, sizeof plain, "tcp://%s", value + strlen(scheme));
	if (card_check_address(plain, strlen(plain)))
		return TWINLOG_BAD_FIELD;
	if (config->proxy[0] != '\0')
		return TWINLOG_DUPLICATE;
	strcpy(config->proxy, value + strlen(scheme));
	return TWINLOG_OK;
}

enum twinlog_error config_set(struct config *config, const char *key, const char *value)
{
	if (strcmp(key, "city") == 0)
		return set_city(config, value);
	if (strcmp(key, "name") == 0)
		return add_name(config, value);
	if (strcmp(key, "listen") == 0)
		return list_add(&config->listen, value, check_bind);
	if (strcmp(key, "announce") == 0)
		return list_add(&config->announce, value, check_announce);
	if (strcmp(key, "proxy") == 0)
		return set_proxy(config, value);
	if (strcmp(key, "control") == 0)
		return list_add(&config->control, value, check_control);
	if (strcmp(key, "budget") == 0)
		return add_budget(config, value);
	if (strcmp(key, "log") == 0)
		return set_level(config, value);
	return TWINLOG_USAGE;
}

static enum twinlog_error take_setting(void *context, const struct files_line *line, struct twinlog_fault *fault)
{
	enum twinlog_error error = config_set(context, line->key, line->value);

	if (error == TWINLOG_USAGE)
		return files_line_fault(line, TWINLOG_BAD_FIELD, line->key, fault);
	return error ? files_line_fault(line, error, line->value, fault) : TWINLOG_OK;
}

enum twinlog_error config_parse(struct config *config, char *text, size_t size, struct twinlog_fault *fault)
{
	config->log_level = LOG_INFO;
	return files_lines(CONFIG_FILE, text, size, take_setting, config, fault);
}

static enum twinlog_error check_ipc(const char *dir, const char *endpoint, struct twinlog_fault *fault)
{
	char *full = config_endpoint(dir, endpoint);
	enum twinlog_error error = TWINLOG_OK;

	if (!full)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (strncmp(full, "ipc://", 6) == 0 && strlen(full + 6) > CONFIG_IPC_PATH_MAX)
		error = twinlog_fault_set(fault, TWINLOG_TOO_LONG, "control: socket path over 107 bytes", full + 6);
	free(full);
	return error;
}

enum twinlog_error config_finish(struct config *config, const char *dir, struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;

	if (config->city[0] == '\0')
		return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, CONFIG_FILE ": city", NULL);
	if (config->control.count == 0)
		error = list_add(&config->control, CONFIG_CONTROL_DEFAULT, check_control);
	if (error)
		return twinlog_fault_set(fault, error, "control", NULL);
	for (size_t i = 0; !error && i < config->control.count; i++)
		error = check_ipc(dir, config->control.items[i], fault);
	return error;
}

enum twinlog_error config_load(struct config *config, const char *dir, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *text;
	enum twinlog_error error;
	size_t size;

	error = files_join(path, dir, CONFIG_FILE, fault);
	if (!error)
		error = files_read(path, false, &text, &size, fault);
	if (error)
		return error;
	error = config_parse(config, text, size, fault);
	files_free(text, size);
	return error ? error : config_finish(config, dir, fault);
}

static void list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->names_count; i++) {
		free(config->names[i].lang);
		free(config->names[i].text);
	}
	list_free(&config->listen);
	list_free(&config->announce);
	list_free(&config->control);
	memset(config, 0, sizeof *config);
}

/* ---- The file ---- */

static void print_list(FILE *out, const char *key, const struct config_list *list, const char *example)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s = %s\n", key, list->items[i]);
	if (list->count == 0)
		fprintf(out, "#%s = %s\n", key, example);
}

static void print_budget(FILE *out, const struct daemon_budget *budget)
{
	fprintf(out, "budget = %s %llu", budget->city, (unsigned long long)budget->rate);
	if (budget->from != budget->to)
		fprintf(out, " %02u:%02u-%02u:%02u", budget->from / 60, budget->from % 60, budget->to / 60,
			budget->to % 60);
	fputc('\n', out);
}

char *config_format(const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "# Settings of this city's twinlogd. Restart it after a change.\n\n"
		     "# The id this city goes by.\n");
	fprintf(out, "city = %s\n\n", config->city);
	fprintf(out, "# Its official names, a line for each language: LANG=TEXT. They stand on the city card.\n");
	for (size_t i = 0; i < config->names_count; i++)
		fprintf(out, "name = %s=%s\n", config->names[i].lang, config->names[i].text);
	if (config->names_count == 0)
		fprintf(out, "#name = en=Lianyungang\n");
	fprintf(out, "\n# Where partners reach this machine. Without one the city only dials out.\n");
	print_list(out, "listen", &config->listen, "tcp://0.0.0.0:7401");
	fprintf(out, "\n# What partners dial: stands on the city card.\n");
	print_list(out, "announce", &config->announce, "tcp://twinlog.example.org:7401");
	fprintf(out, "\n# Through which partners are dialled.\n%sproxy = socks5://%s\n", config->proxy[0] ? "" : "#",
		config->proxy[0] ? config->proxy : "proxy.example.org:1080");
	fprintf(out, "\n# Where clients reach it. A path without a slash in front lies in this folder.\n");
	print_list(out, "control", &config->control, CONFIG_CONTROL_DEFAULT);
	fprintf(out,
		"\n# What a partner may cost, in bytes a second both ways, and at which hours of the day: CITY RATE "
		"[HH:MM-HH:MM].\n# * means every partner, 0 no link; the first line that fits counts.\n");
	for (size_t i = 0; i < config->budgets_count; i++)
		print_budget(out, &config->budgets[i]);
	if (config->budgets_count == 0)
		fprintf(out, "#budget = KR:mokpo 64k 08:00-18:00\n");
	fprintf(out, "\n# error, warning, info or debug.\nlog = %s\n", LEVELS[config->log_level]);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *config_endpoint(const char *dir, const char *endpoint)
{
	char *full = NULL;

	if (strncmp(endpoint, "ipc://", 6) != 0 || endpoint[6] == '/')
		return strdup(endpoint);
	return asprintf(&full, "ipc://%s/%s", dir, endpoint + 6) < 0 ? NULL : full;
}
