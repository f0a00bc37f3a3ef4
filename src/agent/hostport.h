/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostport.h - HOST[:PORT] as people write it: "m2", "192.0.2.1:7780",
 * "[2001:db8::1]:7780", "2001:db8::1", ":7780". Called by listen.c, remote.c.
 */
#ifndef VAZAO_AGENT_HOSTPORT_H
#define VAZAO_AGENT_HOSTPORT_H

#include <netdb.h>

#include "base/err.h"

struct hostport {
	char host[256]; /* "": every address */
	char port[32];
};

int hostport_parse(const char *text, const char *default_port,
		   struct hostport *hostport, struct err *err);

/* Names are looked up; *list is for freeaddrinfo(). */
int hostport_resolve(const struct hostport *hostport, int flags,
		     struct addrinfo **list, struct err *err);

/* "192.0.2.1:7780", "[2001:db8::1]:7780". */
void hostport_format(const struct sockaddr *address, socklen_t size, char *buf,
		     size_t buf_size);

#endif
