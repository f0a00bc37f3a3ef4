/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - what to measure: paths, axes, precision, budget.
 *
 * A plan is YAML, by schema (libcyaml), from a file or built in (plans/).
 * Refusals carry file, line and the valid choices in one line (-EINVAL).
 * The study carries it out; cmd/ lists and checks. Which kinds of path and
 * which options of a kind exist is the lab's knowledge: plan_load() is given
 * it as a table, so that plan does not include lab.
 */
#ifndef VAZAO_PLAN_PLAN_H
#define VAZAO_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"
#include "base/kind.h"

#define PLAN_NAME_MAX 32 /* of a path, with the NUL */

enum plan_rule {
	PLAN_RULE_BLOCKS, /* interleaved blocks, docs/statistics.md */
	PLAN_RULE_2007	  /* 3 to 10 measurements of 7 s, one configuration
			   * after another: the control */
};

struct plan_path {
	char name[PLAN_NAME_MAX]; /* unique in the plan */
	char kind[PLAN_NAME_MAX]; /* a kind_desc's name; default: the name */
	json_t *options;	  /* {"receive": "copy", ...}, every option of
				   * the kind, fallbacks filled in */
};

/* Values of one axis, in the plan's order, each once. */
struct plan_values {
	size_t count;
	int64_t *value;
};

struct plan {
	char *title;
	char *source;		/* file name or "built-in NAME" */
	char *text;		/* the YAML as read, --set applied: stored */
	struct plan_path *path; /* [0] is the reference */
	size_t paths;
	struct plan_values axis[AXIS_COUNT];
	enum plan_rule rule;
	int64_t link_bps;   /* 0: unlimited */
	double precision;   /* relative half-width, 0.025 */
	int64_t budget_ns;  /* 0: none */
	int64_t slice_ns;   /* default 10 ms */
	int64_t guard_ns;   /* default 2 ms */
	int64_t warmup_ns;  /* default 30 ms */
	int64_t cycles;	    /* slices a path a block, default 8 */
	int64_t min_blocks; /* default 12 */
};

/* One `--set KEY=VALUE`; the value is YAML ("[500, 1500]", "2.5%"). */
struct plan_set {
	const char *text;
};

struct plan_args {
	const char *name; /* a file, or a built-in plan's name */
	const struct plan_set *sets;
	size_t set_count;
	const struct kind_desc *const *kinds; /* NULL-ended; the lab's */
};

int plan_load(struct plan **plan, const struct plan_args *args,
	      struct err *err);

/* From stored text (resume, report): `source` is used in messages. */
int plan_parse(struct plan **plan, const char *text, const char *source,
	       const struct kind_desc *const *kinds, struct err *err);
void plan_free(struct plan *plan);

/* The product of the axes, last axis fastest; *points is malloc'ed. */
int plan_expand(const struct plan *plan, struct point **points, size_t *count,
		struct err *err);

/* Built-in plans, embedded at build time from plans/NAME.yaml. */
struct plan_builtin {
	const char *name;
	const char *help; /* the file's first comment line */
	const char *text;
};
extern const struct plan_builtin plan_builtins[]; /* ended by name == NULL */

#endif
