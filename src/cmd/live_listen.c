/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/live_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "[::1]" and "127.0.0.1" without the port; the port's text, or NULL. */
static const char *split(const char *text, char *host, size_t size)
{
	const char *end = strrchr(text, ':');
	bool bracket = text[0] == '[';

	if (bracket) {
		end = strchr(text, ']');
		text++;
	}
	if (!end)
		end = text + strlen(text);
	snprintf(host, size, "%.*s", (int)(end - text), text);
	if (bracket && *end == ']')
		end++;
	return *end == ':' ? end + 1 : NULL;
}

static bool parse_ip(const char *host, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->any.sa_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
		a->any.sa_family = AF_INET6;
		return true;
	}
	return false;
}

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool live_host_is_ours(const char *host, bool open)
{
	union address a;
	char name[128];

	if (!host)
		return false;
	split(host, name, sizeof(name));
	if (strcasecmp(name, "localhost") == 0)
		return true;
	return parse_ip(name, &a) && (open || is_loopback(&a));
}

static int parse(const char *text, bool open, union address *a, struct err *err)
{
	char host[128];
	const char *port = split(text, host, sizeof(host));
	char *end = NULL;
	long number = port ? strtol(port, &end, 10) : -1;

	if (!port || !*port || *end || number < 0 || number > 65535)
		return err_set(err, EINVAL,
			       "--live '%s': ADDR:PORT is wanted, such as "
			       "127.0.0.1:2007 or [::1]:2007",
			       text);
	if (!parse_ip(*host ? host : "127.0.0.1", a))
		return err_set(err, EINVAL,
			       "--live '%s': '%s' is no address in numbers, "
			       "such as 127.0.0.1 or [::1]",
			       text, host);
	if (!open && !is_loopback(a))
		return err_set(err, EINVAL,
			       "--live %s: other machines could watch there; "
			       "if that is wanted, say --live-open, too",
			       text);
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons((uint16_t)number);
	else
		a->v4.sin_port = htons((uint16_t)number);
	return 0;
}

int live_check_address(const char *address, bool open, struct err *err)
{
	union address a;

	return *address ? parse(address, open, &a, err) : 0;
}

static socklen_t length_of(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static int listen_at(const union address *a)
{
	int fd = socket(a->any.sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a->any, length_of(a)) == 0 && listen(fd, 16) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static void format_url(int fd, char *url, size_t size)
{
	socklen_t length = sizeof(union address);
	char host[INET6_ADDRSTRLEN] = "?";
	union address a;

	memset(&a, 0, sizeof(a));
	getsockname(fd, &a.any, &length);
	if (a.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
		snprintf(url, size, "http://[%s]:%d/", host,
			 ntohs(a.v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
		snprintf(url, size, "http://%s:%d/", host,
			 ntohs(a.v4.sin_port));
	}
}

int live_listen(const char *address, const char *fallback, bool open, char *url,
		size_t size, struct err *err)
{
	const char *text = *address ? address : fallback;
	union address a;
	int rc = parse(text, open, &a, err);

	if (rc)
		return rc;
	rc = listen_at(&a);
	if (rc == -EADDRINUSE && !*address) {
		a.v4.sin_port = 0; /* the fallback is IPv4 */
		rc = listen_at(&a);
	}
	if (rc < 0)
		return err_sys(err, -rc, "--live %s", text);
	format_url(rc, url, size);
	return rc;
}
