/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Families of paths, and rates by the rounds that they have in common. */
#include "analysis/scaling.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PATHS  6
#define ROUNDS 8

/* Out of order, with a family of routes, a dom0, and a path of its own. */
static const struct {
	const char *kind, *spread;
	int cables;
} made[PATHS] = {
	{ "native", "vlan", 1 }, { "dom0", NULL, 0 },
	{ "native", "vlan", 4 }, { "native", "routes", 2 },
	{ "native", "vlan", 2 }, { "domU", "vlan", 2 },
};

struct world {
	struct matrix matrix;
	struct point point;
	struct series series;
	struct store_path path[PATHS];
	struct series_cell cell[PATHS];
	struct series_block block[PATHS][ROUNDS];
};

static int open_world(void **state)
{
	static struct world world;
	struct world *w = &world;

	*w = (struct world){ 0 };
	point_init(&w->point);
	w->matrix.point = &w->point;
	w->matrix.points = 1;
	w->matrix.paths = w->series.paths = w->series.cells = PATHS;
	w->series.cell = w->cell;
	for (int i = 0; i < PATHS; i++) {
		struct store_path *path = &w->path[i];

		snprintf(path->kind, sizeof(path->kind), "%s", made[i].kind);
		path->options =
			made[i].cables
				? json_pack("{ss si}", "spread", made[i].spread,
					    "cables", made[i].cables)
				: json_object();
		w->cell[i] = (struct series_cell){ ROUNDS, w->block[i] };
		for (int j = 0; j < ROUNDS; j++)
			w->block[i][j] = (struct series_block){
				.round = j,
				/* what all have in common, by round */
				.rate = 100 * pow(made[i].cables, 0.9) *
					(1 + 0.1 * j),
			};
	}
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < PATHS; i++)
		json_decref(w->path[i].options);
	return 0;
}

static void find(struct world *w, struct scalings *found)
{
	struct err err = ERR_INIT;

	if (scalings_find(found, &w->matrix, &w->series, w->path, &err))
		fail_msg("%s", err.text);
}

static void a_family_is_fitted_by_size(void **state)
{
	struct scalings found;

	find(*state, &found);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.item[0].sizes, 3);
	assert_int_equal(found.item[0].path[0], 0);
	assert_int_equal(found.item[0].path[1], 4);
	assert_int_equal(found.item[0].path[2], 2);
	assert_true(found.item[0].fit.valid);
	assert_int_equal(found.item[0].fit.n, ROUNDS);
	assert_true(fabs(found.item[0].fit.exponent - 0.9) < 1e-9);
	assert_true(found.item[0].fit.hi - found.item[0].fit.lo < 1e-9);
	scalings_free(&found);
}

/* A round that one size has no block of is none for the others either. */
static void rounds_are_matched(void **state)
{
	struct world *w = *state;
	struct scalings found;

	for (int j = 3; j < ROUNDS - 1; j++)
		w->block[2][j] = w->block[2][j + 1];
	w->cell[2].n--;
	w->cell[4].block++; /* the first */
	w->cell[4].n--;
	find(w, &found);
	assert_int_equal(found.item[0].fit.n, ROUNDS - 2);
	assert_true(fabs(found.item[0].fit.exponent - 0.9) < 1e-9);
	scalings_free(&found);
}

static void a_path_that_failed_has_no_fit(void **state)
{
	struct world *w = *state;
	struct scalings found;

	w->cell[4].n = 0;
	find(w, &found);
	assert_int_equal(found.count, 1);
	assert_false(found.item[0].fit.valid);
	scalings_free(&found);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
	const struct CMUnitTest tests[] = {
		T(a_family_is_fitted_by_size),
		T(rounds_are_matched),
		T(a_path_that_failed_has_no_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
