/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(offsetof(struct ring_shared, rsp_prod) == 8, "ring.h layout");
static_assert(offsetof(struct ring_shared, slot) == RING_HEADER_BYTES,
	      "ring.h layout");

/*
 * The memory order, once for both directions. P produces (writes slots, then
 * prod), C consumes (reads prod, then slots; writes event before it sleeps).
 *
 * 1. Slots before prod. C must never read a slot older than the prod that
 *    announced it: P's store of prod is a release, C's load an acquire.
 * 2. prod before event at P, event before prod at C. The lost wake-up:
 *        P: prod = new;  reads event (old) -> "no need to notify"
 *        C: event = n;   reads prod  (old) -> "nothing there, sleep"
 *    Both happen if either end's load overtakes its own store. Xen puts a
 *    full barrier between them at both ends. Here store and load are both
 *    seq_cst: in their single total order one of the two stores comes first,
 *    and the other end's load then sees it. tests/spin/ring.pml has the
 *    proof, and the counter-example for each end without it.
 * 3. An index is loaded once and the copy is judged: the peer may change it
 *    again at once.
 */

uint32_t ring_slots(uint32_t pages, uint32_t slot_bytes)
{
	uint32_t fit, size = 1;

	if (!pages || pages > RING_MAX_PAGES || !slot_bytes || slot_bytes % 4)
		return 0;
	fit = (pages * RING_PAGE_BYTES - RING_HEADER_BYTES) / slot_bytes;
	if (!fit)
		return 0;
	while (size <= fit / 2)
		size *= 2;
	return size;
}

void ring_init(struct ring_shared *shared, uint32_t pages)
{
	memset(shared, 0, (size_t)pages * RING_PAGE_BYTES);
	atomic_store(&shared->req_event, 1);
	atomic_store(&shared->rsp_event, 1);
}

void ring_front_attach(struct ring_front *front, struct ring_shared *shared,
		       uint32_t pages, uint32_t slot_bytes)
{
	*front = (struct ring_front){
		.shared = shared,
		.size = ring_slots(pages, slot_bytes),
		.slot_words = slot_bytes / 4,
	};
}

void ring_back_attach(struct ring_back *back, struct ring_shared *shared,
		      uint32_t pages, uint32_t slot_bytes)
{
	*back = (struct ring_back){
		.shared = shared,
		.size = ring_slots(pages, slot_bytes),
		.slot_words = slot_bytes / 4,
	};
}

/* Word by word, so that a slot rewritten meanwhile tears between words at
 * worst and the compiler cannot read one twice (XSA-155). */
static void slot_read(const _Atomic uint32_t *slot, void *to, size_t bytes)
{
	for (size_t i = 0; i < bytes / 4; i++) {
		uint32_t word =
			atomic_load_explicit(&slot[i], memory_order_relaxed);

		memcpy((char *)to + 4 * i, &word, 4);
	}
}

static void slot_write(_Atomic uint32_t *slot, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 4; i++) {
		uint32_t word;

		memcpy(&word, (const char *)from + 4 * i, 4);
		atomic_store_explicit(&slot[i], word, memory_order_relaxed);
	}
}

/* Shows `new`; true if the other end's event lies in (old, new]. */
static bool push(_Atomic uint32_t *prod, const _Atomic uint32_t *event,
		 uint32_t new)
{
	uint32_t old = atomic_load_explicit(prod, memory_order_relaxed);

	if (old == new)
		return false;
	atomic_store(prod, new); /* rules 1 and 2 */
	return new - atomic_load(event) < new - old;
}

/* Moves the event; true if prod is there already. */
static bool arm(_Atomic uint32_t *event, const _Atomic uint32_t *prod,
		uint32_t cons, uint32_t ahead)
{
	/* what is there counts before the event is moved: it would not fire */
	if (atomic_load_explicit(prod, memory_order_acquire) - cons >= ahead)
		return true;
	atomic_store(event, cons + ahead); /* rule 2 */
	return atomic_load(prod) - cons >= ahead;
}

uint32_t ring_front_room(const struct ring_front *front)
{
	return front->size - (front->req_prod_pvt - front->rsp_cons);
}

void ring_front_put(struct ring_front *front, const void *request, size_t bytes)
{
	uint32_t at = front->req_prod_pvt++ & (front->size - 1);

	slot_write(&front->shared->slot[at * front->slot_words], request,
		   bytes);
}

bool ring_front_push(struct ring_front *front)
{
	return push(&front->shared->req_prod, &front->shared->req_event,
		    front->req_prod_pvt);
}

uint32_t ring_front_unpushed(const struct ring_front *front)
{
	return front->req_prod_pvt -
	       atomic_load_explicit(&front->shared->req_prod,
				    memory_order_relaxed);
}

int ring_front_pending(const struct ring_front *front)
{
	uint32_t pending = atomic_load_explicit(&front->shared->rsp_prod,
						memory_order_acquire) -
			   front->rsp_cons;

	/* a response for every request at most */
	if (pending > front->req_prod_pvt - front->rsp_cons)
		return -EPROTO;
	return (int)pending;
}

void ring_front_get(struct ring_front *front, void *response, size_t bytes)
{
	uint32_t at = front->rsp_cons++ & (front->size - 1);

	slot_read(&front->shared->slot[at * front->slot_words], response,
		  bytes);
}

bool ring_front_arm(struct ring_front *front, uint32_t ahead)
{
	return arm(&front->shared->rsp_event, &front->shared->rsp_prod,
		   front->rsp_cons, ahead);
}

int ring_back_pending(const struct ring_back *back)
{
	uint32_t prod = atomic_load_explicit(&back->shared->req_prod,
					     memory_order_acquire);
	uint32_t pending = prod - back->req_cons;
	uint32_t room = back->size - (back->req_cons - back->rsp_prod_pvt);

	/* beyond the ring, or gone back behind what was taken already */
	if (prod - back->rsp_prod_pvt > back->size || pending > room)
		return -EPROTO;
	return (int)pending;
}

void ring_back_get(struct ring_back *back, void *request, size_t bytes)
{
	uint32_t at = back->req_cons++ & (back->size - 1);

	slot_read(&back->shared->slot[at * back->slot_words], request, bytes);
}

void ring_back_put(struct ring_back *back, const void *response, size_t bytes)
{
	uint32_t at = back->rsp_prod_pvt++ & (back->size - 1);

	slot_write(&back->shared->slot[at * back->slot_words], response, bytes);
}

uint32_t ring_back_unpushed(const struct ring_back *back)
{
	return back->rsp_prod_pvt -
	       atomic_load_explicit(&back->shared->rsp_prod,
				    memory_order_relaxed);
}

bool ring_back_push(struct ring_back *back)
{
	return push(&back->shared->rsp_prod, &back->shared->rsp_event,
		    back->rsp_prod_pvt);
}

bool ring_back_arm(struct ring_back *back, uint32_t ahead)
{
	return arm(&back->shared->req_event, &back->shared->req_prod,
		   back->req_cons, ahead);
}
