#include "measure.h"

#include <string.h>

#define INTEGER(name)                                                                                                  \
	{                                                                                                              \
#name, COLUMN_INTEGER                                                                                  \
	}
#define DATE(name)                                                                                                     \
	{                                                                                                              \
#name, COLUMN_DATE                                                                                     \
	}
#define SHARE(name)                                                                                                    \
	{                                                                                                              \
#name, COLUMN_SHARE                                                                                    \
	}
#define PART(name)                                                                                                     \
	{                                                                                                              \
#name, COLUMN_PART                                                                                     \
	}
#define REAL(name)                                                                                                     \
	{                                                                                                              \
#name, COLUMN_REAL                                                                                     \
	}

#define MONEY(name)                                                                                                    \
	{                                                                                                              \
#name, COLUMN_MONEY                                                                                    \
	}

#define DIVERSITY INTEGER(entries), INTEGER(categories), REAL(shannon), REAL(evenness), REAL(effective), REAL(simpson)

static const struct measure_info infos[MEASURE_COUNT] = {
#define INFO(NAME, text, of, ...) [MEASURE_##NAME] = {.name = #text, .unit = of, .columns = {__VA_ARGS__}},
    INFO(EVENTS, events, UNIT_EVENTS, INTEGER(records), INTEGER(events), INTEGER(participants), DATE(first),
	 DATE(last)) INFO(FIELDS, fields, UNIT_EVENTS, DIVERSITY)
	INFO(FORMS, forms, UNIT_EVENTS, DIVERSITY, SHARE(ceremonial)) INFO(ACTORS, actors, UNIT_EVENTS, DIVERSITY) INFO(
	    SOCIETY, society, UNIT_EVENTS, SHARE(events), SHARE(participants),
	    SHARE(private)) INFO(PUBLICITY, publicity, UNIT_EVENTS, SHARE(public), SHARE(both_sides), REAL(median_days))
	    INFO(FRICTION, friction, UNIT_EVENTS, INTEGER(friction), INTEGER(economic), REAL(per_100),
		 SHARE(economy)) INFO(MULTILATERAL, multilateral, UNIT_EVENTS, INTEGER(records), SHARE(multilateral))
		INFO(COST, cost, UNIT_EVENTS, MONEY(amount), INTEGER(records), MONEY(per_event),
		     MONEY(per_participant)) INFO(TRADE, trade, UNIT_EVENTS, MONEY(value), INTEGER(records))
		    INFO(AGREEMENTS, agreements, UNIT_AGREEMENTS, INTEGER(records), INTEGER(ties), DATE(first),
			 DATE(last), SHARE(county_or_district)) INFO(DATES, dates, UNIT_AGREEMENTS, INTEGER(by_both),
								     SHARE(match), INTEGER(by_sources),
								     SHARE(contradict), SHARE(against_party))
			INFO(MUTUAL, mutual, UNIT_AGREEMENTS, INTEGER(said), SHARE(mutual))
			    INFO(RENEWALS, renewals, UNIT_AGREEMENTS, INTEGER(overdue), INTEGER(due),
				 INTEGER(anniversaries))
				INFO(QUALITY, quality, UNIT_RECORDS, INTEGER(shown), SHARE(answered), SHARE(agreed),
				     SHARE(differs), SHARE(denied), SHARE(one_sided), INTEGER(reported),
				     INTEGER(duplicates)) INFO(TIES, ties, UNIT_TIES, INTEGER(ties), INTEGER(records),
							       INTEGER(events), INTEGER(without), REAL(gini),
							       PART(bottom_half), INTEGER(active_years),
							       REAL(per_active_year))
				    INFO(RAISED, raised, UNIT_TIES, SHARE(raised), REAL(median_months)) INFO(
					DORMANCY, dormancy, UNIT_TIES, INTEGER(ties), INTEGER(active), INTEGER(dormant),
					INTEGER(not_known), INTEGER(never), DATE(last), REAL(median_days))
					INFO(RECIPROCITY, reciprocity, UNIT_TIES, INTEGER(pairs), REAL(mean),
					     INTEGER(forth), INTEGER(back), INTEGER(persons_forth),
					     INTEGER(persons_back))
					    INFO(CITIES, cities, UNIT_CITIES, INTEGER(cities), INTEGER(records),
						 INTEGER(events), INTEGER(without), REAL(gini), PART(bottom_half),
						 REAL(per_million))
						INFO(LORENZ, lorenz, UNIT_CITIES, PART(p10), PART(p20), PART(p30),
						     PART(p40), PART(p50), PART(p60), PART(p70), PART(p80), PART(p90))
						    INFO(DEGREE, degree, UNIT_LINKED, INTEGER(cities), INTEGER(ties),
							 REAL(mean), INTEGER(max), SHARE(two_or_more), REAL(gini),
							 INTEGER(same_province))
#undef INFO
};

static const char *const dimensions[DIMENSION_COUNT] = {
#define DIMENSION_TEXT(name, text) #text,
    DIMENSIONS(DIMENSION_TEXT)
#undef DIMENSION_TEXT
};

static const char *const presets[PRESET_COUNT] = {"all", "sister", "sister-friendship", "sister-no-districts"};

const struct measure_info *measure_info(enum measure measure)
{
	return &infos[measure];
}

size_t measure_columns(enum measure measure)
{
	size_t count = 0;

	while (count < MEASURE_COLUMNS_MAX && infos[measure].columns[count].name)
		count++;
	return count;
}

/* Words may be joined by _ or by -. */
static bool is(const char *text, const void *name, size_t size)
{
	const char *asked = name;

	if (strlen(text) != size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (text[i] != asked[i] &&
		    !((text[i] == '_' || text[i] == '-') && (asked[i] == '_' || asked[i] == '-')))
			return false;
	return true;
}

int measure_find(const void *name, size_t size)
{
	for (int i = 0; i < MEASURE_COUNT; i++)
		if (is(infos[i].name, name, size))
			return i;
	return -1;
}

const char *dimension_name(enum dimension dimension)
{
	return dimensions[dimension];
}

int dimension_find(const void *name, size_t size)
{
	for (int i = 0; i < DIMENSION_COUNT; i++)
		if (is(dimensions[i], name, size))
			return i;
	return -1;
}

/* Sets of dimensions, as bits. */
#define BIT(name) (1u << DIMENSION_##name)
#define BY_PLACE  (BIT(CITY) | BIT(COUNTRY) | BIT(SUBDIVISION) | BIT(LEVEL))
#define BY_RECORD                                                                                                      \
	(BY_PLACE | BIT(YEAR) | BIT(DECADE) | BIT(MONTH) | BIT(PARTNER) | BIT(PAIR) | BIT(FIELD) | BIT(STATUS) |       \
	 BIT(STATE) | BIT(SPACE))
#define BY_EVENT     (BY_RECORD | BIT(FORM) | BIT(ACTOR_LEVEL) | BIT(ACTOR_KIND) | BIT(FRICTION))
#define BY_AGREEMENT (BY_RECORD | BIT(RELATION_TYPE))
#define BY_TIE       (BY_PLACE | BIT(PARTNER) | BIT(PAIR) | BIT(RELATION_TYPE))

bool dimension_fits(enum dimension dimension, enum measure measure)
{
	static const unsigned fitting[] = {
	    [UNIT_EVENTS] = BY_EVENT, [UNIT_AGREEMENTS] = BY_AGREEMENT, [UNIT_RECORDS] = BY_EVENT | BIT(RELATION_TYPE),
	    [UNIT_TIES] = BY_TIE,     [UNIT_CITIES] = BY_PLACE,         [UNIT_LINKED] = BY_PLACE | BIT(TIES),
	};

	return fitting[infos[measure].unit] >> dimension & 1u;
}

size_t measure_always_by(enum measure measure, enum dimension ret[2])
{
	if (measure != MEASURE_COST && measure != MEASURE_TRADE)
		return 0;
	ret[0] = DIMENSION_CURRENCY;
	ret[1] = DIMENSION_DIRECTION;
	return measure == MEASURE_TRADE ? 2 : 1;
}

const char *preset_name(enum preset preset)
{
	return presets[preset];
}

int preset_find(const void *name, size_t size)
{
	for (int i = 0; i < PRESET_COUNT; i++)
		if (is(presets[i], name, size))
			return i;
	return -1;
}
