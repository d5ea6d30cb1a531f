/* Sums of money as sheets write them: 30,000.50, 1,200천원, 3.5万元, 5만 달러. Pure. What a currency has after the
 * point is ISO 4217's. */
#ifndef TWINLOG_MONEY_H
#define TWINLOG_MONEY_H

#include <stddef.h>
#include <stdint.h>

#include "codec.h"
#include "twinlog/error.h"

#define MONEY_TEXT_MAX 32u

/* A unit that stands behind a sum or in the head of a column. */
struct money_unit {
	const char *text;     /* 천원 */
	int64_t times;        /* 1000 */
	const char *currency; /* "KRW"; NULL: not said */
};

/* The unit that a text ends with (or begins with: USD 300); NULL: none. *ret_size: of what is left. */
const struct money_unit *money_unit_find(const char *text, size_t size, size_t *ret_begin, size_t *ret_size);
/* How many digits the minor unit has: 2 unless known otherwise. */
unsigned money_digits(ProtobufCBinaryData currency);
/* Into minor units of its currency. unit: of the column, for a sum without its own; NULL: none. currency: that of the
 * column, or empty; *ret_currency is the one that counts. TWINLOG_BAD_NUMBER: no sum, or finer than the minor unit;
 * TWINLOG_FIELD_MISSING: no currency. */
enum twinlog_error money_read(const char *text, size_t size, const struct money_unit *unit,
			      ProtobufCBinaryData currency, int64_t *ret_amount,
			      ProtobufCBinaryData *ret_currency) TWINLOG_MUST_CHECK;
/* "30000.50"; returns its length. */
size_t money_format(int64_t amount, ProtobufCBinaryData currency, char out[MONEY_TEXT_MAX]);

#endif
