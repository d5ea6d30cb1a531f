/* One part of a workbook as a stream of elements. The door to expat. Knows error.h and limits.h.
 *
 * Names come without their prefix: workbooks of different makers bind the same namespace to different ones. A document
 * type is refused where it begins: no workbook has one, and the entities it could declare are how a few lines become
 * gigabytes. */
#ifndef TWINLOG_XLSX_XML_H
#define TWINLOG_XLSX_XML_H

#include <stddef.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

/* Each may be NULL. What they return other than TWINLOG_OK ends the reading. Texts live as long as the call. */
struct xlsx_reader {
	/* attributes: name, value, name, value …, NULL */
	enum twinlog_error (*begin)(void *context, const char *name, const char **attributes);
	enum twinlog_error (*end)(void *context, const char *name);
	enum twinlog_error (*text)(void *context, const char *text, size_t size);
};

struct xlsx_xml;
/* NULL: memory is out. */
struct xlsx_xml *xlsx_xml_new(const struct xlsx_reader *reader, void *context);
void xlsx_xml_free(struct xlsx_xml *xml); /* accepts NULL */
/* The next bytes of the part; xml is a struct xlsx_xml. TWINLOG_NOT_A_WORKBOOK: not well-formed, or a document type;
 * TWINLOG_TOO_MANY: elements within elements; or what a callback said. */
enum twinlog_error xlsx_xml_take(void *xml, const char *bytes, size_t size) TWINLOG_MUST_CHECK;
/* No more bytes come. */
enum twinlog_error xlsx_xml_end(struct xlsx_xml *xml) TWINLOG_MUST_CHECK;

/* The value of an attribute; NULL when it is not there. */
const char *xlsx_attribute(const char **attributes, const char *name);

#endif
