/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cells as gauges of OpenMetrics 1.0, which Prometheus' node exporter
 * takes from its textfile collector, too: no timestamps (that collector
 * refuses them), families in one piece, and nothing where nothing was
 * measured. Labels are the path and the axes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "report/columns.h"
#include "report/formats.h"

struct family {
	const char *name, *unit, *help; /* unit: the name's end, or "" */
	const char *column;
	double factor;
};

/* clang-format off */
static const struct family families[] = {
	{ "vazao_throughput_bits_per_second", "", "Payload at the receiver.",
	  "throughput_mbps", 1e6 },
	{ "vazao_throughput_lower_bits_per_second", "", "Lower end of its 95 % interval.",
	  "throughput_lo", 1e6 },
	{ "vazao_throughput_upper_bits_per_second", "", "Upper end of its 95 % interval.",
	  "throughput_hi", 1e6 },
	{ "vazao_efficiency_ratio", "ratio", "Throughput over that of the reference path.",
	  "efficiency", 1 },
	{ "vazao_efficiency_lower_ratio", "ratio", "Lower end of its 95 % interval.",
	  "efficiency_lo", 1 },
	{ "vazao_efficiency_upper_ratio", "ratio", "Upper end of its 95 % interval.",
	  "efficiency_hi", 1 },
	{ "vazao_blocks", "", "Good blocks of the cell.", "blocks", 1 },
	{ "vazao_cpu_seconds_per_kilobyte", "", "CPU time of the whole system.",
	  "cpu_us_per_kb", 1e-6 },
	{ "vazao_context_switches_per_second", "", "Context switches of the whole system.",
	  "context_switches_per_s", 1 },
	{ "vazao_page_faults_per_second", "", "Page faults of the whole system.",
	  "page_faults_per_s", 1 },
};
/* clang-format on */

static void put_label(FILE *out, bool first, const char *name,
		      const char *value)
{
	fprintf(out, "%s%s=\"", first ? "" : ",", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void put_labels(FILE *out, const struct matrix *m,
		       const struct cell *cell)
{
	char value[64];

	put_label(out, true, "path", m->path[cell->path].name);
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		if ((axis >= AXIS_FIRST_OF_CSV && !matrix_tells(m, axis)) ||
		    !axis_applies(axis, cell->point))
			continue;
		axis_format(axis, cell->point->value[axis], value,
			    sizeof(value));
		put_label(out, false, axis_table[axis].name, value);
	}
}

static void put_head(FILE *out, const char *name, const char *unit,
		     const char *help)
{
	fprintf(out, "# TYPE %s gauge\n", name);
	if (*unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

static const struct column *find_column(const char *name)
{
	const struct column *c = measured_columns;

	while (c->name && strcmp(c->name, name) != 0)
		c++;
	return c;
}

static void put_family(FILE *out, const struct matrix *m,
		       const struct family *family)
{
	const struct column *column = find_column(family->column);
	bool any = false;

	for (size_t i = 0; column->name && i < m->points * m->paths; i++) {
		json_t *value = column->value(m, &m->cell[i]);

		if (json_is_number(value)) {
			if (!any)
				put_head(out, family->name, family->unit,
					 family->help);
			any = true;
			fprintf(out, "%s{", family->name);
			put_labels(out, m, &m->cell[i]);
			fprintf(out, "} %.*g\n", COLUMN_DIGITS,
				family->factor * json_number_value(value));
		}
		json_decref(value);
	}
}

/* One series a cell and status, as OpenMetrics' state sets are in Prometheus'
 * older format, which has none. */
static void put_statuses(FILE *out, const struct matrix *m)
{
	put_head(out, "vazao_cell_status", "",
		 "1 for the status that the cell has.");
	for (size_t i = 0; i < m->points * m->paths; i++) {
		fputs("vazao_cell_status{", out);
		put_labels(out, m, &m->cell[i]);
		put_label(out, false, "status",
			  cell_status_name(m->cell[i].status));
		fputs("} 1\n", out);
	}
}

static void put_study(FILE *out, const struct matrix *m)
{
	put_head(out, "vazao_study", "", "The study, with what it is called.");
	fputs("vazao_study{", out);
	put_label(out, true, "title", m->title);
	put_label(out, false, "host", m->host);
	put_label(out, false, "version", m->version);
	put_label(out, false, "end", m->end);
	fputs("} 1\n", out);
	put_head(out, "vazao_study_discarded_blocks", "",
		 "Blocks left out, with their causes stored.");
	fprintf(out, "vazao_study_discarded_blocks %zu\n", m->discarded);
	if (!m->started_at_ns)
		return;
	put_head(out, "vazao_study_start_timestamp_seconds", "seconds",
		 "When it began, since 1970.");
	fprintf(out, "vazao_study_start_timestamp_seconds %" PRId64 "\n",
		m->started_at_ns / NS_PER_S);
}

static int openmetrics_write(const struct report_args *args, struct err *err)
{
	const struct matrix *m = args->matrix;

	put_study(args->out, m);
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		put_family(args->out, m, &families[i]);
	put_statuses(args->out, m);
	fputs("# EOF\n", args->out);
	return report_check_written(args->out, err);
}

const struct report_ops report_openmetrics = {
	.format = "openmetrics",
	.help = "gauges for Prometheus' textfile collector",
	.write = openmetrics_write,
};
