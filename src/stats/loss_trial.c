/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/loss_trial.h"

#include <errno.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>

/* Fewer say nothing of a queue. */
#define STEPS_MIN 3

struct judging {
	struct loss_verdict *verdict;
	bool all;     /* pieces that were kept count, too */
	double *step; /* [tracks * LOSS_PIECES] */
	size_t steps;
	double piece_ns;
};

static bool is_kept(const struct loss_piece *piece, size_t i)
{
	return piece[i].kept || (i > 0 && piece[i - 1].kept);
}

static bool has_transit(const struct loss_piece *piece)
{
	return piece->offered > piece->lost;
}

/* From one piece that tells of its delay to the next: at a low rate some are
 * empty; over one that was kept no step is taken. */
static void take_steps(struct judging *j, const struct loss_piece *piece)
{
	int before = -1;

	for (int i = 0; i < LOSS_PIECES; i++) {
		if (!j->all && is_kept(piece, (size_t)i)) {
			before = -1;
			continue;
		}
		if (!has_transit(&piece[i]))
			continue;
		if (before >= 0)
			j->step[j->steps++] =
				(double)(piece[i].transit_ns -
					 piece[before].transit_ns) /
				(j->piece_ns * (i - before));
		before = i;
	}
}

static void take_counts(struct judging *j, const struct loss_piece *piece)
{
	struct loss_verdict *v = j->verdict;

	for (size_t i = 0; i < LOSS_PIECES; i++) {
		if (!j->all && is_kept(piece, i))
			continue;
		v->pieces++;
		v->offered += piece[i].offered;
		v->lost += piece[i].lost;
	}
}

static void look_over(struct judging *j, const struct loss_track *track,
		      size_t tracks)
{
	struct loss_verdict *v = j->verdict;

	v->pieces = j->steps = 0;
	v->offered = v->lost = 0;
	for (size_t t = 0; t < tracks; t++) {
		take_counts(j, track[t].piece);
		take_steps(j, track[t].piece);
	}
	/* what is late in its piece was counted lost in another one */
	if (v->lost < 0)
		v->lost = 0;
	v->growth = j->steps >= STEPS_MIN
			    ? gsl_stats_median(j->step, 1, j->steps)
			    : 0;
}

static void conclude(struct loss_verdict *v, double bound)
{
	bool grows = v->growth > LOSS_GROWTH_MAX;

	v->lossy = (double)v->lost > bound * (double)v->offered;
	if (v->is_void && grows && !v->lossy)
		v->is_void = LOSS_DARK;
	else if (!v->is_void)
		v->lossy |= grows;
}

int loss_trial_judge(const struct loss_track *track, size_t tracks,
		     int64_t piece_ns, double bound,
		     struct loss_verdict *verdict)
{
	struct judging j = { .verdict = verdict, .piece_ns = (double)piece_ns };
	size_t all = tracks * LOSS_PIECES;

	*verdict = (struct loss_verdict){ .is_void = LOSS_DARK };
	if (!tracks)
		return 0;
	j.step = calloc(all, sizeof(*j.step));
	if (!j.step)
		return -ENOMEM;
	look_over(&j, track, tracks);
	verdict->kept = all - verdict->pieces;
	verdict->is_void = 2 * verdict->kept >= all ? LOSS_UNEVEN : LOSS_EVEN;
	if (verdict->is_void) {
		j.all = true;
		look_over(&j, track, tracks);
	}
	conclude(verdict, bound);
	free(j.step);
	return 0;
}
