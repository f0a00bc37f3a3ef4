/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/exchange.h"

static struct point point;
static char text[EXCHANGE_COLUMNS_MAX][EXCHANGE_TEXT_MAX];

static void set_workload(int64_t workload)
{
	point_init(&point);
	point.value[AXIS_WORKLOAD] = workload;
}

static void test_rates_of_exchanges_are_transactions(void **state)
{
	char rate[32];

	(void)state;
	set_workload(WORKLOAD_TCP_RR); /* of one byte each way */
	assert_string_equal(exchange_unit(&point), "trans/s");
	exchange_rate(&point, 0.16, rate, sizeof(rate));
	assert_string_equal(rate, "10000");
	set_workload(WORKLOAD_TCP_STREAM);
	exchange_rate(&point, 0.16, rate, sizeof(rate));
	assert_string_equal(rate, "0.2");
}

static void test_latencies(void **state)
{
	const char *names[EXCHANGE_COLUMNS_MAX];
	struct cell cell = { .point = &point };

	(void)state;
	set_workload(WORKLOAD_UDP_RR);
	assert_int_equal(exchange_columns(&point, names), 6);
	cell.exchange.latency[0] = (struct quantile){
		.value = 12340, .lo = 12000, .hi = 200000, .valid = true
	};
	cell.exchange.latency[1] = (struct quantile){ .value = 500000 };
	cell.exchange.latency[2] = (struct quantile){
		.value = 900000, .lo = 800000, .valid = true, .open = true
	};
	exchange_fill(&cell, text);
	assert_string_equal(text[0], "12.3");
	assert_string_equal(text[1], "12.0 - 200");
	assert_string_equal(text[2], "500");
	assert_string_equal(text[3], "");
	assert_string_equal(text[4], "900");
	assert_string_equal(text[5], "above 800");
}

static void test_datagrams(void **state)
{
	const char *names[EXCHANGE_COLUMNS_MAX];
	struct cell cell = { .point = &point };

	(void)state;
	set_workload(WORKLOAD_UDP_STREAM);
	assert_int_equal(exchange_columns(&point, names), 4);
	exchange_fill(&cell, text);
	assert_string_equal(text[1], "-");
	cell.exchange.datagrams = 9997;
	cell.exchange.lost = 3;
	cell.exchange.sent_mbps = 100;
	exchange_fill(&cell, text);
	assert_string_equal(text[0], "100.0");
	assert_string_equal(text[1], "0.03 %");
	assert_string_equal(text[2], "0 %");
	set_workload(WORKLOAD_TCP_STREAM);
	assert_int_equal(exchange_columns(&point, names), 0);
}

static void test_the_noun_fits_all_points(void **state)
{
	struct point points[2];
	struct matrix matrix = { .point = points, .points = 2 };

	(void)state;
	point_init(&points[0]);
	points[1] = points[0];
	assert_string_equal(exchange_noun(&matrix), "throughput");
	points[1].value[AXIS_WORKLOAD] = WORKLOAD_TCP_CRR;
	assert_string_equal(exchange_noun(&matrix), "rate");
	points[0].value[AXIS_WORKLOAD] = WORKLOAD_TCP_RR;
	assert_string_equal(exchange_noun(&matrix), "transactions/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_of_exchanges_are_transactions),
		cmocka_unit_test(test_latencies),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_the_noun_fits_all_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
