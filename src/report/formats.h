/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * formats.h - the formats there are, one file each, for formats.c's list.
 * Of this room alone.
 */
#ifndef VAZAO_REPORT_FORMATS_H
#define VAZAO_REPORT_FORMATS_H

#include "report/report.h"

extern const struct report_ops report_txt, report_csv, report_json, report_md,
	report_html, report_openmetrics;

/* Flushes; -EIO or what the system said if anything was not written. */
int report_check_written(FILE *out, struct err *err);

#endif
