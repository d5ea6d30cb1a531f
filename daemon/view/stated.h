/* What one city states on a record: its own view, beside the lead statement. Knows core. DOMAIN, "Lead statement". */
#ifndef TWINLOG_STATED_H
#define TWINLOG_STATED_H

#include "acts.h"
#include "statements.h"

#define STATED_NOBODY UINT32_MAX

/* The number among statements_city of the city that holds this id here; STATED_NOBODY when it is no member or has said
 * nothing yet. */
uint32_t stated_city(const struct statements *statements, const struct acts *acts, ProtobufCBinaryData city_id);

/* The statement whose values that city gives: its own, or the one that it confirms. NULL when it gives none: it has
 * said nothing current, denies, has withdrawn, or the values are erased or void. */
const struct word *stated_word(const struct statements *statements, const struct record *record, uint32_t city);

#endif
