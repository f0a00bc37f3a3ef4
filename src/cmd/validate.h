/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate.h - the two halves of vazao validate: studies that are carried out
 * (validate.c), and what they show (validate_judge.c), from stored rows alone.
 */
#ifndef VAZAO_CMD_VALIDATE_H
#define VAZAO_CMD_VALIDATE_H

#include "base/err.h"
#include "report/validation.h"

/* Reads dir/aa-NN, dir/injection-NN and dir/trace, as far as they are there. */
struct validate_judge_args {
	const char *dir;
	size_t matrices, injections, replays;
	uint64_t seed;
	double precision; /* of replays */
};

int validate_judge(const struct validate_judge_args *args,
		   struct validation *validation, struct err *err);
void validate_free(struct validation *validation);

#endif
