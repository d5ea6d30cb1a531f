/* What the makers of drafts share: cells as codes, dates, cities and numbers. For sheet*.c and draft*.c only. */
#ifndef TWINLOG_SHEET_INTERNAL_H
#define TWINLOG_SHEET_INTERNAL_H

#include "codelist.h"
#include "country.h"
#include "json.h"
#include "sheet.h"

/* What a row tells of a city beside its id. */
struct place_cells {
	ProtobufCBinaryData name, local, country, subdivision, level; /* level: a code */
};

ProtobufCBinaryData sheet_trim(ProtobufCBinaryData text);
/* A fault at a column, with what stands there. Returns code. */
enum twinlog_error sheet_fault(struct twinlog_fault *fault, enum twinlog_error code, enum sheet_column column,
			       ProtobufCBinaryData value);
/* TWINLOG_BAD_TEXT when a cell has lost characters. */
enum twinlog_error sheet_check_lost(const struct sheet *sheet, const struct csv_row *row,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Readers of one cell. An empty cell gives an empty value and is no fault. */

/* A code, or its label in any language. An unknown one is a fault. */
enum twinlog_error sheet_code(const struct sheet *sheet, const struct csv_row *row, enum sheet_column column,
			      enum codelist list, ProtobufCBinaryData *ret_code,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A date as people write it; a range gives both (ret_end may be NULL: then a range is a fault). In arena. */
enum twinlog_error sheet_date(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			      enum sheet_column column, ProtobufCBinaryData *ret_start, ProtobufCBinaryData *ret_end,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A whole number, `1,234` and a counter behind it (人, 명, 名) allowed. *ret_count NULL when the cell is empty. */
enum twinlog_error sheet_count(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       enum sheet_column column, Twinlog__Count **ret_count,
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A country, by code or name, as its code. */
enum twinlog_error sheet_country(const struct sheet_reader *reader, const struct sheet *sheet,
				 const struct csv_row *row, enum sheet_column column, ProtobufCBinaryData *ret_code,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A text that names a city: an id (known or not), or a name that fits one place only; country (a code) and subdivision
 * narrow. A name that nobody has makes a stub in the draft; draft NULL: TWINLOG_UNKNOWN_CITY. Of a name that fits
 * several, *ret_id lists some of them. */
enum twinlog_error sheet_place(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData text,
			       ProtobufCBinaryData country, ProtobufCBinaryData subdivision,
			       ProtobufCBinaryData *ret_id) TWINLOG_MUST_CHECK;
/* The fault of sheet_place at a column, with the candidates that it listed. */
enum twinlog_error sheet_place_fault(const struct sheet_reader *reader, struct twinlog_fault *fault,
				     enum twinlog_error code, enum sheet_column column, ProtobufCBinaryData text,
				     ProtobufCBinaryData candidates);
/* Both sides of a row, with the hints that stand beside them. */
enum twinlog_error sheet_sides(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       struct draft *draft, ProtobufCBinaryData ret_sides[2],
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* NULL without title and address. */
enum twinlog_error sheet_source(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
				Twinlog__Source **ret_source) TWINLOG_MUST_CHECK;

bool bytes_equal(ProtobufCBinaryData a, ProtobufCBinaryData b);
int bytes_order(ProtobufCBinaryData a, ProtobufCBinaryData b);
const char *bytes_text(struct arena *arena, ProtobufCBinaryData bytes); /* NUL-terminated copy; NULL: memory is out */
bool source_equal(const Twinlog__Source *a, const Twinlog__Source *b);  /* accept NULL */

enum twinlog_error draft_activity(const struct sheet_reader *reader, const struct sheet *sheet,
				  const struct csv_row *row, struct draft *draft,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Persons, money and words of it. */
enum twinlog_error activity_details(const struct sheet_reader *reader, const struct sheet *sheet,
				    const struct csv_row *row, Twinlog__Activity *activity,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error draft_agreement(const struct sheet_reader *reader, const struct sheet *sheet,
				   const struct csv_row *row, struct draft *draft,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error draft_city(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			      struct draft *draft, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* stub_id.c: the id of a city that has a name and no more. country: a code, "ZZ" when nobody says. */
enum twinlog_error stub_id(struct arena *arena, ProtobufCBinaryData name, const char *country,
			   ProtobufCBinaryData *ret_id) TWINLOG_MUST_CHECK;
/* draft_stub.c: a stub for a city that no list knows by any name, once a draft. name, local, country, subdivision and
 * level are cells, or empty. */
enum twinlog_error draft_stub(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData id,
			      const struct place_cells *cells, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Whether more says all that less says: `third_party` is what a sheet writes that does not tell who. */
bool quote_covers(const Twinlog__Quote *more, const Twinlog__Quote *less);
/* Quotes without those that say nothing another does not say, in canonical order; count may shrink. */
size_t quotes_settle(Twinlog__Quote **quotes, size_t count);
/* The one to take values from: strongest tie, most precise date, latest date; NULL when there is none. */
Twinlog__Quote *quotes_best(Twinlog__Quote *const *quotes, size_t count);
/* draft_merge.c: one field of a message, by value; lists and messages are shared. */
void draft_field_take(void *to, const void *from, const ProtobufCFieldDescriptor *field);
/* Equal as bytes on the wire. */
enum twinlog_error draft_field_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b,
				     const ProtobufCFieldDescriptor *field, bool *ret_equal) TWINLOG_MUST_CHECK;
/* Whether a cell would look the same for both: roles, further actors, titles in other languages and sides have no
 * column, and what was said of them stays. */
bool draft_field_alike(const struct draft *draft, const ProtobufCMessage *sheet, const ProtobufCMessage *onto,
		       const ProtobufCFieldDescriptor *field);
/* But for who wrote it. */
enum twinlog_error draft_bodies_equal(struct arena *arena, const Twinlog__Body *a, const Twinlog__Body *b,
				      bool *ret_equal) TWINLOG_MUST_CHECK;
/* Makes the one quote of a row that export wrote the agreement's own values, as they stood. */
enum twinlog_error agreement_values(struct arena *arena, struct draft *draft) TWINLOG_MUST_CHECK;
/* draft_merge for agreements: unites the quotes. */
enum twinlog_error agreement_merge(struct arena *arena, struct draft *draft, const char *self,
				   const struct draft_past *past) TWINLOG_MUST_CHECK;

#endif
