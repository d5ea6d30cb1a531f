/* A city's own software logs a visit and reads it back:
 *
 *     cc log_visit.c $(pkg-config --cflags --libs twinlog) -o log_visit
 *     ./log_visit /var/lib/twinlog/mokpo CN:lianyungang */
#include <stdio.h>
#include <string.h>

#include <twinlog/client.h>

static int complain(const struct twinlog_fault *fault)
{
	fprintf(stderr, "log_visit: %s%s%s\n", fault->where, fault->where[0] ? ": " : "",
		twinlog_error_text(fault->code));
	return twinlog_error_exit(fault->code);
}

int main(int count, char **arguments)
{
	struct twinlog *twinlog;
	struct twinlog_fault fault;
	struct twinlog_outcome outcome;
	char request[TWINLOG_RECORD_TEXT], record[1024], *json;
	int code = 0;

	if (count != 3) {
		fprintf(stderr, "usage: log_visit DIR PARTNER\n");
		return 2;
	}
	if (twinlog_open(arguments[1], &twinlog, &fault))
		return complain(&fault);
	/* Drawn before anything is sent: handed in again after a crash, the visit is logged once. */
	if (twinlog_request_id(request))
		return 1;
	snprintf(record, sizeof record,
		 "{\"cities\": [\"KR:mokpo\", \"%s\"], \"fields\": [\"local_government_affairs\"], \"form\": "
		 "\"delegation_visit\", \"start\": \"2024-05-03\", \"title\": \"시청 방문\", \"request\": \"%s\"}",
		 arguments[2], request);
	if (twinlog_submit(twinlog, NULL, record, strlen(record), &outcome, &fault)) {
		code = complain(&fault);
	} else if (twinlog_show(twinlog, outcome.record, &json, &fault)) {
		code = complain(&fault);
	} else {
		puts(json);
		twinlog_free(json);
	}
	twinlog_close(twinlog);
	return code;
}
