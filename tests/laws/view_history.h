/* Random histories of many records by a few towns, for laws of the view; a failure is repeated by setting dice. Header
 * only; include after cmocka.h. */
#ifndef TWINLOG_VIEW_HISTORY_H
#define TWINLOG_VIEW_HISTORY_H

#include <string.h>

#include "../unit/town.h"
#include "dice.h"
#include "view.h"

#define TOWNS     3u
#define RECORDS   70u /* of each opener */
#define BUNDLES   160u
#define HISTORIES 12u

static const char *const city_ids[] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen", "KR:busan", "JP:sakai"};
static const char *const fields[] = {"culture", "sports", "education"};
static const char *const forms[] = {"exhibition", "delegation_visit", "training"};
static const char *const modes[] = {NULL, "onsite", "online"};
static const char *const statuses[] = {NULL, "planned", "held"};
static const char *const levels[] = {NULL, "social", "municipal"};
static const char *const kinds[] = {NULL, "company", "school_or_university"};
static const char *const channels[] = {NULL, "newspaper", "website"};
static const char *const dates[] = {"2018",    "2018-11", "2018-11-15", "2017-01-01", "2018-11~", "1995~",
				    "2009-12", "2020",    "2020-02-29", "1992-08-24", "2031-05"};
#define PICK(list) list[draw(sizeof list / sizeof *list)]

/* ---- A history ---- */

struct said {
	unsigned opener;
	uint8_t record;
	struct hash leaf;
	bool current;
};
struct history {
	struct county county;
	struct bundle *bundles[BUNDLES];
	struct said said[BUNDLES]; /* the leaf of each */
	unsigned town[BUNDLES];
};

static inline void say_values(struct saying *saying)
{
	const size_t count = 2 + draw(3), first = draw(5);

	for (size_t i = 0; i < count; i++)
		saying->cities[i] = city_ids[(first + i) % 5];
	saying->start = PICK(dates);
	if (draw(6) == 0)
		saying->start = "1000", saying->end = "9999"; /* longer than the years it could be under */
	else if (draw(4) == 0 && strcmp(saying->start, "1995~") > 0)
		saying->end = "2032";
	saying->field = PICK(fields);
	saying->form = PICK(forms);
	saying->mode = PICK(modes);
	saying->status = PICK(statuses);
	saying->actor_level = PICK(levels);
	saying->actor_kind = PICK(kinds);
	saying->channel = PICK(channels);
	saying->report = draw(9) == 0;
	saying->broken = draw(15) == 0;
	if (draw(12) == 0) {
		/* A city that another merged into. */
		saying->kind = TWINLOG__RECORD_KIND__RECORD_CITY;
		saying->opener = saying->town;
		saying->record = (uint8_t)draw(TOWNS);
		saying->succeeds = PICK(city_ids);
	} else if (draw(4) == 0) {
		saying->kind = TWINLOG__RECORD_KIND__RECORD_AGREEMENT;
		saying->status = draw(2) ? "in_force" : NULL;
		saying->relation = draw(2) ? "sister" : "friendship";
		if (draw(5) == 0)
			saying->start = NULL;
	}
}

static inline void history_make(struct history *history)
{
	memset(history, 0, sizeof *history);
	county_init(&history->county, city_ids, TOWNS, 0, 0);
	for (size_t i = 0; i < BUNDLES; i++) {
		const unsigned town = draw(TOWNS);
		struct saying saying = {
		    .town = town, .opener = draw(3) ? town : draw(TOWNS), .record = (uint8_t)draw(RECORDS)};
		struct said *said = &history->said[i];

		say_values(&saying);
		/* Kinds are part of a record's name: agreements and activities are different records. */
		for (size_t j = 0; j < i; j++)
			if (history->said[j].opener == saying.opener && history->said[j].record == saying.record) {
				if (history->town[j] == town && history->said[j].current && saying.replaces_count < 4) {
					saying.replaces[saying.replaces_count++] = history->said[j].leaf;
					history->said[j].current = false;
				} else if (history->town[j] != town && draw(2)) {
					saying.operation = TWINLOG__OPERATION__OPERATION_CONFIRMATION;
					saying.answers = &history->said[j].leaf;
				}
			}
		saying.version = 1 + saying.replaces_count + draw(2);
		history->town[i] = town;
		*said = (struct said){.opener = saying.opener, .record = saying.record, .current = true};
		history->bundles[i] = county_bundle(&history->county, &saying, 1, 1000 + draw(50));
		said->leaf = history->bundles[i]->leaves[0].hash;
	}
}

static inline void history_free(struct history *history)
{
	for (size_t i = 0; i < BUNDLES; i++)
		bundle_free(history->bundles[i]);
	county_free(&history->county);
}

static inline struct view_space *view_make(const struct history *history, const struct statements *statements)
{
	struct view_space *view;

	assert_int_equal(view_space_new(statements, history->county.acts, &history->county.towns[1].identity, &view),
			 TWINLOG_OK);
	view->by_date.late_max = view->by_change.late_max = 5;
	assert_int_equal(view_space_rank_changes(view), TWINLOG_OK);
	return view;
}

static inline void view_update(struct view_space *view, uint32_t portion)
{
	while (!view_space_is_current(view))
		assert_int_equal(view_space_catch_up(view, portion), TWINLOG_OK);
}

#endif
