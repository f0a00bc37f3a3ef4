/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * summary.h - what a matrix says in sentences: the answer a path, and what a
 * reader has to know before believing it. Of this room alone; txt and md
 * print the same sentences.
 */
#ifndef VAZAO_REPORT_SUMMARY_H
#define VAZAO_REPORT_SUMMARY_H

#include <stddef.h>
#include <stdio.h>

#include "analysis/matrix.h"
#include "base/err.h"

/* One path over its cells. Efficiencies count but of CAPPED and FAILED
 * cells; the mean is geometric, as ratios ask for. */
struct summary {
	size_t cells, estimated;
	size_t status[CELL_FAILED + 1];
	double mean;
	const struct cell *worst, *best; /* by efficiency; NULL: none */
	const struct cell *widest;	 /* of those NOT_REACHED; NULL: none */
};

void summary_of(const struct matrix *matrix, size_t path,
		struct summary *summary);

/* Sentences, without a newline. `line` gets each; it may be cut into shorter
 * lines there. */
struct summary_lines {
	void (*line)(void *arg, const char *text);
	void *arg;
};

/* One sentence, as printf(3) makes it. */
void summary_say(const struct summary_lines *lines, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Title, host, when and how much. */
void summary_write_head(const struct matrix *matrix,
			const struct summary_lines *lines);

/* One a path but the reference: "dom0 keeps 93 % of native's throughput". */
void summary_write_answers(const struct matrix *matrix,
			   const struct summary_lines *lines);

/* What was not reached, failed, capped or differs; how many intervals are
 * expected to miss; how it was measured. */
void summary_write_notes(const struct matrix *matrix,
			 const struct summary_lines *lines);

/* methods.c: first of all, where the machine was too noisy for the precision
 * that was asked; nothing otherwise. */
void methods_write_warning(const struct matrix *matrix,
			   const struct summary_lines *lines);

/* Slices and their calibration; by path blocks, time, s and lag-1; what else
 * the machine did; buffers; what was discarded. */
void methods_write(const struct matrix *matrix,
		   const struct summary_lines *lines);

/* The highest rates without loss, where they were searched (no_loss_text.c). */
void summary_write_no_loss(const struct matrix *matrix,
			   const struct summary_lines *lines);

#endif
