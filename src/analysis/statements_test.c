/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statements in made-up worlds: one in which the study of 2007 is right in
 * everything, one in which it is wrong, and two that cannot tell. */
#include "analysis/statements.h"

#include <math.h>

#include "analysis/fixture.h"

enum { NATIVE, DOM0, GUEST };

struct sizes {
	int64_t mtu, socket, message;
};

static struct sizes sizes_of(const struct point *point)
{
	return (struct sizes){ point->value[AXIS_MTU],
			       point->value[AXIS_SOCKET_SIZE],
			       point->value[AXIS_MESSAGE_SIZE] };
}

/* Of the largest socket's throughput. */
static double socket_share(int64_t socket)
{
	return socket >= 112 << 10  ? 0.97 + (double)socket / (64 << 20)
	       : socket >= 64 << 10 ? 0.85
	       : socket >= 16 << 10 ? 0.60
	       : socket >= 8 << 10  ? 0.45
				    : 0.30;
}

static double right_guest(const struct sizes *s)
{
	bool large = s->socket >= 112 << 10;
	bool extreme = s->message == 512 || s->message == 1 << 20;

	if (s->mtu == 500)
		return large ? 0.42 : 0.30;
	if (s->socket == 112 << 10 &&
	    (s->message == 32 << 10 || s->message == 64 << 10))
		return 0.99;
	return extreme && s->socket <= 16 << 10 ? 0.18 : 0.65;
}

static double right_dom0(const struct sizes *s)
{
	return s->mtu == 500 && s->message == 512 && s->socket >= 64 << 10
		       ? 0.50
		       : 0.97;
}

static double right_world(int path, const struct point *point)
{
	struct sizes s = sizes_of(point);
	double rate = (s.mtu == 500 ? 600 : 900) * socket_share(s.socket);

	if (s.message == s.socket && s.socket <= 8 << 10)
		rate *= 0.8;
	if (path == DOM0)
		rate *= right_dom0(&s);
	if (path == GUEST)
		rate *= right_guest(&s);
	return rate;
}

static double wrong_world(int path, const struct point *point)
{
	struct sizes s = sizes_of(point);
	double rate = (s.mtu == 500 ? 900 : 600) / socket_share(s.socket);

	if (s.message == s.socket && s.socket <= 8 << 10)
		rate *= 1.3;
	if (path == DOM0)
		rate *= 0.3;
	if (path == GUEST)
		rate *= (s.mtu == 500 ? 0.9 : 0.6) *
			(s.socket >= 112 << 10 ? 0.8 : 1);
	return rate;
}

static double flat_world(int path, const struct point *point)
{
	(void)path;
	(void)point;
	return 700;
}

struct tested {
	struct fixture f;
	struct usage usage;
	struct store_path *paths;
	size_t path_count;
	struct statement_result *result;
	size_t count;
};

static void test_open(struct tested *t, const struct synthetic *study)
{
	struct err err = ERR_INIT;

	memset(t, 0, sizeof(*t));
	fixture_open(&t->f, study);
	if (usage_load(&t->usage, t->f.matrix, t->f.store, &err) ||
	    store_load_paths(t->f.store, &t->paths, &t->path_count, &err) ||
	    statements_test(&(struct evidence){ .matrix = t->f.matrix,
						.series = &t->f.series,
						.usage = &t->usage,
						.paths = t->paths },
			    &t->result, &t->count, &err))
		fail_msg("%s", err.text);
}

static void test_close(struct tested *t)
{
	statements_free(t->result, t->count);
	usage_free(&t->usage);
	store_paths_free(t->paths, t->path_count);
	fixture_close(&t->f);
}

static void expect_all(const struct synthetic *study, enum outcome verdict)
{
	struct tested t;
	size_t tested = 0;

	test_open(&t, study);
	for (size_t i = 0; i < t.count; i++) {
		const struct claim *c = &t.result[i].claim;

		if (!c->trials) /* rests on what this world does not have */
			continue;
		tested++;
		if (c->verdict != verdict)
			fail_msg("%s %s: %zu for, %zu against of %zu",
				 t.result[i].statement->id,
				 outcome_name(c->verdict), c->in_favor,
				 c->against, c->trials);
		assert_true(isfinite(c->mean) && c->mean > 0);
	}
	assert_int_equal(tested, 13);
	test_close(&t);
}

static void test_right_world(void **state)
{
	struct synthetic study = synthetic_paper;

	(void)state;
	study.rate = right_world;
	expect_all(&study, OUTCOME_HOLDS);
}

static void test_wrong_world(void **state)
{
	struct synthetic study = synthetic_paper;

	(void)state;
	study.rate = wrong_world;
	expect_all(&study, OUTCOME_DOES_NOT);
}

/* Three blocks that vary by half tell nothing of a right world. */
static void test_noise_is_undecided(void **state)
{
	struct synthetic study = synthetic_paper;
	struct tested t;

	(void)state;
	study.rate = flat_world;
	study.blocks = 3;
	study.noise = 0.5;
	test_open(&t, &study);
	for (size_t i = 0; i < t.count; i++) {
		/* in the flat world this one is off by four: that shows */
		if (strcmp(t.result[i].statement->id, "dom0-fourfold") == 0)
			continue;
		assert_int_not_equal(t.result[i].claim.verdict, OUTCOME_HOLDS);
	}
	test_close(&t);
}

static const struct statement_result *find(const struct tested *t,
					   const char *id)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->result[i].statement->id, id) == 0)
			return &t->result[i];
	fail_msg("no statement %s", id);
	return NULL;
}

/* All cells alike, well measured: tendencies are undecided, and what is said
 * to be near is near. */
static void test_flat_world(void **state)
{
	struct synthetic study = synthetic_paper;
	struct tested t;

	(void)state;
	study.rate = flat_world;
	study.blocks = 40;
	study.noise = 0.02;
	test_open(&t, &study);
	for (const char *const *id =
		     (const char *const[]){ "mtu", "socket-size", "equal-sizes",
					    "guest-best-throughput",
					    "guest-mtu", "dom0-over-guest",
					    NULL };
	     *id; id++)
		assert_int_equal(find(&t, *id)->claim.verdict,
				 OUTCOME_UNDECIDED);
	assert_int_equal(find(&t, "large-sockets")->claim.verdict,
			 OUTCOME_HOLDS);
	assert_int_equal(find(&t, "dom0-near")->claim.verdict, OUTCOME_HOLDS);
	assert_int_equal(find(&t, "guest-half")->claim.verdict,
			 OUTCOME_DOES_NOT);
	test_close(&t);
}

static void test_cells_that_are_not_there(void **state)
{
	struct synthetic study = synthetic_quick;
	struct tested t;

	(void)state;
	study.axis[AXIS_MTU].count = 1; /* 500 alone */
	test_open(&t, &study);
	assert_int_equal(find(&t, "mtu")->claim.trials, 0);
	assert_int_equal(find(&t, "mtu")->claim.verdict, OUTCOME_UNDECIDED);
	assert_int_equal(find(&t, "guest-full")->claim.trials, 0);
	assert_int_equal(find(&t, "guest-half")->claim.trials, 4);
	assert_int_equal(find(&t, "equal-sizes")->claim.trials, 0);
	test_close(&t);
}

/* A table is data: each row says all of it, once. */
static void test_table(void **state)
{
	(void)state;
	for (const struct statement *s = statement_table; s->id; s++) {
		assert_true(s->section && s->text && s->ratio && s->needs);
		assert_non_null(s->build);
		assert_int_equal(s->text[strlen(s->text) - 1], '.');
		for (const struct statement *o = statement_table; o != s; o++)
			assert_string_not_equal(o->id, s->id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_world),
		cmocka_unit_test(test_wrong_world),
		cmocka_unit_test(test_noise_is_undecided),
		cmocka_unit_test(test_flat_world),
		cmocka_unit_test(test_cells_that_are_not_there),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
