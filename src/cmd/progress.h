/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - a study's progress for a person (one line with a bar on a
 * terminal) and for a log (plain lines). Called by cmd/study.c.
 */
#ifndef VAZAO_CMD_PROGRESS_H
#define VAZAO_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "study/study.h"

struct progress {
	FILE *out;     /* standard error */
	FILE *log;     /* DIR/study.log */
	bool terminal; /* out is one: redraw one line */
	int columns;
	bool drawn; /* a line without its newline stands on the terminal */
	int64_t said_ns, logged_ns; /* when the last plain line was written */
	enum study_phase said_phase;
};

/* Opens DIR/study.log for appending. */
int progress_open(struct progress *progress, const char *dir, struct err *err);
void progress_close(struct progress *progress);

/* A line of its own, to the person and to the log. */
void progress_say(struct progress *progress, const char *text);

/* The two callbacks of struct study_watcher; arg is the struct progress. */
void progress_on_progress(void *arg, const struct study_progress *p);
void progress_on_event(void *arg, const char *text);

/* The line itself, without the newline; for tests. */
void progress_format(const struct study_progress *p, int columns, char *line,
		     size_t size);

#endif
