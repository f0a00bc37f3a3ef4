/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "report/formats.h"

const struct report_ops *const report_formats[] = {
	&report_txt,  &report_csv,	   &report_json, &report_md,
	&report_html, &report_openmetrics, NULL,
};

const struct report_ops *report_find(const char *format, struct err *err)
{
	char known[128] = "";

	for (size_t i = 0; report_formats[i]; i++) {
		if (strcmp(report_formats[i]->format, format) == 0)
			return report_formats[i];
		if (i)
			strcat(known, ", ");
		strcat(known, report_formats[i]->format);
	}
	err_set(err, EINVAL, "'%s' is not a report format: one of %s", format,
		known);
	return NULL;
}

int report_check_written(FILE *out, struct err *err)
{
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return err_sys(err, errno ? errno : EIO, "writing the report");
}
