/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * counters.h - what happened between two readings of counters that only grow.
 * Pure. Called by measure.c.
 */
#ifndef VAZAO_STUDY_COUNTERS_H
#define VAZAO_STUDY_COUNTERS_H

#include <jansson.h>

/*
 * A new object like `after`, each whole number less that of the same place in
 * `before` (0 where there is none); what is neither number nor object is left
 * out. NULL where `after` is NULL.
 */
json_t *counters_subtract(const json_t *after, const json_t *before);

#endif
