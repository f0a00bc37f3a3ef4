/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile.h - what a profiled study (study --profile) has to show, as files:
 * PATH.svg, a flame graph a path; PATH-against-REFERENCE.svg, the same in the
 * colors of the difference; top.md, the functions that take most, side by
 * side with the reference. Called by cmd/study_files.c.
 */
#ifndef VAZAO_REPORT_PROFILE_H
#define VAZAO_REPORT_PROFILE_H

#include <stddef.h>

#include "report/report.h"

/* Into `dir`, made if need be; *files 0 where the study has no profile. */
int report_write_profile(const struct report_args *args, const char *dir,
			 size_t *files, struct err *err);

/*
 * The same for the page: [{"path", "top": [[function, share, the reference's
 * share], ...], "flame": SVG, "against": SVG or null for the reference}], a
 * new reference; empty where the study has no profile.
 */
int report_load_profile(const struct report_args *args, json_t **paths,
			struct err *err);

#endif
