/* A copy of the records in a database of PostgreSQL, for reports and programs of a city's own: its tables, and the rows
 * of one page of changes. Knows postgres.h. */
#ifndef TWINLOG_MIRROR_H
#define TWINLOG_MIRROR_H

#include "follow.h"
#include "postgres.h"

#define MIRROR_VERSION 1u /* of the tables */

/* Every table but that of records has a row for what one city says; all but meta have the record's id, by which Citus
 * distributes them. See mirror_tables.c for the columns. */
enum mirror_table {
	MIRROR_RECORDS,
	MIRROR_STATEMENTS,
	MIRROR_CITIES,
	MIRROR_PARTICIPANTS,
	MIRROR_FIELDS,
	MIRROR_MONEY,
	MIRROR_TABLES
};

/* ---- Rows (mirror_rows.c) ---- */

/* What one transaction brings. */
struct mirror_batch {
	struct postgres_rows rows[MIRROR_TABLES];
	struct postgres_rows ids; /* of every record in it, as an array: {a,b} */
	uint64_t fill;
	size_t records, gone, large;
};
void mirror_batch_reset(struct mirror_batch *batch); /* keeps the room */
void mirror_batch_free(struct mirror_batch *batch);
/* The arena of the cli is used for what is made of the change. */
void mirror_add(struct cli *cli, struct mirror_batch *batch, const Twinlog__Change *change);

/* ---- Tables (mirror_tables.c) ---- */

struct mirror_place {
	uint8_t cursor[TWINLOG_CURSOR_MAX];
	size_t cursor_size; /* 0: nothing is there yet */
	uint64_t fill;      /* how often everything was taken in from the beginning */
	bool filling;       /* and rows of the time before are still there */
	bool indexed;       /* the first fill is over */
};
/* Makes the tables where there are none. city: identity, in hex; spaces: those asked for, as text. NOT_A_MIRROR,
 * MIRROR_VERSION, MIRROR_OF_OTHERS, or the faults of postgres.h. */
enum twinlog_error mirror_open(struct cli *cli, struct postgres *postgres, const char *city, const char *spaces,
			       struct mirror_place *ret_place) TWINLOG_MUST_CHECK;
/* One transaction: rows, and the place from which to go on. before: the place as last seen; STALE when the database has
 * another one, since a second mirror is at work on it. anew: everything is being told from the beginning; with the page
 * that ends it what was not told again goes. */
enum twinlog_error mirror_write(struct cli *cli, struct postgres *postgres, const struct mirror_batch *batch,
				const struct mirror_place *before, const struct mirror_place *after,
				bool anew) TWINLOG_MUST_CHECK;

/* ---- Writing while the next page is made (mirror_writer.c) ---- */

/* Borrowed until the wait behind it: nobody else may use the connection and the batch meanwhile. */
struct mirror_job {
	struct postgres *postgres;
	const struct mirror_batch *batch;
	struct mirror_place before, after;
	bool anew;
};
struct mirror_writer;
enum twinlog_error mirror_writer_new(const struct cli *cli, struct mirror_writer **ret_writer) TWINLOG_MUST_CHECK;
void mirror_writer_free(struct mirror_writer *writer); /* ends the job under way first; accepts NULL */
/* Until the job under way has ended: how it did, once. */
enum twinlog_error mirror_writer_wait(struct mirror_writer *writer, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void mirror_writer_give(struct mirror_writer *writer, const struct mirror_job *job); /* after a wait */

#endif
