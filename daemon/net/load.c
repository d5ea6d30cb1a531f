#include "load.h"

#include <stdio.h>

static enum twinlog_error load_card(void *node, const struct store_row *row)
{
	return node_load_card(node, row->bytes, row->size, row->verified, row->removed, row->knows);
}

static enum twinlog_error load_act(void *node, const struct store_row *row)
{
	return node_load_act(node, row->sequence, row->bytes, row->size);
}

static enum twinlog_error load_erasure(void *node, const struct store_row *row)
{
	return node_load_erasure(node, row->sequence, row->bytes, row->size);
}

static enum twinlog_error load_bundle(void *node, const struct store_row *row)
{
	return node_load_bundle(node, row->sequence, row->bytes, row->size);
}

static enum twinlog_error read_bundle(void *read, uint64_t sequence, const uint8_t **ret_bytes, size_t *ret_size)
{
	return store_get_bundle(read, sequence, ret_bytes, ret_size);
}

static enum twinlog_error load_position(void *node, const struct store_row *row)
{
	return node_load_position(node, row->bytes, row->size);
}

static enum twinlog_error load_request(void *node, const struct store_row *row)
{
	return node_load_request(node, &row->request, row->bytes, row->size);
}

/* The number of this machine; drawn here when a store was made without one. */
static enum twinlog_error load_machine(struct store *store, uint64_t *ret_machine, bool *ret_restored)
{
	struct store_read *read = NULL;
	enum twinlog_error error = store_read_begin(store, &read);
	if (error)
		return error;
	error = store_get_machine(read, ret_machine);
	*ret_restored = store_get_restored(read);
	store_read_end(read);
	if (error != TWINLOG_MISSING)
		return error;
	uint64_t machine = 0;
	while (machine == 0)
		seal_random(&machine, sizeof machine);
	struct store_write *write = NULL;
	error = store_begin(store, &write);
	if (error)
		return error;
	error = store_put_machine(write, machine);
	if (error) {
		store_abort(write);
		return error;
	}
	error = store_commit(write);
	if (!error)
		*ret_machine = machine;
	return error;
}

static enum twinlog_error load_tables(struct store *store, struct node *node, struct twinlog_fault *fault)
{
	static const struct {
		enum store_table table;
		store_visit visit;
		const char *name;
	} tables[] = {
	    {STORE_CARDS, load_card, "cards"},
	    {STORE_ACTS, load_act, "acts"},
	    {STORE_ERASURES, load_erasure, "erasures"},
	    {STORE_BUNDLES, load_bundle, "bundles"},
	    {STORE_POSITIONS, load_position, "positions"},
	    {STORE_REQUESTS, load_request, "request ids"},
	};
	struct store_read *read = NULL;
	enum twinlog_error error = store_read_begin(store, &read);
	if (error)
		return error;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0] && !error; i++) {
		error = store_each(read, tables[i].table, tables[i].visit, node);
		if (!error && tables[i].table == STORE_BUNDLES)
			error = node_load_tips(node, read_bundle, read);
		if (error)
			twinlog_fault_set(fault, error, tables[i].name, NULL);
	}
	store_read_end(read);
	return error ? error : node_loaded(node);
}

enum twinlog_error load_node(const struct daemon_setup *setup, struct node **ret_node, struct twinlog_fault *fault)
{
	struct node_config config = {
	    .keys = setup->keys, .signed_card = setup->signed_card, .signed_card_size = setup->signed_card_size};
	struct node *node = NULL;
	enum twinlog_error error = load_machine(setup->store, &config.machine, &config.restored);
	if (error)
		return twinlog_fault_set(fault, error, "the store", NULL);
	seal_random(config.seed, sizeof config.seed);
	error = node_new(&config, &node);
	seal_wipe(config.seed, sizeof config.seed);
	if (error)
		return twinlog_fault_set(fault, error, "the city's card and keys", NULL);
	error = load_tables(setup->store, node, fault);
	if (error) {
		node_free(node);
		return error;
	}
	*ret_node = node;
	return TWINLOG_OK;
}
