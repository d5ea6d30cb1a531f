/* iCalendar (RFC 5545): what took place as all-day events, ties on the day they were made and on the day they are due.
 *
 * A date is no more precise than somebody knew it: what is known to the month fills the month and says so in its
 * title, and what is known to the year, or not at all, is left out and counted. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "edtf.h"
#include "export.h"

#define LINE_OCTETS 75u  /* section 3.1, without the line end */
#define LAST_YEAR   9999 /* section 3.3.4: a date has four digits for it, so none lies behind its last day */

/* A content line, folded at 75 octets, never within a character. */
static void line_write(FILE *out, const char *line)
{
	size_t size = strlen(line), room = LINE_OCTETS;

	while (size > room) {
		const size_t cut = text_cut(line, size, room);

		fprintf(out, "%.*s\r\n ", (int)cut, line);
		line += cut;
		size -= cut;
		room = LINE_OCTETS - 1; /* the blank that continues the line */
	}
	fprintf(out, "%s\r\n", line);
}

static void property(struct export *export, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void property(struct export *export, const char *format, ...)
{
	char *line = NULL;
	va_list list;

	va_start(list, format);
	if (vasprintf(&line, format, list) >= 0)
		line_write(export->out, line);
	va_end(list);
	free(line);
}

/* Section 3.3.11: commas, semicolons, backslashes and line feeds within a text. */
static const char *escaped(struct cli *cli, const char *text)
{
	char *out = arena_alloc(cli->arena, 2 * strlen(text) + 1), *at = out;

	if (!out)
		return "";
	for (; *text; text++) {
		if (*text == '\n') {
			*at++ = '\\';
			*at++ = 'n';
			continue;
		}
		if (strchr(",;\\", *text))
			*at++ = '\\';
		*at++ = *text;
	}
	*at = 0;
	return out;
}

static const char *day(struct cli *cli, int32_t days)
{
	int year, month, number;

	edtf_from_days(days, &year, &month, &number);
	return cli_printf(cli, "%04d%02d%02d", year, month, number);
}

static const char *moment(struct cli *cli, uint64_t unix_ms)
{
	const time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	return cli_printf(cli, "%04d%02d%02dT%02d%02d%02dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
			  utc.tm_hour, utc.tm_min, utc.tm_sec);
}

struct when {
	int32_t first, last;
	bool exact; /* to the day, and sure */
	const char *written;
};

/* false: no calendar can show it. */
static bool when_read(struct cli *cli, ProtobufCBinaryData start, ProtobufCBinaryData end, struct when *ret_when)
{
	struct edtf first, last;

	if (edtf_parse(start.data, start.len, &first) || first.precision < EDTF_MONTH)
		return false;
	last = first;
	if (end.len > 0 && (edtf_parse(end.data, end.len, &last) || last.precision < EDTF_MONTH))
		return false;
	*ret_when = (struct when){
	    .first = first.first,
	    .last = last.last < first.first ? first.last : last.last,
	    .exact =
		first.precision == EDTF_DAY && last.precision == EDTF_DAY && !first.approximate && !last.approximate,
	    .written = cli_printf(cli, "%s%s%s", cli_text(cli, start), end.len ? " – " : "", cli_text(cli, end))};
	return true;
}

static enum twinlog_error ical_begin(struct export *export)
{
	property(export, "BEGIN:VCALENDAR");
	property(export, "VERSION:2.0");
	property(export, "PRODID:-//Twinlog//twinlog %s//%s", TWINLOG_VERSION, "EN");
	property(export, "CALSCALE:GREGORIAN");
	property(export, "METHOD:PUBLISH");
	return TWINLOG_OK;
}

static void event_begin(struct export *export, const Twinlog__Record *record, const char *more, const struct when *when,
			const char *title)
{
	struct cli *cli = export->cli;

	property(export, "BEGIN:VEVENT");
	property(export, "UID:%s%s@twinlog", cli_hex(cli, record->handle, 0), more);
	property(export, "DTSTAMP:%s", moment(cli, record->changed_ms));
	property(export, "DTSTART;VALUE=DATE:%s", day(cli, when->first));
	if (when->last < edtf_days(LAST_YEAR, 12, 31))
		property(export, "DTEND;VALUE=DATE:%s", day(cli, when->last + 1));
	else
		property(export, "DURATION:P%dD", (int)(when->last - when->first) + 1);
	property(export, "SUMMARY:%s%s%s%s", escaped(cli, title), when->exact ? "" : " (",
		 when->exact ? "" : escaped(cli, when->written), when->exact ? "" : ")");
	property(export, "TRANSP:TRANSPARENT");
}

static const char *cities_text(struct cli *cli, const Twinlog__Activity *activity)
{
	const char *text = "";

	for (size_t i = 0; i < activity->n_cities; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? ", " : "", cli_city_name(cli, activity->cities[i]->city_id));
	return text;
}

static const char *status_of(const Twinlog__Activity *activity)
{
	if (codec_equal(activity->status, "cancelled"))
		return "CANCELLED";
	return codec_equal(activity->status, "planned") || codec_equal(activity->status, "postponed") ? "TENTATIVE"
												      : "CONFIRMED";
}

static bool activity_write(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	const Twinlog__Activity *activity = body->activity;
	struct cli *cli = export->cli;
	const ProtobufCBinaryData host = export_host(activity);
	const char *title = cli_title(cli, body);
	const char *categories = "";
	struct when when;

	if (!when_read(cli, activity->start, activity->end, &when))
		return false;
	if (!*title)
		title =
		    cli_printf(cli, "%s: %s", cli_code(cli, CODELIST_FORM, activity->form), cities_text(cli, activity));
	event_begin(export, record, "", &when, title);
	property(export, "STATUS:%s", status_of(activity));
	if (host.len > 0)
		property(export, "LOCATION:%s", escaped(cli, cli_city_name(cli, host)));
	for (size_t i = 0; i < activity->n_fields; i++)
		categories = cli_printf(cli, "%s%s%s", categories, i ? "," : "",
					escaped(cli, cli_code(cli, CODELIST_FIELD, activity->fields[i])));
	if (*categories)
		property(export, "CATEGORIES:%s", categories);
	property(export, "DESCRIPTION:%s%s%s", escaped(cli, cities_text(cli, activity)),
		 activity->n_summaries ? "\\n" : "",
		 activity->n_summaries ? escaped(cli, cli_text(cli, activity->summaries[0]->text)) : "");
	if (activity->source && activity->source->uri.len > 0)
		property(export, "URL:%s", cli_text(cli, activity->source->uri));
	property(export, "END:VEVENT");
	return true;
}

static bool tie_write(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	const Twinlog__Agreement *agreement = body->agreement;
	const ProtobufCBinaryData none = codec_bytes(NULL, 0);
	struct cli *cli = export->cli;
	const char *parties = "", *kind = cli_code(cli, CODELIST_RELATION_TYPE, agreement->relation_type);
	struct when when;
	bool any = false;

	for (size_t i = 0; i < agreement->n_parties; i++)
		parties = cli_printf(cli, "%s%s%s", parties, i ? ", " : "", cli_city_name(cli, agreement->parties[i]));
	if (when_read(cli, agreement->established, none, &when)) {
		event_begin(export, record, "", &when, cli_printf(cli, "%s: %s", parties, kind));
		property(export, "END:VEVENT");
		any = true;
	}
	if (when_read(cli, agreement->renewal_due, none, &when)) {
		event_begin(export, record, "-renewal", &when, cli_printf(cli, _("%s: renewal due"), parties));
		property(export, "END:VEVENT");
		any = true;
	}
	return any;
}

static enum twinlog_error ical_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	bool written = false;

	if (body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		written = activity_write(export, record, body);
	else if (body && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		written = tie_write(export, record, body);
	else
		return TWINLOG_OK; /* cities are no events */
	export->count += written;
	export->left_out += !written;
	return TWINLOG_OK;
}

static enum twinlog_error ical_end(struct export *export, bool sound)
{
	if (sound)
		property(export, "END:VCALENDAR");
	return TWINLOG_OK;
}

const struct export_format export_ical = {
    .name = "ics",
    .begin = ical_begin,
    .record = ical_record,
    .end = ical_end,
};
