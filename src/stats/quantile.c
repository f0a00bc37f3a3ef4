/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/quantile.h"

#include <math.h>

#include "stats/estimate.h"

void quantile_init(struct quantile *quantile, double q,
		   const struct histogram *merged)
{
	*quantile = (struct quantile){ .q = q };
	quantile->value = histogram_quantile(merged, q);
	quantile->lo = quantile->hi = quantile->value;
}

void quantile_add(struct quantile *quantile, const struct histogram *block)
{
	double n = (double)block->total;
	double d = histogram_below(block, quantile->value) - quantile->q * n;

	if (block->total == 0)
		return;
	quantile->n += n;
	quantile->dd += d * d;
	quantile->blocks++;
}

void quantile_finish(struct quantile *quantile, const struct histogram *merged)
{
	double b = quantile->blocks, half;

	if (quantile->blocks < 2)
		return;
	half = stats_t_quantile(b - 1) * sqrt(b / (b - 1) * quantile->dd) /
	       quantile->n;
	quantile->lo = histogram_quantile(merged, fmax(quantile->q - half, 0));
	quantile->hi = histogram_quantile(merged, fmin(quantile->q + half, 1));
	quantile->open = quantile->q + half >= 1;
	quantile->valid = true;
}
