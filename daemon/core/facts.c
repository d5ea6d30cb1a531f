#include "facts_internal.h"

#include <stddef.h>
#include <string.h>

static size_t details_offset(const struct facts *facts)
{
	size_t ids = (size_t)facts->cities_count + facts->fields_count;

	return (offsetof(struct facts, ids) + ids * sizeof(uint32_t) + 7) & ~(size_t)7;
}

const struct detail *facts_details(const struct facts *facts)
{
	return (const struct detail *)(const void *)((const uint8_t *)facts + details_offset(facts));
}

size_t facts_size(const struct facts *facts)
{
	size_t size = details_offset(facts) + facts->details_count * sizeof(struct detail);

	return size < sizeof(struct facts) ? sizeof(struct facts) : size;
}

uint64_t facts_body_hash(const void *body, size_t size)
{
	/* Multiply and fold over words of eight bytes. Whoever makes two of its own bodies collide hides nothing but a
	 * conflict with itself, so speed is all that matters here. */
	const uint8_t *bytes = body;
	uint64_t hash = size * 0x9e3779b97f4a7c15u;

	while (size > 0) {
		uint64_t word = 0;
		size_t part = size < sizeof word ? size : sizeof word;

		memcpy(&word, bytes, part);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
		bytes += part;
		size -= part;
	}
	return hash;
}

uint32_t build_name(struct builder *builder, ProtobufCBinaryData text)
{
	uint32_t name = NAME_NONE;

	if (!builder->error)
		builder->error = names_add(builder->names, text.data, text.len, &name);
	return name;
}

static bool build_has(const uint32_t *ids, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static void build_city(struct builder *builder, ProtobufCBinaryData text)
{
	struct facts *facts = builder->facts;
	uint32_t id = build_name(builder, text);

	/* A sound body names no more than TWINLOG_RECORD_CITIES_MAX; only an envelope whose body is gone or void can.
	 */
	if (id == NAME_NONE || facts->cities_count >= TWINLOG_RECORD_CITIES_MAX ||
	    build_has(facts->ids, facts->cities_count, id))
		return;
	facts->ids[facts->cities_count++] = id;
}

static void build_field(struct builder *builder, ProtobufCBinaryData text)
{
	struct facts *facts = builder->facts;
	uint32_t *fields = facts->ids + facts->cities_count;
	uint32_t id = build_name(builder, text);

	if (id == NAME_NONE || facts->fields_count >= TWINLOG_LIST_MAX || build_has(fields, facts->fields_count, id))
		return;
	fields[facts->fields_count++] = id;
}

static struct edtf build_date(ProtobufCBinaryData text)
{
	struct edtf date = {0};

	if (text.len == 0 || edtf_parse(text.data, text.len, &date))
		return (struct edtf){.precision = EDTF_NONE};
	return date;
}

static void build_activity(struct builder *builder, const Twinlog__Activity *activity)
{
	struct facts *facts = builder->facts;
	bool silent = activity->status.len == 0;

	for (size_t i = 0; i < activity->n_cities; i++)
		build_city(builder, activity->cities[i]->city_id);
	for (size_t i = 0; i < activity->n_fields; i++)
		build_field(builder, activity->fields[i]);
	facts->form = build_name(builder, activity->form);
	facts->mode = build_name(builder, activity->mode);
	facts->status = build_name(builder, silent ? codec_string("held") : activity->status);
	facts->direction = build_name(builder, activity->direction);
	facts->planned = codec_equal(activity->status, "planned");
	facts->held = silent || codec_equal(activity->status, "held");
	facts->start = build_date(activity->start);
	facts->end = build_date(activity->end);
	if (activity->participants && activity->participants->total) {
		facts->has_participants = true;
		facts->participants = activity->participants->total->value;
	}
}

static void build_agreement(struct builder *builder, const Twinlog__Agreement *agreement)
{
	struct facts *facts = builder->facts;

	for (size_t i = 0; i < agreement->n_parties; i++)
		build_city(builder, agreement->parties[i]);
	for (size_t i = 0; i < agreement->n_fields; i++)
		build_field(builder, agreement->fields[i]);
	facts->status = build_name(builder, agreement->status);
	facts->relation = build_name(builder, agreement->relation_type);
	facts->start = build_date(agreement->established);
}

uint64_t facts_token(ProtobufCBinaryData token)
{
	uint64_t word = 0;

	if (token.len == HANDLE_SIZE)
		memcpy(&word, token.data, sizeof word);
	return word;
}

enum twinlog_error facts_build(struct names *names, const struct leaf *leaf, const Twinlog__Body *body,
			       struct facts *facts)
{
	struct builder builder = {.names = names, .facts = facts, .error = TWINLOG_OK};
	uint32_t word = facts->word;

	memset(facts, 0, sizeof *facts);
	facts->word = word;
	facts->kind = leaf->kind;
	for (size_t i = 0; i < leaf->cities_count; i++)
		build_city(&builder, leaf->cities[i]);
	facts->named_count = facts->cities_count;
	if (!body)
		return builder.error;
	facts->values = true;
	facts->token = facts_token(body->token);
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		build_activity(&builder, body->activity);
		break;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		build_agreement(&builder, body->agreement);
		break;
	case TWINLOG__BODY__CONTENT_CITY:
		facts->subdivision = build_name(&builder, body->city->subdivision);
		break;
	default:
		break; /* a kind of a newer version has no facts that are known here */
	}
	build_details(&builder, body);
	return builder.error;
}

static uint32_t translate(struct builder *builder, const struct names *from, uint32_t name)
{
	size_t size;
	const char *text = names_text(from, name, &size);

	return build_name(builder, codec_bytes(text, size));
}

enum twinlog_error facts_translate(const struct facts *facts, const struct names *from, struct names *to,
				   struct facts *out)
{
	struct builder builder = {.names = to, .facts = out, .error = TWINLOG_OK};
	const size_t ids = (size_t)facts->cities_count + facts->fields_count;

	memcpy(out, facts, offsetof(struct facts, ids) + ids * sizeof *facts->ids);
	out->details_count = 0;
	for (size_t i = 0; i < ids; i++)
		out->ids[i] = translate(&builder, from, facts->ids[i]);
	out->form = translate(&builder, from, facts->form);
	out->mode = translate(&builder, from, facts->mode);
	out->status = translate(&builder, from, facts->status);
	out->direction = translate(&builder, from, facts->direction);
	out->relation = translate(&builder, from, facts->relation);
	out->subdivision = translate(&builder, from, facts->subdivision);
	return builder.error;
}

void facts_forget(struct facts *facts)
{
	const size_t size = facts_size(facts);
	const struct facts kept = {.word = facts->word,
				   .kind = facts->kind,
				   .cities_count = facts->named_count,
				   .named_count = facts->named_count};
	uint8_t *after = (uint8_t *)(facts->ids + facts->named_count);

	memset(after, 0, (size_t)((uint8_t *)facts + size - after));
	memcpy(facts, &kept, offsetof(struct facts, ids));
}

/* Lists compare as sets; both hold each id once. Most are equal in order too. */
static bool ids_equal(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	if (memcmp(a, b, a_count * sizeof *a) == 0)
		return true;
	for (size_t i = 0; i < a_count; i++)
		if (!build_has(b, b_count, a[i]))
			return false;
	return true;
}

/* DOMAIN: "absent is not different". */
static bool names_differ(uint32_t a, uint32_t b)
{
	return a != NAME_NONE && b != NAME_NONE && a != b;
}

static bool dates_differ(const struct edtf *a, const struct edtf *b)
{
	return a->precision != EDTF_NONE && b->precision != EDTF_NONE && !edtf_match(a, b);
}

uint32_t facts_compare(const struct facts *a, const struct facts *b, uint32_t *ret_pending)
{
	uint32_t differing = 0, pending = 0;
	const uint32_t *a_fields = a->ids + a->cities_count;
	const uint32_t *b_fields = b->ids + b->cities_count;

	if (ret_pending)
		*ret_pending = 0;
	/* Without values there is nothing to hold against the other. */
	if (!a->values || !b->values)
		return 0;
	if (a->cities_count && b->cities_count && !ids_equal(a->ids, a->cities_count, b->ids, b->cities_count))
		differing |= FACT_CITIES;
	if (dates_differ(&a->start, &b->start))
		differing |= FACT_START;
	if (dates_differ(&a->end, &b->end))
		differing |= FACT_END;
	if (a->fields_count && b->fields_count && !ids_equal(a_fields, a->fields_count, b_fields, b->fields_count))
		differing |= FACT_FIELDS;
	if (names_differ(a->form, b->form))
		differing |= FACT_FORM;
	if (names_differ(a->direction, b->direction))
		differing |= FACT_DIRECTION;
	if (names_differ(a->mode, b->mode))
		differing |= FACT_MODE;
	if (a->has_participants && b->has_participants && a->participants != b->participants)
		differing |= FACT_PARTICIPANTS;
	if (names_differ(a->relation, b->relation))
		differing |= FACT_RELATION;
	/* DOMAIN: "`planned` against `held` is 'not yet updated', not a difference". */
	if ((a->planned && b->held) || (a->held && b->planned))
		pending |= FACT_STATUS;
	else if (names_differ(a->status, b->status))
		differing |= FACT_STATUS;
	if (ret_pending)
		*ret_pending = pending;
	return differing;
}

uint32_t facts_days(const struct facts *facts)
{
	int32_t first, last, end_first, end_last;

	if (facts->start.precision == EDTF_NONE)
		return UINT32_MAX;
	edtf_span(&facts->start, &first, &last);
	if (facts->end.precision != EDTF_NONE) {
		edtf_span(&facts->end, &end_first, &end_last);
		if (end_last > last)
			last = end_last;
	}
	return (uint32_t)(last - first) + 1;
}

bool facts_has_city(const struct facts *facts, uint32_t city)
{
	return build_has(facts->ids, facts->cities_count, city);
}

bool facts_names(const struct facts *facts, uint32_t city)
{
	return build_has(facts->ids, facts->named_count, city);
}
