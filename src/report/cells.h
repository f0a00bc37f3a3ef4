/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cells.h - which cells a finding rests on, in few words. Of this room alone.
 */
#ifndef VAZAO_REPORT_CELLS_H
#define VAZAO_REPORT_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/matrix.h"

/*
 * "mtu 500; socket 4K, 8K": the points with in[i] set among those with of[i]
 * set, by the values, ascending, of every axis on which they do not have all
 * that those have. "" where there is no such axis.
 */
void cells_describe(const struct matrix *matrix, const bool *in, const bool *of,
		    char *buf, size_t size);

#endif
