/* Shared by author.c (what clients submit), author_leaf.c (a word becomes a leaf) and author_bundle.c (leaves become a
 * bundle). Nobody else includes this. */
#ifndef TWINLOG_AUTHOR_INTERNAL_H
#define TWINLOG_AUTHOR_INTERNAL_H

#include "node_internal.h"

/* ---- author.c ---- */

/* One result stands: the last one of a submission sends its answer. */
void author_done(struct node *node, struct submission *submission);
/* The result `index` is a refusal, and stands. where: of the request, "bundle" or the like. */
void author_refuse(struct node *node, struct submission *submission, uint32_t index, enum twinlog_error code,
		   const char *where);
/* Copies for a result, in the submission's arena. */
ProtobufCBinaryData author_hash(struct arena *arena, const struct hash *hash);
ProtobufCBinaryData author_handle(struct arena *arena, const struct handle *handle);

/* ---- author_leaf.c ---- */

struct draft {
	struct space *space;
	struct arena *arena;
	struct leaf_draft *leaves;
	struct queued *words; /* beside leaves */
	size_t count;
	size_t bytes;
	struct handle *touched; /* open addressing; records of this bundle */
	bool *taken;
};
#define DRAFT_SLOTS (2 * TWINLOG_BUNDLE_LEAVES_MAX)

enum placed { PLACED, DECIDED, NEXT_BUNDLE };

/* Puts one word into the bundle, or decides it without one, or leaves it for the next bundle. */
enum placed author_place(struct node *node, struct draft *draft, const struct queued *word);

#endif
