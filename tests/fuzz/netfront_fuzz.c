/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netfront reads from a hostile back, under libFuzzer: both rings'
 * responses and indices, and the grant table it may write to. The rooms' own
 * code runs whole; only eth0 is not there: readv() and writev() are ours, and
 * judge what they are given.
 *
 * An input: a byte of mode, two of indices, how many bytes of TX slots, then
 * TX slots, and rounds of RX slots with changes to the grant table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "xen/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
ssize_t fuzz_readv(int fd, const struct iovec *iov, int count);
ssize_t fuzz_writev(int fd, const struct iovec *iov, int count);

#define SLOTS	  256
#define GRANTS	  1024
#define RX_FRAMES (2 * SLOTS)
#define TX_FRAMES (SLOTS / 2 + 17 * FRONT_RUN_PAGES)
#define CONTROL	  4 /* grant table 2, rings */

static struct {
	_Alignas(4096) uint8_t control[CONTROL * XEN_PAGE_SIZE];
	uint8_t *tx, *rx;
	int to_read; /* frames that eth0 has */
} world;

static void claim(bool true_always)
{
	if (!true_always)
		abort();
}

static bool lies_in(const struct iovec *iov, const uint8_t *base, size_t frames)
{
	const uint8_t *at = iov->iov_base;

	return at >= base && at + iov->iov_len <= base + frames * XEN_PAGE_SIZE;
}

/* eth0 has a frame: a short one, or one of 9000 bytes. */
ssize_t fuzz_readv(int fd, const struct iovec *iov, int count)
{
	size_t bytes = world.to_read % 2 ? 60 : 9000, room = 0;

	(void)fd;
	for (int i = 1; i < count; i++) {
		claim(lies_in(&iov[i], world.tx, TX_FRAMES));
		room += iov[i].iov_len;
	}
	claim(room >= 65536);
	if (!world.to_read--) {
		world.to_read = 0;
		errno = EAGAIN;
		return -1;
	}
	memset(iov[0].iov_base, 0, iov[0].iov_len);
	return (ssize_t)(iov[0].iov_len + bytes);
}

/* What may go to eth0: received pages, or a little of netfront's own. */
static bool may_go_out(const struct iovec *iov)
{
	if (lies_in(iov, world.rx, RX_FRAMES))
		return true;
	return iov->iov_len <= XEN_PAGE_SIZE &&
	       !lies_in(iov, world.tx, TX_FRAMES) &&
	       !lies_in(iov, world.control, CONTROL);
}

/* A frame comes out. */
ssize_t fuzz_writev(int fd, const struct iovec *iov, int count)
{
	size_t bytes = 0;

	(void)fd;
	claim(count >= 1);
	for (int i = 0; i < count; i++) {
		volatile uint8_t last;

		claim(iov[i].iov_len > 0);
		claim(may_go_out(&iov[i]));
		last = ((uint8_t *)iov[i].iov_base)[iov[i].iov_len - 1];
		(void)last;
		bytes += iov[i].iov_len;
	}
	claim(bytes >= sizeof(struct virtio_net_hdr) + 14);
	return (ssize_t)bytes;
}

static uint8_t *new_pages(size_t frames)
{
	return mmap(NULL, frames * XEN_PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fill(struct front_stack *stack, uint16_t *item, uint32_t count)
{
	*stack = (struct front_stack){ .item = item };
	while (stack->count < count) {
		item[stack->count] = (uint16_t)(count - 1 - stack->count);
		stack->count++;
	}
}

/* One queue, as front_setup.c makes it. */
static void set_up(struct netfront *front, struct front_queue *queue)
{
	static struct front_tx_slot tx_slot[SLOTS];
	static uint8_t run_used[17], owned[RX_FRAMES];
	static uint16_t ids[SLOTS], chunks[SLOTS], runs[17];
	static uint32_t rx_frame[SLOTS];
	static uint8_t *rx_page[SLOTS];
	static struct rx_item rx_item[FRONT_RX_BATCH];
	void *rings[2] = { world.control + 2 * XEN_PAGE_SIZE,
			   world.control + 3 * XEN_PAGE_SIZE };

	memset(world.control, 0, 2 * XEN_PAGE_SIZE);
	memset(tx_slot, 0, sizeof(tx_slot));
	memset(run_used, 0, sizeof(run_used));
	memset(owned, 0, sizeof(owned));
	front->control = (struct memory){ world.control, CONTROL, -1 };
	front->tx = (struct memory){ world.tx, TX_FRAMES, -1 };
	front->rx = (struct memory){ world.rx, RX_FRAMES, -1 };
	front->grants =
		(struct grant_table){ (struct grant_entry *)world.control,
				      GRANTS, 0 };
	front->owned = owned;
	front->queues = 1;
	front->queue[0] = queue;
	*queue = (struct front_queue){ .front = front,
				       .slots = SLOTS,
				       .tx_slot = tx_slot,
				       .run_used = run_used,
				       .tx_ref = GRANT_RESERVED + CONTROL,
				       .rx_frame = rx_frame,
				       .rx_page = rx_page,
				       .rx_item = rx_item,
				       .rx_ref =
					       GRANT_RESERVED + CONTROL + SLOTS,
				       .channel = { EVTCHN_INIT, EVTCHN_INIT },
				       .rx_ready = true,
				       .tap_ready = true };
	fill(&queue->ids, ids, SLOTS);
	fill(&queue->chunks, chunks, SLOTS);
	fill(&queue->runs, runs, 17);
	for (uint32_t i = 0; i < SLOTS; i++) {
		rx_frame[i] = i;
		owned[i] = 1;
		rx_page[i] = world.rx + i * XEN_PAGE_SIZE;
	}
	ring_init(rings[0], 1);
	ring_init(rings[1], 1);
	ring_front_attach(&queue->tx, rings[0], 1, NETIF_TX_SLOT_BYTES);
	ring_front_attach(&queue->rx, rings[1], 1, NETIF_RX_SLOT_BYTES);
	front_rx_fill(queue);
}

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t next(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* Slots as the back writes them, from the ring's `at` on. */
static void write_slots(struct input *in, struct ring_front *ring, uint32_t at,
			size_t bytes)
{
	uint8_t *slot = (uint8_t *)ring->shared->slot;
	uint32_t slot_bytes = ring->slot_words * 4;

	for (size_t i = 0; i < bytes; i++)
		slot[(at * slot_bytes + i) % (SLOTS * slot_bytes)] = next(in);
}

/* Words of the grant table, in fours: where, then flags, frame. */
static void change_grants(struct input *in, const struct front_queue *queue)
{
	for (uint8_t n = next(in) % 8; n; n--) {
		uint32_t ref = queue->rx_ref + next(in);
		struct grant_entry *entry =
			&queue->front->grants.entry[ref % GRANTS];

		entry->head = next(in);
		entry->frame = CONTROL + TX_FRAMES + SLOTS +
			       (uint32_t)(int8_t)next(in) * 2;
	}
}

/* Each page is one's or the other's, each id free or in flight. */
static void check(const struct front_queue *queue)
{
	uint32_t mine = 0, flying = 0;

	for (uint32_t i = 0; i < RX_FRAMES; i++)
		mine += queue->front->owned[i];
	claim(mine == SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		claim(queue->rx_frame[i] < RX_FRAMES);
		flying += queue->tx_slot[i].used;
	}
	claim(queue->ids.count + flying == SLOTS);
	claim(queue->chunks.count <= SLOTS && queue->runs.count <= 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct netfront_args args = NETFRONT_ARGS_INIT;
	struct netfront front = { .args = &args, .gso = true };
	struct front_queue queue;
	uint8_t kind = next(&in);

	if (!world.tx) {
		world.tx = new_pages(TX_FRAMES);
		world.rx = new_pages(RX_FRAMES);
	}
	args.mode = kind & 1 ? NETIF_FLIP_INDEX : NETIF_COPY;
	args.persistent = kind & 2;
	set_up(&front, &queue);
	world.to_read = kind >> 4;
	front_tx_run(&queue);
	for (int round = 0; round < 4 && in.size && !front.fatal; round++) {
		uint8_t rx = next(&in), tx = next(&in);

		write_slots(&in, &queue.rx, queue.rx.rsp_cons, rx % 32 * 8);
		write_slots(&in, &queue.tx, queue.tx.rsp_cons, tx % 32 * 12);
		change_grants(&in, &queue);
		/* mostly what was written; sometimes beyond */
		queue.rx.shared->rsp_prod += rx < 224 ? rx % 32 : rx;
		queue.tx.shared->rsp_prod += tx < 224 ? tx % 32 : tx;
		queue.rx_ready = queue.tap_ready = true;
		queue.tx_stalled = false;
		world.to_read = rx % 4;
		front_rx_run(&queue);
		if (!front.fatal)
			front_tx_run(&queue);
		if (!front.fatal)
			check(&queue);
	}
	return 0;
}
