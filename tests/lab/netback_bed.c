/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netback_bed.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "xen/socket.h"
#include "xen/tap.h"

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "test bed: %s\n", what);
	abort();
}

void bed_start(struct bed *bed, const struct netback_args *given)
{
	struct netback_args args = *given;
	struct err err = ERR_INIT;
	int control[2];

	snprintf(bed->path, sizeof(bed->path), "/tmp/vazao-bed-%d", getpid());
	args.listen_fd = socket_listen(bed->path, SOCK_SEQPACKET, &err);
	need(args.listen_fd >= 0, err.text);
	need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control),
	     "a socket");
	if (!bed->paced)
		args.arrival_ns = 0;
	args.control_fd = control[1];
	bed->control_fd = control[0];
	bed->pid = fork();
	if (bed->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(control[0]);
		log_set_level(getenv("VAZAO_LOG") ? LOG_DEBUG : LOG_ERROR);
		_exit(netback_run(&args, &err) ? 1 : 0);
	}
	close(args.listen_fd);
	close(control[1]);
}

bool bed_is_alive(const struct bed *bed)
{
	return waitpid(bed->pid, NULL, WNOHANG) == 0;
}

bool bed_stop(struct bed *bed)
{
	bool alive = bed_is_alive(bed);

	if (alive) {
		kill(bed->pid, SIGKILL);
		waitpid(bed->pid, NULL, 0);
	}
	close(bed->control_fd);
	unlink(bed->path);
	return alive;
}

/* Counters of all vifs; NULL: netback does not answer. */
static json_t *ask(const struct bed *bed)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	static char text[1 << 18];
	size_t used = 0;

	if (send(bed->control_fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return NULL;
	while (used < sizeof(text) && !memchr(text, '\n', used)) {
		struct pollfd pfd = { bed->control_fd, POLLIN, 0 };
		ssize_t n = -1;

		if (poll(&pfd, 1, clock_poll_ms(end_ns)) == 1)
			n = recv(pfd.fd, text + used, sizeof(text) - used, 0);
		if (n <= 0)
			return NULL;
		used += (size_t)n;
	}
	return json_loadb(text, used, 0, NULL);
}

int64_t bed_count(const struct bed *bed, const char *vif, const char *name)
{
	json_t *answer = ask(bed), *each;
	int64_t count = -1;
	size_t i;

	json_array_foreach(json_object_get(answer, "vifs"), i, each) {
		json_t *counters = json_object_get(each, "counters");

		if (strcmp(json_string_value(json_object_get(each, "vif")),
			   vif) == 0)
			count = json_integer_value(
				json_object_get(counters, name));
	}
	json_decref(answer);
	return count;
}

int bed_count_fds(const struct bed *bed)
{
	char path[32];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", bed->pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void open_memory(struct script *s, enum netif_mode mode)
{
	bool flips = mode == NETIF_FLIP_MAP || mode == NETIF_FLIP_INDEX;
	struct err err = ERR_INIT;

	need(!memory_create(&s->control, "control", SCRIPT_FIRST_TX,
			    MEMORY_SHARED, &err) &&
		     !memory_create(&s->tx_memory, "tx", SCRIPT_TX_FRAMES,
				    MEMORY_PEER_READS, &err) &&
		     !memory_create(&s->rx_memory, "rx", SCRIPT_RX_FRAMES,
				    MEMORY_SHARED, &err),
	     err.text);
	s->grants = (struct grant_table){ (struct grant_entry *)s->control.base,
					  GRANTS_PER_PAGE, 0 };
	grant_give(&s->grants, SCRIPT_REF(1), 1, false);
	grant_give(&s->grants, SCRIPT_REF(2), 2, false);
	for (uint32_t i = 0; i < SCRIPT_TX_FRAMES; i++)
		grant_give(&s->grants, SCRIPT_TX_REF(i), SCRIPT_FIRST_TX + i,
			   true);
	for (uint32_t i = 0; i < SCRIPT_RX_FRAMES; i++)
		if (flips)
			grant_offer(&s->grants, SCRIPT_RX_REF(i),
				    SCRIPT_FIRST_RX + i);
		else
			grant_give(&s->grants, SCRIPT_RX_REF(i),
				   SCRIPT_FIRST_RX + i, false);
}

void script_open(struct script *s, const struct bed *bed, enum netif_mode mode)
{
	int64_t deadline_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct err err = ERR_INIT;
	int fd = socket_connect(bed->path, SOCK_SEQPACKET, deadline_ns, &err);

	memset(s, 0, sizeof(*s));
	need(fd >= 0, err.text);
	need(!xenbus_open(&s->bus, fd, &err), err.text);
	open_memory(s, mode);
	ring_init((void *)memory_page(&s->control, 1), 1);
	ring_init((void *)memory_page(&s->control, 2), 1);
	ring_front_attach(&s->tx, (void *)memory_page(&s->control, 1), 1,
			  NETIF_TX_SLOT_BYTES);
	ring_front_attach(&s->rx, (void *)memory_page(&s->control, 2), 1,
			  NETIF_RX_SLOT_BYTES);
	need(!evtchn_create(&s->channel, s->peer_fd, &err), err.text);
	need(!xenbus_wait(s->bus, XENBUS_INIT_WAIT, deadline_ns, &err),
	     err.text);
	need(tap_parse_mac(xenbus_get(s->bus, "mac"), s->mac), "mac");
}

static void put_region(struct script *s, const char *name,
		       const struct memory *memory, bool by_address)
{
	char key[64];

	snprintf(key, sizeof(key), "memory-%s-frames", name);
	xenbus_put(s->bus, key, "%u", memory->frames);
	snprintf(key, sizeof(key), "memory-%s%s", name,
		 by_address ? "-address" : "");
	if (by_address)
		xenbus_put(s->bus, key, "%llu",
			   (unsigned long long)(uintptr_t)memory->base);
	else
		xenbus_put_fd(s->bus, key, memory->fd);
}

void script_put_keys(struct script *s, enum netif_mode mode)
{
	bool fetched = mode == NETIF_GRANT_COPY;

	xenbus_put(s->bus, "request-rx-copy", "%d", mode >= NETIF_COPY);
	xenbus_put(s->bus, "rx-mode", "%s", netif_mode_names[mode]);
	xenbus_put(s->bus, "grant-table-pages", "1");
	xenbus_put(s->bus, "tx-ring-ref", "%u", SCRIPT_REF(1));
	xenbus_put(s->bus, "rx-ring-ref", "%u", SCRIPT_REF(2));
	put_region(s, "control", &s->control, false);
	put_region(s, "tx", &s->tx_memory, fetched);
	put_region(s, "rx", &s->rx_memory, fetched);
	xenbus_put_fd(s->bus, "event-channel/to-back", s->peer_fd[0]);
	xenbus_put_fd(s->bus, "event-channel/to-front", s->peer_fd[1]);
}

int script_connect(struct script *s)
{
	int rc = xenbus_send(s->bus, XENBUS_CONNECTED, NULL);

	if (!rc)
		rc = xenbus_wait(s->bus, XENBUS_CONNECTED,
				 clock_mono_ns() + BED_PATIENCE_NS, NULL);
	if (!rc)
		snprintf(s->vif, sizeof(s->vif), "%s",
			 xenbus_get(s->bus, "vif"));
	return rc;
}

void script_start(struct script *s, const struct bed *bed, enum netif_mode mode)
{
	script_open(s, bed, mode);
	script_put_keys(s, mode);
	need(!script_connect(s), "the handshake of a good front fails");
}

void script_close(struct script *s)
{
	xenbus_close(s->bus);
	evtchn_close(&s->channel);
	close(s->peer_fd[0]);
	close(s->peer_fd[1]);
	memory_free(&s->control);
	memory_free(&s->tx_memory);
	memory_free(&s->rx_memory);
}

void script_make_frame(struct script *s, int at, uint16_t bytes)
{
	uint8_t *frame = memory_page(&s->tx_memory, (uint32_t)at);

	memset(frame, 0, bytes);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, s->mac, 6);
	frame[12] = 0x88; /* an EtherType for experiments, 0x88b5 */
	frame[13] = 0xb5;
}

void script_put(struct script *s, int at, uint16_t offset, uint16_t size,
		uint16_t flags)
{
	struct netif_tx_request request = { .gref = SCRIPT_TX_REF(at),
					    .offset = offset,
					    .flags = flags,
					    .id = (uint16_t)at,
					    .size = size };

	ring_front_put(&s->tx, &request, sizeof(request));
}

void script_push(struct script *s)
{
	ring_front_push(&s->tx);
	evtchn_notify(&s->channel);
}

void script_push_rx(struct script *s)
{
	ring_front_push(&s->rx);
	evtchn_notify(&s->channel);
}

void script_post(struct script *s, uint32_t gref)
{
	struct netif_rx_request request = {
		.id = (uint16_t)(s->rx.req_prod_pvt & 255), .gref = gref
	};

	ring_front_put(&s->rx, &request, sizeof(request));
}

int16_t script_status(struct script *s)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct netif_tx_response rsp;

	while (ring_front_pending(&s->tx) <= 0) {
		if (clock_mono_ns() > end_ns)
			return INT16_MIN;
		clock_sleep_ns(100 * NS_PER_US);
	}
	ring_front_get(&s->tx, &rsp, sizeof(rsp));
	return rsp.status;
}

bool script_works(struct script *s)
{
	script_make_frame(s, 0, 60);
	script_put(s, 0, 0, 60, 0);
	script_push(s);
	return script_status(s) == NETIF_RSP_OKAY;
}

bool script_is_closed(struct script *s, const char *why)
{
	struct err err = ERR_INIT;
	const char *text;
	int rc = xenbus_wait(s->bus, XENBUS_CLOSED,
			     clock_mono_ns() + BED_PATIENCE_NS, &err);

	text = xenbus_get(s->bus, "error");
	if (rc || !text || !strstr(text, why)) {
		fprintf(stderr, "expected '%s', but: %s (%s)\n", why,
			text ? text : "no reason", rc ? err.text : "closed");
		return false;
	}
	return true;
}

int script_listen(const struct script *s)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(s->vif),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (fd >= 0 && bind(fd, (void *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

void script_send_frame(const struct script *s, const uint8_t *frame,
		       size_t bytes, int count)
{
	int fd = script_listen(s);

	for (int i = 0; fd >= 0 && i < count; i++)
		send(fd, frame, bytes, 0);
	if (fd >= 0)
		close(fd);
}

void script_send_frames(const struct script *s, int count)
{
	static const uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 2,    0,    0,	   0,
					   0,	 1,    0x88, 0xb5 };

	script_send_frame(s, frame, sizeof(frame), count);
}

bool script_is_running(const struct script *s)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool running;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", s->vif);
	running = ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 &&
		  ifr.ifr_flags & IFF_RUNNING;
	close(fd);
	return running;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

int bed_world_open(void **state, const struct netback_args *args)
{
	struct bed_world *w = calloc(1, sizeof(*w));

	bed_start(&w->bed, args);
	script_start(&w->good, &w->bed, NETIF_COPY);
	*state = w;
	return script_works(&w->good) ? 0 : -1;
}

int bed_world_close(void **state)
{
	struct bed_world *w = *state;
	bool fine = bed_is_alive(&w->bed) && script_works(&w->good);

	script_close(&w->good);
	fine = bed_stop(&w->bed) && fine;
	free(w);
	return fine ? 0 : -1;
}

int netback_bed_main(int (*run)(void))
{
	bool root = geteuid() == 0;
	int uid = (int)geteuid();
	char map[32];

	signal(SIGPIPE, SIG_IGN);
	if (unshare(CLONE_NEWNET | (root ? 0 : CLONE_NEWUSER))) {
		fprintf(stderr, "skipped: no network namespace: %s\n",
			strerror(errno));
		return 77;
	}
	snprintf(map, sizeof(map), "0 %d 1", uid);
	if (!root && !write_file("/proc/self/uid_map", map)) {
		fprintf(stderr, "skipped: no user namespace\n");
		return 77;
	}
	if (access("/dev/net/tun", R_OK | W_OK)) {
		fprintf(stderr, "skipped: /dev/net/tun: %s\n", strerror(errno));
		return 77;
	}
	/* no router solicitations among the frames */
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	return run();
}
