/* In what records have to be alike for a report to count them together. */
#include "report.h"

static void take_dimension(struct likeness *likeness, enum dimension dimension)
{
	switch (dimension) {
	case DIMENSION_YEAR:
	case DIMENSION_DECADE:
	case DIMENSION_MONTH:
		/* The finest that is asked for: months are of years, and years of decades. */
		if (!likeness->columns[COLUMN_WHEN] || dimension == DIMENSION_MONTH ||
		    (dimension == DIMENSION_YEAR && likeness->when == DIMENSION_DECADE))
			likeness->when = dimension;
		likeness->columns[COLUMN_WHEN] = true;
		break;
	case DIMENSION_FIELD:
		likeness->columns[COLUMN_FIELDS] = true;
		break;
	case DIMENSION_FORM:
	case DIMENSION_RELATION_TYPE:
	case DIMENSION_STATUS:
		likeness->columns[COLUMN_WHAT] = true;
		break;
	case DIMENSION_ACTOR_LEVEL:
	case DIMENSION_ACTOR_KIND:
		likeness->columns[COLUMN_ACTORS] = true;
		break;
	case DIMENSION_STATE:
		likeness->state = true;
		break;
	case DIMENSION_FRICTION:
		likeness->details |= 1u << DETAIL_FRICTION;
		break;
	case DIMENSION_SPACE:
	case DIMENSION_CURRENCY: /* what states money is looked at by itself */
	case DIMENSION_DIRECTION:
		break;
	default:
		likeness->columns[COLUMN_WHO] = true;
		break;
	}
}

/* What a measure itself looks at. False: at each record. */
static bool take_measure(struct likeness *likeness, enum measure measure)
{
	switch (measure) {
	case MEASURE_EVENTS:
		likeness->sums = true;
		likeness->details |= 1u << DETAIL_EVENTS;
		return true;
	case MEASURE_FIELDS:
		likeness->columns[COLUMN_FIELDS] = true;
		return true;
	case MEASURE_FORMS:
		likeness->columns[COLUMN_WHAT] = true;
		return true;
	case MEASURE_ACTORS:
		likeness->columns[COLUMN_ACTORS] = true;
		return true;
	case MEASURE_SOCIETY:
		likeness->sums = true;
		likeness->columns[COLUMN_ACTORS] = true;
		likeness->details |= 1u << DETAIL_PRIVATE;
		return true;
	case MEASURE_PUBLICITY:
		likeness->details |= 1u << DETAIL_PUBLICITY;
		return true;
	case MEASURE_FRICTION:
		likeness->columns[COLUMN_FIELDS] = true;
		likeness->details |= 1u << DETAIL_FRICTION;
		return true;
	case MEASURE_MULTILATERAL:
		likeness->columns[COLUMN_WHO] = true;
		return true;
	case MEASURE_COST:
		likeness->details |= 1u << DETAIL_COST;
		return true;
	case MEASURE_TRADE:
		likeness->details |= 1u << DETAIL_TRADE;
		return true;
	default:
		return false;
	}
}

struct likeness report_likeness(const struct report *report)
{
	struct likeness likeness = {.as_of = report->as_of};

	if (report->sample.query->extra->each)
		return likeness;
	switch (report->unit) {
	case UNIT_EVENTS:
		likeness.asked = take_measure(&likeness, report->measure);
		for (size_t i = 0; i < report->by_count; i++)
			take_dimension(&likeness, report->by[i]);
		return likeness;
	case UNIT_TIES:
	case UNIT_CITIES:
	case UNIT_LINKED:
		/* Dimensions are of ties and cities; of events it is asked whose, how many, and when. */
		likeness.asked = likeness.sums = true;
		likeness.columns[COLUMN_WHO] = true;
		likeness.details = 1u << DETAIL_EVENTS;
		take_dimension(&likeness, DIMENSION_YEAR);
		return likeness;
	default:
		return likeness;
	}
}
