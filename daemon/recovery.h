/* The recovery file: what brings a city back when its machine is lost. Text to print or to keep in a safe, that can
 * be typed in again. Knows seal and the generated messages.
 *
 *     # comments
 *     01  AAAAA AAAAA AAAAA AAAAA AAAAA AAAAA AAAAA AAAAA  CCCC
 *     …
 *     =   CCCCC CCCCC
 *
 * The packed Recovery message in Crockford's base 32 (0-9 and A-Z without I, L, O, U; case does not matter, O reads as
 * 0, I and L as 1), 25 bytes a line, the last one shorter, bits left over zero. Each line begins with its number and
 * ends with 20 bits of H("recovery-line", number in 4 bytes big-endian, its bytes), so a slip is found in its line; the
 * last line has 50 bits of H("recovery", all bytes). Blanks between characters are for the eye. */
#ifndef TWINLOG_RECOVERY_H
#define TWINLOG_RECOVERY_H

#include "identity.pb-c.h"
#include "twinlog/error.h"

#include <stddef.h>
#include <stdint.h>

#define RECOVERY_FILE    "recovery.txt"
#define RECOVERY_VERSION 1u
#define RECOVERY_MAX     (20u * 1024) /* the packed message: seeds and one card */

struct arena;

/* The lines of a packed message, without comments; malloc'd, NUL-terminated. NULL when memory is out. */
char *recovery_format(const uint8_t *bytes, size_t size);
/* *ret_bytes is malloc'd. fault tells the line of the file (name) that does not match its checksum, or what is missing.
 */
enum twinlog_error recovery_parse(const char *name, const char *text, size_t size, uint8_t **ret_bytes,
				  size_t *ret_size, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Decodes the message into arena and checks the sizes of its parts. */
enum twinlog_error recovery_open(struct arena *arena, const uint8_t *bytes, size_t size,
				 Twinlog__Recovery **ret_recovery) TWINLOG_MUST_CHECK;

#endif
