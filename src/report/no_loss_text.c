/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The highest rates without loss, in a line a cell. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/summary.h"
#include "report/words.h"

static void describe_rate(const struct loss_search *r, char *buf, size_t size)
{
	char rate[32], lo[32], hi[32];

	words_mbps(r->rate, rate, sizeof(rate));
	words_mbps(r->lo, lo, sizeof(lo));
	words_mbps(isinf(r->hi) ? 0 : r->hi, hi, sizeof(hi));
	if (r->state == LOSS_SEARCH_UNKNOWN)
		snprintf(buf, size, "not known");
	else if (r->state == LOSS_SEARCH_ABOVE)
		snprintf(buf, size, "no loss up to %s, all that was offered%s",
			 rate, r->voids && !r->uneven ? " evenly" : "");
	else if (r->state == LOSS_SEARCH_BELOW)
		snprintf(buf, size, "loss even at %s", rate);
	else
		snprintf(buf, size, "%s (%s to %s)", rate,
			 r->lo > 0 ? lo : "less", isinf(r->hi) ? "more" : hi);
}

static void describe_share(const struct loss_search *e, char *buf, size_t size)
{
	buf[0] = '\0';
	if (e->state == LOSS_SEARCH_FOUND)
		snprintf(buf, size,
			 ", %.1f %% of the reference's (%.1f to %.1f)",
			 100 * e->rate, 100 * e->lo, 100 * e->hi);
}

static void describe_trials(const struct loss_search *r, char *buf, size_t size)
{
	if (r->uneven)
		snprintf(buf, size,
			 "%zu uneven trials: its sender could not hold its "
			 "pace, so this is the mean rate of pauses and bursts",
			 r->trials);
	else if (r->voids)
		snprintf(buf, size, "%zu trials and %zu void", r->trials,
			 r->voids);
	else
		snprintf(buf, size, "%zu trials", r->trials);
}

static void say_cell(const struct matrix *m, const struct cell *cell,
		     const struct summary_lines *lines)
{
	const struct cell_exchange *x = &cell->exchange;
	char rate[120], share[80], overload[120] = "", point[WORDS_MAX];
	char sent[32], received[32], trials[160];

	point_format(cell->point, point, sizeof(point));
	describe_rate(&cell->no_loss.rate, rate, sizeof(rate));
	describe_trials(&cell->no_loss.rate, trials, sizeof(trials));
	describe_share(&cell->no_loss.efficiency, share, sizeof(share));
	if (x->blocks && cell->throughput.valid) {
		words_mbps(cell->throughput.mean, received, sizeof(received));
		words_mbps(x->sent_mbps, sent, sizeof(sent));
		snprintf(overload, sizeof(overload),
			 "; of %s at overload %s are received", sent, received);
	}
	summary_say(lines, "without loss, %s, %s: %s%s%s (%s)",
		    m->path[cell->path].name, point, rate, share, overload,
		    trials);
}

void summary_write_no_loss(const struct matrix *matrix,
			   const struct summary_lines *lines)
{
	const char *bound = json_string_value(
		json_object_get(matrix->design, "loss_bound"));
	bool told = false;

	for (size_t i = 0; i < matrix->points; i++)
		for (size_t p = 0; p < matrix->paths; p++) {
			const struct cell *cell = matrix_cell(matrix, i, p);

			if (!cell->no_loss.trials)
				continue;
			if (!told)
				summary_say(
					lines,
					"Highest rates without loss, 10^6 "
					"bit/s of payload offered: half of "
					"the trials lost at most %g %%; 95 "
					"%% intervals. Trials in which sender "
					"or receiver was kept waiting for a "
					"processor are void. The tables below "
					"are of overload.",
					bound ? 100 * atof(bound) : 0.1);
			told = true;
			say_cell(matrix, cell, lines);
		}
}
