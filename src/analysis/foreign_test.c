/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of other tools: what they tell is taken, what is none of them or
 * failed is refused. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/foreign.h"

static struct err err = ERR_INIT;
static struct foreign found[FOREIGN_MAX];

static size_t parse(const char *text)
{
	size_t count;

	if (foreign_parse(text, strlen(text), found, &count, &err))
		fail_msg("%s", err.text);
	return count;
}

static void refuse(const char *text, const char *said)
{
	size_t count;

	if (foreign_parse(text, strlen(text), found, &count, &err) != -EINVAL ||
	    !strstr(err.text, said))
		fail_msg("'%s', not '%s'", err.text, said);
}

#define IPERF3(test, more)                                                \
	"{\"start\":{\"tcp_mss_default\":1448,\"sock_bufsize\":65536,"    \
	"\"test_start\":{" test                                           \
	"}},\"intervals\":[],\"end\":{\"sum_sent\":{\"bits_per_second\":" \
	"2e9},\"sum_received\":{\"bits_per_second\":1234567890.5,"        \
	"\"seconds\":7.01}}" more "}"
#define TCP "\"protocol\":\"TCP\",\"num_streams\":2,\"blksize\":16384"

static void test_iperf3(void **state)
{
	const int64_t *v = found[0].point.value;

	(void)state;
	assert_int_equal(parse(IPERF3(TCP ",\"reverse\":1", "")), 1);
	assert_string_equal(found[0].tool, "iperf3");
	assert_true(fabs(found[0].throughput_mbps - 1234.5678905) < 1e-9);
	assert_true(found[0].seconds == 7.01);
	assert_int_equal(v[AXIS_MTU], 1500);
	assert_int_equal(v[AXIS_SOCKET_SIZE], 65536);
	assert_int_equal(v[AXIS_MESSAGE_SIZE], 16384);
	assert_int_equal(v[AXIS_FLOWS], 2);
	assert_int_equal(v[AXIS_DIRECTION], DIRECTION_RECEIVE);
	assert_false(found[0].told[AXIS_OFFLOAD]);
	refuse(IPERF3(TCP, ",\"error\":\"unable to connect\""),
	       "iperf3 failed: unable to connect");
	refuse(IPERF3("\"protocol\":\"UDP\"", ""), "only TCP");
	refuse(IPERF3(TCP ",\"bidir\":1", ""), "two directions");
	refuse("{\"start\":{\"test_start\":{" TCP "}},\"end\":{}}",
	       "sum_received");
}

static void test_netperf_keys(void **state)
{
	const int64_t *v = found[1].point.value;

	(void)state;
	assert_int_equal(
		parse("OMNI Send TEST from 0.0.0.0 () port 0 AF_INET\n"
		      "THROUGHPUT=941.2\nTHROUGHPUT_UNITS=10^6bits/s\n"
		      "PROTOCOL=TCP\nDIRECTION=Send\nELAPSED_TIME=10.00\n"
		      "LSS_SIZE_REQ=-1\nLOCAL_SEND_SIZE=4096\n"
		      "TRANSPORT_MSS=448\n"
		      "THROUGHPUT=100\nTHROUGHPUT_UNITS=MBytes/s\n"
		      "DIRECTION=Receive\nLSR_SIZE_REQ=8192\n"
		      "REMOTE_SEND_SIZE=512\n"),
		2);
	assert_true(found[0].throughput_mbps == 941.2);
	assert_true(found[0].seconds == 10);
	assert_int_equal(found[0].point.value[AXIS_SOCKET_SIZE], 0);
	assert_int_equal(found[0].point.value[AXIS_MTU], 500);
	assert_true(fabs(found[1].throughput_mbps - 838.8608) < 1e-9);
	assert_int_equal(v[AXIS_DIRECTION], DIRECTION_RECEIVE);
	assert_int_equal(v[AXIS_SOCKET_SIZE], 8192);
	assert_int_equal(v[AXIS_MESSAGE_SIZE], 512);
	refuse("THROUGHPUT=941.2\nPROTOCOL=UDP\n", "only TCP");
	refuse("PROTOCOL=TCP\n", "no THROUGHPUT");
	refuse("THROUGHPUT=9\nTHROUGHPUT_UNITS=Trans/s\n", "no stream's");
}

static void test_netperf_csv(void **state)
{
	(void)state;
	assert_int_equal(
		parse("OMNI Send TEST from here to there\n"
		      "Throughput,Throughput Units,Elapsed Time (sec),"
		      "\"Local Send Socket Size Requested\",Local Send Size\n"
		      "941.20,10^6bits/s,10.00,16384,\"65536\"\n"
		      "470.60,10^6bits/s,5.00,16384,1024\n"),
		2);
	assert_true(found[1].throughput_mbps == 470.6);
	assert_true(found[1].seconds == 5);
	assert_int_equal(found[0].point.value[AXIS_SOCKET_SIZE], 16384);
	assert_int_equal(found[0].point.value[AXIS_MESSAGE_SIZE], 65536);
	assert_int_equal(found[1].point.value[AXIS_MESSAGE_SIZE], 1024);
	refuse("Throughput,Throughput Units\n1,2,3\n", "fields of its head");
}

#define FLENT(results)                                                   \
	"{\"version\":4,\"x_values\":[0,0.2],\"results\":{" results "}," \
	"\"metadata\":{\"LENGTH\":60,\"SERIES_META\":{"                  \
	"\"TCP upload\":{\"UNITS\":\"Mbits/s\"},"                        \
	"\"TCP download sum\":{\"UNITS\":\"Mbits/s\"},"                  \
	"\"TCP download::1\":{\"UNITS\":\"Mbits/s\"},"                   \
	"\"TCP download avg\":{\"UNITS\":\"Mbits/s\"},"                  \
	"\"Ping (ms) ICMP\":{\"UNITS\":\"ms\"}}}}"

static void test_flent(void **state)
{
	(void)state;
	assert_int_equal(parse(FLENT("\"TCP upload\":[null,90,110],"
				     "\"Ping (ms) ICMP\":[1,2],"
				     "\"TCP download::1\":[1],"
				     "\"TCP download::2\":[2],"
				     "\"TCP download avg\":[1.5],"
				     "\"TCP download sum\":[3,null]")),
			 2);
	assert_true(found[0].throughput_mbps == 100);
	assert_int_equal(found[0].point.value[AXIS_FLOWS], 1);
	assert_true(found[1].throughput_mbps == 3);
	assert_int_equal(found[1].point.value[AXIS_FLOWS], 2);
	assert_int_equal(found[1].point.value[AXIS_DIRECTION],
			 DIRECTION_RECEIVE);
	refuse(FLENT("\"Ping (ms) ICMP\":[1,2]"), "no TCP series");
}

static void test_what_is_none_of_them(void **state)
{
	(void)state;
	refuse("", "no file of iperf3");
	refuse("hello\n", "no file of iperf3");
	refuse("{", "no JSON");
	refuse("{}", "neither iperf3's");
	refuse("{\"error\":\"no route\"}", "the tool failed: no route");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iperf3),
		cmocka_unit_test(test_netperf_keys),
		cmocka_unit_test(test_netperf_csv),
		cmocka_unit_test(test_flent),
		cmocka_unit_test(test_what_is_none_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
