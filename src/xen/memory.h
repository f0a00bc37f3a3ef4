/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.h - pages that two processes share: sealed memfds.
 *
 * The guest's memory that a backend may see is three regions, each a memfd of
 * its own, so that the kernel, not good will, draws the outer line: a backend
 * gets no descriptor for anything else of the front's.
 *
 *   control   grant table and rings              both ends write
 *   tx        frames the front sends from        F_SEAL_FUTURE_WRITE: a
 *                                                backend cannot even map it
 *                                                writable
 *   rx        frames the front receives into     both ends write
 *
 * Frames are numbered through: control 0.., then tx, then rx. Inside a region
 * the grant table says what may be used; grant.h says who enforces that.
 *
 * A memfd somebody else made is a weapon until checked: cut short, it is a
 * SIGBUS in whoever mapped it; on hugetlbfs, a SIGBUS when the pool is empty.
 * memory_map() demands tmpfs and F_SEAL_SHRINK|GROW|SEAL. Punching holes still
 * works under the seals and reads as zeroes: harmless.
 *
 * Called by netfront (create) and netback (map).
 */
#ifndef VAZAO_XEN_MEMORY_H
#define VAZAO_XEN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MEMORY_MAX_FRAMES 65536 /* of one region: 256 MiB */

struct memory {
	uint8_t *base; /* NULL: not mapped */
	uint32_t frames;
	int fd; /* -1: none */
};

#define MEMORY_INIT                    \
	{                              \
		.base = NULL, .fd = -1 \
	}

enum memory_seal { MEMORY_SHARED, MEMORY_PEER_READS };

/* Creates, maps read-write and seals. */
int memory_create(struct memory *memory, const char *name, uint32_t frames,
		  enum memory_seal seal, struct err *err);

/*
 * Takes fd over (closed on error too), checks it and maps all of it.
 * -EPROTO where it is no sealed memfd of at least `frames` pages. `what` is
 * for messages.
 */
int memory_map(struct memory *memory, int fd, uint32_t frames, bool writable,
	       const char *what, struct err *err);

/* The same check; nothing is mapped. */
int memory_check(int fd, uint32_t frames, const char *what, struct err *err);

/* `frames` pages of address space that show nothing yet. */
int memory_reserve(struct memory *memory, uint32_t frames, struct err *err);

/* Page `at` of a reservation shows page `frame` of fd from now on. */
int memory_show(struct memory *memory, uint32_t at, int fd, uint32_t frame);

void memory_free(struct memory *memory);

static inline uint8_t *memory_page(const struct memory *memory, uint32_t at)
{
	return memory->base + (size_t)at * 4096;
}

#endif
