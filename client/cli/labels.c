/* Names of fields and states for people. The JSON names stay English in every language. */
#include <string.h>

#include "cli.h"
#include "log.pb-c.h"

static const struct {
	const char *name, *label;
} fields[] = {
    {"kind", N_("kind")},
    {"office", N_("office")},
    {"note", N_("note")},
    {"cities", N_("cities")},
    {"actors", N_("actors")},
    {"fields", N_("fields")},
    {"form", N_("form")},
    {"mode", N_("mode")},
    {"status", N_("status")},
    {"direction", N_("direction")},
    {"start", N_("start")},
    {"end", N_("end")},
    {"titles", N_("title")},
    {"summaries", N_("summary")},
    {"participants", N_("participants")},
    {"total", N_("in total")},
    {"private", N_("from society")},
    {"by_side", N_("by side")},
    {"count_of_events", N_("count of events")},
    {"cost", N_("cost")},
    {"trade", N_("trade")},
    {"publicity", N_("publicity")},
    {"friction", N_("friction")},
    {"result", N_("result")},
    {"agreements", N_("agreements")},
    {"quotes", N_("quotes")},
    {"source", N_("source")},
    {"external_id", N_("external id")},
    {"disclosure", N_("disclosure")},
    {"parties", N_("parties")},
    {"relation_type", N_("kind of tie")},
    {"established", N_("established")},
    {"place", N_("place")},
    {"approvals", N_("approvals")},
    {"renewal_due", N_("renewal due")},
    {"cost_rule", N_("cost rule")},
    {"supersedes", N_("supersedes")},
    {"document", N_("document")},
    {"city_id", N_("city id")},
    {"names", N_("names")},
    {"country", N_("country")},
    {"subdivision", N_("province")},
    {"level", N_("level")},
    {"parent", N_("belongs to")},
    {"wikidata", N_("Wikidata")},
    {"latitude", N_("latitude")},
    {"longitude", N_("longitude")},
    {"population", N_("population")},
    {"succeeds", N_("succeeds")},
    {"succeeded_by", N_("succeeded by")},
    {"coverage", N_("coverage")},
};

const char *cli_field_label(const char *name)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return gettext(fields[i].label);
	return name;
}

const char *cli_state_label(uint32_t state)
{
	switch (state) {
	case TWINLOG__RECORD_STATE__STATE_WITHDRAWN:
		return _("withdrawn");
	case TWINLOG__RECORD_STATE__STATE_REPORTED:
		return _("reported only");
	case TWINLOG__RECORD_STATE__STATE_DENIED:
		return _("denied");
	case TWINLOG__RECORD_STATE__STATE_DIFFERS:
		return _("sides differ");
	case TWINLOG__RECORD_STATE__STATE_ONE_SIDED:
		return _("one side only");
	case TWINLOG__RECORD_STATE__STATE_AGREED:
		return _("agreed");
	default:
		return _("unknown");
	}
}

const char *cli_kind_label(uint32_t kind)
{
	switch (kind) {
	case TWINLOG__RECORD_KIND__RECORD_ACTIVITY:
		return _("activity");
	case TWINLOG__RECORD_KIND__RECORD_AGREEMENT:
		return _("agreement");
	case TWINLOG__RECORD_KIND__RECORD_CITY:
		return _("city");
	default:
		return _("unknown");
	}
}

const char *cli_standing_label(uint32_t standing)
{
	switch (standing) {
	case TWINLOG__STANDING__WORD_NONE:
		return _("has not spoken");
	case TWINLOG__STANDING__WORD_STATES:
		return _("states");
	case TWINLOG__STANDING__WORD_CONFIRMS:
		return _("confirms");
	case TWINLOG__STANDING__WORD_DENIES:
		return _("does not know of it");
	case TWINLOG__STANDING__WORD_WITHDREW:
		return _("has withdrawn");
	case TWINLOG__STANDING__WORD_REPORTS:
		return _("reports");
	case TWINLOG__STANDING__WORD_ERASED:
		return _("has spoken, values erased");
	default:
		return _("unknown");
	}
}

const char *cli_operation_label(uint32_t operation)
{
	switch (operation) {
	case TWINLOG__OPERATION__OPERATION_STATEMENT:
		return _("statement");
	case TWINLOG__OPERATION__OPERATION_CONFIRMATION:
		return _("confirmation");
	case TWINLOG__OPERATION__OPERATION_DENIAL:
		return _("denial");
	case TWINLOG__OPERATION__OPERATION_WITHDRAWAL:
		return _("withdrawal");
	case TWINLOG__OPERATION__OPERATION_LINK:
		return _("link");
	default:
		return _("unknown");
	}
}

const char *cli_membership_label(uint32_t standing)
{
	switch (standing) {
	case TWINLOG__MEMBER_STANDING__STANDING_INVITED:
		return _("invited");
	case TWINLOG__MEMBER_STANDING__STANDING_MEMBER:
		return _("member");
	case TWINLOG__MEMBER_STANDING__STANDING_DECLINED:
		return _("declined");
	case TWINLOG__MEMBER_STANDING__STANDING_LEFT:
		return _("left");
	case TWINLOG__MEMBER_STANDING__STANDING_REMOVED:
		return _("removed");
	default:
		return _("unknown");
	}
}

const char *cli_link_label(uint32_t link)
{
	switch (link) {
	case TWINLOG__LINK_STATE__LINK_NONE:
		return _("none");
	case TWINLOG__LINK_STATE__LINK_CONNECTING:
		return _("connecting");
	case TWINLOG__LINK_STATE__LINK_UP:
		return _("up");
	case TWINLOG__LINK_STATE__LINK_DOWN:
		return _("down");
	case TWINLOG__LINK_STATE__LINK_COURIER:
		return _("by courier");
	default:
		return _("unknown");
	}
}
