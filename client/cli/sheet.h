/* Sheets whose columns Twinlog knows, and what their rows say. A sheet is recognised by its head; columns may stand in
 * any order, unknown ones are passed over. Pure but for ICU behind text.h; knows csv, places and the generated
 * messages.
 *
 *   activities       one row an activity, key event_id; cost, cost_currency and cost_payer are lists side by side
 *   pairs            one row an agreement, key pair_id
 *   pair_assertions  one row a source of an agreement, key pair_id; the same records as pairs
 *   cities           one row a city, key city_id */
#ifndef TWINLOG_SHEET_H
#define TWINLOG_SHEET_H

#include "csv.h"
#include "log.pb-c.h"
#include "places.h"
#include "record.pb-c.h"

enum sheet_kind { SHEET_ACTIVITIES, SHEET_PAIRS, SHEET_ASSERTIONS, SHEET_CITIES, SHEET_KIND_COUNT };

/* Every column of every layout. */
#define SHEET_COLUMNS(X)                                                                                               \
	X(event_id)                                                                                                    \
	X(date)                                                                                                        \
	X(end_date)                                                                                                    \
	X(date_precision)                                                                                              \
	X(pair_id)                                                                                                     \
	X(city_a)                                                                                                      \
	X(city_a_name)                                                                                                 \
	X(city_a_local)                                                                                                \
	X(country_a)                                                                                                   \
	X(iso3166_2_a)                                                                                                 \
	X(level_a)                                                                                                     \
	X(city_b)                                                                                                      \
	X(city_b_name)                                                                                                 \
	X(city_b_local)                                                                                                \
	X(country_b)                                                                                                   \
	X(iso3166_2_b)                                                                                                 \
	X(level_b)                                                                                                     \
	X(other_cities)                                                                                                \
	X(field)                                                                                                       \
	X(form)                                                                                                        \
	X(actor_level)                                                                                                 \
	X(actor_kind)                                                                                                  \
	X(direction)                                                                                                   \
	X(participants)                                                                                                \
	X(description)                                                                                                 \
	X(relation_type)                                                                                               \
	X(established)                                                                                                 \
	X(date_agreement)                                                                                              \
	X(all_relation_types)                                                                                          \
	X(asserted_by_sides)                                                                                           \
	X(assertions)                                                                                                  \
	X(asserted_by)                                                                                                 \
	X(note)                                                                                                        \
	X(source_title)                                                                                                \
	X(source_url)                                                                                                  \
	X(city_id)                                                                                                     \
	X(name_en)                                                                                                     \
	X(name_zh_hans)                                                                                                \
	X(name_ko)                                                                                                     \
	X(name_ko_sino_reading)                                                                                        \
	X(country)                                                                                                     \
	X(iso3166_2)                                                                                                   \
	X(level)                                                                                                       \
	X(parent_or_history)                                                                                           \
	X(wikidata)                                                                                                    \
	X(latitude)                                                                                                    \
	X(longitude)                                                                                                   \
	X(population)                                                                                                  \
	X(coordinate_source)                                                                                           \
	X(title)                                                                                                       \
	X(status)                                                                                                      \
	X(mode)                                                                                                        \
	X(organisation)                                                                                                \
	X(participants_private)                                                                                        \
	X(count_of_events)                                                                                             \
	X(cost)                                                                                                        \
	X(cost_currency)                                                                                               \
	X(cost_payer)                                                                                                  \
	X(record)                                                                                                      \
	X(stated_by)                                                                                                   \
	X(statement)

enum sheet_column {
#define SHEET_COLUMN_ENUM(name) COLUMN_##name,
	SHEET_COLUMNS(SHEET_COLUMN_ENUM)
#undef SHEET_COLUMN_ENUM
	    SHEET_COLUMN_COUNT
};

const char *sheet_column_name(enum sheet_column column);
/* The columns of a layout in the order of its file; returns how many. */
size_t sheet_columns(enum sheet_kind kind, const enum sheet_column **ret_columns);
const char *sheet_kind_name(enum sheet_kind kind);
/* By name, singular or plural; agreement means pairs. TWINLOG_INVALID. */
enum twinlog_error sheet_kind_find(const char *name, enum sheet_kind *ret_kind) TWINLOG_MUST_CHECK;
/* What its rows become. */
uint32_t sheet_record_kind(enum sheet_kind kind);
/* The sheet that import keys name: pairs and pair_assertions make the same records. */
const char *sheet_import_name(enum sheet_kind kind);

struct sheet {
	enum sheet_kind kind;
	int16_t places[SHEET_COLUMN_COUNT]; /* index of each column's cell; -1: not there */
};
/* Recognises a head. wanted NULL: whichever layout has all its needed columns; TWINLOG_BAD_FIELD when none or TWINLOG_
 * FIELD_MISSING when one that was asked for lacks a column. */
enum twinlog_error sheet_recognise(const struct csv_row *head, const enum sheet_kind *wanted, struct sheet *ret_sheet,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* A cell without blanks around it; empty when the row or the sheet has none. */
ProtobufCBinaryData sheet_cell(const struct sheet *sheet, const struct csv_row *row, enum sheet_column column);
/* What names the row's record for good; empty when the row has no id of its own. */
ProtobufCBinaryData sheet_key(const struct sheet *sheet, const struct csv_row *row);

/* Whether export wrote the row: it names its record. */
bool sheet_exported(const struct sheet *sheet, const struct csv_row *row);

/* The cell of a column for a record's body, as import reads it back; empty when the record does not say. Into arena. */
struct sheet_writer {
	const struct places *places; /* for the names that stand beside ids */
	struct arena *arena;
};
ProtobufCBinaryData sheet_cell_of(const struct sheet_writer *writer, enum sheet_kind kind, const Twinlog__Body *body,
				  enum sheet_column column);

/* Who imports, and what it can look up. */
struct sheet_reader {
	const struct places *places;
	const struct countries *countries; /* NULL: countries are told by code alone */
	const char *self;                  /* this city's id in the space */
	bool own;                          /* rows in which it takes part are its own word */
	struct arena *arena;
};

/* A record as a row has it. Everything in the reader's arena or in the sheet's text. */
#define SHEET_STUBS_MAX TWINLOG_RECORD_CITIES_MAX
struct draft {
	uint32_t kind; /* RecordKind */
	bool report;   /* says what others said */
	bool exported; /* the row was written by export and names its record */
	size_t line;
	Twinlog__Body *body;
	ProtobufCBinaryData pair; /* of an activity: the agreement it belongs to, as pairs calls it; or empty */
	Twinlog__Body *stubs[SHEET_STUBS_MAX]; /* cities that no list knows, as bodies of city records */
	size_t stub_count;
};

/* One row. The fault tells the column and what stood there. */
enum twinlog_error sheet_draft(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       struct draft *ret_draft, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Takes the quotes of another row on the same agreement into the draft. TWINLOG_INVALID: it names other cities. */
enum twinlog_error sheet_draft_add(const struct sheet_reader *reader, struct draft *draft, const struct draft *other,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* What a city said before of a draft's record. */
struct draft_past {
	const Twinlog__Body *current;        /* its current statement; NULL: none */
	bool report;                         /* and whether that is a report */
	const Twinlog__Body *const *earlier; /* older statements of its own; NULL: not asked for */
	size_t earlier_count;
};
enum draft_change { DRAFT_NEW, DRAFT_AMENDED, DRAFT_UNCHANGED };
/* Puts a draft on top of what stands: draft->body and report become the statement to submit. Fields that the sheet does
 * not carry stay; so do fields that once had the sheet's value and were changed since, by hand. */
enum twinlog_error draft_merge(struct arena *arena, struct draft *draft, const char *self,
			       const struct draft_past *past, enum draft_change *ret_change) TWINLOG_MUST_CHECK;

/* draft_edit.c: rows that export wrote, beside the version that they were written from. Both drafts are rows of that
 * version; draft_as_written makes of each what that version is.
 *
 * base: the row as it was written. */
enum twinlog_error draft_as_written(struct arena *arena, struct draft *draft,
				    const Twinlog__Body *written) TWINLOG_MUST_CHECK;
enum twinlog_error draft_edited(struct arena *arena, const struct draft *draft, const struct draft *base,
				bool *ret_edited) TWINLOG_MUST_CHECK;
/* Puts what was edited on top of what the city says itself, past->current; nothing else. past->earlier: what it said
 * since the row was written, and changed by hand; that stays. */
enum twinlog_error draft_edit(struct arena *arena, struct draft *draft, const struct draft *base,
			      const struct draft_past *past, enum draft_change *ret_change) TWINLOG_MUST_CHECK;

#endif
