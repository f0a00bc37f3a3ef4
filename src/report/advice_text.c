/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/findings.h"
#include "report/scale.h"
#include "report/words.h"

#define DEFAULT_MTU 1500
#define FRONT_SHOWN 5

static const struct point *choice_point(const struct matrix *m,
					const struct advice_group *g)
{
	return &m->point[g->choice.point];
}

/* What a socket of its own size takes; 0: nothing to set. */
static bool socket_command(const struct matrix *m, const struct advice_group *g,
			   size_t index, char *buf)
{
	const struct cell *cell = matrix_cell(m, g->choice.point, g->path);
	int64_t size = choice_point(m, g)->value[AXIS_SOCKET_SIZE];

	switch (index) {
	case 0:
		snprintf(buf, FINDINGS_COMMAND_MAX,
			 "sysctl -w net.core.wmem_max=%" PRId64
			 " net.core.rmem_max=%" PRId64,
			 size, size);
		return true;
	case 1:
		snprintf(
			buf, FINDINGS_COMMAND_MAX,
			"setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ %" PRId64
			" }, sizeof(int));",
			size);
		return true;
	case 2:
		snprintf(
			buf, FINDINGS_COMMAND_MAX,
			"setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ %" PRId64
			" }, sizeof(int));",
			size);
		return true;
	default:
		snprintf(buf, FINDINGS_COMMAND_MAX,
			 "sysctl -w net.ipv4.tcp_wmem=\"4096 %" PRId64
			 " %" PRId64 "\" net.ipv4.tcp_rmem=\"4096 %" PRId64
			 " %" PRId64 "\"",
			 cell->sndbuf_effective, cell->sndbuf_effective,
			 cell->rcvbuf_effective, cell->rcvbuf_effective);
		return true;
	}
}

bool advice_command(const struct matrix *matrix,
		    const struct advice_group *group, size_t index, char *buf)
{
	const struct cell *cell;
	size_t sockets;

	if (group->status == ADVICE_NO_DATA)
		return false;
	cell = matrix_cell(matrix, group->choice.point, group->path);
	sockets = !cell->point->value[AXIS_SOCKET_SIZE]		     ? 0
		  : cell->sndbuf_effective && cell->rcvbuf_effective ? 4
								     : 3;
	if (index == 0) {
		snprintf(buf, FINDINGS_COMMAND_MAX,
			 "ip link set dev eth0 mtu %" PRId64,
			 cell->point->value[AXIS_MTU]);
		return true;
	}
	return index <= sockets &&
	       socket_command(matrix, group, index - 1, buf);
}

/* "mtu 500": the axes that the study varies, but the two sizes. */
static void put_settings(const struct matrix *m, const struct advice_group *g,
			 char *buf, size_t size)
{
	const struct point *point = &m->point[g->first];

	buf[0] = '\0';
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		char value[WORDS_MAX];

		if (axis == AXIS_SOCKET_SIZE || axis == AXIS_MESSAGE_SIZE ||
		    (axis != AXIS_MTU && !words_axis_varies(m, axis)))
			continue;
		axis_say(axis, point->value[axis], value, sizeof(value));
		text_append(buf, size, "%s%s%s%s", *buf ? ", " : "",
			    axis_table[axis].label,
			    *axis_table[axis].label ? " " : "", value);
	}
}

static void put_efficiency(const struct matrix *m, const struct advice_group *g,
			   char *buf, size_t size)
{
	const struct cell *cell = matrix_cell(m, g->choice.point, g->path);

	if (cell->efficiency.valid)
		words_share(cell->efficiency.ratio, buf, size);
	else
		snprintf(buf, size, "-");
}

static void write_row(const struct matrix *m, const struct advice_group *g,
		      int width, const struct prose *prose)
{
	char group[WORDS_MAX], socket[32], message[32], efficiency[32],
		mbps[32];
	const struct cell *cell;

	put_settings(m, g, group, sizeof(group));
	if (g->status == ADVICE_NO_DATA) {
		prose_line(prose, "%-10s  %-*s  not measured",
			   m->path[g->path].name, width, group);
		return;
	}
	cell = matrix_cell(m, g->choice.point, g->path);
	words_size(cell->point->value[AXIS_SOCKET_SIZE], socket,
		   sizeof(socket));
	words_size(cell->point->value[AXIS_MESSAGE_SIZE], message,
		   sizeof(message));
	words_mbps(cell->throughput.mean, mbps, sizeof(mbps));
	put_efficiency(m, g, efficiency, sizeof(efficiency));
	prose_line(prose,
		   "%-10s  %-*s  %6s  %7s  %7s  %7s  %3.0f (%3.0f-%3.0f)  %s",
		   m->path[g->path].name, width, group, socket, message, mbps,
		   efficiency, 100 * g->choice.share, 100 * g->choice.lo,
		   100 * g->choice.hi,
		   g->status == ADVICE_REACHED ? "shown" : "likely");
}

static void write_table(const struct matrix *m, const struct advice *a,
			const struct prose *prose)
{
	size_t width = strlen("settings");
	char group[WORDS_MAX];

	for (size_t i = 0; i < a->groups; i++) {
		put_settings(m, &a->group[i], group, sizeof(group));
		width = strlen(group) > width ? strlen(group) : width;
	}
	prose_begin_lines(prose);
	prose_line(prose, "%-10s  %-*s  %6s  %7s  %7s  %7s  %-13s  %s", "path",
		   (int)width, "settings", "socket", "message", "Mbit/s",
		   "of ref.", "% of its best", "proof");
	for (size_t i = 0; i < a->groups; i++)
		write_row(m, &a->group[i], (int)width, prose);
	prose_end_lines(prose);
}

static void put_percent(const struct contrast *c, char *buf, size_t size)
{
	snprintf(buf, size, "%+.0f %% (%+.0f to %+.0f)", 100 * (c->ratio - 1),
		 100 * (c->lo - 1), 100 * (c->hi - 1));
}

static void say_best(const struct matrix *m, const struct advice_group *g,
		     const struct prose *prose)
{
	char where[WORDS_MAX], mbps[32];

	words_point(m, &m->point[g->best.point], where, sizeof(where));
	words_mbps(matrix_cell(m, g->best.point, g->path)->throughput.mean,
		   mbps, sizeof(mbps));
	prose_bullet(prose,
		     "best: %s Mbit/s at %s; %zu of %zu settings are not shown "
		     "to be slower",
		     mbps, where, g->not_worse, g->cells);
}

static void say_defaults(const struct matrix *m, const struct advice_group *g,
			 const struct prose *prose)
{
	char change[64];

	if (g->default_point == g->choice.point)
		prose_bullet(prose, "the kernel's own socket sizing is it");
	else if (g->default_loss.valid) {
		put_percent(&g->default_loss, change, sizeof(change));
		prose_bullet(prose,
			     "left to the kernel's own socket sizing: %s",
			     change);
	} else {
		prose_bullet(prose, "the kernel's own socket sizing was not "
				    "measured (--set socket_size=[0, ...])");
	}
	if (!g->mtu_gain.valid)
		return;
	put_percent(&g->mtu_gain, change, sizeof(change));
	prose_bullet(prose, "against the advice at MTU %d: %s", DEFAULT_MTU,
		     change);
	(void)m;
}

/* What else may be wanted: less CPU time or a shorter queue for less
 * throughput. */
static void say_front(const struct matrix *m, const struct advice_group *g,
		      const struct prose *prose)
{
	if (!g->front_has_cpu && !g->front_has_rtt)
		return;
	prose_bullet(prose, "no setting beats these in throughput%s%s%s:",
		     g->front_has_cpu ? ", CPU time" : "",
		     g->front_has_rtt ? ", round-trip time" : "",
		     g->front_count > FRONT_SHOWN ? " (the fastest)" : "");
	prose_begin_lines(prose);
	for (size_t i = 0; i < g->front_count && i < FRONT_SHOWN; i++) {
		const struct advice_front *f = &g->front[i];
		char where[WORDS_MAX], mbps[32], cpu[32] = "", rtt[32] = "";

		words_point(m, &m->point[f->point], where, sizeof(where));
		words_mbps(f->throughput_mbps, mbps, sizeof(mbps));
		if (g->front_has_cpu)
			snprintf(cpu, sizeof(cpu), "  %6.2f us/KB",
				 f->cpu_us_per_kb);
		if (g->front_has_rtt)
			snprintf(rtt, sizeof(rtt), "  rtt %6.0f us", f->rtt_us);
		prose_line(prose, "%8s Mbit/s%s%s  %s", mbps, cpu, rtt, where);
	}
	prose_end_lines(prose);
}

/* The group with the highest throughput of a path's choices. */
static const struct advice_group *
best_group(const struct matrix *m, const struct advice *a, size_t path)
{
	const struct advice_group *best = NULL;
	double highest = 0;

	for (size_t i = 0; i < a->groups; i++) {
		const struct advice_group *g = &a->group[i];
		double rate;

		if (g->path != path || g->status == ADVICE_NO_DATA)
			continue;
		rate = matrix_cell(m, g->choice.point, path)->throughput.mean;
		if (rate > highest)
			best = g;
		highest = fmax(highest, rate);
	}
	return best;
}

static void write_path(const struct matrix *m, const struct advice_group *g,
		       const struct prose *prose)
{
	char where[WORDS_MAX], line[FINDINGS_COMMAND_MAX], size[32];

	words_point(m, &m->point[g->choice.point], where, sizeof(where));
	prose_heading(prose, "%s: %s", m->path[g->path].name, where);
	say_best(m, g, prose);
	say_defaults(m, g, prose);
	say_front(m, g, prose);
	words_size(choice_point(m, g)->value[AXIS_MESSAGE_SIZE], size,
		   sizeof(size));
	prose_begin_lines(prose);
	for (size_t i = 0; advice_command(m, g, i, line); i++)
		prose_line(prose, "%s", line);
	prose_line(prose, "/* and write(2) %s at a time */", size);
	prose_end_lines(prose);
}

void advice_write(const struct matrix *matrix, const struct advice *advice,
		  const struct prose *prose)
{
	char target[32];

	words_share(advice->target, target, sizeof(target));
	prose_paragraph(prose,
			"The smallest socket, then the smallest message, that "
			"keeps %s of a path's best throughput:",
			target);
	write_table(matrix, advice, prose);
	prose_paragraph(
		prose,
		"Shown: the lower end of the 95 %% interval, simultaneous over "
		"all settings (comparisons with the best, Hsu), is at %s or "
		"above. Likely: the estimate is, the interval is not; more "
		"blocks would tell.",
		target);
	for (size_t path = 0; path < matrix->paths; path++) {
		const struct advice_group *g = best_group(matrix, advice, path);

		if (g)
			write_path(matrix, g, prose);
	}
	scale_write_findings(matrix, prose);
}
