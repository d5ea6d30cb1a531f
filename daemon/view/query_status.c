#include <string.h>

#include "query_internal.h"

#define HEARD_MS 60000u /* how exactly a client of some spaces is told when a partner was heard */

static uint64_t age_ms(const struct query *query, uint64_t since_ms)
{
	return since_ms && since_ms < query->extra->now_ms ? query->extra->now_ms - since_ms : 0;
}

/* A clock ahead of ours must not make what waits look fresh: then it waits at least since that member last told of
 * itself, or since this daemon runs. */
static uint64_t since_ms(const struct query *query, uint64_t since, uint64_t position_ms)
{
	const uint64_t now_ms = query->extra->now_ms;

	if (since && since <= now_ms)
		return since;
	return position_ms && position_ms <= now_ms ? position_ms : query->extra->started_ms;
}

static uint64_t lag_ms(const struct query *query, const struct space_member_view *view)
{
	return view->lag_bundles ? age_ms(query, since_ms(query, view->lag_since_ms, view->position_ms)) : 0;
}

static const char *waiting_text(Twinlog__Waiting waiting)
{
	switch (waiting) {
	case TWINLOG__WAITING__WAITING_ANSWER:
		return "its answer to the invitation";
	case TWINLOG__WAITING__WAITING_HOURS:
		return "the hours at which it may be linked";
	case TWINLOG__WAITING__WAITING_ADDRESS:
		return "an address: neither side can be dialled";
	case TWINLOG__WAITING__WAITING_DIALLED:
		return "it to dial: it has no address";
	case TWINLOG__WAITING__WAITING_LINK:
		return "a link to it";
	case TWINLOG__WAITING__WAITING_BUNDLES:
		return "bundles that it holds and that are not here";
	case TWINLOG__WAITING__WAITING_POSITION:
		return "its confirmation that it holds everything";
	case TWINLOG__WAITING__WAITING_ERASURES:
		return "its confirmation that it has erased";
	default:
		return "";
	}
}

static bool peer_known(const struct query *query, const struct hash *identity)
{
	for (size_t i = 0; i < node_peers(query->node); i++) {
		const struct peer_view view = node_peer(query->node, i);

		if (hash_equal(&view.identity, identity))
			return !view.removed;
	}
	return false;
}

/* ---- Spaces ---- */

static enum twinlog_error member_info(const struct query *query, const struct acts *acts, const struct member *member,
				      Twinlog__SpaceMemberInfo **ret_info)
{
	Twinlog__SpaceMemberInfo *info = QUERY_NEW(query, Twinlog__SpaceMemberInfo, TWINLOG__SPACE_MEMBER_INFO__INIT);

	if (!info)
		return QUERY_FULL;
	info->identity = codec_hash(&member->identity);
	info->city_id = codec_string(member->city_id);
	info->standing = (uint32_t)member->standing;
	info->reader = member->reader;
	info->steward = member->steward;
	info->since_ms = member->since_ms;
	info->signer = codec_hash(&member->signer);
	const struct member *signer = acts_member(acts, &member->signer);
	if (signer)
		info->signer_city = codec_string(signer->city_id);
	size_t keys = 0;
	(void)acts_keys(acts, &member->identity, &keys);
	info->keys = (uint32_t)keys;
	info->self = hash_equal(&member->identity, node_identity(query->node));
	*ret_info = info;
	return TWINLOG_OK;
}

static enum twinlog_error space_info(const struct query *query, const struct space *space,
				     Twinlog__SpaceInfo **ret_info)
{
	Twinlog__SpaceInfo *info = QUERY_NEW(query, Twinlog__SpaceInfo, TWINLOG__SPACE_INFO__INIT);
	const struct acts *acts = space_acts(space);
	const struct statements *statements = space_statements(space);
	size_t count;
	const struct member *members = acts_members(acts, &count);

	if (!info || !(info->members = arena_zalloc(query->arena, count * sizeof *info->members)))
		return QUERY_FULL;
	info->space = codec_hash(acts_space(acts));
	info->title = acts_title(acts);
	info->template_ = acts_template(acts);
	info->acts = acts_count(acts);
	info->bundles = space_bundles(space);
	info->leaves = statements_leaves(statements);
	info->records = statements_shown(statements);
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error = member_info(query, acts, &members[i], &info->members[i]);

		if (error)
			return error;
		info->n_members++;
		info->invited |= info->members[i]->self && members[i].standing == STANDING_INVITED;
	}
	*ret_info = info;
	return TWINLOG_OK;
}

enum twinlog_error query_spaces(const struct query *query, const struct space *only)
{
	Twinlog__Spaces *spaces = QUERY_NEW(query, Twinlog__Spaces, TWINLOG__SPACES__INIT);
	size_t count = node_spaces(query->node);

	if (!spaces || !(spaces->spaces = arena_zalloc(query->arena, (count + 1) * sizeof *spaces->spaces)))
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++) {
		const struct space *space = node_space(query->node, i);
		enum twinlog_error error;

		if ((only && space != only) || !query_sees(query, space))
			continue;
		error = space_info(query, space, &spaces->spaces[spaces->n_spaces]);
		if (error)
			return error;
		spaces->n_spaces++;
	}
	query->reply->body_case = TWINLOG__REPLY__BODY_SPACES;
	query->reply->spaces = spaces;
	return TWINLOG_OK;
}

/* ---- Partners ---- */

static enum twinlog_error peer_names(const struct query *query, const Twinlog__CityCard *card, Twinlog__PeerInfo *info)
{
	info->names = arena_zalloc(query->arena, (card->n_names + 1) * sizeof *info->names);
	if (!info->names)
		return QUERY_FULL;
	for (size_t i = 0; i < card->n_names; i++) {
		static const char *const kinds[] = {"official", "alt", "reading", "former"};
		Twinlog__PlaceName *name = QUERY_NEW(query, Twinlog__PlaceName, TWINLOG__PLACE_NAME__INIT);

		if (!name)
			return QUERY_FULL;
		name->lang = card->names[i]->lang;
		name->text = card->names[i]->text;
		if (card->names[i]->kind < sizeof kinds / sizeof *kinds)
			name->kind = codec_string(kinds[card->names[i]->kind]);
		info->names[info->n_names++] = name;
	}
	return TWINLOG_OK;
}

static enum twinlog_error peer_spaces(const struct query *query, const struct hash *identity, Twinlog__PeerInfo *info)
{
	size_t count = node_spaces(query->node);

	info->spaces = arena_zalloc(query->arena, (count + 1) * sizeof *info->spaces);
	if (!info->spaces)
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++) {
		const struct space *space = node_space(query->node, i);
		const struct member *member = acts_member(space_acts(space), identity);
		struct space_member_view view;
		Twinlog__PeerSpace *shared;

		if (!member || member->standing > STANDING_MEMBER || !query_sees(query, space))
			continue;
		shared = QUERY_NEW(query, Twinlog__PeerSpace, TWINLOG__PEER_SPACE__INIT);
		if (!shared)
			return QUERY_FULL;
		view = space_member_view(query->node, space, identity);
		shared->space = codec_hash(acts_space(space_acts(space)));
		shared->lag_bundles = view.lag_bundles;
		shared->position_ms = view.position_ms;
		shared->missing_bundles = view.missing_bundles;
		shared->lag_ms = lag_ms(query, &view);
		shared->waiting = view.waiting;
		shared->waiting_count = view.waiting_count;
		shared->waiting_for = codec_string(waiting_text(view.waiting));
		if (view.waiting)
			shared->waiting_since_ms = since_ms(query, view.waiting_since_ms, view.position_ms);
		info->spaces[info->n_spaces++] = shared;
	}
	return TWINLOG_OK;
}

static void peer_link(const struct query *query, const struct peer_view *view, Twinlog__PeerInfo *info)
{
	bool dialled = view->card && view->card->n_addresses > 0;

	info->link = dialled ? TWINLOG__LINK_STATE__LINK_DOWN : TWINLOG__LINK_STATE__LINK_NONE;
	for (size_t i = 0; i < query->extra->links_count; i++) {
		const struct query_link *link = &query->extra->links[i];

		if (!hash_equal(&link->identity, &view->identity))
			continue;
		info->link = link->state;
		info->next_attempt_ms = link->next_attempt_ms;
		if (link->last_error_ms > info->last_error_ms) {
			info->last_error = query_text(query, link->last_error);
			info->last_error_ms = link->last_error_ms;
		}
	}
	if ((view->courier_wrote_ms || view->courier_read_ms) && !view->linked)
		info->link = TWINLOG__LINK_STATE__LINK_COURIER;
	info->courier_wrote_ms = view->courier_wrote_ms;
	info->courier_read_ms = view->courier_read_ms;
	if (view->linked)
		info->link = TWINLOG__LINK_STATE__LINK_UP;
}

/* A partner says something of one space or another: what all of it adds up to is not for whoever may know of some. */
static void peer_traffic(const struct query *query, const struct peer_view *view, Twinlog__PeerInfo *info)
{
	info->link_since_ms = view->link_since_ms;
	info->last_heard_ms = view->last_heard_ms;
	if (query_limited(query)) {
		info->narrowed = true;
		/* Idle lines say something more often than that. */
		info->last_heard_ms -= view->last_heard_ms % HEARD_MS;
		return;
	}
	info->last_error = query_text(query, view->last_error);
	info->last_error_ms = view->last_error_ms;
	info->refused = view->refused;
	info->bytes_in = view->bytes_in;
	info->bytes_out = view->bytes_out;
}

static enum twinlog_error peer_info(const struct query *query, const struct peer_view *view,
				    Twinlog__PeerInfo **ret_info)
{
	Twinlog__PeerInfo *info = QUERY_NEW(query, Twinlog__PeerInfo, TWINLOG__PEER_INFO__INIT);
	enum twinlog_error error;

	if (!info)
		return QUERY_FULL;
	/* The view is a value of its own: what it holds inline is copied. */
	info->identity = codec_bytes(arena_copy(query->arena, view->identity.bytes, HASH_SIZE), HASH_SIZE);
	if (!info->identity.data)
		return QUERY_FULL;
	info->city_id = query_text(query, view->city_id);
	info->verified = view->verified;
	info->removed = view->removed;
	info->holds_card = view->holds_card;
	peer_traffic(query, view, info);
	info->limited = view->rate != BUDGET_NONE;
	info->rate = info->limited ? view->rate : 0;
	peer_link(query, view, info);
	if (view->card) {
		info->serial = view->card->serial;
		info->city_key = view->card->city_key;
		info->n_addresses = view->card->n_addresses;
		info->addresses = view->card->addresses;
		error = peer_names(query, view->card, info);
		if (error)
			return error;
	}
	error = peer_spaces(query, &view->identity, info);
	if (error)
		return error;
	*ret_info = info;
	return TWINLOG_OK;
}

enum twinlog_error query_peers(const struct query *query, Twinlog__PeerInfo ***ret_peers, size_t *ret_count)
{
	size_t count = node_peers(query->node), known = 0;
	const bool limited = query_limited(query);
	Twinlog__PeerInfo **peers = arena_zalloc(query->arena, (count + 1) * sizeof *peers);

	if (!peers)
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++) {
		const struct peer_view view = node_peer(query->node, i);
		enum twinlog_error error = peer_info(query, &view, &peers[known]);

		if (error)
			return error;
		/* Who shares none of the spaces that may be known of is not known either. */
		known += !limited || peers[known]->n_spaces > 0;
	}
	*ret_peers = peers;
	*ret_count = known;
	return TWINLOG_OK;
}

/* ---- Status ---- */

static enum twinlog_error member_status(const struct query *query, const struct space *space,
					const struct member *member, Twinlog__MemberStatus **ret_status)
{
	Twinlog__MemberStatus *status = QUERY_NEW(query, Twinlog__MemberStatus, TWINLOG__MEMBER_STATUS__INIT);
	const struct space_member_view view = space_member_view(query->node, space, &member->identity);

	if (!status)
		return QUERY_FULL;
	status->identity = codec_hash(&member->identity);
	status->city_id = codec_string(member->city_id);
	status->reader = member->reader;
	status->bundles = view.bundles;
	status->newest_ms = view.newest_ms;
	status->position_ms = view.position_ms;
	status->lag_bundles = view.lag_bundles;
	status->lag_ms = lag_ms(query, &view);
	status->carded = peer_known(query, &member->identity);
	status->erasures = space_erasures_at(query->node, space, &member->identity);
	status->self = hash_equal(&member->identity, node_identity(query->node));
	*ret_status = status;
	return TWINLOG_OK;
}

static bool invited(const struct acts *acts, const struct hash *self)
{
	const struct member *member = acts_member(acts, self);

	return member && member->standing == STANDING_INVITED;
}

static struct hash whole_digest(const struct space *space)
{
	struct hash parts[3];

	space_digest(space, &parts[0], &parts[1]);
	parts[2] = *erasures_digest(space_erasures(space));
	return seal_hash1("space", parts, sizeof parts);
}

enum twinlog_error query_space_status(const struct query *query, const struct space *space,
				      Twinlog__SpaceStatus **ret_status)
{
	Twinlog__SpaceStatus *status = QUERY_NEW(query, Twinlog__SpaceStatus, TWINLOG__SPACE_STATUS__INIT);
	const struct hash whole = whole_digest(space);
	const struct acts *acts = space_acts(space);
	size_t count;
	const struct member *members = acts_members(acts, &count);

	if (!status || !(status->members = arena_zalloc(query->arena, (count + 1) * sizeof *status->members)))
		return QUERY_FULL;
	status->space = codec_hash(acts_space(acts));
	status->title = acts_title(acts);
	status->records = statements_shown(space_statements(space));
	status->erasures = erasures_committed(space_erasures(space));
	status->digest = codec_bytes(arena_copy(query->arena, whole.bytes, HASH_SIZE), HASH_SIZE);
	if (!status->digest.data)
		return QUERY_FULL;
	status->invited = invited(acts, node_identity(query->node));
	status->only_here = space_only_here(query->node, space, &status->only_here_since_ms);
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error;

		/* Who never belonged has nothing here and holds nothing. */
		if (!members[i].ever_member)
			continue;
		error = member_status(query, space, &members[i], &status->members[status->n_members]);
		if (error)
			return error;
		status->n_members++;
	}
	*ret_status = status;
	return TWINLOG_OK;
}

/* What is of the machine, and so of all spaces. */
static enum twinlog_error status_machine(const struct query *query, Twinlog__Status *status)
{
	status->commits = node_commit(query->node);
	status->store_bytes = query->extra->store_bytes;
	status->disk_free_bytes = query->extra->disk_free_bytes;
	status->n_held = query->extra->held ? QUERY_HELD : 0;
	status->held = arena_copy(query->arena, query->extra->held, status->n_held * sizeof *status->held);
	return status->n_held > 0 && !status->held ? QUERY_FULL : TWINLOG_OK;
}

enum twinlog_error query_status(const struct query *query)
{
	Twinlog__Status *status = QUERY_NEW(query, Twinlog__Status, TWINLOG__STATUS__INIT);
	size_t count = node_spaces(query->node);
	enum twinlog_error error;

	if (!status || !(status->spaces = arena_zalloc(query->arena, (count + 1) * sizeof *status->spaces)))
		return QUERY_FULL;
	status->identity = codec_hash(node_identity(query->node));
	status->city_id = codec_string(node_city_id(query->node));
	status->version = query_text(query, query->extra->version);
	status->now_ms = query->extra->now_ms;
	status->started_ms = query->extra->started_ms;
	status->machine = node_machine(query->node);
	status->narrowed = query_limited(query);
	error = status->narrowed ? TWINLOG_OK : status_machine(query, status);
	if (error)
		return error;
	status->warning = query_text(query, query->extra->warning);
	error = query_peers(query, &status->peers, &status->n_peers);
	for (size_t i = 0; !error && i < count; i++) {
		const struct space *space = node_space(query->node, i);

		if (!query_sees(query, space))
			continue;
		error = query_space_status(query, space, &status->spaces[status->n_spaces]);
		status->n_spaces += !error;
	}
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_STATUS;
	query->reply->status = status;
	return TWINLOG_OK;
}
