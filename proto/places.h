/* Which place a name means. A list of places with all their names in memory; the built-in one is proto/cities.csv,
 * and whoever has city records adds theirs. Matching is on text_fold, without administrative suffix (市, 县, 시, 군,
 * 구, -si, -gun, City, Province …), country prefix and brackets. Never a guess: several places are several candidates.
 * Knows text.h. DOMAIN, "Names". */
#ifndef TWINLOG_PLACES_H
#define TWINLOG_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

struct places;

struct place {
	const char *city_id;
	const char *country;     /* ISO 3166-1 alpha-2; "" when unknown */
	const char *subdivision; /* ISO 3166-2; "" */
	const char *names[3];    /* for show: English, Chinese, Korean (enum language); NULL when unknown */
};

/* The built-in places. */
enum twinlog_error places_new(struct places **ret_places) TWINLOG_MUST_CHECK;
void places_free(struct places *places); /* accepts NULL */
/* Adds a place, or names to one that is there. Strings are copied; names[i] is in langs[i] (BCP 47). */
enum twinlog_error places_add(struct places *places, const char *city_id, const char *country, const char *subdivision,
			      const char *const *names, const char *const *langs, size_t count) TWINLOG_MUST_CHECK;

/* The places that a text names: by id, or by any name. country and subdivision (NULL or "": not said) narrow; so does a
 * country or province written in the text ("Gwangju, Gyeonggi", "경기도 광주시", "江苏省连云港市", "KR:광주"). A name
 * that fits exactly with its suffix beats one that fits only without (광주시 stays ambiguous when two have it). Returns
 * how many fit; at most max are given, ordered by id. 0: nobody has that name. */
size_t places_find(const struct places *places, const void *text, size_t size, const char *country,
		   const char *subdivision, const struct place **ret_places, size_t max);

/* What the names of one place have in common: folded, without administrative suffix and brackets. malloc'd, NUL-
 * terminated. TWINLOG_BAD_TEXT when nothing is left. */
enum twinlog_error places_key(const void *text, size_t size, char **ret_key) TWINLOG_MUST_CHECK;

/* The built-in list as it is written: a sheet in CSV with more columns than struct place has. */
const char *places_sheet(size_t *ret_size);
size_t places_count(const struct places *places);
const struct place *places_at(const struct places *places, size_t index);
const struct place *places_by_id(const struct places *places, const char *city_id); /* NULL */

#endif
