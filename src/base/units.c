/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct suffix {
	const char *name;
	double factor;
};

/* clang-format off */
static const struct suffix byte_suffixes[] = {
	{ "", 1 }, { "b", 1 },
	{ "k", 1024 }, { "kb", 1024 }, { "kib", 1024 },
	{ "m", 1048576 }, { "mb", 1048576 }, { "mib", 1048576 },
	{ "g", 1073741824 }, { "gb", 1073741824 }, { "gib", 1073741824 },
	{ NULL, 0 },
};

static const struct suffix duration_suffixes[] = {
	{ "", 1e9 }, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
	{ NULL, 0 },
};

static const struct suffix rate_suffixes[] = {
	{ "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 },
	{ NULL, 0 },
};

static const struct suffix count_suffixes[] = {
	{ "", 1 }, { NULL, 0 },
};
/* clang-format on */

static int parse(const char *text, const struct suffix *suffixes,
		 const char *right, double *value, struct err *err)
{
	const struct suffix *s;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return err_set(err, EINVAL, "'%s' is not %s", text, right);
	*value = strtod(text, &end);
	for (s = suffixes; s->name; s++)
		if (strcasecmp(end, s->name) == 0)
			break;
	if (!s->name)
		return err_set(err, EINVAL, "'%s' is not %s", text, right);
	*value *= s->factor;
	return 0;
}

static int parse_whole(const char *text, const struct suffix *suffixes,
		       const char *right, int64_t *value, struct err *err)
{
	double v = 0;
	int rc;

	rc = parse(text, suffixes, right, &v, err);
	if (rc)
		return rc;
	if (v >= 9.0e18)
		return err_set(err, ERANGE, "'%s' is too large", text);
	if (v != floor(v))
		return err_set(err, EINVAL, "'%s' is not a whole number", text);
	*value = (int64_t)v;
	return 0;
}

int units_parse_bytes(const char *text, int64_t *bytes, struct err *err)
{
	return parse_whole(text, byte_suffixes,
			   "a size such as 4096, 64K or 1M", bytes, err);
}

int units_parse_duration(const char *text, int64_t *ns, struct err *err)
{
	return parse_whole(text, duration_suffixes,
			   "a time such as 10ms, 7s, 10m or 2h", ns, err);
}

int units_parse_rate(const char *text, int64_t *bps, struct err *err)
{
	if (strcmp(text, "unlimited") == 0) {
		*bps = 0;
		return 0;
	}
	return parse_whole(text, rate_suffixes,
			   "a rate such as 1gbit, 100mbit or unlimited", bps,
			   err);
}

int units_parse_count(const char *text, int64_t *count, struct err *err)
{
	return parse_whole(text, count_suffixes, "a whole number", count, err);
}

int units_parse_fraction(const char *text, double *fraction, struct err *err)
{
	char *end;

	*fraction = strtod(text, &end);
	if (end != text && isfinite(*fraction)) {
		if (*end == '\0')
			return 0;
		if (strcmp(end, "%") == 0) {
			*fraction /= 100;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%s' is not a fraction such as 2.5%%",
		       text);
}

void units_format_bytes(int64_t bytes, char *buf, size_t size)
{
	if (bytes >= 1048576 && bytes % 1048576 == 0)
		snprintf(buf, size, "%" PRId64 "M", bytes / 1048576);
	else if (bytes >= 1024 && bytes % 1024 == 0)
		snprintf(buf, size, "%" PRId64 "K", bytes / 1024);
	else
		snprintf(buf, size, "%" PRId64, bytes);
}

void units_format_duration(int64_t ns, char *buf, size_t size)
{
	int64_t s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		snprintf(buf, size, "%gms", (double)ns / 1e6);
	else if (ns < 10 * NS_PER_S && ns % NS_PER_S)
		snprintf(buf, size, "%.1fs", (double)ns / 1e9);
	else if (s < 60)
		snprintf(buf, size, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(buf, size, "%" PRId64 "m%02" PRId64 "s", s / 60,
			 s % 60);
	else
		snprintf(buf, size, "%" PRId64 "h%02" PRId64 "m", s / 3600,
			 s % 3600 / 60);
}

void units_format_rate(int64_t bps, char *buf, size_t size)
{
	if (bps == 0)
		snprintf(buf, size, "unlimited");
	else if (bps % 1000000000 == 0)
		snprintf(buf, size, "%" PRId64 "gbit", bps / 1000000000);
	else if (bps % 1000000 == 0)
		snprintf(buf, size, "%" PRId64 "mbit", bps / 1000000);
	else if (bps % 1000 == 0)
		snprintf(buf, size, "%" PRId64 "kbit", bps / 1000);
	else
		snprintf(buf, size, "%" PRId64 "bit", bps);
}
