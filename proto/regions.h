/* Which codes of countries and subdivisions there are: what a writer and a question are held to. Readers show any.
 * Knows nobody. */
#ifndef TWINLOG_REGIONS_H
#define TWINLOG_REGIONS_H

#include <stdbool.h>
#include <stddef.h>

/* A country of ISO 3166-1 alpha-2, in capitals; or XK (Kosovo, by custom), or ZZ: not said. */
bool region_is_country(const void *code, size_t size);
/* The form of ISO 3166-2 (CC-, then one to three capitals or digits) within a country. */
bool region_is_subdivision(const void *code, size_t size);
/* Whether all codes of that country are known here: China's and Korea's. code: one of its subdivisions. */
bool region_is_listed_country(const void *code, size_t size);
/* Of those countries: the codes in which the built-in places have no city. NULL past the end. */
const char *region_without_places(size_t index);

#endif
