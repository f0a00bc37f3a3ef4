/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pairs in VLANs of their own: no frame crosses. Every end of every pair
 * listens, all of them send: broadcasts, multicasts, ARP, unicasts to MACs that
 * nobody has and to those of other pairs, and forged tags of every kind; each
 * frame says who sent it. What must arrive is counted, too, so that silence is
 * no proof.
 *
 * Then flows over several cables, by VLANs, by a bond, by routes of equal
 * cost: all cables carry some. What this kernel lacks must be named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/axis.h"
#include "base/netdev.h"
#include "lab/driver_kernel.h"
#include "lab/inside.h"
#include "lab/uplink.h"
#include "lab_bed.h"

#define PAIRS  4
#define ROUNDS 8
#define FLOWS  64
#define MARK   "vazao!"

enum {
	PLAIN,
	NATIVE,
	GUEST,
	NATIVE_EBPF,
	GUEST_EBPF,
	NATIVE_KERNEL,
	GUEST_KERNEL,
	GUEST_OWN_KERNEL,
	NATIVE_BOND,
	GUEST_BOND,
	NATIVE_ROUTES,
	GUEST_ROUTES,
	PATHS
};

/* clang-format off */
static const struct {
	const char *name, *kind, *options;
	const char *lack; /* what an error names that the kernel lacks */
} paths[PATHS] = {
	[PLAIN] = { "plain", "native", "{}", NULL },
	[NATIVE] = { "native", "native", "{\"spread\": \"vlan\", \"cables\": 2, \"tags\": \"auto\"}", NULL },
	[GUEST] = { "guest", "domU", "{\"spread\": \"vlan\", \"cables\": 2, \"tags\": \"auto\"}", NULL },
	[NATIVE_EBPF] = { "native.ebpf", "native", "{\"spread\": \"vlan\", \"cables\": 1, \"tags\": \"ebpf\"}", "eBPF" },
	[GUEST_EBPF] = { "guest.ebpf", "domU", "{\"spread\": \"vlan\", \"cables\": 1, \"tags\": \"ebpf\", \"receive\": \"flip-index\"}", "eBPF" },
	[NATIVE_KERNEL] = { "native.kernel", "native", "{\"spread\": \"vlan\", \"cables\": 1, \"tags\": \"kernel\"}", "8021q" },
	[GUEST_KERNEL] = { "guest.kernel", "domU", "{\"spread\": \"vlan\", \"cables\": 1, \"tags\": \"kernel\"}", "8021q" },
	[GUEST_OWN_KERNEL] = { "guest.own", "domU", "{\"spread\": \"vlan\", \"cables\": 2, \"tags\": \"guest\"}", "user-mode-linux" },
	[NATIVE_BOND] = { "native.bond", "native", "{\"spread\": \"bond\", \"cables\": 2, \"tags\": \"auto\"}", "bonding" },
	[GUEST_BOND] = { "guest.bond", "domU", "{\"spread\": \"bond\", \"cables\": 2, \"tags\": \"auto\"}", "bonding" },
	[NATIVE_ROUTES] = { "native.routes", "native", "{\"spread\": \"routes\", \"cables\": 2}", NULL },
	[GUEST_ROUTES] = { "guest.routes", "domU", "{\"spread\": \"routes\", \"cables\": 2}", NULL },
};
/* clang-format on */

static struct lab *lab;
static struct err no_kernel = ERR_INIT; /* code 0: it runs, or was not made */
static struct lab_path_failure failures[PATHS];
static size_t failed;

static const char *why_not(size_t path)
{
	for (size_t i = 0; i < failed; i++)
		if (failures[i].path == path)
			return failures[i].err.text;
	return NULL;
}

/* The driver domain's, which boots with the first agent of its guests; where
 * it does not, as under a kernel that is such a one itself, there is none. */
static void boot_kernel(void)
{
	struct lab_node *node = lab_find_node(lab, "guest.own-driver");

	if (node && driver_kernel_run(node, &no_kernel))
		print_message("no driver domain's kernel: %s\n",
			      no_kernel.text);
}

static int open_lab(void **state)
{
	static struct lab_path_spec spec[PATHS];
	static char agent[PATH_MAX];
	const struct lab_args args = { .path = spec,
				       .paths = PATHS,
				       .pairs = PAIRS,
				       .agent_path = agent,
				       .self_path = getenv("VAZAO") };
	struct err err = ERR_INIT;

	(void)state;
	snprintf(agent, sizeof(agent), "%s-agent", getenv("VAZAO"));
	for (int i = 0; i < PATHS; i++)
		spec[i] = (struct lab_path_spec){ paths[i].name, paths[i].kind,
						  json_loads(paths[i].options,
							     0, NULL) };
	if (lab_create(&lab, &args, failures, &failed, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	for (size_t i = 0; i < failed; i++)
		print_message("%s\n", failures[i].err.text);
	boot_kernel();
	return 0;
}

static int close_lab(void **state)
{
	(void)state;
	lab_destroy(lab);
	return 0;
}

/*
 * Ends: 2 k is pair k's M1, 2 k + 1 its M2.
 */

#define ENDS (2 * PAIRS)

struct end {
	int fd; /* sees all that the interface gets and sends */
	uint8_t mac[6];
};

static const struct lab_end *lab_end_of(size_t path, int end)
{
	return end % 2 ? lab_pair_m2(lab, path, end / 2)
		       : lab_pair_m1(lab, path, end / 2);
}

static int listen_on(const struct lab_netns *netns, const char *ifname,
		     uint8_t mac[6])
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL) };
	int former = netns_enter(netns, NULL), fd, one = 1, room = 4 << 20;
	struct ifreq ifr = { 0 };

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	assert_true(fd >= 0);
	address.sll_ifindex = (int)if_nametoindex(ifname);
	assert_int_not_equal(address.sll_ifindex, 0);
	assert_int_equal(bind(fd, (void *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	netns_leave(former);
	return fd;
}

/*
 * Frames.
 */

enum what {
	BROADCAST,
	MULTICAST,
	ARP,
	UNKNOWN,	 /* a MAC that nobody has */
	ARRIVE,		 /* those above must come to the pair's other end */
	OTHERS = ARRIVE, /* another pair's MAC */
	FOREIGN,	 /* another pair's tag */
	FOREIGN_OUTER,	 /* and ours in it */
	FOREIGN_INNER,	 /* in ours */
	PRIORITY,
	SERVICE, /* 802.1ad */
	WHATS
};

static const char *const whats[WHATS] = {
	"broadcast",	     "multicast",	  "ARP",
	"unknown unicast",   "others' MAC",	  "foreign tag",
	"foreign outer tag", "foreign inner tag", "priority tag",
	"802.1ad tag",
};

static size_t put_tag(uint8_t *at, uint16_t type, uint16_t tci)
{
	const uint16_t tag[2] = { htons(type), htons(tci) };

	memcpy(at, tag, 4);
	return 4;
}

static size_t put_tags(uint8_t *at, enum what what, int own)
{
	const uint16_t mine = (uint16_t)(UPLINK_FIRST_VLAN + own);
	const uint16_t other =
		(uint16_t)(UPLINK_FIRST_VLAN + (own + 1) % PAIRS);
	size_t n = 0;

	switch (what) {
	case FOREIGN:
		return put_tag(at, ETH_P_8021Q, other);
	case FOREIGN_OUTER:
		n = put_tag(at, ETH_P_8021Q, other);
		return n + put_tag(at + n, ETH_P_8021Q, mine);
	case FOREIGN_INNER:
		n = put_tag(at, ETH_P_8021Q, mine);
		return n + put_tag(at + n, ETH_P_8021Q, other);
	case PRIORITY:
		return put_tag(at, ETH_P_8021Q, 7 << 13);
	case SERVICE:
		return put_tag(at, ETH_P_8021AD, other);
	default:
		return 0;
	}
}

static void send_one(const struct end *ends, int from, enum what what)
{
	static const uint8_t to[][6] = {
		[BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		[MULTICAST] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb },
		[ARP] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		[UNKNOWN] = { 0x02, 0xde, 0xad, 0x00, 0x00, 0x01 },
	};
	uint8_t frame[120] = { 0 };
	size_t at = 12;

	if (what < ARRIVE)
		memcpy(frame, to[what], 6);
	else if (what == OTHERS) /* the same side's, of the next pair */
		memcpy(frame, ends[(from + 2) % ENDS].mac, 6);
	else
		memset(frame, 0xff, 6);
	memcpy(frame + 6, ends[from].mac, 6);
	at += put_tags(frame + at, what, from / 2);
	frame[at++] = what == ARP ? 0x08 : 0x88;
	frame[at++] = what == ARP ? 0x06 : 0xb5;
	memcpy(frame + 80, MARK, 6);
	frame[86] = (uint8_t)from;
	frame[87] = (uint8_t)what;
	/* a full queue is tried again */
	for (int i = 0; i < 100; i++) {
		if (send(ends[from].fd, frame, sizeof(frame), 0) > 0 ||
		    errno != ENOBUFS)
			break;
		clock_sleep_ns(NS_PER_MS);
	}
}

struct seen {
	int own[ENDS][WHATS]; /* of the pair's other end */
	int foreign;
};

static void take_frames(const struct end *ends, int end, struct seen *seen)
{
	uint8_t frame[2048];
	ssize_t n;

	while ((n = recv(ends[end].fd, frame, sizeof(frame), 0)) > 0) {
		const uint8_t *mark =
			memmem(frame, (size_t)n, MARK, strlen(MARK));

		if (!mark)
			continue;
		if (mark[6] / 2 != end / 2) {
			seen->foreign++;
			print_error("pair %d's %s saw pair %d's %s\n", end / 2,
				    end % 2 ? "M2" : "M1", mark[6] / 2,
				    whats[mark[7] % WHATS]);
		} else if (mark[6] != end) {
			seen->own[end][mark[7] % WHATS]++;
		}
	}
}

static bool all_came(const struct seen *seen)
{
	for (int end = 0; end < ENDS; end++)
		for (int what = 0; what < ARRIVE; what++)
			if (seen->own[end][what] < ROUNDS)
				return false;
	return true;
}

static void hold_apart(size_t path)
{
	struct end ends[ENDS];
	struct seen seen = { .foreign = 0 };

	for (int i = 0; i < ENDS; i++) {
		const struct lab_end *end = lab_end_of(path, i);

		ends[i].fd =
			listen_on(end->node->netns, end->ifname, ends[i].mac);
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int what = 0; what < WHATS; what++)
			for (int i = 0; i < ENDS; i++)
				send_one(ends, i, (enum what)what);
	for (int i = 0; i < 40; i++) {
		for (int end = 0; end < ENDS; end++)
			take_frames(ends, end, &seen);
		if (i > 4 && all_came(&seen)) /* and what comes late */
			break;
		clock_sleep_ns(25 * NS_PER_MS);
	}
	for (int end = 0; end < ENDS; end++) {
		close(ends[end].fd);
		for (int what = 0; what < ARRIVE; what++)
			if (seen.own[end][what] != ROUNDS)
				fail_msg("%s: end %d got %d of %d: %s",
					 paths[path].name, end,
					 seen.own[end][what], ROUNDS,
					 whats[what]);
	}
	assert_int_equal(seen.foreign, 0);
}

/* True: there is none here, and the error says what is missing. */
static bool is_lacking(size_t path)
{
	const char *why = why_not(path);

	if (path == GUEST_OWN_KERNEL && no_kernel.code)
		return true;
	if (!why)
		return false;
	if (!paths[path].lack || !strstr(why, paths[path].lack))
		fail_msg("%s", why);
	return true;
}

static void no_frame_crosses(void **state)
{
	int tried = 0;

	(void)state;
	for (size_t path = NATIVE; path <= GUEST_BOND; path++) {
		if (is_lacking(path))
			continue;
		hold_apart(path);
		tried++;
	}
	assert_true(tried >= 2);
}

/*
 * Cables.
 */

/* Frames that went to M2 by each of M1's plugs. */
static int count_sent(size_t path, int64_t sent[UPLINK_CABLES_MAX])
{
	const struct lab_path *p = &lab->path[path];
	json_t *counters, *hop;
	int cables = 0;
	size_t i;

	assert_int_equal(lab_read_counters(lab, path, &counters, NULL), 0);
	json_array_foreach(counters, i, hop) {
		if (p->hop[i].role != HOP_TRUNK ||
		    p->hop[i].netns == lab->m2->netns ||
		    strncmp(p->hop[i].ifname, "bond", 4) == 0)
			continue;
		sent[cables++] =
			json_integer_value(json_object_get(hop, "tx_packets"));
	}
	json_decref(counters);
	return cables;
}

static int open_udp(const struct lab_end *end)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = 2 };
	int former = netns_enter(end->node->netns, NULL), fd;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	netns_leave(former);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	inet_pton(AF_INET, end->address, &address.sin_addr);
	if (bind(fd, (void *)&address, sizeof(address)))
		fail_msg("%s: %s", end->address, strerror(errno));
	return fd;
}

/* One datagram there and one back, from a port of its own. */
static void exchange(const struct lab_end *m1, int m2_fd)
{
	struct sockaddr_in to, from;
	socklen_t size = sizeof(to);
	int fd = open_udp(m1);
	char byte = 1;

	assert_int_equal(getsockname(m2_fd, (void *)&to, &size), 0);
	assert_int_equal(sendto(fd, &byte, 1, 0, (void *)&to, size), 1);
	size = sizeof(from);
	assert_int_equal(recvfrom(m2_fd, &byte, 1, 0, (void *)&from, &size), 1);
	assert_int_equal(sendto(m2_fd, &byte, 1, 0, (void *)&from, size), 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(fd);
}

static void give_address(const struct lab_end *end)
{
	/* where the lab has not, as an agent would */
	link_add_address(end->node->netns, end->ifname, end->address, 24, NULL);
}

/* As it is whenever a driver domain's own kernel is in use. */
static void turn_offload_off(size_t path)
{
	assert_int_equal(lab_set_hops(lab, path, 1500, OFFLOAD_OFF, NULL), 0);
	for (int i = 0; i < ENDS; i++) {
		const struct lab_end *end = lab_end_of(path, i);

		netdev_set_offload(netns_ioctl_fd(end->node->netns),
				   end->ifname, false, NULL);
	}
}

static void use_all_cables(size_t path)
{
	int64_t before[UPLINK_CABLES_MAX], after[UPLINK_CABLES_MAX];
	int cables = count_sent(path, before);

	if (path == GUEST_OWN_KERNEL)
		turn_offload_off(path);
	assert_int_equal(cables, json_integer_value(json_object_get(
					 lab->path[path].options, "cables")));
	for (int pair = 0; pair < PAIRS; pair++) {
		const struct lab_end *m1 = lab_pair_m1(lab, path, pair);
		int m2_fd;

		give_address(m1);
		give_address(lab_pair_m2(lab, path, pair));
		m2_fd = open_udp(lab_pair_m2(lab, path, pair));
		for (int i = 0; i < FLOWS; i++)
			exchange(m1, m2_fd);
		close(m2_fd);
	}
	count_sent(path, after);
	/* a hash of 256 flows on 2 cables: 90 have 5 SD to spare */
	for (int i = 0; i < cables; i++)
		assert_in_range(after[i] - before[i], cables > 1 ? 90 : 256,
				cables > 1 ? 175 : 300);
}

static void all_cables_are_used(void **state)
{
	(void)state;
	for (size_t path = NATIVE; path < PATHS; path++)
		if (!is_lacking(path))
			use_all_cables(path);
}

/* MTU up and down on all hops, trunks and VLANs among them. */
static void hops_take_every_mtu(void **state)
{
	static const int mtus[] = { 1500, 500, 9000, 1500 };

	(void)state;
	for (size_t path = NATIVE; path < PATHS; path++)
		for (size_t i = 0; !why_not(path) && i < 4; i++) {
			struct err err = ERR_INIT;

			if (lab_set_hops(lab, path, mtus[i], 0, &err))
				fail_msg("%s", err.text);
		}
}

static void refuse(const char *options, const char *words)
{
	struct lab_path_spec spec[2] = {
		{ "plain", "native", json_object() },
		{ "odd", "native", json_loads(options, 0, NULL) },
	};
	const struct lab_args args = { .path = spec,
				       .paths = 2,
				       .self_path = getenv("VAZAO") };
	struct lab_path_failure failure[2];
	struct lab *odd;
	size_t count;

	assert_int_equal(lab_create(&odd, &args, failure, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_non_null(strstr(failure[0].err.text, words));
	lab_destroy(odd);
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	refuse("{\"spread\": \"none\", \"cables\": 2}", "spread: vlan");
	refuse("{\"spread\": \"vlan\", \"cables\": 2}", "as many pairs");
	refuse("{\"spread\": \"vlan\", \"tags\": \"guest\"}", "kind domU");
}

static int inside(void *arg)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_frame_crosses),
		cmocka_unit_test(all_cables_are_used),
		cmocka_unit_test(hops_take_every_mtu),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	(void)arg;
	return cmocka_run_group_tests(tests, open_lab, close_lab);
}

int main(int argc, char **argv)
{
	return bed_main(argc, argv, inside);
}
