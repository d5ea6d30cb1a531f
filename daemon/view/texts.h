/* The words of all statements, folded, to look for text in: kept in the store as rows of a quarter of a megabyte, each
 * over the bundles since the row before, and read where they lie. A row is derived from its bundles, so it may lag
 * behind them: what no row covers yet is folded when it is asked for. Erased content goes from its row in the
 * transaction that takes it from its bundle. Knows proto and store.
 *
 *     row      count 4, then entries, then texts
 *     entry    sequence - that of the row 4 (how far before), leaf 4, end of its texts 4; numbers as the machine has
 * them texts    of each entry one after the other, '\n' behind each text; no folded text has one */
#ifndef TWINLOG_TEXTS_H
#define TWINLOG_TEXTS_H

#include "codec.h"
#include "store.h"

#define TEXTS_ROW_SIZE (256u * 1024)

/* Bundles that no row covers yet get theirs, as many as go into one transaction; *ret_done when none is left. */
enum twinlog_error texts_catch_up(struct store_write *write, bool *ret_done) TWINLOG_MUST_CHECK;
/* The content of one leaf is gone. */
enum twinlog_error texts_erase(struct store_write *write, uint64_t sequence, uint32_t leaf) TWINLOG_MUST_CHECK;

/* Looking for a folded text, not empty. visit is called once for each leaf that has it, from several threads at once,
 * each with a context of its own: contexts[0 … TEXTS_THREADS). wanted (may be NULL) says whether a bundle is looked at
 * at all. */
#define TEXTS_THREADS 2u
struct texts_search {
	const char *text;
	size_t size;
	bool (*wanted)(void *context, uint64_t sequence); /* with contexts[0] */
	void (*visit)(void *context, uint64_t sequence, uint32_t leaf);
	void *contexts[TEXTS_THREADS];
};
enum twinlog_error texts_search(struct store_read *read, const struct texts_search *search) TWINLOG_MUST_CHECK;

/* Whether a packed body holds the folded text. scratch is for unpacking it. */
enum twinlog_error texts_in_body(struct arena *scratch, ProtobufCBinaryData body, const char *text, size_t size,
				 bool *ret_found) TWINLOG_MUST_CHECK;
/* The first place of a text in a longer one, or NULL; memmem with wide instructions. */
const char *texts_find(const char *in, size_t in_size, const char *text, size_t size);

#endif
