/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/scaling.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* 0: the kind has no such option. */
static int64_t cables_of(const struct store_path *path)
{
	return json_integer_value(
		json_object_get(path->options, SCALING_OPTION));
}

/* All options but that one are the same. */
static bool is_family(const struct store_path *a, const struct store_path *b)
{
	json_t *one, *other;
	bool same;

	if (strcmp(a->kind, b->kind) != 0 || !cables_of(a) || !cables_of(b))
		return false;
	one = json_copy(a->options);
	other = json_copy(b->options);
	json_object_del(one, SCALING_OPTION);
	json_object_del(other, SCALING_OPTION);
	same = json_equal(one, other);
	json_decref(one);
	json_decref(other);
	return same;
}

static void insert(struct scaling_case *item, size_t path, double cables)
{
	size_t at = item->sizes;

	for (; at > 0 && item->cables[at - 1] > cables; at--) {
		item->path[at] = item->path[at - 1];
		item->cables[at] = item->cables[at - 1];
	}
	item->path[at] = path;
	item->cables[at] = cables;
	item->sizes++;
}

/* The family that the path opens: those behind it, of sizes not yet there.
 * Fewer than two sizes: it opens none. */
static void gather(const struct store_path *paths, size_t count, size_t first,
		   struct scaling_case *item)
{
	memset(item, 0, sizeof(*item));
	for (size_t i = 0; i < count && item->sizes < SCALING_SIZES_MAX; i++) {
		double cables = (double)cables_of(&paths[i]);
		bool there = false;

		if (!is_family(&paths[first], &paths[i]))
			continue;
		if (i < first) { /* another has opened it */
			item->sizes = 0;
			return;
		}
		for (size_t k = 0; k < item->sizes; k++)
			there |= item->cables[k] == cables;
		if (!there)
			insert(item, i, cables);
	}
}

/* The rates of the rounds in which all sizes have a block: how many. */
static size_t align(const struct series *series,
		    const struct scaling_case *item, double **rate)
{
	const struct series_cell *first =
		series_of(series, item->point, item->path[0]);
	size_t at[SCALING_SIZES_MAX] = { 0 }, n = 0;

	for (size_t j = 0; j < first->n; j++) {
		bool all = true;

		for (size_t i = 0; i < item->sizes; i++) {
			const struct series_cell *cell =
				series_of(series, item->point, item->path[i]);

			while (at[i] < cell->n &&
			       cell->block[at[i]].round < first->block[j].round)
				at[i]++;
			all = all && at[i] < cell->n &&
			      cell->block[at[i]].round == first->block[j].round;
			if (all)
				rate[i][n] = cell->block[at[i]].rate;
		}
		n += all;
	}
	return n;
}

static int fit(const struct series *series, struct scaling_case *item)
{
	size_t blocks = series_of(series, item->point, item->path[0])->n;
	double *all = calloc(blocks * item->sizes + 1, sizeof(*all));
	double *rate[SCALING_SIZES_MAX];
	struct scaling_input input = { .sizes = item->sizes,
				       .size = item->cables,
				       .rate = (const double *const *)rate };
	int rc;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < item->sizes; i++)
		rate[i] = all + i * blocks;
	input.n = align(series, item, rate);
	rc = scaling_fit(&input, &item->fit);
	free(all);
	return rc;
}

static int add(struct scalings *found, const struct scaling_case *item)
{
	struct scaling_case *grown =
		reallocarray(found->item, found->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	found->item = grown;
	grown[found->count++] = *item;
	return 0;
}

int scalings_find(struct scalings *found, const struct matrix *matrix,
		  const struct series *series, const struct store_path *paths,
		  struct err *err)
{
	int rc = 0;

	memset(found, 0, sizeof(*found));
	for (size_t path = 0; path < matrix->paths; path++) {
		struct scaling_case item;

		gather(paths, matrix->paths, path, &item);
		for (size_t i = 0; !rc && item.sizes >= 2 && i < matrix->points;
		     i++) {
			item.point = i;
			rc = fit(series, &item);
			if (!rc)
				rc = add(found, &item);
		}
	}
	if (rc) {
		scalings_free(found);
		return err_sys(err, -rc, "scaling");
	}
	return 0;
}

void scalings_free(struct scalings *found)
{
	free(found->item);
	memset(found, 0, sizeof(*found));
}
