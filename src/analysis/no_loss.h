/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * no_loss.h - the highest rate without loss of each cell, from the trials of
 * rule loss (stats/loss_search.h). Of this room alone; matrix_load() calls it.
 */
#ifndef VAZAO_ANALYSIS_NO_LOSS_H
#define VAZAO_ANALYSIS_NO_LOSS_H

#include "analysis/matrix.h"

/* Fills cell->no_loss where there were trials. */
int no_loss_load(struct matrix *matrix, struct store *store, struct err *err);

#endif
