/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap.h - a TAP with virtio headers, non-blocking, one descriptor a queue.
 * The front's eth0 and the back's vifX.Y. Called by netfront and netback.
 */
#ifndef VAZAO_XEN_TAP_H
#define VAZAO_XEN_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define TAP_MAX_QUEUES 8

struct tap {
	char name[IFNAMSIZ];
	int fd[TAP_MAX_QUEUES];
	int queues;
	bool napi; /* frames written are taken in by a thread of the kernel */
};

/*
 * In the caller's network namespace; gone when closed.
 *
 * `napi`: written frames are queued for a thread of the kernel, which takes
 * them in by batches as it would a card's, instead of each one's way through
 * the network being part of its write(). Only where the kernel lets us; a
 * queue holds TAP_QUEUE_BYTES, after which write() says EAGAIN.
 */
#define TAP_QUEUE_BYTES 262144
int tap_open(struct tap *tap, const char *name, int queues, bool napi,
	     struct err *err);

/* By thread (as after tap_open()), or in the write() after all: better where a
 * frame is a batch by itself. Nothing where it was not opened so. */
void tap_set_threaded(const struct tap *tap, bool on);
void tap_close(struct tap *tap);

/* What frames may come out with: checksums left to do, TCP unsegmented.
 * Whether they do is ethtool's business. */
int tap_offer_offload(const struct tap *tap, bool on, struct err *err);

/* May frames that come from the TAP be larger than what came in one by one
 * (ethtool -K ... gro)? */
bool tap_wants_merged(const struct tap *tap);

/* No silent loss while the reader holds still: room for so many frames. */
int tap_set_queue_length(const struct tap *tap, int frames, struct err *err);
int tap_set_mac(const struct tap *tap, const uint8_t mac[6], struct err *err);
int tap_set_mtu(const struct tap *tap, int mtu, struct err *err);
/*
 * Lets only frames of that VLAN (1 to 4094) into the TAP's queue: a filter of
 * the kernel's, which judges before the reader's memory is touched.
 */
#define TAP_VLAN_MASK 0xfff
int tap_admit_vlan(const struct tap *tap, uint16_t vlan, struct err *err);

int tap_set_carrier(const struct tap *tap, bool on);
int tap_join_bridge(const struct tap *tap, const char *bridge, struct err *err);

/* "00:16:3e:01:02:03"; a unicast address. */
bool tap_parse_mac(const char *text, uint8_t mac[6]);

#endif
