#include "import_id.h"

static void put_u32(uint8_t out[4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

void import_record_id(const uint8_t secret[SEAL_SEED_SIZE], const struct hash *space, uint32_t kind, const void *sheet,
		      size_t sheet_size, const void *row, size_t row_size, uint32_t nth, struct handle *ret_id)
{
	/* H("import", secret, space, kind, nth, length of sheet, sheet, row): one length is enough to tell where sheet
	 * ends and row begins. */
	uint8_t head[12];
	const struct seal_part parts[] = {
	    {space->bytes, HASH_SIZE}, {head, sizeof head}, {sheet, sheet_size}, {row, row_size}};
	struct hash hash;

	put_u32(head, kind);
	put_u32(head + 4, nth);
	put_u32(head + 8, (uint32_t)sheet_size);
	hash = seal_hash_keyed("import", secret, parts, sizeof parts / sizeof *parts);
	memcpy(ret_id->bytes, hash.bytes, HANDLE_SIZE);
}
