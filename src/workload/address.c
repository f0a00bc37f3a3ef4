/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_unix(const char *path, struct address *a, struct err *err)
{
	if (!*path || strlen(path) >= sizeof(a->un.sun_path))
		return err_set(err, EINVAL,
			       "unix:%.80s: a UNIX socket's path has 1 to %zu "
			       "bytes",
			       path, sizeof(a->un.sun_path) - 1);
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, path);
	a->len = sizeof(a->un);
	return 0;
}

static int parse_vsock(const char *text, struct address *a, struct err *err)
{
	char *end;
	unsigned long cid = strtoul(text, &end, 10);

	if (end == text || *end || cid > UINT32_MAX)
		return err_set(
			err, EINVAL,
			"vsock:%.40s: a context id such as 2 is expected",
			text);
	a->vm.svm_family = AF_VSOCK;
	a->vm.svm_cid = (unsigned int)cid;
	a->len = sizeof(a->vm);
	return 0;
}

int address_parse(const char *text, struct address *address, struct err *err)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		address->len = sizeof(address->in);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		address->len = sizeof(address->in6);
		return 0;
	}
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, address, err);
	if (strncmp(text, "vsock:", 6) == 0)
		return parse_vsock(text + 6, address, err);
	return err_set(err, EINVAL,
		       "'%.40s' is no address such as 10.77.1.2 or fd76::1",
		       text);
}

static void format_ip(const struct address *a, const void *ip, char *buf,
		      size_t size)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(a->any.sa_family, ip, text, sizeof(text));
	snprintf(buf, size, "%s", text);
}

void address_format(const struct address *address, char *buf, size_t size)
{
	switch (address->any.sa_family) {
	case AF_INET:
		format_ip(address, &address->in.sin_addr, buf, size);
		break;
	case AF_INET6:
		format_ip(address, &address->in6.sin6_addr, buf, size);
		break;
	case AF_UNIX:
		snprintf(buf, size, "unix:%s", address->un.sun_path);
		break;
	case AF_VSOCK:
		snprintf(buf, size, "vsock:%u", address->vm.svm_cid);
		break;
	default:
		snprintf(buf, size, "no address");
	}
}

void address_set_port(struct address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET)
		address->in.sin_port = htons(port);
	else if (address->any.sa_family == AF_INET6)
		address->in6.sin6_port = htons(port);
	else if (address->any.sa_family == AF_VSOCK)
		address->vm.svm_port = port;
}

uint16_t address_get_port(const struct address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohs(address->in.sin_port);
	if (address->any.sa_family == AF_INET6)
		return ntohs(address->in6.sin6_port);
	if (address->any.sa_family == AF_VSOCK)
		return (uint16_t)address->vm.svm_port;
	return 0;
}

struct address address_of_ipv4(uint32_t ipv4)
{
	struct address a = { .len = sizeof(a.in) };

	a.in.sin_family = AF_INET;
	a.in.sin_addr.s_addr = htonl(ipv4);
	return a;
}

bool address_is_loopback(const struct address *address)
{
	switch (address->any.sa_family) {
	case AF_INET:
		return ntohl(address->in.sin_addr.s_addr) >> IN_CLASSA_NSHIFT ==
		       IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
	case AF_UNIX:
		return true;
	default:
		return false;
	}
}
