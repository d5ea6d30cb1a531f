#include "money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sheet_internal.h"

#define AMOUNT_MAX   INT64_C(1000000000000000) /* before minor units: past all budgets, far from the end of int64 */
#define DECIMALS_MAX 6u

/* The longer before what it ends with. */
static const struct money_unit units[] = {
    {"백만원", 1000000, "KRW"},
    {"천만원", 10000000, "KRW"},
    {"억원", 100000000, "KRW"},
    {"만원", 10000, "KRW"},
    {"천원", 1000, "KRW"},
    {"万韩元", 10000, "KRW"},
    {"万韩币", 10000, "KRW"},
    {"韩元", 1, "KRW"},
    {"韩币", 1, "KRW"},
    {"원", 1, "KRW"},
    {"₩", 1, "KRW"},
    {"KRW", 1, "KRW"},
    {"万美元", 10000, "USD"},
    {"千美元", 1000, "USD"},
    {"美元", 1, "USD"},
    {"만달러", 10000, "USD"},
    {"천달러", 1000, "USD"},
    {"만불", 10000, "USD"},
    {"천불", 1000, "USD"},
    {"달러", 1, "USD"},
    {"불", 1, "USD"},
    {"USD", 1, "USD"},
    {"US$", 1, "USD"},
    {"万日元", 10000, "JPY"},
    {"日元", 1, "JPY"},
    {"만엔", 10000, "JPY"},
    {"엔", 1, "JPY"},
    {"JPY", 1, "JPY"},
    {"万欧元", 10000, "EUR"},
    {"欧元", 1, "EUR"},
    {"유로", 1, "EUR"},
    {"EUR", 1, "EUR"},
    {"€", 1, "EUR"},
    {"百万元", 1000000, "CNY"},
    {"亿元", 100000000, "CNY"},
    {"万元", 10000, "CNY"},
    {"千元", 1000, "CNY"},
    {"元", 1, "CNY"},
    {"만위안", 10000, "CNY"},
    {"위안", 1, "CNY"},
    {"人民币", 1, "CNY"},
    {"CNY", 1, "CNY"},
    {"RMB", 1, "CNY"},
    {"¥", 1, NULL},
    {"￥", 1, NULL},
};

unsigned money_digits(ProtobufCBinaryData currency)
{
	static const char whole[][4] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
					"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
	static const char thousandths[][4] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (codec_equal(currency, whole[i]))
			return 0;
	for (size_t i = 0; i < sizeof thousandths / sizeof *thousandths; i++)
		if (codec_equal(currency, thousandths[i]))
			return 3;
	return 2;
}

const struct money_unit *money_unit_find(const char *text, size_t size, size_t *ret_begin, size_t *ret_size)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		const size_t unit = strlen(units[i].text);

		if (size < unit)
			continue;
		if (memcmp(text + size - unit, units[i].text, unit) == 0) {
			*ret_begin = 0;
			*ret_size = size - unit;
			return &units[i];
		}
		if (memcmp(text, units[i].text, unit) == 0) {
			*ret_begin = unit;
			*ret_size = size - unit;
			return &units[i];
		}
	}
	return NULL;
}

/* Digits with commas between them and at most one point: "1,234.50" is 123450 with two decimals. */
static enum twinlog_error digits_read(ProtobufCBinaryData text, int64_t *ret_value, unsigned *ret_decimals)
{
	const bool negative = text.len > 0 && text.data[0] == '-';
	int64_t value = 0;
	unsigned decimals = 0, digits = 0;
	bool point = false;

	for (size_t i = negative; i < text.len; i++) {
		const uint8_t c = text.data[i];

		if ((c == ',' || c == ' ') && digits > 0 && !point)
			continue;
		if (c == '.' && digits > 0 && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9' || value > AMOUNT_MAX || decimals == DECIMALS_MAX)
			return TWINLOG_BAD_NUMBER;
		value = 10 * value + (c - '0');
		decimals += point;
		digits++;
	}
	if (digits == 0)
		return TWINLOG_BAD_NUMBER;
	*ret_value = negative ? -value : value;
	*ret_decimals = decimals;
	return TWINLOG_OK;
}

enum twinlog_error money_read(const char *text, size_t size, const struct money_unit *unit,
			      ProtobufCBinaryData currency, int64_t *ret_amount, ProtobufCBinaryData *ret_currency)
{
	size_t begin, left;
	const struct money_unit *own = money_unit_find(text, size, &begin, &left);
	const ProtobufCBinaryData number = sheet_trim(own ? codec_bytes(text + begin, left) : codec_bytes(text, size));
	int64_t value, times;
	unsigned decimals;
	enum twinlog_error error = digits_read(number, &value, &decimals);

	if (error)
		return error;
	unit = own ? own : unit;
	if (unit && unit->currency)
		currency = codec_string(unit->currency);
	if (currency.len == 0)
		return TWINLOG_FIELD_MISSING;
	times = unit ? unit->times : 1;
	for (unsigned i = money_digits(currency); i > 0; i--)
		times *= 10;
	for (; decimals > 0 && times % 10 == 0; decimals--)
		times /= 10;
	for (; decimals > 0; decimals--) {
		if (value % 10 != 0)
			return TWINLOG_BAD_NUMBER;
		value /= 10;
	}
	if (__builtin_mul_overflow(value, times, &value))
		return TWINLOG_BAD_NUMBER;
	*ret_amount = value;
	*ret_currency = currency;
	return TWINLOG_OK;
}

size_t money_format(int64_t amount, ProtobufCBinaryData currency, char out[MONEY_TEXT_MAX])
{
	const unsigned digits = money_digits(currency);
	const uint64_t whole = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
	uint64_t scale = 1;
	int size;

	for (unsigned i = 0; i < digits; i++)
		scale *= 10;
	if (digits)
		size = snprintf(out, MONEY_TEXT_MAX, "%s%" PRIu64 ".%0*" PRIu64, amount < 0 ? "-" : "", whole / scale,
				(int)digits, whole % scale);
	else
		size = snprintf(out, MONEY_TEXT_MAX, "%s%" PRIu64, amount < 0 ? "-" : "", whole);
	return (size_t)size;
}
