/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explanation.h - why the paths of a study lose what they lose: the study's
 * statements tested on it, the account of CPU time by place, the counters that
 * go with the loss, and what a mechanism changed that was turned. Called by
 * report/ and cmd/explain.c.
 */
#ifndef VAZAO_ANALYSIS_EXPLANATION_H
#define VAZAO_ANALYSIS_EXPLANATION_H

#include "analysis/account.h"
#include "analysis/association.h"
#include "analysis/loss_place.h"
#include "analysis/matrix.h"
#include "analysis/mechanism.h"
#include "analysis/scaling.h"
#include "analysis/statements.h"
#include "store/store.h"

struct explanation {
	struct statement_result *statement;
	size_t statements;
	struct account *account;
	size_t accounts;
	struct association *association;
	size_t associations;
	struct mechanisms mechanisms;
	struct scalings scalings;
	struct loss_places loss; /* of datagrams */
	struct usage usage;	 /* what the associations' names live in */
};

int explanation_find(struct explanation **explanation,
		     const struct matrix *matrix, struct store *store,
		     struct err *err);
void explanation_free(struct explanation *explanation);

/* What could not be told for want of data: a sentence each, until NULL. */
const char *explanation_missing(const struct explanation *explanation,
				size_t index);

#endif
