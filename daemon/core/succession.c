#include "succession.h"

#include <string.h>

static void add(struct succession *succession, const char *city)
{
	for (size_t i = 0; i < succession->count; i++)
		if (strcmp(succession->cities[i], city) == 0)
			return;
	if (succession->count < SUCCESSION_MAX)
		succession->cities[succession->count++] = city;
}

static bool follows(const struct succession *succession, const char *city)
{
	for (size_t i = 0; i < succession->count; i++)
		if (strcmp(succession->cities[i], city) == 0)
			return true;
	return false;
}

/* What the record of one city says: it succeeds others, or others it. */
static void city_add(struct succession *succession, const struct statements *statements, const char *city,
		     const struct facts *facts)
{
	const struct detail *details = facts_details(facts);
	const struct names *names = statements_names(statements);

	for (size_t i = 0; i < facts->details_count; i++) {
		size_t size;
		const char *other = names_text(names, details[i].a, &size);

		if (details[i].kind == DETAIL_SUCCEEDS && follows(succession, city))
			add(succession, other);
		if (details[i].kind == DETAIL_SUCCEEDED_BY && follows(succession, other))
			add(succession, city);
	}
}

static enum twinlog_error space_add(struct succession *succession, const struct group_space *space,
				    const struct hash *self)
{
	for (size_t i = 0; i < statements_records(space->statements); i++) {
		const struct record *record = statements_record(space->statements, i);
		struct record_summary summary;
		enum twinlog_error error;
		size_t size;

		if (record->kind != TWINLOG__RECORD_KIND__RECORD_CITY || !record->shown)
			continue;
		error = record_summarize(space->statements, space->acts, self, i, &summary);
		if (error)
			return error;
		if (summary.facts)
			city_add(succession, space->statements, statements_name(space->statements, record, &size),
				 summary.facts);
	}
	return TWINLOG_OK;
}

enum twinlog_error succession_of(const struct group_space *spaces, size_t count, const struct hash *self,
				 const char *city_id, struct succession *ret_succession)
{
	struct succession succession = {.cities = {city_id}, .count = 1};
	size_t before = 0;

	/* Until nothing is added: a place may have merged twice. */
	while (succession.count > before) {
		before = succession.count;
		for (size_t s = 0; s < count; s++) {
			enum twinlog_error error = space_add(&succession, &spaces[s], self);

			if (error)
				return error;
		}
	}
	*ret_succession = succession;
	return TWINLOG_OK;
}
