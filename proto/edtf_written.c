/* Dates as people and sheets write them. Text becomes tokens, tokens one or two lists of year, month and day. What
 * could mean two things (15/11/2018, 18.11.15) is refused. */
#include <string.h>

#include "edtf_parts.h"

#define TOKENS_MAX 24u

enum token_kind { END, NUMBER, DOT, SLASH, DASH, RANGE, TILDE, YEAR, MONTH, DAY, NOTHING };

struct token {
	enum token_kind kind;
	int value;    /* of a NUMBER */
	int8_t count; /* its digits */
};

static const struct {
	const char *text;
	enum token_kind kind;
} SIGNS[] = {
    {" ", NOTHING},   {"\t", NOTHING},  {"\u00a0", NOTHING}, {"\u3000", NOTHING}, {"까지", NOTHING}, {".", DOT},
    {"．", DOT},      {"。", DOT},      {"/", SLASH},        {"／", SLASH},       {"-", DASH},       {"－", DASH},
    {"\u2010", DASH}, {"\u2011", DASH}, {"\u2013", RANGE},   {"\u2014", RANGE},   {"\u2212", RANGE}, {"至", RANGE},
    {"到", RANGE},    {"부터", RANGE},  {"~", TILDE},        {"\uff5e", TILDE},   {"\u301c", TILDE}, {"\u223c", TILDE},
    {"年", YEAR},     {"년", YEAR},     {"月", MONTH},       {"월", MONTH},       {"日", DAY},       {"일", DAY},
    {"号", DAY},      {"號", DAY},
};

static const char *const WEEKDAYS[] = {"월", "화", "수", "목", "금", "토", "일", "月", "火", "水",
				       "木", "金", "土", "日", "一", "二", "三", "四", "五", "六"};

static size_t prefix(const char *text, size_t size, const char *wanted)
{
	size_t length = strlen(wanted);
	return size >= length && memcmp(text, wanted, length) == 0 ? length : 0;
}

static size_t prefix_any(const char *text, size_t size, const char *const *wanted, size_t count)
{
	size_t length = 0;
	for (size_t i = 0; i < count && length == 0; i++)
		length = prefix(text, size, wanted[i]);
	return length;
}

/* A digit, also of full width: bytes it takes, or 0. */
static size_t digit(const char *text, size_t size, int *ret_value)
{
	static const char wide_zero[] = "０";
	if (text[0] >= '0' && text[0] <= '9') {
		*ret_value = text[0] - '0';
		return 1;
	}
	if (size >= 3 && memcmp(text, wide_zero, 2) == 0) {
		int value = (unsigned char)text[2] - (unsigned char)wide_zero[2];
		if (value >= 0 && value <= 9) {
			*ret_value = value;
			return 3;
		}
	}
	return 0;
}

/* A day of the week in brackets says nothing new: "(목)", "（星期四）", "(목요일)". */
static size_t weekday(const char *text, size_t size)
{
	static const char *const opening[] = {"(", "（"}, *const closing[] = {")", "）"};
	static const char *const before[] = {"星期", "周"}, *const after[] = {"요일", "曜日"};
	size_t at = prefix_any(text, size, opening, 2);
	if (at == 0)
		return 0;
	at += prefix_any(text + at, size - at, before, 2);
	size_t name = prefix_any(text + at, size - at, WEEKDAYS, sizeof WEEKDAYS / sizeof WEEKDAYS[0]);
	at += name;
	at += prefix_any(text + at, size - at, after, 2);
	size_t end = prefix_any(text + at, size - at, closing, 2);
	return name > 0 && end > 0 ? at + end : 0;
}

/* Bytes of the token at text, 0 when there is none. */
static size_t take_token(const char *text, size_t size, struct token *ret_token)
{
	struct token token = {.kind = NUMBER};
	size_t used = 0, step;
	int value;
	while (used < size && token.count <= 8 && (step = digit(text + used, size - used, &value)) > 0) {
		token.value = token.value * 10 + value;
		token.count++;
		used += step;
	}
	if (used == 0) {
		token.kind = NOTHING;
		used = weekday(text, size);
	}
	for (size_t i = 0; used == 0 && i < sizeof SIGNS / sizeof SIGNS[0]; i++) {
		token.kind = SIGNS[i].kind;
		used = prefix(text, size, SIGNS[i].text);
	}
	*ret_token = token;
	return used;
}

static bool take_tokens(const char *text, size_t size, struct token tokens[TOKENS_MAX])
{
	size_t count = 0;
	while (size > 0) {
		struct token token;
		size_t used = take_token(text, size, &token);
		if (used == 0 || count + 2 >= TOKENS_MAX) /* two ENDs follow, so that one may look ahead */
			return false;
		if (token.kind != NOTHING)
			tokens[count++] = token;
		text += used;
		size -= used;
	}
	tokens[count] = tokens[count + 1] = (struct token){.kind = END};
	return true;
}

struct written {
	struct token parts[3];
	enum token_kind marks[3]; /* YEAR, MONTH, DAY, or NOTHING when unmarked */
	size_t count;
	enum token_kind style; /* what separates the parts: DOT, SLASH, DASH, YEAR for marks */
};

static bool is_mark(enum token_kind kind)
{
	return kind == YEAR || kind == MONTH || kind == DAY;
}

/* "20181115" */
static bool expand_compact(struct written *written)
{
	int value = written->parts[0].value;
	if (written->count != 1 || written->parts[0].count != 8)
		return false;
	written->parts[0] = (struct token){NUMBER, value / 10000, 4};
	written->parts[1] = (struct token){NUMBER, value / 100 % 100, 2};
	written->parts[2] = (struct token){NUMBER, value % 100, 2};
	written->marks[1] = written->marks[2] = NOTHING;
	written->count = 3;
	return true;
}

/* The numbers of one date. A number of four digits begins another date. Returns where it ended. */
static const struct token *take_written(const struct token *at, struct written *ret_written)
{
	struct written written = {.style = NOTHING};
	while (at->kind == NUMBER && written.count < 3 && !(written.count > 0 && at->count > 2)) {
		written.parts[written.count] = *at++;
		written.marks[written.count++] = NOTHING;
		if (is_mark(at->kind)) {
			written.marks[written.count - 1] = (at++)->kind;
			written.style = YEAR;
			continue;
		}
		bool separator = at->kind == DOT || at->kind == SLASH || at->kind == DASH;
		bool fits = written.style == NOTHING || written.style == at->kind;
		if (separator && fits && written.count < 3 && at[1].kind == NUMBER && at[1].count <= 2) {
			written.style = (at++)->kind;
			continue;
		}
		if (at->kind == DOT) /* "2018. 11. 15." */
			at++;
		break;
	}
	if (expand_compact(&written))
		written.style = NOTHING;
	*ret_written = written;
	return at;
}

/* Puts the parts in their places from `place` on (0 year, 1 month, 2 day); what is before comes from `base`. */
static enum twinlog_error settle(const struct written *written, size_t place, const int base[3], bool approximate,
				 int ret_parts[3], struct edtf *ret_date)
{
	if (written->count == 0 || place + written->count > 3)
		return TWINLOG_BAD_DATE;
	for (size_t i = 0; i < 3; i++)
		ret_parts[i] = i < place ? base[i] : 0;
	for (size_t i = 0; i < written->count; i++) {
		enum token_kind expected = (enum token_kind)(YEAR + place + i);
		if (written->marks[i] != NOTHING && written->marks[i] != expected)
			return TWINLOG_BAD_DATE;
		if ((place + i == 0) != (written->parts[i].count == 4) || written->parts[i].count > 4)
			return TWINLOG_BAD_DATE;
		ret_parts[place + i] = written->parts[i].value;
	}
	return edtf_make(ret_parts, (enum edtf_precision)(place + written->count), approximate, ret_date);
}

/* Where an end that leaves out year or month begins: by its marks, else so that it is as fine as the start. */
static bool end_place(const struct written *start, const struct written *end, size_t *ret_place)
{
	size_t place = 0;
	if (end->count == 0)
		return false;
	if (end->parts[0].count == 4) {
		*ret_place = 0;
		return true;
	}
	for (size_t i = 0; i < end->count; i++) {
		if (end->marks[i] != NOTHING && (size_t)(end->marks[i] - YEAR) > i) {
			place = (size_t)(end->marks[i] - YEAR) - i;
			break;
		}
	}
	if (place == 0 && start->count > end->count)
		place = start->count - end->count;
	if (place == 0 || place > start->count)
		return false;
	*ret_place = place;
	return true;
}

static bool is_range(enum token_kind kind, const struct written *start, const struct token *next)
{
	if (next->kind != NUMBER)
		return false;
	bool other = start->style != kind || start->count == 3 || next->count == 4;
	return kind == RANGE || kind == TILDE || ((kind == DASH || kind == SLASH) && other);
}

enum twinlog_error edtf_parse_written(const void *text, size_t size, struct edtf *ret_start, struct edtf *ret_end)
{
	struct token tokens[TOKENS_MAX];
	if (!take_tokens(text, size, tokens))
		return TWINLOG_BAD_DATE;
	struct written first, second;
	struct edtf start, end = {.precision = EDTF_NONE};
	int start_parts[3] = {0}, end_parts[3];
	const struct token *at = take_written(tokens, &first);
	bool approximate = at->kind == TILDE && at[1].kind == END;
	if (approximate)
		at++;
	enum twinlog_error error = settle(&first, 0, start_parts, approximate, start_parts, &start);
	if (error != TWINLOG_OK)
		return error;
	if (at->kind != END) {
		size_t place;
		if (!is_range(at->kind, &first, at + 1))
			return TWINLOG_BAD_DATE;
		at = take_written(at + 1, &second);
		if (at->kind != END || !end_place(&first, &second, &place))
			return TWINLOG_BAD_DATE;
		error = settle(&second, place, start_parts, false, end_parts, &end);
		if (error != TWINLOG_OK)
			return error;
		if (end.last < start.first)
			return TWINLOG_BAD_RANGE;
	}
	*ret_start = start;
	*ret_end = end;
	return TWINLOG_OK;
}
