/* Countries as sheets write them: 中国, 대한민국, Republic of Korea, CN. One of the doors to ICU. Knows text.h. */
#ifndef TWINLOG_COUNTRY_H
#define TWINLOG_COUNTRY_H

#include <stddef.h>

#include "twinlog/error.h"

struct countries;
/* The names of all countries in English, Chinese and Korean, and what people also call those nearest. */
enum twinlog_error countries_new(struct countries **ret_countries) TWINLOG_MUST_CHECK;
void countries_free(struct countries *countries); /* accepts NULL */
/* ISO 3166-1 alpha-2, as long as countries; NULL: no country is called so. countries NULL: codes alone are known. */
const char *country_find(const struct countries *countries, const void *text, size_t size);

#endif
