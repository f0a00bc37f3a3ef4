/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage.h - what a study's blocks took, by path. Sums over blocks are made by
 * whoever scans them (scan.h); the machine's, which would need every block's
 * counters, in the store.
 *
 * Called by the analysis.
 */
#ifndef VAZAO_STORE_USAGE_H
#define VAZAO_STORE_USAGE_H

#include "store/store.h"

struct store_usage {
	size_t blocks;	     /* good ones with the path */
	int64_t measured_ns; /* sum over its slices */
	int64_t share_ns;    /* of its blocks' whole time, parted equally */
	int64_t idle_max_ns; /* longest gap before a slice */
	int64_t retransmits;
	/* of the whole machine in its turns, where observed (counters.h):
	 * a sample of the blocks, each 16th where there are many */
	int64_t cpus_ns, busy_ns, steal_ns;
};

/* cpus_ns, busy_ns and steal_ns alone. usage: [paths], by path id; what was
 * not observed is left as it is. */
int store_load_host_usage(struct store *store, struct store_usage *usage,
			  size_t paths, struct err *err);

/* [{"cause", "blocks"}], most first; a new reference. */
int store_load_discards(struct store *store, json_t **discards,
			struct err *err);

#endif
