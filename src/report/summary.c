/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "report/exchange.h"
#include "report/words.h"

#define STALLED 0.02 /* trimmed ratio to R, docs/statistics.md */

void summary_say(const struct summary_lines *lines, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lines->line(lines->arg, text);
}

static void add_efficiency(struct summary *s, const struct cell *cell,
			   double *log_sum)
{
	double ratio = cell->efficiency.ratio;

	s->estimated++;
	*log_sum += log(ratio);
	if (!s->worst || ratio < s->worst->efficiency.ratio)
		s->worst = cell;
	if (!s->best || ratio > s->best->efficiency.ratio)
		s->best = cell;
}

void summary_of(const struct matrix *matrix, size_t path,
		struct summary *summary)
{
	struct summary *s = summary;
	double log_sum = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < matrix->points; i++) {
		const struct cell *cell = matrix_cell(matrix, i, path);

		s->cells++;
		s->status[cell->status]++;
		if (!cell->efficiency.valid || cell->status == CELL_CAPPED ||
		    cell->status == CELL_FAILED)
			continue;
		add_efficiency(s, cell, &log_sum);
		if (cell->status == CELL_NOT_REACHED &&
		    (!s->widest || cell->efficiency.half_width >
					   s->widest->efficiency.half_width))
			s->widest = cell;
	}
	if (s->estimated)
		s->mean = exp(log_sum / (double)s->estimated);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Told by say_emulated(), where it matters. */
static bool is_accelerator(const json_t *difference)
{
	const char *key = json_string_value(json_object_get(difference, "key"));

	return key && strcmp(key, "accelerator") == 0;
}

/* Then its time from first to last has the pauses in it. */
static bool was_resumed(const struct matrix *m)
{
	const json_t *event;
	size_t i;

	json_array_foreach(m->events, i, event) {
		const char *text =
			json_string_value(json_object_get(event, "text"));

		if (text && strncmp(text, "resumed ", 8) == 0)
			return true;
	}
	return false;
}

static void say_when(const struct matrix *m, const struct summary_lines *lines)
{
	char started[WORDS_MAX], took[WORDS_MAX], paths[1024] = "";
	char discarded[64] = "";

	words_time(m->started_at_ns, started, sizeof(started));
	units_format_duration(m->finished_at_ns - m->started_at_ns, took,
			      sizeof(took));
	for (size_t i = 0; i < m->paths; i++)
		text_append(paths, sizeof(paths), "%s%s", i ? ", " : "",
			    m->path[i].name);
	if (m->discarded)
		snprintf(discarded, sizeof(discarded), " (%zu discarded)",
			 m->discarded);
	summary_say(lines, "%s, %s%s%s%s; %zu block%s of %s%s",
		    m->started_at_ns ? started : "no date",
		    m->finished_at_ns ? took : "not finished",
		    m->finished_at_ns && was_resumed(m) ? " with pauses" : "",
		    *m->end ? ", " : "", m->end, m->blocks, plural(m->blocks),
		    paths, discarded);
}

/* Never silently: figures of emulation are no hardware's. */
static void say_emulated(const struct matrix *m,
			 const struct summary_lines *lines)
{
	char nodes[1024] = "";
	json_t *difference, *value;
	const char *node;
	size_t i;

	json_array_foreach(m->differences, i, difference) {
		if (!is_accelerator(difference))
			continue;
		json_object_foreach(json_object_get(difference, "values"), node,
				    value)
			if (json_is_string(value) &&
			    strcmp(json_string_value(value), "tcg") == 0)
				text_append(nodes, sizeof(nodes), "%s%s",
					    *nodes ? ", " : "", node);
	}
	if (*nodes)
		summary_say(
			lines,
			"EMULATED: %s on QEMU's tcg, without KVM. What follows "
			"is the speed of emulation, not of hardware.",
			nodes);
}

/* First of all: these are no speeds. */
static void say_exact(const struct matrix *m, const struct summary_lines *lines)
{
	if (matrix_is_exact(m))
		summary_say(
			lines,
			"EXACT TIME: path lengths. What follows counts "
			"instructions of an emulated machine, each as 1 ns: no "
			"caches, no TLB, no costs of transitions. It is no "
			"speed, and not to be laid beside figures of the wall "
			"clock; the same seed gives the same digits anywhere.");
}

void summary_write_head(const struct matrix *matrix,
			const struct summary_lines *lines)
{
	const char *host = matrix->host, *version = matrix->version;

	say_exact(matrix, lines);
	if (*host || *version)
		summary_say(lines, "%s%s%s%s", host,
			    *host && *version ? "; " : "",
			    *version ? "vazao " : "", version);
	say_when(matrix, lines);
	say_emulated(matrix, lines);
}

/* What stands behind a mean: one cell's interval, or the range over many. */
static void describe_range(const struct matrix *m, const struct summary *s,
			   char *buf, size_t size)
{
	const struct stats_efficiency *e = &s->worst->efficiency;
	bool one = s->estimated == 1;
	char range[64], where[WORDS_MAX];

	words_range(one ? e->lo : e->ratio,
		    one ? e->hi : s->best->efficiency.ratio, range,
		    sizeof(range));
	words_point(m, s->worst->point, where, sizeof(where));
	if (one)
		snprintf(buf, size, "95 %% interval %s; %s", range, where);
	else
		snprintf(buf, size, "%s over %zu cells; worst: %s", range,
			 s->estimated, where);
}

static void say_answer(const struct matrix *m, size_t path,
		       const struct summary_lines *lines)
{
	const char *name = m->path[path].name, *reference = m->path[0].name;
	char mean[32], range[2 * WORDS_MAX];
	struct summary s;

	summary_of(m, path, &s);
	if (s.status[CELL_IMPORTED]) {
		summary_say(
			lines,
			"%s: imported; other tools' numbers, without blocks or "
			"intervals, so without an efficiency",
			name);
		return;
	}
	if (s.estimated == 0) {
		summary_say(
			lines,
			"%s: no efficiency; %zu cell%s FAILED, %zu CAPPED, %zu "
			"not measured",
			name, s.status[CELL_FAILED],
			plural(s.status[CELL_FAILED]), s.status[CELL_CAPPED],
			s.status[CELL_NOT_REACHED]);
		return;
	}
	words_share(s.mean, mean, sizeof(mean));
	describe_range(m, &s, range, sizeof(range));
	summary_say(lines, "%s %s %s of %s's %s (%s)", name,
		    s.mean < 1.005 ? "keeps" : "reaches", mean, reference,
		    exchange_noun(m), range);
}

void summary_write_answers(const struct matrix *matrix,
			   const struct summary_lines *lines)
{
	methods_write_warning(matrix, lines);
	if (matrix->paths < 2)
		summary_say(lines, "%s alone: nothing to compare it with",
			    matrix->path[0].name);
	for (size_t path = 1; path < matrix->paths; path++)
		say_answer(matrix, path, lines);
	summary_write_no_loss(matrix, lines);
}

static void say_not_reached(const struct matrix *m,
			    const struct summary_lines *lines)
{
	char text[4096] = "", width[32], where[WORDS_MAX];
	size_t total = 0;

	for (size_t path = 1; path < m->paths; path++) {
		struct summary s;
		size_t n;

		summary_of(m, path, &s);
		n = s.status[CELL_NOT_REACHED];
		total += n;
		if (!n)
			continue;
		text_append(text, sizeof(text), "%s%s %zu of %zu cells",
			    *text ? "; " : "", m->path[path].name, n, s.cells);
		if (!s.widest)
			continue;
		words_share(s.widest->efficiency.half_width, width,
			    sizeof(width));
		words_point(m, s.widest->point, where, sizeof(where));
		text_append(text, sizeof(text), ", widest +-%s at %s", width,
			    where);
	}
	if (total)
		summary_say(lines, "NOT_REACHED, not within +-%.3g %%: %s.",
			    100 * m->precision, text);
}

/* The cell of a path that failed first of those with the same cause. */
static bool is_first_with_cause(const struct matrix *m, const struct cell *cell,
				size_t *same)
{
	*same = 0;
	for (size_t i = 0; i < m->points; i++) {
		const struct cell *other =
			matrix_cell(m, i, (size_t)cell->path);

		if (other->status != CELL_FAILED ||
		    strcmp(other->cause, cell->cause) != 0)
			continue;
		if (other->point_id < cell->point_id)
			return false;
		(*same)++;
	}
	return true;
}

static void say_failed(const struct matrix *m,
		       const struct summary_lines *lines)
{
	char where[WORDS_MAX];
	size_t same;

	for (size_t i = 0; i < m->points * m->paths; i++) {
		const struct cell *cell = &m->cell[i];
		size_t path = (size_t)cell->path;

		if (cell->status != CELL_FAILED ||
		    !is_first_with_cause(m, cell, &same))
			continue;
		words_point(m, cell->point, where, sizeof(where));
		if (same == 1)
			summary_say(lines, "FAILED: %s at %s: %s.",
				    m->path[path].name, where, cell->cause);
		else
			summary_say(lines,
				    "FAILED: %s in %zu cells, first at %s: %s.",
				    m->path[path].name, same, where,
				    cell->cause);
	}
}

static void say_capped(const struct matrix *m,
		       const struct summary_lines *lines)
{
	char rate[32];
	size_t n = 0;

	for (size_t path = 1; path < m->paths; path++) {
		struct summary s;

		summary_of(m, path, &s);
		n += s.status[CELL_CAPPED];
	}
	units_format_rate(m->link_bps, rate, sizeof(rate));
	if (n)
		summary_say(
			lines,
			"CAPPED, %zu cell%s: path and reference fill the link of "
			"%s, so their ratio says nothing of the overhead.",
			n, plural(n), rate);
}

/* "cubic on M2, native; reno on domU": by value, each with its nodes. */
static void describe_values(json_t *values, char *buf, size_t size)
{
	const char *node, *other;
	json_t *value, *same;

	buf[0] = '\0';
	json_object_foreach(values, node, value) {
		bool first = true;

		json_object_foreach(values, other, same) {
			if (!json_equal(value, same))
				continue;
			if (first && strcmp(other, node) != 0)
				break; /* said already */
			if (first)
				text_append(buf, size, "%s%s on %s",
					    *buf ? "; " : "",
					    json_is_string(value)
						    ? json_string_value(value)
						    : "not there",
					    other);
			else
				text_append(buf, size, ", %s", other);
			first = false;
		}
	}
}

static void say_differences(const struct matrix *m,
			    const struct summary_lines *lines)
{
	json_t *difference;
	size_t i;

	json_array_foreach(m->differences, i, difference) {
		char values[2048];

		if (is_accelerator(difference))
			continue;
		describe_values(json_object_get(difference, "values"), values,
				sizeof(values));
		summary_say(
			lines, "Not alike on every node: %s (%s).",
			json_string_value(json_object_get(difference, "key")),
			values);
	}
}

static void say_stalls(const struct matrix *m,
		       const struct summary_lines *lines)
{
	for (size_t path = 1; path < m->paths; path++) {
		size_t n = 0;

		for (size_t i = 0; i < m->points; i++) {
			const struct cell *c = matrix_cell(m, i, path);

			n += c->trimmed > 0 && c->efficiency.valid &&
			     fabs(c->trimmed / c->efficiency.ratio - 1) >
				     STALLED;
		}
		if (n)
			summary_say(
				lines,
				"Stalls or bursts on %s: in %zu cell%s the mean "
				"without the outer fifths of the blocks is more "
				"than 2 %% away.",
				m->path[path].name, n, plural(n));
	}
}

static void say_rule(const struct matrix *m, const struct summary_lines *lines)
{
	if (m->rule_2007)
		summary_say(lines,
			    "Rule of 2007: one configuration after another. "
			    "Drift between them is not in the intervals.");
}

/* The last few; JSON has them all. */
static void say_events(const struct matrix *m,
		       const struct summary_lines *lines)
{
	const size_t shown = 4;
	size_t count = json_array_size(m->events);
	size_t first = count > shown ? count - shown : 0;
	char text[2048] = "";

	for (size_t i = first; i < count; i++) {
		const json_t *event = json_array_get(m->events, i);
		const char *what =
			json_string_value(json_object_get(event, "text"));

		text_append(text, sizeof(text), "%s%s", *text ? "; " : "",
			    what ? what : "");
	}
	if (first)
		summary_say(lines, "The last %zu of %zu events: %s.", shown,
			    count, text);
	else if (count)
		summary_say(lines, "On the way: %s.", text);
}

static void say_units(const struct matrix *m, const struct summary_lines *lines)
{
	const char *noun = exchange_noun(m), *reference = m->path[0].name;

	summary_say(lines,
		    "Efficiency is %s over that of %s in the same cell; means "
		    "over cells are geometric.",
		    noun, reference);
	if (strcmp(noun, "transactions/s") != 0)
		summary_say(lines, "Throughput is 10^6 bit/s of payload at the "
				   "receiver.");
	if (strcmp(noun, "throughput") != 0)
		summary_say(lines,
			    "A transaction is a request and its response; "
			    "latency is the time of one, in microseconds, over "
			    "all blocks, its intervals with the block as the "
			    "unit.");
}

void summary_write_notes(const struct matrix *matrix,
			 const struct summary_lines *lines)
{
	size_t intervals = matrix_intervals(matrix);

	say_not_reached(matrix, lines);
	say_failed(matrix, lines);
	say_capped(matrix, lines);
	say_differences(matrix, lines);
	say_stalls(matrix, lines);
	say_events(matrix, lines);
	methods_write(matrix, lines);
	say_rule(matrix, lines);
	if (intervals)
		summary_say(
			lines,
			"%zu interval%s of 95 %%: %.1f are expected to miss the "
			"truth.",
			intervals, plural(intervals), 0.05 * (double)intervals);
	say_units(matrix, lines);
}
