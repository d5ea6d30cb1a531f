/* The dice of the laws: the same numbers on each machine, so that a failure is repeated by setting `dice`, never to 0.
 * Xorshift (Marsaglia, 2003). Header only. */
#ifndef TWINLOG_DICE_H
#define TWINLOG_DICE_H

#include <stdint.h>

static uint64_t dice = 0x9e3779b97f4a7c15u;

static inline uint32_t draw(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 33) % below;
}

#endif
