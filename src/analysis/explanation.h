/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explanation.h - why the paths of a study lose what they lose: the study's
 * statements tested on it, the account of CPU time by place, the counters that
 * go with the loss, and what a mechanism changed that was turned. Called by
 * report/ and cmd/explain.c.
 */
#ifndef VAZAO_ANALYSIS_EXPLANATION_H
#define VAZAO_ANALYSIS_EXPLANATION_H

#include "analysis/matrix.h"
#include "analysis/statements.h"
#include "store/store.h"

struct explanation {
	struct statement_result *statement;
	size_t statements;
};

int explanation_find(struct explanation **explanation,
		     const struct matrix *matrix, struct store *store,
		     struct err *err);
void explanation_free(struct explanation *explanation);

#endif
