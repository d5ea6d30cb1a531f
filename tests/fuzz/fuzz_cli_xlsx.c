/* Workbooks. Bytes that begin like a container are one, so that libzip and the caps are tried; anything else stands in
 * for a single part, as a whole workbook around it: the first byte says which. So expat and what is made of the
 * elements are reached without the fuzzer having to find a checksum. */
#include <string.h>

#include "fuzz.h"
#include "xlsx_internal.h"
#include "xlsx_read.h"

/* Little-endian, as in every header of a container. */
static void put(uint8_t **at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*(*at)++ = (uint8_t)(value >> 8 * i);
}

static uint32_t crc_of(const char *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
	}
	return ~crc;
}

struct part {
	const char *name, *bytes;
	size_t size;
};

static void part_head(uint8_t **at, const struct part *part, size_t central, uint32_t offset)
{
	put(at, central ? 0x02014B50 : 0x04034B50, 4);
	put(at, 20, 2);
	if (central)
		put(at, 20, 2);
	put(at, 0, 2); /* flags */
	put(at, 0, 2); /* stored */
	put(at, 0, 4); /* time */
	put(at, crc_of(part->bytes, part->size), 4);
	put(at, (uint32_t)part->size, 4);
	put(at, (uint32_t)part->size, 4);
	put(at, (uint32_t)strlen(part->name), 2);
	put(at, 0, 2);
	if (central) {
		put(at, 0, 4); /* comment, disk */
		put(at, 0, 2);
		put(at, 0, 4);
		put(at, offset, 4);
	}
	memcpy(*at, part->name, strlen(part->name));
	*at += strlen(part->name);
}

static size_t pack(const struct part *parts, size_t count, uint8_t *out)
{
	uint8_t *at = out;
	uint32_t offsets[8];

	for (size_t i = 0; i < count; i++) {
		offsets[i] = (uint32_t)(at - out);
		part_head(&at, &parts[i], 0, 0);
		memcpy(at, parts[i].bytes, parts[i].size);
		at += parts[i].size;
	}
	const uint32_t central = (uint32_t)(at - out);
	for (size_t i = 0; i < count; i++)
		part_head(&at, &parts[i], 1, offsets[i]);
	const uint32_t size = (uint32_t)(at - out) - central;
	put(&at, 0x06054B50, 4);
	put(&at, 0, 4);
	put(&at, (uint32_t)count, 2);
	put(&at, (uint32_t)count, 2);
	put(&at, size, 4);
	put(&at, central, 4);
	put(&at, 0, 2);
	return (size_t)(at - out);
}

static void read_workbook(const uint8_t *bytes, size_t size)
{
	struct twinlog_fault fault = {0};
	char *text;
	size_t length;

	if (xlsx_read(bytes, size, NULL, &text, &length, &fault) == TWINLOG_OK) {
		FUZZ_CHECK(length <= TWINLOG_SHEET_MAX && text[length] == '\0');
		free(text);
	} else {
		FUZZ_CHECK(fault.code != TWINLOG_OK && fault.code != TWINLOG_NO_MEMORY);
	}
}

#define RELATION "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define WHOLE(name, text)                                                                                              \
	{                                                                                                              \
		name, text, sizeof text - 1                                                                            \
	}

static const struct part sound[] = {
    WHOLE("_rels/.rels", "<Relationships><Relationship Id='a' Type='" RELATION
			 "officeDocument' Target='xl/workbook.xml'/></Relationships>"),
    WHOLE("xl/workbook.xml", "<workbook><sheets><sheet name='1' sheetId='1' r:id='s'/></sheets></workbook>"),
    WHOLE("xl/_rels/workbook.xml.rels",
	  "<Relationships><Relationship Id='s' Type='" RELATION
	  "worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='t' Type='" RELATION
	  "styles' Target='styles.xml'/><Relationship Id='u' Type='" RELATION
	  "sharedStrings' Target='sharedStrings.xml'/></Relationships>"),
    WHOLE("xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy&quot;년&quot; m'/></numFmts>"
			   "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/></cellXfs></styleSheet>"),
    WHOLE("xl/sharedStrings.xml", "<sst><si><t>목포</t></si><si><r><t>连云港</t></r><rPh><t>x</t></rPh></si></sst>"),
    WHOLE("xl/worksheets/sheet1.xml",
	  "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' s='1'><v>43419</v></c></row>"
	  "</sheetData><mergeCells><mergeCell ref='A1:A3'/></mergeCells></worksheet>"),
};
#define PARTS (sizeof sound / sizeof *sound)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct part parts[PARTS];
	size_t room = 8192 + size;
	uint8_t *workbook;

	if (size == 0 || xlsx_is(bytes, size)) {
		read_workbook(bytes, size);
		return 0;
	}
	workbook = malloc(room);
	FUZZ_CHECK(workbook);
	memcpy(parts, sound, sizeof parts);
	parts[bytes[0] % PARTS].bytes = (const char *)bytes + 1;
	parts[bytes[0] % PARTS].size = size - 1;
	read_workbook(workbook, pack(parts, PARTS, workbook));
	free(workbook);
	return 0;
}
