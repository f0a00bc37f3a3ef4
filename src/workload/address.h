/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address.h - where the data connections of a path lead: IPv4, IPv6, a UNIX
 * socket's path, a vsock. As text:
 *   10.77.1.2   fd76::1   unix:/tmp/vazao-1a2b/data   vsock:2
 * The port goes beside it; a UNIX socket has none.
 *
 * Called by this room, by the agent, and by who hands addresses to it.
 */
#ifndef VAZAO_WORKLOAD_ADDRESS_H
#define VAZAO_WORKLOAD_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include "base/err.h"

#define ADDRESS_TEXT_MAX 128

struct address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_vm vm;
	};
};

/* -EINVAL where the text is none of the four. Names are not looked up. */
int address_parse(const char *text, struct address *address, struct err *err);
void address_format(const struct address *address, char *buf, size_t size);

/* Host byte order; nothing, and 0, for a UNIX socket. */
void address_set_port(struct address *address, uint16_t port);
uint16_t address_get_port(const struct address *address);

/* Can nobody but this machine reach it? */
bool address_is_loopback(const struct address *address);

/* An IPv4 address, given in host byte order. */
struct address address_of_ipv4(uint32_t ipv4);

#endif
