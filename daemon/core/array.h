/* Arrays that grow, in one place so that growth is checked in one. Knows nothing. */
#ifndef TWINLOG_ARRAY_H
#define TWINLOG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Room for so many in all, each of that size. False: memory. */
bool array_reserve(void **items, size_t *capacity, size_t count, size_t size);

#define ARRAY(type)                                                                                                    \
	struct {                                                                                                       \
		type *items;                                                                                           \
		size_t count;                                                                                          \
		size_t capacity;                                                                                       \
	}
/* A fresh, zeroed last element, or NULL. */
#define ARRAY_PUSH(array)                                                                                              \
	(array_reserve((void **)(void *)&(array)->items, &(array)->capacity, (array)->count + 1,                       \
		       sizeof *(array)->items)                                                                         \
	     ? (memset(&(array)->items[(array)->count], 0, sizeof *(array)->items), &(array)->items[(array)->count++]) \
	     : NULL)
/* Order is not kept. */
#define ARRAY_DROP(array, index) ((array)->items[(index)] = (array)->items[--(array)->count])

#endif
