/* Reading a courier file: shared by courier read and courier watch. */
#ifndef TWINLOG_CLI_COURIER_H
#define TWINLOG_CLI_COURIER_H

#include "cli.h"

/* Takes in what the file holds. *ret_sum is filled also when it fails: CUT_SHORT, what came before was taken;
 * NOT_A_CARRIED_FILE, NOT_FOR_US, UNKNOWN_CITY, MISSING, …; fills cli->fault. */
enum twinlog_error courier_read(struct cli *cli, const char *path, Twinlog__CarryTaken *ret_sum) TWINLOG_MUST_CHECK;

#endif
