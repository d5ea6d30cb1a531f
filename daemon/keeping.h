/* twinlogd backup, restore, compact, release: what keeps a city's folder alive beside the running daemon. Each returns
 * an exit code. Knows home.h, backup.h, verify.h. */
#ifndef TWINLOG_KEEPING_H
#define TWINLOG_KEEPING_H

int keeping_backup(int argc, char **argv);  /* backup DIR FILE, backup --verify FILE */
int keeping_restore(int argc, char **argv); /* restore FILE DIR */
int keeping_compact(const char *dir);
int keeping_release(const char *dir);

#endif
