/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exchange.h - how txt and md tell cells whose workload is exchanges or
 * datagrams: rates as transactions a second, and a second table of latencies,
 * or of loss and jitter. Of this room alone.
 */
#ifndef VAZAO_REPORT_EXCHANGE_H
#define VAZAO_REPORT_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/matrix.h"

/* Are the workload's rates transactions a second? */
bool exchange_is(const struct point *point);

/* "trans/s", or "10^6 bit/s"; and a rate of the cell's throughput in it. */
const char *exchange_unit(const struct point *point);
void exchange_rate(const struct point *point, double mbps, char *buf,
		   size_t size);

/* What an efficiency of the study compares: "throughput", "transactions/s", or
 * "rate" where the study has both. */
const char *exchange_noun(const struct matrix *matrix);

/* The second table's columns, names and one cell's values; 0: there is no such
 * table. */
#define EXCHANGE_COLUMNS_MAX 6
#define EXCHANGE_TEXT_MAX    32
size_t exchange_columns(const struct point *point,
			const char *names[EXCHANGE_COLUMNS_MAX]);
void exchange_fill(const struct cell *cell,
		   char text[EXCHANGE_COLUMNS_MAX][EXCHANGE_TEXT_MAX]);

#endif
