/* Places that merged: a city's record says whom it succeeds and who succeeded it, and a query that follows takes what
 * was tied to the earlier place as tied to the later one. Pure; knows group.h. DOMAIN, "Names". */
#ifndef TWINLOG_SUCCESSION_H
#define TWINLOG_SUCCESSION_H

#include "group.h"

#define SUCCESSION_MAX 64u /* places that one city may follow */

/* The places that a city succeeds, itself first and each once, as the city records of those spaces say: the word of a
 * city's own record that leads there. Texts live as long as the spaces and city_id. At most SUCCESSION_MAX. */
struct succession {
	const char *cities[SUCCESSION_MAX]; /* NUL-terminated */
	size_t count;
};
/* NO_MEMORY. */
enum twinlog_error succession_of(const struct group_space *spaces, size_t count, const struct hash *self,
				 const char *city_id, struct succession *ret_succession) TWINLOG_MUST_CHECK;

#endif
