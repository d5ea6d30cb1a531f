/* Countries and subdivisions as someone types them for a filter. One that nobody knows is refused, and one in which no
 * city is known is told, so that an empty list never hides a misspelt code. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "country.h"
#include "regions.h"

#define REGIONS_MAX 512u
#define NOWHERE     "ZZ" /* user-assigned in ISO 3166-1: the country of a city is not said */

struct regions {
	const char *codes[REGIONS_MAX]; /* as long as the places */
	size_t count;
};

static void add(struct regions *regions, const char *code)
{
	if (!*code || regions->count == REGIONS_MAX)
		return;
	for (size_t i = 0; i < regions->count; i++)
		if (strcmp(regions->codes[i], code) == 0)
			return;
	regions->codes[regions->count++] = code;
}

static int code_order(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Those of the country that prefix names ("CN-", or "" for all), in order; none: NULL. */
static const char *joined(struct cli *cli, struct regions *regions, const char *prefix)
{
	const char *text = "";

	qsort(regions->codes, regions->count, sizeof *regions->codes, code_order);
	for (size_t i = 0; i < regions->count; i++)
		if (strncasecmp(regions->codes[i], prefix, strlen(prefix)) == 0)
			text = cli_printf(cli, "%s%s%s", text, *text ? ", " : "", regions->codes[i]);
	return *text ? text : NULL;
}

static enum twinlog_error refuse(struct cli *cli, struct regions *regions, const char *text)
{
	char prefix[4] = "";

	if (strlen(text) > 2 && text[2] == '-')
		memcpy(prefix, text, 3);
	cli->known = joined(cli, regions, prefix);
	if (!cli->known)
		cli->known = joined(cli, regions, "");
	return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, NULL, text);
}

/* A copy in capitals, as country_find wants its codes; NULL past the arena's cap. */
static const char *in_capitals(struct cli *cli, const char *text)
{
	char *capitals = arena_copy(cli->arena, text, strlen(text) + 1);

	for (char *c = capitals; c && *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return capitals;
}

static const char *country_by_name(struct cli *cli, const char *text)
{
	struct countries *countries = NULL;
	const char *capitals = in_capitals(cli, text), *code;

	code = capitals && strlen(text) == 2 ? country_find(NULL, capitals, 2) : NULL;
	if (code || countries_new(&countries))
		return code;
	code = country_find(countries, text, strlen(text));
	if (code)
		code = cli_printf(cli, "%s", code);
	countries_free(countries);
	return code;
}

enum twinlog_error cli_country(struct cli *cli, const char *text, ProtobufCBinaryData *ret_code)
{
	struct regions regions = {0};
	struct places *places = NULL;
	const char *code = country_by_name(cli, text);
	enum twinlog_error error = code ? TWINLOG_OK : cli_places(cli, &places);

	if (error)
		return error;
	for (size_t i = 0; !code && i < places_count(places); i++) {
		const char *country = places_at(places, i)->country;

		add(&regions, country);
		if (strcasecmp(country, text) == 0 && *country)
			code = country;
	}
	if (!code && strcasecmp(text, NOWHERE) == 0)
		code = NOWHERE;
	if (!code)
		return refuse(cli, &regions, text);
	*ret_code = codec_string(code);
	return TWINLOG_OK;
}

/* Whether it may be one: of the countries nearest all codes are known. */
static const char *without_places(struct cli *cli, const char *text)
{
	const char *code = in_capitals(cli, text);
	bool is_one = code && region_is_subdivision(code, strlen(code));

	if (is_one && region_is_listed_country(code, strlen(code))) {
		is_one = false;
		for (size_t i = 0; region_without_places(i) && !is_one; i++)
			is_one = strcmp(region_without_places(i), code) == 0;
	}
	if (!is_one)
		return NULL;
	cli_note(_("no city is known to lie in %s but by its own record"), code);
	return code;
}

enum twinlog_error cli_subdivision(struct cli *cli, const char *text, ProtobufCBinaryData *ret_code)
{
	struct regions regions = {0};
	struct places *places = NULL;
	const char *code = NULL;
	enum twinlog_error error = cli_places(cli, &places);

	if (error)
		return error;
	for (size_t i = 0; !code && i < places_count(places); i++) {
		const char *subdivision = places_at(places, i)->subdivision;

		add(&regions, subdivision);
		if (*subdivision && strcasecmp(subdivision, text) == 0)
			code = subdivision;
	}
	if (!code)
		code = without_places(cli, text);
	if (!code)
		return refuse(cli, &regions, text);
	*ret_code = codec_string(code);
	return TWINLOG_OK;
}
