/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab_bed.h - a small lab to test in, and plain TCP through it.
 *
 * Called by tests/lab/lab_*_test.c, inside a cage. The bed does to a path's
 * ends what an agent would: MTU and offload.
 */
#ifndef VAZAO_TESTS_LAB_BED_H
#define VAZAO_TESTS_LAB_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/lab.h"
#include "lab/path.h"

enum { BED_NATIVE, BED_DOM0, BED_NATIVE2, BED_PATHS };

/* Aborts with the text where the lab cannot be built. */
struct lab *bed_create(int64_t link_bps, const char *self_path);

/* Ends by ioctl, hops by lab_set_hops(). */
void bed_set(struct lab *lab, size_t path, int mtu, int offload);

/*
 * A bulk TCP stream M1 -> M2 (or back, `reverse`) for duration_ns, after
 * 100 ms of slow start.
 */
struct bed_stream {
	/* Payload that the receiver read, and in what time. */
	int64_t bytes, duration_ns;
	/* What the sender's plug sent, counted as a wire does, within at most
	 * that time: exact where the receiver was late to read. */
	int64_t wire_bytes, wire_ns;
};
struct bed_stream bed_run_stream(struct lab *lab, size_t path, bool reverse,
				 int64_t duration_ns);

/*
 * A trap on a hop: a socket that keeps only the frames that exceed the MTU.
 * Counting closes it, and counts those, too, that found no room in it.
 */
int bed_open_trap(const struct lab_hop *hop, int mtu);
unsigned bed_count_caught(int trap);

/*
 * Is more than a fifth of the machine at work while the test is not? Takes a
 * second. For who has not reached a rate: a process that waits for a CPU is no
 * wire.
 */
bool bed_machine_is_busy(void);

/* "--rootless": gives up root. */
void bed_take_arguments(int argc, char **argv);

/*
 * main() of a test: takes the arguments and runs `inside` in a cage; exit
 * status 77 with the reason where the machine allows none.
 */
int bed_main(int argc, char **argv, int (*inside)(void *arg));

#endif
