/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/exchange.h"

#include <stdio.h>

#include "report/words.h"

bool exchange_is(const struct point *point)
{
	return axis_applies(AXIS_REQUEST_SIZE, point);
}

static bool has_datagrams(const struct point *point)
{
	return point->value[AXIS_WORKLOAD] == WORKLOAD_UDP_STREAM ||
	       point->value[AXIS_WORKLOAD] == WORKLOAD_UNIX_PACKET;
}

const char *exchange_unit(const struct point *point)
{
	return exchange_is(point) ? "trans/s" : "10^6 bit/s";
}

void exchange_rate(const struct point *point, double mbps, char *buf,
		   size_t size)
{
	const int64_t *v = point->value;

	if (exchange_is(point))
		mbps *= 1e6 / 8 /
			(double)(v[AXIS_REQUEST_SIZE] + v[AXIS_RESPONSE_SIZE]);
	words_mbps(mbps, buf, size);
}

const char *exchange_noun(const struct matrix *matrix)
{
	size_t exchanges = 0;

	for (size_t i = 0; i < matrix->points; i++)
		exchanges += exchange_is(&matrix->point[i]);
	if (exchanges == 0)
		return "throughput";
	return exchanges == matrix->points ? "transactions/s" : "rate";
}

size_t exchange_columns(const struct point *point,
			const char *names[EXCHANGE_COLUMNS_MAX])
{
	static const char *const latencies[] = {
		"p50 us",	 "95 % interval", "p99 us",
		"95 % interval", "p99.99 us",	  "95 % interval",
	};
	static const char *const datagrams[] = { "sent Mbit/s", "lost",
						 "reordered", "jitter us" };
	const bool is_exchange = exchange_is(point);
	size_t count = is_exchange ? 6 : has_datagrams(point) ? 4 : 0;

	for (size_t i = 0; i < count; i++)
		names[i] = is_exchange ? latencies[i] : datagrams[i];
	return count;
}

static void put_us(double ns, char text[EXCHANGE_TEXT_MAX])
{
	snprintf(text, EXCHANGE_TEXT_MAX, ns < 99950 ? "%.1f" : "%.0f",
		 ns / 1e3);
}

static void put_quantile(const struct quantile *quantile,
			 char value[EXCHANGE_TEXT_MAX],
			 char interval[EXCHANGE_TEXT_MAX])
{
	char lo[EXCHANGE_TEXT_MAX], hi[EXCHANGE_TEXT_MAX];

	snprintf(value, EXCHANGE_TEXT_MAX, "-");
	interval[0] = '\0';
	if (quantile->value <= 0)
		return;
	put_us(quantile->value, value);
	if (!quantile->valid)
		return;
	put_us(quantile->lo, lo);
	put_us(quantile->hi, hi);
	if (quantile->open)
		snprintf(interval, EXCHANGE_TEXT_MAX, "above %.12s", lo);
	else
		snprintf(interval, EXCHANGE_TEXT_MAX, "%.12s - %.12s", lo, hi);
}

/* 0.0012 -> "0.12 %"; small shares with two digits that mean something. */
static void put_share(double part, double whole, char text[EXCHANGE_TEXT_MAX])
{
	double percent = whole > 0 ? 100 * part / whole : 0;

	if (whole <= 0)
		snprintf(text, EXCHANGE_TEXT_MAX, "-");
	else if (percent == 0)
		snprintf(text, EXCHANGE_TEXT_MAX, "0 %%");
	else
		snprintf(text, EXCHANGE_TEXT_MAX,
			 percent < 0.995 ? "%.2g %%" : "%.1f %%", percent);
}

void exchange_fill(const struct cell *cell,
		   char text[EXCHANGE_COLUMNS_MAX][EXCHANGE_TEXT_MAX])
{
	const struct cell_exchange *x = &cell->exchange;
	double all = x->datagrams + x->lost;

	if (exchange_is(cell->point)) {
		for (size_t i = 0; i < CELL_QUANTILES; i++)
			put_quantile(&x->latency[i], text[2 * i],
				     text[2 * i + 1]);
		return;
	}
	for (size_t i = 0; i < 4; i++)
		snprintf(text[i], EXCHANGE_TEXT_MAX, "-");
	if (all <= 0)
		return;
	words_mbps(x->sent_mbps, text[0], EXCHANGE_TEXT_MAX);
	put_share(x->lost, all, text[1]);
	put_share(x->reordered, x->datagrams, text[2]);
	snprintf(text[3], EXCHANGE_TEXT_MAX, "%.3g", x->jitter_us);
}
