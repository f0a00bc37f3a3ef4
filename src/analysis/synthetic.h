/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * synthetic.h - a made-up study with known truth, written through the store,
 * for the tests of analysis and report, and for a look at the figures without
 * two hours of measuring. No part of the program.
 */
#ifndef VAZAO_ANALYSIS_SYNTHETIC_H
#define VAZAO_ANALYSIS_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "store/store.h"

#define SYNTHETIC_PATHS 3 /* native, dom0, domU */

struct synthetic {
	struct {
		int64_t value[8];
		size_t count; /* 0: the fallback of the axis alone */
	} axis[AXIS_COUNT];
	int blocks;	   /* a cell */
	double noise;	   /* SD of one block's ratio */
	const char *rule;  /* NULL: blocks; "2007": paths one by one */
	bool exact;	   /* time: exact */
	const char *title; /* NULL: "synthetic" */
	int64_t link_bps;
	/* the true rate, 10^6 bit/s; NULL: synthetic_rate()'s own */
	double (*rate)(int path, const struct point *point);
	/* a measurement's counters, a new reference; NULL: none */
	json_t *(*counters)(int path, const struct point *point, int round);
	bool trouble;  /* failures, a discarded block, unlike nodes, and one
		       * point that was not visited */
	uint64_t salt; /* another draw of the noise */
	size_t counters_bytes; /* stored with every measurement */
	double effect; /* domU's rate at MTU 500 changes by this share */
};

/* The 2007 study's axes; and those of the built-in quick plan's size. */
extern const struct synthetic synthetic_paper, synthetic_quick;

/* Makes a scratch directory out of dir ("...XXXXXX") with the study's
 * study.db in it; removes both, with whatever else lies there. */
int synthetic_create(char *dir, const struct synthetic *study, struct err *err);
void synthetic_remove(const char *dir);

/* The true rate of a cell, 10^6 bit/s. */
double synthetic_rate(const struct synthetic *study, int path,
		      const struct point *point);

#endif
