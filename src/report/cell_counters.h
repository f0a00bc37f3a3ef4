/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cell_counters.h - what was counted of each cell, for its card on the page.
 * Of this room alone.
 *
 * measurement.counters (observe/counters.h) of up to COUNTED_BLOCKS of a
 * study's blocks, summed by cell and related to the payload or the time of
 * the turns. What was not counted is not there: never a zero.
 */
#ifndef VAZAO_REPORT_CELL_COUNTERS_H
#define VAZAO_REPORT_CELL_COUNTERS_H

#include <jansson.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

#define COUNTED_BLOCKS 3000

/* *counters: {"rows": [[name, unit], ...], "cells": [[value or null, a row
 * each], ... or null], "blocks": how many were looked at}; cells as the JSON
 * format orders them, by path, then by point. NULL where nothing was counted. */
int cell_counters_load(const struct matrix *matrix, struct store *store,
		       json_t **counters, struct err *err);

#endif
