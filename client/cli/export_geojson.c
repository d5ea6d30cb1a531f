/* GeoJSON (RFC 7946): cities as points, ties as lines between their parties, events as points at the city that hosts
 * them. What has no known place has no geometry, which the format allows: nothing is put where it was not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

struct geo {
	struct whereabouts *where;
	bool any; /* a feature stands before the next */
};

struct point {
	double latitude, longitude;
};

static enum twinlog_error geo_begin(struct export *export)
{
	struct geo *geo = calloc(1, sizeof *geo);

	if (!geo)
		return twinlog_fault_set(&export->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	export->state = geo;
	fputs("{\"type\":\"FeatureCollection\",\"features\":[", export->out);
	return whereabouts_new(export->cli, &geo->where);
}

/* Longitude before latitude. */
static json_t *position(struct point point)
{
	return json_pack("[f, f]", point.longitude, point.latitude);
}

static json_t *point_json(struct point point)
{
	return json_pack("{s:s, s:o}", "type", "Point", "coordinates", position(point));
}

/* A line from one to another, added to lines; one that crosses the antimeridian is cut there (section 3.1.9). */
static void line_add(json_t *lines, struct point a, struct point b)
{
	const double apart = b.longitude - a.longitude;
	double edge, share, latitude;

	if (fabs(apart) <= 180) {
		json_array_append_new(lines, json_pack("[o, o]", position(a), position(b)));
		return;
	}
	edge = apart < 0 ? 180 : -180;
	share = (edge - a.longitude) / (apart < 0 ? apart + 360 : apart - 360);
	latitude = a.latitude + share * (b.latitude - a.latitude);
	json_array_append_new(lines, json_pack("[o, o]", position(a), position((struct point){latitude, edge})));
	json_array_append_new(lines, json_pack("[o, o]", position((struct point){latitude, -edge}), position(b)));
}

/* From the first party that has a place to each other one. */
static json_t *tie_json(const struct whereabouts *where, const Twinlog__Agreement *agreement)
{
	struct point first = {0}, next;
	json_t *lines = json_array(), *json;
	bool any = false;

	for (size_t i = 0; i < agreement->n_parties; i++) {
		if (!whereabouts_find(where, agreement->parties[i], &next.latitude, &next.longitude))
			continue;
		if (any)
			line_add(lines, first, next);
		else
			first = next;
		any = true;
	}
	if (json_array_size(lines) == 0)
		json = json_null();
	else if (json_array_size(lines) == 1)
		json = json_pack("{s:s, s:O}", "type", "LineString", "coordinates", json_array_get(lines, 0));
	else
		json = json_pack("{s:s, s:O}", "type", "MultiLineString", "coordinates", lines);
	json_decref(lines);
	return json;
}

static json_t *geometry(const struct whereabouts *where, const Twinlog__Body *body)
{
	struct point point;

	if (!body)
		return json_null();
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_CITY:
		return whereabouts_find(where, body->city->city_id, &point.latitude, &point.longitude)
			   ? point_json(point)
			   : json_null();
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		return tie_json(where, body->agreement);
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		return whereabouts_find(where, export_host(body->activity), &point.latitude, &point.longitude)
			   ? point_json(point)
			   : json_null();
	default:
		return json_null();
	}
}

static enum twinlog_error geo_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	struct geo *geo = export->state;
	struct cli *cli = export->cli;
	json_t *properties = body ? json_body(record->kind, body) : json_object(), *feature;
	char *text;

	json_object_del(properties, "token");
	json_object_set_new(properties, "kind", json_string(kind_name(record->kind)));
	json_object_set_new(properties, "name", json_string(cli_title(cli, body)));
	json_object_set_new(properties, "state", json_string(state_name(record->state)));
	json_object_set_new(properties, "stated_by", json_string(export_lead(cli, record)));
	feature = json_pack("{s:s, s:o, s:o, s:o}", "type", "Feature", "id", json_bytes_hex(record->handle), "geometry",
			    geometry(geo->where, body), "properties", properties);
	/* Section 11.2: more digits than places are known to are noise. */
	text = feature ? json_dumps(feature, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
	json_decref(feature);
	if (!text)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	fprintf(export->out, "%s\n%s", geo->any ? "," : "", text);
	free(text);
	geo->any = true;
	export->count++;
	return TWINLOG_OK;
}

static enum twinlog_error geo_end(struct export *export, bool sound)
{
	struct geo *geo = export->state;

	if (sound)
		fputs("\n]}\n", export->out);
	if (geo)
		whereabouts_free(geo->where);
	free(geo);
	return TWINLOG_OK;
}

const struct export_format export_geojson = {
    .name = "geojson", .begin = geo_begin, .record = geo_record, .end = geo_end};
