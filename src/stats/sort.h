/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sort.h - numbers in ascending order. Pure. Called by this room, and by
 * others for a median; none of the numbers is NaN.
 */
#ifndef VAZAO_STATS_SORT_H
#define VAZAO_STATS_SORT_H

#include <stddef.h>

void stats_sort(double *values, size_t n);

#endif
