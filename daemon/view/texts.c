#include "texts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_view.h"
#include "record.pb-c.h"
#include "text.h"
#include "twinlog/limits.h"

/* ---- Making rows ---- */

struct entry {
	uint32_t before; /* sequence of the row less that of the bundle */
	uint32_t leaf;
	uint32_t end;
};
#define ROW_HEAD sizeof(uint32_t)

/* A row in the making. Entries hold sequence numbers from first on, until the row's own is known. */
struct row {
	struct arena *scratch; /* for one body at a time */
	uint64_t first, last;
	struct entry *entries;
	uint32_t count, capacity;
	char *texts;
	size_t size, room;
	enum twinlog_error error;
};

static bool row_room(struct row *row, size_t more)
{
	size_t room = row->room ? row->room : 4096;
	char *texts;

	if (row->texts && row->size + more <= row->room)
		return true;
	while (room < row->size + more)
		room *= 2;
	texts = realloc(row->texts, room);
	if (!texts) {
		row->error = TWINLOG_NO_MEMORY;
		return false;
	}
	row->texts = texts;
	row->room = room;
	return true;
}

static void put_text(struct row *row, ProtobufCBinaryData text)
{
	size_t size;
	char *folded;

	if (row->error || text.len == 0 || !row_room(row, text.len + 1))
		return;
	if (!text_fold_quick(text.data, text.len, row->texts + row->size, &size)) {
		row->error = text_fold(text.data, text.len, &folded, &size);
		if (row->error == TWINLOG_BAD_UTF8)
			row->error = TWINLOG_OK, size = 0, folded = NULL; /* of a void body */
		if (row->error || !row_room(row, size + 1))
			return;
		if (size > 0)
			memcpy(row->texts + row->size, folded, size);
		free(folded);
	}
	row->size += size;
	row->texts[row->size++] = '\n';
}

static void put_texts(struct row *row, Twinlog__Text *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_text(row, texts[i]->text);
}

static void put_quotes(struct row *row, Twinlog__Quote *const *quotes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_text(row, quotes[i]->note);
}

static void put_source(struct row *row, const Twinlog__Source *source)
{
	if (!source)
		return;
	put_text(row, source->title);
	put_text(row, source->uri);
}

static void put_activity(struct row *row, const Twinlog__Activity *activity)
{
	put_texts(row, activity->titles, activity->n_titles);
	put_texts(row, activity->summaries, activity->n_summaries);
	for (size_t i = 0; i < activity->n_actors; i++)
		put_text(row, activity->actors[i]->org);
	put_text(row, activity->result);
	put_text(row, activity->external_id);
	put_quotes(row, activity->quotes, activity->n_quotes);
	put_source(row, activity->source);
}

static void put_agreement(struct row *row, const Twinlog__Agreement *agreement)
{
	put_texts(row, agreement->titles, agreement->n_titles);
	put_text(row, agreement->place);
	put_text(row, agreement->external_id);
	put_quotes(row, agreement->quotes, agreement->n_quotes);
	put_source(row, agreement->source);
}

static void put_city(struct row *row, const Twinlog__City *city)
{
	put_text(row, city->city_id);
	for (size_t i = 0; i < city->n_names; i++)
		put_text(row, city->names[i]->text);
	put_text(row, city->parent);
	put_text(row, city->external_id);
	put_source(row, city->source);
}

static void put_body(struct row *row, ProtobufCBinaryData packed)
{
	Twinlog__Body *body;

	arena_reset(row->scratch);
	/* A body that does not decode is void and says nothing. */
	if (CODEC_UNPACK(row->scratch, packed.data, packed.len, &body, twinlog__body))
		return;
	put_text(row, body->note);
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		put_activity(row, body->activity);
		break;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		put_agreement(row, body->agreement);
		break;
	case TWINLOG__BODY__CONTENT_CITY:
		put_city(row, body->city);
		break;
	default:
		break;
	}
}

static bool put_leaf(void *context, uint32_t leaf, ProtobufCBinaryData body)
{
	struct row *row = context;
	const size_t before = row->size;

	if (body.len > 0)
		put_body(row, body);
	if (row->error || row->size == before)
		return row->error == TWINLOG_OK;
	if (row->count == row->capacity) {
		const uint32_t capacity = row->capacity ? 2 * row->capacity : 1024;
		struct entry *entries = realloc(row->entries, capacity * sizeof *entries);

		if (!entries) {
			row->error = TWINLOG_NO_MEMORY;
			return false;
		}
		row->entries = entries;
		row->capacity = capacity;
	}
	row->entries[row->count++] =
	    (struct entry){.before = (uint32_t)(row->last - row->first), .leaf = leaf, .end = (uint32_t)row->size};
	return true;
}

static enum twinlog_error row_take(struct row *row, const struct store_row *bundle)
{
	if (!row->scratch && !(row->scratch = arena_new(TWINLOG_UNPACK_MAX)))
		return TWINLOG_NO_MEMORY;
	if (row->first == 0)
		row->first = bundle->sequence;
	row->last = bundle->sequence;
	/* What cannot be taken apart says nothing here; whoever opens it says so. */
	(void)!bundle_view_bodies(bundle->bytes, bundle->size, put_leaf, row);
	return row->error;
}

static bool row_is_full(const struct row *row)
{
	return row->size >= TEXTS_ROW_SIZE || row->last - row->first >= UINT32_MAX / 2;
}

/* As it is kept; malloc'd and the caller's. The row is empty again. */
static enum twinlog_error row_pack(struct row *row, uint8_t **ret_bytes, size_t *ret_size)
{
	const size_t head = ROW_HEAD + row->count * sizeof *row->entries;
	uint8_t *bytes = malloc(head + row->size);

	if (!bytes)
		return TWINLOG_NO_MEMORY;
	for (uint32_t i = 0; i < row->count; i++)
		row->entries[i].before = (uint32_t)(row->last - row->first) - row->entries[i].before;
	memcpy(bytes, &row->count, ROW_HEAD);
	if (row->count > 0)
		memcpy(bytes + ROW_HEAD, row->entries, row->count * sizeof *row->entries);
	if (row->size > 0)
		memcpy(bytes + head, row->texts, row->size);
	*ret_bytes = bytes;
	*ret_size = head + row->size;
	row->count = 0;
	row->size = 0;
	row->first = 0;
	return TWINLOG_OK;
}

static void row_free(struct row *row)
{
	arena_free(row->scratch);
	free(row->entries);
	free(row->texts);
}

enum twinlog_error texts_in_body(struct arena *scratch, ProtobufCBinaryData body, const char *text, size_t size,
				 bool *ret_found)
{
	struct row row = {.scratch = scratch};
	enum twinlog_error error;

	put_body(&row, body);
	error = row.error;
	if (!error)
		*ret_found = texts_find(row.texts, row.size, text, size) != NULL;
	row.scratch = NULL;
	row_free(&row);
	return error;
}

/* ---- Keeping them ---- */

/* What one call makes, at most: moderate transactions. */
#define TEXTS_ROWS_MAX 128u

struct keeping {
	struct store_write *write;
	struct row row;
	size_t rows;
};

static enum twinlog_error keep_row(struct keeping *keeping)
{
	const uint64_t sequence = keeping->row.last;
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error = row_pack(&keeping->row, &bytes, &size);

	if (error)
		return error;
	error = store_put_texts(keeping->write, sequence, bytes, size);
	keeping->rows += error == TWINLOG_OK;
	free(bytes);
	return error;
}

static enum twinlog_error keep_bundle(void *context, const struct store_row *bundle)
{
	struct keeping *keeping = context;
	enum twinlog_error error = TWINLOG_OK;

	/* What the store gave is valid until the next put, so a row is kept after its last bundle. */
	error = row_take(&keeping->row, bundle);
	if (!error && row_is_full(&keeping->row))
		error = keep_row(keeping);
	if (!error && keeping->rows == TEXTS_ROWS_MAX)
		error = TWINLOG_TOO_MANY;
	return error;
}

enum twinlog_error texts_catch_up(struct store_write *write, bool *ret_done)
{
	struct keeping keeping = {.write = write};
	enum twinlog_error error = store_written_bundles(write, store_written_texts_last(write), keep_bundle, &keeping);
	const bool done = error != TWINLOG_TOO_MANY;

	if (error == TWINLOG_TOO_MANY)
		error = TWINLOG_OK;
	if (!error && keeping.row.first > 0)
		error = keep_row(&keeping);
	row_free(&keeping.row);
	if (!error)
		*ret_done = done;
	return error;
}

/* ---- Reading them ---- */

struct rows_view {
	uint64_t sequence;
	const struct entry *entries;
	uint32_t count;
	const char *texts;
	size_t size;
};

/* LMDB has no checksums: a row that is not of this form is answered, not trusted. */
static bool rows_view(uint64_t sequence, const uint8_t *bytes, size_t size, struct rows_view *ret_view)
{
	struct rows_view view = {.sequence = sequence};
	size_t head;

	if (size < ROW_HEAD)
		return false;
	memcpy(&view.count, bytes, ROW_HEAD);
	head = ROW_HEAD + view.count * sizeof *view.entries;
	if (head > size)
		return false;
	view.entries = (const struct entry *)(const void *)(bytes + ROW_HEAD);
	view.texts = (const char *)bytes + head;
	view.size = size - head;
	*ret_view = view;
	return true;
}

/* LMDB aligns a value to two bytes only. */
static struct entry entry_at(const struct rows_view *view, uint32_t index)
{
	struct entry entry;

	memcpy(&entry, (const uint8_t *)view->entries + index * sizeof entry, sizeof entry);
	return entry;
}

/* The first entry whose texts end behind a place. */
static uint32_t entry_of(const struct rows_view *view, size_t place)
{
	uint32_t low = 0, high = view->count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (entry_at(view, middle).end <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum twinlog_error texts_erase(struct store_write *write, uint64_t sequence, uint32_t leaf)
{
	const uint8_t *bytes;
	uint8_t *copy;
	size_t size;
	uint64_t key;
	struct rows_view view;
	enum twinlog_error error = store_written_texts(write, sequence, &key, &bytes, &size);

	if (error)
		return error == TWINLOG_MISSING ? TWINLOG_OK : error; /* no row covers it yet */
	if (!rows_view(key, bytes, size, &view))
		return TWINLOG_STORE_DAMAGED;
	copy = malloc(size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	memcpy(copy, bytes, size);
	for (uint32_t i = 0; i < view.count; i++) {
		const struct entry entry = entry_at(&view, i);
		const size_t from = i > 0 ? entry_at(&view, i - 1).end : 0;

		if (key - entry.before == sequence && entry.leaf == leaf && from <= entry.end && entry.end <= view.size)
			memset(copy + (size - view.size) + from, '\n', entry.end - from);
	}
	error = store_replace_texts(write, key, copy, size);
	free(copy);
	return error;
}

/* ---- Looking ---- */

#define WIDE 32u
typedef uint8_t wide_bytes __attribute__((vector_size(WIDE)));
typedef uint64_t wide_words __attribute__((vector_size(WIDE)));

/* The last byte of the first character. */
static size_t first_end(const char *text, size_t size)
{
	size_t end = 0;

	while (end + 1 < size && ((uint8_t)text[end + 1] & 0xC0) == 0x80)
		end++;
	return end;
}

/* Two bytes of the text are looked for, WIDE places at once: the last ones of its first and of its last character,
 * since the first bytes of Chinese and Korean characters are all alike. */
static inline __attribute__((always_inline)) const char *scan(const char *in, size_t in_size, const char *text,
							      size_t size)
{
	const size_t near = first_end(text, size), far = size - 1;
	const wide_bytes first = (wide_bytes){0} + (uint8_t)text[near], last = (wide_bytes){0} + (uint8_t)text[far];
	size_t i = 0;

	for (; i + far + WIDE <= in_size; i += WIDE) {
		wide_bytes here, there;
		wide_words both;

		memcpy(&here, in + i + near, WIDE);
		memcpy(&there, in + i + far, WIDE);
		both = (wide_words)((here == first) & (there == last));
		if ((both[0] | both[1] | both[2] | both[3]) == 0)
			continue;
		for (size_t j = i; j < i + WIDE; j++)
			if (in[j + far] == text[far] && memcmp(in + j, text, size) == 0)
				return in + j;
	}
	return memmem(in + i, in_size - i, text, size);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static const char *scan_avx2(const char *in, size_t in_size, const char *text,
							     size_t size)
{
	return scan(in, in_size, text, size);
}
#endif

const char *texts_find(const char *in, size_t in_size, const char *text, size_t size)
{
	if (size > in_size)
		return NULL;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return scan_avx2(in, in_size, text, size);
#endif
	return scan(in, in_size, text, size);
}

struct looking {
	const struct texts_search *search;
	struct rows_view *rows;
	size_t count, capacity;
	uint64_t last; /* covered by the rows */
	struct row rest;
	size_t thread, threads;
};

static void look_through(const struct looking *looking, const struct rows_view *view, void *context)
{
	const struct texts_search *search = looking->search;
	size_t at = 0;

	while (at < view->size) {
		const char *found = texts_find(view->texts + at, view->size - at, search->text, search->size);
		const uint32_t index = found ? entry_of(view, (size_t)(found - view->texts)) : view->count;
		struct entry entry;

		if (index == view->count)
			return;
		entry = entry_at(view, index);
		search->visit(context, view->sequence - entry.before, entry.leaf);
		at = entry.end; /* once for each leaf */
	}
}

static void *look_main(void *context)
{
	const struct looking *looking = context;

	for (size_t i = looking->thread; i < looking->count; i += looking->threads)
		look_through(looking, &looking->rows[i], looking->search->contexts[looking->thread]);
	return NULL;
}

static enum twinlog_error look_add(void *context, const struct store_row *row)
{
	struct looking *looking = context;

	if (looking->count == looking->capacity) {
		const size_t capacity = looking->capacity ? 2 * looking->capacity : 64;
		struct rows_view *rows = realloc(looking->rows, capacity * sizeof *rows);

		if (!rows)
			return TWINLOG_NO_MEMORY;
		looking->rows = rows;
		looking->capacity = capacity;
	}
	if (!rows_view(row->sequence, row->bytes, row->size, &looking->rows[looking->count]))
		return TWINLOG_STORE_DAMAGED;
	looking->count++;
	looking->last = row->sequence;
	return TWINLOG_OK;
}

static enum twinlog_error look_rest(void *context, const struct store_row *bundle)
{
	struct looking *looking = context;

	if (looking->search->wanted && !looking->search->wanted(looking->search->contexts[0], bundle->sequence))
		return TWINLOG_OK;
	return row_take(&looking->rest, bundle);
}

/* A second thread is worth its while when there is much to look through. */
#define ROWS_SHARED 32u

static void look_all(struct looking *looking)
{
	struct looking other = *looking;
	pthread_t thread;

	other.threads = 2;
	other.thread = 1;
	if (looking->count < ROWS_SHARED || pthread_create(&thread, NULL, look_main, &other)) {
		looking->threads = 1;
		look_main(looking);
		return;
	}
	looking->threads = 2;
	look_main(looking);
	pthread_join(thread, NULL);
}

enum twinlog_error texts_search(struct store_read *read, const struct texts_search *search)
{
	struct looking looking = {.search = search};
	uint8_t *rest = NULL;
	size_t size;
	enum twinlog_error error = store_each(read, STORE_TEXTS, look_add, &looking);

	if (!error)
		error = store_bundles_after(read, looking.last, look_rest, &looking);
	if (!error && looking.rest.first > 0) {
		const uint64_t sequence = looking.rest.last;

		error = row_pack(&looking.rest, &rest, &size);
		if (!error)
			error =
			    look_add(&looking, &(struct store_row){.sequence = sequence, .bytes = rest, .size = size});
	}
	if (!error)
		look_all(&looking);
	free(rest);
	row_free(&looking.rest);
	free(looking.rows);
	return error;
}
