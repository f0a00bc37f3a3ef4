/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/association.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/family.h"

#define RESAMPLES 1000
#define SEED	  2007
#define LISTED	  24 /* a path */

/* One path's cells with an efficiency and counters. */
struct field {
	const struct usage *usage;
	const struct matrix *matrix;
	size_t path, n;
	size_t *point;	    /* [n] */
	double *efficiency; /* [n] */
	double *memory;	    /* of the candidates' values */
};

/* A counter that varies over the cells. */
struct candidate {
	size_t number;
	double *value; /* [n] */
	struct stats_rank rank;
	double p; /* adjusted */
	bool taken;
};

static void gather(struct field *f)
{
	for (size_t i = 0; i < f->matrix->points; i++) {
		const struct cell *cell = matrix_cell(f->matrix, i, f->path);

		if (!cell->efficiency.valid || cell->status == CELL_FAILED ||
		    cell->status == CELL_CAPPED ||
		    !usage_of(f->usage, i, f->path)->blocks)
			continue;
		f->point[f->n] = i;
		f->efficiency[f->n++] = cell->efficiency.ratio;
	}
}

/* False where it is not known in every cell. */
static bool read_values(const struct field *f, size_t number, double *value)
{
	const char *name = f->usage->name[number];

	for (size_t i = 0; i < f->n; i++) {
		value[i] = usage_counter(
			usage_of(f->usage, f->point[i], f->path), name, number);
		if (value[i] < 0)
			return false;
	}
	return true;
}

static int rank_all(const struct field *f, struct candidate *list,
		    size_t *count)
{
	double *p = NULL;
	int rc = 0;

	*count = 0;
	for (size_t i = 0; rc == 0 && i < f->usage->names; i++) {
		struct candidate *c = &list[*count];

		*c = (struct candidate){ .number = i };
		c->value = f->memory + *count * f->n;
		if (!usage_is_event(f->usage->name[i]) ||
		    !read_values(f, i, c->value))
			continue;
		rc = stats_rank_correlate(c->value, f->efficiency, f->n, 0, 0,
					  &c->rank);
		*count += c->rank.valid;
	}
	p = calloc(*count + 1, sizeof(*p));
	for (size_t i = 0; p && i < *count; i++)
		p[i] = list[i].rank.p;
	rc = rc ? rc : p ? stats_false_discovery(p, *count, p) : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < *count; i++)
		list[i].p = p[i];
	free(p);
	return rc;
}

static int compare_strength(const void *a, const void *b)
{
	double x = fabs(((const struct candidate *)a)->rank.rho);
	double y = fabs(((const struct candidate *)b)->rank.rho);

	return (x < y) - (x > y);
}

struct ordered {
	double value, efficiency;
};

static int compare_ordered(const void *a, const void *b)
{
	double x = ((const struct ordered *)a)->value;
	double y = ((const struct ordered *)b)->value;

	return (x > y) - (x < y);
}

/* Arithmetic mean of the counter, geometric of the efficiency. */
static void mean_of(const struct ordered *o, size_t n, double *value,
		    double *efficiency)
{
	double sum = 0, logs = 0;

	for (size_t i = 0; i < n; i++) {
		sum += o[i].value;
		logs += log(o[i].efficiency);
	}
	*value = sum / (double)n;
	*efficiency = exp(logs / (double)n);
}

static int compare_thirds(const struct field *f, const struct candidate *c,
			  struct association *a)
{
	struct ordered *o = calloc(f->n + 1, sizeof(*o));
	size_t third = f->n / 3;

	if (!o)
		return -ENOMEM;
	for (size_t i = 0; i < f->n; i++)
		o[i] = (struct ordered){ c->value[i], f->efficiency[i] };
	qsort(o, f->n, sizeof(*o), compare_ordered);
	mean_of(o, third, &a->low_value, &a->low_efficiency);
	mean_of(o + f->n - third, third, &a->high_value, &a->high_efficiency);
	free(o);
	return 0;
}

/* Takes out what tells the same as `c`; how many. */
static int take_alike(const struct field *f, struct candidate *list,
		      size_t count, const struct candidate *c, size_t *alike)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct stats_rank rank;

		if (list[i].taken || list[i].p > ASSOCIATION_LEVEL)
			continue;
		rc = stats_rank_correlate(list[i].value, c->value, f->n, 0, 0,
					  &rank);
		if (rc || fabs(rank.rho) < ASSOCIATION_ALIKE)
			continue;
		list[i].taken = true;
		(*alike)++;
	}
	return rc;
}

static int append(const struct field *f, struct candidate *list, size_t count,
		  struct association *out, size_t *listed)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count && *listed < LISTED; i++) {
		struct candidate *c = &list[i];
		struct association *a = &out[*listed];

		if (c->taken || c->p > ASSOCIATION_LEVEL)
			continue;
		c->taken = true;
		*a = (struct association){ .path = f->path, .p = c->p };
		a->counter = f->usage->name[c->number];
		a->unit = usage_unit(a->counter);
		rc = stats_rank_correlate(c->value, f->efficiency, f->n,
					  RESAMPLES, SEED, &a->rank);
		rc = rc ? rc : compare_thirds(f, c, a);
		rc = rc ? rc : take_alike(f, list, count, c, &a->alike);
		(*listed)++;
	}
	return rc;
}

static int find_on_path(struct field *f, struct association *out,
			size_t *listed)
{
	struct candidate *list = calloc(f->usage->names + 1, sizeof(*list));
	size_t count = 0;
	int rc = 0;

	gather(f);
	f->memory = calloc((f->usage->names + 1) * (f->n + 1), sizeof(double));
	if (!list || !f->memory)
		rc = -ENOMEM;
	else if (f->n >= STATS_RANK_MIN)
		rc = rank_all(f, list, &count);
	if (rc == 0)
		qsort(list, count, sizeof(*list), compare_strength);
	rc = rc ? rc : append(f, list, count, out, listed);
	free(f->memory);
	free(list);
	return rc;
}

int association_find(const struct usage *usage, const struct matrix *matrix,
		     struct association **list, size_t *count, struct err *err)
{
	struct association *out =
		calloc(matrix->paths * LISTED + 1, sizeof(*out));
	size_t *point = calloc(matrix->points + 1, sizeof(*point));
	double *efficiency = calloc(matrix->points + 1, sizeof(*efficiency));
	size_t total = 0;
	int rc = out && point && efficiency ? 0 : -ENOMEM;

	for (size_t path = 1; rc == 0 && path < matrix->paths; path++) {
		struct field field = { .usage = usage,
				       .matrix = matrix,
				       .path = path,
				       .point = point,
				       .efficiency = efficiency };
		size_t listed = 0;

		rc = find_on_path(&field, out + total, &listed);
		total += listed;
	}
	free(point);
	free(efficiency);
	if (rc) {
		free(out);
		return err_sys(err, -rc, "associations");
	}
	*list = out;
	*count = total;
	return 0;
}
