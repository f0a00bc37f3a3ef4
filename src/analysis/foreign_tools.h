/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * foreign_tools.h - the tools that foreign.c can read, one file each. Of this
 * room alone. Each fills found[] and *count, or says in err what is wrong.
 */
#ifndef VAZAO_ANALYSIS_FOREIGN_TOOLS_H
#define VAZAO_ANALYSIS_FOREIGN_TOOLS_H

#include <jansson.h>

#include "analysis/foreign.h"

int iperf3_parse(const json_t *json, struct foreign *found, size_t *count,
		 struct err *err);
int flent_parse(const json_t *json, struct foreign *found, size_t *count,
		struct err *err);
int netperf_parse(char *text, struct foreign *found, size_t *count,
		  struct err *err);

/* Every axis at its fallback, none told. */
void foreign_init(struct foreign *found, const char *tool);
/* Sets an axis, as told; -EINVAL or -ERANGE where it cannot be that. */
int foreign_set(struct foreign *found, enum axis axis, int64_t value,
		struct err *err);

#endif
