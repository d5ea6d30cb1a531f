/* What the store holds, into a new node. Internal to net. */
#ifndef TWINLOG_LOAD_H
#define TWINLOG_LOAD_H

#include "daemon.h"
#include "node.h"

enum twinlog_error load_node(const struct daemon_setup *setup, struct node **ret_node,
			     struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
