#include "codelist.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

struct row {
	const char *code;
	const char *labels[LANGUAGE_COUNT];
	const char *folded[LANGUAGE_COUNT]; /* labels as text_fold makes them */
	const char *folded_code;
};

struct list {
	const char *name;
	size_t first, count; /* in ROWS */
};

#include "codelists_table.h" /* generated: ROWS, LISTS */

static const struct row *row_at(enum codelist list, size_t index)
{
	if ((unsigned)list >= CODELIST_COUNT || index >= LISTS[list].count)
		return NULL;
	return &ROWS[LISTS[list].first + index];
}

const char *codelist_name(enum codelist list)
{
	return (unsigned)list < CODELIST_COUNT ? LISTS[list].name : "";
}

size_t codelist_size(enum codelist list)
{
	return (unsigned)list < CODELIST_COUNT ? LISTS[list].count : 0;
}

const char *codelist_code(enum codelist list, size_t index)
{
	const struct row *row = row_at(list, index);
	return row ? row->code : NULL;
}

static bool same(const char *known, const void *text, size_t size)
{
	return strlen(known) == size && memcmp(known, text, size) == 0;
}

int codelist_find(enum codelist list, const void *code, size_t size)
{
	const struct row *row;
	if (size == 0)
		return -1;
	for (size_t i = 0; (row = row_at(list, i)) != NULL; i++) {
		if (same(row->code, code, size))
			return (int)i;
	}
	return -1;
}

static bool row_fits(const struct row *row, const char *folded, size_t size)
{
	if (same(row->folded_code, folded, size))
		return true;
	for (int i = 0; i < LANGUAGE_COUNT; i++) {
		if (same(row->folded[i], folded, size))
			return true;
	}
	return false;
}

int codelist_find_label(enum codelist list, const void *text, size_t size)
{
	char *folded;
	size_t length;
	const struct row *row;
	int found = codelist_find(list, text, size);
	if (found >= 0 || text_fold(text, size, &folded, &length) != TWINLOG_OK)
		return found;
	for (size_t i = 0; found < 0 && length > 0 && (row = row_at(list, i)) != NULL; i++) {
		if (row_fits(row, folded, length))
			found = (int)i;
	}
	free(folded);
	return found;
}

const char *codelist_label(enum codelist list, size_t index, enum language language)
{
	const struct row *row = row_at(list, index);
	return row && (unsigned)language < LANGUAGE_COUNT ? row->labels[language] : NULL;
}
