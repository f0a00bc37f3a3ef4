/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define LINK_PATIENCE_NS (15 * NS_PER_S)
#define WIRE_PATIENCE_NS (3 * NS_PER_S)
#define LOOK_NS		 (10 * NS_PER_MS)
#define RESEND_MS	 100
#define ETH_P_EXPERIMENT 0x88b5 /* IEEE 802: local experimental, 1 */
#define FRAME_BYTES	 60	/* the least, without the FCS */

static bool has_link(const struct link_spec *link)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", link->ifname);
	return ioctl(netns_ioctl_fd(link->netns), SIOCGIFFLAGS, &ifr) == 0 &&
	       (ifr.ifr_flags & IFF_RUNNING);
}

int wire_await_link(const struct link_spec *a, const struct link_spec *b,
		    struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + LINK_PATIENCE_NS;

	while (!has_link(a) || !has_link(b)) {
		const struct link_spec *without = has_link(a) ? b : a;

		if (clock_mono_ns() >= deadline_ns)
			return err_set(err, ENOLINK,
				       "node %s: %s has no link: is its cable "
				       "plugged in?",
				       netns_name(without->netns),
				       without->ifname);
		clock_sleep_ns(LOOK_NS);
	}
	return 0;
}

static int open_here(const char *ifname)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_EXPERIMENT),
				       .sll_ifindex =
					       (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (address.sll_ifindex &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -ENODEV;
}

static int open_wire(const struct link_spec *link, struct err *err)
{
	int former = netns_enter(link->netns, err);
	int fd;

	if (former < 0)
		return former;
	fd = open_here(link->ifname);
	netns_leave(former);
	return fd < 0 ? err_sys(err, -fd, "node %s: %s: a packet socket",
				netns_name(link->netns), link->ifname)
		      : fd;
}

static bool comes_in(int fd, const unsigned char *frame)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t deadline_ns = clock_mono_ns() + RESEND_MS * NS_PER_MS;
	unsigned char got[FRAME_BYTES];

	while (poll(&ready, 1, clock_poll_ms(deadline_ns)) == 1)
		if (recv(fd, got, sizeof(got), 0) == sizeof(got) &&
		    memcmp(got, frame, sizeof(got)) == 0)
			return true;
	return false;
}

int wire_check(const struct link_spec *from, const struct link_spec *to,
	       struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + WIRE_PATIENCE_NS;
	unsigned char frame[FRAME_BYTES] = { 0 };
	bool passed = false;
	int out = open_wire(from, err);
	int in = out < 0 ? out : open_wire(to, err);

	if (in < 0) {
		if (out >= 0)
			close(out);
		return in;
	}
	memset(frame, 0xff, ETH_ALEN);
	frame[ETH_ALEN] = 2; /* from a local address */
	frame[12] = ETH_P_EXPERIMENT >> 8;
	frame[13] = ETH_P_EXPERIMENT & 0xff;
	if (getrandom(frame + 14, 16, 0) < 0)
		frame[14] = (unsigned char)getpid();
	while (!passed && clock_mono_ns() < deadline_ns)
		passed = send(out, frame, sizeof(frame), 0) > 0 &&
			 comes_in(in, frame);
	close(out);
	close(in);
	return passed ? 0
		      : err_set(err, ENOLINK,
				"a frame sent by %s of node %s does not come "
				"in by %s of node %s: are they joined?",
				from->ifname, netns_name(from->netns),
				to->ifname, netns_name(to->netns));
}
