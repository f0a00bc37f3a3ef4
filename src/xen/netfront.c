/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/netfront.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "xen/control.h"
#include "xen/front.h"

#define OWNER(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

void front_push(struct front_queue *queue, struct ring_front *ring,
		struct evtchn *channel)
{
	if (!ring_front_unpushed(ring))
		return;
	if (!ring_front_push(ring) && !queue->front->args->notify_always) {
		queue->counters.notify_spared++;
		return;
	}
	queue->counters.notify_sent++;
	evtchn_notify(channel); /* a peer that is gone shows on xenbus */
}

void front_tap_ready(struct loop_source *source)
{
	struct front_queue *queue =
		OWNER(source, struct front_queue, tap_source);

	queue->tap_ready = true;
	if (!queue->rx_waits_tap)
		return;
	queue->rx_waits_tap = false;
	loop_listen_writable(queue->front->loop, source, false);
}

static void take_event(struct front_queue *queue, int at)
{
	bool work = queue->rx_ready || queue->tx_stalled ||
		    ring_front_pending(&queue->rx) != 0;
	int64_t pause_ns = evtchn_judge(&queue->channel[at], work);

	queue->counters.events++;
	queue->rx_ready = true;
	queue->tx_stalled = false;
	if (!pause_ns)
		return;
	queue->counters.storms++;
	queue->pause_until_ns[at] = clock_mono_ns() + pause_ns;
	loop_listen(queue->front->loop, &queue->event_source[at], false);
}

static void judge_state(struct netfront *front, enum xenbus_state state)
{
	static const char *const odd[] = {
		[XENBUS_UNKNOWN] = "it is in no state",
		[XENBUS_INITIALISING] = "it goes into state 1",
		[XENBUS_INIT_WAIT] = "it goes into state 2",
		[XENBUS_INITIALISED] = "it goes into state 3",
		[XENBUS_CONNECTED] = NULL,
		[XENBUS_CLOSING] = "it closes",
		[XENBUS_CLOSED] = "it closes",
		[XENBUS_RECONFIGURING] = "it goes into state 7",
		[XENBUS_RECONFIGURED] = "it goes into state 8",
	};
	const char *why = xenbus_get(front->xenbus, "error");

	front->fatal = odd[state];
	if (why && (state == XENBUS_CLOSING || state == XENBUS_CLOSED))
		front->fatal = why;
}

/* What the back says, if anything: false where that is no reason to end. */
static bool take_message(struct netfront *front)
{
	int rc = xenbus_receive(front->xenbus, NULL);

	if (rc == -EPIPE)
		front->fatal = "it is gone";
	else if (rc < 0)
		front->fatal = "a message of a wrong form";
	else if (rc > 0)
		judge_state(front, xenbus_peer_state(front->xenbus));
	return front->fatal != NULL;
}

void front_event_ready(struct loop_source *source)
{
	struct front_queue *queue =
		source->kind == 1
			? OWNER(source, struct front_queue, event_source[1])
			: OWNER(source, struct front_queue, event_source[0]);
	int rc = evtchn_clear(&queue->channel[source->kind]);

	if (rc > 0) {
		take_event(queue, source->kind);
	} else if (rc < 0) {
		loop_remove(queue->front->loop, source);
		/* xenbus may know better */
		if (!take_message(queue->front))
			queue->front->fatal = "it closed an event channel";
	}
}

static void xenbus_ready(struct loop_source *source)
{
	take_message(OWNER(source, struct netfront, xenbus_source));
}

static void stop_ready(struct loop_source *source)
{
	OWNER(source, struct netfront, stop_source)->stop = true;
}

/* When the first pause of an event storm is over; 0: none. */
static int64_t end_pauses(struct front_queue *queue, int64_t now_ns)
{
	int64_t next_ns = 0;

	for (int i = 0; i < 2; i++) {
		int64_t until_ns = queue->pause_until_ns[i];

		if (!until_ns)
			continue;
		if (now_ns >= until_ns) {
			queue->pause_until_ns[i] = 0;
			queue->rx_ready = true;
			queue->tx_stalled = false;
			loop_listen(queue->front->loop, &queue->event_source[i],
				    true);
		} else if (!next_ns || until_ns < next_ns) {
			next_ns = until_ns;
		}
	}
	return next_ns;
}

static bool is_paused(const struct front_queue *queue)
{
	return queue->pause_until_ns[0] || queue->pause_until_ns[1];
}

static bool run_queue(struct front_queue *queue)
{
	bool more = false;

	if (queue->rx_ready && !queue->rx_waits_tap)
		more = front_rx_run(queue);
	if (queue->tap_ready && !queue->tx_stalled && !queue->front->fatal)
		more = front_tx_run(queue) || more;
	return more;
}

/* Frames moved so far, both ways. */
static uint64_t work_done(const struct netfront *front)
{
	uint64_t frames = 0;

	for (int i = 0; i < front->queues; i++)
		frames += front->queue[i]->counters.tx_frames +
			  front->queue[i]->counters.rx_frames;
	return frames;
}

/* Where there was work a moment ago, more is likely: wait a little, asking
 * nobody to wake us (which costs the waker 7-9 us), and look again. */
static void linger(struct netfront *front)
{
	front->lingered_at = work_done(front);
	clock_sleep_ns(front->args->coalesce_ns);
	for (int i = 0; i < front->queues; i++)
		front->queue[i]->tap_ready = front->queue[i]->rx_ready = true;
}

/* One look at every queue: true: there is more to do at once. */
static bool run_queues(struct netfront *front, int64_t *timeout_ns)
{
	bool more = false;

	for (int i = 0; i < front->queues && !front->fatal; i++) {
		struct front_queue *queue = front->queue[i];
		int64_t now_ns, wake_ns;

		if (is_paused(queue)) {
			now_ns = clock_mono_ns();
			wake_ns = end_pauses(queue, now_ns);
			if (wake_ns &&
			    (*timeout_ns < 0 || wake_ns - now_ns < *timeout_ns))
				*timeout_ns = wake_ns - now_ns;
		}
		more = run_queue(queue) || more;
	}
	return more;
}

static void run(struct netfront *front)
{
	int64_t timeout_ns = 0;

	while (!front->stop && !front->fatal) {
		if (timeout_ns)
			front->queue[0]->counters.sleeps++;
		loop_wait(front->loop, timeout_ns);
		timeout_ns = -1;
		if (run_queues(front, &timeout_ns)) {
			timeout_ns = 0;
		} else if (front->args->coalesce_ns &&
			   work_done(front) != front->lingered_at) {
			linger(front);
			timeout_ns = 0;
		}
	}
}

static json_t *tell(void *arg)
{
	struct netfront *front = arg;
	struct netif_counters sum = { 0 };
	json_t *json, *queues = json_array();

	for (int i = 0; i < front->queues; i++) {
		netif_counters_add(&sum, &front->queue[i]->counters);
		json_array_append_new(
			queues,
			netif_counters_to_json(&front->queue[i]->counters));
	}
	json = json_pack("{s:s, s:s, s:i, s:b}", "tap", front->tap.name, "mode",
			 netif_mode_names[front->args->mode], "queues",
			 front->queues, "napi", front->tap.napi);
	json_object_set_new(json, "counters", netif_counters_to_json(&sum));
	if (front->queues > 1)
		json_object_set(json, "queue", queues);
	json_decref(queues);
	return json;
}

static int check(const struct netfront_args *args, struct err *err)
{
	int64_t pages = args->ring_pages;

	if (pages < 1 || pages > RING_MAX_PAGES || pages & (pages - 1))
		return err_set(err, EINVAL,
			       "%lld ring pages: not 1, 2, 4, 8 or 16",
			       (long long)pages);
	if (args->queues < 1 || args->queues > TAP_MAX_QUEUES)
		return err_set(err, EINVAL, "%lld queues: not 1 to %d",
			       (long long)args->queues, TAP_MAX_QUEUES);
	if (args->notify_batch < 1 || args->budget < 1)
		return err_set(err, EINVAL, "a batch or budget below 1 frame");
	return 0;
}

/* What ethtool says of eth0 now. */
static void heed_link(void *arg, int ifindex)
{
	struct netfront *front = arg;
	enum tap_merge wish = front->args->merge;
	bool merge =
		wish == TAP_MERGE_ON || (wish == TAP_MERGE_AUTO && front->gso &&
					 tap_wants_merged(&front->tap));

	(void)ifindex;
	if (front->args->page_a_frame)
		merge = false;
	if (merge != front->queue[0]->writer.merge)
		tap_set_threaded(&front->tap, !merge);
	for (int i = 0; i < front->queues; i++)
		front->queue[i]->writer.merge = merge;
}

static void watch_link(struct netfront *front)
{
	struct err err = ERR_INIT;

	front->links.changed = heed_link;
	front->links.arg = front;
	heed_link(front, 0);
	if (front->args->merge == TAP_MERGE_AUTO &&
	    links_open(&front->links, front->loop, &err))
		log_warn("%s: its GRO flag is read just once: %s",
			 front->tap.name, err.text);
}

int netfront_run(const struct netfront_args *args, struct err *err)
{
	struct netfront front = { .args = args };
	struct control *control = NULL;
	int rc = check(args, err);

	front.links.source.fd = -1;
	front.control = front.tx = front.rx = (struct memory)MEMORY_INIT;
	if (rc)
		return rc;
	rc = xenbus_open(&front.xenbus, args->xenbus_fd, err);
	if (!rc)
		rc = loop_open(&front.loop, err);
	if (!rc)
		rc = front_open(&front, err);
	front.xenbus_source =
		(struct loop_source){ args->xenbus_fd, xenbus_ready, 0 };
	front.stop_source =
		(struct loop_source){ args->stop_fd, stop_ready, 0 };
	if (!rc)
		rc = loop_add(front.loop, &front.xenbus_source, false, err);
	if (!rc && args->stop_fd >= 0)
		rc = loop_add(front.loop, &front.stop_source, false, err);
	if (!rc && args->control_fd >= 0)
		rc = control_open(&control, front.loop, args->control_fd, tell,
				  &front, err);
	loop_prefer_batches();
	if (!rc) {
		watch_link(&front);
		run(&front);
		links_close(&front.links);
	}
	if (front.fatal)
		rc = err_set(err, ECONNRESET, "netback: %s", front.fatal);
	control_close(control);
	front_close(&front);
	loop_close(front.loop);
	return rc;
}
