/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scaling_text.h - how throughput grows with the cables (analysis/scaling.h),
 * in words and as JSON. Called by explain_text.c and findings_json.c.
 */
#ifndef VAZAO_REPORT_SCALING_TEXT_H
#define VAZAO_REPORT_SCALING_TEXT_H

#include <jansson.h>

#include "analysis/scaling.h"
#include "report/prose.h"

/* Nothing where there is none. */
void scalings_write(const struct matrix *matrix,
		    const struct scalings *scalings, const struct prose *prose);

/* [{"path", "point", "valid", "exponent", "lo", "hi", "misfit", "blocks",
 * "sizes": [{"path", "cables", "throughput_mbps", "efficiency", "lo",
 * "hi"}]}] */
json_t *scalings_to_json(const struct matrix *matrix,
			 const struct scalings *scalings);

#endif
