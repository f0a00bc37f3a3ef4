/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netdev.h - one network interface of this process's network namespace:
 * MTU, offloads, address, counters; by ioctl(2), so that the agent inside a
 * guest needs no netlink library. The lab (hops) and the agent (ends) call
 * it; creating links is the lab's, by libnl-route.
 *
 * `fd` is any AF_INET socket opened in the namespace that is meant: a socket
 * keeps the namespace it was made in. Errors name the interface.
 */
#ifndef VAZAO_BASE_NETDEV_H
#define VAZAO_BASE_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

struct netdev_counters {
	uint64_t rx_packets, rx_bytes, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_dropped;
};

int netdev_open(struct err *err); /* a socket for `fd`, or -errno */
int netdev_set_up(int fd, const char *ifname, bool up, struct err *err);
int netdev_get_up(int fd, const char *ifname, bool *up, struct err *err);
int netdev_set_promiscuous(int fd, const char *ifname, struct err *err);
int netdev_set_mtu(int fd, const char *ifname, int mtu, struct err *err);
int netdev_get_mtu(int fd, const char *ifname, int *mtu, struct err *err);

/* IPv4 "10.0.0.1/24" on the interface (replaces what is there). */
int netdev_set_address(int fd, const char *ifname, const char *address,
		       struct err *err);

/*
 * Segmentation (TSO, GSO, UFO, GRO, LRO), scatter-gather and checksum
 * offloads, all off or all on as far as the device can (legacy ETHTOOL_S*
 * commands: every driver that matters takes them). Reading back is the
 * caller's: netdev_get_offload().
 */
int netdev_set_offload(int fd, const char *ifname, bool on, struct err *err);

/* Each as `features`, which netdev_get_offload() gave, has it. */
int netdev_set_features(int fd, const char *ifname, const json_t *features,
			struct err *err);

/* {"tso": true, "gso": false, "gro": ..., "sg":..., "tx": ..., "rx": ...}. */
int netdev_get_offload(int fd, const char *ifname, json_t **features,
		       struct err *err);

/* True if no feature in `features` lets a frame exceed the MTU. */
bool netdev_offload_is_off(const json_t *features);

/* From /proc/thread-self/net/dev of the calling thread's namespace. */
int netdev_read_counters(const char *ifname, struct netdev_counters *counters,
			 struct err *err);

#endif
