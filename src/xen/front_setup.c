/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/front.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define HANDSHAKE_NS (10 * NS_PER_S)
#define QUEUE_FRAMES 16384 /* more than a TCP receive window of frames */

/* Sizes that follow from the arguments, the same for every queue. */
struct plan {
	uint32_t slots;
	uint32_t runs;
	uint32_t tx_frames, tx_refs; /* a queue */
	uint32_t rx_frames;	     /* a queue; flips: the back's share too */
};

static void plan_sizes(const struct netfront *front, struct plan *plan)
{
	uint32_t pages = (uint32_t)front->args->ring_pages;

	plan->slots = ring_slots(pages, NETIF_TX_SLOT_BYTES);
	plan->runs = plan->slots / FRONT_RUN_PAGES + 1;
	plan->tx_frames = plan->slots / 2 + plan->runs * FRONT_RUN_PAGES;
	plan->tx_refs = plan->tx_frames; /* >= slots */
	plan->rx_frames = front_flips(front) ? 2 * plan->slots : plan->slots;
}

static int create_memory(struct netfront *front, const struct plan *plan,
			 struct err *err)
{
	uint32_t queues = (uint32_t)front->queues;
	uint32_t rings = queues * 2 * (uint32_t)front->args->ring_pages;
	uint32_t refs =
		GRANT_RESERVED + rings + queues * (plan->tx_refs + plan->slots);

	/* the table's own pages need no grants but keep their numbers */
	front->grant_pages = refs / (GRANTS_PER_PAGE - 1) + 1;
	if (memory_create(&front->control, "vazao-control",
			  front->grant_pages + rings, MEMORY_SHARED, err) ||
	    memory_create(&front->tx, "vazao-tx", queues * plan->tx_frames,
			  MEMORY_PEER_READS, err) ||
	    memory_create(&front->rx, "vazao-rx", queues * plan->rx_frames,
			  MEMORY_SHARED, err))
		return -err->code;
	front->grants = (struct grant_table){
		.entry = (struct grant_entry *)front->control.base,
		.count = front->grant_pages * GRANTS_PER_PAGE,
		.domid = 0, /* the driver domain */
	};
	front->owned = calloc(front->rx.frames, 1);
	return front->owned ? 0 : err_sys(err, ENOMEM, "netfront");
}

static int fill_stack(struct front_stack *stack, uint32_t count)
{
	stack->item = calloc(count, sizeof(*stack->item));
	if (!stack->item)
		return -ENOMEM;
	while (stack->count < count) {
		/* lowest on top */
		stack->item[stack->count] =
			(uint16_t)(count - 1 - stack->count);
		stack->count++;
	}
	return 0;
}

static int open_tx(struct front_queue *queue, const struct plan *plan)
{
	struct netfront *front = queue->front;
	uint32_t index = (uint32_t)queue->index;

	queue->tx_frame = index * plan->tx_frames;
	queue->tx_ref =
		GRANT_RESERVED + front->control.frames + index * plan->tx_refs;
	queue->tx_slot = calloc(plan->slots, sizeof(*queue->tx_slot));
	queue->run_used = calloc(plan->runs, sizeof(*queue->run_used));
	if (!queue->tx_slot || !queue->run_used ||
	    fill_stack(&queue->ids, plan->slots) ||
	    fill_stack(&queue->chunks, plan->slots) ||
	    fill_stack(&queue->runs, plan->runs))
		return -ENOMEM;
	for (uint32_t i = 0; front->args->persistent && i < plan->tx_frames;
	     i++)
		grant_give(&front->grants, queue->tx_ref + i,
			   front->control.frames + queue->tx_frame + i, true);
	return 0;
}

static int open_rx(struct front_queue *queue, const struct plan *plan,
		   struct err *err)
{
	struct netfront *front = queue->front;
	uint32_t first = (uint32_t)queue->index * plan->slots;
	bool window = front->args->mode == NETIF_FLIP_MAP;

	queue->rx_ref = GRANT_RESERVED + front->control.frames +
			(uint32_t)front->queues * plan->tx_refs + first;
	queue->rx_frame = calloc(plan->slots, sizeof(*queue->rx_frame));
	queue->rx_page = calloc(plan->slots, sizeof(*queue->rx_page));
	queue->rx_item = calloc(FRONT_RX_BATCH, sizeof(*queue->rx_item));
	if (!queue->rx_frame || !queue->rx_page || !queue->rx_item)
		return err_sys(err, ENOMEM, "netfront");
	if (window && memory_reserve(&queue->window, plan->slots, err))
		return -err->code;
	for (uint32_t i = 0; i < plan->slots; i++) {
		queue->rx_frame[i] = first + i;
		front->owned[first + i] = 1;
		queue->rx_page[i] = memory_page(&front->rx, first + i);
		if (front->args->persistent && !front_flips(front))
			grant_give(&front->grants, queue->rx_ref + i,
				   front->control.frames + front->tx.frames +
					   first + i,
				   false);
		if (!window)
			continue;
		queue->rx_page[i] = memory_page(&queue->window, i);
		if (memory_show(&queue->window, i, front->rx.fd, first + i))
			return err_sys(err, errno, "netfront: mapping a page");
	}
	return 0;
}

static void open_rings(struct front_queue *queue, const struct plan *plan)
{
	struct netfront *front = queue->front;
	uint32_t pages = (uint32_t)front->args->ring_pages;
	uint32_t frame =
		front->grant_pages + (uint32_t)queue->index * 2 * pages;
	void *tx = memory_page(&front->control, frame);
	void *rx = memory_page(&front->control, frame + pages);

	for (uint32_t i = frame; i < frame + 2 * pages; i++)
		grant_give(&front->grants, GRANT_RESERVED + i, i, false);
	ring_init(tx, pages);
	ring_init(rx, pages);
	ring_front_attach(&queue->tx, tx, pages, NETIF_TX_SLOT_BYTES);
	ring_front_attach(&queue->rx, rx, pages, NETIF_RX_SLOT_BYTES);
	queue->slots = plan->slots;
}

static int open_queue(struct netfront *front, int index,
		      const struct plan *plan, struct err *err)
{
	struct front_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return err_sys(err, ENOMEM, "netfront");
	front->queue[index] = queue;
	queue->front = front;
	queue->index = index;
	queue->tap_fd = queue->writer.fd = front->tap.fd[index];
	queue->split = front->args->split;
	queue->window = (struct memory)MEMORY_INIT;
	queue->channel[0] = queue->channel[1] = (struct evtchn)EVTCHN_INIT;
	open_rings(queue, plan);
	if (open_tx(queue, plan))
		return err_sys(err, ENOMEM, "netfront");
	if (open_rx(queue, plan, err))
		return -err->code;
	front_rx_fill(queue);
	return 0;
}

/* A key of this queue: under "queue-N/" where there are several. */
__attribute__((format(printf, 3, 4))) static void
queue_key(const struct front_queue *queue, char key[XENBUS_KEY_BYTES],
	  const char *fmt, ...)
{
	int n = 0;
	va_list ap;

	if (queue->front->queues > 1)
		n = snprintf(key, XENBUS_KEY_BYTES, "queue-%d/", queue->index);
	va_start(ap, fmt);
	vsnprintf(key + n, XENBUS_KEY_BYTES - (size_t)n, fmt, ap);
	va_end(ap);
}

static void put_rings(struct front_queue *queue)
{
	struct netfront *front = queue->front;
	int pages = (int)front->args->ring_pages;
	uint32_t gref = GRANT_RESERVED + front->grant_pages +
			(uint32_t)(queue->index * 2 * pages);
	char key[XENBUS_KEY_BYTES];

	for (int i = 0; i < 2 * pages; i++) {
		const char *name = i < pages ? "tx-ring-ref" : "rx-ring-ref";

		if (pages > 1)
			queue_key(queue, key, "%s%d", name, i % pages);
		else
			queue_key(queue, key, "%s", name);
		xenbus_put(front->xenbus, key, "%u", gref + (uint32_t)i);
	}
}

/* The peer's ends, open until the message is sent. */
struct peer_fds {
	int fd[2 * 2 * TAP_MAX_QUEUES];
	int count;
};

static int put_channel(struct front_queue *queue, int at, const char *name,
		       struct peer_fds *fds, struct err *err)
{
	struct netfront *front = queue->front;
	char key[XENBUS_KEY_BYTES];
	int *peer = fds->fd + fds->count;

	if (evtchn_create(&queue->channel[at], peer, err))
		return -err->code;
	fds->count += 2;
	queue_key(queue, key, "%s/to-back", name);
	xenbus_put_fd(front->xenbus, key, peer[0]);
	queue_key(queue, key, "%s/to-front", name);
	xenbus_put_fd(front->xenbus, key, peer[1]);
	queue->event_source[at] =
		(struct loop_source){ queue->channel[at].read_fd,
				      front_event_ready, at };
	return loop_add(front->loop, &queue->event_source[at], false, err);
}

static int put_channels(struct front_queue *queue, struct peer_fds *fds,
			struct err *err)
{
	if (!queue->split)
		return put_channel(queue, 0, "event-channel", fds, err);
	if (put_channel(queue, 0, "event-channel-tx", fds, err))
		return -err->code;
	return put_channel(queue, 1, "event-channel-rx", fds, err);
}

static void put_region(struct netfront *front, const char *name,
		       const struct memory *memory, bool by_address)
{
	char key[XENBUS_KEY_BYTES];

	snprintf(key, sizeof(key), "memory-%s-frames", name);
	xenbus_put(front->xenbus, key, "%u", memory->frames);
	snprintf(key, sizeof(key), "memory-%s%s", name,
		 by_address ? "-address" : "");
	if (by_address)
		xenbus_put(front->xenbus, key, "%llu",
			   (unsigned long long)(uintptr_t)memory->base);
	else
		xenbus_put_fd(front->xenbus, key, memory->fd);
}

static void put_wishes(struct netfront *front)
{
	const struct netfront_args *args = front->args;
	struct xenbus *bus = front->xenbus;
	bool fetched = args->mode == NETIF_GRANT_COPY;

	xenbus_put(bus, "request-rx-copy", "%d", !front_flips(front));
	xenbus_put(bus, "rx-mode", "%s", netif_mode_names[args->mode]);
	xenbus_put(bus, "feature-rx-notify", "1");
	xenbus_put(bus, "feature-sg", "1");
	xenbus_put(bus, "feature-gso-tcpv4", "%d", front->gso);
	xenbus_put(bus, "feature-gso-tcpv6", "%d", front->gso);
	xenbus_put(bus, "feature-persistent", "%d", args->persistent);
	xenbus_put(bus, "feature-split-event-channels", "%d", args->split);
	xenbus_put(bus, "multi-queue-num-queues", "%d", front->queues);
	xenbus_put(bus, "ring-pages", "%d", (int)args->ring_pages);
	xenbus_put(bus, "grant-table-pages", "%u", front->grant_pages);
	put_region(front, "control", &front->control, false);
	put_region(front, "tx", &front->tx, fetched);
	put_region(front, "rx", &front->rx, fetched);
}

/* What the back offers bounds what we ask for. */
static int read_offer(struct netfront *front, uint8_t mac[6], struct err *err)
{
	struct xenbus_range flag = { 0, 1, 0 };
	struct xenbus_range queues = { 1, 1024, 1 };
	struct xenbus_range pages = { 1, RING_MAX_PAGES, 1 };
	struct xenbus_range mtu = { 68, 65535, 68 };
	const char *text = xenbus_get(front->xenbus, "mac");
	int64_t gso4, gso6, most_queues, most_pages;

	if (!text || !tap_parse_mac(text, mac))
		return err_set(err, EPROTO, "xenbus: mac is '%s'",
			       text ? text : "missing");
	if (xenbus_get_int(front->xenbus, "feature-gso-tcpv4", flag, &gso4,
			   err) ||
	    xenbus_get_int(front->xenbus, "feature-gso-tcpv6", flag, &gso6,
			   err) ||
	    xenbus_get_int(front->xenbus, "multi-queue-max-queues", queues,
			   &most_queues, err) ||
	    (xenbus_get(front->xenbus, "mtu") &&
	     xenbus_get_int(front->xenbus, "mtu", mtu, &front->mtu, err)) ||
	    xenbus_get_int(front->xenbus, "max-ring-pages", pages, &most_pages,
			   err))
		return -EPROTO;
	if (front->args->ring_pages > most_pages)
		return err_set(err, ERANGE,
			       "the back takes rings of %lld "
			       "page(s), not %lld",
			       (long long)most_pages,
			       (long long)front->args->ring_pages);
	front->gso = front->args->gso && gso4 && gso6;
	front->queues =
		(int)(front->args->queues < most_queues ? front->args->queues
							: most_queues);
	return 0;
}

static int open_tap(struct netfront *front, const uint8_t mac[6],
		    struct err *err)
{
	if (tap_open(&front->tap, front->args->tap, front->queues,
		     front->args->napi, err) ||
	    tap_offer_offload(&front->tap, front->gso, err) ||
	    tap_set_queue_length(&front->tap, QUEUE_FRAMES, err))
		return -err->code;
	if (front->mtu && tap_set_mtu(&front->tap, (int)front->mtu, err))
		return -err->code;
	return tap_set_mac(&front->tap, mac, err);
}

static int connect_back(struct netfront *front, struct err *err)
{
	struct peer_fds fds = { .count = 0 };
	int rc = 0;

	put_wishes(front);
	for (int i = 0; !rc && i < front->queues; i++) {
		put_rings(front->queue[i]);
		rc = put_channels(front->queue[i], &fds, err);
	}
	if (!rc)
		rc = xenbus_send(front->xenbus, XENBUS_CONNECTED, err);
	while (fds.count)
		close(fds.fd[--fds.count]);
	return rc ? rc
		  : xenbus_wait(front->xenbus, XENBUS_CONNECTED,
				clock_mono_ns() + HANDSHAKE_NS, err);
}

int front_open(struct netfront *front, struct err *err)
{
	struct plan plan;
	uint8_t mac[6];

	plan_sizes(front, &plan);
	if (xenbus_send(front->xenbus, XENBUS_INITIALISING, err) ||
	    xenbus_wait(front->xenbus, XENBUS_INIT_WAIT,
			clock_mono_ns() + HANDSHAKE_NS, err) ||
	    read_offer(front, mac, err) || open_tap(front, mac, err) ||
	    create_memory(front, &plan, err))
		return -err->code;
	for (int i = 0; i < front->queues; i++)
		if (open_queue(front, i, &plan, err))
			return -err->code;
	if (connect_back(front, err))
		return -err->code;
	log_warn("%s: receive mode %s: %s", front->tap.name,
		 netif_mode_names[front->args->mode],
		 netif_mode_isolation(front->args->mode));
	for (int i = 0; i < front->queues; i++) {
		struct front_queue *queue = front->queue[i];

		queue->tap_source = (struct loop_source){ queue->tap_fd,
							  front_tap_ready, 0 };
		if (loop_add(front->loop, &queue->tap_source, true, err))
			return -err->code;
		queue->tap_ready = queue->rx_ready = true;
	}
	return 0;
}

static void close_queue(struct front_queue *queue)
{
	if (!queue)
		return;
	evtchn_close(&queue->channel[0]);
	evtchn_close(&queue->channel[1]);
	memory_free(&queue->window);
	free(queue->ids.item);
	free(queue->chunks.item);
	free(queue->runs.item);
	free(queue->tx_slot);
	free(queue->run_used);
	free(queue->rx_frame);
	free(queue->rx_page);
	free(queue->rx_item);
	free(queue);
}

void front_close(struct netfront *front)
{
	if (front->xenbus) {
		xenbus_send(front->xenbus, XENBUS_CLOSING, NULL);
		xenbus_close(front->xenbus);
	}
	for (int i = 0; i < TAP_MAX_QUEUES; i++)
		close_queue(front->queue[i]);
	tap_close(&front->tap);
	memory_free(&front->control);
	memory_free(&front->tx);
	memory_free(&front->rx);
	free(front->owned);
}
