/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A made-up study of rule loss: its trials fitted, its losses placed. */
#include <math.h>

#include "analysis/fixture.h"
#include "analysis/loss_place.h"
#include "store/trial.h"

/* domU loses half at its receiver, a third at vif1.0; native nothing; dom0
 * at the sender's socket. What the other ends counted is not its own. */
static json_t *counters(int path, const struct point *point, int round)
{
	static const char json[] = "{s:i s:i s:{s:{s:i s:i}} s:{s:{s:i s:i}}"
				   "s:[{s:s s:s s:i s:i}{s:s s:s s:i s:i}]}";
	bool domU = path == 2, dom0 = path == 1;

	(void)point;
	(void)round;
	return json_pack(json, "turn_bytes", 1 << 20, "turn_ns", 1000000, "m1",
			 "snmp", "Udp.SndbufErrors", dom0 ? 5 : 0,
			 "Udp.RcvbufErrors", 1000, "m2", "snmp",
			 "Udp.SndbufErrors", 1000, "Udp.RcvbufErrors",
			 domU ? 30 : 0, "hops", "node", "dom0", "ifname",
			 "vif1.0", "rx_dropped", domU ? 15 : 0, "tx_dropped",
			 domU ? 5 : 0, "node", "dom0", "ifname", "peth0",
			 "rx_dropped", 0, "tx_dropped", domU ? 10 : 0);
}

static struct synthetic study_of(void)
{
	struct synthetic study = synthetic_quick;

	study.axis[AXIS_WORKLOAD].value[0] = WORKLOAD_UDP_STREAM;
	study.axis[AXIS_WORKLOAD].count = 1;
	study.axis[AXIS_MTU].count = 1;
	study.counters = counters;
	return study;
}

static const struct loss_cell *find_cell(const struct loss_places *places,
					 int path)
{
	for (size_t i = 0; i < places->cells; i++)
		if (places->cell[i].cell->path == path)
			return &places->cell[i];
	return NULL;
}

static void test_where_it_is_lost(void **state)
{
	struct synthetic study = study_of();
	struct err err = ERR_INIT;
	struct loss_places places;
	const struct loss_cell *cell;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	assert_int_equal(loss_places_find(&places, f.matrix, f.store, &err), 0);
	assert_int_equal(places.cells, 2 * f.matrix->points);
	assert_null(find_cell(&places, 0));
	cell = find_cell(&places, 1);
	assert_int_equal(cell->places, 1);
	assert_string_equal(cell->place[0].name, "sender's socket");
	assert_true(cell->all == 5.0 * study.blocks);
	cell = find_cell(&places, 2);
	assert_int_equal(cell->places, 3);
	assert_string_equal(cell->place[0].name, "receiver's socket");
	assert_true(cell->place[0].count == 30.0 * study.blocks);
	assert_string_equal(cell->place[1].name, "dom0 vif1.0");
	assert_true(cell->place[1].count == 20.0 * study.blocks);
	assert_string_equal(cell->place[2].name, "dom0 peth0");
	loss_places_free(&places);
	fixture_close(&f);
}

static void test_streams_lose_nothing(void **state)
{
	struct synthetic study = study_of();
	struct err err = ERR_INIT;
	struct loss_places places;
	struct fixture f;

	(void)state;
	study.axis[AXIS_WORKLOAD].value[0] = WORKLOAD_TCP_STREAM;
	fixture_open(&f, &study);
	assert_int_equal(loss_places_find(&places, f.matrix, f.store, &err), 0);
	assert_int_equal(places.cells, 0);
	loss_places_free(&places);
	fixture_close(&f);
}

/* Lossy above `rate`; every third trial is void, and lossy whatever it is. */
static void add_trials(const struct fixture *f, int path, double rate)
{
	struct store *store;
	struct err err = ERR_INIT;

	if (store_open(&store, f->dir, STORE_WRITE, &err))
		fail_msg("%s", err.text);
	for (int i = 0; i < 60; i++) {
		struct store_trial t = {
			.path = path,
			.offered_mbps = rate * (0.7 + 0.01 * i),
			.is_void = i % 3 == 0,
		};

		t.lossy = t.is_void || t.offered_mbps > rate;
		assert_int_equal(store_add_trial(store, &t, &err), 0);
	}
	store_close(store);
}

static void test_rates_without_loss(void **state)
{
	struct synthetic study = study_of();
	const struct cell_no_loss *native, *dom0, *domU;
	struct err err = ERR_INIT;
	struct matrix *m;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	assert_int_equal(matrix_cell(f.matrix, 0, 0)->no_loss.trials, 0);
	store_close(f.store);
	add_trials(&f, 0, 1000);
	add_trials(&f, 2, 250);
	if (store_open(&f.store, f.dir, STORE_READ, &err) ||
	    matrix_load(&m, f.store, &err))
		fail_msg("%s", err.text);
	native = &matrix_cell(m, 0, 0)->no_loss;
	dom0 = &matrix_cell(m, 0, 1)->no_loss;
	domU = &matrix_cell(m, 0, 2)->no_loss;
	assert_int_equal(native->trials, 60);
	assert_true(native->rate.trials == 40 && native->rate.voids == 20);
	assert_true(fabs(native->rate.rate / 1000 - 1) < 0.02);
	assert_true(native->rate.lo <= 1000 && native->rate.hi >= 1000);
	assert_int_equal(native->efficiency.state, LOSS_SEARCH_UNKNOWN);
	assert_int_equal(dom0->trials, 0);
	assert_int_equal(dom0->efficiency.state, LOSS_SEARCH_UNKNOWN);
	assert_true(fabs(domU->efficiency.rate - 0.25) < 0.01);
	assert_true(domU->efficiency.lo < 0.25 && domU->efficiency.hi > 0.25);
	assert_int_equal(matrix_cell(m, 1, 0)->no_loss.trials, 0);
	matrix_free(m);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_it_is_lost),
		cmocka_unit_test(test_streams_lose_nothing),
		cmocka_unit_test(test_rates_without_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
