#include "xlsx_xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct xlsx_xml {
	XML_Parser parser;
	const struct xlsx_reader *reader;
	void *context;
	size_t depth;
	enum twinlog_error error; /* of a callback */
};

static const char *local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *xlsx_attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(local(attributes[i]), name) == 0)
			return attributes[i + 1];
	return NULL;
}

static void settle(struct xlsx_xml *xml, enum twinlog_error error)
{
	if (!error || xml->error)
		return;
	xml->error = error;
	XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct xlsx_xml *xml = data;

	if (++xml->depth > TWINLOG_XLSX_DEPTH_MAX)
		settle(xml, TWINLOG_TOO_MANY);
	else if (xml->reader->begin && !xml->error)
		settle(xml, xml->reader->begin(xml->context, local(name), attributes));
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct xlsx_xml *xml = data;

	xml->depth--;
	if (xml->reader->end && !xml->error)
		settle(xml, xml->reader->end(xml->context, local(name)));
}

static void XMLCALL on_text(void *data, const XML_Char *text, int size)
{
	struct xlsx_xml *xml = data;

	if (xml->reader->text && !xml->error)
		settle(xml, xml->reader->text(xml->context, text, (size_t)size));
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public,
			       int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	settle(data, TWINLOG_NOT_A_WORKBOOK);
}

struct xlsx_xml *xlsx_xml_new(const struct xlsx_reader *reader, void *context)
{
	struct xlsx_xml *xml = calloc(1, sizeof *xml);

	if (!xml)
		return NULL;
	xml->reader = reader;
	xml->context = context;
	xml->parser = XML_ParserCreate(NULL);
	if (!xml->parser) {
		free(xml);
		return NULL;
	}
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	return xml;
}

void xlsx_xml_free(struct xlsx_xml *xml)
{
	if (!xml)
		return;
	XML_ParserFree(xml->parser);
	free(xml);
}

static enum twinlog_error parse(struct xlsx_xml *xml, const char *bytes, size_t size, int last)
{
	if (XML_Parse(xml->parser, bytes, (int)size, last) == XML_STATUS_OK)
		return TWINLOG_OK;
	if (xml->error)
		return xml->error;
	return XML_GetErrorCode(xml->parser) == XML_ERROR_NO_MEMORY ? TWINLOG_NO_MEMORY : TWINLOG_NOT_A_WORKBOOK;
}

enum twinlog_error xlsx_xml_take(void *xml, const char *bytes, size_t size)
{
	return parse(xml, bytes, size, 0);
}

enum twinlog_error xlsx_xml_end(struct xlsx_xml *xml)
{
	return parse(xml, "", 0, 1);
}
