/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/aggregate.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "xen/checksum.h"

#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define TCP_BYTES  20

/* Offsets in the IPv4 header. */
#define IPV4_LENGTH   2
#define IPV4_ID	      4
#define IPV4_FRAGMENT 6
#define IPV4_CHECKSUM 10
#define IPV4_DF	      0x40
/* In the IPv6 header. */
#define IPV6_LENGTH 4
/* In the TCP header. */
#define TCP_SEQ	     4
#define TCP_FLAGS    13
#define TCP_CHECKSUM 16

#define FLAG_PSH 0x08
#define FLAG_ACK 0x10

#define MOST_BYTES 65535 /* of an IPv4 packet, or an IPv6 payload */

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)load16(at) << 16 | load16(at + 2);
}

static void store16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* IPv4 without options, no fragment; its end is the frame's. */
static bool find_ipv4(const uint8_t *ip, size_t bytes, uint32_t rest,
		      struct segment *s)
{
	if (bytes < IPV4_BYTES || ip[0] != 0x45 || ip[9] != IPPROTO_TCP ||
	    load16(ip + IPV4_LENGTH) != rest ||
	    load16(ip + IPV4_FRAGMENT) & 0x3fff)
		return false;
	s->ipv6 = false;
	s->transport = s->network + IPV4_BYTES;
	/* one that is wrong is not to be put right */
	return checksum_fold(checksum_add(0, ip, IPV4_BYTES)) == 0;
}

/* IPv6 without extension headers. */
static bool find_ipv6(const uint8_t *ip, size_t bytes, uint32_t rest,
		      struct segment *s)
{
	if (bytes < IPV6_BYTES || rest < IPV6_BYTES || ip[0] >> 4 != 6 ||
	    ip[6] != IPPROTO_TCP ||
	    load16(ip + IPV6_LENGTH) != rest - IPV6_BYTES)
		return false;
	s->ipv6 = true;
	s->transport = s->network + IPV6_BYTES;
	return true;
}

/* ACK alone, or with PSH, and some payload. */
static bool find_tcp(const uint8_t *header, size_t bytes, uint32_t frame_bytes,
		     struct segment *s)
{
	const uint8_t *tcp = header + s->transport;

	if (bytes < (size_t)s->transport + TCP_BYTES || tcp[12] & 15 ||
	    (tcp[TCP_FLAGS] & ~FLAG_PSH) != FLAG_ACK)
		return false;
	s->payload = s->transport + (tcp[12] >> 4) * 4;
	if (s->payload < s->transport + TCP_BYTES || bytes < s->payload ||
	    frame_bytes <= s->payload)
		return false;
	s->bytes = (uint16_t)(frame_bytes - s->payload);
	return true;
}

bool aggregate_find(const uint8_t *header, size_t header_bytes,
		    uint32_t frame_bytes, struct segment *segment)
{
	size_t left;
	uint16_t type;

	if (header_bytes < ETH_HLEN + 4 || frame_bytes > MOST_BYTES)
		return false;
	type = load16(header + 12);
	segment->network = ETH_HLEN;
	if (type == ETH_P_8021Q) {
		type = load16(header + 16);
		segment->network += 4;
	}
	left = header_bytes - segment->network;
	if (!(type == ETH_P_IP &&
	      find_ipv4(header + segment->network, left,
			frame_bytes - segment->network, segment)) &&
	    !(type == ETH_P_IPV6 &&
	      find_ipv6(header + segment->network, left,
			frame_bytes - segment->network, segment)))
		return false;
	return find_tcp(header, header_bytes, frame_bytes, segment);
}

bool aggregate_checks_out(const struct iovec *iov, int count,
			  const uint8_t *header, const struct segment *segment)
{
	uint32_t bytes = segment->bytes +
			 (uint32_t)(segment->payload - segment->transport);
	uint64_t sum = checksum_pseudo(header + segment->network, segment->ipv6,
				       IPPROTO_TCP, bytes);

	/* the headers that are judged are those that are summed */
	sum = checksum_add(sum, header + segment->transport,
			   segment->payload - segment->transport);
	return checksum_fold(checksum_add_iov(sum, iov, count, 0)) == 0;
}

void aggregate_begin(struct aggregate *aggregate, const uint8_t *header,
		     const struct segment *segment)
{
	const uint8_t *tcp = header + segment->transport;

	memcpy(aggregate->header, header, segment->payload);
	aggregate->first = *segment;
	aggregate->next_seq = load32(tcp + TCP_SEQ) + segment->bytes;
	aggregate->next_id =
		segment->ipv6 ? 0
			      : load16(header + segment->network + IPV4_ID) + 1;
	aggregate->bytes = segment->payload + (uint32_t)segment->bytes;
	aggregate->segments = 1;
	aggregate->last = tcp[TCP_FLAGS] & FLAG_PSH;
}

/* All but length, id and checksum: TOS, TTL, DF, addresses. With DF the id
 * says nothing (RFC 6864, 4.1), and some senders leave it 0. */
static bool same_ipv4(const struct aggregate *a, const uint8_t *ip)
{
	const uint8_t *own = a->header + a->first.network;

	return memcmp(own, ip, IPV4_LENGTH) == 0 &&
	       memcmp(own + IPV4_FRAGMENT, ip + IPV4_FRAGMENT,
		      IPV4_CHECKSUM - IPV4_FRAGMENT) == 0 &&
	       memcmp(own + IPV4_CHECKSUM + 2, ip + IPV4_CHECKSUM + 2, 8) ==
		       0 &&
	       (ip[IPV4_FRAGMENT] & IPV4_DF ||
		load16(ip + IPV4_ID) == a->next_id);
}

/* All but the payload's length. */
static bool same_ipv6(const struct aggregate *a, const uint8_t *ip)
{
	const uint8_t *own = a->header + a->first.network;

	return memcmp(own, ip, IPV6_LENGTH) == 0 &&
	       memcmp(own + IPV6_LENGTH + 2, ip + IPV6_LENGTH + 2,
		      IPV6_BYTES - IPV6_LENGTH - 2) == 0;
}

/* Ports, ACK, header length, window, urgent pointer, options; the sequence
 * number follows. PSH may differ. */
static bool same_tcp(const struct aggregate *a, const uint8_t *tcp)
{
	const uint8_t *own = a->header + a->first.transport;
	size_t options = a->first.payload - a->first.transport - TCP_BYTES;

	return load32(tcp + TCP_SEQ) == a->next_seq &&
	       memcmp(own, tcp, TCP_SEQ) == 0 &&
	       memcmp(own + 8, tcp + 8, 5) == 0 &&
	       memcmp(own + 14, tcp + 14, 2) == 0 &&
	       memcmp(own + 18, tcp + 18, 2 + options) == 0;
}

static bool fits(const struct aggregate *a, const struct segment *s)
{
	return !a->last && a->segments < AGGREGATE_FRAMES &&
	       a->bytes + s->bytes <= MOST_BYTES &&
	       s->bytes <= a->first.bytes && s->ipv6 == a->first.ipv6 &&
	       s->network == a->first.network && s->payload == a->first.payload;
}

bool aggregate_join(struct aggregate *aggregate, const uint8_t *header,
		    const struct segment *segment)
{
	const uint8_t *ip = header + segment->network;
	const uint8_t *tcp = header + segment->transport;

	if (!fits(aggregate, segment) ||
	    memcmp(aggregate->header, header, segment->network) != 0 ||
	    !(segment->ipv6 ? same_ipv6(aggregate, ip)
			    : same_ipv4(aggregate, ip)) ||
	    !same_tcp(aggregate, tcp))
		return false;
	aggregate->next_seq += segment->bytes;
	aggregate->next_id++;
	aggregate->bytes += segment->bytes;
	aggregate->segments++;
	aggregate->header[aggregate->first.transport + TCP_FLAGS] |=
		tcp[TCP_FLAGS] & FLAG_PSH;
	aggregate->last = segment->bytes < aggregate->first.bytes ||
			  tcp[TCP_FLAGS] & FLAG_PSH;
	return true;
}

static void end_ip(struct aggregate *a)
{
	uint8_t *ip = a->header + a->first.network;
	uint16_t sum;

	if (a->first.ipv6) {
		store16(ip + IPV6_LENGTH,
			a->bytes - a->first.network - IPV6_BYTES);
		return;
	}
	store16(ip + IPV4_LENGTH, a->bytes - a->first.network);
	store16(ip + IPV4_CHECKSUM, 0);
	sum = checksum_fold(checksum_add(0, ip, IPV4_BYTES));
	memcpy(ip + IPV4_CHECKSUM, &sum, 2);
}

/* The pseudo-header's sum stands where the checksum will be, uncomplemented:
 * what CHECKSUM_PARTIAL wants. */
static void end_tcp(struct aggregate *a)
{
	uint64_t pseudo =
		checksum_pseudo(a->header + a->first.network, a->first.ipv6,
				IPPROTO_TCP, a->bytes - a->first.transport);
	uint16_t sum = (uint16_t)~checksum_fold(pseudo);

	memcpy(a->header + a->first.transport + TCP_CHECKSUM, &sum, 2);
}

void aggregate_end(struct aggregate *aggregate, struct virtio_net_hdr *vnet)
{
	const struct segment *s = &aggregate->first;

	end_ip(aggregate);
	end_tcp(aggregate);
	*vnet = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
				    : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = s->payload,
		.gso_size = s->bytes,
		.csum_start = s->transport,
		.csum_offset = TCP_CHECKSUM,
	};
	aggregate->segments = 0;
}
