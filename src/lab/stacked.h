/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stacked.h - what containers have beside links.h: links that stand on
 * another, and translation of addresses.
 *
 * Called by the kinds of path of containers and by hops.c, inside a cage.
 */
#ifndef VAZAO_LAB_STACKED_H
#define VAZAO_LAB_STACKED_H

#include "lab/links.h"

/*
 * Links that stand on another of `lower`'s, in a namespace of their own; up.
 * The lower one's MTU is the most that theirs may be. -EOPNOTSUPP with what
 * is missing where the kernel has none.
 */
int link_add_macvlan(const struct link_spec *spec, struct lab_netns *lower,
		     const char *lower_ifname, struct err *err);
/* mode: "l2", "l3", "l3s". */
int link_add_ipvlan(const struct link_spec *spec, struct lab_netns *lower,
		    const char *lower_ifname, const char *mode,
		    struct err *err);

/*
 * The most segments that TCP puts into one packet for this interface, read
 * back: 1 where its segmentation offload cannot be turned off.
 */
#define LINK_SEGMENTS_MAX 65535
int link_set_segments(struct lab_netns *netns, const char *ifname, int segments,
		      struct err *err);

/*
 * What comes from `subnet` ("10.78.1.0/24") and leaves the namespace by
 * another interface than `inner` gets that one's address, as Docker's rule
 * has it; the answers' way back is found by connection tracking.
 * (masquerade.c)
 */
int netns_masquerade(struct lab_netns *netns, const char *subnet,
		     const char *inner, struct err *err);

#endif
