/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/proc.h"

#define TICK (10 * NS_PER_MS)

static uint64_t total(const uint64_t ns[CPU_STATES])
{
	uint64_t sum = 0;

	for (int i = 0; i < CPU_STATES; i++)
		sum += ns[i];
	return sum;
}

/* The trap of guest: the kernel counts it in user, too. 50 % guest and 50 %
 * idle is 50 % busy, not 67 %. */
static void test_guest_is_inside_user(void **state)
{
	uint64_t ns[CPU_STATES];

	(void)state;
	assert_true(proc_parse_cpu_states("cpu  50 0 0 50 0 0 0 0 50 0\n", TICK,
					  ns));
	assert_int_equal(ns[CPU_USER], 0);
	assert_int_equal(ns[CPU_GUEST], 50 * TICK);
	assert_int_equal(total(ns), 100 * TICK);
	/* guest_nice is inside nice */
	assert_true(proc_parse_cpu_states("cpu  30 25 1 4 2 3 5 7 10 20\n",
					  TICK, ns));
	assert_int_equal(ns[CPU_USER], (20 + 5) * TICK);
	assert_int_equal(ns[CPU_GUEST], 30 * TICK);
	assert_int_equal(ns[CPU_SYSTEM], 1 * TICK);
	assert_int_equal(ns[CPU_IDLE], 4 * TICK);
	assert_int_equal(ns[CPU_IOWAIT], 2 * TICK);
	assert_int_equal(ns[CPU_IRQ], 3 * TICK);
	assert_int_equal(ns[CPU_SOFTIRQ], 5 * TICK);
	assert_int_equal(ns[CPU_STEAL], 7 * TICK);
	assert_int_equal(total(ns), (30 + 25 + 1 + 4 + 2 + 3 + 5 + 7) * TICK);
}

/* The kernel reads guest and user one after the other. */
static void test_guest_beyond_user_is_not_negative(void **state)
{
	uint64_t ns[CPU_STATES];

	(void)state;
	assert_true(
		proc_parse_cpu_states("cpu  9 0 0 0 0 0 0 0 10 0\n", TICK, ns));
	assert_int_equal(ns[CPU_USER], 0);
}

static void test_old_and_broken_stat(void **state)
{
	uint64_t ns[CPU_STATES];

	(void)state;
	/* 2.6.11: no steal yet */
	assert_true(proc_parse_cpu_states("cpu  1 2 3 4 5 6 7\ncpu0 1\n", TICK,
					  ns));
	assert_int_equal(ns[CPU_STEAL], 0);
	assert_int_equal(ns[CPU_SOFTIRQ], 7 * TICK);
	assert_false(proc_parse_cpu_states("cpu0 1 2 3 4 5 6 7\n", TICK, ns));
	assert_false(proc_parse_cpu_states("cpu  1 2 3\n", TICK, ns));
	assert_false(proc_parse_cpu_states("", TICK, ns));
}

static void test_numbers_by_key(void **state)
{
	const char *text = "pgfaults_other 1\npgfault 77\nctxt 5\n"
			   "se.nr_migrations      :      12\n"
			   "se.sum_exec_runtime   :  1234.567890\nempty\n";
	uint64_t value;

	(void)state;
	assert_true(proc_find_number(text, "pgfault", &value));
	assert_int_equal(value, 77);
	assert_true(proc_find_number(text, "se.nr_migrations", &value));
	assert_int_equal(value, 12);
	assert_true(proc_find_number(text, "se.sum_exec_runtime", &value));
	assert_int_equal(value, 1234);
	assert_false(proc_find_number(text, "pgmajfault", &value));
	assert_false(proc_find_number(text, "empty", &value));
	assert_false(proc_find_number(text, "fault", &value));
}

static void test_softirqs(void **state)
{
	const char *text = "                    CPU0       CPU1\n"
			   "          HI:          1          2\n"
			   "      NET_RX: 4294967296         10\n";
	char names[4][PROC_NAME_MAX];
	uint64_t values[4];

	(void)state;
	assert_int_equal(proc_parse_softirqs(text, names, values, 4), 2);
	assert_string_equal(names[0], "HI");
	assert_int_equal(values[0], 3);
	assert_string_equal(names[1], "NET_RX");
	assert_int_equal(values[1], UINT64_C(4294967306));
	assert_int_equal(proc_parse_softirqs(text, NULL, values, 1), 1);
	assert_int_equal(proc_parse_softirqs("nonsense", names, values, 4), 0);
}

static void test_snmp(void **state)
{
	const char *text = "Ip: Forwarding DefaultTTL InReceives\n"
			   "Ip: 2 64 12\n"
			   "Tcp: RtoAlgorithm MaxConn CurrEstab OutSegs\n"
			   "Tcp: 1 -1 3 99\n"
			   "TcpExt: A TCPRcvCollapsed\nTcpExt: 0 5\n"
			   "Cut: A B\n";
	char names[8][PROC_NAME_MAX];
	uint64_t values[8];

	(void)state;
	assert_int_equal(proc_parse_snmp(text, names, values, 8), 4);
	assert_string_equal(names[0], "Ip.InReceives");
	assert_int_equal(values[0], 12);
	assert_string_equal(names[1], "Tcp.OutSegs");
	assert_int_equal(values[1], 99);
	assert_string_equal(names[3], "TcpExt.TCPRcvCollapsed");
	assert_int_equal(values[3], 5);
	/* no more than there is room for, no row without its number */
	assert_int_equal(proc_parse_snmp(text, names, values, 3), 3);
	assert_int_equal(
		proc_parse_snmp("Tcp: A B\nTcp: 1\n", names, values, 8), 1);
	assert_int_equal(proc_parse_snmp("Tcp: A\nUdp: 1\n", names, values, 8),
			 0);
	assert_int_equal(proc_parse_snmp("", names, values, 8), 0);
}

static void test_long_names_are_cut(void **state)
{
	char text[600], names[2][PROC_NAME_MAX];
	char word[150];
	uint64_t values[2];

	(void)state;
	memset(word, 'x', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	snprintf(text, sizeof(text), "%s: %s\n%s: 4\n", word, word, word);
	assert_int_equal(proc_parse_snmp(text, names, values, 2), 1);
	assert_int_equal(strlen(names[0]), PROC_NAME_MAX - 1);
}

static void test_softnet(void **state)
{
	uint64_t value[3];

	(void)state;
	assert_true(proc_parse_softnet("0000000a 00000001 00000002 00000000\n"
				       "ffffffff 00000000 00000010 00000000\n",
				       value));
	assert_int_equal(value[0], UINT64_C(0xffffffff) + 10);
	assert_int_equal(value[1], 1);
	assert_int_equal(value[2], 18);
	assert_false(proc_parse_softnet("what is this\n", value));
	assert_false(proc_parse_softnet("", value));
}

static void test_netdev(void **state)
{
	const char *text =
		"Inter-|   Receive                  |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed\n"
		"veth0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
		"  eth0:4300 43 3 2 0 0 0 9 5500 55 7 6 0 0 0 0\n";
	uint64_t v[NETDEV_COUNTS];

	(void)state;
	assert_true(proc_parse_netdev(text, "eth0", v));
	assert_int_equal(v[NETDEV_RX_PACKETS], 43);
	assert_int_equal(v[NETDEV_RX_BYTES], 4300);
	assert_int_equal(v[NETDEV_RX_ERRORS], 3);
	assert_int_equal(v[NETDEV_RX_DROPPED], 2);
	assert_int_equal(v[NETDEV_TX_PACKETS], 55);
	assert_int_equal(v[NETDEV_TX_BYTES], 5500);
	assert_int_equal(v[NETDEV_TX_ERRORS], 7);
	assert_int_equal(v[NETDEV_TX_DROPPED], 6);
	assert_false(proc_parse_netdev(text, "eth", v));
	assert_false(proc_parse_netdev("eth0: 1 2\n", "eth0", v));
}

static void test_faults(void **state)
{
	uint64_t minor, major;

	(void)state;
	assert_true(proc_parse_faults("12 (a) b (c) S 1 2 3 4 5 6 70 1 80 2 9",
				      &minor, &major));
	assert_int_equal(minor, 70);
	assert_int_equal(major, 80);
	assert_false(proc_parse_faults("12 (sh) S 1 2", &minor, &major));
	assert_false(proc_parse_faults("", &minor, &major));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_is_inside_user),
		cmocka_unit_test(test_guest_beyond_user_is_not_negative),
		cmocka_unit_test(test_old_and_broken_stat),
		cmocka_unit_test(test_numbers_by_key),
		cmocka_unit_test(test_softirqs),
		cmocka_unit_test(test_snmp),
		cmocka_unit_test(test_long_names_are_cut),
		cmocka_unit_test(test_softnet),
		cmocka_unit_test(test_netdev),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
