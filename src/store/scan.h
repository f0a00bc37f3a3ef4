/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scan.h - the blocks of a study one by one: there may be a million.
 *
 * Called by the analysis, the report and whoever looks on at a living study;
 * never keeps a block in memory. Both of its queries see one moment of the
 * store, whatever a writer does meanwhile.
 */
#ifndef VAZAO_STORE_SCAN_H
#define VAZAO_STORE_SCAN_H

#include "base/err.h"
#include "store/store.h"

/*
 * Every block in time order. It is the callee's to look at while the call
 * lasts; what `take` returns, if not 0, ends the scan. RATES: id, point,
 * round, started_at_ns, duration_ns, discarded (what for is not told: "") and
 * of each measurement path, throughput, duration_ns, idle_max_ns, buffers and
 * retransmits; EXCHANGES: the same of a block but its duration, and of each
 * measurement path, throughput, bytes, duration_ns and what exchanges,
 * datagrams and both directions add; FULL: everything.
 */
enum store_detail { STORE_RATES, STORE_FULL, STORE_EXCHANGES };
struct store_scan {
	enum store_detail detail;
	int64_t every;	     /* only ids that this divides; 0: all */
	int64_t after;	     /* only ids above */
	int64_t every_round; /* only rounds that this divides; 0: all */
};
typedef int store_take(void *arg, const struct store_block *block,
		       struct err *err);
int store_each_block(struct store *store, const struct store_scan *scan,
		     store_take *take, void *arg, struct err *err);

#endif
