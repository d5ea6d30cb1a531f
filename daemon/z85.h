/* CURVE keys in text: Z85 (ZeroMQ RFC 32), 32 bytes in 40 characters. Knows nobody. */
#ifndef TWINLOG_Z85_H
#define TWINLOG_Z85_H

#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

#define Z85_KEY_SIZE  32
#define Z85_TEXT_SIZE 41 /* with its NUL */

char *z85_encode(char out[Z85_TEXT_SIZE], const uint8_t key[Z85_KEY_SIZE]); /* returns out */
/* TWINLOG_INVALID unless these are 40 characters of the alphabet that name 32 bytes. */
enum twinlog_error z85_decode(uint8_t key[Z85_KEY_SIZE], const char *text, size_t size) TWINLOG_MUST_CHECK;

#endif
