/* Where cities lie: what the city records say, and for the others the built-in list. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

struct spot {
	char id[TWINLOG_CITY_ID_MAX + 1];
	double latitude, longitude;
};

struct whereabouts {
	struct spot *spots; /* by id */
	size_t count, room;
};

bool degrees_read(ProtobufCBinaryData text, double limit, double *ret_degrees)
{
	char digits[40], *end;
	double degrees;

	if (text.len == 0 || text.len >= sizeof digits)
		return false;
	memcpy(digits, text.data, text.len);
	digits[text.len] = 0;
	degrees = strtod(digits, &end);
	if (*end || end == digits || !isfinite(degrees) || fabs(degrees) > limit)
		return false;
	*ret_degrees = degrees;
	return true;
}

static int spot_order(const void *left, const void *right)
{
	const struct spot *a = left, *b = right;

	return strcmp(a->id, b->id);
}

/* The first that says it counts. */
static enum twinlog_error spot_add(struct whereabouts *where, ProtobufCBinaryData id, ProtobufCBinaryData latitude,
				   ProtobufCBinaryData longitude)
{
	struct spot spot = {0};

	if (id.len == 0 || id.len > TWINLOG_CITY_ID_MAX || !degrees_read(latitude, 90, &spot.latitude) ||
	    !degrees_read(longitude, 180, &spot.longitude))
		return TWINLOG_OK;
	memcpy(spot.id, id.data, id.len);
	for (size_t i = 0; i < where->count; i++)
		if (strcmp(where->spots[i].id, spot.id) == 0)
			return TWINLOG_OK;
	if (where->count == where->room) {
		const size_t room = where->room ? 2 * where->room : 512;
		struct spot *grown = realloc(where->spots, room * sizeof *grown);

		if (!grown)
			return TWINLOG_NO_MEMORY;
		where->spots = grown;
		where->room = room;
	}
	where->spots[where->count++] = spot;
	return TWINLOG_OK;
}

static enum twinlog_error from_records(struct cli *cli, struct whereabouts *where)
{
	uint32_t kind = TWINLOG__RECORD_KIND__RECORD_CITY;
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;

	filter.kinds = &kind;
	filter.n_kinds = 1;
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

			if (body && body->content_case == TWINLOG__BODY__CONTENT_CITY &&
			    spot_add(where, body->city->city_id, body->city->latitude, body->city->longitude))
				return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
		}
		list.cursor = reply->records->cursor;
	} while (list.cursor.len);
	return TWINLOG_OK;
}

/* The built-in list is a sheet of cities like any other. */
static enum twinlog_error from_list(struct whereabouts *where)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct csv_row *row = malloc(sizeof *row);
	struct twinlog_fault fault;
	struct csv_reader reader;
	struct sheet sheet;
	size_t size;
	const char *text = places_sheet(&size);
	enum twinlog_error error = arena && row ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	reader = csv_reader(text, size, ',');
	if (!error)
		error = csv_next(&reader, arena, row, &fault);
	if (!error)
		error = sheet_recognise(row, NULL, &sheet, &fault);
	while (!error) {
		error = csv_next(&reader, arena, row, &fault);
		if (error || row->count == 0)
			break;
		error = spot_add(where, sheet_cell(&sheet, row, COLUMN_city_id),
				 sheet_cell(&sheet, row, COLUMN_latitude), sheet_cell(&sheet, row, COLUMN_longitude));
	}
	free(row);
	arena_free(arena);
	return error;
}

enum twinlog_error whereabouts_new(struct cli *cli, struct whereabouts **ret_whereabouts)
{
	struct whereabouts *where = calloc(1, sizeof *where);
	enum twinlog_error error;

	if (!where)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = from_records(cli, where);
	if (!error && from_list(where))
		error = twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (error) {
		whereabouts_free(where);
		return error;
	}
	if (where->count > 0)
		qsort(where->spots, where->count, sizeof *where->spots, spot_order);
	*ret_whereabouts = where;
	return TWINLOG_OK;
}

void whereabouts_free(struct whereabouts *whereabouts)
{
	if (!whereabouts)
		return;
	free(whereabouts->spots);
	free(whereabouts);
}

bool whereabouts_find(const struct whereabouts *whereabouts, ProtobufCBinaryData city_id, double *ret_latitude,
		      double *ret_longitude)
{
	struct spot key, *found;

	if (city_id.len == 0 || city_id.len > TWINLOG_CITY_ID_MAX || whereabouts->count == 0)
		return false;
	memcpy(key.id, city_id.data, city_id.len);
	key.id[city_id.len] = 0;
	found = bsearch(&key, whereabouts->spots, whereabouts->count, sizeof key, spot_order);
	if (!found)
		return false;
	*ret_latitude = found->latitude;
	*ret_longitude = found->longitude;
	return true;
}
