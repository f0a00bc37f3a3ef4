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
#include "workload/address.h"

static int parse(const char *text, struct address *to, struct err *err)
{
	int rc = address_parse(text, to, err);

	if (!rc && to->any.sa_family != AF_INET &&
	    to->any.sa_family != AF_INET6)
		rc = err_set(err, EINVAL, "'%.60s' is not routed to", text);
	if (!rc)
		address_set_port(to, 9);
	return rc;
}

/* connect() of a datagram socket asks the routing table, and no more. */
static int find_source(const struct address *to, struct address *from)
{
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	from->len = to->len;
	if (connect(fd, &to->any, to->len) < 0 ||
	    getsockname(fd, &from->any, &from->len) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static const void *bytes_of(const struct sockaddr *sa, size_t *size)
{
	if (sa->sa_family == AF_INET6) {
		*size = sizeof(struct in6_addr);
		return &((const struct sockaddr_in6 *)sa)->sin6_addr;
	}
	*size = sizeof(struct in_addr);
	return &((const struct sockaddr_in *)sa)->sin_addr;
}

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	size_t size;
	const void *bytes = bytes_of(b, &size);

	return a && a->sa_family == b->sa_family &&
	       memcmp(bytes_of(a, &size), bytes, size) == 0;
}

static int find_interface(const struct address *from,
			  char ifname[static IFNAMSIZ])
{
	struct ifaddrs *all;
	int rc = -ENODEV;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (struct ifaddrs *i = all; i && rc; i = i->ifa_next)
		if (is_same(i->ifa_addr, &from->any)) {
			snprintf(ifname, IFNAMSIZ, "%s", i->ifa_name);
			rc = 0;
		}
	freeifaddrs(all);
	return rc;
}

int route_find(const char *address, char ifname[static IFNAMSIZ],
	       char own[static INET6_ADDRSTRLEN], struct err *err)
{
	struct address to, from = { 0 };
	size_t size;
	int rc = parse(address, &to, err);

	if (rc)
		return rc;
	rc = find_source(&to, &from);
	if (rc)
		return err_sys(err, -rc, "the way to %s", address);
	inet_ntop(from.any.sa_family, bytes_of(&from.any, &size), own,
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

/* Tells one kernel from another, as long as it runs. */
static void add_boot_id(json_t *reply)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	char id[64];

	if (f && fscanf(f, "%63s", id) == 1)
		json_object_set_new(reply, "boot_id", json_string(id));
	if (f)
		fclose(f);
}

/* The first address that others can reach; loopback's where there is none. */
static void add_first_address(json_t *reply, int family)
{
	char text[INET6_ADDRSTRLEN] = "", last[INET6_ADDRSTRLEN] = "";
	struct ifaddrs *all;
	size_t size;

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i && !text[0]; i = i->ifa_next) {
		const void *bytes;

		if (!i->ifa_addr || i->ifa_addr->sa_family != family ||
		    !(i->ifa_flags & IFF_UP))
			continue;
		bytes = bytes_of(i->ifa_addr, &size);
		if (family == AF_INET6 &&
		    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)bytes))
			continue;
		inet_ntop(family, bytes,
			  i->ifa_flags & IFF_LOOPBACK ? last : text,
			  INET6_ADDRSTRLEN);
	}
	freeifaddrs(all);
	if (text[0] || last[0])
		json_object_set_new(reply, "first_address",
				    json_string(text[0] ? text : last));
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
	add_boot_id(*reply);
	add_first_address(*reply, json_is_true(json_object_get(args, "ipv6"))
					  ? AF_INET6
					  : AF_INET);
	if (json_object_get(args, "address")) {
		rc = json_get_string(args, "address", &address, err);
		if (!rc)
			rc = add_route(*reply, address, err);
	}
	return rc;
}
