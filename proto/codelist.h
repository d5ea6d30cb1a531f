/* The code lists of proto/codelists.csv, compiled in, with labels in English, Chinese and Korean. Pure. */
#ifndef TWINLOG_CODELIST_H
#define TWINLOG_CODELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codelist {
	CODELIST_FIELD,
	CODELIST_FORM,
	CODELIST_ACTOR_LEVEL,
	CODELIST_ACTOR_KIND,
	CODELIST_RELATION_TYPE,
	CODELIST_AGREEMENT_STATUS,
	CODELIST_ACTIVITY_STATUS,
	CODELIST_MODE,
	CODELIST_DIRECTION,
	CODELIST_PUBLICITY,
	CODELIST_COST_RULE,
	CODELIST_FRICTION,
	CODELIST_ADMIN_LEVEL,
	CODELIST_REDACTION_REASON,
	CODELIST_PARTICIPANT_ROLE, /* host visitor co_organiser observer */
	CODELIST_ACTOR_ROLE,       /* lead partner participant */
	CODELIST_NAME_KIND,        /* official alt reading former */
	CODELIST_DISCLOSURE,       /* space public */
	CODELIST_EXTENT,           /* complete partial */
	CODELIST_COUNT
};
enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGE_KO, LANGUAGE_COUNT };

const char *codelist_name(enum codelist list); /* "field" */
size_t codelist_size(enum codelist list);
const char *codelist_code(enum codelist list, size_t index);
/* The code's number in its list, or -1: unknown (a newer partner's). */
int codelist_find(enum codelist list, const void *code, size_t size);
/* By code or by a label in any language, folded; -1 when none fits. For what people type and sheets hold. */
int codelist_find_label(enum codelist list, const void *text, size_t size);
const char *codelist_label(enum codelist list, size_t index, enum language language);

#endif
