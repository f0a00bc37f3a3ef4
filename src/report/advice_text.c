/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
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
		      int path, int width, const struct prose *prose)
{
	char group[WORDS_MAX], socket[32], message[32], efficiency[32],
		mbps[32];
	const struct cell *cell;

	put_settings(m, g, group, sizeof(group));
	if (g->status == ADVICE_NO_DATA) {
		prose_line(prose, "%-*s  %-*s  not measured", path,
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
		   "%-*s  %-*s  %6s  %7s  %7s  %7s  %3.0f (%3.0f-%3.0f)  %s",
		   path, m->path[g->path].name, width, group, socket, message,
		   mbps, efficiency, 100 * g->choice.share, 100 * g->choice.lo,
		   100 * g->choice.hi,
		   g->status == ADVICE_REACHED ? "shown" : "likely");
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void write_table(const struct matrix *m, const struct advice *a,
			const struct prose *prose)
{
	size_t width = strlen("settings"), path = strlen("path");
	char group[WORDS_MAX];

	for (size_t i = 0; i < a->groups; i++) {
		put_settings(m, &a->group[i], group, sizeof(group));
		width = max_size(width, strlen(group));
		path = max_size(path, strlen(m->path[a->group[i].path].name));
	}
	prose_begin_lines(prose);
	prose_line(prose, "%-*s  %-*s  %6s  %7s  %7s  %7s  %-13s  %s",
		   (int)path, "path", (int)width, "settings", "socket",
		   "message", "Mbit/s", "of ref.", "% of its best", "proof");
	for (size_t i = 0; i < a->groups; i++)
		write_row(m, &a->group[i], (int)path, (int)width, prose);
	prose_end_lines(prose);
}

static void put_percent(const struct contrast *c, char *buf, size_t size)
{
	snprintf(buf, size, "%+.0f %% (%+.0f to %+.0f)", 100 * (c->ratio - 1),
		 100 * (c->lo - 1), 100 * (c->hi - 1));
}

/* `who` is "domU: " where several paths have one entry, else "". */
static void say_best(const struct matrix *m, const struct advice_group *g,
		     const char *who, const struct prose *prose)
{
	char where[WORDS_MAX], mbps[32];

	words_point(m, &m->point[g->best.point], where, sizeof(where));
	words_mbps(matrix_cell(m, g->best.point, g->path)->throughput.mean,
		   mbps, sizeof(mbps));
	prose_bullet(prose,
		     "%sbest: %s Mbit/s at %s; %zu of %zu settings are not "
		     "shown to be slower",
		     who, mbps, where, g->not_worse, g->cells);
}

static bool has_default(const struct advice_group *g)
{
	return g->default_point == g->choice.point || g->default_loss.valid;
}

static void say_default(const struct advice_group *g, const char *who,
			const struct prose *prose)
{
	char change[64];

	if (!has_default(g))
		return;
	if (g->default_point == g->choice.point) {
		prose_bullet(prose, "%sthe kernel's own socket sizing is it",
			     who);
		return;
	}
	put_percent(&g->default_loss, change, sizeof(change));
	prose_bullet(prose, "%sleft to the kernel's own socket sizing: %s", who,
		     change);
}

static void say_mtu_gain(const struct advice_group *g, const char *who,
			 const struct prose *prose)
{
	char change[64];

	if (!g->mtu_gain.valid)
		return;
	put_percent(&g->mtu_gain, change, sizeof(change));
	prose_bullet(prose, "%sagainst the advice at MTU %d: %s", who,
		     DEFAULT_MTU, change);
}

/* What else may be wanted: less CPU time or a shorter queue for less
 * throughput. */
static void say_front(const struct matrix *m, const struct advice_group *g,
		      const char *who, const struct prose *prose)
{
	if (!g->front_has_cpu && !g->front_has_rtt)
		return;
	prose_bullet(prose,
		     "%sno setting beats these in throughput%s%s%s:", who,
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

/* Do both paths come to the same settings, and so to the same commands? */
static bool is_same_advice(const struct matrix *m, const struct advice_group *a,
			   const struct advice_group *b)
{
	char one[FINDINGS_COMMAND_MAX], other[FINDINGS_COMMAND_MAX];
	bool more = true;

	if (a->choice.point != b->choice.point)
		return false;
	for (size_t i = 0; more; i++) {
		more = advice_command(m, a, i, one);
		if (advice_command(m, b, i, other) != more ||
		    (more && strcmp(one, other) != 0))
			return false;
	}
	return true;
}

/* "veth, bridge and macvlan", cut off where it is too long. */
static void put_names(const struct matrix *m,
		      const struct advice_group *const *same, size_t count,
		      char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < size; i++) {
		const char *before = i == 0	      ? ""
				     : i + 1 == count ? " and "
						      : ", ";

		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 before, m->path[same[i]->path].name);
	}
}

static void say_path(const struct matrix *m, const struct advice_group *g,
		     const char *who, const struct prose *prose)
{
	if (g->cells > 1)
		say_best(m, g, who, prose);
	say_default(g, who, prose);
	say_mtu_gain(g, who, prose);
	if (g->cells > 1)
		say_front(m, g, who, prose);
}

/* What is not known of any of them. */
static void say_missing(const struct advice_group *const *same, size_t count,
			const struct prose *prose)
{
	bool one_cell = true, any_default = false;

	for (size_t i = 0; i < count; i++) {
		one_cell = one_cell && same[i]->cells == 1;
		any_default = any_default || has_default(same[i]);
	}
	if (one_cell)
		prose_bullet(prose, "one socket and message size was measured: "
				    "nothing to choose from");
	if (!any_default)
		prose_bullet(prose, "the kernel's own socket sizing was not "
				    "measured (--set socket_size=[0, ...])");
}

/* Paths with the same advice have one entry, each with its own numbers. */
static void write_entry(const struct matrix *m,
			const struct advice_group *const *same, size_t count,
			const struct prose *prose)
{
	char where[WORDS_MAX], line[FINDINGS_COMMAND_MAX], size[32];
	char names[4 * WORDS_MAX], who[WORDS_MAX] = "";

	put_names(m, same, count, names, sizeof(names));
	words_point(m, choice_point(m, same[0]), where, sizeof(where));
	prose_heading(prose, "%s: %s", names, where);
	for (size_t i = 0; i < count; i++) {
		if (count > 1)
			snprintf(who, sizeof(who),
				 "%s: ", m->path[same[i]->path].name);
		say_path(m, same[i], who, prose);
	}
	say_missing(same, count, prose);
	words_size(choice_point(m, same[0])->value[AXIS_MESSAGE_SIZE], size,
		   sizeof(size));
	prose_begin_lines(prose);
	for (size_t i = 0; advice_command(m, same[0], i, line); i++)
		prose_line(prose, "%s", line);
	prose_line(prose, "/* and write(2) %s at a time */", size);
	prose_end_lines(prose);
}

/* The paths from `first` on whose advice is that of `first`; 0: it was told
 * with an earlier one. */
static size_t gather(const struct matrix *m, const struct advice_group **best,
		     size_t first, const struct advice_group **same)
{
	size_t count = 0;

	for (size_t path = 0; path < m->paths; path++) {
		if (!best[path] || !is_same_advice(m, best[first], best[path]))
			continue;
		if (path < first)
			return 0;
		same[count++] = best[path];
	}
	return count;
}

static void write_entries(const struct matrix *m, const struct advice *advice,
			  const struct prose *prose)
{
	const struct advice_group **best =
		calloc(2 * m->paths + 1, sizeof(*best));
	const struct advice_group **same = best ? best + m->paths : NULL;

	for (size_t path = 0; best && path < m->paths; path++)
		best[path] = best_group(m, advice, path);
	for (size_t path = 0; best && path < m->paths; path++) {
		size_t count = best[path] ? gather(m, best, path, same) : 0;

		if (count)
			write_entry(m, same, count, prose);
	}
	free(best);
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
	write_entries(matrix, advice, prose);
	scale_write_findings(matrix, prose);
}
