/* What people call things, turned into ids: cities, spaces, partners, records. Several candidates are never guessed
 * between: they are listed below the error. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "log.pb-c.h"
#include "validate.h"

#define CANDIDATES_SHOWN 20

/* ---- Places ---- */

const Twinlog__Version *cli_lead(const Twinlog__Record *record)
{
	const Twinlog__Version *found = NULL;

	for (size_t i = 0; i < record->n_sides; i++) {
		const Twinlog__Version *word = record->sides[i]->word;

		if (!word || !word->body.len || word->operation != TWINLOG__OPERATION__OPERATION_STATEMENT)
			continue;
		if (word->leaf.len == record->lead.len && record->lead.len &&
		    memcmp(word->leaf.data, record->lead.data, word->leaf.len) == 0)
			return word;
		if (!found)
			found = word;
	}
	return found;
}

const Twinlog__Body *cli_lead_body(struct cli *cli, const Twinlog__Record *record)
{
	return version_body(cli->arena, cli_lead(record));
}

static enum twinlog_error add_city(struct cli *cli, struct places *places, const Twinlog__City *city)
{
	const char *names[TWINLOG_LIST_MAX], *langs[TWINLOG_LIST_MAX];
	size_t count = city->n_names < TWINLOG_LIST_MAX ? city->n_names : TWINLOG_LIST_MAX;

	for (size_t i = 0; i < count; i++) {
		names[i] = cli_text(cli, city->names[i]->text);
		langs[i] = cli_text(cli, city->names[i]->lang);
	}
	return places_add(places, cli_text(cli, city->city_id), cli_text(cli, city->country),
			  cli_text(cli, city->subdivision), names, langs, count);
}

/* space NULL: of all. */
static enum twinlog_error add_city_records(struct cli *cli, struct places *places, const struct hash *space)
{
	ProtobufCBinaryData only = space ? codec_hash(space) : codec_bytes(NULL, 0);
	uint32_t kind = TWINLOG__RECORD_KIND__RECORD_CITY;
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;

	filter.kinds = &kind;
	filter.n_kinds = 1;
	filter.spaces = &only;
	filter.n_spaces = space ? 1 : 0;
	list.filter = &filter;
	list.limit = TWINLOG_PAGE_MAX;
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	do {
		Twinlog__Reply *reply;
		enum twinlog_error error = cli_call(cli, &request, &reply);

		if (error)
			return error;
		if (reply->body_case != TWINLOG__REPLY__BODY_RECORDS)
			return twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		for (size_t i = 0; i < reply->records->n_records; i++) {
			const Twinlog__Body *body = cli_lead_body(cli, reply->records->records[i]);

			if (!body || body->content_case != TWINLOG__BODY__CONTENT_CITY)
				continue;
			error = add_city(cli, places, body->city);
			if (error)
				return twinlog_fault_set(&cli->fault, error, NULL, NULL);
		}
		list.cursor = reply->records->cursor;
	} while (list.cursor.len);
	return TWINLOG_OK;
}

enum twinlog_error cli_places(struct cli *cli, struct places **ret_places)
{
	struct places *places = NULL;
	enum twinlog_error error;

	if (!cli->places) {
		error = places_new(&places);
		if (error)
			return twinlog_fault_set(&cli->fault, error, NULL, NULL);
		cli->places = places;
		error = cli->twinlog ? add_city_records(cli, places, NULL) : TWINLOG_OK;
		if (error)
			return error;
	}
	*ret_places = cli->places;
	return TWINLOG_OK;
}

enum twinlog_error cli_places_of(struct cli *cli, const struct hash *space, struct places **ret_places)
{
	struct places *places = NULL;
	enum twinlog_error error = places_new(&places);

	if (error)
		return twinlog_fault_set(&cli->fault, error, NULL, NULL);
	error = add_city_records(cli, places, space);
	if (error) {
		places_free(places);
		return error;
	}
	*ret_places = places;
	return TWINLOG_OK;
}

static const char *place_name(const struct cli *cli, const struct place *place)
{
	if (place->names[cli->language])
		return place->names[cli->language];
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (place->names[i])
			return place->names[i];
	return place->city_id;
}

static void list_candidates(struct cli *cli, const struct place *const *found, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count && i < CANDIDATES_SHOWN; i++) {
		const struct place *place = found[i];
		const char *others = "";

		for (size_t j = 0; j < LANGUAGE_COUNT; j++)
			if (place->names[j] && j != (size_t)cli->language)
				others = cli_printf(cli, "%s, %s", others, place->names[j]);
		text = cli_printf(cli, "%s  %s  %s%s%s%s\n", text, place->city_id, place_name(cli, place), others,
				  *place->subdivision ? ", " : "", place->subdivision);
	}
	cli->hint = text;
}

enum twinlog_error cli_city(void *context, const char *name, size_t size, char ret_id[TWINLOG_CITY_ID_MAX + 1],
			    struct twinlog_fault *fault)
{
	struct cli *cli = context;
	const struct place *found[CANDIDATES_SHOWN];
	struct places *places = NULL;
	enum twinlog_error error;
	size_t count;

	if (validate_city_id(name, size) == TWINLOG_OK) {
		memcpy(ret_id, name, size);
		ret_id[size] = '\0';
		return TWINLOG_OK;
	}
	error = cli_places(cli, &places);
	if (error) {
		if (fault && fault != &cli->fault)
			*fault = cli->fault;
		return error;
	}
	count = places_find(places, name, size, NULL, NULL, found, CANDIDATES_SHOWN);
	if (count != 1) {
		const char *shown = cli_text(cli, codec_bytes(name, size));

		if (count > 1)
			list_candidates(cli, found, count);
		return twinlog_fault_set(fault, count ? TWINLOG_AMBIGUOUS_CITY : TWINLOG_UNKNOWN_CITY, NULL, shown);
	}
	strcpy(ret_id, found[0]->city_id);
	return TWINLOG_OK;
}

struct json_cities cli_json_cities(struct cli *cli)
{
	return (struct json_cities){cli_city, cli};
}

const char *cli_city_name(struct cli *cli, ProtobufCBinaryData city_id)
{
	const char *id = cli_text(cli, city_id);
	const struct place *place;
	struct places *places = NULL;

	if (cli_places(cli, &places) != TWINLOG_OK)
		return id;
	place = places_by_id(places, id);
	return place ? place_name(cli, place) : id;
}

/* ---- Spaces ---- */

enum twinlog_error cli_spaces(struct cli *cli, Twinlog__Spaces **ret_spaces)
{
	Twinlog__SpaceList list = TWINLOG__SPACE_LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	request.body_case = TWINLOG__REQUEST__BODY_SPACE_LIST;
	request.space_list = &list;
	if (!cli->spaces) {
		error = cli_call(cli, &request, &reply);
		if (error)
			return error;
		if (reply->body_case != TWINLOG__REPLY__BODY_SPACES)
			return twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		cli->spaces = reply->spaces;
	}
	*ret_spaces = cli->spaces;
	return TWINLOG_OK;
}

/* Whether hex digits begin the bytes. */
static bool begins(struct cli *cli, ProtobufCBinaryData bytes, const char *prefix)
{
	const char *hex = cli_hex(cli, bytes, 0);

	return strlen(prefix) >= 2 && strncasecmp(hex, prefix, strlen(prefix)) == 0;
}

static bool same_text(struct cli *cli, ProtobufCBinaryData bytes, const char *text)
{
	char *folded_a = NULL, *folded_b = NULL;
	size_t size_a, size_b;
	bool same = text_fold(bytes.data, bytes.len, &folded_a, &size_a) == TWINLOG_OK &&
		    text_fold(text, strlen(text), &folded_b, &size_b) == TWINLOG_OK && size_a == size_b && size_a > 0 &&
		    memcmp(folded_a, folded_b, size_a) == 0;

	(void)cli;
	free(folded_a);
	free(folded_b);
	return same;
}

enum twinlog_error cli_space(struct cli *cli, const char *name, struct hash *ret_space)
{
	const Twinlog__SpaceInfo *found = NULL;
	Twinlog__Spaces *spaces = NULL;
	size_t count = 0;
	const char *hint = "";
	enum twinlog_error error = cli_spaces(cli, &spaces);

	if (error)
		return error;
	for (size_t i = 0; i < spaces->n_spaces; i++) {
		const Twinlog__SpaceInfo *space = spaces->spaces[i];

		if (!begins(cli, space->space, name) && !same_text(cli, space->title, name))
			continue;
		found = space;
		count++;
		hint =
		    cli_printf(cli, "%s  %s  %s\n", hint, cli_hex(cli, space->space, 12), cli_text(cli, space->title));
	}
	if (count != 1) {
		cli->hint = count ? hint : NULL;
		return twinlog_fault_set(&cli->fault, count ? TWINLOG_AMBIGUOUS : TWINLOG_NOT_FOUND, N_("space"), name);
	}
	return codec_get_hash(found->space, ret_space);
}

/* ---- Partners ---- */

static enum twinlog_error cli_peers(struct cli *cli, Twinlog__Peers **ret_peers)
{
	Twinlog__PeerList list = TWINLOG__PEER_LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	request.body_case = TWINLOG__REQUEST__BODY_PEER_LIST;
	request.peer_list = &list;
	if (!cli->peers) {
		error = cli_call(cli, &request, &reply);
		if (error)
			return error;
		if (reply->body_case != TWINLOG__REPLY__BODY_PEERS)
			return twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		cli->peers = reply->peers;
	}
	*ret_peers = cli->peers;
	return TWINLOG_OK;
}

static bool peer_fits(struct cli *cli, const Twinlog__PeerInfo *peer, const char *name, const char *city_id)
{
	if (begins(cli, peer->identity, name) || codec_equal(peer->city_id, name) ||
	    (*city_id && codec_equal(peer->city_id, city_id)))
		return true;
	for (size_t i = 0; i < peer->n_names; i++)
		if (same_text(cli, peer->names[i]->text, name))
			return true;
	return false;
}

enum twinlog_error cli_peer(struct cli *cli, const char *name, const Twinlog__PeerInfo **ret_peer)
{
	char city_id[TWINLOG_CITY_ID_MAX + 1] = "";
	const Twinlog__PeerInfo *found = NULL;
	Twinlog__Peers *peers = NULL;
	size_t count = 0;
	const char *hint = "";
	enum twinlog_error error = cli_peers(cli, &peers);

	if (error)
		return error;
	/* A name that the lists know may be none that the partner's card has; ambiguous ones may fit one partner only.
	 */
	(void)!cli_city(cli, name, strlen(name), city_id, NULL);
	cli->hint = NULL;
	for (size_t i = 0; i < peers->n_peers; i++) {
		if (peers->peers[i]->removed || !peer_fits(cli, peers->peers[i], name, city_id))
			continue;
		found = peers->peers[i];
		count++;
		hint = cli_printf(cli, "%s  %s  %s\n", hint, cli_hex(cli, found->identity, 12),
				  cli_text(cli, found->city_id));
	}
	if (count != 1) {
		cli->hint = count ? hint : NULL;
		return twinlog_fault_set(&cli->fault, count ? TWINLOG_AMBIGUOUS : TWINLOG_NOT_FOUND, N_("partner"),
					 name);
	}
	*ret_peer = found;
	return TWINLOG_OK;
}

/* ---- Records ---- */

enum twinlog_error cli_record_name(struct cli *cli, const char *text, Twinlog__RecordName *ret_name)
{
	size_t size = strlen(text);

	if (size == 0 || size > 2 * HANDLE_SIZE || strspn(text, "0123456789abcdefABCDEF") != size)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_FOUND, N_("record"), text);
	twinlog__record_name__init(ret_name);
	ret_name->prefix = codec_string(text);
	return TWINLOG_OK;
}

enum twinlog_error cli_show(struct cli *cli, const char *id, bool history, Twinlog__Record **ret_record)
{
	Twinlog__RecordName name;
	Twinlog__Show show = TWINLOG__SHOW__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error = cli_record_name(cli, id, &name);

	if (error)
		return error;
	show.record = &name;
	show.history = history;
	request.body_case = TWINLOG__REQUEST__BODY_SHOW;
	request.show = &show;
	error = cli_call(cli, &request, &reply);
	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_RECORDS || reply->records->n_records != 1)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_FOUND, N_("record"), id);
	*ret_record = reply->records->records[0];
	return TWINLOG_OK;
}
