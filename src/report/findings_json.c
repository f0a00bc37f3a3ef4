/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/findings.h"

#include <math.h>

#include "report/columns.h"
#include "report/scaling_text.h"

static json_t *number_or_null(double value, bool known)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

static const char *name_of(const struct matrix *m, size_t path)
{
	return m->path[path].name;
}

static json_t *contrast_of(const struct matrix *m, const struct contrast *c,
			   const char *verdict)
{
	json_t *row = json_pack(
		"{sI ss sI ss}", "point", (json_int_t)c->a.point, "path",
		name_of(m, c->a.path), "versus_point", (json_int_t)c->b.point,
		"versus_path", name_of(m, c->b.path));

	json_object_set_new(row, "ratio", number_or_null(c->ratio, c->valid));
	json_object_set_new(row, "lo", number_or_null(c->lo, c->valid));
	json_object_set_new(row, "hi", number_or_null(c->hi, c->valid));
	json_object_set_new(row, "low", number_or_null(c->low, c->low > 0));
	json_object_set_new(row, "high", number_or_null(c->high, true));
	json_object_set_new(row, "blocks", json_integer((json_int_t)c->n));
	json_object_set_new(row, "verdict", json_string(verdict));
	return row;
}

static json_t *evidence_of(const struct matrix *m, const struct claim *claim)
{
	json_t *list = json_array();

	for (size_t i = 0; i < claim->trials; i++)
		json_array_append_new(
			list,
			contrast_of(m, claim_shown(claim, i),
				    outcome_name(claim->trial[i].verdict)));
	return list;
}

static json_t *statement_of(const struct matrix *m,
			    const struct statement_result *r)
{
	const struct statement *s = r->statement;
	const struct claim *claim = &r->claim;
	bool tested = claim->trials > 0 || claim->settled;
	json_t *row = json_pack(
		"{ss ss ss ss ss ss sI sI sI}", "id", s->id, "section",
		s->section, "text", s->text, "quantifier",
		s->quantifier == QUANTIFIER_EVERY ? "every" : "most", "ratio",
		s->ratio, "verdict", outcome_name(claim->verdict), "trials",
		(json_int_t)claim->trials, "in_favor",
		(json_int_t)claim->in_favor, "against",
		(json_int_t)claim->against);

	json_object_set_new(row, "path",
			    r->path < m->paths
				    ? json_string(name_of(m, r->path))
				    : json_null());
	json_object_set_new(row, "reason",
			    tested ? json_null()
				   : json_sprintf("the study lacks what it "
						  "needs: %s",
						  s->needs));
	json_object_set_new(row, "mean",
			    number_or_null(claim->mean, claim->mean > 0));
	json_object_set_new(row, "note",
			    *claim->note ? json_string(claim->note)
					 : json_null());
	json_object_set_new(row, "evidence", evidence_of(m, claim));
	return row;
}

/* All but the two sizes. */
static void put_axes(json_t *row, const struct cell *cell)
{
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		if (axis != AXIS_SOCKET_SIZE && axis != AXIS_MESSAGE_SIZE)
			json_object_set_new(row, axis_table[axis].name,
					    column_axis(cell, axis));
}

static void put_sum(json_t *row, const char *const names[3],
		    const struct account_sum *sum)
{
	json_object_set_new(row, names[0],
			    number_or_null(sum->value, sum->valid));
	if (names[1])
		json_object_set_new(row, names[1],
				    number_or_null(sum->lo, sum->valid));
	if (names[2])
		json_object_set_new(row, names[2],
				    number_or_null(sum->hi, sum->valid));
}

static json_t *place_of(const struct account *a, enum place place)
{
	static const char *const own[] = { "us_per_kb", "lo", "hi" };
	static const char *const reference[] = { "reference_us_per_kb", NULL,
						 NULL };
	static const char *const extra[] = { "extra", "extra_lo", "extra_hi" };
	json_t *row = json_pack("{ss ss}", "place", place_table[place].id,
				"what", place_table[place].what);

	put_sum(row, own, &a->place[place]);
	put_sum(row, reference, &a->reference[place]);
	put_sum(row, extra, &a->extra[place]);
	return row;
}

static json_t *account_of(const struct matrix *m, const struct account *a)
{
	static const char *const dom0[] = { "over_dom0", "over_dom0_lo",
					    "over_dom0_hi" };
	const struct cell *first = matrix_cell(m, a->first, a->path);
	json_t *row = json_pack(
		"{ss sI sI so}", "path", name_of(m, a->path), "cells",
		(json_int_t)a->cells, "blocks", (json_int_t)a->blocks,
		"efficiency", number_or_null(a->efficiency, a->efficiency > 0));
	json_t *places = json_array();

	put_axes(row, first);
	put_sum(row, dom0, &a->over_dom0);
	for (enum place place = 0; place < PLACES; place++)
		if (a->place[place].valid)
			json_array_append_new(places, place_of(a, place));
	json_object_set_new(row, "places", places);
	return row;
}

static json_t *third_of(double value, double efficiency)
{
	return json_pack("{sf sf}", "value", value, "efficiency", efficiency);
}

static json_t *association_of(const struct matrix *m,
			      const struct association *a)
{
	return json_pack("{ss ss ss sf sf sf sf sI sI so so}", "path",
			 name_of(m, a->path), "counter", a->counter, "unit",
			 a->unit, "rho", a->rank.rho, "lo", a->rank.lo, "hi",
			 a->rank.hi, "p", a->p, "cells", (json_int_t)a->rank.n,
			 "alike", (json_int_t)a->alike, "low",
			 third_of(a->low_value, a->low_efficiency), "high",
			 third_of(a->high_value, a->high_efficiency));
}

static json_t *mechanism_of(const struct matrix *m,
			    const struct mechanisms *all,
			    const struct mechanism *turn)
{
	json_t *row = json_pack(
		"{ss ss ss ss ss ss sI sI sI}", "path", name_of(m, turn->path),
		"base", name_of(m, turn->base), "option", turn->option, "from",
		turn->from, "to", turn->to, "verdict", mechanism_verdict(turn),
		"faster", (json_int_t)turn->faster, "slower",
		(json_int_t)turn->slower, "trials", (json_int_t)turn->trials);
	json_t *list = json_array();

	for (size_t i = turn->first; i < turn->first + turn->trials; i++)
		json_array_append_new(
			list,
			contrast_of(m, claim_shown(&all->claim, i),
				    outcome_name(all->claim.trial[i].verdict)));
	json_object_set_new(row, "mean",
			    number_or_null(turn->mean, turn->mean > 0));
	json_object_set_new(row, "evidence", list);
	return row;
}

static json_t *missing_of(const struct explanation *e)
{
	json_t *list = json_array();
	const char *text;

	for (size_t i = 0; (text = explanation_missing(e, i)); i++)
		json_array_append_new(list, json_string(text));
	return list;
}

json_t *explanation_to_json(const struct matrix *matrix,
			    const struct explanation *explanation)
{
	const struct explanation *e = explanation;
	json_t *statements = json_array(), *accounts = json_array();
	json_t *associations = json_array(), *mechanisms = json_array();

	for (size_t i = 0; i < e->statements; i++)
		json_array_append_new(statements,
				      statement_of(matrix, &e->statement[i]));
	for (size_t i = 0; i < e->accounts; i++)
		json_array_append_new(accounts,
				      account_of(matrix, &e->account[i]));
	for (size_t i = 0; i < e->associations; i++)
		json_array_append_new(
			associations,
			association_of(matrix, &e->association[i]));
	for (size_t i = 0; i < e->mechanisms.turns; i++)
		json_array_append_new(mechanisms,
				      mechanism_of(matrix, &e->mechanisms,
						   &e->mechanisms.turn[i]));
	return json_pack("{so so so so so so}", "statements", statements,
			 "account", accounts, "associations", associations,
			 "mechanisms", mechanisms, "scaling",
			 scalings_to_json(matrix, &e->scalings), "missing",
			 missing_of(e));
}

static json_t *choice_of(const struct matrix *m, const struct advice_group *g,
			 const struct advice_cell *choice)
{
	const struct cell *cell;

	if (choice->point == ADVICE_NONE)
		return json_null();
	cell = matrix_cell(m, choice->point, g->path);
	return json_pack(
		"{sI sI sI sf sf sf sf so}", "point", (json_int_t)choice->point,
		"socket_size", (json_int_t)cell->point->value[AXIS_SOCKET_SIZE],
		"message_size",
		(json_int_t)cell->point->value[AXIS_MESSAGE_SIZE], "share",
		choice->share, "lo", choice->lo, "hi", choice->hi,
		"throughput_mbps", cell->throughput.mean, "efficiency",
		number_or_null(cell->efficiency.ratio, cell->efficiency.valid));
}

static json_t *ratio_of(const struct contrast *c)
{
	if (!c->valid)
		return json_null();
	return json_pack("{sI sf sf sf}", "point", (json_int_t)c->a.point,
			 "ratio", c->ratio, "lo", c->lo, "hi", c->hi);
}

static json_t *front_of(const struct advice_group *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->front_count; i++) {
		const struct advice_front *f = &g->front[i];

		json_array_append_new(
			list,
			json_pack("{sI sf so so}", "point",
				  (json_int_t)f->point, "throughput_mbps",
				  f->throughput_mbps, "cpu_us_per_kb",
				  number_or_null(f->cpu_us_per_kb,
						 g->front_has_cpu),
				  "rtt_us",
				  number_or_null(f->rtt_us, g->front_has_rtt)));
	}
	return list;
}

static json_t *group_of(const struct matrix *m, const struct advice_group *g)
{
	const struct cell *first = matrix_cell(m, g->first, g->path);
	json_t *row = json_pack("{ss}", "path", name_of(m, g->path));
	json_t *commands = json_array();
	char line[FINDINGS_COMMAND_MAX];

	put_axes(row, first);
	json_object_set_new(row, "status",
			    json_string(advice_status_name(g->status)));
	json_object_set_new(row, "cells", json_integer((json_int_t)g->cells));
	json_object_set_new(row, "not_worse",
			    json_integer((json_int_t)g->not_worse));
	json_object_set_new(row, "choice", choice_of(m, g, &g->choice));
	json_object_set_new(row, "best", choice_of(m, g, &g->best));
	json_object_set_new(row, "default", ratio_of(&g->default_loss));
	json_object_set_new(row, "mtu_gain", ratio_of(&g->mtu_gain));
	json_object_set_new(row, "front", front_of(g));
	for (size_t i = 0; advice_command(m, g, i, line); i++)
		json_array_append_new(commands, json_string(line));
	json_object_set_new(row, "commands", commands);
	return row;
}

json_t *advice_to_json(const struct matrix *matrix, const struct advice *advice)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < advice->groups; i++)
		json_array_append_new(groups,
				      group_of(matrix, &advice->group[i]));
	return json_pack("{sf so}", "target", advice->target, "groups", groups);
}
