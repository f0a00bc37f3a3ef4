/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put(struct err *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	va_start(ap, fmt);
	put(err, code, fmt, ap);
	va_end(ap);
	return -code;
}

int err_sys(struct err *err, int code, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	if (!err)
		return -code;
	va_start(ap, fmt);
	put(err, code, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 strerror(code));
	return -code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	size_t used;
	va_list ap;

	if (!err)
		return -EIO;
	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, fmt);
	put(err, err->code ? err->code : EIO, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return -err->code;
}
