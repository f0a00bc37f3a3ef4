/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * findings.h - explanation and advice (analysis/) as text, Markdown and JSON.
 * Called by cmd/explain.c and cmd/advise.c; json.c puts both objects into the
 * study's, from where the page takes them.
 *
 * The JSON. A "point" is the number of the point in the study's order, from 0:
 * in "cells" the cell of path p (its number in "paths") and point i is number
 * p * (points a path) + i. Ratios and intervals as everywhere: ratio, lo, hi.
 * What was not measured is null.
 *
 *   "explanation": {
 *     "statements": [{
 *       "id", "section", "text": sentence,
 *       "path": on whom it was tested; null: no such path,
 *       "quantifier": "every" | "most",
 *       "ratio": what is compared, in words,
 *       "verdict": "holds" | "does not hold" | "undecided",
 *       "reason": why it could not be tested | null,
 *       "trials", "in_favor", "against": counts,
 *       "mean": geometric, of the ratios | null,
 *       "note": what else there is to say | null,
 *       "evidence": [{"point", "path", "versus_point", "versus_path", "ratio",
 *         "lo", "hi", "low", "high": the claim, null where open, "blocks",
 *         "verdict"}]}],
 *     "account": [{  one a path and group of points: MTU, direction ...
 *       "path", the axes but the two sizes, "cells", "blocks",
 *       "efficiency": mean over these cells | null,
 *       "over_dom0", "over_dom0_lo", "over_dom0_hi": whole system, us/KB more
 *         than dom0's path | null,
 *       "places": [{"place", "what": its meaning, "us_per_kb", "lo", "hi",
 *         "reference_us_per_kb", "extra", "extra_lo", "extra_hi"}]}],
 *         The places from "application" to "bridge, other" add up to "whole
 *         system"; "in softirqs" is a part of it, wherever it is charged.
 *     "associations": [{
 *       "path", "counter", "unit", "rho": with the efficiency, "lo", "hi",
 *       "p": adjusted, "cells", "alike": counters left out that tell the same,
 *       "low", "high": {"value", "efficiency"} of the third of the cells
 *         with the least and the most of it}],
 *     "mechanisms": [{
 *       "path", "base", "option", "from", "to": what was turned,
 *       "verdict": "faster" | "slower" | "no difference shown" | "mixed",
 *       "faster", "slower", "trials": counts, "mean",
 *       "evidence": as above}],
 *     "scaling": [{ paths that differ in their cables alone
 *       "path": with the fewest, "point", "valid",
 *       "exponent", "lo", "hi", "misfit": of the fit, "blocks",
 *       "sizes": [{"path", "cables", "throughput_mbps",
 *         "efficiency", "lo", "hi": of one cable}]}],
 *     "missing": [sentence]}
 *
 *   "advice": {
 *     "target",
 *     "groups": [{
 *       "path", the axes but the two sizes,
 *       "status": "REACHED" | "LIKELY" | "NO_DATA",
 *       "cells", "not_worse": counts,
 *       "choice", "best": {"point", "socket_size", "message_size", "share",
 *         "lo", "hi", "throughput_mbps", "efficiency"} | null,
 *       "default": {"point", "ratio", "lo", "hi"}: the kernel's own sizing
 *         over the choice | null,
 *       "mtu_gain": the same: the choice over that of MTU 1500 | null,
 *       "front": [{"point", "throughput_mbps", "cpu_us_per_kb", "rtt_us"}],
 *       "commands": [line to paste]}]}
 */
#ifndef VAZAO_REPORT_FINDINGS_H
#define VAZAO_REPORT_FINDINGS_H

#include <jansson.h>

#include "analysis/advice.h"
#include "analysis/explanation.h"
#include "report/prose.h"

/* New references; NULL without memory. */
json_t *explanation_to_json(const struct matrix *matrix,
			    const struct explanation *explanation);
json_t *advice_to_json(const struct matrix *matrix,
		       const struct advice *advice);

void explanation_write(const struct matrix *matrix,
		       const struct explanation *explanation,
		       const struct prose *prose);
void advice_write(const struct matrix *matrix, const struct advice *advice,
		  const struct prose *prose);

/* The lines to paste for a choice: buf gets line `index`; false: no more. */
#define FINDINGS_COMMAND_MAX 256
bool advice_command(const struct matrix *matrix,
		    const struct advice_group *group, size_t index, char *buf);

#endif
