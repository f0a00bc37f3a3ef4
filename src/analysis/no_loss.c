/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/no_loss.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "store/trial.h"

/* Those of one cell, picked out. */
static size_t pick(const struct store_trial *all, size_t count, int point,
		   int path, struct loss_trial *trial)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < LOSS_SEARCH_MAX; i++)
		if (all[i].point == point && all[i].path == path)
			trial[n++] = (struct loss_trial){
				.offered = all[i].offered_mbps,
				.lossy = all[i].lossy,
				.is_void = (enum loss_void)all[i].is_void,
			};
	return n;
}

static struct cell *cell_at(struct matrix *m, size_t point, size_t path)
{
	return &m->cell[point * m->paths + path];
}

/* Efficiencies against the matrix' reference. */
static void compare(struct matrix *m, size_t point)
{
	const struct cell *reference = cell_at(m, point, (size_t)m->reference);

	for (size_t p = 0; p < m->paths; p++) {
		struct cell *cell = cell_at(m, point, p);

		if (p != (size_t)m->reference)
			loss_search_ratio(&cell->no_loss.rate,
					  &reference->no_loss.rate,
					  &cell->no_loss.efficiency);
	}
}

static int fill(struct matrix *m, const struct store_trial *all, size_t count,
		struct err *err)
{
	struct loss_trial *trial = calloc(LOSS_SEARCH_MAX, sizeof(*trial));

	if (!trial)
		return err_sys(err, ENOMEM, "trials");
	for (size_t i = 0; i < m->points; i++) {
		for (size_t p = 0; p < m->paths; p++) {
			struct cell *cell = cell_at(m, i, p);
			struct cell_no_loss *found = &cell->no_loss;

			size_t n =
				pick(all, count, cell->point_id, (int)p, trial);

			loss_search_fit(trial, n, &found->rate);
			found->trials = n;
		}
		compare(m, i);
	}
	free(trial);
	return 0;
}

int no_loss_load(struct matrix *matrix, struct store *store, struct err *err)
{
	struct store_trial *all;
	size_t count;
	int rc = store_load_trials(store, &all, &count, err);

	for (size_t i = 0; i < matrix->points * matrix->paths; i++) {
		struct cell_no_loss *found = &matrix->cell[i].no_loss;

		found->rate.state = LOSS_SEARCH_UNKNOWN;
		found->efficiency.state = LOSS_SEARCH_UNKNOWN;
	}
	if (rc)
		return rc;
	if (count)
		rc = fill(matrix, all, count, err);
	free(all);
	return rc;
}
