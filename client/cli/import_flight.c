/* Requests of an import under way at the same time. Answers are kept until they are waited for. */
#include "import.h"

static struct flight **flight_place(struct import *import, uint64_t id)
{
	struct flight **at = &import->flights;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

enum twinlog_error flight_send(struct import *import, Twinlog__Request *request, struct flight *flight)
{
	const enum twinlog_error error = twinlog_send(import->cli->twinlog, request, &flight->id, &import->cli->fault);

	if (error)
		return error;
	flight->next = import->flights;
	import->flights = flight;
	return TWINLOG_OK;
}

/* The next answer to any of them. */
static enum twinlog_error take_answer(struct import *import)
{
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
	struct cli *cli = import->cli;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	if (!arena)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	/* It is said to be out of reach only after a call's time. */
	do {
		error = twinlog_receive(cli->twinlog, TWINLOG_CALL_TIMEOUT_MS, arena, &reply, &cli->fault);
	} while (error == TWINLOG_NOT_FOUND);
	struct flight **place = error ? NULL : flight_place(import, reply->id);
	if (place && *place) {
		struct flight *flight = *place;

		*place = flight->next;
		flight->arena = arena;
		flight->reply = reply;
	} else {
		arena_free(arena);
	}
	return error;
}

enum twinlog_error flight_wait(struct import *import, struct flight *flight)
{
	enum twinlog_error error = TWINLOG_OK;

	while (!flight->reply && !error)
		error = take_answer(import);
	if (!error && flight->reply->fault)
		error = fault_from_wire(&import->cli->fault, flight->reply->fault->code, flight->reply->fault->where,
					flight->reply->fault->value);
	return error;
}

void flight_end(struct import *import, struct flight *flight)
{
	struct flight **place = flight->id && !flight->reply ? flight_place(import, flight->id) : NULL;

	if (place && *place)
		*place = flight->next;
	arena_free(flight->arena);
	*flight = (struct flight){0};
}
