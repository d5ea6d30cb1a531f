/* bench_view FOLDER ROUNDS: how long lists take that a daemon with many records answers, over its socket, each the
 * median of so many; and a request that asks for next to nothing, which is what the line itself takes. */
#include <string.h>

#include "bench_client.h"
#include "connection.h"

#define PAGE       50u
#define DEEP_PAGES 300u /* of the largest size, before the deep page */

static struct twinlog *twinlog;

static Twinlog__Reply *call(struct arena *arena, Twinlog__Request *request)
{
	struct twinlog_fault fault;
	Twinlog__Reply *reply;

	if (twinlog_call(twinlog, request, arena, &reply, &fault)) {
		fprintf(stderr, "bench_view: %s: '%s': %s\n", fault.where, fault.value, twinlog_error_text(fault.code));
		exit(1);
	}
	return reply;
}

static double median_ms(Twinlog__Request *request, unsigned long rounds, uint64_t *ret_total)
{
	double *spans = calloc(rounds, sizeof *spans), median;
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);

	bench_require(spans && arena, "memory");
	for (unsigned long i = 0; i < rounds; i++) {
		const double begun = bench_seconds();
		const Twinlog__Reply *reply = call(arena, request);

		spans[i] = (bench_seconds() - begun) * 1e3;
		if (reply->records)
			*ret_total = reply->records->total;
		arena_reset(arena);
	}
	qsort(spans, rounds, sizeof *spans, bench_compare);
	median = spans[rounds / 2];
	free(spans);
	arena_free(arena);
	return median;
}

static void measure(const char *name, Twinlog__List *list, unsigned long rounds)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	uint64_t total = 0;

	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = list;
	list->limit = PAGE;
	const double ms = median_ms(&request, rounds, &total);

	printf("\"%s\": {\"ms\": %.4f, \"total\": %llu}, ", name, ms, (unsigned long long)total);
}

/* The cursor a long way into a list. */
static ProtobufCBinaryData deep(Twinlog__List list, uint8_t room[TWINLOG_CURSOR_MAX])
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);

	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	list.limit = TWINLOG_PAGE_MAX;
	for (unsigned page = 0; page < DEEP_PAGES; page++) {
		const Twinlog__Reply *reply = call(arena, &request);

		if (!reply->records || reply->records->cursor.len == 0)
			break;
		memcpy(room, reply->records->cursor.data, reply->records->cursor.len);
		list.cursor = codec_bytes(room, reply->records->cursor.len);
		arena_reset(arena);
	}
	arena_free(arena);
	return list.cursor;
}

int main(int argc, char **argv)
{
	Twinlog__Filter of_city = TWINLOG__FILTER__INIT, of_years = TWINLOG__FILTER__INIT,
			of_text = TWINLOG__FILTER__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Request nothing = TWINLOG__REQUEST__INIT;
	Twinlog__CardGet card = TWINLOG__CARD_GET__INIT;
	ProtobufCBinaryData city = codec_string("CN:lianyungang"), form = codec_string("exhibition"),
			    country = codec_string("KR"), field = codec_string("culture_arts");
	uint8_t room[TWINLOG_CURSOR_MAX];
	struct twinlog_fault fault;
	uint64_t total;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_view FOLDER ROUNDS\n");
		return 2;
	}
	const unsigned long rounds = bench_number(argv[2]);

	bench_require(!twinlog_open(argv[1], &twinlog, &fault), "twinlog_open");
	nothing.body_case = TWINLOG__REQUEST__BODY_CARD_GET;
	nothing.card_get = &card;
	printf("{\"line_ms\": %.4f, ", median_ms(&nothing, rounds, &total));
	measure("all", &list, rounds);
	of_city.cities = &city, of_city.n_cities = 1, of_city.forms = &form, of_city.n_forms = 1;
	list.filter = &of_city;
	measure("city_form", &list, rounds);
	of_years.countries = &country, of_years.n_countries = 1, of_years.fields = &field, of_years.n_fields = 1;
	of_years.from = codec_string("2010"), of_years.to = codec_string("2019");
	list.filter = &of_years;
	list.descending = true;
	measure("years_field", &list, rounds);
	list.filter = NULL;
	list.descending = false;
	list.cursor = deep(list, room);
	measure("deep", &list, rounds);
	list.cursor = codec_bytes(NULL, 0);
	list.filter = &of_text;
	of_text.text = codec_string("釜山");
	measure("text_zh", &list, rounds / 10 + 1);
	of_text.text = codec_string("목포");
	measure("text_ko", &list, rounds / 10 + 1);
	of_text.text = codec_string("没有");
	measure("text_none", &list, rounds / 10 + 1);
	printf("\"rounds\": %lu}\n", rounds);
	twinlog_close(twinlog);
	return 0;
}
