/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * statements.h - what the study of 2007 says of its measurements, sentence by
 * sentence, each tested on a study at hand. A statement is a row of
 * statement_table[]: the sentence, where it stands, on whom it is tested, and
 * the function that makes contrasts of it (contrast.h). Called by
 * explanation.c; the report prints the rows with what came out.
 */
#ifndef VAZAO_ANALYSIS_STATEMENTS_H
#define VAZAO_ANALYSIS_STATEMENTS_H

#include "analysis/contrast.h"
#include "analysis/usage.h"

/* "Near", "close to", "slightly less" in the study's sentences: within 10 %,
 * what can be told apart in its figures. */
#define STATEMENT_NEAR 0.90

/* Whom the study speaks of; tested on the first path of that kind. */
enum role { ROLE_NATIVE, ROLE_DOM0, ROLE_GUEST };

/* All that a statement may look at. */
struct evidence {
	const struct matrix *matrix;
	const struct series *series;
	const struct usage *usage;
	const struct store_path *paths; /* as the matrix's, with options */
};

struct statement {
	const char *id;	     /* stable: scripts read it */
	const char *section; /* of the study */
	const char *text;    /* one sentence */
	enum role role;
	enum quantifier quantifier;
	const char *ratio; /* what is compared, for people */
	const char *needs; /* what a study must have for it to be tested */
	/* Adds trials; none where the study has no such cells. */
	void (*build)(struct claim *claim, const struct evidence *evidence,
		      size_t path);
};

extern const struct statement statement_table[]; /* ended by id == NULL */

struct statement_result {
	const struct statement *statement;
	size_t path; /* whom it was tested on; (size_t)-1: there is none */
	struct claim claim;
};

/* All rows; malloc'ed array of *count. */
int statements_test(const struct evidence *evidence,
		    struct statement_result **results, size_t *count,
		    struct err *err);
void statements_free(struct statement_result *results, size_t count);

/* The first path of a role; (size_t)-1 where the study has none. */
size_t statement_path(const struct matrix *matrix, enum role role);

/* Those of the table that rest on counters and turned mechanisms
 * (statements_counted.c). */
void statement_build_tail(struct claim *claim, const struct evidence *evidence,
			  size_t path);
void statement_build_collapse(struct claim *claim,
			      const struct evidence *evidence, size_t path);
void statement_build_page(struct claim *claim, const struct evidence *evidence,
			  size_t path);
void statement_build_flip(struct claim *claim, const struct evidence *evidence,
			  size_t path);
void statement_build_notify(struct claim *claim,
			    const struct evidence *evidence, size_t path);

#endif
