/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/checksum.h"

#include <arpa/inet.h>
#include <string.h>

static uint64_t carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint64_t a = sum, b = 0, word;

	/* two chains, for the carries' sake */
	for (; bytes >= 16; bytes -= 16, at += 16) {
		memcpy(&word, at, 8);
		a = carry(a, word);
		memcpy(&word, at + 8, 8);
		b = carry(b, word);
	}
	a = carry(a, b);
	if (bytes >= 8) {
		memcpy(&word, at, 8);
		a = carry(a, word);
		bytes -= 8;
		at += 8;
	}
	word = 0;
	memcpy(&word, at, bytes); /* the rest, zeros behind it */
	return carry(a, word);
}

static uint64_t fold64(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint64_t checksum_add_iov(uint64_t sum, const struct iovec *iov, int count,
			  size_t start)
{
	int odd = 0;

	for (int i = 0; i < count; i++) {
		size_t skip = start < iov[i].iov_len ? start : iov[i].iov_len;
		size_t bytes = iov[i].iov_len - skip;
		uint64_t part;

		start -= skip;
		if (!bytes)
			continue;
		part = checksum_add(0, (const uint8_t *)iov[i].iov_base + skip,
				    bytes);
		part = fold64(part);
		/* a piece at an odd place: its bytes are in the other halves */
		if (odd)
			part = (part & 0xff) << 8 | part >> 8;
		sum = carry(sum, part);
		odd ^= bytes & 1;
	}
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	return (uint16_t)~fold64(sum);
}

uint64_t checksum_pseudo(const uint8_t *ip, int ipv6, uint8_t protocol,
			 uint32_t bytes)
{
	uint64_t sum = ipv6 ? checksum_add(0, ip + 8, 32)
			    : checksum_add(0, ip + 12, 8);

	return carry(sum, (uint64_t)htonl(bytes) + htons(protocol));
}
