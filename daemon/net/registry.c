#include "registry.h"

#include <stdlib.h>
#include <string.h>

/* ---- Who. ---- */

enum twinlog_error registry_open(struct registry *registry, const struct daemon_client *clients, size_t count)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < count && !error; i++)
		error = registry_add(registry, &clients[i]);
	return error;
}

void registry_close(struct registry *registry)
{
	for (size_t i = 0; i < registry->count; i++) {
		struct waiting_request *waiting;
		while ((waiting = client_take(registry, registry->items[i])))
			waiting_free(waiting);
		free(registry->items[i]);
	}
	free(registry->items);
	*registry = (struct registry){0};
}

enum twinlog_error registry_add(struct registry *registry, const struct daemon_client *is)
{
	if (registry_list(registry, NULL, 0) >= TWINLOG_CLIENTS_MAX)
		return TWINLOG_TOO_MANY;
	if (registry->count == registry->capacity) {
		const size_t capacity = registry->capacity ? registry->capacity * 2 : 8;
		struct client **items = realloc(registry->items, capacity * sizeof *items);
		if (!items)
			return TWINLOG_NO_MEMORY;
		registry->items = items;
		registry->capacity = capacity;
	}
	struct client *client = calloc(1, sizeof *client);
	if (!client)
		return TWINLOG_NO_MEMORY;
	client->is = *is;
	client->scope = (struct scope){client->is.spaces, client->is.spaces_count};
	client->number = (uint32_t)registry->count;
	registry->items[registry->count++] = client;
	return TWINLOG_OK;
}

void registry_remove(struct registry *registry, struct client *client)
{
	struct waiting_request *waiting;
	client->removed = true;
	while ((waiting = client_take(registry, client)))
		waiting_free(waiting);
}

struct client *registry_by_name(const struct registry *registry, const char *name)
{
	for (size_t i = 0; i < registry->count; i++)
		if (!registry->items[i]->removed && strcmp(registry->items[i]->is.name, name) == 0)
			return registry->items[i];
	return NULL;
}

struct client *registry_by_key(const struct registry *registry, const uint8_t key[32])
{
	for (size_t i = 0; i < registry->count; i++)
		if (!registry->items[i]->removed && memcmp(registry->items[i]->is.public_key, key, 32) == 0)
			return registry->items[i];
	return NULL;
}

size_t registry_admins(const struct registry *registry)
{
	size_t count = 0;
	for (size_t i = 0; i < registry->count; i++) {
		const struct client *client = registry->items[i];
		count += !client->removed && client->is.role == ROLE_ADMIN && client->is.spaces_count == 0;
	}
	return count;
}

size_t registry_list(const struct registry *registry, struct daemon_client *out, size_t max)
{
	size_t count = 0;
	for (size_t i = 0; i < registry->count; i++) {
		if (registry->items[i]->removed)
			continue;
		if (count < max)
			out[count] = registry->items[i]->is;
		count++;
	}
	return count;
}

enum twinlog_error registry_admit(const struct registry *registry, struct keyring *keyring)
{
	struct keyring_entry *entries = calloc(registry->count + 1, sizeof *entries);
	size_t count = 0;
	if (!entries)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < registry->count; i++) {
		const struct client *client = registry->items[i];
		struct keyring_entry *entry = &entries[count];
		if (client->removed)
			continue;
		memcpy(entry->key, client->is.public_key, KEYRING_KEY_SIZE);
		memcpy(entry->name, client->is.name, sizeof client->is.name);
		entry->number = (uint32_t)i;
		count++;
	}
	const enum twinlog_error error = keyring_set(keyring, entries, count);
	free(entries);
	return error;
}

/* ---- How much. ---- */

/* What a request takes of its client's share, in microseconds at full rate. */
static uint64_t cost_us(size_t size)
{
	return 1000000u / TWINLOG_CLIENT_RATE + size / (TWINLOG_CLIENT_BYTES / 1000000u);
}

bool client_may_go(struct client *client, size_t size, bool query, uint64_t now_ms)
{
	const uint64_t now_us = now_ms * 1000;
	if (query && client->queries >= TWINLOG_CLIENT_QUERIES_MAX)
		return false;
	if (client->busy_us < now_us)
		client->busy_us = now_us;
	if (client->busy_us - now_us > TWINLOG_CLIENT_BURST_MS * 1000)
		return false;
	client->busy_us += cost_us(size);
	return true;
}

uint64_t client_next_ms(const struct client *client, uint64_t now_ms)
{
	const uint64_t free_us = client->busy_us - TWINLOG_CLIENT_BURST_MS * 1000;
	if (!client->first || client->busy_us <= now_ms * 1000 + TWINLOG_CLIENT_BURST_MS * 1000)
		return UINT64_MAX;
	return free_us / 1000 + 1;
}

enum twinlog_error client_wait(struct registry *registry, struct client *client, const void *route, size_t route_size,
			       zmq_msg_t *message)
{
	const size_t size = zmq_msg_size(message);
	if (client->waiting >= TWINLOG_CLIENT_WAITING_MAX ||
	    client->waiting_bytes + size > TWINLOG_CLIENT_WAITING_BYTES)
		return TWINLOG_TOO_MANY;
	struct waiting_request *waiting = malloc(sizeof *waiting);
	if (!waiting)
		return TWINLOG_NO_MEMORY;
	waiting->next = NULL;
	zmq_msg_init(&waiting->message);
	zmq_msg_move(&waiting->message, message);
	memcpy(waiting->route, route, route_size);
	waiting->route_size = (uint8_t)route_size;
	if (client->last)
		client->last->next = waiting;
	else
		client->first = waiting;
	client->last = waiting;
	registry->slowed += client->waiting++ == 0;
	client->waiting_bytes += size;
	client->slowed++;
	return TWINLOG_OK;
}

struct waiting_request *client_take(struct registry *registry, struct client *client)
{
	struct waiting_request *waiting = client->first;
	if (!waiting)
		return NULL;
	client->first = waiting->next;
	if (!client->first)
		client->last = NULL;
	client->waiting_bytes -= zmq_msg_size(&waiting->message);
	registry->slowed -= --client->waiting == 0;
	return waiting;
}

void waiting_free(struct waiting_request *waiting)
{
	zmq_msg_close(&waiting->message);
	free(waiting);
}
