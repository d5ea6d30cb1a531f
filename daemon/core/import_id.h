/* The record that a row of a sheet becomes: the same each time the sheet is imported, and nobody without the city's
 * import secret can guess the row back. Pure; knows seal. PROTOCOL, "Record identity". */
#ifndef TWINLOG_IMPORT_ID_H
#define TWINLOG_IMPORT_ID_H

#include "seal.h"

/* secret: seal_keys_import_secret. row: the external id, or a digest of the row; nth: its n-th occurrence, from 0.
 * *ret_id is what stands in Envelope.record. */
void import_record_id(const uint8_t secret[SEAL_SEED_SIZE], const struct hash *space, uint32_t kind, const void *sheet,
		      size_t sheet_size, const void *row, size_t row_size, uint32_t nth, struct handle *ret_id);

#endif
