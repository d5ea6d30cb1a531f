#include "stated.h"

uint32_t stated_city(const struct statements *statements, const struct acts *acts, ProtobufCBinaryData city_id)
{
	const struct member *member = acts_member_by_city(acts, city_id);
	const size_t count = member ? statements_cities(statements) : 0;

	for (size_t city = 0; city < count; city++)
		if (hash_equal(statements_city(statements, (uint16_t)city), &member->identity))
			return (uint32_t)city;
	return STATED_NOBODY;
}

const struct word *stated_word(const struct statements *statements, const struct record *record, uint32_t city)
{
	const struct word *word = NULL, *means;
	const struct facts *facts;

	if (city == STATED_NOBODY ||
	    statements_current(statements, record, statements_city(statements, (uint16_t)city), false, &word, 1) == 0)
		return NULL;
	means = word->operation == TWINLOG__OPERATION__OPERATION_CONFIRMATION ? statements_answered(statements, word)
									      : word;
	/* As record_state.c has the sides: a void word says nothing, and what does not count here nobody can mean. */
	if (!means || word->void_rule != 0 || means->void_rule != 0 || !means->counts ||
	    means->record != word->record || means->operation != TWINLOG__OPERATION__OPERATION_STATEMENT)
		return NULL;
	facts = statements_facts(statements, means);
	return facts && facts->values ? means : NULL;
}
