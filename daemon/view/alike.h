/* Records that are alike in all that a report looks at, counted together: in blocks of rows, each in one go, by the
 * numbers of columns.h. What is left is one tally for each likeness, however many records there are. Knows view.h.
 *
 *     rows that fit --+-- alike --blocks of rows--> tallies of each block --> tallies
 *                     +-- not: linked, copied, with a detail that has to be looked at --> one by one (sample_settle.c)
 */
#ifndef TWINLOG_ALIKE_H
#define TWINLOG_ALIKE_H

#include "measure.h"
#include "view.h"

/* What has to be equal, and what is asked of the records together. */
struct likeness {
	bool asked; /* else every record is looked at by itself */
	bool columns[COLUMN_COUNT];
	enum dimension when; /* of COLUMN_WHEN: year, decade or month */
	bool state;
	bool sums;        /* persons and days, too */
	uint32_t details; /* bits of enum detail_kind: a record with one of them is looked at by itself */
	int32_t as_of;    /* day: what begins after it is left out */
};

/* Records that are alike. */
struct tally {
	const struct facts *facts; /* of one of them */
	uint64_t persons;          /* of those that say how many took part */
	uint32_t records;
	uint32_t code;       /* in what they are alike */
	uint32_t silent;     /* do not say how many took part */
	uint32_t undated;    /* have no date */
	int32_t first, last; /* days of all; INT32_MAX and INT32_MIN: none is dated */
	uint32_t row;        /* that one */
	uint8_t state;       /* of that one */
};

/* Rows whose numbers differ in the lowest bits alone: counted in one go, in a fifth of a millisecond or so. */
#define ALIKE_BLOCK_SHIFT 16u
struct block {
	struct tally *tallies;
	uint32_t count;
	uint32_t later; /* left out, since they begin after as_of */
	bool stale;     /* has to be counted */
};
/* Records of one code, as they are counted: half a line of a cache. */
struct heap {
	uint64_t persons; /* and one more for each that says how many */
	uint32_t records; /* 0: the code was not met */
	uint32_t silent;
	uint32_t undated;
	int32_t first, last;
};

#define ALIKE_STATES 8u /* more than there are */
/* Of one space. */
struct alike {
	struct likeness likeness;
	const struct view_space *view;
	roaring_bitmap_t *rows; /* that are counted */
	uint64_t not_held;      /* left out for that alone, when last looked */
	uint64_t later;         /* of the block at hand; once all are united, of all */
	struct block *blocks;
	size_t blocks_count;
	uint32_t sizes[COLUMN_COUNT]; /* of the numbers of each column that is looked at; 0: it is not */
	uint32_t *years;              /* of each number of COLUMN_WHEN: number of the year or decade */
	uint32_t years_count;
	struct heap *heaps; /* by code: what is counted at hand */
	uint32_t codes;     /* how many there may be; 0: too many, nothing is counted */
	struct tally *tallies;
	size_t tallies_count, tallies_capacity;
};

enum twinlog_error alike_init(struct alike *alike, const struct likeness *likeness,
			      const struct view_space *view) TWINLOG_MUST_CHECK; /* NO_MEMORY */
void alike_free(struct alike *alike);

/* Which of the rows that fit are counted: they leave *rows. apart: rows to be looked at by themselves. withdrawn, held:
 * those that are withdrawn, and those that are not held, are left out. plans: what is not held may fit, and is looked
 * at by itself, since it may lie ahead. taken: rows taken in anew since the look before. *ret_cost: as how many records
 * that are looked at it takes to count what is to be counted now. Between view_begin and view_end. NO_MEMORY. */
struct alike_want {
	const roaring_bitmap_t *apart, *taken;
	bool withdrawn, held, plans;
};
enum twinlog_error alike_look(struct alike *alike, const struct alike_want *want, roaring_bitmap_t *rows,
			      uint64_t *ret_cost) TWINLOG_MUST_CHECK;
/* Counts the next block that has to be counted; *ret_more when there was one. Likewise. NO_MEMORY. */
enum twinlog_error alike_count(struct alike *alike, bool *ret_more) TWINLOG_MUST_CHECK;
/* Room for so many more tallies. NO_MEMORY. */
enum twinlog_error alike_room(struct alike *alike, size_t more) TWINLOG_MUST_CHECK;
/* All blocks as one, in tallies: once nothing is left to be counted. Looks at nothing but its own. NO_MEMORY. */
enum twinlog_error alike_unite(struct alike *alike) TWINLOG_MUST_CHECK;

#endif
