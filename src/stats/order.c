/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/order.h"

#include <assert.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

/*
 * GSL's mt19937 in memory of ours: gsl_rng_alloc() would call GSL's error
 * handler, which aborts, where memory is short. The state is 624 words and an
 * index; start() checks what this GSL says of it.
 */
struct generator {
	unsigned long state[640];
	gsl_rng rng;
};

/* mt19937 is seeded with 32 bits (GSL cuts a longer seed), so both halves of
 * ours are folded in, mixed first. */
static const gsl_rng *start(struct generator *generator, uint64_t seed)
{
	uint64_t mixed = stats_seed(seed, 0);

	assert(gsl_rng_mt19937->size <= sizeof(generator->state));
	generator->rng.type = gsl_rng_mt19937;
	generator->rng.state = generator->state;
	gsl_rng_set(&generator->rng, (uint32_t)(mixed ^ (mixed >> 32)));
	return &generator->rng;
}

static void identity(int *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (int)i;
}

/* gsl_ran_shuffle() walks off the array at n = 0. */
static void shuffle(const gsl_rng *rng, int *order, size_t n)
{
	if (n > 1)
		gsl_ran_shuffle(rng, order, n, sizeof(*order));
}

void stats_order(uint64_t seed, int *order, size_t n)
{
	struct generator generator;

	identity(order, n);
	shuffle(start(&generator, seed), order, n);
}

void stats_block_order(uint64_t seed, int *order, size_t paths, size_t cycles)
{
	struct generator generator;
	const gsl_rng *rng = start(&generator, seed);

	for (size_t cycle = 0; cycle < cycles; cycle++) {
		int *now = order + cycle * paths;

		if (cycle % 2 == 0) {
			identity(now, paths);
			shuffle(rng, now, paths);
			continue;
		}
		for (size_t i = 0; i < paths; i++)
			now[i] = now[(ptrdiff_t)-1 - (ptrdiff_t)i];
	}
}

/*
 * Splitmix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014; the output function's
 * constants are D. Stafford's variant 13.
 */
uint64_t stats_seed(uint64_t seed, uint64_t counter)
{
	uint64_t z = seed + (counter + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
