/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * grant.h - Xen's grant table, version 1: which frames of the front's memory
 * the back may use. The format is that of Xen's public grant_table.h:
 *
 *   bytes 0-1 flags, 2-3 domid of the other end, 4-7 frame number
 *
 *   give:      frame and domid first, then flags (release)
 *   pin:       compare-and-swap of flags+domid: sets GTF_reading, and
 *              GTF_writing for a writable use; the frame is read once, after
 *   unpin:     the last one clears what pinning set
 *   revoke:    compare-and-swap to 0, refused while pinned
 *   transfer:  accept_transfer -> committed -> new frame -> completed
 *
 * In Xen the hypervisor pins, and so nobody can cheat. Here nobody stands
 * above both processes; the user of a grant_view is the backend itself. What
 * the kernel enforces is the outer line (memory.h: regions, tx read-only);
 * that a backend touches only granted frames within a region is kept by this
 * file alone. Against a hostile FRONT it is complete: a view never believes
 * the table twice, so an entry altered while pinned changes nothing.
 * What that means for each receive mode is said in netback.h.
 *
 * Called by netfront (grant_table) and netback (grant_view).
 */
#ifndef VAZAO_XEN_GRANT_H
#define VAZAO_XEN_GRANT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define GTF_type_mask	    3u
#define GTF_invalid	    0u
#define GTF_permit_access   1u
#define GTF_accept_transfer 2u
/* with permit_access */
#define GTF_readonly 4u
#define GTF_reading  8u
#define GTF_writing  16u
/* with accept_transfer */
#define GTF_transfer_committed 4u
#define GTF_transfer_completed 8u

/* Xen's status codes of grant operations. */
#define GNTST_okay		0
#define GNTST_general_error	(-1)
#define GNTST_bad_domain	(-2)
#define GNTST_bad_gntref	(-3)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page		(-9)
#define GNTST_bad_copy_arg	(-10)

#define GRANT_RESERVED 8 /* refs that Xen keeps for its own use */

struct grant_entry {
	_Atomic uint32_t head; /* flags, domid << 16 */
	_Atomic uint32_t frame;
};

#define GRANTS_PER_PAGE 512

/* The end that grants: the table and nothing else. */
struct grant_table {
	struct grant_entry *entry; /* shared */
	uint32_t count;
	uint16_t domid; /* of the other end: who is granted */
};

void grant_give(struct grant_table *table, uint32_t ref, uint32_t frame,
		bool readonly);
/* 0, or -EBUSY while the other end has it pinned: try later. */
int grant_revoke(struct grant_table *table, uint32_t ref);
/* Asks for a frame; `frame` is what is given up for it. */
void grant_offer(struct grant_table *table, uint32_t ref, uint32_t frame);
/* 0 and the frame received; -ENODATA: none came, the offer is withdrawn;
 * -EBUSY: the other end has begun and not finished. */
int grant_take(struct grant_table *table, uint32_t ref, uint32_t *frame);

/* The end that uses grants. Opaque: pins are private memory. */
struct grant_view;

struct grant_view_args {
	struct grant_entry *entry; /* shared */
	uint32_t count;
	uint32_t frames; /* numbers below this exist */
	uint16_t domid;	 /* our own */
	bool persistent; /* keep pins: a ref is checked on first use only */
};

int grant_view_open(struct grant_view **view,
		    const struct grant_view_args *args, struct err *err);
/* Drops every pin left, so that the front can revoke all it gave. */
void grant_view_close(struct grant_view *view);

/* GNTST_okay and the frame, or the status. Pins nest. */
int grant_pin(struct grant_view *view, uint32_t ref, bool write,
	      uint32_t *frame);
void grant_unpin(struct grant_view *view, uint32_t ref, bool write);

/* Moves `give` to the front in exchange for the frame it offered; not the
 * contents' business. */
int grant_transfer(struct grant_view *view, uint32_t ref, uint32_t give,
		   uint32_t *received);

/* Pins now held; for tests and counters. */
uint32_t grant_view_pins(const struct grant_view *view);

#endif
