/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/columns.h"

#include <string.h>

static json_t *path(const struct matrix *matrix, const struct cell *cell)
{
	return json_string(matrix->path[cell->path].name);
}

const struct column column_path = { "path", path };

json_t *column_axis(const struct cell *cell, enum axis axis)
{
	int64_t value = cell->point->value[axis];

	if (!axis_applies(axis, cell->point))
		return json_null();
	if (axis_table[axis].kind == AXIS_IS_CHOICE)
		return json_string(axis_table[axis].choices[value]);
	return json_integer(value);
}

static json_t *real(bool valid, double value)
{
	return valid ? json_real(value) : json_null();
}

#define REAL_COLUMN(name, valid, value)                  \
	static json_t *name(const struct matrix *matrix, \
			    const struct cell *cell)     \
	{                                                \
		(void)matrix;                            \
		return real(cell->valid, cell->value);   \
	}

REAL_COLUMN(throughput, throughput.valid, throughput.mean)
REAL_COLUMN(throughput_lo, throughput.valid, throughput.lo)
REAL_COLUMN(throughput_hi, throughput.valid, throughput.hi)
REAL_COLUMN(efficiency, efficiency.valid, efficiency.ratio)
REAL_COLUMN(efficiency_lo, efficiency.valid, efficiency.lo)
REAL_COLUMN(efficiency_hi, efficiency.valid, efficiency.hi)
REAL_COLUMN(half_width, efficiency.valid, efficiency.half_width)
REAL_COLUMN(cpu, cpu_us_per_kb >= 0, cpu_us_per_kb)
REAL_COLUMN(switches, context_switches_per_s >= 0, context_switches_per_s)
REAL_COLUMN(faults, page_faults_per_s >= 0, page_faults_per_s)
REAL_COLUMN(trimmed, trimmed > 0, trimmed)

static json_t *blocks(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return json_integer((json_int_t)cell->blocks);
}

static json_t *status(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return json_string(cell_status_name(cell->status));
}

static json_t *bytes(int64_t value)
{
	return value > 0 ? json_integer(value) : json_null();
}

static json_t *sndbuf(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return bytes(cell->sndbuf_effective);
}

static json_t *rcvbuf(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return bytes(cell->rcvbuf_effective);
}

/* What a cause may be made of came from elsewhere: not always UTF-8. */
static json_t *cause(const struct matrix *matrix, const struct cell *cell)
{
	json_t *text = json_string(cell->cause);
	char ascii[sizeof(cell->cause)];

	(void)matrix;
	if (cell->cause[0] == '\0') {
		json_decref(text);
		return json_null();
	}
	if (text)
		return text;
	for (size_t i = 0; i < sizeof(ascii); i++)
		ascii[i] = cell->cause[i] & 0x80 ? '?' : cell->cause[i];
	return json_string(ascii);
}

const struct column measured_columns[] = {
	{ "throughput_mbps", throughput },
	{ "throughput_lo", throughput_lo },
	{ "throughput_hi", throughput_hi },
	{ "efficiency", efficiency },
	{ "efficiency_lo", efficiency_lo },
	{ "efficiency_hi", efficiency_hi },
	{ "half_width", half_width },
	{ "blocks", blocks },
	{ "status", status },
	{ "cpu_us_per_kb", cpu },
	{ "context_switches_per_s", switches },
	{ "page_faults_per_s", faults },
	{ "sndbuf_effective", sndbuf },
	{ "rcvbuf_effective", rcvbuf },
	{ "cause", cause },
	{ "efficiency_trimmed", trimmed },
	{ NULL, NULL },
};
