#include "array.h"

#include <stdlib.h>

bool array_reserve(void **items, size_t *capacity, size_t count, size_t size)
{
	if (count <= *capacity)
		return true;
	const size_t wanted = *capacity * 2 > count ? *capacity * 2 : count + 3;
	void *grown = realloc(*items, wanted * size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}
