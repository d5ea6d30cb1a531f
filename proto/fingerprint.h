/* An identity as people read it out by telephone: 12 groups of 5 decimal digits, of the identity's first 200 bits.
 * Pure. PROTOCOL, "Identity". */
#ifndef TWINLOG_FINGERPRINT_H
#define TWINLOG_FINGERPRINT_H

#include "ids.h"

#define FINGERPRINT_SIZE 72 /* 71 characters and a NUL */

/* Returns out. */
char *identity_fingerprint(const struct hash *identity, char out[FINGERPRINT_SIZE]);

#endif
