/* bench_beside FOLDER SECONDS [report MEASURE [BY]... | text TEXT]: how long one waits for the acknowledgement of an
 * entry, one at a time, while another client asks for one report, or for a page of what holds a text, again and again;
 * with none of them while nobody asks. Milliseconds; what was asked took so long in the median. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "bench_client.h"
#include "connection.h"

#define ASKED_MAX   65536u
#define ENTRIES_MAX 1048576u
#define WARM_UP     0.5 /* seconds */

struct asking {
	struct twinlog *twinlog;
	Twinlog__Request request;
	atomic_bool over;
	double spans[ASKED_MAX];
	unsigned long count;
};

static void *ask(void *context)
{
	struct asking *asking = context;
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);

	bench_require(arena != NULL, "memory");
	while (!atomic_load(&asking->over) && asking->count < ASKED_MAX) {
		const double begun = bench_seconds();
		struct twinlog_fault fault;
		Twinlog__Reply *reply;

		bench_require(!twinlog_call(asking->twinlog, &asking->request, arena, &reply, &fault), fault.where);
		asking->spans[asking->count++] = (bench_seconds() - begun) * 1e3;
		arena_reset(arena);
	}
	arena_free(arena);
	return NULL;
}

static double submit(struct twinlog *here, unsigned long number)
{
	struct twinlog_outcome outcome;
	struct twinlog_fault fault;
	char json[512];
	const int size =
	    snprintf(json, sizeof json,
		     "{\"kind\":\"activity\",\"cities\":[\"CN:lianyungang\",\"KR:mokpo\"],\"fields\":[\"sports\"],"
		     "\"form\":\"sports_event\",\"start\":\"2019-05-11\",\"titles\":[{\"lang\":\"en\",\"text\":"
		     "\"friendly match no. %lu\"}],\"participants\":40}",
		     number);
	const double begun = bench_seconds();

	bench_require(!twinlog_submit(here, NULL, json, (size_t)size, &outcome, &fault), "twinlog_submit");
	return (bench_seconds() - begun) * 1e3;
}

int main(int argc, char **argv)
{
	static struct asking asking;
	static double spans[ENTRIES_MAX];
	Twinlog__Report report = TWINLOG__REPORT__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	ProtobufCBinaryData by[4];
	unsigned long count = 0;
	pthread_t thread;
	struct twinlog *here;
	double begun;

	if (argc != 3 && (argc < 5 || argc > 8)) {
		fprintf(stderr, "usage: bench_beside FOLDER SECONDS [report MEASURE [BY]... | text TEXT]\n");
		return 2;
	}
	twinlog__request__init(&asking.request);
	if (argc > 3 && strcmp(argv[3], "report") == 0) {
		asking.request.body_case = TWINLOG__REQUEST__BODY_REPORT;
		asking.request.report = &report;
		report.measure = codec_string(argv[4]);
		for (int i = 5; i < argc; i++)
			by[report.n_by++] = codec_string(argv[i]);
		report.by = by;
	} else if (argc > 3) {
		asking.request.body_case = TWINLOG__REQUEST__BODY_LIST;
		asking.request.list = &list;
		list.filter = &filter;
		list.limit = 50;
		filter.text = codec_string(argv[4]);
	}
	here = bench_reach(argv[1]);
	asking.twinlog = bench_reach(argv[1]);
	if (argc > 3)
		bench_require(pthread_create(&thread, NULL, ask, &asking) == 0, "pthread_create");
	begun = bench_seconds();
	while (bench_seconds() - begun < WARM_UP)
		(void)submit(here, 0);
	while (bench_seconds() - begun < WARM_UP + (double)bench_number(argv[2]) && count < ENTRIES_MAX) {
		spans[count] = submit(here, count);
		count++;
	}
	atomic_store(&asking.over, true);
	if (argc > 3)
		pthread_join(thread, NULL);
	printf("{\"entries\": %lu, \"median_ms\": %.4f, \"p99_ms\": %.4f, \"most_ms\": %.4f, \"asked\": %lu, "
	       "\"asked_ms\": %.4f}\n",
	       count, bench_at_share(spans, count, 0.5), bench_at_share(spans, count, 0.99),
	       bench_at_share(spans, count, 1), asking.count, bench_at_share(asking.spans, asking.count, 0.5));
	twinlog_close(asking.twinlog);
	twinlog_close(here);
	return 0;
}
