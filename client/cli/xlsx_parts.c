/* Parts of a workbook that its cells refer to: styles, for what is a date, and shared strings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xlsx_date.h"
#include "xlsx_internal.h"

#define STRING_MAX  TWINLOG_CELL_MAX
#define FORMATS_MAX 4096u /* every cell style looks through them */

/* ---- Shared by all parts ---- */

enum twinlog_error xlsx_text_add(struct xlsx_text *text, const void *bytes, size_t size)
{
	if (size > TWINLOG_SHEET_MAX - text->size)
		return TWINLOG_TOO_LARGE;
	if (text->size + size > text->room) {
		size_t room = text->room ? 2 * text->room : 4096;
		char *grown;

		while (room < text->size + size)
			room *= 2;
		grown = realloc(text->bytes, room);
		if (!grown)
			return TWINLOG_NO_MEMORY;
		text->bytes = grown;
		text->room = room;
	}
	if (size)
		memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	return TWINLOG_OK;
}

enum twinlog_error xlsx_grow(void **list, size_t count, size_t *room, size_t size, size_t max)
{
	size_t wanted = *room ? 2 * *room : 64;
	void *grown;

	if (count < *room)
		return TWINLOG_OK;
	if (count >= max)
		return TWINLOG_TOO_MANY;
	grown = realloc(*list, wanted * size);
	if (!grown)
		return TWINLOG_NO_MEMORY;
	*list = grown;
	*room = wanted;
	return TWINLOG_OK;
}

uint64_t xlsx_number(const char *text, uint64_t fallback)
{
	uint64_t value = 0;

	if (!text || !*text)
		return fallback;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX)
			return fallback;
		value = 10 * value + (uint64_t)(*text - '0');
	}
	return value;
}

enum twinlog_error xlsx_part_read(struct xlsx_zip *zip, const char *part, const struct xlsx_reader *reader,
				  void *context, struct twinlog_fault *fault)
{
	struct xlsx_xml *xml = xlsx_xml_new(reader, context);
	enum twinlog_error error;

	if (!xml)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = xlsx_zip_read(zip, part, xlsx_xml_take, xml, fault);
	if (!error)
		error = xlsx_xml_end(xml);
	xlsx_xml_free(xml);
	return error ? twinlog_fault_set(fault, error, part, NULL) : TWINLOG_OK;
}

void xlsx_book_clear(struct xlsx_book *book)
{
	free(book->strings.bytes);
	free(book->ends);
	free(book->looks);
	*book = (struct xlsx_book){0};
}

/* ---- Styles ---- */

struct format {
	uint64_t id;
	enum edtf_precision precision;
};

struct styles {
	struct xlsx_book *book;
	struct format *formats;
	size_t count, room;
	bool cells; /* within cellXfs */
};

static enum twinlog_error add_format(struct styles *styles, const char **attributes)
{
	const char *code = xlsx_attribute(attributes, "formatCode");
	enum twinlog_error error;

	if (!code)
		return TWINLOG_OK;
	error =
	    xlsx_grow((void **)&styles->formats, styles->count, &styles->room, sizeof *styles->formats, FORMATS_MAX);
	if (!error)
		styles->formats[styles->count++] =
		    (struct format){.id = xlsx_number(xlsx_attribute(attributes, "numFmtId"), UINT64_MAX),
				    .precision = xlsx_format_precision(code)};
	return error;
}

static enum twinlog_error add_look(struct styles *styles, const char **attributes)
{
	struct xlsx_book *book = styles->book;
	const uint64_t id = xlsx_number(xlsx_attribute(attributes, "numFmtId"), 0);
	struct xlsx_look look = {0};
	size_t i = 0;
	enum twinlog_error error;

	while (i < styles->count && styles->formats[i].id != id)
		i++;
	if (i < styles->count)
		look.precision = styles->formats[i].precision;
	else
		look.precision = xlsx_builtin_precision((unsigned)(id < 1000 ? id : 0), &look.doubtful);
	error = xlsx_grow((void **)&book->looks, book->look_count, &book->look_room, sizeof *book->looks,
			  TWINLOG_XLSX_TABLES_MAX);
	if (!error)
		book->looks[book->look_count++] = look;
	return error;
}

static enum twinlog_error styles_begin(void *context, const char *name, const char **attributes)
{
	struct styles *styles = context;

	if (strcmp(name, "numFmt") == 0)
		return add_format(styles, attributes);
	if (strcmp(name, "cellXfs") == 0)
		styles->cells = true;
	else if (strcmp(name, "xf") == 0 && styles->cells)
		return add_look(styles, attributes);
	return TWINLOG_OK;
}

static enum twinlog_error styles_end(void *context, const char *name)
{
	struct styles *styles = context;

	if (strcmp(name, "cellXfs") == 0)
		styles->cells = false;
	return TWINLOG_OK;
}

enum twinlog_error xlsx_book_styles(struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				    struct twinlog_fault *fault)
{
	static const struct xlsx_reader reader = {.begin = styles_begin, .end = styles_end};
	struct styles styles = {.book = book};
	enum twinlog_error error = part ? xlsx_part_read(zip, part, &reader, &styles, fault) : TWINLOG_OK;

	free(styles.formats);
	return error;
}

/* ---- Shared strings ---- */

struct strings {
	struct xlsx_book *book;
	size_t begin;    /* of the string in book->strings */
	bool text;       /* within t */
	size_t phonetic; /* within rPh: how the characters are read, not what they are */
};

static enum twinlog_error strings_begin(void *context, const char *name, const char **attributes)
{
	struct strings *strings = context;

	(void)attributes;
	if (strcmp(name, "si") == 0)
		strings->begin = strings->book->strings.size;
	else if (strcmp(name, "rPh") == 0)
		strings->phonetic++;
	strings->text = strcmp(name, "t") == 0 && !strings->phonetic;
	return TWINLOG_OK;
}

static enum twinlog_error strings_end(void *context, const char *name)
{
	struct strings *strings = context;
	struct xlsx_book *book = strings->book;
	enum twinlog_error error;

	strings->text = false;
	if (strcmp(name, "rPh") == 0 && strings->phonetic)
		strings->phonetic--;
	if (strcmp(name, "si") != 0)
		return TWINLOG_OK;
	error = xlsx_grow((void **)&book->ends, book->string_count, &book->string_room, sizeof *book->ends,
			  TWINLOG_XLSX_STRINGS_MAX);
	if (!error)
		book->ends[book->string_count++] = book->strings.size;
	return error;
}

static enum twinlog_error strings_text(void *context, const char *text, size_t size)
{
	struct strings *strings = context;

	if (!strings->text)
		return TWINLOG_OK;
	if (strings->book->strings.size - strings->begin + size > STRING_MAX)
		return TWINLOG_TOO_LARGE;
	return xlsx_text_add(&strings->book->strings, text, size);
}

enum twinlog_error xlsx_book_strings(struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				     struct twinlog_fault *fault)
{
	static const struct xlsx_reader reader = {.begin = strings_begin, .end = strings_end, .text = strings_text};
	struct strings strings = {.book = book};

	return part ? xlsx_part_read(zip, part, &reader, &strings, fault) : TWINLOG_OK;
}
