/* What cities send each other by mail is text: a first line that says what it is, then bytes in hex. */
#ifndef TWINLOG_CLI_ARMOUR_H
#define TWINLOG_CLI_ARMOUR_H

#include "cli.h"

#define ARMOUR_CARD       "twinlog-card-1"
#define ARMOUR_INVITATION "twinlog-invitation-1"
#define ARMOUR_ANSWER     "twinlog-answer-1"
#define ARMOUR_ACTS       "twinlog-acts-1" /* ActsToSign; daemon/cosign.c knows it too */

void armour_print(FILE *out, const char *head, ProtobufCBinaryData bytes);
/* Turns the text into the bytes, in place, when it begins with that line; leaves it as it is when it does not. False
 * for hex that is none. */
bool armour_read(const char *head, char *text, size_t *size);
bool armour_has(const char *head, const char *text, size_t size);
/* A new file of that text, whole or not at all, for its owner alone; NOT_EMPTY when there is one. */
enum twinlog_error armour_write(const char *path, const char *head, ProtobufCBinaryData bytes,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
