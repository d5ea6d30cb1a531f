/* Reports for people: asking for one, and the words and numbers in which it is shown. Shared by report and brief. */
#ifndef TWINLOG_FIGURES_H
#define TWINLOG_FIGURES_H

#include "cli.h"
#include "measure.h"

/* What a measure is, in the language of the messages (measure_text.c). */
const char *measure_title(enum measure measure);
const char *measure_meaning(enum measure measure);
const char *measure_formula(enum measure measure);
const char *measure_leaves_out(enum measure measure);
/* Column heads for people. */
const char *report_column_label(ProtobufCBinaryData column);
const char *report_dimension_label(ProtobufCBinaryData dimension);

/* Asks for all pages of a report. *ret_reported in the run's arena. */
enum twinlog_error report_ask(struct cli *cli, Twinlog__Report *asked,
			      Twinlog__Reported **ret_reported) TWINLOG_MUST_CHECK;

/* One key or figure, in the run's arena. keys: of its row, for the currency of an amount; may be NULL. */
const char *report_key(struct cli *cli, ProtobufCBinaryData dimension, ProtobufCBinaryData key);
const char *report_figure(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			  size_t column);
/* An amount in minor units of its currency: "12,000 KRW", "35.50 CNY". */
const char *report_money(struct cli *cli, int64_t minor, ProtobufCBinaryData currency);
/* Whether a figure is an amount of money, and in which currency. */
bool report_currency(const Twinlog__Reported *reported, const Twinlog__ReportRow *row, size_t column,
		     ProtobufCBinaryData *ret_currency);
/* The day of --as-of: of a month or year its last one, for what was known at its end. */
enum twinlog_error report_read_day(struct cli *cli, const char *text, ProtobufCBinaryData *ret_day) TWINLOG_MUST_CHECK;
/* The presets that there are, for cli->known. */
const char *report_presets(struct cli *cli);
/* How complete the logs behind an answer are: one line a space. */
const char *report_completeness(struct cli *cli, const Twinlog__SpaceStatus *status);
/* What the figures leave out: "participants 137, private 164"; "" for nothing. */
const char *report_left_out(struct cli *cli, const Twinlog__Reported *reported);

#endif
