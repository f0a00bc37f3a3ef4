/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flent's data file: series over time in results, null where a value is
 * missing; series of Mbits/s are taken. "TCP upload::3" is one of several
 * flows, "TCP upload sum" all of them: where there is a sum, it is the cell,
 * with as many flows, and its parts, mean and total are left aside.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "analysis/foreign_tools.h"

/* Of the values that are there; 0: none. */
static double mean_of(const json_t *values)
{
	double sum = 0;
	size_t n = 0, i;
	json_t *value;

	json_array_foreach((json_t *)values, i, value) {
		if (!json_is_number(value))
			continue;
		sum += json_number_value(value);
		n++;
	}
	return n ? sum / (double)n : 0;
}

static bool is_mbits(const json_t *metadata, const char *series)
{
	const json_t *meta = json_object_get(
		json_object_get(metadata, "SERIES_META"), series);
	const char *units = json_string_value(json_object_get(meta, "UNITS"));

	return units && strncasecmp(units, "Mbit", 4) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

/* Flows of "TCP upload sum": how many "TCP upload::N" there are. */
static int64_t count_flows(const json_t *results, const char *series)
{
	size_t length = strlen(series) - strlen(" sum");
	int64_t count = 0;
	const char *name;
	json_t *unused;

	json_object_foreach((json_t *)results, name, unused)
		count += strncmp(name, series, length) == 0 &&
			 strncmp(name + length, "::", 2) == 0;
	return count ? count : 1;
}

/* Is "TCP upload::2" or "TCP upload avg" part of a "TCP upload sum"? */
static bool is_part(const json_t *results, const char *series)
{
	const char *mark = strstr(series, "::");
	char sum[160];

	if (!mark && ends_with(series, " avg"))
		mark = series + strlen(series) - strlen(" avg");
	if (!mark)
		return strncasecmp(series, "TCP totals", 10) == 0;
	snprintf(sum, sizeof(sum), "%.*s sum", (int)(mark - series), series);
	return json_object_get(results, sum) != NULL;
}

static int take(const json_t *json, const char *series, const json_t *values,
		struct foreign *f, struct err *err)
{
	const json_t *results = json_object_get(json, "results");
	const json_t *metadata = json_object_get(json, "metadata");
	bool down = strstr(series, "download") != NULL;

	foreign_init(f, "flent");
	f->throughput_mbps = mean_of(values);
	f->seconds = json_number_value(json_object_get(metadata, "LENGTH"));
	foreign_set(f, AXIS_WORKLOAD, WORKLOAD_TCP_STREAM, err);
	foreign_set(f, AXIS_DIRECTION,
		    down ? DIRECTION_RECEIVE : DIRECTION_SEND, err);
	return foreign_set(
		f, AXIS_FLOWS,
		ends_with(series, " sum") ? count_flows(results, series) : 1,
		err);
}

int flent_parse(const json_t *json, struct foreign *found, size_t *count,
		struct err *err)
{
	const json_t *results = json_object_get(json, "results");
	const json_t *metadata = json_object_get(json, "metadata");
	const char *series;
	json_t *values;
	int rc = 0;

	json_object_foreach((json_t *)results, series, values) {
		if (strncmp(series, "TCP", 3) != 0 ||
		    !is_mbits(metadata, series) || is_part(results, series) ||
		    !(mean_of(values) > 0))
			continue;
		if (*count == FOREIGN_MAX)
			return err_set(err, E2BIG, "flent: over %d series",
				       FOREIGN_MAX);
		rc = take(json, series, values, &found[(*count)++], err);
		if (rc)
			return rc;
	}
	return *count ? 0
		      : err_set(err, EINVAL,
				"flent: no TCP series in Mbits/s in it");
}
