/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const proc_cpu_names[CPU_STATES] = {
	[CPU_USER] = "user", [CPU_SYSTEM] = "system", [CPU_SOFTIRQ] = "softirq",
	[CPU_IRQ] = "irq",   [CPU_STEAL] = "steal",   [CPU_GUEST] = "guest",
	[CPU_IDLE] = "idle", [CPU_IOWAIT] = "iowait",
};

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

/* Up to `max` numbers of one line; *end is where they end. */
static size_t read_numbers(const char *text, uint64_t *value, size_t max,
			   const char **end)
{
	size_t n = 0;

	while (n < max) {
		char *after;

		while (*text == ' ' || *text == '\t')
			text++;
		/* a negative one (-1: none) is its two's complement */
		value[n] = strtoull(text, &after, 10);
		if (after == text || *text == '\n')
			break;
		text = after;
		n++;
	}
	if (end)
		*end = text;
	return n;
}

/* a - b, and 0 where the kernel's two readings do not fit each other. */
static uint64_t without(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

bool proc_parse_cpu_states(const char *text, int64_t tick_ns,
			   uint64_t ns[static CPU_STATES])
{
	/* user nice system idle iowait irq softirq steal guest guest_nice */
	uint64_t v[10] = { 0 };
	size_t n;

	if (strncmp(text, "cpu ", 4) != 0)
		return false;
	n = read_numbers(text + 4, v, 10, NULL);
	if (n < 7)
		return false;
	ns[CPU_USER] = without(v[0], v[8]) + without(v[1], v[9]);
	ns[CPU_SYSTEM] = v[2];
	ns[CPU_IDLE] = v[3];
	ns[CPU_IOWAIT] = v[4];
	ns[CPU_IRQ] = v[5];
	ns[CPU_SOFTIRQ] = v[6];
	ns[CPU_STEAL] = v[7];
	ns[CPU_GUEST] = v[8] + v[9];
	for (int i = 0; i < CPU_STATES; i++)
		ns[i] *= (uint64_t)tick_ns;
	return true;
}

bool proc_find_number(const char *text, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = next_line(line)) {
		const char *rest = line + length;

		if (strncmp(line, key, length) != 0 || !strchr(" \t:", *rest) ||
		    !*rest)
			continue;
		rest += strspn(rest, " \t:");
		return read_numbers(rest, value, 1, NULL) == 1;
	}
	return false;
}

/* "prefix" + "name" of the given lengths; cut where it is too long. */
static void set_name(char (*names)[PROC_NAME_MAX], size_t i, const char *prefix,
		     size_t prefix_length, const char *name, size_t length)
{
	if (names)
		snprintf(names[i], PROC_NAME_MAX, "%.*s%.*s",
			 (int)prefix_length, prefix, (int)length, name);
}

size_t proc_parse_softirqs(const char *text, char (*names)[PROC_NAME_MAX],
			   uint64_t *values, size_t max)
{
	const char *line = next_line(text); /* behind the CPUs' names */
	size_t rows = 0;

	for (; line && rows < max; line = next_line(line)) {
		const char *name = line + strspn(line, " ");
		size_t length = strcspn(name, ":\n");
		uint64_t value;

		if (name[length] != ':')
			continue;
		set_name(names, rows, "", 0, name, length);
		values[rows] = 0;
		for (const char *at = name + length + 1;
		     read_numbers(at, &value, 1, &at) == 1;)
			values[rows] += value;
		rows++;
	}
	return rows;
}

/* Settings and states, among what else counts. */
static bool is_counter(const char *name, size_t length)
{
	static const char *const others[] = {
		"Forwarding", "DefaultTTL", "RtoAlgorithm", "RtoMin",
		"RtoMax",     "MaxConn",    "CurrEstab",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i]) == length &&
		    strncmp(name, others[i], length) == 0)
			return false;
	return true;
}

/* "TcpExt: A B C" above "TcpExt: 1 2 3"; from row `rows` on. */
static size_t parse_pair(const char *head, const char *body,
			 char (*names)[PROC_NAME_MAX], uint64_t *values,
			 size_t rows, size_t max)
{
	char prefix[PROC_NAME_MAX];
	size_t length = strcspn(head, ":\n");

	if (head[length] != ':' || strncmp(head, body, length + 1) != 0)
		return rows;
	snprintf(prefix, sizeof(prefix), "%.*s.", (int)length, head);
	head += length + 1;
	body += length + 1;
	while (rows < max) {
		const char *name = head + strspn(head, " ");

		length = strcspn(name, " \n");
		if (length == 0 ||
		    read_numbers(body, &values[rows], 1, &body) != 1)
			break;
		if (is_counter(name, length)) {
			set_name(names, rows, prefix, strlen(prefix), name,
				 length);
			rows++;
		}
		head = name + length;
	}
	return rows;
}

size_t proc_parse_snmp(const char *text, char (*names)[PROC_NAME_MAX],
		       uint64_t *values, size_t max)
{
	size_t rows = 0;

	for (const char *head = text; head && *head;) {
		const char *body = next_line(head);

		if (!body)
			break;
		rows = parse_pair(head, body, names, values, rows, max);
		head = next_line(body);
	}
	return rows;
}

bool proc_parse_softnet(const char *text, uint64_t value[static 3])
{
	bool any = false;

	value[0] = value[1] = value[2] = 0;
	for (const char *line = text; line && *line; line = next_line(line)) {
		unsigned int v[3];

		if (sscanf(line, "%x %x %x", &v[0], &v[1], &v[2]) != 3)
			return false;
		for (int i = 0; i < 3; i++)
			value[i] += v[i];
		any = true;
	}
	return any;
}

bool proc_parse_netdev(const char *text, const char *ifname,
		       uint64_t value[static NETDEV_COUNTS])
{
	/* bytes packets errs drop fifo frame compressed multicast, twice */
	static const int place[NETDEV_COUNTS] = { 1, 0, 3, 2, 9, 8, 11, 10 };
	size_t length = strlen(ifname);
	uint64_t v[16];

	for (const char *line = text; line; line = next_line(line)) {
		const char *name = line + strspn(line, " ");

		if (strncmp(name, ifname, length) != 0 || name[length] != ':')
			continue;
		if (read_numbers(name + length + 1, v, 16, NULL) < 12)
			return false;
		for (int i = 0; i < NETDEV_COUNTS; i++)
			value[i] = v[place[i]];
		return true;
	}
	return false;
}

bool proc_parse_faults(const char *text, uint64_t *minor, uint64_t *major)
{
	const char *end = strrchr(text, ')');

	/* state ppid pgrp session tty tpgid flags minflt cminflt majflt */
	return end &&
	       sscanf(end + 1,
		      " %*c %*d %*d %*d %*d %*d %*u %" SCNu64 " %*u %" SCNu64,
		      minor, major) == 2;
}
