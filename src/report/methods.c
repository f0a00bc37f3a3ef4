/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How it was measured, and how well: sentences for txt and md. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/exchange.h"
#include "report/summary.h"
#include "report/words.h"
#include "stats/sort.h"

#define TOO_WIDE 2.0 /* half-widths over the precision: too noisy */
#define RTO_NS	 (200 * NS_PER_MS) /* TCP's least, RTO_MIN of Linux */
#define FILLINGS 20 /* a slice should last this often a buffer's passing */

static const char *fact(const struct matrix *m, const char *key)
{
	const char *text = json_string_value(json_object_get(m->design, key));

	return text ? text : "";
}

static double fact_ms(const struct matrix *m, const char *key)
{
	return strtod(fact(m, key), NULL) / (double)NS_PER_MS;
}

/* Median half-width over all estimated cells; 0: there is none. */
static double median_width(const struct matrix *m)
{
	double *width = calloc(m->points * m->paths + 1, sizeof(*width));
	double median = 0;
	size_t n = 0;

	for (size_t i = 0; width && i < m->points * m->paths; i++)
		if (m->cell[i].path != m->reference &&
		    m->cell[i].efficiency.valid)
			width[n++] = m->cell[i].efficiency.half_width;
	if (n) {
		stats_sort(width, n);
		median = width[n / 2];
	}
	free(width);
	return median;
}

/* Blocks that a point needs at this spread, as ledger and stats say it. */
static double blocks_needed(const struct matrix *m, double s)
{
	double root = 1.96 * s / (0.988 * m->precision);

	return fmax(root * root, (double)m->min_blocks);
}

void methods_write_warning(const struct matrix *m,
			   const struct summary_lines *lines)
{
	double width = median_width(m), worst = 0;
	char is[32], asked[32], s[32];

	for (size_t p = 0; p < m->paths; p++)
		worst = fmax(worst, m->path[p].pool.s0);
	if (m->rule_2007 || !(width > TOO_WIDE * m->precision))
		return;
	words_share(width, is, sizeof(is));
	words_share(m->precision, asked, sizeof(asked));
	words_share(worst, s, sizeof(s));
	if (matrix_is_exact(m)) {
		summary_say(lines,
			    "WIDE INTERVALS: half of them are wider than +-%s. "
			    "Replicates of one point spread by up to %s; no "
			    "machine is too noisy here, more replicates narrow "
			    "them.",
			    is, s);
		return;
	}
	summary_say(
		lines,
		"TOO NOISY for +-%s, or too short: half of the intervals are wider "
		"than +-%s. One block's ratio spreads by up to %s here, so that a "
		"point needs about %.0f blocks; read the intervals, not the "
		"numbers.",
		asked, is, s, blocks_needed(m, worst));
}

/* Replicates take the place of blocks in time. */
static void say_replicates(const struct matrix *m,
			   const struct summary_lines *lines)
{
	const char *words = fact(m, "guest_words");

	summary_say(
		lines,
		"Measured in %s replicates: each is one boot of each "
		"machine, perturbed by a seed of its own (random numbers "
		"of the kernels, order of the points, start delays up to "
		"20 ms), and measures each point once, in %s slices of "
		"%.4g ms a path after %.4g ms of warm-up. The intervals are "
		"over replicates.",
		fact(m, "min_blocks"), fact(m, "cycles"),
		fact_ms(m, "slice_ns"), fact_ms(m, "warmup_ns"));
	if (*words)
		summary_say(lines, "More words for the guests' kernels: %s.",
			    words);
	summary_say(lines, "Made of %s.", fact(m, "exact_machine"));
}

static void say_design(const struct matrix *m,
		       const struct summary_lines *lines)
{
	const char *receive = fact(m, "receive_cpus");
	const char *calibration = fact(m, "calibration");

	if (m->rule_2007 || !*fact(m, "slice_ns"))
		return;
	if (matrix_is_exact(m)) {
		say_replicates(m, lines);
		return;
	}
	if (*fact(m, "timings"))
		summary_say(
			lines,
			"Measured in blocks: a path's slices in random order, "
			"then reversed, after %.4g ms of warm-up on fresh "
			"connections. Slices, and what is not counted before "
			"each, %s.",
			fact_ms(m, "warmup_ns"), calibration);
	else
		summary_say(
			lines,
			"Measured in blocks: %s slices of %.4g ms a path (and %.4g ms not "
			"counted before each), in random order, then reversed, after %.4g "
			"ms of warm-up on fresh connections; %s.",
			fact(m, "cycles"), fact_ms(m, "slice_ns"),
			fact_ms(m, "guard_ns"), fact_ms(m, "warmup_ns"),
			*calibration ? calibration : "slices not calibrated");
	if (*fact(m, "nics"))
		summary_say(lines,
			    "The cables are between interfaces of the host: "
			    "%s.",
			    fact(m, "nics"));
	if (*fact(m, "tags"))
		summary_say(lines, "VLAN tags were handled by: %s.",
			    fact(m, "tags"));
	if (strncmp(receive, "no", 2) == 0)
		summary_say(
			lines,
			"What M2 receives could not be steered to its CPUs (%s): "
			"expect a wider spread.",
			receive + (receive[2] == ':' ? 4 : 2));
}

static void say_path(const struct matrix *m, size_t p,
		     const struct summary_lines *lines)
{
	const struct matrix_path *path = &m->path[p];
	const struct store_usage *u = &path->usage;
	char share[32], measured[32], s[32];

	units_format_duration(u->share_ns / NS_PER_MS * NS_PER_MS, share,
			      sizeof(share));
	units_format_duration(u->measured_ns / NS_PER_MS * NS_PER_MS, measured,
			      sizeof(measured));
	words_share(path->pool.s0, s, sizeof(s));
	if ((int)p == m->reference || m->rule_2007)
		summary_say(lines, "%s: %zu blocks, %s, of it measured %s.",
			    path->name, u->blocks, share, measured);
	else
		summary_say(
			lines,
			"%s: %zu blocks (%.1f a point), %s, of it measured %s; "
			"spread of one block's ratio s %s, lag-1 %.2f%s; +-%.3g %% "
			"takes about %.0f blocks a point.",
			path->name, u->blocks,
			(double)u->blocks / (double)m->points, share, measured,
			s, path->pool.lag1,
			path->pool.inflation > 1 ? " (intervals widened)" : "",
			100 * m->precision, blocks_needed(m, path->pool.s0));
}

/* Steal and load: what else the machine did. */
static void say_machine(const struct matrix *m,
			const struct summary_lines *lines)
{
	int64_t cpus_ns = 0, busy_ns = 0, steal_ns = 0, idle_ns = 0;

	for (size_t p = 0; p < m->paths; p++) {
		const struct store_usage *u = &m->path[p].usage;

		cpus_ns += u->cpus_ns;
		busy_ns += u->busy_ns;
		steal_ns += u->steal_ns;
		if (u->idle_max_ns > idle_ns)
			idle_ns = u->idle_max_ns;
	}
	if (cpus_ns)
		summary_say(
			lines,
			"The machine in the paths' turns: %.0f %% busy, %.1f %% "
			"stolen by its host%s%s%s.",
			/* the kernel counts in ticks: a bit over 1 is 1 */
			100 * fmin((double)busy_ns / (double)cpus_ns, 1),
			100 * (double)steal_ns / (double)cpus_ns,
			*fact(m, "load_before") ? "; load average before " : "",
			fact(m, "load_before"),
			*fact(m, "load_before") ? " (all else)" : "");
	if (idle_ns > RTO_NS)
		summary_say(
			lines,
			"A path once waited %.0f ms for its turn, longer than "
			"TCP's least timeout of 200 ms: its window may have been "
			"small after it.",
			(double)idle_ns / (double)NS_PER_MS);
}

static void say_discards(const struct matrix *m,
			 const struct summary_lines *lines)
{
	json_t *discard;
	size_t i;

	json_array_foreach(m->discards, i, discard)
		summary_say(
			lines, "Discarded, %lld block%s: %s.",
			(long long)json_integer_value(
				json_object_get(discard, "blocks")),
			json_integer_value(
				json_object_get(discard, "blocks")) == 1
				? ""
				: "s",
			json_string_value(json_object_get(discard, "cause")));
}

/* Linux counts the overhead of its buffers into them: twice what was asked. */
static bool is_as_asked(int64_t effective, int64_t asked)
{
	return effective == 0 || effective == 2 * asked;
}

static void say_buffers(const struct matrix *m,
			const struct summary_lines *lines)
{
	const struct cell *first = NULL;
	size_t n = 0, cells = 0;

	for (size_t i = 0; i < m->points * m->paths; i++) {
		const struct cell *c = &m->cell[i];
		int64_t asked = c->point->value[AXIS_SOCKET_SIZE];

		if (!asked || !c->blocks)
			continue;
		cells++;
		if (is_as_asked(c->sndbuf_effective, asked) &&
		    is_as_asked(c->rcvbuf_effective, asked))
			continue;
		n++;
		first = first ? first : c;
	}
	if (n)
		summary_say(
			lines,
			"Socket buffers are not as asked in %zu of %zu cells; "
			"first on %s: %" PRId64 " bytes asked, %" PRId64
			" to send and %" PRId64
			" to receive (the kernel counts "
			"twice what it grants).",
			n, cells, m->path[first->path].name,
			first->point->value[AXIS_SOCKET_SIZE],
			first->sndbuf_effective, first->rcvbuf_effective);
	else if (cells)
		summary_say(
			lines,
			"Socket buffers are as asked in all cells (the kernel "
			"counts them double).");
}

/* How long the sender's buffer takes to pass, at the cell's rate; an exchange
 * never fills it. */
static double buffer_ns(const struct cell *c)
{
	double bits = 8 * (double)c->sndbuf_effective / 2;

	return c->throughput.valid && c->throughput.mean > 0 &&
			       !exchange_is(c->point)
		       ? bits / c->throughput.mean * 1e3
		       : 0;
}

/* Below it the buffer's filling may tell in the rate: docs/statistics.md. */
static void say_short_slices(const struct matrix *m,
			     const struct summary_lines *lines)
{
	double slice_ns = strtod(fact(m, "slice_ns"), NULL), longest_ns = 0;
	size_t n = 0, cells = 0;

	if (m->rule_2007 || !(slice_ns > 0) || *fact(m, "timings"))
		return;
	for (size_t i = 0; i < m->points * m->paths; i++) {
		double ns = buffer_ns(&m->cell[i]);

		cells += m->cell[i].blocks > 0;
		n += FILLINGS * ns > slice_ns;
		longest_ns = fmax(longest_ns, ns);
	}
	if (n)
		summary_say(
			lines,
			"In %zu of %zu cells a slice is shorter than %d "
			"times its full socket buffer takes to pass (up to "
			"%.2g ms)%s.",
			n, cells, FILLINGS, longest_ns / 1e6,
			matrix_is_exact(m)
				? ""
				: ": whether it is still right there is for "
				  "vazao calibrate to show");
}

void methods_write(const struct matrix *matrix,
		   const struct summary_lines *lines)
{
	say_design(matrix, lines);
	say_short_slices(matrix, lines);
	for (size_t p = 0; p < matrix->paths; p++)
		if (matrix->path[p].usage.blocks)
			say_path(matrix, p, lines);
	say_machine(matrix, lines);
	say_buffers(matrix, lines);
	say_discards(matrix, lines);
}
