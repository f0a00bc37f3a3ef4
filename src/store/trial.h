/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trial.h - trials: what paths were offered, each at a rate of its own, and
 * what they lost of it. No blocks: no rate in them is comparable.
 *
 * Called by the study (rule: loss) and by analysis. Part of store.h.
 */
#ifndef VAZAO_STORE_TRIAL_H
#define VAZAO_STORE_TRIAL_H

#include "store/store.h"

struct store_trial {
	int point, path;
	int64_t at_ns;		 /* CLOCK_REALTIME */
	double offered_mbps;	 /* in what counts of it */
	double received_mbps;	 /* at the receiver, in its windows */
	int64_t datagrams, lost; /* received; not */
	double growth;		 /* of delay, over the time: a queue fills */
	bool lossy;		 /* above the plan's bound */
	double asked_mbps;	 /* 0: not noted */
	double kept;		 /* share of its time that did not count, */
	int is_void;		 /* enum loss_void: it was too much */
};

/* Durable when it returns. */
int store_add_trial(struct store *store, const struct store_trial *trial,
		    struct err *err);

/* All in time order, to be freed by free(). */
int store_load_trials(struct store *store, struct store_trial **trials,
		      size_t *count, struct err *err);

#endif
