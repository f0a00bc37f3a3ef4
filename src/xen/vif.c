/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/vif.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/netdev.h"

#define QUEUE_FRAMES	16384 /* more than a TCP receive window of frames */
#define GRANT_MAX_PAGES 256
#define DOMID_LAST	32751 /* DOMID_FIRST_RESERVED - 1 */

/* The Xen project's OUI, then the domain: what xl makes up, made stable. */
static void make_mac(struct vif *vif)
{
	const struct netback *netback = vif->netback;
	const uint8_t mac[6] = { 0x00,
				 0x16,
				 0x3e,
				 0x76,
				 (uint8_t)(vif->domid >> 8),
				 (uint8_t)vif->domid };

	memcpy(vif->mac, mac, 6);
	if (netback->args->mac && vif->domid == netback->first_domid)
		tap_parse_mac(netback->args->mac, vif->mac);
}

static int read_mtu(struct vif *vif, struct err *err)
{
	int fd = netdev_open(err);
	int rc;

	if (fd < 0)
		return fd;
	rc = netdev_get_mtu(fd, vif->netback->args->bridge, &vif->mtu, err);
	close(fd);
	return rc;
}

static int announce(struct vif *vif, struct err *err)
{
	const struct netback_args *args = vif->netback->args;
	struct xenbus *bus = vif->xenbus;
	const uint8_t *m = vif->mac;

	xenbus_put(bus, "frontend-id", "%u", vif->domid);
	xenbus_put(bus, "handle", "0");
	xenbus_put(bus, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		   m[2], m[3], m[4], m[5]);
	if (args->bridge && read_mtu(vif, err))
		return -err->code;
	if (vif->mtu)
		xenbus_put(bus, "mtu", "%d", vif->mtu);
	if (args->rate_us)
		xenbus_put(bus, "rate", "%lld,%lld",
			   (long long)args->rate_bytes,
			   (long long)args->rate_us);
	xenbus_put(bus, "feature-sg", "1");
	xenbus_put(bus, "feature-gso-tcpv4", "%d", args->gso);
	xenbus_put(bus, "feature-gso-tcpv6", "%d", args->gso);
	xenbus_put(bus, "feature-rx-copy", "1");
	xenbus_put(bus, "feature-rx-flip", "1");
	xenbus_put(bus, "feature-rx-notify", "1");
	xenbus_put(bus, "feature-split-event-channels", "1");
	xenbus_put(bus, "feature-persistent", "1");
	xenbus_put(bus, "multi-queue-max-queues", "%lld",
		   (long long)args->queues);
	xenbus_put(bus, "max-ring-pages", "%d", RING_MAX_PAGES);
	vif->state = XENBUS_INIT_WAIT;
	return xenbus_send(bus, vif->state, err);
}

static bool has_domid(const struct netback *netback, uint16_t domid)
{
	for (const struct vif *vif = netback->vifs; vif; vif = vif->next)
		if (vif->domid == domid)
			return true;
	return false;
}

/* The next that no vif has; there are fewer vifs than domains. 0 is the
 * driver domain's own. */
static uint16_t take_domid(struct netback *netback)
{
	uint16_t domid = netback->next_domid;

	while (has_domid(netback, domid))
		domid = domid % DOMID_LAST + 1;
	netback->next_domid = domid % DOMID_LAST + 1;
	return domid;
}

int vif_open(struct vif **vif, struct netback *netback,
	     const struct toolstack_device *device, struct err *err)
{
	struct vif *v = calloc(1, sizeof(*v));
	int rc;

	*vif = NULL;
	if (!v) {
		close(device->xenbus_fd);
		return err_sys(err, ENOMEM, "vif");
	}
	v->netback = netback;
	v->grant_pages = v->guest.control = v->guest.tx = v->guest.rx =
		(struct memory)MEMORY_INIT;
	v->domid = device->domid ? device->domid : take_domid(netback);
	v->vlan = device->vlan ? device->vlan : netback->args->vlan;
	v->deadline_ns = clock_mono_ns() + netback->args->handshake_ns;
	if (device->domid)
		memcpy(v->mac, device->mac, sizeof(v->mac));
	else
		make_mac(v);
	rc = xenbus_open(&v->xenbus, device->xenbus_fd, err);
	if (!rc) {
		v->xenbus_source =
			(struct loop_source){ xenbus_fd(v->xenbus),
					      netback_xenbus_ready, 0 };
		rc = loop_add(netback->loop, &v->xenbus_source, false, err);
	}
	if (!rc)
		rc = announce(v, err);
	if (rc) {
		vif_close(v, err->text);
		return rc;
	}
	netback_wake_at(netback, v->deadline_ns);
	*vif = v;
	return 0;
}

static int read_int(struct vif *vif, const char *key, int64_t min, int64_t max,
		    int64_t fallback, int64_t *value, struct err *err)
{
	struct xenbus_range range = { min, max, fallback };

	return xenbus_get_int(vif->xenbus, key, range, value, err);
}

static int read_mode(struct vif *vif, struct err *err)
{
	const char *name = xenbus_get(vif->xenbus, "rx-mode");
	int64_t gso4, gso6, copy;

	/* a front that says only what Xen's say gets Xen's two ways */
	if (read_int(vif, "request-rx-copy", 0, 1, 0, &copy, err))
		return -EPROTO;
	if (netif_mode_parse(name   ? name
			     : copy ? "copy"
				    : "flip-map",
			     &vif->mode, err))
		return -EPROTO;
	if (copy != (vif->mode == NETIF_COPY || vif->mode == NETIF_GRANT_COPY))
		return err_set(err, EPROTO,
			       "request-rx-copy = %d, but rx-mode "
			       "= %s",
			       (int)copy, netif_mode_names[vif->mode]);
	if (read_int(vif, "feature-gso-tcpv4", 0, 1, 0, &gso4, err) ||
	    read_int(vif, "feature-gso-tcpv6", 0, 1, 0, &gso6, err))
		return -EPROTO;
	vif->gso = gso4 && gso6 && vif->netback->args->gso;
	return 0;
}

/* A region: its size, then its descriptor; mapped only if `map`. */
static int read_region(struct vif *vif, const char *name, bool map,
		       bool writable, struct memory *memory, struct err *err)
{
	char key[XENBUS_KEY_BYTES];
	int64_t frames;
	int fd;

	snprintf(key, sizeof(key), "memory-%s-frames", name);
	if (read_int(vif, key, 1, MEMORY_MAX_FRAMES, 0, &frames, err))
		return -EPROTO;
	memory->frames = (uint32_t)frames;
	snprintf(key, sizeof(key), "memory-%s", name);
	if (vif->mode == NETIF_GRANT_COPY && memory != &vif->guest.control) {
		char address[XENBUS_KEY_BYTES];
		int64_t at;

		snprintf(address, sizeof(address), "memory-%s-address", name);
		if (read_int(vif, address, 4096, INT64_MAX, 0, &at, err))
			return -EPROTO;
		*(writable ? &vif->guest.rx_address : &vif->guest.tx_address) =
			(uint64_t)at;
		return 0;
	}
	if (xenbus_take_fd(vif->xenbus, key, &fd, err))
		return -EPROTO;
	if (map)
		return memory_map(memory, fd, memory->frames, writable, key,
				  err);
	memory->fd = fd;
	return memory_check(fd, memory->frames, key, err);
}

static int read_memory(struct vif *vif, struct err *err)
{
	struct guest *g = &vif->guest;

	if (read_region(vif, "control", false, true, &g->control, err) ||
	    read_region(vif, "tx", true, false, &g->tx, err) ||
	    read_region(vif, "rx", vif->mode != NETIF_FLIP_MAP, true, &g->rx,
			err))
		return -EPROTO;
	g->pid = xenbus_peer_pid(vif->xenbus);
	g->first_tx = g->control.frames;
	g->first_rx = g->first_tx + g->tx.frames;
	g->end = g->first_rx + g->rx.frames;
	vif->owned = calloc(1, g->rx.frames);
	return vif->owned ? 0 : err_sys(err, ENOMEM, "vif");
}

static int open_grants(struct vif *vif, struct err *err)
{
	struct grant_view_args args = { .frames = vif->guest.end, .domid = 0 };
	struct memory *table = &vif->grant_pages;
	int64_t pages, persistent;

	if (read_int(vif, "grant-table-pages", 1, GRANT_MAX_PAGES, 0, &pages,
		     err) ||
	    read_int(vif, "feature-persistent", 0, 1, 0, &persistent, err))
		return -EPROTO;
	if (pages > vif->guest.control.frames)
		return err_set(err, EPROTO, "grant table beyond its memory");
	if (memory_reserve(table, (uint32_t)pages, err))
		return -err->code;
	for (uint32_t i = 0; i < (uint32_t)pages; i++)
		if (memory_show(table, i, vif->guest.control.fd, i))
			return err_sys(err, errno, "mapping the grant table");
	args.entry = (struct grant_entry *)table->base;
	args.count = (uint32_t)pages * GRANTS_PER_PAGE;
	args.persistent = persistent;
	return grant_view_open(&vif->grants, &args, err);
}

/* "tx-ring-ref", or "queue-1/tx-ring-ref" with several queues, and a digit
 * behind it with several pages. */
static void ring_key(const struct vif_queue *queue, const char *name, int page,
		     char key[XENBUS_KEY_BYTES])
{
	char prefix[24] = "", suffix[16] = "";

	if (queue->vif->queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%d/", queue->index);
	if (page >= 0)
		snprintf(suffix, sizeof(suffix), "%d", page);
	snprintf(key, XENBUS_KEY_BYTES, "%s%s%s", prefix, name, suffix);
}

/* Only the granted pages of the control region are mapped. */
static int map_ring(struct vif_queue *queue, const char *name, int pages,
		    struct memory *ring, struct err *err)
{
	struct vif *vif = queue->vif;
	char key[XENBUS_KEY_BYTES];
	int64_t gref;
	uint32_t frame;

	if (memory_reserve(ring, (uint32_t)pages, err))
		return -err->code;
	for (int i = 0; i < pages; i++) {
		ring_key(queue, name, pages > 1 ? i : -1, key);
		if (read_int(vif, key, 0, UINT32_MAX, -1, &gref, err))
			return -EPROTO;
		if (grant_pin(vif->grants, (uint32_t)gref, true, &frame) ||
		    frame >= vif->guest.control.frames)
			return err_set(err, EPROTO,
				       "%s = %lld grants no page "
				       "of the control memory",
				       key, (long long)gref);
		if (memory_show(ring, (uint32_t)i, vif->guest.control.fd,
				frame))
			return err_sys(err, errno, "mapping %s", key);
	}
	return 0;
}

static int bind_channel(struct vif_queue *queue, int at, const char *name,
			struct err *err)
{
	char to_front[XENBUS_KEY_BYTES], to_back[XENBUS_KEY_BYTES];
	char suffixed[XENBUS_KEY_BYTES];
	int read_fd, write_fd;
	int rc;

	snprintf(suffixed, sizeof(suffixed), "%s/to-back", name);
	ring_key(queue, suffixed, -1, to_back);
	snprintf(suffixed, sizeof(suffixed), "%s/to-front", name);
	ring_key(queue, suffixed, -1, to_front);
	rc = xenbus_take_fd(queue->vif->xenbus, to_back, &read_fd, err);
	if (rc)
		return rc;
	rc = xenbus_take_fd(queue->vif->xenbus, to_front, &write_fd, err);
	if (rc) {
		close(read_fd);
		return rc;
	}
	rc = evtchn_bind(&queue->channel[at], read_fd, write_fd, err);
	if (rc)
		return rc;
	queue->event_source[at] =
		(struct loop_source){ queue->channel[at].read_fd,
				      netback_event_ready, at };
	return loop_add(queue->vif->netback->loop, &queue->event_source[at],
			false, err);
}

static int bind_channels(struct vif_queue *queue, struct err *err)
{
	char key[XENBUS_KEY_BYTES];
	int64_t split;

	if (read_int(queue->vif, "feature-split-event-channels", 0, 1, 0,
		     &split, err))
		return -EPROTO;
	queue->split = split;
	snprintf(key, sizeof(key), "event-channel%s", split ? "-tx" : "");
	if (bind_channel(queue, 0, key, err))
		return -err->code;
	return split ? bind_channel(queue, 1, "event-channel-rx", err) : 0;
}

static int open_queue(struct vif *vif, int index, int ring_pages,
		      struct err *err)
{
	struct vif_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return err_sys(err, ENOMEM, "queue");
	vif->queue[index] = queue;
	queue->vif = vif;
	queue->index = index;
	queue->tap_source.fd = -1;
	queue->tx_ring = queue->rx_ring = queue->rx_state.window =
		(struct memory)MEMORY_INIT;
	for (int i = 0; i < 2; i++) {
		queue->channel[i] = (struct evtchn)EVTCHN_INIT;
		queue->event_source[i].fd = -1;
	}
	if (map_ring(queue, "tx-ring-ref", ring_pages, &queue->tx_ring, err) ||
	    map_ring(queue, "rx-ring-ref", ring_pages, &queue->rx_ring, err) ||
	    bind_channels(queue, err) || netback_tx_open(queue, err) ||
	    netback_rx_open(queue, err))
		return -err->code;
	ring_back_attach(&queue->tx, (struct ring_shared *)queue->tx_ring.base,
			 (uint32_t)ring_pages, NETIF_TX_SLOT_BYTES);
	ring_back_attach(&queue->rx, (struct ring_shared *)queue->rx_ring.base,
			 (uint32_t)ring_pages, NETIF_RX_SLOT_BYTES);
	return 0;
}

static int open_queues(struct vif *vif, struct err *err)
{
	int64_t queues, pages;

	if (read_int(vif, "multi-queue-num-queues", 1,
		     vif->netback->args->queues, 1, &queues, err) ||
	    read_int(vif, "ring-pages", 1, RING_MAX_PAGES, 1, &pages, err))
		return -EPROTO;
	if (pages & (pages - 1))
		return err_set(err, EPROTO,
			       "ring-pages = %lld is no power of two",
			       (long long)pages);
	vif->queues = (int)queues;
	for (int i = 0; i < vif->queues; i++)
		if (open_queue(vif, i, (int)pages, err))
			return -err->code;
	return 0;
}

void vif_heed_link(struct vif *vif)
{
	enum tap_merge wish = vif->netback->args->merge;
	bool merge =
		wish == TAP_MERGE_ON || (wish == TAP_MERGE_AUTO && vif->gso &&
					 tap_wants_merged(&vif->tap));

	if (merge != vif->queue[0]->tx_state.writer.merge)
		tap_set_threaded(&vif->tap, !merge);
	for (int i = 0; i < vif->queues; i++)
		vif->queue[i]->tx_state.writer.merge = merge;
}

static int open_tap(struct vif *vif, struct err *err)
{
	const struct netback_args *args = vif->netback->args;
	struct tap *tap = &vif->tap;
	char name[IFNAMSIZ];

	if (args->vif && vif->domid == vif->netback->first_domid)
		snprintf(name, sizeof(name), "%s", args->vif);
	else
		snprintf(name, sizeof(name), "vif%u.0", vif->domid);
	if (tap_open(tap, name, vif->queues, args->napi, err) ||
	    tap_offer_offload(tap, vif->gso, err) ||
	    tap_set_queue_length(tap, QUEUE_FRAMES, err))
		return -err->code;
	if (vif->vlan && tap_admit_vlan(tap, vif->vlan, err))
		return -err->code;
	/* before it joins: a bridge takes the least MTU of its ports */
	if (vif->mtu && tap_set_mtu(tap, vif->mtu, err))
		return -err->code;
	if (args->bridge && tap_join_bridge(tap, args->bridge, err))
		return -err->code;
	for (int i = 0; i < vif->queues; i++) {
		struct vif_queue *queue = vif->queue[i];

		queue->tap_fd = queue->tx_state.writer.fd = tap->fd[i];
		queue->tap_source =
			(struct loop_source){ tap->fd[i], netback_tap_ready,
					      0 };
		if (loop_add(vif->netback->loop, &queue->tap_source, true, err))
			return -err->code;
		/* what came before the edge was listened to */
		netback_tap_ready(&queue->tap_source);
		queue->tx_ready = true;
	}
	vif->ifindex = (int)if_nametoindex(tap->name);
	vif_heed_link(vif);
	return netback_set_up(tap->name, err);
}

static int connect_front(struct vif *vif, struct err *err)
{
	const struct netback_args *args = vif->netback->args;

	if (read_mode(vif, err) || read_memory(vif, err) ||
	    open_grants(vif, err) || open_queues(vif, err) ||
	    open_tap(vif, err))
		return -err->code;
	credit_init(&vif->credit,
		    args->rate_us ? (uint64_t)args->rate_bytes : 0,
		    (uint64_t)args->rate_us, clock_mono_ns());
	vif->state = XENBUS_CONNECTED;
	vif->deadline_ns = 0;
	xenbus_put(vif->xenbus, "vif", "%s", vif->tap.name);
	log_info("%s: connected, %d queue(s), %s, gso %s", vif->tap.name,
		 vif->queues, netif_mode_names[vif->mode],
		 vif->gso ? "on" : "off");
	log_warn("%s: receive mode %s: %s", vif->tap.name,
		 netif_mode_names[vif->mode], netif_mode_isolation(vif->mode));
	return xenbus_send(vif->xenbus, vif->state, err);
}

int vif_take_message(struct vif *vif, struct err *err)
{
	int rc = xenbus_receive(vif->xenbus, err);

	if (rc <= 0)
		return rc;
	switch (xenbus_peer_state(vif->xenbus)) {
	case XENBUS_INITIALISING:
	case XENBUS_INITIALISED:
		return 0;
	case XENBUS_CONNECTED:
		return vif->state == XENBUS_INIT_WAIT ? connect_front(vif, err)
						      : 0;
	case XENBUS_CLOSING:
	case XENBUS_CLOSED:
		return err_set(err, ECONNRESET, "the front closes");
	default:
		return err_set(err, EPROTO, "the front goes into state %d",
			       xenbus_peer_state(vif->xenbus));
	}
}

static void close_source(struct vif *vif, struct loop_source *source)
{
	if (source->fd >= 0)
		loop_remove(vif->netback->loop, source);
}

static void close_queue(struct vif_queue *queue)
{
	struct vif *vif = queue->vif;

	round_robin_remove(&queue->turn);
	close_source(vif, &queue->tap_source);
	for (int i = 0; i < 2; i++) {
		close_source(vif, &queue->event_source[i]);
		evtchn_close(&queue->channel[i]);
	}
	netback_tx_close(queue);
	netback_rx_close(queue);
	memory_free(&queue->tx_ring);
	memory_free(&queue->rx_ring);
	netif_counters_add(&vif->netback->closed, &queue->counters);
	free(queue);
}

/* Before its event channels close, which say nothing of why; and after the
 * last grant is dropped: the front may take its pages back now. */
static void say_closed(struct vif *vif, const char *why)
{
	if (!vif->xenbus)
		return;
	close_source(vif, &vif->xenbus_source);
	xenbus_put(vif->xenbus, "error", "%s", why);
	xenbus_send(vif->xenbus, XENBUS_CLOSED, NULL);
}

void vif_close(struct vif *vif, const char *why)
{
	grant_view_close(vif->grants);
	say_closed(vif, why);
	for (int i = 0; i < TAP_MAX_QUEUES; i++)
		if (vif->queue[i])
			close_queue(vif->queue[i]);
	while (vif->tap.queues)
		reaper_take(vif->netback->reaper,
			    vif->tap.fd[--vif->tap.queues]);
	memory_free(&vif->grant_pages);
	memory_free(&vif->guest.control);
	memory_free(&vif->guest.tx);
	memory_free(&vif->guest.rx);
	free(vif->owned);
	if (vif->xenbus)
		xenbus_close(vif->xenbus);
	free(vif);
}
