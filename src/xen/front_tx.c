/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/front.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

static uint16_t take(struct front_stack *stack)
{
	return stack->item[--stack->count];
}

static void give(struct front_stack *stack, uint16_t item)
{
	stack->item[stack->count++] = item;
}

/* Frames of a queue: its chunks, two a page, then its runs. */
static uint32_t chunk_frame(const struct front_queue *queue, uint16_t chunk)
{
	return queue->tx_frame + chunk / 2;
}

static uint32_t run_frame(const struct front_queue *queue, uint16_t run)
{
	return queue->tx_frame + queue->slots / 2 +
	       (uint32_t)run * FRONT_RUN_PAGES;
}

static uint8_t *frame_base(const struct front_queue *queue, uint32_t frame)
{
	return memory_page(&queue->front->tx, frame);
}

/* The grant of a slot's frame: given now, or long ago. */
static uint32_t grant_frame(struct front_queue *queue, uint16_t id,
			    uint32_t frame)
{
	struct netfront *front = queue->front;
	uint32_t gref;

	if (front->args->persistent)
		return queue->tx_ref + (frame - queue->tx_frame);
	gref = queue->tx_ref + id;
	grant_give(&front->grants, gref, front->control.frames + frame, true);
	queue->tx_slot[id].gref = gref;
	return gref;
}

static bool end_slot(struct front_queue *queue, uint16_t id)
{
	struct front_tx_slot *slot = &queue->tx_slot[id];

	if (slot->gref && grant_revoke(&queue->front->grants, slot->gref)) {
		queue->front->fatal = "TX: a page answered is still in use";
		return false;
	}
	if (slot->chunk != FRONT_NONE)
		give(&queue->chunks, slot->chunk);
	else if (--queue->run_used[slot->run] == 0)
		give(&queue->runs, slot->run);
	slot->used = false;
	give(&queue->ids, id);
	return true;
}

static bool take_response(struct front_queue *queue)
{
	struct netif_tx_response rsp;

	ring_front_get(&queue->tx, &rsp, sizeof(rsp));
	if (rsp.status == NETIF_RSP_NULL) /* an extra's */
		return true;
	if (rsp.id >= queue->slots || !queue->tx_slot[rsp.id].used) {
		queue->front->fatal = "TX response to no request";
		return false;
	}
	if (rsp.status == NETIF_RSP_DROPPED)
		queue->counters.tx_dropped++;
	else if (rsp.status != NETIF_RSP_OKAY)
		queue->counters.tx_errors++;
	return end_slot(queue, rsp.id);
}

/* What the back has done with: pages and ids are free again. */
static bool reclaim(struct front_queue *queue)
{
	int pending = ring_front_pending(&queue->tx);

	if (pending < 0)
		queue->front->fatal = "TX ring: rsp_prod beyond the ring";
	while (pending-- > 0)
		if (!take_response(queue))
			return false;
	return !queue->front->fatal;
}

static bool has_room(const struct front_queue *queue)
{
	return ring_front_room(&queue->tx) >= FRONT_TX_SLOTS &&
	       queue->chunks.count && queue->runs.count;
}

/* Room for a frame of any size, or false: held still until answers come. */
static bool make_room(struct front_queue *queue)
{
	uint32_t flying;

	if (has_room(queue))
		return true;
	if (!reclaim(queue))
		return false;
	if (has_room(queue)) {
		queue->tx_stalled = false;
		return true;
	}
	/* wake us when half of what flies is done, not for every slot */
	flying = queue->slots - ring_front_room(&queue->tx);
	if (ring_front_arm(&queue->tx, flying / 2 + 1)) {
		/* just now: the next look finds it */
		return reclaim(queue) && has_room(queue);
	}
	if (!queue->tx_stalled)
		queue->counters.tx_ring_full++;
	queue->tx_stalled = true;
	return false;
}

static void put_request(struct front_queue *queue,
			struct netif_tx_request *request, uint32_t frame,
			uint16_t chunk, uint16_t run)
{
	uint16_t id = take(&queue->ids);

	queue->tx_slot[id] = (struct front_tx_slot){ .chunk = chunk,
						     .run = run,
						     .used = true };
	request->id = id;
	request->gref = grant_frame(queue, id, frame);
	ring_front_put(&queue->tx, request, sizeof(*request));
	queue->counters.tx_slots++;
}

static void put_gso(struct front_queue *queue, const struct offload *offload)
{
	struct netif_extra extra = {
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.u.gso = { .size = offload->gso_size,
			   .type = offload->gso_type },
	};

	ring_front_put(&queue->tx, &extra, sizeof(extra));
	queue->counters.tx_slots++;
}

/* The part of the frame that did not fit the chunk. */
static void put_run(struct front_queue *queue, uint16_t run, uint32_t bytes)
{
	uint32_t frame = run_frame(queue, run);

	while (bytes) {
		struct netif_tx_request request = {
			.size = (uint16_t)(bytes < XEN_PAGE_SIZE
						   ? bytes
						   : XEN_PAGE_SIZE),
		};

		bytes -= request.size;
		request.flags = bytes ? NETTXF_more_data : 0;
		queue->run_used[run]++;
		put_request(queue, &request, frame++, FRONT_NONE, run);
	}
}

static void put_frame(struct front_queue *queue, uint16_t chunk, uint16_t run,
		      uint32_t bytes, const struct offload *offload)
{
	struct netif_tx_request first = {
		.offset = (uint16_t)(chunk % 2 * FRONT_CHUNK_BYTES),
		.size = (uint16_t)bytes,
	};
	uint32_t rest =
		bytes > FRONT_CHUNK_BYTES ? bytes - FRONT_CHUNK_BYTES : 0;

	if (offload->csum_blank)
		first.flags |= NETTXF_csum_blank;
	if (offload->data_validated)
		first.flags |= NETTXF_data_validated;
	if (offload->gso_type)
		first.flags |= NETTXF_extra_info;
	if (rest)
		first.flags |= NETTXF_more_data;
	put_request(queue, &first, chunk_frame(queue, chunk), chunk,
		    FRONT_NONE);
	if (offload->gso_type)
		put_gso(queue, offload);
	if (rest)
		put_run(queue, run, rest);
	queue->counters.tx_frames++;
	queue->counters.tx_bytes += bytes;
}

/* What netif cannot say is done here, in software. */
static void translate(const struct virtio_net_hdr *vnet, struct iovec *iov,
		      uint32_t bytes, struct offload *offload)
{
	size_t head = bytes < iov[0].iov_len ? bytes : iov[0].iov_len;

	if (offload_from_vnet(vnet, iov[0].iov_base, head, offload))
		return;
	memset(offload, 0, sizeof(*offload));
	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return;
	iov[0].iov_len = head;
	iov[1].iov_len = bytes - head;
	offload_finish_checksum(iov, 2, vnet->csum_start, vnet->csum_offset);
}

/* One frame off eth0: false where there is none. */
static bool send_one(struct front_queue *queue)
{
	uint16_t chunk = queue->chunks.item[queue->chunks.count - 1];
	uint16_t run = queue->runs.item[queue->runs.count - 1];
	struct virtio_net_hdr vnet;
	struct iovec iov[3] = {
		{ &vnet, sizeof(vnet) },
		{ frame_base(queue, chunk_frame(queue, chunk)) +
			  chunk % 2 * FRONT_CHUNK_BYTES,
		  FRONT_CHUNK_BYTES },
		{ frame_base(queue, run_frame(queue, run)),
		  FRONT_RUN_PAGES * XEN_PAGE_SIZE },
	};
	struct offload offload;
	ssize_t n = readv(queue->tap_fd, iov, 3);

	if (n < 0)
		return errno == EINTR;
	n -= (ssize_t)sizeof(vnet);
	if (n < 14 || n > NETIF_MAX_TX_SIZE) {
		queue->counters.tx_dropped++;
		log_debug("%s: a frame of %zd bytes does not fit netif",
			  queue->front->tap.name, n);
		return true;
	}
	translate(&vnet, iov + 1, (uint32_t)n, &offload);
	take(&queue->chunks);
	if (n > FRONT_CHUNK_BYTES)
		take(&queue->runs);
	put_frame(queue, chunk, run, (uint32_t)n, &offload);
	return true;
}

bool front_tx_run(struct front_queue *queue)
{
	const struct netfront_args *args = queue->front->args;
	uint64_t shown = queue->counters.tx_bytes;
	int done = 0;

	reclaim(queue);
	while (done < args->budget && !queue->front->fatal) {
		if (!make_room(queue))
			break;
		if (!send_one(queue)) {
			queue->tap_ready = false;
			break;
		}
		if (++done % args->notify_batch &&
		    queue->counters.tx_bytes - shown < BATCH_BYTES)
			continue;
		front_push(queue, &queue->tx, &queue->channel[0]);
		shown = queue->counters.tx_bytes;
	}
	front_push(queue, &queue->tx, &queue->channel[0]);
	return queue->tap_ready && !queue->tx_stalled;
}
