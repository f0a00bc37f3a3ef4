/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ring.h - Xen's asynchronous descriptor ring, in C11 atomics. The format on
 * the shared pages and the index arithmetic are those of Xen's public
 * io/ring.h, bit for bit.
 *
 *   byte  0  req_prod   u32   front writes: requests made so far
 *   byte  4  req_event  u32   back writes: wake me when req_prod passes it
 *   byte  8  rsp_prod   u32   back writes: responses made so far
 *   byte 12  rsp_event  u32   front writes: wake me when rsp_prod passes it
 *   byte 16  48 bytes of padding
 *   byte 64  slots: each a request or, later, a response in its place
 *
 * Slots: what fits the pages, rounded down to a power of two. Indices run
 * free as u32 and are masked on access. The consumers' indices are private,
 * so nobody can move another's place in the ring.
 *
 * Pure memory: no system call, no allocation, no wait. One thread drives a
 * ring_front, one thread a ring_back; the peer's writes are hostile until
 * checked. Called by netfront and netback (and tests).
 */
#ifndef VAZAO_XEN_RING_H
#define VAZAO_XEN_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_PAGE_BYTES	  4096
#define RING_HEADER_BYTES 64
#define RING_MAX_PAGES	  16

struct ring_shared {
	_Atomic uint32_t req_prod, req_event;
	_Atomic uint32_t rsp_prod, rsp_event;
	uint8_t pad[48];
	_Atomic uint32_t slot[]; /* in words; a slot is slot_words of them */
};

/* The end that makes requests. Fields are private to ring.c. */
struct ring_front {
	struct ring_shared *shared;
	uint32_t size, slot_words;
	uint32_t req_prod_pvt; /* made, not yet all pushed */
	uint32_t rsp_cons;
};

/* The end that answers them. */
struct ring_back {
	struct ring_shared *shared;
	uint32_t size, slot_words;
	uint32_t rsp_prod_pvt; /* made, not yet all pushed */
	uint32_t req_cons;
};

/* Slots of `slot_bytes` (a multiple of 4) on so many pages; 0 if none fits. */
uint32_t ring_slots(uint32_t pages, uint32_t slot_bytes);

/* Producers 0, events 1, slots zero: before the other end can see it. */
void ring_init(struct ring_shared *shared, uint32_t pages);

/* From index 0, as after ring_init(). */
void ring_front_attach(struct ring_front *front, struct ring_shared *shared,
		       uint32_t pages, uint32_t slot_bytes);
void ring_back_attach(struct ring_back *back, struct ring_shared *shared,
		      uint32_t pages, uint32_t slot_bytes);

/* Requests that may still be made before the ring is full. */
uint32_t ring_front_room(const struct ring_front *front);

/* Makes one request; `bytes` <= slot_bytes, a multiple of 4; needs room. */
void ring_front_put(struct ring_front *front, const void *request,
		    size_t bytes);

/* Shows what was put to the other end; true: it wants to be notified. */
bool ring_front_push(struct ring_front *front);

/* Requests put and not yet pushed. */
uint32_t ring_front_unpushed(const struct ring_front *front);

/* Responses to take, or -EPROTO: more than there were requests. */
int ring_front_pending(const struct ring_front *front);

/* Takes one response: one copy out of the shared page, each word read once. */
void ring_front_get(struct ring_front *front, void *response, size_t bytes);

/*
 * Before sleeping. Asks to be woken when `ahead` >= 1 more responses are
 * there; true: that many are there already, do not sleep.
 */
bool ring_front_arm(struct ring_front *front, uint32_t ahead);

/* The same, for the end that answers. Pending never exceeds the slots that
 * are free for responses; -EPROTO: req_prod runs ahead of the ring. */
int ring_back_pending(const struct ring_back *back);
void ring_back_get(struct ring_back *back, void *request, size_t bytes);
void ring_back_put(struct ring_back *back, const void *response, size_t bytes);
/* Responses put and not yet pushed. */
uint32_t ring_back_unpushed(const struct ring_back *back);
bool ring_back_push(struct ring_back *back);
bool ring_back_arm(struct ring_back *back, uint32_t ahead);

#endif
