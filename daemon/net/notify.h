/* Tells the service manager how the daemon is: the protocol of sd_notify(3), a datagram to the socket that the
 * environment names. Does nothing without one. */
#ifndef TWINLOG_NOTIFY_H
#define TWINLOG_NOTIFY_H

void notify_send(const char *state); /* "READY=1", "STOPPING=1" */

#endif
