/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/vif.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define DRAIN_FRAMES 16384 /* a TAP's queue full of them, some ms */

static bool is_direct(const struct vif_queue *queue)
{
	return queue->vif->mode == NETIF_COPY &&
	       queue->vif->netback->args->direct;
}

static const struct rx_mode *mode_of(const struct vif_queue *queue)
{
	return is_direct(queue) ? &rx_mode_direct : rx_modes[queue->vif->mode];
}

/* The next answer, in its request's place. */
static struct netif_rx_response *answer(struct vif_queue *queue,
					const struct rx_slot *slot)
{
	struct rx_state *rx = &queue->rx_state;
	struct netif_rx_response *rsp = &rx->response[rx->responses].rsp;

	*rsp = (struct netif_rx_response){ .id = slot->request.id };
	return rsp;
}

static void drop_slots(struct rx_state *rx, int count)
{
	rx->slots -= count;
	memmove(rx->slot, rx->slot + count,
		(size_t)rx->slots * sizeof(rx->slot[0]));
}

/* What was recorded goes onto the ring, and out if it is worth it. */
static void flush(struct vif_queue *queue)
{
	struct rx_state *rx = &queue->rx_state;

	mode_of(queue)->flush(queue);
	for (int i = 0; i < rx->responses; i++)
		ring_back_put(&queue->rx, &rx->response[i],
			      sizeof(rx->response[i]));
	rx->responses = rx->frames = 0;
	rx->arena_used = 0;
	vif_push(queue, &queue->rx, &queue->channel[queue->split]);
}

/* Grants that do not hold: everything taken so far goes back with an error,
 * for the answers must stay in order. */
static void refuse_slots(struct vif_queue *queue)
{
	struct rx_state *rx = &queue->rx_state;

	flush(queue);
	for (int i = 0; i < rx->slots; i++) {
		if (rx->slot[i].page)
			grant_unpin(queue->vif->grants,
				    rx->slot[i].request.gref, true);
		answer(queue, &rx->slot[i])->status = NETIF_RSP_ERROR;
		rx->responses++;
	}
	queue->counters.rx_errors += (uint64_t)rx->slots;
	rx->slots = 0;
	flush(queue);
}

static bool pin_slot(struct vif_queue *queue, struct rx_slot *slot)
{
	struct vif *vif = queue->vif;
	uint32_t frame;

	if (grant_pin(vif->grants, slot->request.gref, true, &frame))
		return false;
	slot->page = guest_page(&vif->guest, frame, true);
	if (!slot->page)
		grant_unpin(vif->grants, slot->request.gref, true);
	return slot->page != NULL;
}

/* Takes requests until a frame of any size would fit. */
static bool take_slots(struct vif_queue *queue)
{
	struct rx_state *rx = &queue->rx_state;
	int pending = ring_back_pending(&queue->rx);

	if (pending < 0) {
		queue->vif->fatal = "RX ring: req_prod beyond the ring";
		return false;
	}
	for (; rx->slots < VIF_RX_SLOTS && pending; pending--) {
		struct rx_slot *slot = &rx->slot[rx->slots++];

		ring_back_get(&queue->rx, &slot->request,
			      sizeof(slot->request));
		slot->page = NULL;
		if (is_direct(queue) && !pin_slot(queue, slot))
			refuse_slots(queue);
	}
	return rx->slots == VIF_RX_SLOTS;
}

static void link_up(struct vif_queue *queue, bool up)
{
	struct rx_state *rx = &queue->rx_state;

	if (rx->carrier_off != up)
		return;
	rx->carrier_off = !up;
	tap_set_carrier(&queue->vif->tap, up);
	log_warn("%s: link %s: the guest %s room for frames",
		 queue->vif->tap.name, up ? "up" : "down",
		 up ? "posts" : "posts no");
}

/* At the next of the two times, but each second at least. */
static int64_t next_look(const struct netback_args *args, int64_t stalled_ns)
{
	const int64_t limit_ns[] = { args->drain_ns, args->stall_ns };
	int64_t look_ns = NS_PER_S;

	for (int i = 0; i < 2; i++) {
		int64_t left_ns = limit_ns[i] - stalled_ns;

		if (left_ns > 0 && left_ns < look_ns)
			look_ns = left_ns;
	}
	return look_ns;
}

/* Frames that nobody will take; of a flood, no more than a turn bears. */
static void drain(struct vif_queue *queue)
{
	const struct netback_args *args = queue->vif->netback->args;
	struct rx_state *rx = &queue->rx_state;
	int64_t now_ns = clock_mono_ns();
	int64_t stalled_ns = now_ns - rx->short_since_ns;
	char sink[64]; /* the rest of a frame is cut off by the TAP */

	if (stalled_ns >= args->stall_ns)
		link_up(queue, false);
	if (stalled_ns >= args->drain_ns) {
		queue->tap_ready = false;
		for (int i = 0; i < DRAIN_FRAMES; i++) {
			if (read(queue->tap_fd, sink, sizeof(sink)) <= 0)
				break;
			queue->counters.rx_dropped++;
		}
	}
	netback_wake_at(queue->vif->netback,
			now_ns + next_look(args, stalled_ns));
}

/* Room that was missing is there, or still is not. True: go on. */
static bool has_room(struct vif_queue *queue)
{
	struct rx_state *rx = &queue->rx_state;

	if (take_slots(queue)) {
		rx->short_since_ns = 0;
		link_up(queue, true);
		return true;
	}
	/* as many more requests as are missing shall wake us; are they there
	 * already, the next turn looks (not this one: a guest could keep us) */
	if (queue->vif->fatal ||
	    ring_back_arm(&queue->rx, (uint32_t)(VIF_RX_SLOTS - rx->slots)))
		return false;
	rx->stalled = true;
	if (!rx->short_since_ns) {
		rx->short_since_ns = clock_mono_ns();
		queue->counters.rx_ring_full++;
	}
	drain(queue);
	return false;
}

static void copy_header(const struct iovec *iov, size_t bytes, uint8_t *header)
{
	size_t done = 0;

	for (; done < bytes; iov++) {
		size_t n = iov->iov_len < bytes - done ? iov->iov_len
						       : bytes - done;

		memcpy(header + done, iov->iov_base, n);
		done += n;
	}
}

/* From what the TAP says to what netif can say. */
static void translate(const struct virtio_net_hdr *vnet,
		      const struct iovec *iov, int iovs, size_t bytes,
		      struct offload *offload)
{
	uint8_t header[OFFLOAD_HEADER_BYTES];
	size_t head = bytes < sizeof(header) ? bytes : sizeof(header);

	memset(offload, 0, sizeof(*offload));
	if (!vnet->flags)
		return;
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		copy_header(iov, head, header);
	else
		head = 0;
	if (offload_from_vnet(vnet, header, head, offload))
		return;
	memset(offload, 0, sizeof(*offload));
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		offload_finish_checksum(iov, iovs, vnet->csum_start,
					vnet->csum_offset);
}

static void answer_gso(struct vif_queue *queue, const struct offload *offload)
{
	struct rx_state *rx = &queue->rx_state;

	/* takes a slot: its page goes back to the guest unused */
	rx->response[rx->responses++].extra = (struct netif_extra){
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.u.gso = { .size = offload->gso_size,
			   .type = offload->gso_type },
	};
}

/* Hands a frame of `bytes` over, page by page. */
static void deliver(struct vif_queue *queue, uint32_t bytes,
		    const struct offload *offload)
{
	struct rx_state *rx = &queue->rx_state;
	int at = 0, slot = 0;

	rx->frames++;
	queue->counters.rx_frames++;
	queue->counters.rx_bytes += bytes;
	for (; bytes; at++) {
		uint32_t part = bytes < XEN_PAGE_SIZE ? bytes : XEN_PAGE_SIZE;
		struct netif_rx_response *rsp = answer(queue, &rx->slot[slot]);

		bytes -= part;
		rsp->status = (int16_t)part;
		if (bytes)
			rsp->flags |= NETRXF_more_data;
		if (at == 0 && offload->csum_blank)
			rsp->flags |= NETRXF_csum_blank;
		if (at == 0 && offload->data_validated)
			rsp->flags |= NETRXF_data_validated;
		if (at == 0 && offload->gso_type)
			rsp->flags |= NETRXF_extra_info;
		if (mode_of(queue)->land(queue, &rx->slot[slot++], at, part)) {
			rsp->status = NETIF_RSP_ERROR;
			queue->counters.rx_errors++;
		}
		rx->responses++;
		if (at == 0 && offload->gso_type) {
			if (rx->slot[slot].page)
				mode_of(queue)->land(queue, &rx->slot[slot], 0,
						     0);
			slot++;
			answer_gso(queue, offload);
		}
	}
	queue->counters.rx_slots += (uint64_t)slot;
	drop_slots(rx, slot);
	rx->arena_used += (size_t)at * XEN_PAGE_SIZE;
}

/* What comes in front of and within a frame, and is not the guest's. */
struct extras {
	struct virtio_net_hdr vnet;
	uint8_t tag[TAP_TAG_BYTES];
};

#define ADDRESSES (2 * ETH_ALEN) /* in front of the tag */

/* Where the kernel shall put what it has: `iov` is where the frame goes. */
static int spread(const struct vif_queue *queue, struct extras *extras,
		  const struct iovec *iov, int iovs, struct iovec *to)
{
	int used = 0;

	to[used++] = (struct iovec){ &extras->vnet, sizeof(extras->vnet) };
	if (queue->vif->vlan) {
		/* a page at least */
		to[used++] = (struct iovec){ iov->iov_base, ADDRESSES };
		to[used++] = (struct iovec){ extras->tag, TAP_TAG_BYTES };
		to[used++] =
			(struct iovec){ (uint8_t *)iov->iov_base + ADDRESSES,
					iov->iov_len - ADDRESSES };
		iov++;
		iovs--;
	}
	memcpy(to + used, iov, (size_t)iovs * sizeof(*iov));
	return used + iovs;
}

/*
 * The tag is not in the frame any more: is it ours? The TAP's own filter lets
 * nothing else pass (tap_admit_vlan()); frames that were queued before it was
 * there end here.
 */
static bool take_tag(const struct vif_queue *queue, struct extras *extras,
		     ssize_t *bytes)
{
	const uint16_t vlan = queue->vif->vlan;
	const uint8_t *tag = extras->tag;

	if (!vlan)
		return true;
	*bytes -= TAP_TAG_BYTES;
	if (*bytes < ETH_HLEN || (tag[0] << 8 | tag[1]) != ETH_P_8021Q ||
	    ((tag[2] << 8 | tag[3]) & TAP_VLAN_MASK) != vlan)
		return false;
	if (extras->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		extras->vnet.csum_start -= TAP_TAG_BYTES;
	return true;
}

/* One frame off the TAP: 1, or 0 where there is none. */
static int receive(struct vif_queue *queue)
{
	struct iovec iov[VIF_FRAME_PAGES], to[VIF_FRAME_PAGES + 3];
	struct extras extras; /* ours: the guest does not see it */
	int iovs = mode_of(queue)->aim(queue, iov);
	int tos = spread(queue, &extras, iov, iovs, to);
	struct offload offload;
	ssize_t n = readv(queue->tap_fd, to, tos);

	if (n <= (ssize_t)sizeof(extras.vnet)) {
		if (n >= 0 || errno == EINTR)
			return 1;
		queue->tap_ready = false;
		return 0;
	}
	n -= (ssize_t)sizeof(extras.vnet);
	if (!take_tag(queue, &extras, &n)) {
		queue->counters.filtered++;
		return 1;
	}
	translate(&extras.vnet, iov, iovs, (size_t)n, &offload);
	deliver(queue, (uint32_t)n, &offload);
	return 1;
}

static bool batch_is_full(const struct vif_queue *queue)
{
	const struct rx_state *rx = &queue->rx_state;

	return rx->frames >= queue->vif->netback->args->notify_batch ||
	       rx->frames >= VIF_COPIES ||
	       rx->arena_used + VIF_FRAME_BYTES > VIF_ARENA_BYTES;
}

int netback_rx_run(struct vif_queue *queue, int budget)
{
	int done = 0;

	while (done < budget && !queue->vif->fatal) {
		if (!has_room(queue) || !receive(queue))
			break;
		done++;
		if (batch_is_full(queue))
			flush(queue);
	}
	flush(queue);
	return done;
}

static int open_pages(struct vif_queue *queue, struct err *err)
{
	struct rx_state *rx = &queue->rx_state;
	struct vif *vif = queue->vif;
	/* the pool's upper half is the back's at the start, a share a queue */
	uint32_t half = (vif->guest.end - vif->guest.first_rx) / 2;
	uint32_t share = half / (uint32_t)vif->queues;
	uint32_t first = half + share * (uint32_t)queue->index;

	rx->pages = share;
	rx->page = calloc(share, sizeof(*rx->page));
	if (!rx->page || share < VIF_FRAME_PAGES)
		return err_set(err, EPROTO,
			       "rx memory: %u frames a queue are "
			       "too few for flips",
			       share);
	if (vif->mode == NETIF_FLIP_MAP &&
	    memory_reserve(&rx->window, share, err))
		return -err->code;
	for (uint32_t i = 0; i < share; i++) {
		vif->owned[first + i] = 1;
		rx->page[i].frame = vif->guest.first_rx + first + i;
		rx->page[i].base = memory_page(&vif->guest.rx, first + i);
		if (vif->mode != NETIF_FLIP_MAP)
			continue;
		rx->page[i].base = memory_page(&rx->window, i);
		if (memory_show(&rx->window, i, vif->guest.rx.fd, first + i))
			return err_sys(err, errno, "mapping page %u", i);
	}
	return 0;
}

int netback_rx_open(struct vif_queue *queue, struct err *err)
{
	struct rx_state *rx = &queue->rx_state;

	if (queue->vif->mode == NETIF_FLIP_MAP ||
	    queue->vif->mode == NETIF_FLIP_INDEX)
		return open_pages(queue, err);
	rx->arena = malloc(VIF_ARENA_BYTES);
	if (!rx->arena)
		return err_sys(err, ENOMEM, "queue %d", queue->index);
	return 0;
}

void netback_rx_close(struct vif_queue *queue)
{
	memory_free(&queue->rx_state.window);
	free(queue->rx_state.page);
	free(queue->rx_state.arena);
}
