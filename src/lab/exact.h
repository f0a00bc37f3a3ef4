/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exact.h - a machine whose clock counts its instructions, 1 ns each (QEMU's
 * -icount shift=0,sleep=off): the same start gives the same run, to the last
 * digit, whatever else the host does.
 *
 * Nothing comes in from outside: no card, no disk, no random device; clock,
 * boot seed and work (agent/errand.h) are given at the start, and what it
 * finds out comes over its second serial line into a memory file, so that no
 * reader can hold it up. It is another thing than machine.h's: one boot, one
 * report, no conversation.
 *
 * Called by study/exact.c, inside a cage.
 */
#ifndef VAZAO_LAB_EXACT_H
#define VAZAO_LAB_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum exact_kind {
	EXACT_LINUX, /* without a hypervisor */
	EXACT_XEN,   /* dom0 */
	EXACT_XEN_DOMU
};

struct exact_args {
	const char *name; /* of its own node: "native", "dom0" */
	enum exact_kind kind;
	const char *agent_path; /* PID 1 */
	const char *errand;	/* JSON */
	const char *words;	/* more for all kernels' command lines; "" */
	int memory_mib;		/* Linux, or domU */
	int dom0_memory_mib;
	uint64_t seed; /* of its kernels' random numbers */
};

struct exact;

/* Boots it and does not wait. Nothing is kept of `args`. */
int exact_start(struct exact **machine, const struct exact_args *args,
		struct err *err);
void exact_stop(struct exact *machine); /* NULL is fine */

/* Somebody has stopped it (SIGSTOP): its silence is no sign. */
bool exact_is_stopped(const struct exact *machine);

/* Readable once it has ended. */
int exact_end_fd(const struct exact *machine);

/*
 * The report's next line, without its end; borrowed until the next call.
 * 1, or 0 where there is none yet; -EPIPE once the machine has ended and all
 * was read, with its console's last lines.
 */
int exact_next_line(struct exact *machine, const char **line, struct err *err);

/* Its console's last lines, for an error of the caller's. */
void exact_read_console(const struct exact *machine, char *text, size_t size);

/*
 * What must be alike for runs to be the same: QEMU, images, agent; "qemu
 * 0f2e..., linux-bc2a..., ...". -ENOPKG, -ENOENT with what is missing.
 */
int exact_describe(const char *agent_path, char *text, size_t size,
		   struct err *err);

#endif
