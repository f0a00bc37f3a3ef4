/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - what to measure: paths, axes, precision, budget.
 *
 * A plan is YAML, from a file or built in (plans/); vazao-plan(5) tells its
 * keys. Refusals carry file, line and the valid choices in one line (-EINVAL).
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
#include "base/nic_cable.h"

#define PLAN_NAME_MAX	32 /* of a path, with the NUL */
#define PLAN_MAX_PATHS	16 /* what a block takes (workload/block.h) */
#define PLAN_MAX_POINTS 100000
/* where a plan names none */
#define PLAN_SLICE_NS INT64_C(10000000)
#define PLAN_GUARD_NS INT64_C(2000000)
#define PLAN_CYCLES   INT64_C(4)

enum plan_rule {
	PLAN_RULE_BLOCKS, /* interleaved blocks, docs/statistics.md */
	PLAN_RULE_2007,	  /* 3 to 10 measurements of 7 s, one configuration
			   * after another: the control */
	PLAN_RULE_SLICES, /* short slices against long windows */
	PLAN_RULE_LOSS	  /* datagrams: the highest rate without loss */
};

/* As a plan's key and a study's store have it. */
const char *plan_rule_name(enum plan_rule rule);

enum plan_placement {
	PLAN_PLACEMENT_SPLIT, /* M1's side and M2's have CPUs of their own */
	PLAN_PLACEMENT_FREE   /* as the scheduler likes */
};

enum plan_observe {
	PLAN_OBSERVE_BASIC, /* counters, read between the turns */
	PLAN_OBSERVE_FULL,  /* and eBPF, while they last */
	PLAN_OBSERVE_OFF
};

enum plan_time {
	PLAN_TIME_WALL,
	PLAN_TIME_EXACT /* instructions, counted: docs/xen-exact.md */
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
	char *text;		/* canonical YAML, --set and fallbacks in it;
				 * plan_parse() makes this plan of it: stored */
	struct plan_path *path; /* [0] is the reference */
	size_t paths;
	bool outside; /* machines that are there already: kind.h */
	struct plan_values axis[AXIS_COUNT];
	enum plan_rule rule;
	enum plan_placement placement;
	enum plan_observe observe;
	enum plan_time time;
	char *guest_words; /* more for guests' command lines; "" */
	int64_t link_bps;  /* 0: unlimited */
	/* The host's own interfaces, in place of cables that the lab makes. */
	struct nic_cable nic[NIC_CABLES_MAX];
	int nics;
	double precision;  /* relative half-width, 0.025 */
	int64_t budget_ns; /* 0: none */
	/* fallback under PLAN_RULE_BLOCKS; under PLAN_RULE_2007 */
	int64_t slice_ns;   /* 10 ms; 7 s */
	int64_t guard_ns;   /* 2 ms; 0, always */
	int64_t warmup_ns;  /* 15 ms; 30 ms */
	int64_t cycles;	    /* slices a path a block: 4; 1, always */
	int64_t min_blocks; /* 12; 3, always; replicates in exact time */
	int64_t replicates; /* 8; in exact time only */
	double loss_bound;  /* of rule loss, a fraction: 0.001 */
};

/* One `--set KEY=VALUE`; the value is YAML ("[500, 1500]", "2.5%"), the key
 * may be a path into a mapping ("link.rate"). The last one wins. */
struct plan_set {
	const char *text;
};

struct plan_args {
	const char *name; /* a built-in plan's name, or a file */
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

/* The product of the axes, last axis fastest; an axis that has no meaning for
 * a workload makes no points there. *points is malloc'ed. */
int plan_expand(const struct plan *plan, struct point **points, size_t *count,
		struct err *err);

/* Guests that each path needs at most at the same time: the greatest of the
 * axis pairs, and a neighbor. */
int plan_members(const struct plan *plan);

/* Built-in plans, embedded at build time from plans/NAME.yaml. */
struct plan_builtin {
	const char *name;
	const char *help; /* the file's first comment line */
	const char *text;
};
extern const struct plan_builtin plan_builtins[]; /* ended by name == NULL */

#endif
