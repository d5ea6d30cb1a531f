/* What a person edited in a row that export wrote: the row beside the version that it was written from, both as rows
 * say them. What is edited goes onto the city's own statement; nothing else of the row does, since it may be a
 * partner's word. */
#include <string.h>

#include "sheet_internal.h"

struct edit {
	struct arena *arena;
	const struct draft *draft;
	const ProtobufCMessage *const *earlier; /* what the city said of it since, and took back */
	size_t earlier_count;
};

static bool is_named(const ProtobufCFieldDescriptor *field, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(field->name, names[i]) == 0)
			return true;
	return false;
}

/* Whether the cells of a field are as they were written. An emptied one says nothing. */
static enum twinlog_error field_stands(const struct edit *edit, const ProtobufCMessage *sheet,
				       const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field,
				       bool *ret_stands)
{
	*ret_stands = field_size(sheet, field) == 0 || draft_field_alike(edit->draft, sheet, base, field);
	return *ret_stands ? TWINLOG_OK : draft_field_equal(edit->arena, sheet, base, field, ret_stands);
}

enum twinlog_error draft_edited(struct arena *arena, const struct draft *draft, const struct draft *base,
				bool *ret_edited)
{
	const struct edit edit = {.arena = arena, .draft = draft};
	const ProtobufCMessage *sheet = body_content(draft->body), *was = body_content(base->body);
	bool stands = draft->body->note.len == 0 || bytes_equal(draft->body->note, base->body->note);
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned i = 0; i < sheet->descriptor->n_fields && !error && stands; i++)
		error = field_stands(&edit, sheet, was, &sheet->descriptor->fields[i], &stands);
	*ret_edited = !stands;
	return error;
}

/* ---- Fields of several cells ---- */

static ProtobufCMessage *message_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return *(ProtobufCMessage *const *)(const void *)((const uint8_t *)message + field->offset);
}

static ProtobufCMessage **list_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return *(ProtobufCMessage * *const *)(const void *)((const uint8_t *)message + field->offset);
}

static ProtobufCMessage *message_copy(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
				      const ProtobufCMessage *message)
{
	if (message)
		return arena_copy(arena, message, descriptor->sizeof_message);
	ProtobufCMessage *made = arena_alloc(arena, descriptor->sizeof_message);

	if (made)
		protobuf_c_message_init(descriptor, made);
	return made;
}

static enum twinlog_error message_edit(const struct edit *edit, const ProtobufCMessage *sheet,
				       const ProtobufCMessage *base, ProtobufCMessage *onto);

/* Cell by cell: a total and a private one, a title and an address. */
static enum twinlog_error parts_edit(const struct edit *edit, const ProtobufCMessage *sheet,
				     const ProtobufCMessage *base, ProtobufCMessage *onto,
				     const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *descriptor = field->descriptor;
	const ProtobufCMessage **earlier = arena_alloc(edit->arena, (edit->earlier_count + 1) * sizeof *earlier);
	const ProtobufCMessage *was = message_at(base, field);
	ProtobufCMessage *part = message_copy(edit->arena, descriptor, message_at(onto, field));
	struct edit inner = {.arena = edit->arena, .draft = edit->draft, .earlier = earlier};

	if (!was)
		was = message_copy(edit->arena, descriptor, NULL);
	if (!earlier || !part || !was)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < edit->earlier_count; i++)
		if (message_at(edit->earlier[i], field))
			earlier[inner.earlier_count++] = message_at(edit->earlier[i], field);
	memcpy((uint8_t *)onto + field->offset, &(void *){part}, sizeof(void *));
	return message_edit(&inner, message_at(sheet, field), was, part);
}

/* Who did it: level, kind and organisation of the first have columns. */
static enum twinlog_error actor_edit(const struct edit *edit, const ProtobufCMessage *sheet,
				     const ProtobufCMessage *base, ProtobufCMessage *onto,
				     const ProtobufCFieldDescriptor *field)
{
	const struct edit inner = {.arena = edit->arena, .draft = edit->draft};
	const ProtobufCMessage *was = field_size(base, field) ? list_at(base, field)[0] : NULL;
	ProtobufCMessage **list = arena_copy(edit->arena, list_at(onto, field), field_size(onto, field) * sizeof *list);
	ProtobufCMessage *first = list ? message_copy(edit->arena, field->descriptor, list[0]) : NULL;

	if (!was)
		was = message_copy(edit->arena, field->descriptor, NULL);
	if (!first || !was)
		return TWINLOG_NO_MEMORY;
	list[0] = first;
	memcpy((uint8_t *)onto + field->offset, &(void *){list}, sizeof(void *));
	return message_edit(&inner, list_at(sheet, field)[0], was, first);
}

/* The first of a list have columns; those behind them stay. */
static enum twinlog_error head_edit(const struct edit *edit, const ProtobufCMessage *sheet, ProtobufCMessage *onto,
				    const ProtobufCFieldDescriptor *field, size_t size)
{
	const size_t head = field_size(sheet, field), old = field_size(onto, field);
	const size_t tail = old > head ? old - head : 0;
	const uint8_t *from = *(uint8_t *const *)(const void *)((const uint8_t *)onto + field->offset);
	uint8_t *list = arena_alloc(edit->arena, (head + tail) * size);

	if (!list)
		return TWINLOG_NO_MEMORY;
	memcpy(list, *(uint8_t *const *)(const void *)((const uint8_t *)sheet + field->offset), head * size);
	if (tail > 0)
		memcpy(list + head * size, from + head * size, tail * size);
	memcpy((uint8_t *)onto + field->offset, &(void *){list}, sizeof(void *));
	memcpy((uint8_t *)onto + field->quantifier_offset, &(size_t){head + tail}, sizeof(size_t));
	return TWINLOG_OK;
}

/* A city that stays keeps its role, which has no column. */
static void roles_keep(const Twinlog__Activity *from, const Twinlog__Activity *sheet)
{
	for (size_t i = 0; i < sheet->n_cities; i++)
		for (size_t k = 0; k < from->n_cities; k++)
			if (bytes_equal(sheet->cities[i]->city_id, from->cities[k]->city_id))
				sheet->cities[i] = from->cities[k];
}

static bool same_column(const Twinlog__PlaceName *a, const Twinlog__PlaceName *b)
{
	return bytes_equal(a->lang, b->lang) && codec_equal(a->kind, "reading") == codec_equal(b->kind, "reading");
}

/* A name that was edited takes the place of the one that its column shows. */
static enum twinlog_error names_edit(const struct edit *edit, const Twinlog__City *sheet, const Twinlog__City *base,
				     Twinlog__City *onto)
{
	const size_t room = onto->n_names + sheet->n_names;
	Twinlog__PlaceName **names = arena_alloc(edit->arena, room * sizeof *names);

	if (!names)
		return TWINLOG_NO_MEMORY;
	if (onto->n_names > 0)
		memcpy(names, onto->names, onto->n_names * sizeof *names);
	for (size_t i = 0; i < sheet->n_names; i++) {
		Twinlog__PlaceName *name = sheet->names[i];
		size_t at = 0;

		while (at < base->n_names && !bytes_equal(base->names[at]->text, name->text))
			at++;
		if (at < base->n_names)
			continue;
		for (at = 0; at < onto->n_names && !same_column(names[at], name);)
			at++;
		names[at] = name;
		onto->n_names += at == onto->n_names;
	}
	onto->names = names;
	return TWINLOG_OK;
}

/* ---- One field ---- */

static enum twinlog_error field_edit(const struct edit *edit, const ProtobufCMessage *sheet,
				     const ProtobufCMessage *base, ProtobufCMessage *onto,
				     const ProtobufCFieldDescriptor *field)
{
	static const char *const parts[] = {"participants", "source"}, *const texts[] = {"titles", "summaries"},
				 *const actors[] = {"actors"}, *const parties[] = {"parties"},
				 *const cities[] = {"cities"}, *const names[] = {"names"};

	if (is_named(field, parts, 2))
		return parts_edit(edit, sheet, base, onto, field);
	if (is_named(field, actors, 1) && field_size(onto, field) > 0)
		return actor_edit(edit, sheet, base, onto, field);
	if (is_named(field, names, 1))
		return names_edit(edit, (const Twinlog__City *)sheet, (const Twinlog__City *)base,
				  (Twinlog__City *)onto);
	if (is_named(field, texts, 2))
		return head_edit(edit, sheet, onto, field, sizeof(void *));
	if (is_named(field, parties, 1))
		return head_edit(edit, sheet, onto, field, sizeof(ProtobufCBinaryData));
	if (is_named(field, cities, 1))
		roles_keep((const Twinlog__Activity *)onto, (const Twinlog__Activity *)sheet);
	draft_field_take(onto, sheet, field);
	return TWINLOG_OK;
}

static enum twinlog_error message_edit(const struct edit *edit, const ProtobufCMessage *sheet,
				       const ProtobufCMessage *base, ProtobufCMessage *onto)
{
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned i = 0; i < sheet->descriptor->n_fields && !error; i++) {
		const ProtobufCFieldDescriptor *field = &sheet->descriptor->fields[i];
		bool leave;

		error = field_stands(edit, sheet, base, field, &leave);
		for (size_t k = 0; k < edit->earlier_count && !error && !leave; k++)
			error = draft_field_equal(edit->arena, edit->earlier[k], sheet, field, &leave);
		if (!error && !leave)
			error = field_edit(edit, sheet, base, onto, field);
	}
	return error;
}

/* ---- The statement ---- */

/* A summary without a title stands where a short title would. */
static void words_as_written(struct draft *draft, const Twinlog__Body *written)
{
	Twinlog__Activity *activity = draft->body->activity;

	if (written->activity->n_titles > 0 || written->activity->n_summaries == 0 || activity->n_summaries > 0)
		return;
	activity->summaries = activity->titles;
	activity->n_summaries = activity->n_titles;
	activity->n_titles = 0;
}

enum twinlog_error draft_as_written(struct arena *arena, struct draft *draft, const Twinlog__Body *written)
{
	if (draft->kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT)
		return agreement_values(arena, draft);
	if (draft->kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
		words_as_written(draft, written);
	return TWINLOG_OK;
}

enum twinlog_error draft_edit(struct arena *arena, struct draft *draft, const struct draft *base,
			      const struct draft_past *past, enum draft_change *ret_change)
{
	const ProtobufCMessage *before = body_content(past->current), *sheet = body_content(draft->body);
	const ProtobufCMessage **earlier = arena_alloc(arena, (past->earlier_count + 1) * sizeof *earlier);
	ProtobufCMessage *content = message_copy(arena, before->descriptor, before);
	Twinlog__Body *body = arena_copy(arena, past->current, sizeof *body);
	struct edit edit = {.arena = arena, .draft = draft, .earlier = earlier};
	bool equal = false;

	if (!earlier || !content || !body)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < past->earlier_count; i++) {
		const ProtobufCMessage *said = body_content(past->earlier[i]);

		if (said && said->descriptor == sheet->descriptor)
			earlier[edit.earlier_count++] = said;
	}
	enum twinlog_error error = message_edit(&edit, sheet, body_content(base->body), content);
	body->activity = (Twinlog__Activity *)content; /* whichever of the kinds it is */
	if (draft->body->note.len > 0 && !bytes_equal(draft->body->note, base->body->note))
		body->note = draft->body->note;
	if (!error)
		error = draft_bodies_equal(arena, body, past->current, &equal);
	if (error)
		return error;
	draft->body = body;
	draft->report = past->report && (draft->report || draft->kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT);
	*ret_change = equal && draft->report == past->report ? DRAFT_UNCHANGED : DRAFT_AMENDED;
	return TWINLOG_OK;
}
