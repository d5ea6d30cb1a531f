/* Which encoding a sheet is written in, and its text as UTF-8 NFC. One of the doors to ICU. Knows places and code
 * lists.
 *
 * Excel writes GB18030 in China, CP949 in Korea, UTF-8 elsewhere, and says nowhere which. Bytes of one are often valid
 * in the other, so each decoding is scored by the names and labels that Twinlog knows: what is read wrongly spells
 * none of them. Without clear evidence nobody guesses: the user is asked. */
#ifndef TWINLOG_ENCODING_H
#define TWINLOG_ENCODING_H

#include <stddef.h>

#include "places.h"
#include "twinlog/error.h"
#include "twinlog/limits.h"

enum encoding { ENCODING_UTF8, ENCODING_GB18030, ENCODING_CP949, ENCODING_COUNT };

const char *encoding_name(enum encoding encoding);
/* By any usual name: gb18030, GBK, cp936, CP949, euc-kr, utf8 … TWINLOG_INVALID. */
enum twinlog_error encoding_find(const char *name, enum encoding *ret_encoding) TWINLOG_MUST_CHECK;

/* Words that betray a right decoding: names of places, labels of codes, usual heads of columns. */
struct lexicon;
enum twinlog_error lexicon_new(const struct places *places, struct lexicon **ret_lexicon) TWINLOG_MUST_CHECK;
void lexicon_free(struct lexicon *lexicon); /* accepts NULL */
/* How many characters of UTF-8 text belong to such words. */
size_t lexicon_score(const struct lexicon *lexicon, const char *text, size_t size);

/* Into UTF-8 NFC, malloc'd, NUL-terminated, without byte order mark. Strict: TWINLOG_BAD_UTF8 or TWINLOG_BAD_TEXT for
 * a byte that has no meaning, with "line N" in the fault. */
enum twinlog_error encoding_decode(enum encoding encoding, const void *bytes, size_t size, char **ret_text,
				   size_t *ret_size, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Finds the encoding too. TWINLOG_AMBIGUOUS when several fit about equally well or the only one that fits spells
 * nothing known; TWINLOG_BAD_TEXT when none fits. */
enum twinlog_error encoding_detect(const struct lexicon *lexicon, const void *bytes, size_t size,
				   enum encoding *ret_encoding, char **ret_text, size_t *ret_size,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Whether a text has lost characters on its way here: U+FFFD, or question marks where characters were (`?云港市`).
 * name: of a text that never has a question mark of its own. */
bool encoding_lost(const void *text, size_t size, bool name);

#endif
