#include "armour.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARMOUR_LINE 32u /* bytes */

void armour_print(FILE *out, const char *head, ProtobufCBinaryData bytes)
{
	fprintf(out, "%s\n", head);
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, "%02x%s", bytes.data[i],
			i % ARMOUR_LINE == ARMOUR_LINE - 1 || i + 1 == bytes.len ? "\n" : "");
}

bool armour_has(const char *head, const char *text, size_t size)
{
	return size >= strlen(head) && memcmp(text, head, strlen(head)) == 0;
}

bool armour_read(const char *head, char *text, size_t *size)
{
	size_t digits = 0;

	if (!armour_has(head, text, *size))
		return true;
	for (size_t i = strlen(head); i < *size; i++)
		if (!strchr(" \t\r\n", text[i]))
			text[digits++] = text[i];
	uint8_t *bytes = malloc(digits / 2 + 1);
	const bool sound = bytes && digits % 2 == 0 && !hex_decode(bytes, digits / 2, text, digits);
	if (sound) {
		memcpy(text, bytes, digits / 2);
		*size = digits / 2;
	}
	free(bytes);
	return sound;
}

enum twinlog_error armour_write(const char *path, const char *head, ProtobufCBinaryData bytes,
				struct twinlog_fault *fault)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool sound;

	if (fd < 0)
		return twinlog_fault_set(fault,
					 errno == EEXIST   ? TWINLOG_NOT_EMPTY
					 : errno == ENOENT ? TWINLOG_MISSING
					 : errno == EACCES ? TWINLOG_NOT_PERMITTED
							   : TWINLOG_IO,
					 path, NULL);
	if (!file) {
		close(fd);
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	}
	armour_print(file, head, bytes);
	sound = fflush(file) == 0 && fsync(fd) == 0;
	if (fclose(file) == 0 && sound)
		return TWINLOG_OK;
	unlink(path);
	return twinlog_fault_set(fault, TWINLOG_IO, path, NULL);
}
