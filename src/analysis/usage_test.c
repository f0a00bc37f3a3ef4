/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/usage.h"

#include <math.h>

#include "analysis/fixture.h"

static void assert_near(double a, double b)
{
	if (!(fabs(a - b) < 1e-9 * (1 + fabs(b))))
		fail_msg("%.12g is not %.12g", a, b);
}

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static const char domU[] =
	"{\"turn_bytes\": 1024000, \"turn_ns\": 1000000000,"
	" \"host\": {\"busy_ns\": 1000, \"cpu_ns\": {\"softirq\": 70}},"
	" \"processes\": {\"netfront\": {\"cpu_ns\": 200},"
	"                 \"netback\": {\"cpu_ns\": 300}},"
	" \"m1\": {\"process\": {\"cpu_ns\": 100, \"user_ns\": 10}},"
	" \"m2\": {\"process\": {\"cpu_ns\": 150}}}";

static void test_places_add_up(void **state)
{
	json_t *counters = parse(domU);
	double sum = 0;

	(void)state;
	assert_near(place_ns(counters, PLACE_APPLICATION), 10);
	assert_near(place_ns(counters, PLACE_STACK), 90);
	assert_near(place_ns(counters, PLACE_FRONTEND), 200);
	assert_near(place_ns(counters, PLACE_BACKEND), 300);
	assert_near(place_ns(counters, PLACE_PEER), 150);
	assert_near(place_ns(counters, PLACE_REST), 250);
	assert_near(place_ns(counters, PLACE_SOFTIRQ), 70);
	assert_true(isnan(place_ns(counters, PLACE_MACHINE)));
	for (enum place place = 0; place < PLACE_TOTAL; place++)
		if (!isnan(place_ns(counters, place)))
			sum += place_ns(counters, place);
	assert_near(sum, place_ns(counters, PLACE_TOTAL));
	json_decref(counters);
}

static void test_a_containers_program_has_its_place(void **state)
{
	json_t *counters =
		parse("{\"host\": {\"busy_ns\": 1000},"
		      " \"processes\": {\"pasta\": {\"cpu_ns\": 400}},"
		      " \"m1\": {\"process\": {\"cpu_ns\": 100}},"
		      " \"m2\": {\"process\": {\"cpu_ns\": 150}}}");

	(void)state;
	assert_near(place_ns(counters, PLACE_ROOTLESS), 400);
	assert_near(place_ns(counters, PLACE_REST), 350);
	json_decref(counters);
}

/* A guest's own kernel: its application is inside the machine's time. */
static void test_a_guest_is_not_counted_twice(void **state)
{
	json_t *counters = parse(
		"{\"host\": {\"busy_ns\": 1000},"
		" \"processes\": {\"uml\": {\"cpu_ns\": 600}},"
		" \"m1\": {\"process\": {\"cpu_ns\": 100, \"user_ns\": 10},"
		"          \"kernel\": {\"cpu_ns\": {\"softirq\": 50}}},"
		" \"m2\": {\"process\": {\"cpu_ns\": 150}}}");
	double sum = 0;

	(void)state;
	assert_near(place_ns(counters, PLACE_STACK), 140);
	assert_near(place_ns(counters, PLACE_MACHINE), 450);
	assert_near(place_ns(counters, PLACE_REST), 250);
	for (enum place place = 0; place < PLACE_TOTAL; place++)
		if (!isnan(place_ns(counters, place)))
			sum += place_ns(counters, place);
	assert_near(sum, 1000);
	json_decref(counters);
}

static void test_what_is_not_there_is_no_zero(void **state)
{
	json_t *nothing = json_object(), *odd = parse("{\"host\": 3, "
						      "\"m1\": [1]}");

	(void)state;
	for (enum place place = 0; place < PLACES; place++) {
		assert_true(isnan(place_ns(nothing, place)));
		assert_true(isnan(place_ns(odd, place)));
		assert_true(isnan(place_ns(NULL, place)));
	}
	json_decref(nothing);
	json_decref(odd);
}

static void test_ratio_and_error(void **state)
{
	struct usage_ratio ratio = { 0 };

	(void)state;
	assert_true(isnan(usage_value(&ratio)));
	assert_near(usage_error(&ratio), 0);
	usage_add(&ratio, 10, 5);
	usage_add(&ratio, 20, 10);
	assert_near(usage_value(&ratio), 2);
	assert_true(usage_error(&ratio) < 1e-9); /* always 2 */
	usage_add(&ratio, 0, 15);
	assert_near(usage_value(&ratio), 1);
	/* residuals 5, 10, -15: sd sqrt(350 / 2), over sqrt 3 and b's mean */
	assert_near(usage_error(&ratio), sqrt(175.0 / 3) / 10);
}

static json_t *counted(int path, const struct point *point, int round)
{
	(void)point;
	(void)round;
	if (path == 0)
		return NULL;
	return parse(path == 1 ? "{\"netfront\": {\"flips\": 7}}" : domU);
}

static void test_cells_of_a_store(void **state)
{
	struct synthetic study = synthetic_quick;
	struct err err = ERR_INIT;
	struct fixture f;
	struct usage usage;

	(void)state;
	study.counters = counted;
	fixture_open(&f, &study);
	assert_int_equal(usage_load(&usage, f.matrix, f.store, &err), 0);
	assert_int_equal(usage.blocks, 8 * 14);
	assert_int_equal(usage_of(&usage, 0, 0)->blocks, 0);
	assert_int_equal(usage_of(&usage, 0, 1)->blocks, 0); /* no turns */
	assert_int_equal(usage_of(&usage, 3, 2)->blocks, 14);
	assert_near(usage_of(&usage, 3, 2)->turn_kb, 14000);
	assert_near(usage_value(&usage_of(&usage, 3, 2)->place[PLACE_BACKEND]),
		    0.3 / 1000);
	assert_int_equal(usage_number(&usage, "m3"), (size_t)-1);
	usage_free(&usage);
	fixture_close(&f);
}

static void test_kinds_of_counters(void **state)
{
	(void)state;
	assert_true(usage_is_event("m1.snmp.TcpExt.TCPRcvCollapsed"));
	assert_true(usage_is_event("netback.notify_sent"));
	assert_true(usage_is_event("m1.process.run_queue_wait_ns"));
	assert_true(usage_is_event("m1.tcp.rtt_us"));
	assert_false(usage_is_event("turn_bytes"));
	assert_false(usage_is_event("host.softirqs.TIMER"));
	assert_false(usage_is_event("host.cpu_ns.user"));
	assert_false(usage_is_event("m2.process.user_ns"));
	assert_false(usage_is_event("m1.tcp.delivery_rate_bytes_per_s"));
	assert_string_equal(usage_unit("m1.tcp.cwnd"), "mean");
	assert_string_equal(usage_unit("netback.flips"), "per MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_add_up),
		cmocka_unit_test(test_a_containers_program_has_its_place),
		cmocka_unit_test(test_a_guest_is_not_counted_twice),
		cmocka_unit_test(test_what_is_not_there_is_no_zero),
		cmocka_unit_test(test_ratio_and_error),
		cmocka_unit_test(test_cells_of_a_store),
		cmocka_unit_test(test_kinds_of_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
