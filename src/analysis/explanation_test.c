/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Account, associations and mechanisms on a made-up study with counters. */
#include "analysis/explanation.h"

#include <math.h>

#include "analysis/fixture.h"
#include "stats/order.h"

/* 1 MB a block; domU's backend takes 3 us a KB, the whole system of native 4,
 * of dom0 5, of domU 10; `wakes` are many where domU is slow (MTU 500). */
static json_t *counters(int path, const struct point *point, int round)
{
	static const int total[] = { 4, 5, 10 };
	int wobble = round % 3 - 1; /* hundredths; no cell is without spread */
	bool slow = point->value[AXIS_MTU] == 500;
	int wakes = (slow ? 900 : 100) +
		    (int)(point->value[AXIS_MESSAGE_SIZE] >> 10);
	json_t *json = json_pack(
		"{si si s{sI} s{s{si}} si si}", "turn_bytes", 1 << 20,
		"turn_ns", 1000000, "host", "busy_ns",
		(json_int_t)total[path] * 10240 * (100 + wobble), "m2",
		"process", "cpu_ns", 1024000, "wakes", wakes, "noise",
		(int)(stats_seed((uint64_t)round, (uint64_t)wakes) % 1000));

	if (path == 2)
		json_object_set_new(
			json, "processes",
			json_pack("{s{si}}", "netback", "cpu_ns", 3072000));
	return json;
}

static double rate(int path, const struct point *point)
{
	double r = path == 2 && point->value[AXIS_MTU] == 500 ? 200 : 500;

	return path == 2 ? r * (1 -
				1e-6 * (double)point->value[AXIS_MESSAGE_SIZE])
			 : 1000;
}

static struct synthetic study_of(void)
{
	struct synthetic study = synthetic_paper;

	study.axis[AXIS_SOCKET_SIZE].count = 2;
	study.counters = counters;
	study.rate = rate;
	return study;
}

static struct explanation *explain(const struct fixture *f)
{
	struct explanation *e = NULL;
	struct err err = ERR_INIT;

	if (explanation_find(&e, f->matrix, f->store, &err))
		fail_msg("%s", err.text);
	return e;
}

static const struct account *account_at(const struct explanation *e,
					size_t path)
{
	for (size_t i = 0; i < e->accounts; i++)
		if (e->account[i].path == path)
			return &e->account[i];
	fail_msg("no account of path %zu", path);
	return NULL;
}

static void test_account(void **state)
{
	struct synthetic study = study_of();
	struct explanation *e;
	const struct account *a;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	e = explain(&f);
	assert_int_equal(e->accounts, 6);
	a = account_at(e, 2);
	assert_int_equal(a->cells, 16);
	assert_true(fabs(a->place[PLACE_TOTAL].value - 10) < 0.05);
	assert_true(fabs(a->extra[PLACE_TOTAL].value - 6) < 0.05);
	assert_true(fabs(a->extra[PLACE_BACKEND].value - 3) < 1e-9);
	assert_true(a->place[PLACE_BACKEND].valid);
	assert_true(fabs(a->place[PLACE_REST].value - 6) < 0.05);
	assert_true(a->over_dom0.valid);
	assert_true(a->over_dom0.lo < 5.01 && a->over_dom0.hi > 4.99);
	assert_false(a->place[PLACE_FRONTEND].valid);
	assert_false(account_at(e, 0)->over_dom0.valid);
	explanation_free(e);
	fixture_close(&f);
}

static void test_association(void **state)
{
	struct synthetic study = study_of();
	struct explanation *e;
	bool found = false;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	e = explain(&f);
	for (size_t i = 0; i < e->associations; i++) {
		const struct association *a = &e->association[i];

		if (strcmp(a->counter, "wakes") != 0 || a->path != 2)
			continue;
		found = true;
		assert_true(a->rank.rho < -0.7 && a->rank.hi < -0.5);
		assert_true(a->p < 0.001);
		assert_true(a->low_value < 200 && a->high_value > 800);
		assert_true(a->low_efficiency > a->high_efficiency);
	}
	assert_true(found);
	explanation_free(e);
	fixture_close(&f);
}

static void test_older_study_says_so(void **state)
{
	struct synthetic study = study_of();
	struct explanation *e;
	struct fixture f;

	(void)state;
	study.counters = NULL;
	fixture_open(&f, &study);
	e = explain(&f);
	assert_int_equal(e->accounts, 0);
	assert_int_equal(e->associations, 0);
	assert_int_equal(e->mechanisms.turns, 0);
	assert_non_null(strstr(explanation_missing(e, 0), "no counters"));
	assert_non_null(strstr(explanation_missing(e, 1), "no cause"));
	assert_null(explanation_missing(e, 2));
	explanation_free(e);
	fixture_close(&f);
}

/* Offload on doubles the rate of all paths. */
static double offloaded(int path, const struct point *point)
{
	(void)path;
	return point->value[AXIS_OFFLOAD] == OFFLOAD_ON ? 2000 : 1000;
}

static void test_an_axis_that_was_turned(void **state)
{
	struct synthetic study = synthetic_quick;
	struct explanation *e;
	struct fixture f;

	(void)state;
	study.axis[AXIS_OFFLOAD].count = 2;
	study.axis[AXIS_OFFLOAD].value[0] = OFFLOAD_OFF;
	study.axis[AXIS_OFFLOAD].value[1] = OFFLOAD_ON;
	study.rate = offloaded;
	fixture_open(&f, &study);
	e = explain(&f);
	assert_int_equal(e->mechanisms.turns, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct mechanism *t = &e->mechanisms.turn[i];

		assert_string_equal(t->option, "offload");
		assert_string_equal(t->to, "on");
		assert_string_equal(mechanism_verdict(t), "faster");
		assert_int_equal(t->trials, 8);
		assert_int_equal(t->faster, 8);
		assert_true(fabs(t->mean - 2) < 0.1);
	}
	explanation_free(e);
	fixture_close(&f);
}

static void test_options_that_differ(void **state)
{
	json_t *copy = json_pack("{ss ss}", "receive", "copy", "gso", "on");
	json_t *flip = json_pack("{ss ss}", "receive", "flip", "gso", "on");
	json_t *both = json_pack("{ss ss}", "receive", "flip", "gso", "off");
	json_t *more = json_pack("{ss ss si}", "receive", "copy", "gso", "on",
				 "queues", 2);
	struct store_path base = { .kind = "domU", .options = copy };
	struct store_path path = { .kind = "domU", .options = flip };
	struct mechanism turn;

	(void)state;
	assert_true(mechanism_differs(&base, &path, &turn));
	assert_string_equal(turn.option, "receive");
	assert_string_equal(turn.from, "copy");
	assert_string_equal(turn.to, "flip");
	path.options = both;
	assert_false(mechanism_differs(&base, &path, &turn));
	path.options = more;
	assert_true(mechanism_differs(&base, &path, &turn));
	assert_string_equal(turn.from, "not set");
	assert_string_equal(turn.to, "2");
	path.options = copy;
	assert_false(mechanism_differs(&base, &path, &turn));
	strcpy(path.kind, "uml");
	path.options = flip;
	assert_false(mechanism_differs(&base, &path, &turn));
	json_decref(copy);
	json_decref(flip);
	json_decref(both);
	json_decref(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_association),
		cmocka_unit_test(test_older_study_says_so),
		cmocka_unit_test(test_an_axis_that_was_turned),
		cmocka_unit_test(test_options_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
