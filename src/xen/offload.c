/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/offload.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "xen/checksum.h"
#include "xen/netif.h"

struct layout {
	bool ipv6;
	uint8_t protocol;   /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t transport; /* where it begins */
	uint16_t payload;   /* and where its header ends */
};

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool ipv4_layout(const uint8_t *h, size_t bytes, size_t at,
			struct layout *l)
{
	size_t header;

	if (bytes < at + 20 || h[at] >> 4 != 4)
		return false;
	header = (size_t)(h[at] & 15) * 4;
	if (header < 20 || load16(h + at + 6) & 0x1fff) /* a later fragment */
		return false;
	l->ipv6 = false;
	l->protocol = h[at + 9];
	l->transport = (uint16_t)(at + header);
	return true;
}

/* Extension headers that may stand between, each 8 bytes * (length + 1). */
static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_DSTOPTS;
}

static bool ipv6_layout(const uint8_t *h, size_t bytes, size_t at,
			struct layout *l)
{
	uint8_t next;

	if (bytes < at + 40 || h[at] >> 4 != 6)
		return false;
	next = h[at + 6];
	at += 40;
	while (is_extension(next)) {
		if (bytes < at + 8)
			return false;
		next = h[at];
		at += 8 * ((size_t)h[at + 1] + 1);
	}
	l->ipv6 = true;
	l->protocol = next;
	l->transport = (uint16_t)at;
	return true;
}

static bool find_layout(const uint8_t *h, size_t bytes, struct layout *l)
{
	size_t at = ETH_HLEN;
	uint16_t type;

	if (bytes < ETH_HLEN)
		return false;
	type = load16(h + 12);
	if (type == ETH_P_8021Q && bytes >= ETH_HLEN + 4) {
		type = load16(h + 16);
		at += 4;
	}
	if (!(type == ETH_P_IP && ipv4_layout(h, bytes, at, l)) &&
	    !(type == ETH_P_IPV6 && ipv6_layout(h, bytes, at, l)))
		return false;
	if (l->protocol == IPPROTO_UDP) {
		l->payload = l->transport + 8;
	} else if (l->protocol == IPPROTO_TCP &&
		   bytes >= (size_t)l->transport + 20) {
		l->payload = l->transport + (h[l->transport + 12] >> 4) * 4;
		if (l->payload < l->transport + 20)
			return false;
	} else {
		return false;
	}
	return bytes >= l->payload;
}

static uint16_t checksum_offset(const struct layout *l)
{
	return l->protocol == IPPROTO_TCP ? 16 : 6;
}

bool offload_from_vnet(const struct virtio_net_hdr *vnet, const uint8_t *header,
		       size_t bytes, struct offload *offload)
{
	uint8_t gso = vnet->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	struct layout l;

	memset(offload, 0, sizeof(*offload));
	if (vnet->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		offload->data_validated = true;
	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return gso == VIRTIO_NET_HDR_GSO_NONE;
	if (!find_layout(header, bytes, &l) ||
	    vnet->csum_start != l.transport ||
	    vnet->csum_offset != checksum_offset(&l))
		return false;
	offload->csum_blank = offload->data_validated = true;
	if (gso == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	offload->gso_size = vnet->gso_size;
	offload->gso_type =
		l.ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
	return gso ==
	       (l.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4);
}

bool offload_to_vnet(const struct offload *offload, const uint8_t *header,
		     size_t bytes, struct virtio_net_hdr *vnet)
{
	struct layout l;

	memset(vnet, 0, sizeof(*vnet));
	if (!offload->csum_blank && !offload->gso_type) {
		if (offload->data_validated)
			vnet->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		return true;
	}
	if (!find_layout(header, bytes, &l))
		return false;
	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = l.transport;
	vnet->csum_offset = checksum_offset(&l);
	if (!offload->gso_type)
		return true;
	vnet->gso_type =
		l.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	vnet->gso_size = offload->gso_size;
	vnet->hdr_len = l.payload;
	return l.protocol == IPPROTO_TCP &&
	       l.ipv6 == (offload->gso_type == XEN_NETIF_GSO_TYPE_TCPV6);
}

/* The byte `at` of the frame; NULL beyond its end. */
static uint8_t *byte_at(const struct iovec *iov, int count, size_t at)
{
	for (int i = 0; i < count; i++) {
		if (at < iov[i].iov_len)
			return (uint8_t *)iov[i].iov_base + at;
		at -= iov[i].iov_len;
	}
	return NULL;
}

bool offload_finish_checksum(const struct iovec *iov, int count, size_t start,
			     size_t offset)
{
	uint8_t *high = byte_at(iov, count, start + offset);
	uint8_t *low = byte_at(iov, count, start + offset + 1);
	uint16_t sum;

	if (!high || !low)
		return false;
	sum = checksum_fold(checksum_add_iov(0, iov, count, start));
	if (!sum)
		sum = 0xffff; /* 0 means "none" in UDP */
	sum = ntohs(sum);
	*high = (uint8_t)(sum >> 8);
	*low = (uint8_t)sum;
	return true;
}
