#include <stdlib.h>
#include <string.h>

#include "bundle_view.h"
#include "query_internal.h"
#include "validate.h"

/* What a history may take of one message; the rest is for sides, differences and framing. */
#define HISTORY_BYTES_MAX (TWINLOG_MESSAGE_MAX / 2)

/* Where a void body is at fault: worked out again, it is too rare to be remembered. */
static ProtobufCBinaryData void_where(const struct query *query, const struct space *space, const struct word *word,
				      ProtobufCBinaryData body)
{
	const struct facts *facts = statements_facts(space_statements(space), word);
	const struct record *record = statements_record(space_statements(space), word->record);
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct twinlog_fault fault = {0};
	Twinlog__Body *message;
	enum body_rule rule;

	if (CODEC_UNPACK(query->arena, body.data, body.len, &message, twinlog__body))
		return codec_bytes(NULL, 0);
	envelope.operation = word->operation;
	envelope.kind = record->kind;
	envelope.n_cities = facts ? facts->named_count : 0;
	envelope.cities = arena_zalloc(query->arena, (envelope.n_cities + 1) * sizeof *envelope.cities);
	if (!envelope.cities)
		return codec_bytes(NULL, 0);
	for (size_t i = 0; i < envelope.n_cities; i++) {
		size_t size;
		const char *text = names_text(statements_names(space_statements(space)), facts->ids[i], &size);

		envelope.cities[i] = codec_bytes(text, size);
	}
	if (validate_body(VALIDATE_READ, &envelope, word->operation, record->kind, message, &rule, &fault))
		return query_text(query, fault.where);
	return codec_bytes(NULL, 0);
}

static enum twinlog_error version_held_by(const struct query *query, const struct space *space, const struct word *word,
					  Twinlog__Version *version)
{
	size_t count;
	const struct member *members = acts_members(space_acts(space), &count);

	version->held_by = arena_zalloc(query->arena, (count + 1) * sizeof *version->held_by);
	if (!version->held_by)
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++)
		if (members[i].ever_member && space_reaches(space, &members[i].identity, word->bundle))
			version->held_by[version->n_held_by++] = codec_string(members[i].city_id);
	return TWINLOG_OK;
}

/* What the store holds of it: body, bundle id and, when asked for, the signature checked. */
static enum twinlog_error version_stored(const struct query *query, const struct space *space, const struct word *word,
					 bool check, Twinlog__Version *version)
{
	const uint8_t *bytes;
	size_t size;
	struct hash id;
	enum twinlog_error error = store_get_bundle(*query->read, word->bundle, &bytes, &size);

	if (!error)
		error = bundle_view_id(bytes, size, &id);
	if (!error)
		error = leaves_body(query_leaves(query), word->bundle, bytes, size, word->index, &version->body);
	if (error)
		return error;
	version->bundle.data = arena_copy(query->arena, id.bytes, HASH_SIZE);
	if (!version->bundle.data)
		return QUERY_FULL;
	version->bundle.len = HASH_SIZE;
	if (word->void_rule)
		version->void_where = void_where(query, space, word, version->body);
	if (check) {
		uint32_t leaves;

		error = verify_bundle(query, space, bytes, size, &leaves);
		if (error == TWINLOG_NO_MEMORY)
			return error;
		version->signature = error ? 2 : 1;
	}
	return TWINLOG_OK;
}

static enum twinlog_error version_erased(const struct query *query, const struct space *space, const struct word *word,
					 Twinlog__Version *version)
{
	const struct hash *city = statements_city(space_statements(space), word->city);
	const struct erasures *erasures = space_erasures(space);
	const struct erasure *erasure = erasures_of(erasures, city, &word->leaf);
	size_t count, place = 0;
	const struct member *members = acts_members(space_acts(space), &count);
	const struct member *signer = erasure ? acts_member(space_acts(space), &erasure->signer) : NULL;

	version->body = codec_bytes(NULL, 0);
	version->erased_at = arena_zalloc(query->arena, (count + 1) * sizeof *version->erased_at);
	if (!version->erased_at)
		return QUERY_FULL;
	if (!erasure)
		return TWINLOG_OK;
	version->erased_ms = erasure->clock_ms;
	version->erased_reason = codec_string(erasure->reason);
	version->erased_by = codec_string(signer ? signer->city_id : "");
	while (place < erasures_count(erasures) && erasures_at(erasures, place) != erasure)
		place++;
	for (size_t i = 0; i < count; i++)
		if (members[i].ever_member && space_erasures_at(query->node, space, &members[i].identity) > place)
			version->erased_at[version->n_erased_at++] = codec_string(members[i].city_id);
	return TWINLOG_OK;
}

enum twinlog_error query_version(const struct query *query, const struct space *space, const struct word *word,
				 bool show, bool check, Twinlog__Version **ret_version)
{
	Twinlog__Version *version = QUERY_NEW(query, Twinlog__Version, TWINLOG__VERSION__INIT);
	const struct statements *statements = space_statements(space);
	const struct hash *city = statements_city(statements, word->city);
	const struct member *member = acts_member(space_acts(space), city);
	const struct hash *answers = statements_answers(statements, word);
	enum twinlog_error error;

	if (!version)
		return QUERY_FULL;
	version->city = codec_hash(city);
	version->city_id = codec_string(member ? member->city_id : "");
	version->leaf = codec_hash(&word->leaf);
	version->version = word->version;
	version->clock_ms = word->clock_ms;
	version->operation = word->operation;
	if (answers)
		version->answers = codec_hash(answers);
	version->replaces = arena_zalloc(query->arena, (word->replaces + 1u) * sizeof *version->replaces);
	if (!version->replaces)
		return QUERY_FULL;
	for (size_t i = 0; i < word->replaces; i++)
		version->replaces[version->n_replaces++] = codec_hash(statements_replaces(statements, word, i));
	version->report = word->report;
	version->current = word_is_current(word);
	version->counts = word->counts;
	version->void_rule = word->void_rule;
	version->handle = codec_handle(&statements_record(statements, word->record)->handle);
	error = version_stored(query, space, word, check, version);
	if (!error && word->erased)
		error = version_erased(query, space, word, version);
	if (!error && show)
		error = version_held_by(query, space, word, version);
	if (error)
		return error;
	*ret_version = version;
	return TWINLOG_OK;
}

/* As they were written, as far as clocks tell; the same at every member. */
static int history_order(const void *a, const void *b)
{
	const struct word *left = *(const struct word *const *)a;
	const struct word *right = *(const struct word *const *)b;

	if (left->clock_ms != right->clock_ms)
		return left->clock_ms < right->clock_ms ? -1 : 1;
	return word_order(left, right);
}

enum twinlog_error query_history(const struct query *query, const struct space *space, const struct record *record,
				 Twinlog__Record *message)
{
	const struct statements *statements = space_statements(space);
	const struct word *word = statements_word(statements, record->first_word);
	const struct word **words;
	size_t count = 0, bytes = 0, first;

	for (; word; word = statements_word(statements, word->next))
		count++;
	words = arena_alloc(query->arena, (count + 1) * sizeof *words);
	if (!words)
		return QUERY_FULL;
	count = 0;
	for (word = statements_word(statements, record->first_word); word;
	     word = statements_word(statements, word->next))
		words[count++] = word;
	qsort(words, count, sizeof *words, history_order);
	/* When they are too many for one message, the newest. */
	first = count > TWINLOG_PAGE_MAX ? count - TWINLOG_PAGE_MAX : 0;
	message->versions = arena_zalloc(query->arena, (count + 1) * sizeof *message->versions);
	if (!message->versions)
		return QUERY_FULL;
	for (size_t i = count; i-- > first;) {
		enum twinlog_error error = query_version(query, space, words[i], true, true, &message->versions[i]);

		if (error)
			return error;
		bytes += twinlog__version__get_packed_size(message->versions[i]);
		if (bytes > HISTORY_BYTES_MAX)
			first = i + 1;
	}
	message->versions += first;
	message->n_versions = count - first;
	return TWINLOG_OK;
}
