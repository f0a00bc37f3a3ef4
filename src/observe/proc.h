/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc.h - what the kernel's files in /proc say, from their text. Pure.
 *
 * Called by the sources of this room (kernel.c, node.c, process.c). A text is
 * NUL-ended. Formats: proc(5) and, for softnet_stat, netdev.h's softnet_data.
 */
#ifndef VAZAO_OBSERVE_PROC_H
#define VAZAO_OBSERVE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpu_state {
	CPU_USER, /* with nice, without guest */
	CPU_SYSTEM,
	CPU_SOFTIRQ,
	CPU_IRQ,
	CPU_STEAL,
	CPU_GUEST, /* with guest_nice */
	CPU_IDLE,
	CPU_IOWAIT,
	CPU_STATES
};

/* "user", "system" ... */
extern const char *const proc_cpu_names[CPU_STATES];

/*
 * The line "cpu" of /proc/stat, all CPUs together, in ns. The kernel counts
 * guest within user and guest_nice within nice; here the states are disjoint.
 * False where the text has no such line.
 */
bool proc_parse_cpu_states(const char *text, int64_t tick_ns,
			   uint64_t ns[static CPU_STATES]);

/* The first number behind `key` at a line's start, "ctxt 123" or "key : 123";
 * a fraction is cut off. */
bool proc_find_number(const char *text, const char *key, uint64_t *value);

#define PROC_NAME_MAX 40

/*
 * Tables: names[i] gets values[i], both as long as max; the number of rows is
 * returned, 0 where the text is something else. `names` may be NULL: a kernel
 * has the same rows each time.
 */

/* /proc/softirqs: "NET_RX", summed over the CPUs. */
size_t proc_parse_softirqs(const char *text, char (*names)[PROC_NAME_MAX],
			   uint64_t *values, size_t max);

/* /proc/net/snmp and netstat: "TcpExt.TCPRcvCollapsed". What is no counter
 * but a setting or a state (RtoMin, CurrEstab ...) is left out. */
size_t proc_parse_snmp(const char *text, char (*names)[PROC_NAME_MAX],
		       uint64_t *values, size_t max);

/* /proc/net/softnet_stat: processed, dropped, time_squeeze, summed. */
bool proc_parse_softnet(const char *text, uint64_t value[static 3]);

enum netdev_count {
	NETDEV_RX_PACKETS,
	NETDEV_RX_BYTES,
	NETDEV_RX_DROPPED,
	NETDEV_RX_ERRORS,
	NETDEV_TX_PACKETS,
	NETDEV_TX_BYTES,
	NETDEV_TX_DROPPED,
	NETDEV_TX_ERRORS,
	NETDEV_COUNTS
};

/* One interface's line of /proc/net/dev. */
bool proc_parse_netdev(const char *text, const char *ifname,
		       uint64_t value[static NETDEV_COUNTS]);

/* Page faults of /proc/PID/stat; a command's name may hold anything. */
bool proc_parse_faults(const char *text, uint64_t *minor, uint64_t *major);

#endif
