/* From a workbook's container to one of its sheets: which parts it has, which sheet is meant. */
#include "xlsx_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "xlsx_internal.h"

#define NAME_MAX_BYTES 512u

bool xlsx_is(const void *bytes, size_t size)
{
	return size >= 4 && (memcmp(bytes, "PK\x03\x04", 4) == 0 || memcmp(bytes, "\xD0\xCF\x11\xE0", 4) == 0);
}

/* ---- Which part is which ---- */

struct relation {
	char id[64];
	char type[32]; /* the last word of its address: worksheet, styles, sharedStrings, officeDocument */
	char part[NAME_MAX_BYTES];
};

struct relations {
	const char *base; /* the folder that targets are seen from, with a slash at its end */
	struct relation *list;
	size_t count, room;
};

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* "../x" and "./x" are not used by those who write workbooks, and not followed. */
static enum twinlog_error relations_begin(void *context, const char *name, const char **attributes)
{
	struct relations *relations = context;
	const char *target = xlsx_attribute(attributes, "Target"), *type = xlsx_attribute(attributes, "Type");
	const char *word = type ? strrchr(type, '/') : NULL;
	struct relation *relation;
	enum twinlog_error error;

	if (strcmp(name, "Relationship") != 0 || !target || !word)
		return TWINLOG_OK;
	error = xlsx_grow((void **)&relations->list, relations->count, &relations->room, sizeof *relations->list,
			  TWINLOG_XLSX_PARTS_MAX);
	if (error)
		return error;
	relation = &relations->list[relations->count++];
	copy(relation->id, sizeof relation->id, xlsx_attribute(attributes, "Id"));
	copy(relation->type, sizeof relation->type, word + 1);
	if (*target == '/')
		copy(relation->part, sizeof relation->part, target + 1);
	else if (snprintf(relation->part, sizeof relation->part, "%s%s", relations->base, target) >=
		 (int)sizeof relation->part)
		return TWINLOG_TOO_LONG;
	return TWINLOG_OK;
}

static const char *part_of(const struct relations *relations, const char *type)
{
	for (size_t i = 0; i < relations->count; i++)
		if (strcmp(relations->list[i].type, type) == 0)
			return relations->list[i].part;
	return NULL;
}

static const char *part_by_id(const struct relations *relations, const char *id)
{
	for (size_t i = 0; i < relations->count; i++)
		if (strcmp(relations->list[i].id, id) == 0)
			return relations->list[i].part;
	return NULL;
}

/* ---- Which sheet ---- */

struct choice {
	struct xlsx_book *book;
	const char *wanted; /* NULL: the first that is shown */
	char id[64];        /* of its relation; empty: not found */
	char names[160];    /* of those passed over, for the fault */
};

static bool same_name(const char *a, const char *b)
{
	char *one = NULL, *other = NULL;
	size_t size;
	const bool same = text_fold(a, strlen(a), &one, &size) == TWINLOG_OK &&
			  text_fold(b, strlen(b), &other, &size) == TWINLOG_OK && strcmp(one, other) == 0;

	free(one);
	free(other);
	return same;
}

static void note_name(struct choice *choice, const char *name)
{
	const size_t used = strlen(choice->names);
	const size_t room = sizeof choice->names - used - 1;
	const size_t cut = text_cut(name, strlen(name), room > 2 ? room - 2 : 0);

	if (cut == strlen(name))
		snprintf(choice->names + used, room + 1, "%s%s", used ? ", " : "", name);
}

static enum twinlog_error book_begin(void *context, const char *element, const char **attributes)
{
	struct choice *choice = context;
	const char *name = xlsx_attribute(attributes, "name"), *state = xlsx_attribute(attributes, "state");
	const char *from = xlsx_attribute(attributes, "date1904");

	if (strcmp(element, "workbookPr") == 0)
		choice->book->from_1904 = from && (strcmp(from, "1") == 0 || strcmp(from, "true") == 0);
	if (strcmp(element, "sheet") != 0 || !name || choice->id[0])
		return TWINLOG_OK;
	if (choice->wanted ? same_name(name, choice->wanted) : !state || strcmp(state, "visible") == 0)
		copy(choice->id, sizeof choice->id, xlsx_attribute(attributes, "id"));
	else
		note_name(choice, name);
	return TWINLOG_OK;
}

/* ---- The whole ---- */

/* "xl/workbook.xml": folder "xl/", relations "xl/_rels/workbook.xml.rels". */
static enum twinlog_error relations_of(struct xlsx_zip *zip, const char *part, char *folder, size_t size,
				       struct relations *relations, struct twinlog_fault *fault)
{
	static const struct xlsx_reader reader = {.begin = relations_begin};
	const char *slash = strrchr(part, '/'), *name = slash ? slash + 1 : part;
	char rels[2 * NAME_MAX_BYTES + 16];

	snprintf(folder, size, "%.*s", (int)(name - part), part);
	snprintf(rels, sizeof rels, "%s_rels/%s.rels", folder, name);
	relations->base = folder;
	return xlsx_part_read(zip, rels, &reader, relations, fault);
}

static enum twinlog_error sheet_part(struct xlsx_zip *zip, const char *book_part, const char *sheet,
				     const struct relations *relations, struct xlsx_book *book, const char **ret_part,
				     struct twinlog_fault *fault)
{
	static const struct xlsx_reader reader = {.begin = book_begin};
	struct choice choice = {.book = book, .wanted = sheet};
	enum twinlog_error error = xlsx_part_read(zip, book_part, &reader, &choice, fault);

	if (error)
		return error;
	if (!choice.id[0])
		return sheet ? twinlog_fault_set(fault, TWINLOG_NOT_FOUND, sheet, choice.names)
			     : twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, book_part, NULL);
	*ret_part = part_by_id(relations, choice.id);
	return *ret_part ? TWINLOG_OK : twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, book_part, NULL);
}

static enum twinlog_error book_read(struct xlsx_zip *zip, const char *sheet, struct xlsx_book *book,
				    struct xlsx_text *out, struct twinlog_fault *fault)
{
	char folder[NAME_MAX_BYTES];
	struct relations top = {0}, own = {0};
	const char *book_part = NULL, *part = NULL;
	enum twinlog_error error = relations_of(zip, "", folder, sizeof folder, &top, fault);

	if (!error) {
		book_part = part_of(&top, "officeDocument");
		error = book_part ? relations_of(zip, book_part, folder, sizeof folder, &own, fault)
				  : twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, NULL, NULL);
	}
	if (!error)
		error = sheet_part(zip, book_part, sheet, &own, book, &part, fault);
	if (!error)
		error = xlsx_book_styles(book, zip, part_of(&own, "styles"), fault);
	if (!error)
		error = xlsx_book_strings(book, zip, part_of(&own, "sharedStrings"), fault);
	if (!error)
		error = xlsx_rows_read(book, zip, part, out, fault);
	free(top.list);
	free(own.list);
	return error;
}

enum twinlog_error xlsx_read(const void *bytes, size_t size, const char *sheet, char **ret_text, size_t *ret_size,
			     struct twinlog_fault *fault)
{
	struct xlsx_zip *zip = NULL;
	struct xlsx_book book = {0};
	struct xlsx_text out = {0};
	struct twinlog_fault inner = {0};
	enum twinlog_error error = xlsx_zip_open(bytes, size, &zip, &inner);

	if (!error)
		error = book_read(zip, sheet, &book, &out, &inner);
	if (!error)
		error = xlsx_text_add(&out, "", 1);
	/* A part that is not where another says it is. */
	if (error == TWINLOG_NOT_FOUND && !sheet)
		error = TWINLOG_NOT_A_WORKBOOK;
	xlsx_book_clear(&book);
	xlsx_zip_close(zip);
	if (error) {
		free(out.bytes);
		return twinlog_fault_set(fault, error, inner.where, inner.value);
	}
	*ret_text = out.bytes;
	*ret_size = out.size - 1;
	return TWINLOG_OK;
}
