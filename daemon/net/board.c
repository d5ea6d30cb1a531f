#include "board.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

void board_init(struct board *board)
{
	*board = (struct board){0};
	pthread_mutex_init(&board->mutex, NULL);
}

void board_free(struct board *board)
{
	pthread_mutex_destroy(&board->mutex);
	free(board->links);
	*board = (struct board){0};
}

/* With the mutex held; NULL when memory is out. */
static struct query_link *board_link(struct board *board, const struct hash *identity)
{
	for (size_t i = 0; i < board->count; i++)
		if (hash_equal(&board->links[i].identity, identity))
			return &board->links[i];
	struct query_link *links = realloc(board->links, (board->count + 1) * sizeof *links);
	if (!links)
		return NULL;
	board->links = links;
	links[board->count] = (struct query_link){.identity = *identity};
	return &links[board->count++];
}

void board_set(struct board *board, const struct hash *identity, uint32_t state, uint64_t next_attempt_ms,
	       const char *error, uint64_t now_ms)
{
	pthread_mutex_lock(&board->mutex);
	struct query_link *link = board_link(board, identity);
	if (link) {
		link->state = state;
		link->next_attempt_ms = next_attempt_ms;
		if (error) {
			snprintf(link->last_error, sizeof link->last_error, "%s", error);
			link->last_error_ms = now_ms;
		}
	}
	pthread_mutex_unlock(&board->mutex);
}

void board_warn(struct board *board, const char *warning)
{
	pthread_mutex_lock(&board->mutex);
	board->warning = warning;
	pthread_mutex_unlock(&board->mutex);
}

struct query_link *board_copy(struct board *board, size_t *ret_count, const char **ret_warning)
{
	pthread_mutex_lock(&board->mutex);
	struct query_link *copy = board->count ? malloc(board->count * sizeof *copy) : NULL;
	if (copy)
		memcpy(copy, board->links, board->count * sizeof *copy);
	*ret_count = copy ? board->count : 0;
	*ret_warning = board->warning;
	pthread_mutex_unlock(&board->mutex);
	return copy;
}

void board_note_held(struct board *board, uint64_t us)
{
	const uint64_t ms = us / 1000 < QUERY_HELD ? us / 1000 : QUERY_HELD - 1;

	atomic_fetch_add_explicit(&board->held[ms], 1, memory_order_relaxed);
}

void board_held(struct board *board, uint64_t ret[QUERY_HELD])
{
	for (size_t i = 0; i < QUERY_HELD; i++)
		ret[i] = atomic_load_explicit(&board->held[i], memory_order_relaxed);
}
