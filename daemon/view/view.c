/* The view of all spaces, and its lock. */
#include "view.h"

#include <pthread.h>
#include <stdlib.h>

struct view {
	pthread_rwlock_t lock;
	struct view_space **spaces; /* as node_space */
	size_t count;
	struct leaves *leaves;
	struct copies *copies; /* once two spaces have records */
};

enum twinlog_error view_new(struct view **ret_view)
{
	struct view *view = calloc(1, sizeof *view);

	if (!view)
		return TWINLOG_NO_MEMORY;
	if (leaves_new(&view->leaves)) {
		free(view);
		return TWINLOG_NO_MEMORY;
	}
	if (pthread_rwlock_init(&view->lock, NULL)) {
		leaves_free(view->leaves);
		free(view);
		return TWINLOG_NO_MEMORY;
	}
	*ret_view = view;
	return TWINLOG_OK;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < view->count; i++)
		view_space_free(view->spaces[i]);
	free(view->spaces);
	leaves_free(view->leaves);
	copies_free(view->copies);
	pthread_rwlock_destroy(&view->lock);
	free(view);
}

/* Spaces are only ever added to a node. */
static enum twinlog_error view_spaces(struct view *view, const struct node *node)
{
	size_t count = node_spaces(node);
	struct view_space **spaces;

	if (view->count == count)
		return TWINLOG_OK;
	spaces = realloc(view->spaces, count * sizeof(*spaces));
	if (!spaces)
		return TWINLOG_NO_MEMORY;
	view->spaces = spaces;
	while (view->count < count) {
		const struct space *space = node_space(node, view->count);
		enum twinlog_error error = view_space_new(space_statements(space), space_acts(space),
							  node_identity(node), &spaces[view->count]);

		if (error)
			return error;
		view->count++;
	}
	return TWINLOG_OK;
}

static bool view_is_current(const struct view *view, const struct node *node, bool changes)
{
	if (view->count != node_spaces(node))
		return false;
	for (size_t i = 0; i < view->count; i++)
		if (!view_space_is_current(view->spaces[i]) || (changes && !view->spaces[i]->ranks_changes))
			return false;
	return true;
}

static bool view_is_tidy(const struct view *view)
{
	for (size_t i = 0; i < view->count; i++)
		if (!view_space_is_tidy(view->spaces[i]))
			return false;
	return true;
}

/* Nothing is copied within one space. */
static enum twinlog_error view_copies(struct view *view)
{
	size_t filled = 0;
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; !view->copies && filled < 2 && i < view->count; i++)
		filled += statements_records(view->spaces[i]->statements) > 0;
	if (!view->copies && filled < 2)
		return TWINLOG_OK;
	if (!view->copies)
		error = copies_new(&view->copies);
	for (size_t i = 0; !error && i < view->count; i++)
		if (!view->spaces[i]->copies)
			error = view_space_mark_copies(view->spaces[i], view->copies);
	return error;
}

static enum twinlog_error view_take(struct view *view, const struct node *node, bool changes, uint32_t max)
{
	enum twinlog_error error = view_spaces(view, node);

	if (!error)
		error = view_copies(view);

	for (size_t i = 0; !error && i < view->count; i++) {
		if (!view_space_is_current(view->spaces[i]))
			error = view_space_catch_up(view->spaces[i], max);
		if (!error && changes)
			error = view_space_rank_changes(view->spaces[i]);
	}
	return error;
}

enum twinlog_error view_begin(struct view *view, const struct node *node, bool changes)
{
	enum twinlog_error error = TWINLOG_OK;

	pthread_rwlock_rdlock(&view->lock);
	while (!error && !view_is_current(view, node, changes)) {
		pthread_rwlock_unlock(&view->lock);
		pthread_rwlock_wrlock(&view->lock);
		error = view_take(view, node, changes, UINT32_MAX);
		pthread_rwlock_unlock(&view->lock);
		pthread_rwlock_rdlock(&view->lock);
	}
	if (error)
		pthread_rwlock_unlock(&view->lock);
	return error;
}

void view_end(struct view *view)
{
	pthread_rwlock_unlock(&view->lock);
}

struct leaves *view_leaves(const struct view *view)
{
	return view->leaves;
}

const struct view_space *view_at(const struct view *view, size_t index)
{
	return view->spaces[index];
}

void view_watch(struct view *view, size_t index, struct view_watch *watch)
{
	pthread_rwlock_wrlock(&view->lock);
	watch->next = view->spaces[index]->watches;
	view->spaces[index]->watches = watch;
	pthread_rwlock_unlock(&view->lock);
}

void view_unwatch(struct view *view, size_t index, struct view_watch *watch)
{
	struct view_watch **at;

	pthread_rwlock_wrlock(&view->lock);
	for (at = &view->spaces[index]->watches; *at != watch; at = &(*at)->next)
		;
	*at = watch->next;
	pthread_rwlock_unlock(&view->lock);
}

static bool view_has_nothing_left(const struct view *view, const struct node *node)
{
	return view_is_current(view, node, false) && view_is_tidy(view);
}

enum twinlog_error view_catch_up(struct view *view, const struct node *node, uint32_t max, bool *ret_done)
{
	enum twinlog_error error = TWINLOG_OK;
	bool nothing_left;

	pthread_rwlock_rdlock(&view->lock);
	nothing_left = view_has_nothing_left(view, node);
	pthread_rwlock_unlock(&view->lock);
	if (nothing_left) {
		*ret_done = true;
		return TWINLOG_OK;
	}
	pthread_rwlock_wrlock(&view->lock);
	if (!view_is_current(view, node, false))
		error = view_take(view, node, false, max);
	else
		for (size_t i = 0; i < view->count; i++)
			view_space_tidy(view->spaces[i]);
	if (!error)
		*ret_done = view_has_nothing_left(view, node);
	pthread_rwlock_unlock(&view->lock);
	return error;
}
