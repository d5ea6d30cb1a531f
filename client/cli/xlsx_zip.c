#include "xlsx_zip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zip.h>

#define PIECE 65536u

struct xlsx_zip {
	zip_t *archive;
	uint64_t unfolded; /* of all parts so far */
};

enum twinlog_error xlsx_zip_open(const void *bytes, size_t size, struct xlsx_zip **ret_zip, struct twinlog_fault *fault)
{
	struct xlsx_zip *zip = calloc(1, sizeof *zip);
	zip_source_t *source = zip_source_buffer_create(bytes, size, 0, NULL);

	if (!zip || !source) {
		zip_source_free(source);
		free(zip);
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	}
	zip->archive = zip_open_from_source(source, ZIP_RDONLY, NULL);
	if (!zip->archive) {
		zip_source_free(source);
		free(zip);
		return twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, NULL, NULL);
	}
	if (zip_get_num_entries(zip->archive, 0) > (zip_int64_t)TWINLOG_XLSX_PARTS_MAX) {
		xlsx_zip_close(zip);
		return twinlog_fault_set(fault, TWINLOG_TOO_MANY, "zip", NULL);
	}
	*ret_zip = zip;
	return TWINLOG_OK;
}

void xlsx_zip_close(struct xlsx_zip *zip)
{
	if (!zip)
		return;
	zip_discard(zip->archive);
	free(zip);
}

/* packed is the container's own word, and honest: libzip reads no more than that. */
static enum twinlog_error pieces(struct xlsx_zip *zip, zip_file_t *file, uint64_t packed,
				 enum twinlog_error (*take)(void *, const char *, size_t), void *context)
{
	char *piece = malloc(PIECE);
	uint64_t size = 0;
	enum twinlog_error error = piece ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	while (!error) {
		const zip_int64_t got = zip_fread(file, piece, PIECE);

		if (got < 0)
			error = TWINLOG_NOT_A_WORKBOOK;
		if (got <= 0)
			break;
		size += (uint64_t)got;
		zip->unfolded += (uint64_t)got;
		if (zip->unfolded > TWINLOG_XLSX_BYTES_MAX ||
		    (size > TWINLOG_XLSX_RATIO_FROM && size / TWINLOG_XLSX_RATIO_MAX > packed))
			error = TWINLOG_TOO_LARGE;
		else
			error = take(context, piece, (size_t)got);
	}
	free(piece);
	return error;
}

enum twinlog_error xlsx_zip_read(struct xlsx_zip *zip, const char *part,
				 enum twinlog_error (*take)(void *, const char *, size_t), void *context,
				 struct twinlog_fault *fault)
{
	zip_stat_t about;
	zip_file_t *file;
	enum twinlog_error error;

	/* Some writers spell the names of parts in other letters than they refer to them. */
	if (zip_stat(zip->archive, part, ZIP_FL_NOCASE, &about) != 0)
		return twinlog_fault_set(fault, TWINLOG_NOT_FOUND, part, NULL);
	if (!(about.valid & ZIP_STAT_COMP_SIZE) || about.encryption_method != ZIP_EM_NONE)
		return twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, part, NULL);
	file = zip_fopen_index(zip->archive, about.index, 0);
	if (!file)
		return twinlog_fault_set(fault, TWINLOG_NOT_A_WORKBOOK, part, NULL);
	error = pieces(zip, file, about.comp_size, take, context);
	zip_fclose(file);
	/* What take refuses it has told itself. */
	if (error == TWINLOG_TOO_LARGE || error == TWINLOG_NOT_A_WORKBOOK || error == TWINLOG_NO_MEMORY)
		return twinlog_fault_set(fault, error, part, NULL);
	return error;
}
