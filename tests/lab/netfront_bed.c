/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netfront_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/netdev.h"
#include "netback_bed.h"

/* A broadcast of an EtherType for experiments, from a mark of ours. */
static const uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
				   0,	 0,    0,    0,	   7,	 0x88, 0xb5 };

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "test bed: %s\n", what);
	abort();
}

static void run_front(const struct netfront_args *args, int report_fd)
{
	struct err err = ERR_INIT;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_set_level(getenv("VAZAO_LOG") ? LOG_DEBUG : LOG_ERROR);
	if (netfront_run(args, &err) &&
	    write(report_fd, err.text, strlen(err.text)) < 0)
		_exit(2);
	_exit(err.code != 0);
}

void back_open(struct back *b, const struct netfront_args *given)
{
	struct netfront_args args = *given;
	struct err err = ERR_INIT;
	int bus[2], report[2];

	memset(b, 0, sizeof(*b));
	b->control = b->tx = b->rx = (struct memory)MEMORY_INIT;
	b->channel = (struct evtchn)EVTCHN_INIT;
	b->mode = args.mode;
	b->listen_fd = -1;
	need(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, bus) &&
		     !pipe2(report, O_CLOEXEC),
	     "a socket");
	b->pid = fork();
	if (b->pid == 0) {
		close(bus[0]);
		close(report[0]);
		args.xenbus_fd = bus[1];
		run_front(&args, report[1]);
	}
	close(bus[1]);
	close(report[1]);
	b->report_fd = report[0];
	need(!xenbus_open(&b->bus, bus[0], &err), err.text);
}

void back_put_offer(struct back *b)
{
	xenbus_put(b->bus, "mac", BACK_MAC);
	xenbus_put(b->bus, "feature-sg", "1");
	xenbus_put(b->bus, "feature-gso-tcpv4", "1");
	xenbus_put(b->bus, "feature-gso-tcpv6", "1");
	xenbus_put(b->bus, "feature-rx-copy", "1");
	xenbus_put(b->bus, "feature-rx-flip", "1");
	xenbus_put(b->bus, "feature-persistent", "1");
	xenbus_put(b->bus, "multi-queue-max-queues", "1");
	xenbus_put(b->bus, "max-ring-pages", "1");
}

static uint32_t read_key(struct back *b, const char *key)
{
	struct xenbus_range range = { 0, UINT32_MAX, -1 };
	int64_t value;

	need(!xenbus_get_int(b->bus, key, range, &value, NULL), key);
	return (uint32_t)value;
}

static void map_region(struct back *b, const char *name, bool writable,
		       struct memory *memory)
{
	struct err err = ERR_INIT;
	char key[64];
	int fd;

	snprintf(key, sizeof(key), "memory-%s-frames", name);
	memory->frames = read_key(b, key);
	snprintf(key, sizeof(key), "memory-%s", name);
	if (xenbus_take_fd(b->bus, key, &fd, NULL)) /* grant-copy */
		return;
	need(!memory_map(memory, fd, memory->frames, writable, key, &err),
	     err.text);
}

int back_take_front(struct back *b)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct err err = ERR_INIT;
	int rc = xenbus_send(b->bus, XENBUS_INIT_WAIT, NULL);
	int to_back, to_front;
	uint8_t *tx, *rx;

	if (!rc)
		rc = xenbus_wait(b->bus, XENBUS_CONNECTED, end_ns, NULL);
	if (rc)
		return rc;
	map_region(b, "control", true, &b->control);
	map_region(b, "tx", false, &b->tx);
	map_region(b, "rx", true, &b->rx);
	b->grant = (struct grant_entry *)b->control.base;
	tx = memory_page(&b->control,
			 b->grant[read_key(b, "tx-ring-ref")].frame);
	rx = memory_page(&b->control,
			 b->grant[read_key(b, "rx-ring-ref")].frame);
	ring_back_attach(&b->tx_ring, (void *)tx, 1, NETIF_TX_SLOT_BYTES);
	ring_back_attach(&b->rx_ring, (void *)rx, 1, NETIF_RX_SLOT_BYTES);
	need(!xenbus_take_fd(b->bus, "event-channel/to-back", &to_back, &err) &&
		     !xenbus_take_fd(b->bus, "event-channel/to-front",
				     &to_front, &err) &&
		     !evtchn_bind(&b->channel, to_back, to_front, &err),
	     err.text);
	return 0;
}

static void open_listener(struct back *b)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("eth0"),
	};
	struct err err = ERR_INIT;
	int fd = netdev_open(&err);

	need(fd >= 0 && !netdev_set_up(fd, "eth0", true, &err), err.text);
	close(fd);
	b->listen_fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	need(b->listen_fd >= 0 &&
		     !bind(b->listen_fd, (void *)&address, sizeof(address)),
	     "a packet socket on eth0");
}

void back_connect(struct back *b)
{
	need(!xenbus_send(b->bus, XENBUS_CONNECTED, NULL), "saying Connected");
	open_listener(b);
}

void back_start(struct back *b, const struct netfront_args *args)
{
	back_open(b, args);
	back_put_offer(b);
	need(!back_take_front(b), "the handshake of a good back fails");
	back_connect(b);
}

void back_close(struct back *b)
{
	if (b->bus)
		xenbus_close(b->bus);
	evtchn_close(&b->channel);
	memory_free(&b->control);
	memory_free(&b->tx);
	memory_free(&b->rx);
	if (b->listen_fd >= 0)
		close(b->listen_fd);
	if (b->pid > 0) {
		kill(b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
	}
	close(b->report_fd);
}

/*
 * Frames.
 */

void back_make_front_send(struct back *b, int frames)
{
	while (frames-- > 0)
		need(send(b->listen_fd, frame, sizeof(frame), 0) ==
			     sizeof(frame),
		     "sending on eth0");
}

int back_await_tx(struct back *b, int wanted)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;

	while (ring_back_pending(&b->tx_ring) < wanted &&
	       clock_mono_ns() < end_ns)
		clock_sleep_ns(100 * NS_PER_US);
	return ring_back_pending(&b->tx_ring);
}

void back_answer_tx(struct back *b, uint16_t id, int16_t status)
{
	struct netif_tx_response response = { id, status };
	struct netif_tx_request request;

	ring_back_get(&b->tx_ring, &request, sizeof(request));
	ring_back_put(&b->tx_ring, &response, sizeof(response));
}

struct netif_rx_request back_take_rx(struct back *b)
{
	struct netif_rx_request request;

	need(ring_back_pending(&b->rx_ring) > 0, "the front posts no room");
	ring_back_get(&b->rx_ring, &request, sizeof(request));
	return request;
}

uint8_t *back_page(struct back *b, uint32_t gref)
{
	uint32_t at = b->grant[gref].frame - b->control.frames - b->tx.frames;

	need(at < b->rx.frames && b->rx.base, "a grant of no RX page");
	return memory_page(&b->rx, at);
}

/* The pool's upper half is the back's at the start; a page is given once. */
static void flip(struct back *b, uint32_t gref)
{
	uint32_t first = b->control.frames + b->tx.frames;
	uint32_t mine = b->rx.frames / 2 +
			(b->rx_ring.req_cons - 1) % (b->rx.frames / 2);

	memcpy(memory_page(&b->rx, mine), frame, sizeof(frame));
	atomic_fetch_or(&b->grant[gref].head, GTF_transfer_committed);
	atomic_store(&b->grant[gref].frame, first + mine);
	atomic_fetch_or(&b->grant[gref].head, GTF_transfer_completed);
}

void back_fill_rx(struct back *b, uint32_t gref)
{
	if (b->mode == NETIF_FLIP_INDEX || b->mode == NETIF_FLIP_MAP)
		flip(b, gref);
	else if (b->rx.base)
		memcpy(back_page(b, gref), frame, sizeof(frame));
}

void back_put_rx(struct back *b, struct netif_rx_response response)
{
	ring_back_put(&b->rx_ring, &response, sizeof(response));
}

void back_push(struct back *b)
{
	ring_back_push(&b->tx_ring);
	ring_back_push(&b->rx_ring);
	evtchn_notify(&b->channel);
}

int back_count_received(struct back *b)
{
	uint8_t got[4096];
	int count = 0;

	for (;;) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(b->listen_fd, got, sizeof(got),
				     MSG_DONTWAIT, (void *)&from, &size);

		if (n < 0)
			return count;
		count += n == sizeof(frame) &&
			 from.sll_pkttype != PACKET_OUTGOING &&
			 memcmp(got, frame, 14) == 0;
	}
}

bool back_works(struct back *b)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct netif_rx_request rx = back_take_rx(b);
	struct netif_tx_request tx;
	struct netif_tx_response okay = { .status = NETIF_RSP_OKAY };
	int came = 0;

	back_count_received(b);
	back_make_front_send(b, 1);
	if (back_await_tx(b, 1) < 1)
		return false;
	ring_back_get(&b->tx_ring, &tx, sizeof(tx));
	okay.id = tx.id;
	ring_back_put(&b->tx_ring, &okay, sizeof(okay));
	back_fill_rx(b, rx.gref);
	back_put_rx(b, (struct netif_rx_response){ .id = rx.id,
						   .status = sizeof(frame) });
	back_push(b);
	while (!came && clock_mono_ns() < end_ns) {
		clock_sleep_ns(200 * NS_PER_US);
		came = back_count_received(b);
	}
	return came >= 1 && tx.size == sizeof(frame);
}

bool back_front_lives(struct back *b)
{
	siginfo_t info = { .si_pid = 0 };

	return b->pid > 0 &&
	       waitid(P_PID, (id_t)b->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

bool back_front_ended(struct back *b, const char *why)
{
	struct pollfd pfd = { b->report_fd, POLLIN, 0 };
	ssize_t n = 0;
	int status = 0;

	if (poll(&pfd, 1, 3000) != 1) {
		fprintf(stderr, "expected '%s', but netfront goes on\n", why);
		return false;
	}
	n = read(b->report_fd, b->error, sizeof(b->error) - 1);
	b->error[n > 0 ? n : 0] = '\0';
	waitpid(b->pid, &status, 0);
	b->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
	    strstr(b->error, why))
		return true;
	fprintf(stderr, "expected '%s', but: '%s', status %x\n", why, b->error,
		status);
	return false;
}
