/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * findings.h - what `vazao explain` and `vazao advise` share: a stored study
 * opened, and a way to write of it on standard output.
 */
#ifndef VAZAO_CMD_FINDINGS_H
#define VAZAO_CMD_FINDINGS_H

#include <stdbool.h>

#include <jansson.h>

#include "analysis/matrix.h"
#include "cmd/cmd.h"
#include "report/prose.h"
#include "store/store.h"

struct study_at_hand {
	struct store *store;
	struct matrix *matrix;
};

struct findings_out {
	bool json;
	struct prose prose; /* where not */
};

/* The format and the one DIR; -EINVAL with what would be right. */
int findings_check_usage(const char *format, int argc, char **argv,
			 struct findings_out *out, struct err *err);

/* Also writes the study's title, but for JSON. */
int findings_open(struct study_at_hand *study, const char *dir,
		  const struct findings_out *out, struct err *err);
void findings_close(struct study_at_hand *study);

/* Takes the reference. */
int findings_put_json(json_t *json, struct err *err);

/* 0 also where a reader has seen enough (`| head`). */
int findings_flush(struct err *err);

#endif
