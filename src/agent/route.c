/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/netdev.h"

/* Both families, without the resolver: the agent is linked static. */
union address {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static int parse(const char *text, union address *to, struct err *err)
{
	memset(to, 0, sizeof(*to));
	to->in4.sin_port = htons(9); /* at the same place in both */
	if (inet_pton(AF_INET, text, &to->in4.sin_addr) == 1)
		to->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &to->in6.sin6_addr) == 1)
		to->sa.sa_family = AF_INET6;
	else
		return err_set(err, EINVAL,
			       "'%.60s' is no address such as 192.0.2.1 or "
			       "2001:db8::1",
			       text);
	return 0;
}

static socklen_t size_of(const union address *address)
{
	return address->sa.sa_family == AF_INET ? sizeof(address->in4)
						: sizeof(address->in6);
}

/* connect() of a datagram socket asks the routing table, and no more. */
static int find_source(const union address *to, union address *from)
{
	socklen_t size = size_of(to);
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &to->sa, size) < 0 ||
	    getsockname(fd, &from->sa, &size) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static const void *bytes_of(const union address *address, size_t *size)
{
	if (address->sa.sa_family == AF_INET6) {
		*size = sizeof(address->in6.sin6_addr);
		return &address->in6.sin6_addr;
	}
	*size = sizeof(address->in4.sin_addr);
	return &address->in4.sin_addr;
}

static bool is_same(const struct sockaddr *a, const union address *b)
{
	size_t size;
	const void *bytes = bytes_of(b, &size);

	return a && a->sa_family == b->sa.sa_family &&
	       memcmp(bytes_of((const union address *)a, &size), bytes, size) ==
		       0;
}

static int find_interface(const union address *from,
			  char ifname[static IFNAMSIZ])
{
	struct ifaddrs *all;
	int rc = -ENODEV;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (struct ifaddrs *i = all; i && rc; i = i->ifa_next)
		if (is_same(i->ifa_addr, from)) {
			snprintf(ifname, IFNAMSIZ, "%s", i->ifa_name);
			rc = 0;
		}
	freeifaddrs(all);
	return rc;
}

int route_find(const char *address, char ifname[static IFNAMSIZ],
	       char own[static INET6_ADDRSTRLEN], struct err *err)
{
	union address to, from = { 0 };
	size_t size;
	int rc = parse(address, &to, err);

	if (rc)
		return rc;
	rc = find_source(&to, &from);
	if (rc)
		return err_sys(err, -rc, "the way to %s", address);
	inet_ntop(from.sa.sa_family, bytes_of(&from, &size), own,
		  INET6_ADDRSTRLEN);
	rc = find_interface(&from, ifname);
	return rc ? err_sys(err, -rc, "the interface of %s", own) : 0;
}

/* "client-address client-port server-address server-port", by sshd. */
static void add_ssh(json_t *reply)
{
	const char *text = getenv("SSH_CONNECTION");
	char client[64], server[64];

	if (!text || sscanf(text, "%63s %*s %63s", client, server) != 2)
		return;
	json_object_set_new(reply, "ssh_client", json_string(client));
	json_object_set_new(reply, "ssh_server", json_string(server));
}

static int add_route(json_t *reply, const char *address, struct err *err)
{
	char ifname[IFNAMSIZ], own[INET6_ADDRSTRLEN];
	int fd, mtu = 0;
	int rc = route_find(address, ifname, own, err);

	if (rc)
		return rc;
	fd = netdev_open(err);
	if (fd < 0)
		return fd;
	rc = netdev_get_mtu(fd, ifname, &mtu, err);
	close(fd);
	json_object_set_new(reply, "ifname", json_string(ifname));
	json_object_set_new(reply, "address", json_string(own));
	json_object_set_new(reply, "mtu", json_integer(mtu));
	return rc;
}

int op_route_get(struct agent_state *state, const json_t *args, json_t **reply,
		 struct err *err)
{
	const char *address;
	int rc = 0;

	(void)state;
	*reply = json_object();
	add_ssh(*reply);
	if (json_object_get(args, "address")) {
		rc = json_get_string(args, "address", &address, err);
		if (!rc)
			rc = add_route(*reply, address, err);
	}
	return rc;
}
