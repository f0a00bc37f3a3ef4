/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which figures a matrix makes: for every variant (workload, direction,
 * offload, flows) and MTU the throughput of each path, the efficiency of each
 * but the reference, and all paths side by side at the extreme message sizes.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/pairs.h"
#include "base/text.h"
#include "report/gnuplot.h"
#include "report/groups.h"
#include "report/loss_plot.h"
#include "report/paths_plot.h"
#include "report/plot.h"
#include "report/report.h"
#include "report/scale.h"
#include "report/words.h"

const char *const report_figure_formats[] = { "svg", "png", "pdf", NULL };

struct figures {
	const struct matrix *matrix;
	struct plot *plot;
	size_t count, room;
};

/* A path's name as part of a file's. */
static void append_file_name(char *buf, size_t size, const char *name)
{
	for (; *name; name++)
		text_append(buf, size, "%c",
			    isalnum((unsigned char)*name) ||
					    strchr("._-", *name)
				    ? *name
				    : '_');
}

/* "-receive-offload-on" and ", receive, offload on": the axes of a variant
 * of which there are several. */
static void append_variant(struct plot *plot)
{
	static const enum axis axes[] = { AXIS_WORKLOAD, AXIS_DIRECTION,
					  AXIS_OFFLOAD, AXIS_FLOWS };

	for (size_t i = 0; i < sizeof(axes) / sizeof(*axes); i++) {
		const char *name = axis_table[axes[i]].name;
		bool alone =
			axes[i] == AXIS_WORKLOAD || axes[i] == AXIS_DIRECTION;
		char value[32];

		if (!words_axis_varies(plot->matrix, axes[i]))
			continue;
		axis_format(axes[i], plot->point.value[axes[i]], value,
			    sizeof(value));
		text_append(plot->name, sizeof(plot->name), "-%s%s%s",
			    alone ? "" : name, alone ? "" : "-", value);
		text_append(plot->title, sizeof(plot->title), ", %s%s%s",
			    alone ? "" : name, alone ? "" : " ", value);
	}
}

static struct plot *add_plot(struct figures *figures, enum plot_kind kind,
			     const struct point *point, size_t path)
{
	struct plot *plot;

	if (figures->count == figures->room) {
		size_t room = figures->room ? 2 * figures->room : 16;

		plot = reallocarray(figures->plot, room, sizeof(*plot));
		if (!plot)
			return NULL;
		figures->plot = plot;
		figures->room = room;
	}
	plot = &figures->plot[figures->count++];
	memset(plot, 0, sizeof(*plot));
	plot->matrix = figures->matrix;
	plot->kind = kind;
	plot->point = *point;
	plot->path = path;
	return plot;
}

static int add_path(struct figures *figures, enum plot_kind kind,
		    const struct point *point, size_t path)
{
	struct plot *plot = add_plot(figures, kind, point, path);
	const char *name = figures->matrix->path[path].name;
	const char *what =
		kind == PLOT_EFFICIENCY ? "efficiency" : "throughput";
	int64_t mtu = point->value[AXIS_MTU];

	if (!plot)
		return -ENOMEM;
	snprintf(plot->name, sizeof(plot->name), "%s-", what);
	append_file_name(plot->name, sizeof(plot->name), name);
	text_append(plot->name, sizeof(plot->name), "-mtu-%" PRId64, mtu);
	snprintf(plot->title, sizeof(plot->title), "%s, MTU %" PRId64, name,
		 mtu);
	append_variant(plot);
	if (!plot_has_data(plot))
		figures->count--;
	return 0;
}

static int add_extreme(struct figures *figures, const struct point *point,
		       int64_t message)
{
	struct plot *plot = add_plot(figures, PLOT_EXTREMES, point, 0);
	int64_t mtu = point->value[AXIS_MTU];
	char size[32];

	if (!plot)
		return -ENOMEM;
	words_size(message, size, sizeof(size));
	plot->point.value[AXIS_MESSAGE_SIZE] = message;
	snprintf(plot->name, sizeof(plot->name),
		 "extremes-mtu-%" PRId64 "-message-%s", mtu, size);
	snprintf(plot->title, sizeof(plot->title), "Message %s, MTU %" PRId64,
		 size, mtu);
	append_variant(plot);
	if (!plot_has_data(plot))
		figures->count--;
	return 0;
}

/* All figures of one variant and MTU. */
static int add_group(struct figures *figures, const struct point *point)
{
	const struct matrix *m = figures->matrix;
	size_t count;
	int64_t *message = plot_axis_values(m, AXIS_MESSAGE_SIZE, &count);
	int rc = message ? 0 : -ENOMEM;

	for (size_t path = 0; rc == 0 && path < m->paths; path++) {
		rc = add_path(figures, PLOT_THROUGHPUT, point, path);
		if (rc == 0 && path > 0)
			rc = add_path(figures, PLOT_EFFICIENCY, point, path);
	}
	if (rc == 0)
		rc = add_extreme(figures, point, message[0]);
	if (rc == 0 && count > 1)
		rc = add_extreme(figures, point, message[count - 1]);
	free(message);
	return rc;
}

static int add_scale(struct figures *figures, size_t point)
{
	struct plot *plot = add_plot(figures, PLOT_SCALE,
				     &figures->matrix->point[point], point);

	if (!plot)
		return -ENOMEM;
	scale_name_figure(figures->matrix, point, plot->name,
			  sizeof(plot->name));
	snprintf(plot->title, sizeof(plot->title), "all paths");
	return 0;
}

static int add_paths(struct figures *figures, size_t point)
{
	const struct matrix *m = figures->matrix;
	struct plot *plot =
		add_plot(figures, PLOT_PATHS, &m->point[point], point);

	if (!plot)
		return -ENOMEM;
	paths_plot_name(m, point, plot->name, sizeof(plot->name));
	paths_plot_title(m, point, plot->title, sizeof(plot->title));
	if (!paths_plot_has_data(m, point))
		figures->count--;
	return 0;
}

static int add_loss(struct figures *figures)
{
	struct plot *plot =
		add_plot(figures, PLOT_LOSS, &figures->matrix->point[0], 0);

	if (!plot)
		return -ENOMEM;
	snprintf(plot->name, sizeof(plot->name), LOSS_PLOT_NAME);
	snprintf(plot->title, sizeof(plot->title), "rates without loss");
	return 0;
}

/* Of a group of points: those of each path over sizes, or all paths in one
 * where there is one size, or none where its pairs are in a curve. */
static int add_some(struct figures *figures, size_t point)
{
	const struct matrix *m = figures->matrix;

	if (m->point[point].value[AXIS_PAIRS] != 1)
		return 0;
	if (!paths_plot_fits(m))
		return add_group(figures, &m->point[point]);
	if (words_axis_varies(m, AXIS_PAIRS) || !paths_plot_opens(m, point))
		return 0;
	return add_paths(figures, point);
}

static int add_all(struct figures *figures)
{
	const struct matrix *m = figures->matrix;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < m->points; i = group_next(m, i))
		rc = add_some(figures, i);
	for (size_t i = 0; rc == 0 && i < m->points; i++)
		if (pairs_opens(m, i))
			rc = add_scale(figures, i);
	if (rc == 0 && loss_plot_has_data(m))
		rc = add_loss(figures);
	return rc;
}

/* The study's own figures: which path, which MTU, which number. */
struct study_figure {
	const char *path; /* NULL: the extremes */
	int64_t mtu;
	const char *throughput, *efficiency;
};

static const struct study_figure study_figures[] = {
	{ "native", 500, "2 (a)", "" },
	{ "native", 1500, "2 (b)", "" },
	{ "domU", 500, "3 (a)", "3 (b)" },
	{ "domU", 1500, "4 (a)", "4 (b)" },
	{ NULL, 1500, "5", "" },
	{ "dom0", 500, "6 (a)", "6 (b)" },
	{ "dom0", 1500, "7 (a)", "7 (b)" },
};

/* "3 (b)", or "" for a figure that the study does not have. */
static const char *study_number(const struct plot *plot)
{
	const int64_t *v = plot->point.value;
	const char *path;

	if (plot->kind >= PLOT_SCALE)
		return "";
	path = plot->matrix->path[plot->path].name;
	if (v[AXIS_WORKLOAD] != WORKLOAD_TCP_STREAM ||
	    v[AXIS_DIRECTION] != DIRECTION_SEND || v[AXIS_FLOWS] != 1)
		return "";
	for (size_t i = 0; i < sizeof(study_figures) / sizeof(*study_figures);
	     i++) {
		const struct study_figure *f = &study_figures[i];

		if (f->mtu != v[AXIS_MTU])
			continue;
		if (plot->kind == PLOT_EXTREMES && !f->path)
			return v[AXIS_MESSAGE_SIZE] <= 512 ? "5 (a)" : "5 (b)";
		if (plot->kind != PLOT_EXTREMES && f->path &&
		    strcmp(f->path, path) == 0)
			return plot->kind == PLOT_EFFICIENCY ? f->efficiency
							     : f->throughput;
	}
	return "";
}

static const char *describe(const struct plot *plot)
{
	switch (plot->kind) {
	case PLOT_EFFICIENCY:
		return "efficiency over message size, a line a socket size";
	case PLOT_EXTREMES:
		return "throughput over socket size, a line a path";
	case PLOT_SCALE:
		return "throughput, cost and fairness over pairs, a line a path";
	case PLOT_LOSS:
		return "the highest rate without loss, a row a cell";
	case PLOT_PATHS:
		return "efficiency of all paths, a row a path";
	default:
		return "throughput over message size, a line a socket size";
	}
}

static int write_index(const struct figures *figures, const char *dir,
		       struct err *err)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/index.md", dir);
	out = fopen(path, "w");
	if (!out)
		return err_sys(err, errno, "%s", path);
	fprintf(out,
		"# Figures of %s\n\nBars are 95 %% intervals. A hollow mark "
		"is a cell whose interval is wider than asked for;\nan arrow "
		"an interval that goes on beyond the axis, which ends at twice "
		"the highest estimate.\nEach "
		"figure has its numbers in NAME.dat and its script in "
		"NAME.gp; the last column is\nthe figure of the study of "
		"2007 that it corresponds to.\n\n"
		"| file | shows | of | 2007 |\n|---|---|---|---|\n",
		figures->matrix->title);
	for (size_t i = 0; i < figures->count; i++)
		fprintf(out, "| %s | %s | %s | %s |\n", figures->plot[i].name,
			describe(&figures->plot[i]), figures->plot[i].title,
			study_number(&figures->plot[i]));
	if (ferror(out) | fclose(out))
		return err_sys(err, errno ? errno : EIO, "%s", path);
	return 0;
}

static int write_plot(const struct plot *plot, const char *dir, struct err *err)
{
	switch (plot->kind) {
	case PLOT_SCALE:
		return scale_write_figure(plot->matrix, plot->path, dir, err);
	case PLOT_PATHS:
		return paths_plot_write(plot->matrix, plot->path, dir, err);
	case PLOT_LOSS:
		return loss_plot_write(plot->matrix, dir, err);
	default:
		return plot_write(plot, dir, err);
	}
}

static int write_plots(const struct figures *figures, const char *dir,
		       struct err *err)
{
	int rc = 0;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s", dir);
	for (size_t i = 0; rc == 0 && i < figures->count; i++)
		rc = write_plot(&figures->plot[i], dir, err);
	return rc ? rc : write_index(figures, dir, err);
}

static int draw(const struct figures *figures, const char *dir,
		const char *const *formats, struct err *err)
{
	const char **names = calloc(figures->count + 1, sizeof(*names));
	int rc = 0;

	if (!names)
		return err_sys(err, ENOMEM, "%s", dir);
	for (size_t i = 0; i < figures->count; i++)
		names[i] = figures->plot[i].name;
	for (size_t i = 0; rc == 0 && formats[i]; i++)
		rc = gnuplot_run(dir, formats[i], names, figures->count, err);
	free(names);
	return rc;
}

int report_draw_figures(const struct matrix *matrix, const char *dir,
			const char *const *formats, size_t *count,
			struct err *err)
{
	struct figures figures = { .matrix = matrix };
	int rc;

	*count = 0;
	rc = add_all(&figures);
	if (rc)
		err_sys(err, ENOMEM, "figures");
	else if (figures.count == 0)
		rc = err_set(err, ENODATA,
			     "nothing was measured: no figure "
			     "to draw");
	if (rc == 0)
		rc = write_plots(&figures, dir, err);
	if (rc == 0)
		rc = draw(&figures, dir, formats, err);
	if (rc == 0)
		*count = figures.count;
	free(figures.plot);
	return rc;
}
