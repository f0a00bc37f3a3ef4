/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One row a cell, quoted as RFC 4180 wants it (lines end in LF alone); empty
 * where nothing was measured.
 */
#include <stdio.h>
#include <string.h>

#include "report/columns.h"
#include "report/formats.h"

static void write_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Takes the reference. */
static void write_value(FILE *out, json_t *value)
{
	if (json_is_string(value))
		write_text(out, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT,
			json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.*g", COLUMN_DIGITS, json_real_value(value));
	json_decref(value);
}

static void write_header(FILE *out, const struct matrix *matrix)
{
	fputs(column_path.name, out);
	for (enum axis axis = 0; axis < AXIS_FIRST_OF_CSV; axis++)
		fprintf(out, ",%s", axis_table[axis].name);
	for (const struct column *c = measured_columns; c->name; c++)
		fprintf(out, ",%s", c->name);
	for (enum axis axis = AXIS_FIRST_OF_CSV; axis < AXIS_COUNT; axis++)
		if (matrix_tells(matrix, axis))
			fprintf(out, ",%s", axis_table[axis].name);
	fputc('\n', out);
}

static void write_row(FILE *out, const struct matrix *matrix,
		      const struct cell *cell)
{
	write_value(out, column_path.value(matrix, cell));
	for (enum axis axis = 0; axis < AXIS_FIRST_OF_CSV; axis++) {
		fputc(',', out);
		write_value(out, column_axis(cell, axis));
	}
	for (const struct column *c = measured_columns; c->name; c++) {
		fputc(',', out);
		write_value(out, c->value(matrix, cell));
	}
	for (enum axis axis = AXIS_FIRST_OF_CSV; axis < AXIS_COUNT; axis++) {
		if (!matrix_tells(matrix, axis))
			continue;
		fputc(',', out);
		write_value(out, column_axis(cell, axis));
	}
	fputc('\n', out);
}

static int csv_write(const struct report_args *args, struct err *err)
{
	const struct matrix *m = args->matrix;

	write_header(args->out, m);
	for (size_t path = 0; path < m->paths; path++)
		for (size_t i = 0; i < m->points; i++)
			write_row(args->out, m, matrix_cell(m, i, path));
	return report_check_written(args->out, err);
}

const struct report_ops report_csv = {
	.format = "csv",
	.help = "one row a cell, for programs",
	.write = csv_write,
};
