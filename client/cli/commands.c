/* All commands, in the order of --help, and the options that several share. */
#include "commands.h"

const struct cli_option cli_global_options[] = {
    {"dir", 'D', N_("DIR"), N_("folder of the daemon's settings (else TWINLOG_DIR)"), false},
    {"format", 0, N_("FORMAT"), N_("table, json, jsonl or csv"), false},
    {"json", 0, NULL, N_("short for --format json"), false},
    {"lang", 0, N_("LANG"), N_("en, zh or ko (else the locale's language)"), false},
    {"timeout", 0, N_("TIME"), N_("how long to wait for an answer, as 500ms, 10s, 2m (else 30s)"), false},
    {"help", 'h', NULL, N_("show this help"), false},
    {"version", 0, NULL, N_("show the version"), false},
    {0},
};

const struct cli_option cli_filter_options[] = {
    {"kind", 0, N_("KIND"), N_("activity, agreement or city"), true},
    {"city", 0, N_("CITY"), N_("this city takes part; several: all of them"), true},
    {"partner", 0, N_("CITY"), N_("your city and this one; several: one of them"), true},
    {"country", 0, N_("CODE"), N_("a city of this country takes part, as CN; several: each"), true},
    {"subdivision", 0, N_("CODE"), N_("a city of this province takes part, as CN-JS; several: each"), true},
    {"from", 0, N_("DATE"), N_("not over before this date"), false},
    {"to", 0, N_("DATE"), N_("begun by this date"), false},
    {"field", 0, N_("CODE"), N_("field of cooperation"), true},
    {"form", 0, N_("CODE"), N_("form of the activity"), true},
    {"mode", 0, N_("CODE"), N_("onsite, online, hybrid or by_post"), true},
    {"actor-level", 0, N_("CODE"), N_("level of an actor, as social"), true},
    {"actor-kind", 0, N_("CODE"), N_("kind of an actor, as school_or_university"), true},
    {"channel", 0, N_("CODE"), N_("channel of publicity"), true},
    {"relation-type", 0, N_("CODE"), N_("kind of the tie"), true},
    {"status", 0, N_("CODE"), N_("planned, held, in_force, …"), true},
    {"state", 0, N_("STATE"), N_("agreed, differs, denied, one_sided, reported or withdrawn"), true},
    {"space", 0, N_("SPACE"), N_("in this space, by title or beginning of its id"), true},
    {"stated-by", 0, N_("CITY"), N_("as this city states it; of several, one has said something"), true},
    {"text", 0, N_("TEXT"), N_("text in titles and summaries"), false},
    {0},
};

const struct cli_command *const cli_commands[] = {
    &command_submit,        &command_amend,        &command_answer,
    &command_withdraw,      &command_erase,        &command_show,
    &command_history,       &command_list,         &command_search,
    &command_inbox,         &command_status,       &command_verify,
    &command_card,          &command_peer_add,     &command_peer_list,
    &command_peer_verify,   &command_peer_remove,  &command_space_create,
    &command_space_list,    &command_space_show,   &command_space_accept,
    &command_space_decline, &command_space_add,    &command_space_remove,
    &command_space_appoint, &command_space_rename, &command_space_leave,
    &command_match,         &command_link,         &command_report,
    &command_brief,         &command_import,       &command_export,
    &command_courier_write, &command_courier_read, &command_courier_watch,
    &command_user_add,      &command_user_list,    &command_user_remove,
    &command_audit,         &command_invite,       &command_join,
    &command_watch,         &command_help,         NULL,
};
