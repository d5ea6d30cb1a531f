/* What reports count rows by: of each row, in which sets of values its facts lie, as small numbers in columns of their
 * own. Rows that have one number have the same values, so a report that looks at many rows counts numbers and looks at
 * the facts of one row of each. Derived from facts alone. Knows facts.h. ARCHITECTURE, decision 80.
 *
 * Memory: 16 bytes a row, and each set of values once. */
#ifndef TWINLOG_COLUMNS_H
#define TWINLOG_COLUMNS_H

#include "facts.h"

enum column {
	COLUMN_WHO,    /* cities, direction, agreements named */
	COLUMN_WHAT,   /* form, status, kind of tie */
	COLUMN_FIELDS, /* fields of activity */
	COLUMN_ACTORS, /* levels and kinds of who took part */
	COLUMN_WHEN,   /* year and month in which it begins; no month when only the year is known */
	COLUMN_COUNT
};
#define COLUMN_NARROW_MAX UINT16_MAX /* the greatest number in any column but COLUMN_WHO */
#define COLUMN_SILENT     0u         /* in persons: it does not say how many took part */

struct columns {
	uint32_t *who;
	uint16_t *narrow[COLUMN_COUNT]; /* all but COLUMN_WHO; 0: no values */
	uint32_t *persons;              /* one more than took part */
	struct names *sets[COLUMN_COUNT];
};

/* NO_MEMORY, and then each column is as long as it was, at least. */
enum twinlog_error columns_grow(struct columns *columns, uint32_t capacity) TWINLOG_MUST_CHECK;
void columns_free(struct columns *columns); /* what it holds; it may be used again */
size_t columns_bytes(const struct columns *columns, uint32_t capacity);

/* A row without facts, or whose facts have no values. */
void columns_clear(struct columns *columns, uint32_t row);
/* *ret_fit is false when its values have no room in the columns: then the row has to be looked at. NO_MEMORY. */
enum twinlog_error columns_take(struct columns *columns, uint32_t row, const struct facts *facts,
				bool *ret_fit) TWINLOG_MUST_CHECK;
/* How many numbers a column has, 0 among them. */
uint32_t columns_count(const struct columns *columns, enum column column);
/* The year of a number of COLUMN_WHEN; 0: undated. */
uint32_t columns_year(const struct columns *columns, uint32_t number);

#endif
