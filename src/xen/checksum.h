/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checksum.h - the Internet checksum (RFC 1071). Pure. Called by offload and
 * aggregate.
 *
 * A sum is of 16-bit words in the machine's byte order, which the algorithm
 * allows (RFC 1071, 2B): what is stored from it is right as it is.
 */
#ifndef VAZAO_XEN_CHECKSUM_H
#define VAZAO_XEN_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* sum + the words of data; an odd byte at the end is padded by zero. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes);

/* The words of the frame in iov from byte `start` on; pieces may be odd. */
uint64_t checksum_add_iov(uint64_t sum, const struct iovec *iov, int count,
			  size_t start);

/* The complement in 16 bits, as it stands in a header; 0 if a header's own
 * checksum was in the sum and right. */
uint16_t checksum_fold(uint64_t sum);

/* The pseudo-header of RFC 793, RFC 8200 8.1: IPv4's or IPv6's addresses as
 * they stand in the header, the protocol and the transport's length. */
uint64_t checksum_pseudo(const uint8_t *ip, int ipv6, uint8_t protocol,
			 uint32_t bytes);

#endif
