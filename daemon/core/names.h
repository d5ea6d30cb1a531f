/* City ids and codes as small integers, so that facts are compared and kept as numbers. The numbers are given in order
 * of first sight: they mean something inside one table only and are never shown. Knows slots.h. */
#ifndef TWINLOG_NAMES_H
#define TWINLOG_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

#define NAME_NONE 0u /* absent: the empty text */

struct names;

enum twinlog_error names_new(struct names **ret_names) TWINLOG_MUST_CHECK;
void names_free(struct names *names); /* accepts NULL */

/* The number of a text, given now if it has none yet. The empty text is NAME_NONE. NO_MEMORY. */
enum twinlog_error names_add(struct names *names, const void *text, size_t size, uint32_t *ret_name) TWINLOG_MUST_CHECK;
/* NAME_NONE when the text was never seen. */
uint32_t names_find(const struct names *names, const void *text, size_t size);
/* The text, with a NUL behind it. */
const char *names_text(const struct names *names, uint32_t name, size_t *ret_size);
/* One more than the greatest number. */
uint32_t names_count(const struct names *names);
/* As memcmp on the texts, the shorter first. */
int names_compare(const struct names *names, uint32_t a, uint32_t b);

#endif
