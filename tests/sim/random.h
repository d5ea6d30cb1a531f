/* The one source of chance of a run: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. Equal seeds, equal
 * runs. */
#ifndef TWINLOG_SIM_RANDOM_H
#define TWINLOG_SIM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rng {
	uint64_t state[4];
};

static inline uint64_t rng_splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline void rng_seed(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->state[i] = rng_splitmix(&seed);
}

static inline uint64_t rng_rotate(uint64_t value, int by)
{
	return (value << by) | (value >> (64 - by));
}

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	const uint64_t result = rng_rotate(s[1] * 5, 7) * 9;
	const uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotate(s[3], 45);
	return result;
}

/* 0 to limit - 1. limit is small against 2^64, so the remainder's bias does not show. */
static inline uint64_t rng_below(struct rng *rng, uint64_t limit)
{
	return limit ? rng_next(rng) % limit : 0;
}

/* Both ends included. */
static inline uint64_t rng_between(struct rng *rng, uint64_t low, uint64_t high)
{
	return low + rng_below(rng, high - low + 1);
}

static inline bool rng_chance(struct rng *rng, unsigned per_mille)
{
	return rng_below(rng, 1000) < per_mille;
}

static inline void rng_fill(struct rng *rng, void *bytes, size_t size)
{
	uint8_t *at = bytes;
	while (size) {
		const uint64_t word = rng_next(rng);
		const size_t step = size < sizeof word ? size : sizeof word;
		memcpy(at, &word, step);
		at += step;
		size -= step;
	}
}

/* A sum of bytes to tell contents apart by. */
static inline uint64_t mix_bytes(const void *bytes, size_t size)
{
	uint64_t sum = size * 0x9e3779b97f4a7c15u;
	const uint8_t *at = bytes;
	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		sum = (sum ^ word) * 0xff51afd7ed558ccdu;
		sum ^= sum >> 32;
	}
	for (; size; size--, at++)
		sum = (sum ^ *at) * 0x100000001b3u;
	return sum ^ (sum >> 29);
}

#endif
