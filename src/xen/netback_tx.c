/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/vif.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* One packet ready to be written: headers private, payload where it lies. */
struct outgoing {
	struct tx_packet packet;
	struct virtio_net_hdr vnet;
	uint8_t header[OFFLOAD_HEADER_BYTES];
	size_t header_bytes;
	struct iovec iov[NETIF_SLOTS_LEGACY + 2];
	int iovs;
};

/* Adjacent pieces become one: a large frame is two or three, not eighteen. */
static void add_iov(struct outgoing *out, const uint8_t *base, size_t bytes)
{
	struct iovec *last = &out->iov[out->iovs - 1];

	if (!bytes)
		return;
	if ((const uint8_t *)last->iov_base + last->iov_len == base) {
		last->iov_len += bytes;
		return;
	}
	out->iov[out->iovs++] = (struct iovec){ (void *)base, bytes };
}

/*
 * Lists the fragments' bytes from `skip` on, and copies the first ones into
 * out->header. Pages are read-only here and stay the guest's: what was copied
 * is what is judged and sent; the payload is sent as it is then.
 */
static void gather(struct outgoing *out, uint8_t *const *piece, bool copy)
{
	const struct tx_packet *packet = &out->packet;

	out->header_bytes = 0;
	out->iov[0] = (struct iovec){ &out->vnet, sizeof(out->vnet) };
	out->iovs = 1;
	if (copy)
		out->iov[out->iovs++] = (struct iovec){ out->header, 0 };
	for (int i = 0; i < packet->fragments; i++) {
		size_t bytes = packet->fragment[i].size;
		size_t want = sizeof(out->header) - out->header_bytes;
		size_t head = bytes < want ? bytes : want;

		/* every fragment was pinned, and so has its piece */
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
		memcpy(out->header + out->header_bytes, piece[i], head);
		out->header_bytes += head;
		if (!copy)
			head = 0;
		add_iov(out, piece[i] + head, bytes - head);
	}
	if (copy)
		out->iov[1].iov_len = out->header_bytes;
}

/* Filtering on the private copy: the guest sends under its own address. */
static bool passes_filter(const struct vif *vif, const struct outgoing *out)
{
	return !vif->netback->args->filter_mac ||
	       memcmp(out->header + 6, vif->mac, 6) == 0;
}

static int16_t write_out(struct vif_queue *queue, struct outgoing *out)
{
	struct netif_counters *c = &queue->counters;
	bool copy = queue->vif->netback->args->header_copy;

	if (copy) {
		c->header_copies++;
		if (!passes_filter(queue->vif, out)) {
			c->filtered++;
			return NETIF_RSP_DROPPED;
		}
	}
	if (!offload_to_vnet(&out->packet.offload, out->header,
			     out->header_bytes, &out->vnet))
		return NETIF_RSP_ERROR;
	/* a TAP takes a frame whole or not at all */
	if (writev(queue->tap_fd, out->iov, out->iovs) < 0) {
		c->tx_dropped++;
		log_debug("%s: a frame of %u bytes is refused: %s",
			  queue->vif->tap.name, out->packet.bytes,
			  strerror(errno));
		return NETIF_RSP_DROPPED;
	}
	c->tx_frames++;
	c->tx_bytes += out->packet.bytes;
	return NETIF_RSP_OKAY;
}

static void unpin(struct vif *vif, const struct tx_packet *packet, int count)
{
	for (int i = 0; i < count; i++)
		grant_unpin(vif->grants, packet->fragment[i].gref, false);
}

/* Pins all fragments; their number, or -1 with none pinned. */
static int pin(struct vif *vif, const struct tx_packet *packet, uint32_t *frame)
{
	for (int i = 0; i < packet->fragments; i++) {
		int status = grant_pin(vif->grants, packet->fragment[i].gref,
				       false, &frame[i]);

		if (status == GNTST_okay)
			continue;
		log_debug("%s: grant %u: status %d", vif->tap.name,
			  packet->fragment[i].gref, status);
		unpin(vif, packet, i);
		return -1;
	}
	return packet->fragments;
}

/* Mapped modes: the payload goes from the guest's page to the TAP. */
static int16_t send_mapped(struct vif_queue *queue, struct outgoing *out)
{
	struct vif *vif = queue->vif;
	const struct tx_packet *packet = &out->packet;
	uint32_t frame[NETIF_SLOTS_LEGACY];
	uint8_t *piece[NETIF_SLOTS_LEGACY];
	int pinned = pin(vif, packet, frame);
	int16_t status = NETIF_RSP_ERROR;

	if (pinned < 0)
		goto out;
	for (int i = 0; i < pinned; i++) {
		piece[i] = guest_page(&vif->guest, frame[i], false);
		if (!piece[i])
			goto unpin;
		piece[i] += packet->fragment[i].offset;
	}
	gather(out, piece, vif->netback->args->header_copy);
	status = write_out(queue, out);
unpin:
	unpin(vif, packet, pinned);
out:
	if (status == NETIF_RSP_ERROR)
		queue->counters.tx_errors++;
	return status;
}

/* grant-copy: the kernel fetches the packet out of the front's process. */
static int16_t send_fetched(struct vif_queue *queue, struct outgoing *out)
{
	struct vif *vif = queue->vif;
	const struct tx_packet *packet = &out->packet;
	uint32_t frame[NETIF_SLOTS_LEGACY];
	struct iovec remote[NETIF_SLOTS_LEGACY];
	uint8_t *piece[NETIF_SLOTS_LEGACY];
	uint8_t *at = queue->tx_state.arena;
	struct iovec local = { at, packet->bytes };
	int pinned = pin(vif, packet, frame);
	int16_t status = NETIF_RSP_ERROR;

	if (pinned < 0)
		goto out;
	for (int i = 0; i < pinned; i++) {
		uint64_t address = guest_address(&vif->guest, frame[i], false);

		if (!address)
			goto unpin;
		remote[i].iov_base =
			(void *)(address + packet->fragment[i].offset);
		remote[i].iov_len = packet->fragment[i].size;
		piece[i] = at;
		at += packet->fragment[i].size;
	}
	if (process_vm_readv(vif->guest.pid, &local, 1, remote,
			     (unsigned long)pinned,
			     0) != (ssize_t)packet->bytes)
		goto unpin;
	queue->counters.copies += (uint64_t)pinned;
	queue->counters.copied_bytes += packet->bytes;
	gather(out, piece, vif->netback->args->header_copy);
	status = write_out(queue, out);
unpin:
	unpin(vif, packet, pinned);
out:
	if (status == NETIF_RSP_ERROR)
		queue->counters.tx_errors++;
	return status;
}

static int16_t send_packet(struct vif_queue *queue, struct outgoing *out)
{
	if (out->packet.verdict == TX_BAD) {
		log_debug("%s: %s", queue->vif->tap.name, out->packet.why);
		queue->counters.tx_errors++;
		return NETIF_RSP_ERROR;
	}
	if (queue->vif->mode == NETIF_GRANT_COPY)
		return send_fetched(queue, out);
	return send_mapped(queue, out);
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

int netback_tx_run(struct vif_queue *queue, int budget)
{
	struct outgoing out;
	int done = 0;
	int pending = ring_back_pending(&queue->tx);

	if (pending < 0)
		queue->vif->fatal = "TX ring: req_prod beyond the ring";
	while (pending > 0 && done < budget) {
		uint32_t slots = tx_packet_take(&queue->tx, (uint32_t)pending,
						&out.packet);

		if (out.packet.verdict == TX_FATAL) {
			queue->vif->fatal = out.packet.why;
			break;
		}
		if (!credit_bears(queue, out.packet.bytes, slots))
			break;
		tx_packet_answer(&queue->tx, &out.packet,
				 send_packet(queue, &out));
		queue->counters.tx_slots += slots;
		pending -= (int)slots;
		done++;
	}
	vif_push(queue, &queue->tx, &queue->channel[0]);
	if (!queue->vif->fatal && !queue->tx_state.waits_credit &&
	    pending == 0 && !ring_back_arm(&queue->tx, 1))
		queue->tx_ready = false;
	return done;
}
