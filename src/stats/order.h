/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.h - random orders from a stored seed, the same on every machine
 * (GSL's mt19937). Pure; called by the study for rounds and blocks.
 */
#ifndef VAZAO_STATS_ORDER_H
#define VAZAO_STATS_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* A fresh random order of 0 .. n-1 (Fisher-Yates). */
void stats_order(uint64_t seed, int *order, size_t n);

/*
 * A block's slices: `cycles` cycles over `paths` paths; an even cycle is a
 * random order, the odd cycle after it the same reversed (ABC CBA).
 * `order` holds cycles * paths path indexes.
 */
void stats_block_order(uint64_t seed, int *order, size_t paths, size_t cycles);

/* A new seed from an old one and a counter (splitmix64): seeds of rounds and
 * blocks all follow from the study's. */
uint64_t stats_seed(uint64_t seed, uint64_t counter);

#endif
