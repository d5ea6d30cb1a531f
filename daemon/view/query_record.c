#include <stdio.h>
#include <string.h>

#include "query_internal.h"

/* ---- Differences ---- */

static ProtobufCBinaryData name_of(const struct statements *statements, uint32_t name)
{
	size_t size;
	const char *text = names_text(statements_names(statements), name, &size);

	return codec_bytes(text, size);
}

static ProtobufCBinaryData names_joined(const struct query *query, const struct statements *statements,
					const uint32_t *names, size_t count)
{
	size_t size = 0, at = 0;
	char *text;

	for (size_t i = 0; i < count; i++)
		size += name_of(statements, names[i]).len + 2;
	text = size ? arena_alloc(query->arena, size) : NULL;
	for (size_t i = 0; text && i < count; i++) {
		ProtobufCBinaryData name = name_of(statements, names[i]);

		if (i > 0) {
			memcpy(text + at, ", ", 2);
			at += 2;
		}
		memcpy(text + at, name.data, name.len);
		at += name.len;
	}
	return codec_bytes(text, at);
}

static ProtobufCBinaryData date_text(const struct query *query, const struct edtf *date)
{
	char text[TWINLOG_DATE_MAX];

	if (date->precision == EDTF_NONE)
		return codec_bytes(NULL, 0);
	(void)edtf_format(date, text);
	return query_text(query, text);
}

static ProtobufCBinaryData fact_text(const struct query *query, const struct statements *statements,
				     const struct facts *facts, uint32_t fact)
{
	char number[24];

	switch (fact) {
	case FACT_CITIES:
		return names_joined(query, statements, facts->ids, facts->cities_count);
	case FACT_FIELDS:
		return names_joined(query, statements, facts->ids + facts->cities_count, facts->fields_count);
	case FACT_START:
		return date_text(query, &facts->start);
	case FACT_END:
		return date_text(query, &facts->end);
	case FACT_FORM:
		return name_of(statements, facts->form);
	case FACT_DIRECTION:
		return name_of(statements, facts->direction);
	case FACT_MODE:
		return name_of(statements, facts->mode);
	case FACT_STATUS:
		return name_of(statements, facts->status);
	case FACT_RELATION:
		return name_of(statements, facts->relation);
	case FACT_PARTICIPANTS:
		if (!facts->has_participants)
			break;
		(void)snprintf(number, sizeof number, "%llu", (unsigned long long)facts->participants);
		return query_text(query, number);
	default:
		break;
	}
	return codec_bytes(NULL, 0);
}

/* As the field is called in a body of this kind. */
static const char *fact_name(uint32_t fact, uint8_t kind)
{
	bool agreement = kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT;

	switch (fact) {
	case FACT_CITIES:
		return agreement ? "parties" : "cities";
	case FACT_START:
		return agreement ? "established" : "start";
	case FACT_END:
		return "end";
	case FACT_FIELDS:
		return "fields";
	case FACT_FORM:
		return "form";
	case FACT_DIRECTION:
		return "direction";
	case FACT_MODE:
		return "mode";
	case FACT_PARTICIPANTS:
		return "participants.total";
	case FACT_STATUS:
		return "status";
	default:
		return "relation_type";
	}
}

static enum twinlog_error record_differences(const struct query *query, const struct statements *statements,
					     const struct judgement *judgement, Twinlog__Record *message)
{
	uint32_t facts = judgement->differing | judgement->pending;

	message->differences = arena_zalloc(query->arena, (FACT_COUNT + 1) * sizeof *message->differences);
	if (!message->differences)
		return QUERY_FULL;
	for (uint32_t fact = 1; fact < 1u << FACT_COUNT; fact <<= 1) {
		Twinlog__Difference *difference;

		if (!(facts & fact))
			continue;
		difference = QUERY_NEW(query, Twinlog__Difference, TWINLOG__DIFFERENCE__INIT);
		if (!difference || !(difference->values = arena_zalloc(query->arena, judgement->sides_count *
											 sizeof *difference->values)))
			return QUERY_FULL;
		difference->field = codec_string(fact_name(fact, (uint8_t)message->kind));
		difference->not_yet_updated = !(judgement->differing & fact);
		for (size_t i = 0; i < judgement->sides_count; i++) {
			const struct side *side = &judgement->sides[i];
			Twinlog__DifferenceValue *value;

			if (!side->party || !side->spoken || !side->facts)
				continue;
			value = QUERY_NEW(query, Twinlog__DifferenceValue, TWINLOG__DIFFERENCE_VALUE__INIT);
			if (!value)
				return QUERY_FULL;
			value->city_id = codec_string(side->member->city_id);
			value->value = fact_text(query, statements, side->facts, fact);
			difference->values[difference->n_values++] = value;
		}
		message->differences[message->n_differences++] = difference;
	}
	return TWINLOG_OK;
}

/* ---- Sides ---- */

/* The further current versions of a city beside the one that stands for them. */
static enum twinlog_error side_conflict(const struct query *query, const struct space *space,
					const struct record *record, const struct side *side, bool show,
					Twinlog__Side *message)
{
	const struct word *words[TWINLOG_REPLACES_MAX];
	size_t count = statements_current(space_statements(space), record, &side->member->identity, false, words,
					  TWINLOG_REPLACES_MAX);

	if (count > TWINLOG_REPLACES_MAX)
		count = TWINLOG_REPLACES_MAX;
	message->conflict = arena_zalloc(query->arena, count * sizeof *message->conflict);
	if (!message->conflict)
		return QUERY_FULL;
	for (size_t i = 1; i < count; i++) {
		enum twinlog_error error =
		    query_version(query, space, words[i], show, false, &message->conflict[i - 1]);

		if (error)
			return error;
		message->n_conflict = i;
	}
	return TWINLOG_OK;
}

static enum twinlog_error record_side(const struct query *query, const struct space *space, const struct record *record,
				      const struct side *side, bool show, Twinlog__Side **ret_side)
{
	Twinlog__Side *message = QUERY_NEW(query, Twinlog__Side, TWINLOG__SIDE__INIT);
	enum twinlog_error error = TWINLOG_OK;

	if (!message)
		return QUERY_FULL;
	message->city = codec_hash(&side->member->identity);
	message->city_id = codec_string(side->member->city_id);
	message->party = side->party;
	message->standing = side->standing;
	message->outdated = side->outdated;
	message->self = hash_equal(&side->member->identity, node_identity(query->node));
	if (side->word)
		error = query_version(query, space, side->word, show, false, &message->word);
	if (!error && side->conflict)
		error = side_conflict(query, space, record, side, show, message);
	if (error)
		return error;
	*ret_side = message;
	return TWINLOG_OK;
}

/* ---- One record ---- */

static enum twinlog_error record_elsewhere_cities(const struct query *query, const struct space *space,
						  const struct judgement *judgement, Twinlog__Record *message)
{
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
	size_t count =
	    record_elsewhere(space_statements(space), space_acts(space), judgement, cities, TWINLOG_RECORD_CITIES_MAX);

	message->elsewhere = arena_zalloc(query->arena, (count + 1) * sizeof *message->elsewhere);
	if (!message->elsewhere)
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++)
		message->elsewhere[i] = name_of(space_statements(space), cities[i]);
	message->n_elsewhere = count;
	return TWINLOG_OK;
}

static enum twinlog_error record_fill(const struct query *query, const struct space *space, const struct record *record,
				      const struct judgement *judgement, bool show, Twinlog__Record *message)
{
	const struct statements *statements = space_statements(space);
	enum twinlog_error error;

	message->handle = codec_handle(&record->handle);
	message->space = codec_hash(acts_space(space_acts(space)));
	message->kind = record->kind;
	if (record->kind != TWINLOG__RECORD_KIND__RECORD_CITY) {
		const struct hash *opener = statements_opener(statements, record);
		const struct member *member = acts_member(space_acts(space), opener);

		message->opener = codec_hash(opener);
		message->opener_city_id = codec_string(member ? member->city_id : "");
	}
	message->state = judgement->state;
	message->waiting = judgement->waiting;
	message->changed_ms = record->changed_ms;
	if (judgement->lead)
		message->lead = codec_hash(&judgement->lead->leaf);
	message->sides = arena_zalloc(query->arena, (judgement->sides_count + 1) * sizeof *message->sides);
	if (!message->sides)
		return QUERY_FULL;
	for (size_t i = 0; i < judgement->sides_count; i++) {
		error = record_side(query, space, record, &judgement->sides[i], show, &message->sides[i]);
		if (error)
			return error;
		message->n_sides++;
	}
	error = record_differences(query, statements, judgement, message);
	return error ? error : record_elsewhere_cities(query, space, judgement, message);
}

enum twinlog_error query_record(const struct query *query, const struct space *space, const struct record *record,
				bool show, bool history, Twinlog__Record **ret_record)
{
	Twinlog__Record *message = QUERY_NEW(query, Twinlog__Record, TWINLOG__RECORD__INIT);
	struct judgement judgement;
	enum twinlog_error error;

	if (!message)
		return QUERY_FULL;
	judgement_init(&judgement);
	error =
	    record_judge(space_statements(space), space_acts(space), node_identity(query->node), record, &judgement);
	if (!error)
		error = record_fill(query, space, record, &judgement, show, message);
	judgement_free(&judgement);
	if (!error && history)
		error = query_history(query, space, record, message);
	if (error)
		return error;
	*ret_record = message;
	return TWINLOG_OK;
}
