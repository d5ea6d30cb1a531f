#include <string.h>

#include "sheet_internal.h"

#define THIRD_PARTY "third_party"

/* Who says what a row of pairs.csv says, as far as its letters tell: one side, or somebody else. */
static ProtobufCBinaryData said_by_sides(const struct sheet *sheet, const struct csv_row *row,
					 const ProtobufCBinaryData sides[2])
{
	ProtobufCBinaryData letters = sheet_cell(sheet, row, COLUMN_asserted_by_sides);
	if (codec_equal(letters, "A"))
		return sides[0];
	if (codec_equal(letters, "B"))
		return sides[1];
	return codec_string(THIRD_PARTY);
}

static enum twinlog_error said_by(const struct sheet_reader *reader, const struct sheet *sheet,
				  const struct csv_row *row, ProtobufCBinaryData *ret_by)
{
	ProtobufCBinaryData cell = sheet_cell(sheet, row, COLUMN_asserted_by), nothing = codec_bytes(NULL, 0);
	*ret_by = cell.len ? cell : codec_string(THIRD_PARTY);
	if (cell.len == 0 || codec_equal(cell, THIRD_PARTY))
		return TWINLOG_OK;
	/* A name that is no place, or not only one, is a source of its own. */
	ProtobufCBinaryData found;
	enum twinlog_error error = sheet_place(reader, NULL, cell, nothing, nothing, &found);
	if (!error)
		*ret_by = found;
	return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK;
}

static enum twinlog_error row_quote(const struct sheet_reader *reader, const struct sheet *sheet,
				    const struct csv_row *row, const ProtobufCBinaryData sides[2],
				    Twinlog__Quote **ret_quote, struct twinlog_fault *fault)
{
	Twinlog__Quote *quote = arena_alloc(reader->arena, sizeof *quote);
	enum sheet_column date = sheet->kind == SHEET_PAIRS ? COLUMN_established : COLUMN_date;
	if (!quote)
		return TWINLOG_NO_MEMORY;
	twinlog__quote__init(quote);
	enum twinlog_error error =
	    sheet_code(sheet, row, COLUMN_relation_type, CODELIST_RELATION_TYPE, &quote->relation_type, fault);
	if (!error && quote->relation_type.len == 0)
		return sheet_fault(fault, TWINLOG_FIELD_MISSING, COLUMN_relation_type, quote->relation_type);
	if (!error)
		error = sheet_date(reader, sheet, row, date, &quote->date, NULL, fault);
	if (!error)
		error = sheet_source(reader, sheet, row, &quote->source);
	quote->note = sheet_cell(sheet, row, COLUMN_note);
	if (!error && sheet->kind == SHEET_PAIRS)
		quote->by = said_by_sides(sheet, row, sides);
	else if (!error)
		error = said_by(reader, sheet, row, &quote->by);
	if (!error)
		*ret_quote = quote;
	return error;
}

static enum twinlog_error side_stub(const struct sheet_reader *reader, const struct sheet *sheet,
				    const struct csv_row *row, size_t side, ProtobufCBinaryData id, struct draft *draft,
				    struct twinlog_fault *fault)
{
	static const enum sheet_column columns[2][5] = {
	    {COLUMN_city_a_name, COLUMN_city_a_local, COLUMN_country_a, COLUMN_iso3166_2_a, COLUMN_level_a},
	    {COLUMN_city_b_name, COLUMN_city_b_local, COLUMN_country_b, COLUMN_iso3166_2_b, COLUMN_level_b}};
	const enum sheet_column *column = columns[side];
	struct place_cells cells = {.name = sheet_cell(sheet, row, column[0]),
				    .local = sheet_cell(sheet, row, column[1]),
				    .subdivision = sheet_cell(sheet, row, column[3])};
	if (draft->exported)
		return TWINLOG_OK;
	enum twinlog_error error = sheet_country(reader, sheet, row, column[2], &cells.country, fault);
	if (!error)
		error = sheet_code(sheet, row, column[4], CODELIST_ADMIN_LEVEL, &cells.level, fault);
	return error ? error : draft_stub(reader, draft, id, &cells, fault);
}

enum twinlog_error draft_agreement(const struct sheet_reader *reader, const struct sheet *sheet,
				   const struct csv_row *row, struct draft *draft, struct twinlog_fault *fault)
{
	ProtobufCBinaryData sides[2];
	enum twinlog_error error = sheet_sides(reader, sheet, row, draft, sides, fault);
	if (error)
		return error;
	Twinlog__Body *body = body_new(reader->arena, draft->kind);
	ProtobufCBinaryData *parties = arena_copy(reader->arena, sides, sizeof sides);
	Twinlog__Quote **quotes = arena_alloc(reader->arena, sizeof *quotes);
	if (!body || !parties || !quotes)
		return TWINLOG_NO_MEMORY;
	error = row_quote(reader, sheet, row, sides, &quotes[0], fault);
	for (size_t side = 0; side < 2 && !error; side++)
		error = side_stub(reader, sheet, row, side, sides[side], draft, fault);
	body->agreement->parties = parties;
	body->agreement->n_parties = 2;
	body->agreement->external_id = sheet_key(sheet, row);
	body->agreement->quotes = quotes;
	body->agreement->n_quotes = 1;
	draft->body = body;
	return error;
}

static bool same_parties(const Twinlog__Agreement *a, const Twinlog__Agreement *b)
{
	return (bytes_equal(a->parties[0], b->parties[0]) && bytes_equal(a->parties[1], b->parties[1])) ||
	       (bytes_equal(a->parties[0], b->parties[1]) && bytes_equal(a->parties[1], b->parties[0]));
}

enum twinlog_error sheet_draft_add(const struct sheet_reader *reader, struct draft *draft, const struct draft *other,
				   struct twinlog_fault *fault)
{
	Twinlog__Agreement *agreement = draft->body->agreement;
	const Twinlog__Agreement *more = other->body->agreement;
	if (!same_parties(agreement, more))
		return sheet_fault(fault, TWINLOG_INVALID, COLUMN_pair_id, more->external_id);
	Twinlog__Quote **quotes = arena_alloc(reader->arena, (agreement->n_quotes + more->n_quotes) * sizeof *quotes);
	if (!quotes)
		return TWINLOG_NO_MEMORY;
	memcpy(quotes, agreement->quotes, agreement->n_quotes * sizeof *quotes);
	memcpy(quotes + agreement->n_quotes, more->quotes, more->n_quotes * sizeof *quotes);
	agreement->quotes = quotes;
	agreement->n_quotes += more->n_quotes;
	return TWINLOG_OK;
}

/* ---- On top of what stands ---- */

/* What a statement says itself, as a quote of its city; NULL in ret when it has no values. */
static enum twinlog_error own_word(struct arena *arena, const Twinlog__Body *body, const char *self,
				   Twinlog__Quote **ret_quote)
{
	const Twinlog__Agreement *agreement = body->agreement;
	Twinlog__Quote *quote = arena_alloc(arena, sizeof *quote);
	if (!quote)
		return TWINLOG_NO_MEMORY;
	twinlog__quote__init(quote);
	quote->by = codec_string(self);
	quote->date = agreement->established;
	quote->relation_type = agreement->relation_type;
	quote->note = body->note;
	quote->source = agreement->source;
	*ret_quote = quote;
	return TWINLOG_OK;
}

static bool says(const Twinlog__Body *body, const Twinlog__Quote *quote)
{
	const Twinlog__Agreement *agreement = body->agreement;
	return agreement && bytes_equal(agreement->relation_type, quote->relation_type) &&
	       bytes_equal(agreement->established, quote->date) && source_equal(agreement->source, quote->source) &&
	       bytes_equal(body->note, quote->note);
}

static bool said_before(const struct draft_past *past, const Twinlog__Quote *quote)
{
	for (size_t i = 0; i < past->earlier_count; i++) {
		if (says(past->earlier[i], quote))
			return true;
	}
	return false;
}

/* The sheet's own rows of this city, gathered into own; returns how many. */
static size_t own_rows(const Twinlog__Agreement *agreement, const char *self, Twinlog__Quote **own)
{
	size_t count = 0;
	for (size_t i = 0; i < agreement->n_quotes; i++) {
		if (codec_equal(agreement->quotes[i]->by, self))
			own[count++] = agreement->quotes[i];
	}
	return count;
}

/* Which quote is the city's own word from now on; NULL when it has none. standing: what it says now, or NULL. */
static Twinlog__Quote *choose_word(Twinlog__Quote *standing, Twinlog__Quote *from_sheet, const struct draft_past *past)
{
	if (!standing || !from_sheet)
		return standing ? standing : from_sheet;
	if (quote_covers(standing, from_sheet) || said_before(past, from_sheet))
		return standing;
	return from_sheet;
}

static void take_values(Twinlog__Body *body, const Twinlog__Quote *quote, bool own)
{
	body->agreement->relation_type = quote->relation_type;
	body->agreement->established = quote->date;
	body->agreement->source = quote->source;
	if (own)
		body->note = quote->note;
}

enum twinlog_error agreement_values(struct arena *arena, struct draft *draft)
{
	const Twinlog__Quote *quote = draft->body->agreement->quotes[0];
	Twinlog__Agreement *agreement = arena_copy(arena, draft->body->agreement, sizeof *agreement);
	Twinlog__Body *body = arena_copy(arena, draft->body, sizeof *body);

	if (!agreement || !body)
		return TWINLOG_NO_MEMORY;
	agreement->n_quotes = 0;
	body->agreement = agreement;
	take_values(body, quote, true);
	draft->body = body;
	return TWINLOG_OK;
}

/* A report that says what its own quotes make it say; otherwise somebody gave it values by hand, which stay. */
static bool follows_quotes(const Twinlog__Agreement *agreement)
{
	const Twinlog__Quote *best = quotes_best(agreement->quotes, agreement->n_quotes);
	return best && bytes_equal(best->relation_type, agreement->relation_type) &&
	       bytes_equal(best->date, agreement->established) && source_equal(best->source, agreement->source);
}

/* Leaves the city's own word out of its quotes: it stands in the values. */
static size_t without(Twinlog__Quote **quotes, size_t count, const Twinlog__Quote *word)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!word || !quote_covers(word, quotes[i]))
			quotes[kept++] = quotes[i];
	}
	return kept;
}

enum twinlog_error agreement_merge(struct arena *arena, struct draft *draft, const char *self,
				   const struct draft_past *past)
{
	const Twinlog__Agreement *sheet = draft->body->agreement;
	const Twinlog__Agreement *before = past->current ? past->current->agreement : NULL;
	size_t before_count = before ? before->n_quotes : 0, count = 0;
	Twinlog__Quote **own = arena_alloc(arena, (sheet->n_quotes + 1) * sizeof *own);
	Twinlog__Quote **quotes = arena_alloc(arena, (sheet->n_quotes + before_count + 1) * sizeof *quotes);
	Twinlog__Agreement *agreement = arena_alloc(arena, sizeof *agreement);
	Twinlog__Body *body = arena_alloc(arena, sizeof *body);
	Twinlog__Quote *standing = NULL;
	if (!own || !quotes || !agreement || !body)
		return TWINLOG_NO_MEMORY;
	if (before && !past->report && own_word(arena, past->current, self, &standing))
		return TWINLOG_NO_MEMORY;
	*body = before ? *past->current : *draft->body;
	*agreement = before ? *before : *sheet;
	body->agreement = agreement;

	Twinlog__Quote *word = choose_word(standing, quotes_best(own, own_rows(sheet, self, own)), past);
	for (size_t i = 0; i < before_count; i++)
		quotes[count++] = before->quotes[i];
	for (size_t i = 0; i < sheet->n_quotes; i++)
		quotes[count++] = sheet->quotes[i];
	count = without(quotes, quotes_settle(quotes, count), word);
	if (word)
		take_values(body, word, true);
	else if (!before || follows_quotes(before))
		take_values(body, quotes_best(quotes, count), false);
	agreement->quotes = quotes;
	agreement->n_quotes = count;
	draft->body = body;
	draft->report = !word;
	return TWINLOG_OK;
}
