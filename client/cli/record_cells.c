/* A record in the cells of a list. */
#include "cli.h"
#include "log.pb-c.h"

const char *cli_record_date(struct cli *cli, const Twinlog__Body *body)
{
	if (body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		return cli_text(cli, body->activity->start);
	if (body && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		return cli_text(cli, body->agreement->established);
	return "";
}

const char *cli_record_cities(struct cli *cli, const Twinlog__Body *body)
{
	const char *names = "";
	if (body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		for (size_t i = 0; i < body->activity->n_cities; i++)
			names = cli_printf(cli, "%s%s%s", names, i ? ", " : "",
					   cli_city_name(cli, body->activity->cities[i]->city_id));
	else if (body && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		for (size_t i = 0; i < body->agreement->n_parties; i++)
			names = cli_printf(cli, "%s%s%s", names, i ? ", " : "",
					   cli_city_name(cli, body->agreement->parties[i]));
	else if (body && body->content_case == TWINLOG__BODY__CONTENT_CITY)
		names = cli_city_name(cli, body->city->city_id);
	return names;
}

const char *cli_record_what(struct cli *cli, const Twinlog__Body *body)
{
	const char *title = body ? cli_title(cli, body) : "";
	if (title[0] || !body)
		return title;
	if (body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		return cli_code(cli, CODELIST_RELATION_TYPE, body->agreement->relation_type);
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		return cli_code(cli, CODELIST_FORM, body->activity->form);
	return "";
}
