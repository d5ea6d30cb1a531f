/* The measures of reports: their names, columns and dimensions, shared by the daemon that works them out and by whoever
 * asks. What each means is said to people by the command line. Pure. DOMAIN, "Measures". */
#ifndef TWINLOG_MEASURE_H
#define TWINLOG_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* What a measure goes over, which decides by what it may be grouped. */
enum measure_unit {
	UNIT_EVENTS,     /* held activities; those that are linked as one event count once */
	UNIT_AGREEMENTS, /* records of agreements */
	UNIT_RECORDS,    /* both, with all statuses */
	UNIT_TIES,       /* sets of parties; events belong to the ties they name, else to that of their two cities */
	UNIT_CITIES,     /* cities, those without an event included */
	UNIT_LINKED,     /* cities that have a tie */
};

/* How a column came about: what a client prints beside its value. */
enum column_form {
	COLUMN_INTEGER,
	COLUMN_DATE,
	COLUMN_SHARE, /* of numerator over denominator, 0 to 1 */
	COLUMN_PART,  /* likewise, where the two are not counts */
	COLUMN_REAL,
	COLUMN_MONEY, /* in minor units of the currency that the row is of */
};

#define MEASURES(X)                                                                                                    \
	X(EVENTS, events, UNIT_EVENTS)                                                                                 \
	X(FIELDS, fields, UNIT_EVENTS)                                                                                 \
	X(FORMS, forms, UNIT_EVENTS)                                                                                   \
	X(ACTORS, actors, UNIT_EVENTS)                                                                                 \
	X(SOCIETY, society, UNIT_EVENTS)                                                                               \
	X(PUBLICITY, publicity, UNIT_EVENTS)                                                                           \
	X(FRICTION, friction, UNIT_EVENTS)                                                                             \
	X(MULTILATERAL, multilateral, UNIT_EVENTS)                                                                     \
	X(COST, cost, UNIT_EVENTS)                                                                                     \
	X(TRADE, trade, UNIT_EVENTS)                                                                                   \
	X(AGREEMENTS, agreements, UNIT_AGREEMENTS)                                                                     \
	X(DATES, dates, UNIT_AGREEMENTS)                                                                               \
	X(MUTUAL, mutual, UNIT_AGREEMENTS)                                                                             \
	X(RENEWALS, renewals, UNIT_AGREEMENTS)                                                                         \
	X(QUALITY, quality, UNIT_RECORDS)                                                                              \
	X(TIES, ties, UNIT_TIES)                                                                                       \
	X(RAISED, raised, UNIT_TIES)                                                                                   \
	X(DORMANCY, dormancy, UNIT_TIES)                                                                               \
	X(RECIPROCITY, reciprocity, UNIT_TIES)                                                                         \
	X(CITIES, cities, UNIT_CITIES)                                                                                 \
	X(LORENZ, lorenz, UNIT_CITIES)                                                                                 \
	X(DEGREE, degree, UNIT_LINKED)

enum measure {
#define MEASURE_ENUM(name, text, unit) MEASURE_##name,
	MEASURES(MEASURE_ENUM)
#undef MEASURE_ENUM
	    MEASURE_COUNT
};

#define MEASURE_COLUMNS_MAX 9u
struct measure_column {
	const char *name;
	enum column_form form;
};
struct measure_info {
	const char *name;
	enum measure_unit unit;
	struct measure_column columns[MEASURE_COLUMNS_MAX]; /* ends with a nameless one when there are fewer */
};
const struct measure_info *measure_info(enum measure measure);
size_t measure_columns(enum measure measure);
/* -1: none of that name. */
int measure_find(const void *name, size_t size);

#define DIMENSIONS(X)                                                                                                  \
	X(YEAR, year)                                                                                                  \
	X(DECADE, decade)                                                                                              \
	X(MONTH, month)                                                                                                \
	X(CITY, city)                                                                                                  \
	X(PARTNER, partner)                                                                                            \
	X(PAIR, pair)                                                                                                  \
	X(COUNTRY, country)                                                                                            \
	X(SUBDIVISION, subdivision)                                                                                    \
	X(LEVEL, level)                                                                                                \
	X(FIELD, field)                                                                                                \
	X(FORM, form)                                                                                                  \
	X(ACTOR_LEVEL, actor_level)                                                                                    \
	X(ACTOR_KIND, actor_kind)                                                                                      \
	X(RELATION_TYPE, relation_type)                                                                                \
	X(STATUS, status)                                                                                              \
	X(STATE, state)                                                                                                \
	X(SPACE, space)                                                                                                \
	X(FRICTION, friction)                                                                                          \
	X(TIES, ties)                                                                                                  \
	X(CURRENCY, currency)                                                                                          \
	X(DIRECTION, direction)

enum dimension {
#define DIMENSION_ENUM(name, text) DIMENSION_##name,
	DIMENSIONS(DIMENSION_ENUM)
#undef DIMENSION_ENUM
	    DIMENSION_COUNT
};
const char *dimension_name(enum dimension dimension);
/* With _ or - between words; -1: none of that name. */
int dimension_find(const void *name, size_t size);
/* Whether a measure can be grouped by it. */
bool dimension_fits(enum dimension dimension, enum measure measure);
/* Those that a measure is always grouped by, since its figures are never added across them; returns how many. */
size_t measure_always_by(enum measure measure, enum dimension ret[2]);
#define DIMENSIONS_ASKED_MAX 2u
#define DIMENSIONS_MAX       4u /* with those that are always there */

/* What official registers count as a tie. */
enum preset {
	PRESET_ALL,                 /* every agreement */
	PRESET_SISTER,              /* sister ties only */
	PRESET_SISTER_FRIENDSHIP,   /* sister and friendship ties */
	PRESET_SISTER_NO_DISTRICTS, /* sister ties, those of districts left out */
	PRESET_COUNT
};
const char *preset_name(enum preset preset);
int preset_find(const void *name, size_t size); /* -1 */

#define MEASURE_MONTHS     36u /* without an event for that long a tie is silent, unless asked otherwise */
#define MEASURE_MONTHS_MAX 1200u
#define MEASURE_RULES      2u /* version of all rules: higher when a figure would come out otherwise */

#endif
