/* What is forgotten of a leaf once its content is erased, and where that content stood. */
#include "statements_internal.h"

static struct word *word_of_leaf(const struct statements *statements, const struct hash *leaf)
{
	const struct word *word = statements_find_leaf(statements, leaf);

	return word ? &statements->words.items[statements_number(statements, word)] : NULL;
}

void statements_erase(struct statements *statements, const struct hash *leaf)
{
	struct word *word = word_of_leaf(statements, leaf);

	if (!word || word->erased)
		return;
	word->erased = true;
	word->body = 0;
	/* Whether the body was sound is no longer to be seen, so members who never saw it must answer alike. */
	word->void_rule = 0;
	if (word->facts != FACTS_NONE) {
		uint64_t *block = statements->facts.items[word->facts >> FACTS_BLOCK_SHIFT];

		facts_forget((struct facts *)(void *)(block + (word->facts & (FACTS_BLOCK_UNITS - 1))));
		statements->ground++;
	}
	statements_touch(statements, word->record);
}

void statements_places(const struct statements *statements, const struct hash *city, const struct hash *leaf,
		       void (*visit)(void *context, uint64_t sequence, uint32_t index), void *context)
{
	const struct word *word = word_of_leaf(statements, leaf);

	if (!word || !hash_equal(statements_city(statements, word->city), city))
		return;
	if (word->echoes == WORD_END)
		visit(context, word->bundle, word->index);
	for (uint32_t i = word->echoes; i != WORD_END; i = statements->echoes.items[i].next)
		visit(context, statements->echoes.items[i].bundle, statements->echoes.items[i].index);
}
