/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/arrivals.h"
#include "xen/netback.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/netdev.h"
#include "xen/control.h"
#include "xen/vif.h"

#define VIFS_MAX 256
#define TURNS	 32 /* between two looks at the descriptors */
/* So many interfaces in the reaper's hands, and nobody else is let in: who
 * comes and goes is slowed down to what the kernel can bear. */
#define REAPED_MAX     8
#define REAPED_WAIT_NS (5 * NS_PER_MS)

#define OWNER(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

struct server {
	struct netback netback;
	struct loop_source listener, toolstack, stopper;
	struct control *control;
	struct arrivals arrivals;
	int vifs;
	bool deaf; /* does not listen for new fronts */
};

uint8_t *guest_page(const struct guest *guest, uint32_t frame, bool write)
{
	if (frame >= guest->first_rx && frame < guest->end && guest->rx.base)
		return memory_page(&guest->rx, frame - guest->first_rx);
	if (!write && frame >= guest->first_tx && frame < guest->first_rx &&
	    guest->tx.base)
		return memory_page(&guest->tx, frame - guest->first_tx);
	return NULL;
}

uint64_t guest_address(const struct guest *guest, uint32_t frame, bool write)
{
	if (frame >= guest->first_rx && frame < guest->end)
		return guest->rx_address +
		       (uint64_t)(frame - guest->first_rx) * XEN_PAGE_SIZE;
	if (!write && frame >= guest->first_tx && frame < guest->first_rx)
		return guest->tx_address +
		       (uint64_t)(frame - guest->first_tx) * XEN_PAGE_SIZE;
	return 0;
}

int netback_set_up(const char *ifname, struct err *err)
{
	int fd = netdev_open(err);
	int rc;

	if (fd < 0)
		return fd;
	rc = netdev_set_up(fd, ifname, true, err);
	close(fd);
	return rc;
}

void netback_wake_at(struct netback *netback, int64_t when_ns)
{
	if (!netback->next_timer_ns || when_ns < netback->next_timer_ns)
		netback->next_timer_ns = when_ns;
}

void vif_push(struct vif_queue *queue, struct ring_back *ring,
	      struct evtchn *channel)
{
	if (!ring_back_unpushed(ring))
		return;
	if (!ring_back_push(ring) &&
	    !queue->vif->netback->args->notify_always) {
		queue->counters.notify_spared++;
		return;
	}
	queue->counters.notify_sent++;
	evtchn_notify(channel); /* a peer that is gone shows on xenbus */
}

static bool rx_can_run(const struct vif_queue *queue)
{
	return queue->tap_ready && !queue->rx_state.stalled;
}

static bool tx_can_run(const struct vif_queue *queue)
{
	return queue->tx_ready && !queue->tx_state.waits_credit &&
	       !queue->tx_state.waits_tap;
}

static void give_turn(struct vif_queue *queue)
{
	if (rx_can_run(queue) || tx_can_run(queue))
		round_robin_add(&queue->vif->netback->turns, &queue->turn);
}

void netback_tap_ready(struct loop_source *source)
{
	struct vif_queue *queue = OWNER(source, struct vif_queue, tap_source);

	queue->tap_ready = true;
	if (queue->tx_state.waits_tap) {
		queue->tx_state.waits_tap = false;
		loop_listen_writable(queue->vif->netback->loop, source, false);
	}
	give_turn(queue);
}

/* Work that an event can bring: requests to send, or room to receive. */
static bool event_has_work(const struct vif_queue *queue)
{
	return ring_back_pending(&queue->tx) != 0 ||
	       (queue->rx_state.stalled && ring_back_pending(&queue->rx) != 0);
}

static void take_event(struct vif_queue *queue, int at)
{
	bool work = event_has_work(queue) || queue->tx_ready;
	int64_t pause_ns = evtchn_judge(&queue->channel[at], work);

	queue->counters.events++;
	queue->tx_ready = true;
	queue->rx_state.stalled = false;
	/* a link that is down brings no frame: look for room all the same */
	queue->tap_ready |= queue->rx_state.carrier_off;
	give_turn(queue);
	if (!pause_ns)
		return;
	queue->counters.storms++;
	queue->pause_until_ns[at] = clock_mono_ns() + pause_ns;
	loop_listen(queue->vif->netback->loop, &queue->event_source[at], false);
	netback_wake_at(queue->vif->netback, queue->pause_until_ns[at]);
}

static void event_ready(struct vif_queue *queue, int at)
{
	int rc = evtchn_clear(&queue->channel[at]);

	if (rc > 0) {
		take_event(queue, at);
	} else if (rc < 0) {
		loop_remove(queue->vif->netback->loop,
			    &queue->event_source[at]);
		queue->event_source[at].fd = -1;
		queue->vif->fatal = "the front closed its event channel";
		round_robin_add(&queue->vif->netback->turns, &queue->turn);
	}
}

void netback_event_ready(struct loop_source *source)
{
	struct vif_queue *queue =
		OWNER(source, struct vif_queue, event_source[0]);

	if (source->kind == 1)
		queue = OWNER(source, struct vif_queue, event_source[1]);
	event_ready(queue, source->kind);
}

static void remove_vif(struct server *server, struct vif *vif, const char *why)
{
	struct vif **at = &server->netback.vifs;

	log_warn("%s: closed: %s",
		 vif->tap.name[0] ? vif->tap.name : "a vif in handshake", why);
	while (*at != vif)
		at = &(*at)->next;
	*at = vif->next;
	vif_close(vif, why);
	server->vifs--;
	if (server->netback.args->once && !server->vifs)
		server->netback.stop = true;
}

static struct server *server_of(struct netback *netback)
{
	return OWNER(netback, struct server, netback);
}

void netback_xenbus_ready(struct loop_source *source)
{
	struct vif *vif = OWNER(source, struct vif, xenbus_source);
	struct err err = ERR_INIT;

	if (vif_take_message(vif, &err) < 0)
		remove_vif(server_of(vif->netback), vif, err.text);
}

static void add_vif(struct server *server,
		    const struct toolstack_device *device)
{
	struct err err = ERR_INIT;
	struct vif *vif;

	if (server->vifs >= VIFS_MAX) {
		log_warn("a front is refused: %d vifs are the limit", VIFS_MAX);
		close(device->xenbus_fd);
		return;
	}
	if (vif_open(&vif, &server->netback, device, &err)) {
		log_warn("a front is refused: %s", err.text);
		return;
	}
	vif->next = server->netback.vifs;
	server->netback.vifs = vif;
	server->vifs++;
}

static void add_next_vif(struct server *server, int xenbus_fd)
{
	const struct toolstack_device device = { .xenbus_fd = xenbus_fd };

	add_vif(server, &device);
}

/* A domain that comes anew takes the place of the one that was. */
static void replace_vif(struct server *server,
			const struct toolstack_device *device)
{
	struct vif *vif = server->netback.vifs;

	while (vif && vif->domid != device->domid)
		vif = vif->next;
	if (vif)
		remove_vif(server, vif, "its domain was started anew");
	add_vif(server, device);
}

static void toolstack_ready(struct loop_source *source)
{
	struct server *server = OWNER(source, struct server, toolstack);
	struct toolstack_device device;
	struct err err = ERR_INIT;
	int rc = toolstack_receive(source->fd, &device, &err);

	if (rc > 0)
		replace_vif(server, &device);
	else if (rc == -EPIPE)
		server->netback.stop = true;
	else if (rc < 0)
		log_warn("toolstack: %s", err.text);
}

static void stop_listening(struct server *server, int64_t until_ns)
{
	server->deaf = true;
	loop_listen(server->netback.loop, &server->listener, false);
	netback_wake_at(&server->netback, until_ns);
}

static void listener_ready(struct loop_source *source)
{
	struct server *server = OWNER(source, struct server, listener);
	int64_t now_ns = clock_mono_ns(), wait_ns = REAPED_WAIT_NS;
	int fd;

	if (reaper_pending(server->netback.reaper) <= REAPED_MAX)
		wait_ns = arrivals_wait_ns(&server->arrivals, now_ns);
	if (wait_ns) {
		stop_listening(server, now_ns + wait_ns);
		return;
	}
	fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		add_next_vif(server, fd);
}

static void stop_ready(struct loop_source *source)
{
	OWNER(source, struct server, stopper)->netback.stop = true;
}

/* One queue's turn; false: its vif has broken the protocol. */
static bool take_turn(struct vif_queue *queue)
{
	const struct netback_args *args = queue->vif->netback->args;

	if (!queue->vif->fatal && tx_can_run(queue))
		queue->vif->netback->frames +=
			(uint64_t)netback_tx_run(queue, (int)args->budget);
	if (!queue->vif->fatal && rx_can_run(queue))
		queue->vif->netback->frames +=
			(uint64_t)netback_rx_run(queue, (int)args->budget);
	return !queue->vif->fatal;
}

static void run_turns(struct server *server)
{
	struct netback *netback = &server->netback;

	for (int i = 0; i < TURNS; i++) {
		struct rr_member *member = round_robin_take(&netback->turns);
		struct vif_queue *queue;

		if (!member)
			return;
		queue = OWNER(member, struct vif_queue, turn);
		if (take_turn(queue))
			give_turn(queue);
		else
			remove_vif(server, queue->vif, queue->vif->fatal);
	}
}

static void wake_queue(struct vif_queue *queue, int64_t now_ns)
{
	struct netback *netback = queue->vif->netback;

	queue->rx_state.stalled = false;
	queue->tx_state.waits_credit = false;
	queue->tx_ready = true;
	for (int i = 0; i < 2; i++) {
		if (!queue->pause_until_ns[i])
			continue;
		if (now_ns < queue->pause_until_ns[i]) {
			netback_wake_at(netback, queue->pause_until_ns[i]);
			continue;
		}
		queue->pause_until_ns[i] = 0;
		loop_listen(netback->loop, &queue->event_source[i], true);
	}
	give_turn(queue);
}

/* Timers are few and rare: all that wait are looked at again. */
static void run_timers(struct server *server)
{
	struct netback *netback = &server->netback;
	int64_t now_ns = clock_mono_ns();
	struct vif *vif, *next;

	if (!netback->next_timer_ns || now_ns < netback->next_timer_ns)
		return;
	netback->next_timer_ns = 0;
	if (server->deaf)
		loop_listen(netback->loop, &server->listener, true);
	server->deaf = false;
	for (vif = netback->vifs; vif; vif = next) {
		next = vif->next;
		for (int i = 0;
		     vif->state == XENBUS_CONNECTED && i < vif->queues; i++)
			wake_queue(vif->queue[i], now_ns);
		if (!vif->deadline_ns)
			continue;
		if (now_ns >= vif->deadline_ns)
			remove_vif(server, vif, "no handshake in time");
		else
			netback_wake_at(netback, vif->deadline_ns);
	}
}

static int64_t wait_for_ns(struct netback *netback)
{
	int64_t left_ns;

	if (!round_robin_is_empty(&netback->turns))
		return 0;
	if (!netback->next_timer_ns)
		return -1;
	left_ns = netback->next_timer_ns - clock_mono_ns();
	return left_ns > 0 ? left_ns : 0;
}

/* Where there was work a moment ago, more is likely: wait a little, asking
 * nobody to wake us (which costs the waker 7-9 us), and look again. */
static void linger(struct netback *netback)
{
	if (!netback->args->coalesce_ns ||
	    !round_robin_is_empty(&netback->turns) ||
	    netback->frames == netback->lingered_at)
		return;
	netback->lingered_at = netback->frames;
	clock_sleep_ns(netback->args->coalesce_ns);
	for (struct vif *vif = netback->vifs; vif; vif = vif->next)
		for (int i = 0;
		     vif->state == XENBUS_CONNECTED && i < vif->queues; i++) {
			vif->queue[i]->tx_ready = true;
			vif->queue[i]->tap_ready = true;
			give_turn(vif->queue[i]);
		}
}

static json_t *tell_vif(struct vif *vif, struct netif_counters *sum)
{
	struct netif_counters own = { 0 };
	json_t *json, *queues = json_array();

	for (int i = 0; i < vif->queues; i++) {
		netif_counters_add(&own, &vif->queue[i]->counters);
		json_array_append_new(
			queues,
			netif_counters_to_json(&vif->queue[i]->counters));
	}
	netif_counters_add(sum, &own);
	json = json_pack("{s:s, s:s, s:i, s:i, s:i, s:b}", "vif", vif->tap.name,
			 "mode", netif_mode_names[vif->mode], "queues",
			 vif->queues, "domid", vif->domid, "state", vif->state,
			 "napi", vif->tap.napi);
	json_object_set_new(json, "counters", netif_counters_to_json(&own));
	if (vif->queues > 1)
		json_object_set(json, "queue", queues);
	json_decref(queues);
	return json;
}

static json_t *tell(void *arg)
{
	struct server *server = arg;
	struct netif_counters sum = server->netback.closed;
	json_t *vifs = json_array();
	json_t *json = json_object();

	for (struct vif *vif = server->netback.vifs; vif; vif = vif->next)
		json_array_append_new(vifs, tell_vif(vif, &sum));
	json_object_set_new(json, "vifs", vifs);
	json_object_set_new(json, "counters", netif_counters_to_json(&sum));
	return json;
}

/* What ethtool says of a vif now. */
static void heed_link(void *arg, int ifindex)
{
	struct netback *netback = arg;

	for (struct vif *vif = netback->vifs; vif; vif = vif->next)
		if (vif->state == XENBUS_CONNECTED &&
		    (!ifindex || ifindex == vif->ifindex))
			vif_heed_link(vif);
}

static void watch_links(struct netback *netback)
{
	struct err err = ERR_INIT;

	netback->links.changed = heed_link;
	netback->links.arg = netback;
	netback->links.source.fd = -1;
	if (netback->args->merge == TAP_MERGE_AUTO &&
	    links_open(&netback->links, netback->loop, &err))
		log_warn("the vifs' GRO flag is read just once: %s", err.text);
}

static int add_sources(struct server *server, struct err *err)
{
	const struct netback_args *args = server->netback.args;
	struct loop *loop = server->netback.loop;

	server->stopper = (struct loop_source){ args->stop_fd, stop_ready, 0 };
	server->listener =
		(struct loop_source){ args->listen_fd, listener_ready, 0 };
	if (args->stop_fd >= 0 && loop_add(loop, &server->stopper, false, err))
		return -err->code;
	if (args->listen_fd >= 0 &&
	    loop_add(loop, &server->listener, false, err))
		return -err->code;
	server->toolstack =
		(struct loop_source){ args->toolstack_fd, toolstack_ready, 0 };
	if (args->toolstack_fd >= 0 &&
	    loop_add(loop, &server->toolstack, false, err))
		return -err->code;
	if (args->control_fd >= 0 &&
	    control_open(&server->control, loop, args->control_fd, tell, server,
			 err))
		return -err->code;
	return 0;
}

int netback_run(const struct netback_args *args, struct err *err)
{
	struct server server = { .netback = { .args = args,
					      .next_domid = args->domid,
					      .first_domid = args->domid } };
	struct netback *netback = &server.netback;
	int rc = loop_open(&netback->loop, err);

	if (rc)
		return rc;
	rc = reaper_open(&netback->reaper, err);
	round_robin_init(&netback->turns);
	arrivals_init(&server.arrivals, args->arrivals, args->arrival_ns);
	loop_prefer_batches();
	watch_links(netback);
	if (!rc)
		rc = add_sources(&server, err);
	if (!rc && args->connected_fd >= 0)
		add_next_vif(&server, args->connected_fd);
	while (!rc && !netback->stop) {
		loop_wait(netback->loop, wait_for_ns(netback));
		run_timers(&server);
		run_turns(&server);
		linger(netback);
	}
	while (netback->vifs)
		remove_vif(&server, netback->vifs, "netback ends");
	reaper_close(netback->reaper);
	links_close(&netback->links);
	control_close(server.control);
	loop_close(netback->loop);
	return rc;
}
