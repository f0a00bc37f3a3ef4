/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offload.h - checksum and segmentation offload in two languages: virtio's
 * header in front of a TAP's frames (where the checksum is) and netif's flags
 * and GSO extra (only that it is missing: who receives looks into the headers).
 *
 * The headers are read from a private copy only; a peer may rewrite its page
 * at any time. Pure. Called by netfront and netback.
 */
#ifndef VAZAO_XEN_OFFLOAD_H
#define VAZAO_XEN_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>

/* Ethernet, VLAN, longest IPv4 header, longest TCP header: what classic
 * netback copies before it looks. */
#define OFFLOAD_HEADER_BYTES (14 + 4 + 60 + 60)

struct offload {
	bool csum_blank, data_validated;
	uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_* */
	uint16_t gso_size;
};

/*
 * `header`: the frame's first bytes, a private copy. False where netif cannot
 * say it (a checksum that is not TCP's or UDP's): the caller then finishes the
 * checksum itself and sends the frame without flags.
 */
bool offload_from_vnet(const struct virtio_net_hdr *vnet, const uint8_t *header,
		       size_t bytes, struct offload *offload);

/* False where the headers do not bear it: such a frame is dropped. */
bool offload_to_vnet(const struct offload *offload, const uint8_t *header,
		     size_t bytes, struct virtio_net_hdr *vnet);

/* Sums from byte `start` of the frame on, stores at start + offset. False
 * where that lies outside. */
bool offload_finish_checksum(const struct iovec *iov, int count, size_t start,
			     size_t offset);

#endif
