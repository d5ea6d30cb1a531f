/* Memory that can be told to run out: the n-th allocation while armed fails, and every one after it. These stand before
 * those of the C library for all that is linked statically (the linker's --wrap, see CMakeLists.txt); programs named
 * test_LAYER_memory include this once. */
#ifndef TWINLOG_TEST_MEMORY_H
#define TWINLOG_TEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);

static bool memory_armed;
static size_t memory_asked; /* while armed */
static size_t memory_left;  /* that still go well */
static bool memory_struck;
static bool memory_once; /* the one fails, and those after it go well again */

static bool memory_out(void)
{
	if (!memory_armed)
		return false;
	memory_asked++;
	if (memory_left > 0 || (memory_once && memory_struck)) {
		memory_left -= memory_left > 0;
		return false;
	}
	memory_struck = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return memory_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return memory_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return memory_out() ? NULL : __real_realloc(old, size);
}

char *__wrap_strndup(const char *text, size_t most)
{
	const size_t size = strnlen(text, most);
	char *copy = memory_out() ? NULL : __real_malloc(size + 1);
	if (copy) {
		memcpy(copy, text, size);
		copy[size] = '\0';
	}
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

/* The next `left` allocations under memory_armed go well. */
static inline void memory_allow(size_t left)
{
	memory_armed = false;
	memory_asked = 0;
	memory_left = left;
	memory_struck = false;
}

/* Which allocations fail in turn: all with TWINLOG_LONG, else some hundreds spread over them. */
static inline size_t memory_stride(size_t asked)
{
	return getenv("TWINLOG_LONG") || asked < 300 ? 1 : asked / 300;
}

#endif
