/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/loss_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

struct finding {
	const struct matrix *matrix;
	struct loss_cell *cell; /* [points * paths] */
};

static void add(struct loss_cell *cell, const char *name, double count)
{
	size_t i = 0;

	while (i < cell->places && strcmp(cell->place[i].name, name) != 0)
		i++;
	if (count <= 0 || i == LOSS_PLACES)
		return;
	if (i == cell->places) {
		snprintf(cell->place[i].name, sizeof(cell->place[i].name), "%s",
			 name);
		cell->places++;
	}
	cell->place[i].count += count;
	cell->all += count;
}

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static double snmp(const json_t *counters, bool m1, const char *name)
{
	const json_t *end = json_object_get(counters, m1 ? "m1" : "m2");

	return number(json_object_get(end, "snmp"), name);
}

static void add_hops(struct loss_cell *cell, const json_t *hops)
{
	const json_t *hop;
	char name[64];
	size_t i;

	json_array_foreach(hops, i, hop) {
		const char *node =
			json_string_value(json_object_get(hop, "node"));
		const char *ifname =
			json_string_value(json_object_get(hop, "ifname"));

		snprintf(name, sizeof(name), "%.31s %.15s", node ? node : "?",
			 ifname ? ifname : "?");
		add(cell, name,
		    number(hop, "rx_dropped") + number(hop, "tx_dropped"));
	}
}

static void add_block(struct loss_cell *cell, const struct point *point,
		      const json_t *counters)
{
	bool sends = point->value[AXIS_DIRECTION] == DIRECTION_SEND;

	add(cell, "sender's socket", snmp(counters, sends, "Udp.SndbufErrors"));
	add(cell, "receiver's socket",
	    snmp(counters, !sends, "Udp.RcvbufErrors"));
	add_hops(cell, json_object_get(counters, "hops"));
}

static bool is_of_interest(const struct point *point)
{
	return point->value[AXIS_WORKLOAD] == WORKLOAD_UDP_STREAM &&
	       point->value[AXIS_DIRECTION] != DIRECTION_BOTH;
}

static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct finding *f = arg;
	const struct matrix *m = f->matrix;

	(void)err;
	if (block->discarded || block->point < 0 ||
	    (size_t)block->point >= m->points ||
	    !is_of_interest(&m->point[block->point]))
		return 0;
	for (size_t i = 0; i < block->measurements; i++) {
		const struct store_measurement *s = &block->measurement[i];
		size_t at = (size_t)block->point * m->paths + (size_t)s->path;

		if (s->path >= 0 && (size_t)s->path < m->paths && s->counters)
			add_block(&f->cell[at], &m->point[block->point],
				  s->counters);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct loss_place *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

/* Those that lost something move to the front. */
static void settle(struct loss_places *places, const struct matrix *m)
{
	for (size_t i = 0; i < m->points * m->paths; i++) {
		struct loss_cell *cell = &places->cell[i];

		if (!cell->places)
			continue;
		cell->cell = &m->cell[i];
		qsort(cell->place, cell->places, sizeof(cell->place[0]),
		      compare);
		places->cell[places->cells++] = *cell;
	}
}

int loss_places_find(struct loss_places *places, const struct matrix *matrix,
		     struct store *store, struct err *err)
{
	struct finding f = { .matrix = matrix };
	bool any = false;
	int rc;

	*places = (struct loss_places){ NULL, 0 };
	for (size_t i = 0; i < matrix->points; i++)
		any |= is_of_interest(&matrix->point[i]);
	if (!any)
		return 0;
	f.cell = calloc(matrix->points * matrix->paths + 1, sizeof(*f.cell));
	if (!f.cell)
		return err_sys(err, ENOMEM, "places of loss");
	places->cell = f.cell;
	rc = store_each_block(store,
			      &(struct store_scan){ .detail = STORE_FULL },
			      take, &f, err);
	if (rc == 0)
		settle(places, matrix);
	return rc;
}

void loss_places_free(struct loss_places *places)
{
	free(places->cell);
	*places = (struct loss_places){ NULL, 0 };
}
