/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/compare_side.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

/* *length_ns: of the unit that was named, a day, a minute or a second. */
static int parse_time(const char *text, int64_t *at_ns, int64_t *length_ns,
		      struct err *err)
{
	static const struct {
		const char *format;
		int64_t length_ns;
	} forms[] = { { "%Y-%m-%dT%H:%M:%S", NS_PER_S },
		      { "%Y-%m-%dT%H:%M", 60 * NS_PER_S },
		      { "%Y-%m-%d", DAY_NS } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i].format, &tm);

		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		*at_ns = timegm(&tm) * NS_PER_S;
		*length_ns = forms[i].length_ns;
		return 0;
	}
	return err_set(err, EINVAL,
		       "'%s' is no time: such as 2026-11-23 or "
		       "2026-11-23T01:05 (UTC)",
		       text);
}

static int parse_span(char *text, struct compare_side *side, struct err *err)
{
	char *dots = strstr(text, "..");
	int64_t length_ns;
	int rc = 0;

	if (!dots) {
		rc = parse_time(text, &side->from_ns, &length_ns, err);
		side->to_ns = side->from_ns + length_ns;
		return rc;
	}
	*dots = '\0';
	if (*text)
		rc = parse_time(text, &side->from_ns, &length_ns, err);
	if (!rc && dots[2])
		rc = parse_time(dots + 2, &side->to_ns, &length_ns, err);
	if (!rc && side->to_ns && side->to_ns <= side->from_ns)
		rc = err_set(err, EINVAL, "%s..%s: ends before it begins", text,
			     dots + 2);
	return rc;
}

static bool is_there(const char *dir)
{
	return access(dir, F_OK) == 0;
}

static int take_path(struct compare_side *side, struct err *err)
{
	char *colon = strrchr(side->dir, ':');

	if (is_there(side->dir) || !colon)
		return 0;
	if (strlen(colon + 1) >= sizeof(side->path) || !colon[1])
		return err_set(err, EINVAL, "%s: '%s' is no name of a path",
			       side->text, colon + 1);
	strcpy(side->path, colon + 1);
	*colon = '\0';
	return 0;
}

int compare_side_parse(const char *text, struct compare_side *side,
		       struct err *err)
{
	char *at;
	int rc = 0;

	*side = (struct compare_side){ .text = text };
	if (strlen(text) >= sizeof(side->dir))
		return err_set(err, ENAMETOOLONG, "%.100s...: name too long",
			       text);
	strcpy(side->dir, text);
	at = strrchr(side->dir, '@');
	if (at && !is_there(side->dir)) {
		*at = '\0';
		rc = parse_span(at + 1, side, err);
	}
	return rc ? rc : take_path(side, err);
}
