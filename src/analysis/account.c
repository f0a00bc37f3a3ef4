/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/account.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/group.h"
#include "analysis/statements.h"

#define FACTOR 1.96 /* Counted on both paths? */
static bool is_counted(const struct usage *usage, size_t point, size_t path,
		       size_t other)
{
	return usage_of(usage, point, path)->blocks >= 2 &&
	       usage_of(usage, point, other)->blocks >= 2;
}

struct sum {
	size_t n, missing;
	double value, variance;
};

static void add(struct sum *sum, const struct usage_ratio *ratio)
{
	double error = usage_error(ratio);

	if (ratio->n < 2) {
		sum->missing++;
		return;
	}
	sum->n++;
	sum->value += usage_value(ratio);
	sum->variance += error * error;
}

static struct account_sum close_sum(const struct sum *sum)
{
	struct account_sum s = { .valid = sum->n && !sum->missing };
	double n = (double)sum->n;

	if (!s.valid)
		return s;
	s.value = sum->value / n;
	s.lo = s.value - FACTOR * sqrt(sum->variance) / n;
	s.hi = s.value + FACTOR * sqrt(sum->variance) / n;
	return s;
}

static struct account_sum difference(const struct account_sum *a,
				     const struct account_sum *b)
{
	struct account_sum d = { .valid = a->valid };
	double error = hypot(a->hi - a->value, b->hi - b->value);

	d.value = a->value - b->value;
	d.lo = d.value - error;
	d.hi = d.value + error;
	return d;
}

/* One place on one path over the group's cells that `other` has, too. */
static struct account_sum place_of(const struct usage *usage,
				   const struct matrix *m,
				   const struct account *a, size_t path,
				   size_t other, enum place place)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < m->points; i++)
		if (group_holds(&m->point[i], &m->point[a->first]) &&
		    is_counted(usage, i, path, other))
			add(&sum, &usage_of(usage, i, path)->place[place]);
	return close_sum(&sum);
}

static void count(const struct usage *usage, const struct matrix *m,
		  struct account *a)
{
	double logs = 0;
	size_t n = 0;

	for (size_t i = 0; i < m->points; i++) {
		const struct cell *cell = matrix_cell(m, i, a->path);

		if (!group_holds(&m->point[i], &m->point[a->first]) ||
		    !is_counted(usage, i, a->path, 0))
			continue;
		a->cells++;
		a->blocks += usage_of(usage, i, a->path)->blocks;
		if (!cell->efficiency.valid)
			continue;
		logs += log(cell->efficiency.ratio);
		n++;
	}
	a->efficiency = n ? exp(logs / (double)n) : 0;
}

static void fill(const struct usage *usage, const struct matrix *m,
		 struct account *a)
{
	size_t dom0 = statement_path(m, ROLE_DOM0);

	for (enum place p = 0; p < PLACES; p++) {
		a->place[p] = place_of(usage, m, a, a->path, 0, p);
		a->reference[p] = place_of(usage, m, a, 0, a->path, p);
		a->extra[p] = difference(&a->place[p], &a->reference[p]);
	}
	if (dom0 < m->paths && dom0 != a->path && a->path != 0) {
		struct account_sum own =
			place_of(usage, m, a, a->path, dom0, PLACE_TOTAL);
		struct account_sum other =
			place_of(usage, m, a, dom0, a->path, PLACE_TOTAL);

		a->over_dom0 = difference(&own, &other);
		a->over_dom0.valid = own.valid && other.valid;
	}
}

int account_make(const struct usage *usage, const struct matrix *matrix,
		 struct account **accounts, size_t *accounted, struct err *err)
{
	const struct matrix *m = matrix;
	struct account *list = calloc(m->points * m->paths + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return err_sys(err, ENOMEM, "%zu accounts", m->points);
	for (size_t i = 0; i < m->points; i++)
		for (size_t path = 0; group_opens(m, i) && path < m->paths;
		     path++) {
			struct account *a = &list[n];

			*a = (struct account){ .path = path, .first = i };
			count(usage, m, a);
			if (!a->cells)
				continue;
			fill(usage, m, a);
			n++;
		}
	*accounts = list;
	*accounted = n;
	return 0;
}
