/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/validation.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/formats.h"

static void put_time(FILE *out, double seconds)
{
	char text[32];

	units_format_duration((int64_t)seconds * NS_PER_S, text, sizeof(text));
	fputs(text, out);
}

static void put_bound(const struct coverage *c, FILE *out)
{
	if (c->valid)
		fprintf(out, "%.3f", c->lower);
	else
		fputs("-", out);
}

static void put_coverage(const char *what, const struct coverage *c, FILE *out)
{
	fprintf(out, "| %s | %zu | %zu | %zu | ", what, c->matrices,
		c->intervals, c->covered);
	if (c->intervals)
		fprintf(out, "%.3f | ", c->share);
	else
		fputs("- | ", out);
	put_bound(c, out);
	fputs(" |\n", out);
}

static void put_part(const char *what, const struct validation_part *p,
		     FILE *out)
{
	double width = 0;

	for (size_t i = 0; i < p->intervals; i++)
		width += (p->interval[i].hi - p->interval[i].lo) / 2 /
			 p->interval[i].ratio;
	fprintf(out, "- **%s**: %zu studies, %zu blocks (%.1f a point) in ",
		what, p->studies, p->blocks,
		p->points ? (double)p->blocks / (double)p->points : 0);
	put_time(out, p->seconds);
	fprintf(out,
		"; spread of one block's ratio %.2f %%, lag-1 %.2f; mean half "
		"width %.2f %%, %zu of %zu intervals reached their precision; "
		"mean of ratio over truth %+.2f %% +- %.2f %%.\n",
		100 * p->s, p->lag1,
		p->intervals ? 100 * width / (double)p->intervals : 0,
		p->reached, p->intervals, 100 * expm1(p->bias),
		100 * 1.96 * p->bias_se);
}

static void put_table(const struct validation *v, FILE *out)
{
	fputs("| intervals of | matrices or replays | intervals | contain the "
	      "truth | share | lower 95 % bound |\n"
	      "|---|---:|---:|---:|---:|---:|\n",
	      out);
	put_coverage("native against native (A/A)", &v->aa.coverage, out);
	put_coverage("injected effects, 0.97 and 0.90", &v->injected.coverage,
		     out);
	put_coverage("replay, second native path", &v->replay.twin, out);
	put_coverage("replay, the other paths", &v->replay.others, out);
	put_coverage("rule of 2007 on the same trace (control)",
		     &v->replay.control, out);
	fputc('\n', out);
}

static void put_replay(const struct validation_replay *r, FILE *out)
{
	fprintf(out, "- **Replay**: a trace of %zu blocks of %zu points over ",
		r->blocks, r->points);
	put_time(out, r->seconds);
	fprintf(out,
		", %zu random starts, to +-%.1f %%: %.0f blocks a replay, "
		"%.0f %% of the intervals reached it. The control reached its "
		"own aim in %.0f %% of its cells. Replays of one trace are not "
		"independent: their bound is a rough one.\n\n",
		r->replays, 100 * r->precision, r->blocks_used,
		100 * r->reached, 100 * r->control_reached);
}

int validation_write(const struct validation *v, bool figures, FILE *out,
		     struct err *err)
{
	fprintf(out, "# Validation\n\n**%s**\n\n%s; vazao %s; %s\n\n",
		v->verdict, v->host, v->version, v->date);
	put_table(v, out);
	put_part("A/A", &v->aa, out);
	put_part("Injection", &v->injected, out);
	put_replay(&v->replay, out);
	if (figures)
		fputs("![A/A intervals, sorted](aa.svg)\n\n"
		      "![Injected effects, sorted](injection.svg)\n\n"
		      "![Coverage of all](coverage.svg)\n",
		      out);
	return report_check_written(out, err);
}
