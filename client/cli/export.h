/* Taking records out into files of other programs: one writer a format, each in a file of its own, called with one
 * record after the other. Knows cli.h, sheet.h. */
#ifndef TWINLOG_EXPORT_H
#define TWINLOG_EXPORT_H

#include "arguments.h"
#include "cli.h"
#include "log.pb-c.h"
#include "sheet.h"

struct export_format;

struct export
{
	struct cli *cli;
	const struct export_format *format;
	FILE *out;            /* where the format writes; unless it asks for a path */
	const char *path;     /* a file of its own beside the wanted one, there already */
	enum sheet_kind kind; /* of formats that hold one kind of record */
	const Twinlog__Filter *filter;
	const struct places *places;
	bool mark;       /* --bom */
	bool begun;      /* format->begin was called */
	size_t count;    /* records written */
	size_t left_out; /* that the format cannot hold: told at the end */
	size_t wordless; /* left out since nobody's values of them stand: likewise */
	uint64_t total;  /* of all that fit, once the first page is there */
	void *state;     /* the format's */
};

struct export_format {
	const char *name; /* for --as, and the ending of files */
	bool one_kind;    /* a sheet of activities, or of ties, or of cities */
	bool by_path;     /* writes export->path itself */
	/* Each may be NULL. begin comes with the first page; end also after a failure, to free: sound tells. */
	enum twinlog_error (*begin)(struct export *export);
	enum twinlog_error (*record)(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body);
	enum twinlog_error (*end)(struct export *export, bool sound);
};

extern const struct export_format export_csv, export_lines, export_xlsx, export_iati, export_ical, export_geojson;

/* Whose values the record has: the city of its lead statement; "" when nobody's. */
const char *export_lead(struct cli *cli, const Twinlog__Record *record);
/* The columns that stand behind those of the layout; import knows the record by the first, and what was edited by the
 * last: the version that the row was written from. */
#define EXPORT_MORE_COLUMNS 5u
extern const char *const export_more_columns[EXPORT_MORE_COLUMNS];
void export_more_cells(struct cli *cli, const Twinlog__Record *record, const char *ret_cells[EXPORT_MORE_COLUMNS]);
/* Where an activity was: the city that hosts it, by role or by direction; empty when nobody says. */
ProtobufCBinaryData export_host(const Twinlog__Activity *activity);

/* export_where.c: where cities lie, by their records and the built-in list. */
struct whereabouts;
enum twinlog_error whereabouts_new(struct cli *cli, struct whereabouts **ret_whereabouts) TWINLOG_MUST_CHECK;
void whereabouts_free(struct whereabouts *whereabouts); /* accepts NULL */
/* WGS 84, degrees. false: not known. */
bool whereabouts_find(const struct whereabouts *whereabouts, ProtobufCBinaryData city_id, double *ret_latitude,
		      double *ret_longitude);
/* "34.5", within limit of zero. */
bool degrees_read(ProtobufCBinaryData text, double limit, double *ret_degrees);

#endif
