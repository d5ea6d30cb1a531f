/* Each command's own table entry. One file a command (or a family of commands). */
#ifndef TWINLOG_COMMANDS_H
#define TWINLOG_COMMANDS_H

#include "cli.h"

extern const struct cli_command command_submit, command_amend, command_answer, command_withdraw, command_erase;
extern const struct cli_command command_show, command_history, command_list, command_search, command_inbox;
extern const struct cli_command command_match, command_link, command_status, command_verify, command_help;
extern const struct cli_command command_card, command_peer_add, command_peer_list, command_peer_verify;
extern const struct cli_command command_peer_remove, command_space_create, command_space_list;
extern const struct cli_command command_space_show, command_space_accept, command_space_decline, command_import;
extern const struct cli_command command_export, command_report, command_space_add, command_space_remove;
extern const struct cli_command command_space_appoint, command_space_rename, command_space_leave, command_brief;
extern const struct cli_command command_space_cosigned;
extern const struct cli_command command_courier_write, command_courier_read, command_courier_watch;
extern const struct cli_command command_invite, command_join, command_user_add, command_user_list;
extern const struct cli_command command_user_remove, command_user_passphrase, command_audit, command_watch,
    command_mirror;

#endif
