/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss_trial.h - was a rate offered without loss? One trial judged: slices of
 * evenly paced datagrams, cut by the sender's stamps into pieces of equal
 * length (loss_piece_ns()).
 *
 * A piece is `kept` where sender or receiver was kept waiting for a processor
 * in it: what was offered was a pause and a burst, what was lost may have been
 * lost for that, and delay tells nothing of a queue. It does not count, nor
 * does the next one, in which a sender makes up and queues run empty. Where
 * half of a trial's pieces or more do not count, the trial is void, to be
 * made again: the rate was not offered.
 *
 * Of the pieces that count it is lossy if more than `bound` of their datagrams
 * were lost; or if a queue fills, which is loss that the trial is too short to
 * see: the least delay of a piece grows, from one to the next, by more than
 * LOSS_GROWTH_MAX of the time. The median of these steps is taken, of the whole
 * trial's: a stall somewhere on the way moves one of them up, and others down
 * while what it has held back runs off; only a queue that fills moves most.
 *
 * Pure. The workload collects the pieces, the study judges its trials.
 */
#ifndef VAZAO_STATS_LOSS_TRIAL_H
#define VAZAO_STATS_LOSS_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOSS_PIECES	 10
#define LOSS_GROWTH_MAX	 0.01
#define LOSS_KEPT_MAX_NS 250000 /* a longer wait marks the piece */

struct loss_piece {
	int64_t offered;    /* datagrams, by their numbers */
	int64_t lost;	    /* of them */
	int64_t transit_ns; /* the least, of those that came; the offset of two
			     * clocks is in it */
	bool kept;
};

/* One slice, as one thread of the receiver got it. */
struct loss_track {
	struct loss_piece piece[LOSS_PIECES];
};

enum loss_void {
	LOSS_EVEN,   /* the rate was offered */
	LOSS_UNEVEN, /* its mean was, with pauses and bursts */
	LOSS_DARK /* as before; and delay grew, by a queue or by the stalls */
};

/* Where the trial is void, all but the two first are of all its pieces, and
 * lossy is by what was lost alone. */
struct loss_verdict {
	enum loss_void is_void;
	size_t kept; /* pieces that do not count */
	bool lossy;
	size_t pieces; /* that count */
	int64_t offered, lost;
	double growth; /* the median step, over the time of a piece */
};

/* A slice is a little longer than its pieces: what comes after the last one
 * tells that it was over. */
static inline int64_t loss_piece_ns(int64_t slice_ns)
{
	return slice_ns / (LOSS_PIECES + 1);
}

/* -ENOMEM, or 0. */
int loss_trial_judge(const struct loss_track *track, size_t tracks,
		     int64_t piece_ns, double bound,
		     struct loss_verdict *verdict);

#endif
