#include <stdlib.h>
#include <string.h>

#include "bundle_view.h"
#include "filter.h"
#include "text.h"

/* Looks for one folded text in the texts of one body, one after the other. */
struct finder {
	const struct filter *filter;
	bool found;
	enum twinlog_error error;
};

static void find_in(struct finder *finder, ProtobufCBinaryData text)
{
	char *folded = NULL;
	size_t size;

	/* A folded text may be shorter than what was written (blanks, punctuation), so its size decides nothing. */
	if (finder->found || finder->error || text.len == 0)
		return;
	finder->error = text_fold(text.data, text.len, &folded, &size);
	if (!finder->error)
		finder->found = memmem(folded, size, finder->filter->text, finder->filter->text_size) != NULL;
	free(folded);
}

static void find_in_texts(struct finder *finder, Twinlog__Text *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		find_in(finder, texts[i]->text);
}

static void find_in_quotes(struct finder *finder, Twinlog__Quote *const *quotes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		find_in(finder, quotes[i]->note);
}

static void find_in_source(struct finder *finder, const Twinlog__Source *source)
{
	if (!source)
		return;
	find_in(finder, source->title);
	find_in(finder, source->uri);
}

static void find_in_activity(struct finder *finder, const Twinlog__Activity *activity)
{
	find_in_texts(finder, activity->titles, activity->n_titles);
	find_in_texts(finder, activity->summaries, activity->n_summaries);
	for (size_t i = 0; i < activity->n_actors; i++)
		find_in(finder, activity->actors[i]->org);
	find_in(finder, activity->result);
	find_in(finder, activity->external_id);
	find_in_quotes(finder, activity->quotes, activity->n_quotes);
	find_in_source(finder, activity->source);
}

static void find_in_agreement(struct finder *finder, const Twinlog__Agreement *agreement)
{
	find_in_texts(finder, agreement->titles, agreement->n_titles);
	find_in(finder, agreement->place);
	find_in(finder, agreement->external_id);
	find_in_quotes(finder, agreement->quotes, agreement->n_quotes);
	find_in_source(finder, agreement->source);
}

static void find_in_city(struct finder *finder, const Twinlog__City *city)
{
	find_in(finder, city->city_id);
	for (size_t i = 0; i < city->n_names; i++)
		find_in(finder, city->names[i]->text);
	find_in(finder, city->parent);
	find_in(finder, city->external_id);
	find_in_source(finder, city->source);
}

static void find_in_body(struct finder *finder, const Twinlog__Body *body)
{
	find_in(finder, body->note);
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		find_in_activity(finder, body->activity);
		break;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		find_in_agreement(finder, body->agreement);
		break;
	case TWINLOG__BODY__CONTENT_CITY:
		find_in_city(finder, body->city);
		break;
	default:
		break;
	}
}

static enum twinlog_error word_fits(struct finder *finder, const struct word *word, struct arena *scratch)
{
	ProtobufCBinaryData packed;
	Twinlog__Body *body;
	const uint8_t *bytes;
	size_t size;
	enum twinlog_error error = store_get_bundle(finder->filter->query->read, word->bundle, &bytes, &size);

	if (!error)
		error = bundle_view_body(bytes, size, word->index, &packed);
	if (!error)
		error = CODEC_UNPACK(scratch, packed.data, packed.len, &body, twinlog__body);
	if (error)
		return error;
	find_in_body(finder, body);
	arena_reset(scratch);
	return finder->error;
}

enum twinlog_error filter_text_fits(const struct filter *filter, const struct filter_space *where, size_t record,
				    bool *ret_fits)
{
	struct finder finder = {.filter = filter};
	const struct word *word =
	    statements_word(where->statements, statements_record(where->statements, record)->first_word);
	enum twinlog_error error = TWINLOG_OK;

	for (; !error && !finder.found && word; word = statements_word(where->statements, word->next))
		if (word_is_current(word) && word_lane(word) == LANE_WORD && word->void_rule == 0 && !word->erased)
			error = word_fits(&finder, word, filter->scratch);
	if (error)
		return error;
	*ret_fits = finder.found;
	return TWINLOG_OK;
}
