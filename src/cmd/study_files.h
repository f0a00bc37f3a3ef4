/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study_files.h - a study's directory: plan.yaml, study.db, study.log,
 * report.md, report.csv, figures/. Called by cmd/study.c.
 */
#ifndef VAZAO_CMD_STUDY_FILES_H
#define VAZAO_CMD_STUDY_FILES_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Makes the directory and plan.yaml in it; -EEXIST where a study is there. */
int study_files_create(const char *dir, const char *plan_text, struct err *err);

/* Is there a study to go on with? -ENOENT. */
int study_files_check(const char *dir, struct err *err);

/* plan.yaml anew from study.db: as the last run had it, overrides and all. */
int study_files_restore_plan(const char *dir, struct err *err);

/* From study.db. */
int study_files_read_seed(const char *dir, int64_t *seed, struct err *err);

/*
 * Prints the table on `out`, writes report.md and report.csv, draws the
 * figures where gnuplot is there, and says where all that is.
 */
int study_files_report(const char *dir, FILE *out, struct err *err);

#endif
