/* Shared by the files that make facts out of a body. */
#ifndef TWINLOG_FACTS_INTERNAL_H
#define TWINLOG_FACTS_INTERNAL_H

#include "facts.h"

/* Collects what facts_build fills in, so that each step may fail without a ladder of ifs. */
struct builder {
	struct names *names;
	struct facts *facts;
	enum twinlog_error error;
};
uint32_t build_name(struct builder *builder, ProtobufCBinaryData text);

/* facts_details.c: behind the ids, which have to be complete. */
void build_details(struct builder *builder, const Twinlog__Body *body);

#endif
