/* Reading a proof, and what only the whole can tell. */
#include "proof.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "parts.h"

/* ---- Findings ---- */

static const struct {
	int code;
	const char *id, *text;
} VERDICT_TABLE[VERDICT_COUNT] = {
#define VERDICT_ROW(name, code, id, text) [VERDICT_##name] = {code, id, text},
    VERDICTS(VERDICT_ROW)
#undef VERDICT_ROW
};

int verdict_code(enum verdict verdict)
{
	return VERDICT_TABLE[verdict].code;
}

const char *verdict_id(enum verdict verdict)
{
	return VERDICT_TABLE[verdict].id;
}

const char *verdict_text(enum verdict verdict)
{
	return VERDICT_TABLE[verdict].text;
}

void proof_found(struct proof *proof, enum verdict verdict, const char *format, ...)
{
	struct finding *finding = &proof->findings[verdict];
	va_list arguments;
	char *line;
	if (finding->count++ >= FINDING_LINES)
		return;
	va_start(arguments, format);
	finding->lines[finding->count - 1] = vasprintf(&line, format, arguments) < 0 ? NULL : line;
	va_end(arguments);
}

/* ---- Looking ---- */

struct proof_space *proof_space(const struct proof *proof, const struct hash *id)
{
	for (size_t i = 0; i < proof->spaces_count; i++)
		if (hash_equal(acts_space(proof->spaces[i].acts), id))
			return &proof->spaces[i];
	return NULL;
}

struct proof_city *proof_city(const struct proof_space *space, const struct hash *identity)
{
	for (size_t i = 0; i < space->cities_count; i++)
		if (hash_equal(graph_city(space->cities[i].graph), identity))
			return &space->cities[i];
	return NULL;
}

const char *proof_name(const struct proof_space *space, const struct hash *identity)
{
	const struct member *member = acts_member(space->acts, identity);
	return member ? member->city_id : "a stranger";
}

/* ---- Reading ---- */

static enum twinlog_error head_take(struct proof *proof, const Twinlog__CarriedPart *part)
{
	Twinlog__SignedCarriedHead *outer;
	Twinlog__CarriedHead *head;
	uint8_t *bytes;
	size_t size;
	if (part->body_case != TWINLOG__CARRIED_PART__BODY_HEAD) {
		proof_found(proof, VERDICT_FORM, "it does not begin as a proof");
		return TWINLOG_OK;
	}
	enum twinlog_error error = codec_pack_arena(proof->arena, &part->head->base, &bytes, &size);
	if (!error)
		error = CODEC_UNPACK_STRICT(proof->arena, bytes, size, &outer, twinlog__signed_carried_head);
	if (!error)
		error =
		    CODEC_UNPACK_STRICT(proof->arena, outer->head.data, outer->head.len, &head, twinlog__carried_head);
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error || !codec_equal(head->magic, "twinlog") || head->version != 1 ||
	    head->kind != TWINLOG__CARRIED_KIND__CARRIED_PROOF || head->from.len != HASH_SIZE) {
		proof_found(proof, VERDICT_FORM, "its head is not that of a proof");
		return TWINLOG_OK;
	}
	proof->head = head;
	proof->signed_head = outer;
	return TWINLOG_OK;
}

static enum twinlog_error card_take(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number)
{
	struct card *card, **cards;
	const enum twinlog_error error = card_open(bytes.data, bytes.len, &card);
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error) {
		proof_found(proof, VERDICT_ALTERED, "card at part %" PRIu64 ": %s", number, twinlog_error_text(error));
		return TWINLOG_OK;
	}
	cards = realloc(proof->cards, (proof->cards_count + 1) * sizeof(*cards));
	if (!cards) {
		card_free(card);
		return TWINLOG_NO_MEMORY;
	}
	proof->cards = cards;
	cards[proof->cards_count++] = card;
	return TWINLOG_OK;
}

enum pass { PASS_MEMBERS, PASS_BUNDLES, PASS_POSITIONS };

static enum twinlog_error part_take(struct proof *proof, const Twinlog__CarriedPart *part, uint64_t number,
				    enum pass pass)
{
	switch (part->body_case) {
	case TWINLOG__CARRIED_PART__BODY_CARD:
		return pass == PASS_MEMBERS ? card_take(proof, part->card, number) : TWINLOG_OK;
	case TWINLOG__CARRIED_PART__BODY_ACT:
		return pass == PASS_MEMBERS ? check_act(proof, part->act, number) : TWINLOG_OK;
	case TWINLOG__CARRIED_PART__BODY_ERASURE:
		/* They stand behind the acts that say who may sign them. */
		return pass == PASS_MEMBERS ? check_erasure(proof, part->erasure, number) : TWINLOG_OK;
	case TWINLOG__CARRIED_PART__BODY_BUNDLE:
		return pass == PASS_BUNDLES ? check_bundle(proof, part->bundle, number) : TWINLOG_OK;
	case TWINLOG__CARRIED_PART__BODY_POSITION:
		return pass == PASS_POSITIONS ? check_position(proof, part->position, number) : TWINLOG_OK;
	default:
		if (pass == PASS_MEMBERS)
			proof_found(proof, VERDICT_FORM, "part %" PRIu64 " is nothing that is known", number);
		return TWINLOG_OK;
	}
}

static enum twinlog_error end_take(struct proof *proof, const Twinlog__CarriedEnd *end, uint64_t parts, FILE *file)
{
	if (end->parts != parts)
		proof_found(proof, VERDICT_FORM, "it should have %" PRIu64 " parts and has %" PRIu64, end->parts,
			    parts);
	if (fgetc(file) != EOF)
		proof_found(proof, VERDICT_FORM, "it goes on behind its end");
	return TWINLOG_OK;
}

/* One pass over the file; form is judged in the first. */
static enum twinlog_error pass_over(struct proof *proof, FILE *file, enum pass pass, uint8_t **bytes, size_t *capacity)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error = arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	const bool first = pass == PASS_MEMBERS;
	bool ended = false;
	rewind(file);
	for (uint64_t number = 0; !error && !ended; number++) {
		Twinlog__CarriedPart *part;
		size_t size;
		error = parts_read(file, bytes, capacity, &size);
		if (!error) {
			arena_reset(arena);
			error = CODEC_UNPACK(arena, *bytes, size, &part, twinlog__carried_part);
		}
		if (error == TWINLOG_IO || error == TWINLOG_NO_MEMORY)
			break;
		if (error) {
			if (first)
				proof_found(proof, VERDICT_FORM, "part %" PRIu64 " cannot be read", number);
			error = TWINLOG_OK;
			break;
		}
		if (number == 0 && first)
			error = head_take(proof, part);
		else if (number > 0 && part->body_case == TWINLOG__CARRIED_PART__BODY_END)
			ended = true;
		else if (number > 0)
			error = part_take(proof, part, number, pass);
		if (ended && first)
			error = end_take(proof, part->end, number - 1, file);
		if (!proof->head)
			break;
	}
	arena_free(arena);
	return error;
}

enum twinlog_error proof_read(struct proof *proof, FILE *file)
{
	uint8_t *bytes = NULL;
	size_t capacity = 0;
	enum twinlog_error error = TWINLOG_OK;
	proof->arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!proof->arena)
		return TWINLOG_NO_MEMORY;
	for (int pass = PASS_MEMBERS; pass <= PASS_POSITIONS && !error; pass++)
		if (pass == PASS_MEMBERS || proof->head)
			error = pass_over(proof, file, (enum pass)pass, &bytes, &capacity);
	free(bytes);
	return error;
}

/* ---- The whole ---- */

struct recount {
	const struct proof_space *space;
	const struct proof_city *city;
};

static bool entry_counts(void *context, uint32_t index)
{
	const struct recount *recount = context;
	const struct seen *seen = &recount->city->seen[index];
	return bundle_counts(recount->space->acts, recount->city->graph, index, seen->acts, seen->acts_count);
}

static void nothing_changed(void *context, uint32_t index)
{
	(void)context, (void)index;
}

static int city_order(const void *a, const void *b)
{
	const struct proof_city *x = a, *y = b;
	return hash_compare(graph_city(x->graph), graph_city(y->graph));
}

/* PROTOCOL, "Sync": H("heads", city, number of heads, heads; in order of identity). */
static enum twinlog_error heads_digest(struct proof_space *space, struct hash *ret_digest)
{
	size_t size = 0, at = 0;
	uint8_t *all;
	if (space->cities_count > 0)
		qsort(space->cities, space->cities_count, sizeof *space->cities, city_order);
	for (size_t i = 0; i < space->cities_count; i++)
		size += HASH_SIZE * (graph_told(space->cities[i].graph)->count + 1) + 1;
	all = malloc(size + 1);
	if (!all)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < space->cities_count; i++) {
		const struct hash_set *heads = graph_told(space->cities[i].graph);
		if (heads->count == 0)
			continue;
		memcpy(all + at, graph_city(space->cities[i].graph)->bytes, HASH_SIZE);
		all[at + HASH_SIZE] = (uint8_t)heads->count;
		(void)hash_set_copy(heads, 0, (struct hash *)(all + at + HASH_SIZE + 1), heads->count);
		at += HASH_SIZE * (heads->count + 1) + 1;
	}
	*ret_digest = seal_hash1("heads", all, at);
	free(all);
	return TWINLOG_OK;
}

static bool differs(const struct hash *own, ProtobufCBinaryData told)
{
	if (told.len == 0)
		return !hash_is_zero(own);
	return told.len != HASH_SIZE || memcmp(own->bytes, told.data, HASH_SIZE) != 0;
}

static enum twinlog_error space_judge(struct proof *proof, struct proof_space *space)
{
	struct hash bundles;
	size_t count;
	const struct hash *heads = acts_heads(space->acts, &count);
	const struct hash acts = seal_hash1("acts", heads, count * sizeof *heads);
	const ProtobufCBinaryData title = acts_title(space->acts);
	enum twinlog_error error = erasures_settle(space->erasures);
	for (size_t i = 0; i < space->cities_count && !error; i++) {
		struct recount recount = {space, &space->cities[i]};
		error = bundle_cuts_set(space->acts, space->cities[i].graph);
		if (!error)
			error = graph_recount(space->cities[i].graph, entry_counts, nothing_changed, &recount);
	}
	if (!error)
		error = heads_digest(space, &bundles);
	if (error)
		return error;
	if (differs(&acts, space->told->acts))
		proof_found(proof, VERDICT_DIGEST, "space %.*s: other acts", (int)title.len, (const char *)title.data);
	if (differs(&bundles, space->told->bundles))
		proof_found(proof, VERDICT_DIGEST, "space %.*s: other bundles", (int)title.len,
			    (const char *)title.data);
	if (differs(erasures_digest(space->erasures), space->told->erasures))
		proof_found(proof, VERDICT_DIGEST, "space %.*s: other erasures", (int)title.len,
			    (const char *)title.data);
	return TWINLOG_OK;
}

static bool is_member(const struct proof *proof, const struct hash *identity)
{
	for (size_t i = 0; i < proof->spaces_count; i++)
		if (acts_member(proof->spaces[i].acts, identity))
			return true;
	return false;
}

static void head_judge(struct proof *proof)
{
	struct hash from;
	enum twinlog_error error = codec_get_hash(proof->head->from, &from);
	if (!error)
		error = TWINLOG_NOT_A_MEMBER;
	for (size_t i = 0; i < proof->spaces_count && error; i++)
		if (acts_member(proof->spaces[i].acts, &from))
			error = acts_verify(proof->spaces[i].acts, &from, "carry", proof->signed_head->head.data,
					    proof->signed_head->head.len, proof->signed_head->signature, NULL);
	if (error)
		proof_found(proof, error == TWINLOG_NOT_A_MEMBER ? VERDICT_FOREIGN : VERDICT_ALTERED,
			    "the writer's signature: %s", twinlog_error_text(error));
}

enum twinlog_error proof_judge(struct proof *proof)
{
	enum twinlog_error error = TWINLOG_OK;
	if (!proof->head)
		return TWINLOG_OK;
	head_judge(proof);
	for (size_t i = 0; i < proof->spaces_count && !error; i++)
		error = space_judge(proof, &proof->spaces[i]);
	for (size_t i = 0; i < proof->head->n_spaces; i++) {
		struct hash id;
		if (codec_get_hash(proof->head->spaces[i]->space, &id) || !proof_space(proof, &id))
			proof_found(proof, VERDICT_MISSING, "a space that the writer names is not in the file");
	}
	for (size_t i = 0; i < proof->known_count; i++)
		if (!is_member(proof, &proof->known[i]->identity))
			proof_found(proof, VERDICT_CARD, "the card of %s: no member has its founding keys",
				    proof->known[i]->city_id);
	return error;
}

static void space_clear(struct proof_space *space)
{
	for (size_t c = 0; c < space->cities_count; c++) {
		struct proof_city *city = &space->cities[c];
		for (uint32_t i = 0; i < graph_count(city->graph) && city->seen; i++)
			free(city->seen[i].acts);
		free(city->seen);
		graph_free(city->graph);
	}
	free(space->cities);
	acts_free(space->acts);
	erasures_free(space->erasures);
}

void proof_free(struct proof *proof)
{
	for (size_t i = 0; i < proof->spaces_count; i++)
		space_clear(&proof->spaces[i]);
	for (size_t i = 0; i < proof->cards_count; i++)
		card_free(proof->cards[i]);
	for (size_t i = 0; i < proof->known_count; i++)
		card_free(proof->known[i]);
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		for (size_t i = 0; i < FINDING_LINES; i++)
			free(proof->findings[v].lines[i]);
	free(proof->spaces);
	free(proof->cards);
	free(proof->known);
	free(proof->leaves);
	arena_free(proof->arena);
}
