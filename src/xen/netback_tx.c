/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/vif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/*
 * Filtering on the private copy: the guest sends under its own address, and
 * tags no frames where we do: its tag would be read as a second one, or, with
 * ours taken off on the way, as the first.
 */
static bool passes_filter(const struct vif *vif, const struct tap_frame *frame)
{
	const struct netback_args *args = vif->netback->args;

	if (frame->vlan && tap_frame_was_tagged(frame))
		return false;
	return !args->header_copy || !args->filter_mac ||
	       memcmp(frame->header + 6, vif->mac, 6) == 0;
}

static void unpin(struct vif *vif, struct tx_item *item)
{
	while (item->pinned)
		grant_unpin(vif->grants,
			    item->packet.fragment[--item->pinned].gref, false);
}

/* Pins all fragments, or none. */
static bool pin(struct vif *vif, struct tx_item *item)
{
	const struct tx_packet *packet = &item->packet;

	for (; item->pinned < packet->fragments; item->pinned++) {
		uint32_t gref = packet->fragment[item->pinned].gref;
		int status = grant_pin(vif->grants, gref, false,
				       &item->frame[item->pinned]);

		if (status == GNTST_okay)
			continue;
		log_debug("%s: grant %u: status %d", vif->tap.name, gref,
			  status);
		unpin(vif, item);
		return false;
	}
	return true;
}

static void refuse(struct tx_item *item, struct netif_counters *counters)
{
	item->status = NETIF_RSP_ERROR;
	item->done = true;
	counters->tx_errors++;
}

/* Mapped modes: the payload goes from the guest's page to the TAP. */
static bool find_pages(struct vif *vif, struct tx_item *item)
{
	for (int i = 0; i < item->pinned; i++) {
		const struct tx_fragment *f = &item->packet.fragment[i];
		uint8_t *page = guest_page(&vif->guest, item->frame[i], false);

		if (!page)
			return false;
		item->piece[i] = (struct iovec){ page + f->offset, f->size };
	}
	return true;
}

/* What the kernel shall fetch from the front's process, in grant-copy. */
struct fetch {
	struct iovec local[TX_BATCH];
	struct iovec remote[TX_BATCH * 2 + NETIF_SLOTS_LEGACY];
	struct tx_item *item[TX_BATCH];
	int items, remotes;
};

static bool list_fetch(struct vif *vif, struct tx_item *item, uint8_t *at,
		       struct fetch *fetch)
{
	struct iovec *remote = fetch->remote + fetch->remotes;

	for (int i = 0; i < item->pinned; i++) {
		const struct tx_fragment *f = &item->packet.fragment[i];
		uint64_t address =
			guest_address(&vif->guest, item->frame[i], false);

		if (!address)
			return false;
		remote[i] = (struct iovec){ (void *)(address + f->offset),
					    f->size };
	}
	item->piece[0] = (struct iovec){ at, item->packet.bytes };
	fetch->local[fetch->items] = item->piece[0];
	fetch->item[fetch->items++] = item;
	fetch->remotes += item->pinned;
	return true;
}

/* One call for all; after a page that cannot be read, its packet is refused
 * and the rest tried again. */
static void run_fetch(struct vif_queue *queue, struct fetch *fetch)
{
	struct iovec *remote = fetch->remote;
	int at = 0;

	while (at < fetch->items) {
		ssize_t n = process_vm_readv(
			queue->vif->guest.pid, fetch->local + at,
			(unsigned long)(fetch->items - at), remote,
			(unsigned long)(fetch->remote + fetch->remotes -
					remote),
			0);

		for (; at < fetch->items; at++) {
			struct tx_item *item = fetch->item[at];

			if (n < (ssize_t)item->packet.bytes)
				break;
			n -= (ssize_t)item->packet.bytes;
			remote += item->pinned;
			queue->counters.copies += (uint64_t)item->pinned;
			queue->counters.copied_bytes += item->packet.bytes;
		}
		if (at < fetch->items) {
			remote += fetch->item[at]->pinned;
			refuse(fetch->item[at++], &queue->counters);
		}
	}
	fetch->items = fetch->remotes = 0;
}

static void fetch_packets(struct vif_queue *queue)
{
	enum {
		REMOTES = sizeof(((struct fetch *)0)->remote) /
			  sizeof(struct iovec)
	};
	struct tx_state *tx = &queue->tx_state;
	struct fetch fetch;
	uint8_t *at = tx->arena;

	fetch.items = fetch.remotes = 0;
	for (int i = 0; i < tx->items; i++) {
		struct tx_item *item = &tx->item[i];

		if (item->done)
			continue;
		if (fetch.remotes + item->pinned > REMOTES)
			run_fetch(queue, &fetch);
		if (list_fetch(queue->vif, item, at, &fetch))
			at += item->packet.bytes;
		else
			refuse(item, &queue->counters);
	}
	run_fetch(queue, &fetch);
}

/* Pins the pages of what was taken, and sees to it that they can be read. */
static void reach_pages(struct vif_queue *queue)
{
	struct tx_state *tx = &queue->tx_state;
	bool fetched = queue->vif->mode == NETIF_GRANT_COPY;

	for (int i = 0; i < tx->items; i++) {
		struct tx_item *item = &tx->item[i];

		if (item->packet.verdict == TX_BAD) {
			log_debug("%s: %s", queue->vif->tap.name,
				  item->packet.why);
			refuse(item, &queue->counters);
		} else if (!pin(queue->vif, item) ||
			   (!fetched && !find_pages(queue->vif, item))) {
			refuse(item, &queue->counters);
		}
	}
	if (fetched)
		fetch_packets(queue);
}

/* Hands one over: 0, or -EAGAIN: the TAP is full. */
static int send_item(struct vif_queue *queue, struct tx_item *item)
{
	const struct netback_args *args = queue->vif->netback->args;
	struct tx_state *tx = &queue->tx_state;
	struct tap_frame *frame = &item->out;

	if (!item->gathered) {
		frame->offload = item->packet.offload;
		frame->vlan = queue->vif->vlan;
		tap_frame_gather(
			frame, item->piece,
			queue->vif->mode == NETIF_GRANT_COPY ? 1 : item->pinned,
			args->header_copy, tx->writer.merge);
		item->gathered = true;
		queue->counters.header_copies +=
			args->header_copy || frame->vlan;
		if (!passes_filter(queue->vif, frame)) {
			queue->counters.filtered++;
			item->status = NETIF_RSP_DROPPED;
			item->done = true;
			return 0;
		}
	}
	return tap_writer_put(&tx->writer, frame);
}

static void judge_result(struct vif_queue *queue, struct tx_item *item)
{
	struct netif_counters *c = &queue->counters;

	if (item->out.result == -EPROTO) {
		refuse(item, c);
	} else if (item->out.result) {
		item->status = NETIF_RSP_DROPPED;
		c->tx_dropped++;
		log_debug("%s: a frame of %u bytes is refused: %s",
			  queue->vif->tap.name, item->packet.bytes,
			  strerror(-item->out.result));
	} else {
		item->status = NETIF_RSP_OKAY;
		c->tx_frames++;
		c->tx_bytes += item->packet.bytes;
	}
}

/* All that was taken has its result: pages and slots go back. */
static void answer_all(struct vif_queue *queue)
{
	struct tx_state *tx = &queue->tx_state;

	for (int i = 0; i < tx->items; i++) {
		struct tx_item *item = &tx->item[i];

		if (!item->done)
			judge_result(queue, item);
		unpin(queue->vif, item);
		tx_packet_answer(&queue->tx, &item->packet, item->status);
	}
	tx->items = tx->at = 0;
	queue->counters.aggregated = tx->writer.aggregated;
}

/* Writes what was taken: true: all of it. */
static bool send_items(struct vif_queue *queue)
{
	struct tx_state *tx = &queue->tx_state;

	for (; tx->at < tx->items; tx->at++) {
		struct tx_item *item = &tx->item[tx->at];

		if (!item->done && send_item(queue, item))
			break;
	}
	if (tx->at < tx->items || tap_writer_flush(&tx->writer)) {
		tx->waits_tap = true;
		loop_listen_writable(queue->vif->netback->loop,
				     &queue->tap_source, true);
		return false;
	}
	answer_all(queue);
	return true;
}

/* False: not now, the slots are put back. */
static bool credit_bears(struct vif_queue *queue, uint32_t bytes,
			 uint32_t slots)
{
	struct credit *credit = &queue->vif->credit;

	if (!credit->bytes || credit_take(credit, bytes, clock_mono_ns()))
		return true;
	queue->tx.req_cons -= slots;
	queue->counters.credit_waits++;
	queue->tx_state.waits_credit = true;
	netback_wake_at(queue->vif->netback, credit->refill_ns);
	return false;
}

static bool has_place(const struct tx_state *tx, uint32_t bytes)
{
	return tx->items < TX_BATCH && bytes < BATCH_BYTES;
}

/* Takes packets off the ring, at most `budget`; false: there are no more, or
 * none that may be taken now. */
static bool take_items(struct vif_queue *queue, int budget)
{
	struct tx_state *tx = &queue->tx_state;
	int pending = ring_back_pending(&queue->tx);
	uint32_t bytes = 0;

	if (pending < 0)
		queue->vif->fatal = "TX ring: req_prod beyond the ring";
	while (pending > 0 && tx->items < budget && has_place(tx, bytes)) {
		struct tx_item *item = &tx->item[tx->items];
		uint32_t slots = tx_packet_take(&queue->tx, (uint32_t)pending,
						&item->packet);

		if (item->packet.verdict == TX_FATAL) {
			queue->vif->fatal = item->packet.why;
			return false;
		}
		if (!credit_bears(queue, item->packet.bytes, slots))
			return false;
		item->pinned = 0;
		item->done = item->gathered = false;
		tx->items++;
		bytes += item->packet.bytes;
		queue->counters.tx_slots += slots;
		pending -= (int)slots;
	}
	return pending > 0;
}

int netback_tx_open(struct vif_queue *queue, struct err *err)
{
	struct tx_state *tx = &queue->tx_state;

	tx->item = calloc(TX_BATCH, sizeof(*tx->item));
	if (queue->vif->mode == NETIF_GRANT_COPY)
		tx->arena = malloc(TX_ARENA_BYTES);
	if (!tx->item || (queue->vif->mode == NETIF_GRANT_COPY && !tx->arena))
		return err_sys(err, ENOMEM, "queue %d", queue->index);
	return 0;
}

void netback_tx_close(struct vif_queue *queue)
{
	free(queue->tx_state.item);
	free(queue->tx_state.arena);
}

int netback_tx_run(struct vif_queue *queue, int budget)
{
	struct tx_state *tx = &queue->tx_state;
	bool more = true;
	int done = 0;

	/* what the TAP had no room for, first */
	if (tx->items && !send_items(queue))
		return 0;
	while (more && done < budget && !queue->vif->fatal) {
		more = take_items(queue, budget - done);
		done += tx->items;
		reach_pages(queue);
		if (!send_items(queue))
			break;
		vif_push(queue, &queue->tx, &queue->channel[0]);
	}
	vif_push(queue, &queue->tx, &queue->channel[0]);
	if (!queue->vif->fatal && !tx->waits_credit && !tx->waits_tap &&
	    !more && !ring_back_arm(&queue->tx, 1))
		queue->tx_ready = false;
	return done;
}
