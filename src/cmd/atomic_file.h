/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * atomic_file.h - output that takes its place whole or not at all. Called by
 * the subcommands that have --output, and for what a study's directory and the
 * calibrations hold.
 */
#ifndef VAZAO_CMD_ATOMIC_FILE_H
#define VAZAO_CMD_ATOMIC_FILE_H

#include <stdio.h>

#include "base/err.h"

/* A file beside the one wanted, which takes its place when it is complete. */
struct atomic_file {
	char temporary[4096];
	const char *path;
	FILE *out;
};

int atomic_open(struct atomic_file *file, const char *path, struct err *err);

/* rc: what became of the writing; returned, or what went wrong after it. */
int atomic_close(struct atomic_file *file, int rc, struct err *err);

#endif
