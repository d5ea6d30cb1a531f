/* The cities that the envelope of a statement has to name: those of the body, observers left out. */
#include <stdlib.h>

#include "codec.h"
#include "validate.h"

static int city_order(const void *a, const void *b)
{
	const ProtobufCBinaryData *x = a, *y = b;
	const size_t shorter = x->len < y->len ? x->len : y->len;
	const int order = shorter > 0 ? memcmp(x->data, y->data, shorter) : 0;
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static size_t cities_of(uint32_t kind, const Twinlog__Body *body, ProtobufCBinaryData *cities)
{
	size_t count = 0;
	if (kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY) {
		for (size_t i = 0; i < body->activity->n_cities; i++)
			if (!codec_equal(body->activity->cities[i]->role, "observer"))
				cities[count++] = body->activity->cities[i]->city_id;
	} else if (kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT &&
		   body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT) {
		for (size_t i = 0; i < body->agreement->n_parties; i++)
			cities[count++] = body->agreement->parties[i];
	} else if (kind == TWINLOG__RECORD_KIND__RECORD_CITY && body->content_case == TWINLOG__BODY__CONTENT_CITY) {
		cities[count++] = body->city->city_id;
	}
	return count;
}

size_t validate_cities_into(uint32_t kind, const Twinlog__Body *body, ProtobufCBinaryData *cities)
{
	const size_t count = cities_of(kind, body, cities);
	size_t kept = 0;
	qsort(cities, count, sizeof *cities, city_order);
	for (size_t i = 0; i < count; i++)
		if (cities[i].len > 0 && (kept == 0 || !codec_same(cities[kept - 1], cities[i])))
			cities[kept++] = cities[i];
	return kept;
}

enum twinlog_error validate_cities(struct arena *arena, uint32_t kind, const Twinlog__Body *body,
				   ProtobufCBinaryData **ret_cities, size_t *ret_count)
{
	size_t room = 1;
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		room += body->activity->n_cities;
	if (body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		room += body->agreement->n_parties;
	ProtobufCBinaryData *cities = arena_alloc(arena, room * sizeof *cities);
	if (!cities)
		return TWINLOG_NO_MEMORY;
	*ret_count = validate_cities_into(kind, body, cities);
	*ret_cities = cities;
	return TWINLOG_OK;
}
