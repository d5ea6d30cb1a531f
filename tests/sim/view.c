/* What a city answers about a space, as bytes that must be equal wherever the same is held; and the same reckoned from
 * the bundles alone, in the plainest way that the words of DOMAIN ("Current statement") allow. */
#include <stdlib.h>

#include "record_state.h"
#include "sim.h"

struct page {
	uint8_t *bytes;
	size_t count, capacity;
};

static void page_put(struct page *page, const void *bytes, size_t size)
{
	while (page->count + size > page->capacity)
		page->bytes = sim_grow(page->bytes, page->capacity, &page->capacity, 1);
	memcpy(page->bytes + page->count, bytes, size);
	page->count += size;
}

static void page_number(struct page *page, uint64_t number)
{
	page_put(page, &number, sizeof number);
}

static void page_word(struct page *page, const struct statements *statements, const struct word *word)
{
	static const struct hash none;
	page_put(page, word->leaf.bytes, HASH_SIZE);
	page_put(page, word->has_answers ? statements_answers(statements, word)->bytes : none.bytes, HASH_SIZE);
	page_number(page, word->version);
	page_number(page, word->clock_ms);
	page_number(page, word->body);
	const uint8_t flags[] = {word->operation, word->report, word->counts, word->erased, word->void_rule};
	page_put(page, flags, sizeof flags);
}

static size_t words_of(const struct statements *statements, const struct record *record, const struct hash *city,
		       bool link, const struct word **words)
{
	const size_t count = statements_current(statements, record, city, link, words, TWINLOG_REPLACES_MAX);
	return count < TWINLOG_REPLACES_MAX ? count : TWINLOG_REPLACES_MAX;
}

static void page_side(struct page *page, const struct statements *statements, const struct record *record,
		      const struct side *side)
{
	const uint8_t flags[] = {side->standing, side->opener,   side->party,
				 side->spoken,   side->conflict, side->outdated};
	page_put(page, side->member->identity.bytes, HASH_SIZE);
	page_put(page, flags, sizeof flags);
	page_put(page, side->word ? side->word->leaf.bytes : (const uint8_t[HASH_SIZE]){0}, HASH_SIZE);
	page_put(page, side->means ? side->means->leaf.bytes : (const uint8_t[HASH_SIZE]){0}, HASH_SIZE);
	for (int link = 0; link < 2; link++) {
		const struct word *words[TWINLOG_REPLACES_MAX];
		const size_t count =
		    statements_current(statements, record, &side->member->identity, link, words, TWINLOG_REPLACES_MAX);
		page_number(page, count);
		for (size_t i = 0; i < count; i++)
			page_word(page, statements, words[i]);
	}
}

static int record_order(const void *a, const void *b)
{
	const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;
	return memcmp(left->handle.bytes, right->handle.bytes, HANDLE_SIZE);
}

static void page_record(struct sim *sim, struct page *page, const struct space *space, const struct hash *self,
			const struct record *record)
{
	struct judgement judgement;
	judgement_init(&judgement);
	if (record_judge(space_statements(space), space_acts(space), self, record, &judgement))
		sim_fail(sim, SIM_UNSAFE, "a record cannot be judged");
	page_put(page, record->handle.bytes, HANDLE_SIZE);
	size_t name_size;
	const void *name = statements_name(space_statements(space), record, &name_size);
	page_put(page, statements_opener(space_statements(space), record)->bytes, HASH_SIZE);
	page_put(page, name, name_size);
	page_number(page, record->changed_ms);
	page_number(page, record->kind);
	page_number(page, judgement.state);
	page_number(page, (uint64_t)judgement.differing << 32 | judgement.pending);
	page_put(page, judgement.lead ? judgement.lead->leaf.bytes : (const uint8_t[HASH_SIZE]){0}, HASH_SIZE);
	page_number(page, judgement.sides_count);
	for (size_t i = 0; i < judgement.sides_count; i++)
		page_side(page, space_statements(space), record, &judgement.sides[i]);
	judgement_free(&judgement);
}

static bool keys_changed(const struct acts *acts)
{
	for (size_t i = 0; i < acts_count(acts); i++)
		if (acts_at(acts, i)->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
			return true;
	return false;
}

/* Stewards erased some of it, on acts that a change of key may shut out, or a thief did, and the city that could name
 * it is out of reach: who judged before has dropped it, others have not (PROTOCOL, "Erasures"). Words that do not count
 * are nowhere shown, and not all members hold them. */
static bool erased_in_doubt(const struct space *space, const struct record *record)
{
	const struct statements *statements = space_statements(space);
	const struct erasures *erasures = space_erasures(space);
	for (size_t i = 0; i < erasures_count(erasures); i++) {
		const struct erasure *erasure = erasures_at(erasures, i);
		const bool doubt =
		    !hash_equal(&erasure->signer, &erasure->city) ||
		    acts_erasure_shut_out(space_acts(space), &erasure->signer, erasure->key, &erasure->id);
		const struct word *word = doubt ? statements_find_leaf(statements, &erasure->leaf) : NULL;
		if (word && word->counts && statements_record(statements, word->record) == record)
			return true;
	}
	return false;
}

struct hash view_digest(struct sim *sim, const struct node *node, const struct space *space)
{
	const struct statements *statements = space_statements(space);
	const size_t count = statements_records(statements);
	const struct record **records = sim_alloc((count + 1) * sizeof *records);
	for (size_t i = 0; i < count; i++)
		records[i] = statements_record(statements, i);
	qsort(records, count, sizeof *records, record_order);
	struct page page = {0};
	const bool unsure = keys_changed(space_acts(space));
	for (size_t i = 0; i < count; i++)
		if (records[i]->shown && !(unsure && erased_in_doubt(space, records[i])))
			page_record(sim, &page, space, node_identity(node), records[i]);
	if (page.count && sim->healed && sim->options.canary == CANARY_VIEW &&
	    hash_equal(node_identity(node), &sim->cities[0].identity))
		page.bytes[page.count / 2] ^= 1;
	const struct hash digest = seal_hash1("sim-view", page.bytes, page.count);
	free(page.bytes);
	free(records);
	return digest;
}

/* ---- The plain reckoning ---- */

struct said {
	struct handle record;
	struct hash city;
	bool link;
	struct hash leaf;
	const struct leaf *from;
	bool replaced;
};

static int said_place(const struct said *a, const struct said *b)
{
	int order = memcmp(a->record.bytes, b->record.bytes, HANDLE_SIZE);
	if (!order)
		order = hash_compare(&a->city, &b->city);
	return order ? order : (int)a->link - (int)b->link;
}

static int said_order(const void *a, const void *b)
{
	const struct said *left = a, *right = b;
	const int order = said_place(left, right);
	return order ? order : hash_compare(&left->leaf, &right->leaf);
}

static size_t said_collect(struct sim *sim, struct disk *disk, const struct hash *space, struct said **ret_said)
{
	struct said *said = NULL;
	size_t count = 0, capacity = 0;
	struct counted counted;
	counted_begin(sim, disk, space, &counted);
	for (size_t i = 0; i < disk->bundles.count; i++) {
		const struct bundle *bundle = sim->world.items[disk->bundles.items[i].object].bundle;
		if (!hash_equal(&bundle->space, space) || !counted_has(sim, &counted, bundle))
			continue;
		for (uint32_t l = 0; l < bundle->leaves_count; l++) {
			const struct leaf *leaf = &bundle->leaves[l];
			if (leaf->operation > TWINLOG__OPERATION__OPERATION_LINK)
				continue; /* a newer version's: in no lane */
			said = sim_grow(said, count, &capacity, sizeof *said);
			said[count++] = (struct said){.record = leaf->record,
						      .city = bundle->city,
						      .link = leaf->operation == TWINLOG__OPERATION__OPERATION_LINK,
						      .leaf = leaf->hash,
						      .from = leaf};
		}
	}
	counted_end(&counted);
	if (count)
		qsort(said, count, sizeof *said, said_order);
	for (size_t i = 0; i < count; i++)
		for (uint16_t r = 0; r < said[i].from->replaces_count; r++) {
			struct said key = said[i];
			key.leaf = said[i].from->replaces[r];
			struct said *old = bsearch(&key, said, count, sizeof *said, said_order);
			if (old)
				old->replaced = true;
		}
	*ret_said = said;
	return count;
}

static void said_compare(struct sim *sim, unsigned machine, const struct statements *statements,
			 const struct said *group, size_t count)
{
	const struct record *record = statements_find(statements, &group->record);
	if (!record)
		sim_fail(sim, SIM_UNSAFE, "machine %u does not know a record that it holds", machine);
	size_t current = 0;
	const struct word *words[TWINLOG_REPLACES_MAX];
	const size_t told = words_of(statements, record, &group->city, group->link, words);
	for (size_t i = 0; i < count; i++) {
		if (i && hash_equal(&group[i].leaf, &group[i - 1].leaf))
			continue;
		current += !group[i].replaced;
		bool found = false;
		for (size_t w = 0; w < told; w++)
			found |= hash_equal(&words[w]->leaf, &group[i].leaf);
		if (found == group[i].replaced && told < TWINLOG_REPLACES_MAX)
			sim_fail(sim, SIM_UNSAFE, "machine %u is wrong about what is current on a record", machine);
	}
	if (told < TWINLOG_REPLACES_MAX && told != current)
		sim_fail(sim, SIM_UNSAFE, "machine %u tells %zu current words instead of %zu", machine, told, current);
}

void view_against_oracle(struct sim *sim, unsigned machine, const struct space *space)
{
	struct said *said;
	const size_t count = said_collect(sim, &sim->machines[machine].disk, acts_space(space_acts(space)), &said);
	if (count && sim_sings(sim, CANARY_ORACLE))
		said[0].replaced = !said[0].replaced;
	for (size_t first = 0, last; first < count; first = last) {
		last = first + 1;
		while (last < count && said_place(&said[first], &said[last]) == 0)
			last++;
		said_compare(sim, machine, space_statements(space), said + first, last - first);
	}
	free(said);
}
