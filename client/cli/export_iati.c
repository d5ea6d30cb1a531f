/* IATI Activity Standard 2.03 (XML): one iati-activity an activity record, its elements in the order of the schema.
 * Which code becomes which, and what has no place there, is said in client/IATI.md. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "edtf.h"
#include "export.h"
#include "money.h"

#define VOCABULARY "urn:twinlog:codelist:field"

/* ---- XML ---- */

/* Escaped text; what XML 1.0 cannot hold is left out. */
static const char *xml(struct cli *cli, ProtobufCBinaryData text)
{
	char *out = arena_alloc(cli->arena, 6 * text.len + 1), *at = out;

	if (!out)
		return "";
	for (size_t i = 0; i < text.len; i++) {
		const char c = (char)text.data[i];
		const char *entity = c == '&'   ? "&amp;"
				     : c == '<' ? "&lt;"
				     : c == '>' ? "&gt;"
				     : c == '"' ? "&quot;"
						: NULL;

		if (entity)
			at = stpcpy(at, entity);
		else if ((unsigned char)c >= 0x20 || c == '\n' || c == '\t')
			*at++ = c;
	}
	*at = 0;
	return out;
}

static void put(struct export *export, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct export *export, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(export->out, format, list);
	va_end(list);
	putc('\n', export->out);
}

static void narrative(struct export *export, const char *lang, const char *escaped)
{
	put(export, *lang ? "   <narrative xml:lang=\"%s\">%s</narrative>" : "   <narrative%s>%s</narrative>", lang,
	    escaped);
}

/* ---- Codes ---- */

struct iati_code {
	const char *own, *iati;
};

static const char *code_of(const struct iati_code *codes, size_t count, ProtobufCBinaryData own, const char *other)
{
	for (size_t i = 0; i < count; i++)
		if (codec_equal(own, codes[i].own))
			return codes[i].iati;
	return other;
}
#define CODE_OF(codes, own, other) code_of((codes), sizeof(codes) / sizeof *(codes), (own), (other))

/* ActivityStatus */
static const struct iati_code statuses[] = {{"planned", "1"}, {"held", "4"}, {"cancelled", "5"}, {"postponed", "6"}};

/* OrganisationType */
static const struct iati_code kinds[] = {
    {"international_organisation", "40"},
    {"city_network", "40"},
    {"central_government", "10"},
    {"national_association", "22"},
    {"province_level", "11"},
    {"municipal", "11"},
    {"county_or_district", "11"},
    {"council", "11"},
    {"association_or_ngo", "22"},
    {"enterprise_or_chamber", "70"},
    {"school_or_university", "80"},
    {"citizens_group", "24"},
    {"media", "70"},
};

/* DAC sector categories (vocabulary 2) */
static const struct iati_code sectors[] = {
    {"local_government_affairs", "151"},
    {"economy_trade_investment", "331"},
    {"culture_arts", "160"},
    {"tourism", "332"},
    {"science_technology_innovation", "430"},
    {"education_training", "111"},
    {"medical_health", "121"},
    {"sports", "160"},
    {"youth_women_children", "160"},
    {"environment_ecology", "410"},
    {"urban_governance", "430"},
    {"agriculture_fisheries_forestry", "311"},
    {"disaster_relief_humanitarian", "720"},
    {"media_information", "220"},
};
#define SECTOR_OTHER "998"

/* ---- Parts of an activity ---- */

/* "TWINLOG-KR-mokpo": an identifier that begins with a country, as org-id.guide wants, is nobody's to give here. */
static const char *org_ref(struct cli *cli, ProtobufCBinaryData city_id)
{
	const char *id = cli_text(cli, city_id);

	return strlen(id) > 3 ? cli_printf(cli, "TWINLOG-%.2s-%s", id, id + 3) : "TWINLOG";
}

static const char *city_xml(struct cli *cli, ProtobufCBinaryData city_id)
{
	return xml(cli, codec_string(cli_city_name(cli, city_id)));
}

static void texts_write(struct export *export, const char *element, const char *attributes, Twinlog__Text *const *texts,
			size_t count, const char *instead)
{
	put(export, "  <%s%s>", element, attributes);
	for (size_t i = 0; i < count; i++)
		narrative(export, xml(export->cli, texts[i]->lang), xml(export->cli, texts[i]->text));
	if (count == 0)
		narrative(export, "", instead);
	put(export, "  </%s>", element);
}

static bool pays(const Twinlog__Activity *activity, ProtobufCBinaryData city)
{
	for (size_t i = 0; i < activity->n_cost; i++)
		if (activity->cost[i]->payer.len == city.len && city.len > 0 &&
		    memcmp(activity->cost[i]->payer.data, city.data, city.len) == 0)
			return true;
	return false;
}

static void organisation(struct export *export, const char *ref, const char *role, const char *type, const char *name)
{
	put(export,
	    *ref ? "  <participating-org ref=\"%s\" role=\"%s\" type=\"%s\">"
		 : "  <participating-org%s role=\"%s\" type=\"%s\">",
	    ref, role, type);
	narrative(export, "", name);
	put(export, "  </participating-org>");
}

/* Cities implement, and fund what they pay for; organisations of society implement. */
static void organisations_write(struct export *export, const Twinlog__Activity *activity)
{
	struct cli *cli = export->cli;

	for (size_t i = 0; i < activity->n_cities; i++) {
		const ProtobufCBinaryData city = activity->cities[i]->city_id;

		if (codec_equal(activity->cities[i]->role, "observer"))
			continue;
		if (pays(activity, city))
			organisation(export, org_ref(cli, city), "1", "11", city_xml(cli, city));
		organisation(export, org_ref(cli, city), "4", "11", city_xml(cli, city));
	}
	for (size_t i = 0; i < activity->n_actors; i++) {
		const Twinlog__Actor *actor = activity->actors[i];

		if (actor->org.len > 0)
			organisation(export, "", "4", CODE_OF(kinds, actor->kind, "22"), xml(cli, actor->org));
	}
}

static const char *iso_day(struct cli *cli, int32_t days)
{
	int year, month, number;

	edtf_from_days(days, &year, &month, &number);
	return cli_printf(cli, "%04d-%02d-%02d", year, month, number);
}

/* The schema wants a day: of a month or a year it is the first (or last), and the narrative says what is known. */
static void date_write(struct export *export, ProtobufCBinaryData date, bool end, const char *type)
{
	struct edtf parsed;

	if (edtf_parse(date.data, date.len, &parsed))
		return;
	const char *day = iso_day(export->cli, end ? parsed.last : parsed.first);

	if (parsed.precision == EDTF_DAY && !parsed.approximate) {
		put(export, "  <activity-date iso-date=\"%s\" type=\"%s\"/>", day, type);
		return;
	}
	put(export, "  <activity-date iso-date=\"%s\" type=\"%s\">", day, type);
	narrative(export, "en", cli_printf(export->cli, "known as %s", cli_text(export->cli, date)));
	put(export, "  </activity-date>");
}

/* Shares of a whole as the standard wants them: two decimals, 100 together. */
static const char *share(struct cli *cli, size_t index, size_t count)
{
	const unsigned each = 10000u / (unsigned)count;
	const unsigned part = index + 1 == count ? 10000u - each * (unsigned)(count - 1) : each;

	return cli_printf(cli, "%u.%02u", part / 100, part % 100);
}

static void countries_write(struct export *export, const Twinlog__Activity *activity)
{
	struct cli *cli = export->cli;
	const char *codes[TWINLOG_RECORD_CITIES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < activity->n_cities && i < TWINLOG_RECORD_CITIES_MAX; i++) {
		const char *code = cli_printf(cli, "%.2s", cli_text(cli, activity->cities[i]->city_id));
		size_t k = 0;

		while (k < count && strcmp(codes[k], code) != 0)
			k++;
		if (k == count)
			codes[count++] = code;
	}
	for (size_t i = 0; i < count; i++)
		put(export, "  <recipient-country code=\"%s\" percentage=\"%s\"/>", codes[i], share(cli, i, count));
}

static void location_write(struct export *export, const Twinlog__Activity *activity)
{
	const ProtobufCBinaryData host = export_host(activity);
	double latitude, longitude;

	if (host.len == 0)
		return;
	put(export, "  <location ref=\"%s\">", org_ref(export->cli, host));
	put(export, "   <name>");
	narrative(export, "", city_xml(export->cli, host));
	put(export, "   </name>");
	if (whereabouts_find(export->state, host, &latitude, &longitude))
		put(export,
		    "   <point srsName=\"http://www.opengis.net/def/crs/EPSG/0/4326\"><pos>%.6f %.6f</pos></point>",
		    latitude, longitude);
	put(export, "  </location>");
}

/* Shares of fields that fall into one category are added up. */
static void sectors_write(struct export *export, const Twinlog__Activity *activity)
{
	struct cli *cli = export->cli;
	const char *codes[TWINLOG_FIELDS_MAX];
	size_t fields = activity->n_fields < TWINLOG_FIELDS_MAX ? activity->n_fields : TWINLOG_FIELDS_MAX;

	for (size_t i = 0; i < fields; i++)
		codes[i] = CODE_OF(sectors, activity->fields[i], SECTOR_OTHER);
	for (size_t i = 0; i < fields; i++) {
		unsigned part = 0;
		bool before = false;

		for (size_t k = 0; k < fields; k++) {
			const unsigned each = 10000u / (unsigned)fields;

			if (strcmp(codes[k], codes[i]) != 0)
				continue;
			before = before || k < i;
			part += k + 1 == fields ? 10000u - each * (unsigned)(fields - 1) : each;
		}
		if (!before)
			put(export, "  <sector vocabulary=\"2\" code=\"%s\" percentage=\"%u.%02u\"/>", codes[i],
			    part / 100, part % 100);
	}
	for (size_t i = 0; i < fields; i++) {
		const ProtobufCBinaryData field = activity->fields[i];

		put(export,
		    "  <sector vocabulary=\"99\" vocabulary-uri=\"" VOCABULARY "\" code=\"%s\" percentage=\"%s\">",
		    xml(cli, field), share(cli, i, fields));
		narrative(export, "", xml(cli, codec_string(cli_code(cli, CODELIST_FIELD, field))));
		put(export, "  </sector>");
	}
}

/* What was held was spent on its first day; what is planned is a budget. */
static void money_write(struct export *export, const Twinlog__Activity *activity, bool held)
{
	struct cli *cli = export->cli;
	struct edtf start, end;

	if (edtf_parse(activity->start.data, activity->start.len, &start))
		return;
	if (edtf_parse(activity->end.data, activity->end.len, &end))
		end = start;
	for (size_t i = 0; i < activity->n_cost; i++) {
		const Twinlog__Money *money = activity->cost[i];
		char sum[MONEY_TEXT_MAX];
		const char *value;

		(void)money_format(money->amount, money->currency, sum);
		value = cli_printf(cli, "<value currency=\"%s\" value-date=\"%s\">%s</value>",
				   xml(cli, money->currency), iso_day(cli, start.first), sum);
		if (!held) {
			put(export, "  <budget type=\"1\" status=\"1\">");
			put(export, "   <period-start iso-date=\"%s\"/>", iso_day(cli, start.first));
			put(export, "   <period-end iso-date=\"%s\"/>", iso_day(cli, end.last));
			put(export, "   %s\n  </budget>", value);
			continue;
		}
		put(export, "  <transaction>\n   <transaction-type code=\"4\"/>");
		put(export, "   <transaction-date iso-date=\"%s\"/>\n   %s", iso_day(cli, start.first), value);
		if (money->payer.len > 0) {
			put(export, "   <provider-org ref=\"%s\" type=\"11\">", org_ref(cli, money->payer));
			narrative(export, "", city_xml(cli, money->payer));
			put(export, "   </provider-org>");
		}
		put(export, "  </transaction>");
	}
}

static void source_write(struct export *export, const Twinlog__Source *source)
{
	if (!source || source->uri.len == 0)
		return;
	put(export, "  <document-link format=\"text/html\" url=\"%s\">\n   <title>", xml(export->cli, source->uri));
	narrative(export, "", xml(export->cli, source->title.len ? source->title : source->uri));
	put(export, "   </title>\n   <category code=\"A12\"/>\n  </document-link>");
}

/* ---- The document ---- */

static const char *moment(struct cli *cli, time_t seconds)
{
	struct tm utc;
	char text[32];

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return cli_printf(cli, "%s", text);
}

static enum twinlog_error iati_begin(struct export *export)
{
	struct whereabouts *where;
	enum twinlog_error error = whereabouts_new(export->cli, &where);

	if (error)
		return error;
	export->state = where;
	put(export, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	put(export, "<iati-activities version=\"2.03\" generated-datetime=\"%s\">", moment(export->cli, time(NULL)));
	return TWINLOG_OK;
}

static enum twinlog_error iati_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	struct cli *cli = export->cli;
	const Twinlog__Activity *activity =
	    body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY ? body->activity : NULL;
	const ProtobufCBinaryData lead = codec_string(export_lead(cli, record));
	const char *form;
	bool held;

	/* The standard asks for a date; without one there is no activity in its sense. */
	if (!activity || activity->start.len == 0 || lead.len == 0) {
		export->left_out++;
		return TWINLOG_OK;
	}
	held = activity->status.len == 0 || codec_equal(activity->status, "held");
	form = xml(cli, codec_string(cli_code(cli, CODELIST_FORM, activity->form)));
	put(export, " <iati-activity last-updated-datetime=\"%s\" humanitarian=\"%d\">",
	    moment(cli, (time_t)(record->changed_ms / 1000)), codec_equal(activity->form, "donation_relief"));
	put(export, "  <iati-identifier>%s-%s</iati-identifier>", org_ref(cli, lead), cli_hex(cli, record->handle, 0));
	put(export, "  <reporting-org ref=\"%s\" type=\"11\" secondary-reporter=\"%d\">", org_ref(cli, lead),
	    record->state == TWINLOG__RECORD_STATE__STATE_REPORTED);
	narrative(export, "", city_xml(cli, lead));
	put(export, "  </reporting-org>");
	texts_write(export, "title", "", activity->titles, activity->n_titles, form);
	texts_write(export, "description", " type=\"1\"", activity->summaries, activity->n_summaries, form);
	organisations_write(export, activity);
	if (activity->external_id.len > 0)
		put(export, "  <other-identifier ref=\"%s\" type=\"A2\"/>", xml(cli, activity->external_id));
	put(export, "  <activity-status code=\"%s\"/>", CODE_OF(statuses, activity->status, "4"));
	date_write(export, activity->start, false, held ? "2" : "1");
	date_write(export, activity->end.len ? activity->end : activity->start, true, held ? "4" : "3");
	countries_write(export, activity);
	location_write(export, activity);
	sectors_write(export, activity);
	money_write(export, activity, held);
	source_write(export, activity->source);
	put(export, " </iati-activity>");
	export->count++;
	return TWINLOG_OK;
}

static enum twinlog_error iati_end(struct export *export, bool sound)
{
	if (sound)
		put(export, "</iati-activities>");
	whereabouts_free(export->state);
	return TWINLOG_OK;
}

const struct export_format export_iati = {
    .name = "xml",
    .one_kind = true,
    .begin = iati_begin,
    .record = iati_record,
    .end = iati_end,
};
