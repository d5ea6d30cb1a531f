/* What each measure is, for people. */
#include <string.h>

#include "figures.h"

static const struct {
	const char *title, *meaning, *formula, *leaves_out;
} texts[MEASURE_COUNT] = {
    [MEASURE_EVENTS] =
	{N_("Events"),
	 N_("What took place, with the people who came. A record may stand for many events, so both are counted."),
	 N_("records: entries; events: sum of their counts of events; participants: sum of totals; first, last: days"),
	 N_("records that state no number of participants; undated records")},
    [MEASURE_FIELDS] = {N_("Variety of fields"), N_("Whether cooperation keeps to a single field."),
			N_("p: share of a field, a record counting in each of its fields; H = -sum p ln p; evenness H "
			   "/ ln S over S fields; effective number e^H; Simpson 1 - sum p^2"),
			N_("records that name no field")},
    [MEASURE_FORMS] =
	{N_("Variety of forms"), N_("Whether cooperation keeps to a single form, and how much of it is ceremony."),
	 N_("as for fields, over forms; ceremonial: signings, delegation visits and anniversaries over all"),
	 N_("records that name no form")},
    [MEASURE_ACTORS] = {N_("Variety of actors"), N_("Whether the same level of actor carries everything."),
			N_("as for fields, over the levels of actors; a record counts once in each level"),
			N_("records that name no actor")},
    [MEASURE_SOCIETY] =
	{N_("Part of society"), N_("How far people outside the town halls take part."),
	 N_("events: records with an actor of society over all; participants: those of such records over all; private: "
	    "participants from society over all, where both are stated"),
	 N_("records without an actor; without a number of participants; without a number of those from society")},
    [MEASURE_PUBLICITY] =
	{N_("Publicity"), N_("Whether the public hears of it, on both sides, and how soon."),
	 N_("public: records with a public channel over all that name a channel, or say that there was "
	    "none; both sides: with channels of two sides; median days from the last day of the event "
	    "to its first publication"),
	 N_("records that say nothing of it; of the median: publications without a day, and events "
	    "not dated to the day")},
    [MEASURE_FRICTION] =
	{N_("Trade friction"), N_("How often the economy brings trouble along."),
	 N_("friction: records so tagged; per 100: friction for each hundred records on the economy; "
	    "economy: their share of all"),
	 N_("of the first column records that say nothing of it, which the rate takes for none; of the "
	    "others records that name no field")},
    [MEASURE_MULTILATERAL] = {N_("From one to one to many"), N_("How often three cities or more meet."),
			      N_("multilateral: records in which three cities or more take part over all"),
			      N_("observers, who are not counted as taking part")},
    [MEASURE_COST] =
	{N_("Cost"), N_("What was spent, as each city states it of itself. Currencies are never added."),
	 N_("amount: sum of costs; per event: amount over events; per participant: amounts of records "
	    "with a number of participants over that number; by city, country and so on: of the events in which they "
	    "take part, whoever paid"),
	 N_("records that state no cost; of the last column those without a number of participants")},
    [MEASURE_TRADE] = {N_("Trade"), N_("The trade that events brought, by currency and direction."),
		       N_("value: sum as the exporting side states it"), N_("records that state no trade")},
    [MEASURE_AGREEMENTS] = {N_("Agreements"),
			    N_("The ties as papers: how many, since when, between whom. By year: the growth."),
			    N_("records: agreements; ties: different sets of parties; lower level: agreements with a "
			       "party of county or district level over those whose levels are known"),
			    N_("undated agreements; parties whose level is not recorded")},
    [MEASURE_DATES] =
	{N_("Dates of agreements"), N_("Whether those who date a tie give the same date."),
	 N_("by both: agreements that two parties date; match: those whose dates match; by sources: those where two "
	    "sources date the same kind of tie; contradict: those whose dates do not match; against a party: those "
	    "where a quoted source contradicts a party, over those that both date"),
	 N_("agreements dated by fewer than two")},
    [MEASURE_MUTUAL] = {N_("Ties that both sides name"),
			N_("Of what one city says of a tie, how much the other says too."),
			N_("said: parties that name the tie, themselves or in a quote; mutual: those whose partner "
			   "names it too over all"),
			N_("agreements that only others name")},
    [MEASURE_RENEWALS] = {N_("Renewals and anniversaries"), N_("What comes due."),
			  N_("overdue: renewal due before the day; due: in the twelve months from it on; "
			     "anniversaries: round ones (each five years) in these months"),
			  N_("agreements without a renewal date; undated ones; those that ended, were taken over by a "
			     "successor city (unless that is followed) or are superseded by another")},
    [MEASURE_QUALITY] = {N_("Quality of the record"), N_("How far the two sides have spoken, and whether they agree."),
			 N_("shown: records of two parties of which one has spoken; answered: a second one has, over "
			    "shown; agreed, differs, denied, one side only: over shown; reported: no party has spoken; "
			    "duplicates: events that another record may tell of"),
			 N_("records with fewer than two parties in the space; withdrawn ones")},
    [MEASURE_TIES] = {N_("Events over ties"), N_("How evenly events fall to the ties, those without any included."),
		      N_("Gini 2 sum(i x) / (n sum(x)) - (n + 1) / n, x ascending, i from 1; lower half: events of the "
			 "quieter half over all; active years: years in which a tie had an event"),
		      N_("events that belong to no tie: of several cities, and naming no agreement; of the last "
			 "columns undated ones. Without any: none is recorded; whether there was none is known only "
			 "where a log is complete")},
    [MEASURE_RAISED] =
	{N_("Ties that were raised"), N_("From a letter of intent or friendship to a firmer tie."),
	 N_("raised: ties with a looser kind dated before the firmest one, over all; median months between the two"),
	 N_("ties of several kinds whose steps are not dated")},
    [MEASURE_DORMANCY] = {N_("Dormant ties"),
			  N_("Which ties have gone silent. Silence counts as dormancy only where a party says that its "
			     "log is complete."),
			  N_("active: an event in the last months; dormant: none, and a party's log is complete for "
			     "them; not known: none, and nobody says so; never: no event is recorded at all"),
			  N_("ties that ended, were taken over by a successor city (unless that is followed) or are "
			     "superseded; undated events; of the last columns ties without an event")},
    [MEASURE_RECIPROCITY] = {N_("Reciprocity"),
			     N_("Whether visits go both ways. Forth is from the first city of a pair to the second, in "
				"the order of their ids."),
			     N_("mean over pairs with two directed events or more of min(forth, back) / max(forth, "
				"back); persons: participants of these events"),
			     N_("pairs with fewer than two directed events; of persons: events without a number")},
    [MEASURE_CITIES] =
	{N_("Events over cities"), N_("How evenly events fall to the cities, those without any included."),
	 N_("Gini 2 sum(i x) / (n sum(x)) - (n + 1) / n, x ascending, i from 1; lower half: events of "
	    "the quieter half over all; per million inhabitants"),
	 N_("cities elsewhere than asked for; of the last column those whose number of inhabitants is not "
	    "recorded. Without any: none is recorded; whether there was none is known only where a log "
	    "is complete")},
    [MEASURE_LORENZ] = {N_("Lorenz curve of events over cities"),
			N_("The share of events that falls to the quietest tenth, two tenths … of the cities."),
			N_("points of the Lorenz curve; a city on the edge counts in part"),
			N_("cities elsewhere than asked for")},
    [MEASURE_DEGREE] = {N_("Ties of each city"), N_("Whether cities have one tie or several."),
			N_("mean and maximum of ties over cities that have one; two or more: their share; Gini as "
			   "above; one province: cities with several ties into one province"),
			N_("cities without a tie, and those elsewhere than asked for; partners whose province is not "
			   "recorded")},
};

const char *measure_title(enum measure measure)
{
	return gettext(texts[measure].title);
}

const char *measure_meaning(enum measure measure)
{
	return gettext(texts[measure].meaning);
}

const char *measure_formula(enum measure measure)
{
	return gettext(texts[measure].formula);
}

const char *measure_leaves_out(enum measure measure)
{
	return gettext(texts[measure].leaves_out);
}

/* ---- Heads ---- */

struct label {
	const char *name, *label;
};

static const char *label_of(const struct label *labels, size_t count, ProtobufCBinaryData name)
{
	for (size_t i = 0; i < count; i++)
		if (codec_equal(name, labels[i].name))
			return gettext(labels[i].label);
	return ""; /* of a newer daemon */
}

const char *report_column_label(ProtobufCBinaryData column)
{
	static const struct label labels[] = {
	    {"active", N_("active")},
	    {"active_years", N_("active years")},
	    {"against_party", N_("against a party")},
	    {"agreed", N_("agreed")},
	    {"amount", N_("amount")},
	    {"anniversaries", N_("anniversaries")},
	    {"answered", N_("answered")},
	    {"back", N_("back")},
	    {"both_sides", N_("both sides")},
	    {"bottom_half", N_("lower half")},
	    {"by_both", N_("dated by both")},
	    {"by_sources", N_("dated by two")},
	    {"categories", N_("kinds")},
	    {"ceremonial", N_("ceremonial")},
	    {"cities", N_("cities")},
	    {"contradict", N_("contradict")},
	    {"county_or_district", N_("lower level")},
	    {"denied", N_("denied")},
	    {"differs", N_("sides differ")},
	    {"dormant", N_("dormant")},
	    {"due", N_("due")},
	    {"duplicates", N_("duplicates")},
	    {"economic", N_("on the economy")},
	    {"economy", N_("economy")},
	    {"effective", N_("effective number")},
	    {"entries", N_("entries")},
	    {"evenness", N_("evenness")},
	    {"events", N_("events")},
	    {"first", N_("first")},
	    {"forth", N_("forth")},
	    {"friction", N_("friction")},
	    {"gini", N_("Gini")},
	    {"last", N_("last")},
	    {"match", N_("match")},
	    {"max", N_("most")},
	    {"mean", N_("mean")},
	    {"median_days", N_("median days")},
	    {"median_months", N_("median months")},
	    {"multilateral", N_("multilateral")},
	    {"mutual", N_("mutual")},
	    {"never", N_("never any")},
	    {"not_known", N_("not known")},
	    {"one_sided", N_("one side only")},
	    {"overdue", N_("overdue")},
	    {"pairs", N_("pairs")},
	    {"participants", N_("participants")},
	    {"per_100", N_("per 100")},
	    {"per_active_year", N_("per active year")},
	    {"per_event", N_("per event")},
	    {"per_million", N_("per million")},
	    {"per_participant", N_("per participant")},
	    {"persons_back", N_("persons back")},
	    {"persons_forth", N_("persons forth")},
	    {"private", N_("from society")},
	    {"public", N_("public")},
	    {"raised", N_("raised")},
	    {"records", N_("records")},
	    {"reported", N_("reported only")},
	    {"said", N_("said")},
	    {"same_province", N_("one province")},
	    {"shannon", N_("Shannon H")},
	    {"shown", N_("shown")},
	    {"simpson", N_("Simpson")},
	    {"ties", N_("ties")},
	    {"two_or_more", N_("two or more")},
	    {"value", N_("value")},
	    {"without", N_("without any")},
	};
	/* The same in every language. */
	static const char *const shares[] = {"p10", "p20", "p30", "p40", "p50", "p60", "p70", "p80", "p90"};

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		if (codec_equal(column, shares[i]))
			return shares[i];
	return label_of(labels, sizeof labels / sizeof *labels, column);
}

const char *report_dimension_label(ProtobufCBinaryData dimension)
{
	static const struct label labels[] = {
	    {"year", N_("year")},
	    {"decade", N_("decade")},
	    {"month", N_("month")},
	    {"city", N_("city")},
	    {"partner", N_("partner")},
	    {"pair", N_("pair")},
	    {"country", N_("country")},
	    {"subdivision", N_("province")},
	    {"level", N_("level")},
	    {"field", N_("field")},
	    {"form", N_("form")},
	    {"actor_level", N_("level of actor")},
	    {"actor_kind", N_("kind of actor")},
	    {"relation_type", N_("kind of tie")},
	    {"status", N_("status")},
	    {"state", N_("state")},
	    {"space", N_("space")},
	    {"friction", N_("friction")},
	    {"ties", N_("ties")},
	    {"currency", N_("currency")},
	    {"direction", N_("direction")},
	};
	return label_of(labels, sizeof labels / sizeof *labels, dimension);
}
