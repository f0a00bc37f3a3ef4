/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/front.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

static uint32_t mask(const struct front_queue *queue)
{
	return queue->slots - 1;
}

/* Offers the page of the next id to the back. */
static void post(struct front_queue *queue)
{
	struct netfront *front = queue->front;
	uint32_t id = queue->rx.req_prod_pvt & mask(queue);
	struct netif_rx_request request = { .id = (uint16_t)id,
					    .gref = queue->rx_ref + id };
	uint32_t frame =
		front->control.frames + front->tx.frames + queue->rx_frame[id];

	if (front_flips(front))
		grant_offer(&front->grants, request.gref, frame);
	else if (!front->args->persistent)
		grant_give(&front->grants, request.gref, frame, false);
	ring_front_put(&queue->rx, &request, sizeof(request));
}

void front_rx_fill(struct front_queue *queue)
{
	while (ring_front_room(&queue->rx))
		post(queue);
	ring_front_push(&queue->rx);
}

/* The page the back gave in place of ours. */
static void swap_page(struct front_queue *queue, uint32_t id, uint32_t frame)
{
	struct netfront *front = queue->front;
	uint32_t first = front->control.frames + front->tx.frames;
	uint32_t new = frame - first;

	if (new >= front->rx.frames || front->owned[new]) {
		front->fatal = "RX: a page flipped in is not the back's";
		return;
	}
	front->owned[queue->rx_frame[id]] = 0;
	front->owned[new] = 1;
	queue->rx_frame[id] = new;
	queue->counters.flips++;
	if (front->args->mode == NETIF_FLIP_INDEX) {
		queue->rx_page[id] = memory_page(&front->rx, new);
		return;
	}
	queue->counters.remaps++;
	if (memory_show(&queue->window, id, front->rx.fd, new))
		front->fatal = "RX: remapping a flipped page failed";
}

/* Takes the page of an id back, or the one that came for it. False: there is
 * no frame in it. */
static bool end_grant(struct front_queue *queue, uint32_t id)
{
	struct netfront *front = queue->front;
	uint32_t gref = queue->rx_ref + id;
	uint32_t frame;
	int rc;

	if (front_flips(front)) {
		rc = grant_take(&front->grants, gref, &frame);
		if (rc == 0)
			swap_page(queue, id, frame);
	} else {
		rc = front->args->persistent
			     ? 0
			     : grant_revoke(&front->grants, gref);
	}
	if (rc == -EBUSY)
		front->fatal = "RX: a page answered is still in use";
	return rc == 0;
}

/* The next response and the id of its slot; false: none is there. */
static bool next_slot(struct front_queue *queue, int *pending, void *response,
		      uint32_t *id)
{
	if (*pending <= 0) {
		queue->front->fatal = "RX: slots of a packet missing";
		return false;
	}
	*id = queue->rx.rsp_cons & mask(queue);
	ring_front_get(&queue->rx, response, NETIF_RX_SLOT_BYTES);
	queue->counters.rx_slots++;
	(*pending)--;
	return true;
}

static void take_extras(struct front_queue *queue, int *pending,
			struct rx_item *in)
{
	struct netif_extra extra;
	uint32_t id;

	do {
		if (!next_slot(queue, pending, &extra, &id))
			return;
		end_grant(queue, id); /* its page came back unused */
		if (extra.type != XEN_NETIF_EXTRA_TYPE_GSO ||
		    !extra.u.gso.size ||
		    (extra.u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
		     extra.u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)) {
			queue->front->fatal = "RX: an extra of a wrong kind";
			return;
		}
		in->out.offload.gso_size = extra.u.gso.size;
		in->out.offload.gso_type = extra.u.gso.type;
	} while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
}

static void take_fragment(struct front_queue *queue, struct rx_item *in,
			  const struct netif_rx_response *rsp, uint32_t id)
{
	if (rsp->id != id) {
		queue->front->fatal = "RX response in another's slot";
		return;
	}
	if (!end_grant(queue, id) || rsp->status <= 0) {
		in->bad = true;
		return;
	}
	if ((uint32_t)rsp->offset + (uint32_t)rsp->status > XEN_PAGE_SIZE) {
		queue->front->fatal = "RX: a fragment crosses a page";
		return;
	}
	in->piece[in->pieces++] =
		(struct iovec){ queue->rx_page[id] + rsp->offset,
				(size_t)rsp->status };
}

static void take_packet(struct front_queue *queue, int *pending,
			struct rx_item *in)
{
	struct netif_rx_response rsp;
	int fragments = 0;
	uint32_t id;

	in->pieces = 0;
	in->bad = false;
	in->out.offload = (struct offload){ 0 };
	do {
		if (fragments++ == NETIF_SLOTS_LEGACY) {
			queue->front->fatal = "RX: more than 18 fragments";
			return;
		}
		if (!next_slot(queue, pending, &rsp, &id))
			return;
		take_fragment(queue, in, &rsp, id);
		if (fragments > 1)
			continue;
		in->out.offload.csum_blank = rsp.flags & NETRXF_csum_blank;
		in->out.offload.data_validated =
			rsp.flags & NETRXF_data_validated;
		if (rsp.flags & NETRXF_extra_info)
			take_extras(queue, pending, in);
	} while (!queue->front->fatal && rsp.flags & NETRXF_more_data);
}

/*
 * A page a frame: the guest's kernel gives a frame that fills one a buffer of
 * 4 KiB, which is what its socket is charged for, as with Xen 3.0's pages. IP
 * cuts off what is behind the packet; eth0's byte counter has it. With the
 * 384 bytes that a TAP's buffer has in front and behind, it is just a page.
 */
#define PAGE_FILL (XEN_PAGE_SIZE - 384 - 64)

static void fill_page(struct tap_frame *frame)
{
	static const uint8_t nothing[PAGE_FILL];

	if (frame->bytes < PAGE_FILL && !frame->offload.gso_type)
		frame->iov[frame->iovs++] =
			(struct iovec){ (void *)nothing,
					PAGE_FILL - frame->bytes };
}

/* Lists a packet's pieces; a bad one has its result already. The headers are
 * looked at in a copy that the back cannot reach. */
static void gather(struct front_queue *queue, struct rx_item *in)
{
	struct tap_frame *frame = &in->out;

	tap_frame_gather(frame, in->piece, in->pieces, false,
			 queue->writer.merge);
	if (frame->bytes < 14)
		in->bad = true;
	else if (queue->front->args->page_a_frame)
		fill_page(frame);
}

/* Takes packets off the ring, at most `most`; the ones left pending. */
static int take_packets(struct front_queue *queue, int pending, int64_t most)
{
	uint32_t bytes = 0;

	queue->rx_first = queue->rx.rsp_cons;
	while (pending > 0 && queue->rx_items < most &&
	       queue->rx_items < FRONT_RX_BATCH && bytes < BATCH_BYTES) {
		struct rx_item *in = &queue->rx_item[queue->rx_items];

		take_packet(queue, &pending, in);
		if (queue->front->fatal)
			break;
		gather(queue, in);
		queue->rx_items++;
		bytes += in->out.bytes;
	}
	return pending;
}

static void judge(struct front_queue *queue, const struct rx_item *in)
{
	struct netif_counters *c = &queue->counters;

	if (in->bad || in->out.result == -EPROTO) {
		c->rx_errors++;
	} else if (in->out.result) {
		c->rx_dropped++;
		log_debug("%s: a frame of %u bytes is refused: %s",
			  queue->front->tap.name, in->out.bytes,
			  strerror(-in->out.result));
	} else {
		c->rx_frames++;
		c->rx_bytes += in->out.bytes;
	}
}

/* Onto eth0; true: all that was taken, and its pages are offered again. */
static bool send_packets(struct front_queue *queue)
{
	for (; queue->rx_at < queue->rx_items; queue->rx_at++) {
		struct rx_item *in = &queue->rx_item[queue->rx_at];

		if (!in->bad && tap_writer_put(&queue->writer, &in->out))
			break;
	}
	if (queue->rx_at < queue->rx_items ||
	    tap_writer_flush(&queue->writer)) {
		queue->rx_waits_tap = true;
		loop_listen_writable(queue->front->loop, &queue->tap_source,
				     true);
		return false;
	}
	for (int i = 0; i < queue->rx_items; i++)
		judge(queue, &queue->rx_item[i]);
	queue->counters.aggregated = queue->writer.aggregated;
	queue->rx_items = queue->rx_at = 0;
	for (; queue->rx_first != queue->rx.rsp_cons; queue->rx_first++)
		post(queue);
	return true;
}

bool front_rx_run(struct front_queue *queue)
{
	struct netfront *front = queue->front;
	int pending = ring_front_pending(&queue->rx);
	int64_t left = front->args->budget;

	if (pending < 0)
		front->fatal = "RX ring: rsp_prod beyond the ring";
	/* what eth0 had no room for, first */
	if (queue->rx_items && !send_packets(queue))
		return false;
	while (pending > 0 && left > 0 && !front->fatal) {
		pending = take_packets(queue, pending, left);
		left -= queue->rx_items;
		if (!send_packets(queue))
			return false;
		front_push(queue, &queue->rx, &queue->channel[queue->split]);
	}
	front_push(queue, &queue->rx, &queue->channel[queue->split]);
	if (!front->fatal && pending == 0 && !ring_front_arm(&queue->rx, 1))
		queue->rx_ready = false;
	return queue->rx_ready;
}
