/* The second administrator's part: a key of its own, kept elsewhere, and the second signature under acts that the first
 * has made. Needs no folder of a city and no daemon. Knows identity.h, core/acts.h, files, command. */
#ifndef TWINLOG_COSIGN_H
#define TWINLOG_COSIGN_H

/* argv[0] is the command. The exit code. */
int cosign_key_command(int argc, char **argv);
int cosign_command(int argc, char **argv);

#endif
