/* Quotes as a set: united in any order they end the same, and the same source is never quoted twice. */
#include <stdlib.h>

#include "edtf.h"
#include "sheet_internal.h"

#define THIRD_PARTY "third_party"

bool quote_covers(const Twinlog__Quote *more, const Twinlog__Quote *less)
{
	return bytes_equal(more->relation_type, less->relation_type) && bytes_equal(more->date, less->date) &&
	       source_equal(more->source, less->source) &&
	       (bytes_equal(more->by, less->by) || codec_equal(less->by, THIRD_PARTY)) &&
	       (less->note.len == 0 || bytes_equal(more->note, less->note));
}

/* From the loosest to the firmest tie; a code nobody knows is looser than all. */
static int relation_rank(ProtobufCBinaryData code)
{
	static const char *const ranks[] = {"exchange", "approval", "intent",     "network",
					    "mou",      "sectoral", "friendship", "sister"};
	for (int i = 0; i < (int)(sizeof ranks / sizeof *ranks); i++) {
		if (codec_equal(code, ranks[i]))
			return i;
	}
	return -1;
}

static int precision(ProtobufCBinaryData date)
{
	struct edtf parsed;
	return edtf_parse(date.data, date.len, &parsed) ? EDTF_NONE : parsed.precision;
}

static int quote_order(const void *left, const void *right)
{
	static const Twinlog__Source none = TWINLOG__SOURCE__INIT;
	const Twinlog__Quote *a = *(Twinlog__Quote *const *)left, *b = *(Twinlog__Quote *const *)right;
	const Twinlog__Source *source_a = a->source ? a->source : &none, *source_b = b->source ? b->source : &none;
	int order = bytes_order(a->by, b->by);
	order = order ? order : bytes_order(a->date, b->date);
	order = order ? order : bytes_order(a->relation_type, b->relation_type);
	order = order ? order : bytes_order(source_a->title, source_b->title);
	order = order ? order : bytes_order(source_a->uri, source_b->uri);
	return order ? order : bytes_order(a->note, b->note);
}

/* 1. The firmest tie. 2. The most precise date. 3. The latest: what came before were steps towards it. 4. Any rule that
 * does not depend on the order of the rows. */
static bool better(Twinlog__Quote *const *a, Twinlog__Quote *const *b)
{
	int order = relation_rank((*a)->relation_type) - relation_rank((*b)->relation_type);
	order = order ? order : precision((*a)->date) - precision((*b)->date);
	order = order ? order : bytes_order((*a)->date, (*b)->date);
	return order ? order > 0 : quote_order(a, b) < 0;
}

Twinlog__Quote *quotes_best(Twinlog__Quote *const *quotes, size_t count)
{
	size_t best = 0;
	for (size_t i = 1; i < count; i++) {
		if (better(&quotes[i], &quotes[best]))
			best = i;
	}
	return count ? quotes[best] : NULL;
}

size_t quotes_settle(Twinlog__Quote **quotes, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		bool covered = false;
		for (size_t k = 0; k < kept && !covered; k++)
			covered = quote_covers(quotes[k], quotes[i]);
		if (covered)
			continue;
		Twinlog__Quote *quote = quotes[i];
		size_t left = 0;
		for (size_t k = 0; k < kept; k++) {
			if (!quote_covers(quote, quotes[k]))
				quotes[left++] = quotes[k];
		}
		quotes[left++] = quote;
		kept = left;
	}
	if (kept)
		qsort(quotes, kept, sizeof *quotes, quote_order);
	return kept;
}
