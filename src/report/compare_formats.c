/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/compare_formats.h"

#include <errno.h>
#include <string.h>

const struct compare_ops *const compare_formats[] = {
	&compare_txt,	&compare_md,   &compare_json,
	&compare_junit, &compare_html, NULL,
};

const struct compare_ops *compare_find(const char *format, struct err *err)
{
	char known[128] = "";

	for (size_t i = 0; compare_formats[i]; i++) {
		if (strcmp(compare_formats[i]->format, format) == 0)
			return compare_formats[i];
		if (i)
			strcat(known, ", ");
		strcat(known, compare_formats[i]->format);
	}
	err_set(err, EINVAL, "'%s' is not a format of comparisons: one of %s",
		format, known);
	return NULL;
}
