#include "references.h"

static bool includes_all(const struct space *wide, const struct space *narrow)
{
	size_t count;
	const struct member *members = acts_members(narrow->acts, &count);
	for (size_t i = 0; i < count; i++) {
		const struct member *there = acts_member(wide->acts, &members[i].identity);
		if (members[i].standing <= STANDING_MEMBER && (!there || there->standing != STANDING_MEMBER))
			return false;
	}
	return true;
}

/* Where the record is, when it is elsewhere; NULL when it is here, or nowhere that may be known of. */
static const struct space *elsewhere(const struct node *node, const struct space *here, const struct handle *handle)
{
	if (statements_find(here->statements, handle))
		return NULL;
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct space *space = &node->spaces.items[i];
		if (scope_has(node->scope, acts_space(space->acts)) && statements_find(space->statements, handle))
			return space;
	}
	return NULL;
}

static enum twinlog_error handle_check(const struct node *node, const struct space *here, ProtobufCBinaryData bytes,
				       const char *field, struct twinlog_fault *fault)
{
	struct handle handle;
	if (codec_get_handle(bytes, &handle))
		return TWINLOG_OK; /* another fault, told elsewhere */
	const struct space *there = elsewhere(node, here, &handle);
	if (!there || includes_all(there, here))
		return TWINLOG_OK;
	return twinlog_fault_set(fault, TWINLOG_REFERENCE_LEAVES, field, NULL);
}

static enum twinlog_error ref_check(const struct node *node, const struct space *here, const Twinlog__RecordRef *ref,
				    struct twinlog_fault *fault)
{
	const struct hash id = bytes_hash(ref->space);
	const struct space *there = node_space_find(node, &id);
	if (ref->space.len == 0)
		return handle_check(node, here, ref->handle, "same_event_as", fault);
	if (there == here || (there && scope_has(node->scope, &id) && includes_all(there, here)))
		return TWINLOG_OK;
	return twinlog_fault_set(fault, TWINLOG_REFERENCE_LEAVES, "same_event_as", NULL);
}

enum twinlog_error references_check(const struct node *node, const struct space *space, const Twinlog__Body *body,
				    struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_LINK:
		for (size_t i = 0; i < body->link->n_same_event_as && !error; i++)
			error = ref_check(node, space, body->link->same_event_as[i], fault);
		return error;
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		for (size_t i = 0; i < body->activity->n_agreements && !error; i++)
			error = handle_check(node, space, body->activity->agreements[i], "agreements", fault);
		return error;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		return handle_check(node, space, body->agreement->supersedes, "supersedes", fault);
	default:
		return TWINLOG_OK;
	}
}
