/* A map: how a sheet of an office's own making becomes one that sheet.h knows. JSON, proposed by map_draft, edited and
 * named by a person:
 *
 *	{"name": "목포 교류 대장",           of the sheet; its row numbers are unique under it
 *	 "kind": "activities",
 *	 "head": 3,                          line of the head
 *	 "columns": {"연번": "event_id", "교류일자": "date", "예산": {"column": "cost", "unit": "천원"}, "담당자": ""},
 *	 "fixed": {"city_a": "KR:mokpo"},    what every row says and no column does
 *	 "values": {"form": {"축구대회": "sports_event"}}}
 *
 * A column mapped to "" is passed over. A value mapped to "" is not decided yet: its rows are refused; null says that
 *it means nothing. Several columns on one are joined: year, month and day to a date, texts with a blank. Knows sheet.h
 *and jansson. */
#ifndef TWINLOG_MAP_H
#define TWINLOG_MAP_H

#include <jansson.h>

#include "csv.h"
#include "sheet.h"

struct map;

/* TWINLOG_BAD_FIELD, TWINLOG_FIELD_MISSING (a name above all), TWINLOG_INVALID, with the path in the fault. */
enum twinlog_error map_read(const char *text, size_t size, struct map **ret_map,
			    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void map_free(struct map *map); /* accepts NULL */
/* The line of the head; rows before it are no records. */
size_t map_head(const struct map *map);
/* Finds the map's columns in a head. TWINLOG_FIELD_MISSING with the column that is not there. */
enum twinlog_error map_bind(struct map *map, const struct csv_row *head, struct sheet *ret_sheet,
			    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A row as the sheet of map_bind has it, into arena. What the map does not know stays as it is. */
enum twinlog_error map_row(const struct map *map, struct arena *arena, const struct csv_row *row,
			   struct csv_row *ret_row) TWINLOG_MUST_CHECK;

/* What the sheet calls a column of ours; NULL: it has none. */
const char *map_column_head(const struct map *map, const char *column);
/* The next of several values in one cell ("문화/체육"), without blanks; *at starts at 0. false: there is none. */
bool map_part_next(ProtobufCBinaryData cell, size_t *at, ProtobufCBinaryData *ret_part);

/* ---- Proposals (map_draft.c, map_words.c) ---- */

/* The caller's JSON. self: this city, which stands in no column of its own. rows stay the caller's. */
enum twinlog_error map_draft(const struct sheet_reader *reader, const char *text, size_t size, char separator,
			     bool workbook, json_t **ret_map, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* What the head of a column usually means: SHEET_COLUMN_COUNT when nobody knows. *ret_weak: it is also used for other
 * things, and what stands below decides. */
enum sheet_column map_head_column(const char *head, size_t size, bool *ret_weak);
/* The code that a value most likely stands for; NULL: none comes to mind. "outbound" and "inbound" are directions. */
const char *map_value_code(enum sheet_column column, const char *value, size_t size);
/* The list of a column of codes; -1: it holds none. */
int map_column_list(enum sheet_column column);
/* A head without brackets, and the unit that they name (천원); NULL: none. *ret_size: of what is left of the head. */
const char *map_head_unit(const char *head, size_t size, size_t *ret_size);

#endif
