/* City names in the order in which people of a language look them up: pinyin, hangul, Latin. A city's name is what its
 * city record says, else the built-in places, else its id; its sort key is made once for a list. One of the doors to
 * ICU. Knows view.h and store. DOMAIN, "Questions to answer". */
#ifndef TWINLOG_BY_NAME_H
#define TWINLOG_BY_NAME_H

#include "query_internal.h"
#include "view.h"

#define BY_NAME_KEY_MAX 64u

struct by_name_key {
	uint8_t size;
	char bytes[BY_NAME_KEY_MAX]; /* compare as memcmp does, the shorter first; longer keys are cut */
};

struct by_name;
/* lang: en, zh or ko, by itself or before a hyphen; empty: en. BAD_LANG, with a fault in the reply. */
enum twinlog_error by_name_new(const struct query *query, ProtobufCBinaryData lang,
			       struct by_name **ret_by_name) TWINLOG_MUST_CHECK;
void by_name_free(struct by_name *by_name); /* accepts NULL */
/* The key of a city, by its number in the names of the space; in the query's arena. */
const struct by_name_key *by_name_key(struct by_name *by_name, const struct view_space *view, uint32_t city);
/* Whether some key could not be made. */
enum twinlog_error by_name_error(const struct by_name *by_name) TWINLOG_MUST_CHECK;

#endif
