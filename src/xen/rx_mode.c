/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/vif.h"

#include <string.h>
#include <sys/uio.h>

/* Each of the ways from a frame read off the TAP to the guest's pages:
 * netif_mode.h says what they mean. */

static struct rx_page *own_page(struct rx_state *rx, int at)
{
	return &rx->page[(rx->page_at + (uint32_t)at) % rx->pages];
}

/* Flips: into pages of our own; they go to the guest as they are. */
static int aim_own_pages(struct vif_queue *queue, struct iovec *iov)
{
	int iovs = 0;

	for (int i = 0; i < VIF_FRAME_PAGES; i++) {
		uint8_t *base = own_page(&queue->rx_state, i)->base;
		struct iovec *last = iov + iovs - 1;

		if (iovs && (uint8_t *)last->iov_base + last->iov_len == base)
			last->iov_len += XEN_PAGE_SIZE;
		else
			iov[iovs++] = (struct iovec){ base, XEN_PAGE_SIZE };
	}
	return iovs;
}

/* A frame the guest offered must be one that is the guest's to give. */
static bool exchange_owner(struct vif *vif, uint32_t given, uint32_t received)
{
	uint32_t first = vif->guest.first_rx;

	if (received < first || received >= vif->guest.end ||
	    vif->owned[received - first]) {
		vif->fatal = "a frame offered for transfer is not the guest's";
		return false;
	}
	vif->owned[given - first] = 0;
	vif->owned[received - first] = 1;
	return true;
}

static int flip(struct vif_queue *queue, struct rx_slot *slot,
		uint32_t *received)
{
	struct vif *vif = queue->vif;
	struct rx_page *page = &queue->rx_state.page[queue->rx_state.page_at];
	int status = grant_transfer(vif->grants, slot->request.gref,
				    page->frame, received);

	if (status != GNTST_okay)
		return status;
	if (!exchange_owner(vif, page->frame, *received))
		return GNTST_bad_page;
	page->frame = *received;
	queue->rx_state.page_at =
		(queue->rx_state.page_at + 1) % queue->rx_state.pages;
	queue->counters.flips++;
	return GNTST_okay;
}

static int land_flip_index(struct vif_queue *queue, struct rx_slot *slot,
			   int at, uint32_t bytes)
{
	struct rx_page *page = &queue->rx_state.page[queue->rx_state.page_at];
	struct vif *vif = queue->vif;
	uint32_t received;
	int status = flip(queue, slot, &received);

	(void)at;
	(void)bytes;
	if (status == GNTST_okay)
		page->base = memory_page(&vif->guest.rx,
					 received - vif->guest.first_rx);
	return status;
}

static int land_flip_map(struct vif_queue *queue, struct rx_slot *slot, int at,
			 uint32_t bytes)
{
	uint32_t window = queue->rx_state.page_at;
	struct vif *vif = queue->vif;
	uint32_t received;
	int status = flip(queue, slot, &received);

	(void)at;
	(void)bytes;
	if (status != GNTST_okay)
		return status;
	queue->counters.remaps++;
	if (memory_show(&queue->rx_state.window, window, vif->guest.rx.fd,
			received - vif->guest.first_rx))
		vif->fatal = "remapping a flipped page failed";
	return GNTST_okay;
}

static void flush_nothing(struct vif_queue *queue)
{
	(void)queue;
}

/* Copies: into the arena first. */
static int aim_arena(struct vif_queue *queue, struct iovec *iov)
{
	struct rx_state *rx = &queue->rx_state;

	iov[0] = (struct iovec){ rx->arena + rx->arena_used, VIF_FRAME_BYTES };
	return 1;
}

static int land_copy(struct vif_queue *queue, struct rx_slot *slot, int at,
		     uint32_t bytes)
{
	struct vif *vif = queue->vif;
	struct rx_state *rx = &queue->rx_state;
	const uint8_t *from =
		rx->arena + rx->arena_used + (size_t)at * XEN_PAGE_SIZE;
	uint32_t frame;
	uint8_t *to;
	int status = grant_pin(vif->grants, slot->request.gref, true, &frame);

	if (status != GNTST_okay)
		return status;
	to = guest_page(&vif->guest, frame, true);
	if (to) {
		memcpy(to, from, bytes);
		queue->counters.copies++;
		queue->counters.copied_bytes += bytes;
	}
	grant_unpin(vif->grants, slot->request.gref, true);
	return to ? GNTST_okay : GNTST_bad_page;
}

static int land_later(struct vif_queue *queue, struct rx_slot *slot, int at,
		      uint32_t bytes)
{
	struct rx_state *rx = &queue->rx_state;

	rx->copy[rx->copies++] = (struct rx_copy){
		.gref = slot->request.gref,
		.bytes = bytes,
		.from = rx->arena + rx->arena_used + (size_t)at * XEN_PAGE_SIZE,
		.response = rx->responses,
	};
	return GNTST_okay;
}

static void fail_copy(struct vif_queue *queue, const struct rx_copy *copy)
{
	struct rx_state *rx = &queue->rx_state;

	rx->response[copy->response].rsp.status = NETIF_RSP_ERROR;
	queue->counters.rx_errors++;
}

/* One copy for each op that pins; the others get their status at once. */
static int prepare_copies(struct vif_queue *queue, struct iovec *local,
			  struct iovec *remote, struct rx_copy **op)
{
	struct vif *vif = queue->vif;
	struct rx_state *rx = &queue->rx_state;
	int n = 0;

	for (int i = 0; i < rx->copies; i++) {
		struct rx_copy *copy = &rx->copy[i];
		uint64_t address;
		uint32_t frame;

		if (grant_pin(vif->grants, copy->gref, true, &frame)) {
			fail_copy(queue, copy);
			continue;
		}
		address = guest_address(&vif->guest, frame, true);
		if (!address) {
			grant_unpin(vif->grants, copy->gref, true);
			fail_copy(queue, copy);
			continue;
		}
		local[n].iov_base = (void *)copy->from;
		remote[n].iov_base = (void *)address;
		local[n].iov_len = remote[n].iov_len = copy->bytes;
		op[n++] = copy;
	}
	return n;
}

/* process_vm_writev stops at the first address it cannot write: that op has
 * failed, and the rest is tried after it. */
static int write_copies(struct vif_queue *queue, struct iovec *local,
			struct iovec *remote, int count)
{
	ssize_t n = process_vm_writev(queue->vif->guest.pid, local,
				      (unsigned long)count, remote,
				      (unsigned long)count, 0);
	int done = 0;

	while (done < count && n >= (ssize_t)local[done].iov_len)
		n -= (ssize_t)local[done++].iov_len;
	return done;
}

static void flush_copies(struct vif_queue *queue)
{
	enum { MOST = VIF_FRAME_PAGES * VIF_COPIES };
	struct iovec local[MOST], remote[MOST];
	struct rx_copy *op[MOST];
	int n = prepare_copies(queue, local, remote, op);
	int at = 0;

	while (at < n) {
		int done = write_copies(queue, local + at, remote + at, n - at);

		/* done <= n - at, of which each has its op */
		for (int i = at; i < at + done; i++)
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
			queue->counters.copied_bytes += op[i]->bytes;
		queue->counters.copies += (uint64_t)done;
		at += done;
		if (at < n)
			fail_copy(queue, op[at++]);
	}
	for (int i = 0; i < n; i++)
		grant_unpin(queue->vif->grants, op[i]->gref, true);
	queue->rx_state.copies = 0;
}

/*
 * copy with `direct`: the slots' pages are pinned when taken off the ring. The
 * second slot is left out where large frames are agreed on, for theirs is the
 * GSO extra's; a frame that turns out to be large and to have none (rare: a
 * jumbo MTU) is moved up by a slot.
 */
static int aim_slots(struct vif_queue *queue, struct iovec *iov)
{
	struct rx_state *rx = &queue->rx_state;
	int iovs = 0;

	for (int i = 0; i < rx->slots && i < VIF_RX_SLOTS; i++) {
		uint8_t *base = rx->slot[i].page;
		struct iovec *last = iov + iovs - 1;

		if (i == (queue->vif->gso ? 1 : VIF_FRAME_PAGES))
			continue;
		if (iovs && (uint8_t *)last->iov_base + last->iov_len == base)
			last->iov_len += XEN_PAGE_SIZE;
		else
			iov[iovs++] = (struct iovec){ base, XEN_PAGE_SIZE };
	}
	return iovs;
}

static int land_there(struct vif_queue *queue, struct rx_slot *slot, int at,
		      uint32_t bytes)
{
	struct rx_state *rx = &queue->rx_state;

	if (queue->vif->gso && at > 0 && slot == &rx->slot[at]) {
		memcpy(slot->page, slot[1].page, bytes);
		queue->counters.copies++;
		queue->counters.copied_bytes += bytes;
	}
	grant_unpin(queue->vif->grants, slot->request.gref, true);
	return GNTST_okay;
}

static const struct rx_mode flip_map = { aim_own_pages, land_flip_map,
					 flush_nothing };
static const struct rx_mode flip_index = { aim_own_pages, land_flip_index,
					   flush_nothing };
static const struct rx_mode copy = { aim_arena, land_copy, flush_nothing };
static const struct rx_mode grant_copy = { aim_arena, land_later,
					   flush_copies };

const struct rx_mode rx_mode_direct = { aim_slots, land_there, flush_nothing };

const struct rx_mode *const rx_modes[NETIF_MODES] = {
	[NETIF_FLIP_MAP] = &flip_map,
	[NETIF_FLIP_INDEX] = &flip_index,
	[NETIF_COPY] = &copy,
	[NETIF_GRANT_COPY] = &grant_copy,
};
