/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/explanation.h"

#include <errno.h>
#include <stdlib.h>

int explanation_find(struct explanation **explanation,
		     const struct matrix *matrix, struct store *store,
		     struct err *err)
{
	struct explanation *e = calloc(1, sizeof(*e));
	struct series series = { 0 };
	int rc;

	*explanation = NULL;
	if (!e)
		return err_sys(err, ENOMEM, "explanation");
	rc = series_load(&series, matrix, store, err);
	rc = rc ? rc
		: statements_test(matrix, &series, &e->statement,
				  &e->statements, err);
	series_free(&series);
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
	free(explanation);
}
