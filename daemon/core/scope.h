/* Which spaces one who asks may know of: of what is outside nothing is told, not even that it is there. Knows ids.h. */
#ifndef TWINLOG_SCOPE_H
#define TWINLOG_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "ids.h"

struct scope {
	const struct hash *spaces;
	size_t count; /* 0: every space */
};

static inline bool scope_has(const struct scope *scope, const struct hash *space)
{
	bool has = !scope || scope->count == 0;

	for (size_t i = 0; !has && i < scope->count; i++)
		has = hash_equal(&scope->spaces[i], space);
	return has;
}

#endif
