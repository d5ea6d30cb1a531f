/* Text: UTF-8, normal forms, folding for look-up, width on a terminal. One of the doors to ICU. Knows error.h only.
 * Text is a pointer and a size in bytes, never NUL-terminated unless said. */
#ifndef TWINLOG_TEXT_H
#define TWINLOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "twinlog/error.h"

/* Well-formed UTF-8 (RFC 3629) without U+0000. No ICU: cheap enough for every partner's byte. */
bool text_is_utf8(const void *text, size_t size);
/* As above, and neither control characters (tab and line feed allowed when lines) nor unassigned nor private ones. */
enum twinlog_error text_check(const void *text, size_t size, bool lines) TWINLOG_MUST_CHECK;
/* Already in Unicode Normalization Form C. */
bool text_is_nfc(const void *text, size_t size);
/* NFC into malloc'd, NUL-terminated memory. */
enum twinlog_error text_nfc(const void *text, size_t size, char **ret_text, size_t *ret_size) TWINLOG_MUST_CHECK;

/* Key for look-up of names: NFKC, case folded, accents dropped from Latin letters, traditional characters to
 * simplified, Korean vowels that readings waver between (U+1168 and U+1166: 롄, 렌) made one, blanks and punctuation
 * dropped. malloc'd, NUL-terminated. Not for show. */
enum twinlog_error text_fold(const void *text, size_t size, char **ret_text, size_t *ret_size) TWINLOG_MUST_CHECK;

/* The same where each character can be folded by itself, into out, which has room for size bytes, without a NUL; false
 * where only text_fold can tell, or memory is out. Many times as fast. */
bool text_fold_quick(const void *text, size_t size, char *out, size_t *ret_size);

/* Columns on a terminal: East Asian Wide and Fullwidth take two, combining marks none. */
size_t text_width(const void *text, size_t size);

/* The greatest size at most max that does not cut a character. */
size_t text_cut(const void *text, size_t size, size_t max);

#endif
