/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/explanation.h"

#include <errno.h>
#include <stdlib.h>

static int fill(struct explanation *e, const struct evidence *evidence,
		struct err *err)
{
	const struct matrix *m = evidence->matrix;
	int rc = statements_test(evidence, &e->statement, &e->statements, err);

	rc = rc ? rc
		: account_make(&e->usage, m, &e->account, &e->accounts, err);
	rc = rc ? rc
		: association_find(&e->usage, m, &e->association,
				   &e->associations, err);
	rc = rc ? rc
		: mechanisms_find(&e->mechanisms, m, evidence->series,
				  evidence->paths, err);
	return rc ? rc
		  : scalings_find(&e->scalings, m, evidence->series,
				  evidence->paths, err);
}

int explanation_find(struct explanation **explanation,
		     const struct matrix *matrix, struct store *store,
		     struct err *err)
{
	struct explanation *e = calloc(1, sizeof(*e));
	struct store_path *paths = NULL;
	struct series series = { 0 };
	size_t count = 0;
	int rc;

	*explanation = NULL;
	if (!e)
		return err_sys(err, ENOMEM, "explanation");
	rc = series_load(&series, matrix, store, err);
	rc = rc ? rc : usage_load(&e->usage, matrix, store, err);
	rc = rc ? rc : store_load_paths(store, &paths, &count, err);
	if (rc == 0)
		rc = fill(e,
			  &(struct evidence){ .matrix = matrix,
					      .series = &series,
					      .usage = &e->usage,
					      .paths = paths },
			  err);
	store_paths_free(paths, count);
	series_free(&series);
	rc = rc ? rc : loss_places_find(&e->loss, matrix, store, err);
	if (rc)
		explanation_free(e);
	else
		*explanation = e;
	return rc;
}

void explanation_free(struct explanation *explanation)
{
	if (!explanation)
		return;
	statements_free(explanation->statement, explanation->statements);
	free(explanation->account);
	free(explanation->association);
	mechanisms_free(&explanation->mechanisms);
	scalings_free(&explanation->scalings);
	loss_places_free(&explanation->loss);
	usage_free(&explanation->usage);
	free(explanation);
}

const char *explanation_missing(const struct explanation *explanation,
				size_t index)
{
	static const char *const no_counters =
		"This study has no counters of CPU time and kernel events (it "
		"is older than them, or was made with observe: off): no "
		"account of the CPU time, and no counters that go with the "
		"loss.";
	static const char *const no_copy =
		"The copy into the socket is not told from the stack around "
		"it: both are the application's time in the kernel.";
	static const char *const no_turns =
		"No mechanism was turned in this study, so it tells no cause: "
		"the plan mechanisms turns one thing at a time.";
	static const char *const too_few =
		"Which counters go with the loss takes 8 points at least.";
	const char *said[4] = { NULL };
	size_t n = 0;

	said[n++] = explanation->usage.blocks ? no_copy : no_counters;
	if (explanation->usage.blocks &&
	    explanation->usage.cells / explanation->usage.paths <
		    STATS_RANK_MIN)
		said[n++] = too_few;
	if (!explanation->mechanisms.turns)
		said[n++] = no_turns;
	return index < n ? said[index] : NULL;
}
