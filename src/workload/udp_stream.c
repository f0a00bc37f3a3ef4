/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp_stream.c - datagrams one way, numbered and stamped (datagram.h), one
 * send() and one recv() each, as iperf3 -u and netperf's UDP_STREAM.
 *
 * Bytes, here, are those of the datagrams that arrived in their own turn: the
 * receiver's rate. The sender's is what it handed to its socket (struct
 * block_result's fed_bytes). Lost is what the numbers leave out between the
 * window's edges; reordered came behind a higher number; jitter is RFC 3550's,
 * from the difference of two clocks whose offset cancels.
 *
 * Paced (pacing_rate), each datagram has a moment at which it is due: the one
 * before's and the time that it takes at the rate. The sender sleeps until
 * shortly before it and then looks at the clock: no timer's granularity, and
 * no qdisc, shapes the gaps. How long before, it learns from how late it wakes:
 * on a virtual machine that may be several gaps. Who is late all the same does
 * not catch up by a burst: the gaps are halved, not left out, until the delay
 * is made up for; what is more than BEHIND_MAX_NS of it, as after losing the
 * processor, is lost to the rate. Several flows of a lane have their moments in
 * turn.
 *
 * A paced datagram carries how long its sender was kept waiting, by a timer or
 * for a processor, and not what its own socket took: that is the path's. The
 * receiver adds when it was kept itself (pieces.h).
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "workload/datagram.h"
#include "workload/end.h"

#define DRAIN_MAX 256

/* Datagrams taken from one flow of several before the next has its turn. */
#define BURST 16

/* recv() calls before one that may sleep, that included; some 3 us. */
#define LOOKS 10

/* Sleep until so long before a datagram is due, at least and at most: what
 * waking up takes. */
#define MARGIN_MIN_NS (30 * NS_PER_US)
#define MARGIN_MAX_NS (2 * NS_PER_MS)

#define BEHIND_MAX_NS (5 * NS_PER_MS)

/* Of how late it wakes the mean is learned: each time a part, and where it
 * does not sleep any more it tries again by and by. */
#define LEARN  8
#define FORGET 256

struct pace {
	int64_t gap_ns;	   /* of a flow */
	int64_t margin_ns; /* as above, as learned */
	int64_t late_ns;   /* kept waiting, not yet told */
};

static size_t udp_buffer_bytes(const struct point *point, bool counts)
{
	(void)counts;
	return (size_t)point->value[AXIS_MESSAGE_SIZE];
}

/* What a full queue, or nobody at the port, does to a datagram: it is lost. */
static bool is_loss(int code)
{
	return code == ENOBUFS || code == ECONNREFUSED || code == ENOMEM;
}

static int send_stamped(struct lane *lane, struct flow *flow, int64_t now_ns,
			int64_t late_ns, struct err *err)
{
	int64_t late_us = late_ns / NS_PER_US;
	const struct datagram d = {
		.turn = lane->turn,
		.late_us =
			(uint16_t)(late_us < UINT16_MAX ? late_us : UINT16_MAX),
		.number = flow->number + 1,
		.sent_ns = now_ns,
	};
	ssize_t n;

	datagram_encode(&d, lane->buffer);
	n = send(flow->fd, lane->buffer, lane->buffer_bytes, MSG_NOSIGNAL);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && !is_loss(errno))
		return lane_send_failed(lane, errno, err);
	flow->number++;
	lane_add_bytes(lane, lane->buffer_bytes);
	lane->messages++;
	return 0;
}

static int send_one(struct lane *lane, struct flow *flow, struct err *err)
{
	return send_stamped(lane, flow, clock_mono_ns(), 0, err);
}

static int feed_unpaced(struct lane *lane, struct err *err)
{
	int rc = 0;

	while (!rc && !wake_pending())
		rc = send_one(lane, &lane->flow[0], err);
	return rc;
}

static int feed_some(struct lane *lane, struct flow *flow, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < BURST && !rc && !wake_pending(); i++)
		rc = send_one(lane, flow, err);
	return rc;
}

static void learn_margin(struct pace *pace, int64_t late_ns)
{
	int64_t wanted_ns = late_ns + late_ns / 2;

	if (wanted_ns > MARGIN_MAX_NS)
		wanted_ns = MARGIN_MAX_NS;
	pace->margin_ns += (wanted_ns - pace->margin_ns) / LEARN;
	if (pace->margin_ns < MARGIN_MIN_NS)
		pace->margin_ns = MARGIN_MIN_NS;
}

static void sleep_until(struct pace *pace, int64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = until_ns / NS_PER_S,
		.tv_nsec = until_ns % NS_PER_S,
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	learn_margin(pace, clock_mono_ns() - until_ns);
}

/* Sleeps, then spins; the clock as it was last read. Late is who comes after
 * both the moment and his own arrival here. */
static int64_t wait_until(struct pace *pace, int64_t due_ns)
{
	int64_t now_ns = clock_mono_ns();
	int64_t from_ns = now_ns > due_ns ? now_ns : due_ns;

	if (due_ns - now_ns > pace->margin_ns)
		sleep_until(pace, due_ns - pace->margin_ns);
	else if (pace->margin_ns > MARGIN_MIN_NS)
		pace->margin_ns -= pace->margin_ns / FORGET;
	while (!wake_pending() && (now_ns = clock_mono_ns()) < due_ns)
		;
	if (now_ns - from_ns > pace->late_ns)
		pace->late_ns = now_ns - from_ns;
	return now_ns;
}

static int64_t due_of(const struct flow *flow)
{
	return flow->since_ns > flow->earliest_ns ? flow->since_ns
						  : flow->earliest_ns;
}

static struct flow *next_due(struct lane *lane)
{
	struct flow *next = &lane->flow[0];

	for (size_t i = 1; i < lane->flows; i++)
		if (due_of(&lane->flow[i]) < due_of(next))
			next = &lane->flow[i];
	return next;
}

/* After a pause: the flows' moments evenly between one another. */
static void spread_out(struct lane *lane, int64_t gap_ns)
{
	int64_t now_ns = clock_mono_ns();

	for (size_t i = 0; i < lane->flows; i++)
		if (lane->flow[i].since_ns < now_ns - gap_ns)
			lane->flow[i].since_ns =
				now_ns +
				gap_ns * (int64_t)i / (int64_t)lane->flows;
}

static void set_next(struct flow *flow, const struct pace *pace, int64_t now_ns)
{
	flow->earliest_ns = now_ns + pace->gap_ns / 2;
	flow->since_ns += pace->gap_ns;
	if (flow->since_ns < now_ns - BEHIND_MAX_NS)
		flow->since_ns = now_ns - BEHIND_MAX_NS;
}

static void look_at_wait(struct pace *pace, struct waited *waited,
			 int64_t now_ns)
{
	int64_t waited_ns = waited_look(waited, now_ns);

	if (waited_ns > pace->late_ns)
		pace->late_ns = waited_ns;
}

static int feed_paced(struct lane *lane, struct err *err)
{
	struct pace pace = {
		.gap_ns = datagram_gap_ns(lane->point),
		.margin_ns = MARGIN_MIN_NS,
	};
	int rc = 0;

	/* the kernel would add 50 us to every sleep of the thread */
	prctl(PR_SET_TIMERSLACK, 1);
	waited_open(&lane->waited);
	spread_out(lane, pace.gap_ns);
	while (!rc && !wake_pending()) {
		struct flow *flow = next_due(lane);
		int64_t now_ns = wait_until(&pace, due_of(flow));

		if (wake_pending())
			break;
		look_at_wait(&pace, &lane->waited, now_ns);
		rc = send_stamped(lane, flow, now_ns, pace.late_ns, err);
		pace.late_ns = 0;
		set_next(flow, &pace, now_ns);
	}
	waited_close(&lane->waited);
	return rc;
}

static int udp_feed(struct lane *lane, struct err *err)
{
	if (lane->point->value[AXIS_PACING_RATE])
		return feed_paced(lane, err);
	if (lane->epoll_fd < 0)
		return feed_unpaced(lane, err);
	return lane_step_many(lane, feed_some, "the other end took no data",
			      err);
}

/* RFC 3550, 6.4.1: D is the difference of two datagrams' times of transit,
 * J the mean of |D| with a gain of 1/16. */
static void note_transit(struct sequence *s, int64_t transit_ns)
{
	double d = (double)(transit_ns - s->transit_ns);

	if (s->received > 1)
		s->jitter_ns += ((d < 0 ? -d : d) - s->jitter_ns) / 16;
	s->transit_ns = transit_ns;
}

/* How many are missing before it; -1: it was. Numbers left out before a turn's
 * first datagram were lost to no window. */
static int64_t note_number(struct sequence *s, const struct datagram *d)
{
	int64_t missing =
		s->turn == d->turn ? (int64_t)(d->number - s->next) : 0;

	s->turn = d->turn;
	s->received++;
	if (missing < 0) {
		s->reordered++;
		return -1;
	}
	s->expected += (uint64_t)missing + 1;
	s->next = d->number + 1;
	return missing;
}

static void take_piece(struct lane *lane, const struct datagram *d,
		       int64_t missing, int64_t now_ns)
{
	int64_t waited_ns = waited_look(&lane->waited, now_ns);

	pieces_add(&lane->pieces, d, missing, now_ns);
	if (lane->waited.looked_ns == now_ns)
		pieces_look(&lane->pieces, waited_ns, now_ns);
}

static void take(struct lane *lane, struct flow *flow, size_t size)
{
	struct sequence *s = &flow->sequence;
	struct datagram d;
	int64_t missing, now_ns;

	if (datagram_decode(lane->buffer, size, &d) || d.turn != lane->turn)
		return;
	lane_add_bytes(lane, size);
	missing = note_number(s, &d);
	now_ns = clock_mono_ns();
	take_piece(lane, &d, missing, now_ns);
	note_transit(s, now_ns - d.sent_ns);
}

/* As recv(): waking a sleeping processor costs the sender more than a few
 * looks cost the receiver. Only where the kernel sizes the socket, as a
 * generator's user has it: on a path whose devices are processes of the same
 * processor, looks would be at their expense. */
static ssize_t look_and_receive(const struct lane *lane, int fd, int looks)
{
	for (int i = 1; i < looks; i++) {
		ssize_t n = recv(fd, lane->buffer, lane->buffer_bytes,
				 MSG_DONTWAIT);

		if (n >= 0 || errno != EAGAIN)
			return n;
	}
	return recv(fd, lane->buffer, lane->buffer_bytes, 0);
}

static int count_one(struct lane *lane, struct err *err)
{
	struct flow *flow = &lane->flow[0];
	int looks = sock_buffer_bytes(lane->point, false) ? 1 : LOOKS;

	while (!wake_pending()) {
		ssize_t n = look_and_receive(lane, flow->fd, looks);

		if (n >= 0)
			take(lane, flow, (size_t)n);
		else if (errno != EINTR && !is_loss(errno))
			return lane_receive_failed(lane, n, errno, err);
	}
	return 0;
}

static int count_some(struct lane *lane, struct flow *flow, struct err *err)
{
	for (int i = 0; i < BURST && !wake_pending(); i++) {
		ssize_t n = recv(flow->fd, lane->buffer, lane->buffer_bytes,
				 MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n >= 0)
			take(lane, flow, (size_t)n);
		else if (!is_loss(errno))
			return lane_receive_failed(lane, n, errno, err);
	}
	return 0;
}

static int udp_count(struct lane *lane, struct err *err)
{
	int rc;

	if (lane->point->value[AXIS_PACING_RATE])
		waited_open(&lane->waited);
	rc = lane->epoll_fd < 0
		     ? count_one(lane, err)
		     : lane_step_many(lane, count_some, "no data came", err);
	waited_close(&lane->waited);
	return rc;
}

static int udp_drain(struct lane *lane, struct err *err)
{
	int ready = 1, rc = 0;

	if (lane->epoll_fd < 0) {
		wake_clear();
		return count_some(lane, &lane->flow[0], err);
	}
	for (int i = 0; i < DRAIN_MAX && !rc && ready > 0; i++)
		rc = lane_step_ready(lane, count_some, 0, &ready, err);
	return rc;
}

const struct workload_ops udp_stream_ops = {
	.lossy = true,
	.buffer_bytes = udp_buffer_bytes,
	.feed = udp_feed,
	.count = udp_count,
	.drain = udp_drain,
};
