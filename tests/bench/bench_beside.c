/* bench_beside FOLDER SECONDS [report MEASURE [BY]... | match | text TEXT | sort city|changed]: how long one waits for
 * the acknowledgement of an entry, one at a time, while another client asks for one report, for proposals of
 * duplicates, or for a page of what holds a text or in an order, again and again; with none of them while nobody asks.
 * Milliseconds; what was asked took so long in the median. held: for how long those who read held up the
 * daemon's loop, in their own time, so without what others had of the processor; whole milliseconds, rounded up. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "bench_client.h"
#include "connection.h"

#define ASKED_MAX   65536u
#define ENTRIES_MAX 1048576u
#define WARM_UP     0.5 /* seconds */
#define HELD_MAX    64u

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

static void held_now(struct twinlog *here, uint64_t ret[HELD_MAX])
{
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	struct twinlog_fault fault;
	Twinlog__Reply *reply;

	bench_require(arena != NULL, "memory");
	request.body_case = TWINLOG__REQUEST__BODY_STATUS_GET;
	request.status_get = &get;
	bench_require(!twinlog_call(here, &request, arena, &reply, &fault) && reply->status, fault.where);
	for (size_t i = 0; i < HELD_MAX; i++)
		ret[i] = i < reply->status->n_held ? reply->status->held[i] : 0;
	arena_free(arena);
}

/* In milliseconds, rounded up; share: of all. */
static unsigned held_at_share(const uint64_t before[HELD_MAX], const uint64_t after[HELD_MAX], double share)
{
	uint64_t all = 0, below = 0;
	unsigned ms = 0;

	for (unsigned i = 0; i < HELD_MAX; i++)
		all += after[i] - before[i];
	while (ms < HELD_MAX && (double)below < share * (double)all)
		below += after[ms] - before[ms], ms++;
	return ms;
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
	Twinlog__Match match = TWINLOG__MATCH__INIT;
	uint64_t before[HELD_MAX], after[HELD_MAX];
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	ProtobufCBinaryData by[4];
	unsigned long count = 0;
	pthread_t thread;
	struct twinlog *here;
	double begun;

	if (argc < 3 || argc > 8 || (argc == 4 && strcmp(argv[3], "match") != 0)) {
		fprintf(stderr, "usage: bench_beside FOLDER SECONDS [report MEASURE [BY]... | match | text TEXT | sort "
				"city|changed]\n");
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
	} else if (argc == 4) {
		asking.request.body_case = TWINLOG__REQUEST__BODY_MATCH;
		asking.request.match = &match;
	} else if (argc > 3) {
		asking.request.body_case = TWINLOG__REQUEST__BODY_LIST;
		asking.request.list = &list;
		list.filter = &filter;
		list.limit = 50;
		if (strcmp(argv[3], "sort") == 0)
			list.sort =
			    strcmp(argv[4], "city") == 0 ? TWINLOG__SORT__SORT_CITY : TWINLOG__SORT__SORT_CHANGED;
		else
			filter.text = codec_string(argv[4]);
	}
	here = bench_reach(argv[1]);
	asking.twinlog = bench_reach(argv[1]);
	if (argc > 3)
		bench_require(pthread_create(&thread, NULL, ask, &asking) == 0, "pthread_create");
	begun = bench_seconds();
	while (bench_seconds() - begun < WARM_UP)
		(void)submit(here, 0);
	held_now(here, before);
	while (bench_seconds() - begun < WARM_UP + (double)bench_number(argv[2]) && count < ENTRIES_MAX) {
		spans[count] = submit(here, count);
		count++;
	}
	held_now(here, after);
	atomic_store(&asking.over, true);
	if (argc > 3)
		pthread_join(thread, NULL);
	printf("{\"entries\": %lu, \"median_ms\": %.4f, \"p99_ms\": %.4f, \"most_ms\": %.4f, \"held_p999_ms\": %u, "
	       "\"held_most_ms\": %u, \"asked\": %lu, "
	       "\"asked_ms\": %.4f}\n",
	       count, bench_at_share(spans, count, 0.5), bench_at_share(spans, count, 0.99),
	       bench_at_share(spans, count, 1), held_at_share(before, after, 0.999), held_at_share(before, after, 1),
	       asking.count, bench_at_share(asking.spans, asking.count, 0.5));
	twinlog_close(asking.twinlog);
	twinlog_close(here);
	return 0;
}
