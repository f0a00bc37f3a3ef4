/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - another program, run to its end. Called by this room alone.
 */
#ifndef VAZAO_IMAGE_RUN_H
#define VAZAO_IMAGE_RUN_H

#include "base/err.h"

struct run_args {
	const char *const *argv; /* argv[0] is looked for in $PATH */
	const char *package;	 /* that brings it */
	const char *dir;	 /* where it runs; NULL: here */
	const char *output_file; /* for its standard output; NULL: *output */
};

/*
 * Standard input is empty, messages are in English. What it printed is
 * *output (malloc'ed, NUL-ended); `output` may be NULL. -ENOPKG, naming the
 * package, where there is no such program; -EIO with the last line that it
 * wrote to standard error where it failed.
 */
int run_program(const struct run_args *args, char **output, struct err *err);

#endif
