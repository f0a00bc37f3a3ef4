/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calibration.h - what vazao calibrate found on this machine, kept in
 * $XDG_STATE_HOME/vazao/calibration.json (~/.local/state/vazao/...), by kind
 * of path, with its date; it holds for one kernel and one kind of processor.
 *
 * Written by calibrate.c, read by study.c.
 */
#ifndef VAZAO_CMD_CALIBRATION_H
#define VAZAO_CMD_CALIBRATION_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "plan/plan.h"

/* The directory, made if missing; malloc'ed. -ENOENT without HOME. */
int calibration_dir(char **dir, struct err *err);

/* Adds what a calibration's study stored ("slices": study/calibrate.c). */
int calibration_keep(const char *slices, struct err *err);

struct calibration_use {
	int64_t slice_ns; /* 0: the plan's own is as good */
	bool one_window;  /* one window of slice_ns a block: nothing shorter is
			   * right */
	char text[512];	  /* for the report */
};

/* What is right for the plan's kinds of path. Without any calibration, or of
 * another machine, the plan's own, and the text says so. */
void calibration_choose(const struct plan *plan, struct calibration_use *use);

#endif
