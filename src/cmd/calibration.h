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

/* Adds what a calibration's study stored ("slices": study/calibrate.c): of
 * each kind and socket size the last finding. */
int calibration_keep(const char *slices, struct err *err);

struct calibration_use {
	char *timings;	 /* for struct study_args, malloc'ed; NULL: the plan's
			  * own are as good, or nothing is known */
	char text[2048]; /* for the report: "as calibrated on ...: ..." */
};

/* What is right for the plan's kinds of path. Without any calibration, or of
 * another machine, the plan's own, and the text says so. */
void calibration_choose(const struct plan *plan, struct calibration_use *use);

#endif
