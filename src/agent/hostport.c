/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/hostport.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int refuse(const char *text, struct err *err)
{
	return err_set(err, EINVAL,
		       "'%.80s' is not HOST[:PORT], such as m2, 192.0.2.1:7780 "
		       "or [2001:db8::1]:7780",
		       text);
}

static int copy(char *to, size_t size, const char *from, size_t length)
{
	if (length >= size)
		return -EINVAL;
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

/* Where the host's text begins and ends; `rest` is "" or ":PORT". */
static int split(const char *text, const char **host, size_t *length,
		 const char **rest)
{
	const char *colon = strchr(text, ':');
	const char *close;

	*host = text;
	if (*text == '[') {
		close = strchr(text, ']');
		if (!close || (close[1] && close[1] != ':'))
			return -EINVAL;
		*host = text + 1;
		*length = (size_t)(close - text - 1);
		*rest = close + 1;
		return 0;
	}
	/* several colons without brackets: an IPv6 address alone */
	if (!colon || strchr(colon + 1, ':'))
		colon = text + strlen(text);
	*length = (size_t)(colon - text);
	*rest = colon;
	return 0;
}

/* getaddrinfo(3) takes 99999 for 34463. */
static bool is_port(const char *text)
{
	return strspn(text, "0123456789") == strlen(text) &&
	       strlen(text) <= 5 && atoi(text) <= UINT16_MAX;
}

int hostport_parse(const char *text, const char *default_port,
		   struct hostport *hostport, struct err *err)
{
	const char *host, *rest;
	size_t length;

	if (split(text, &host, &length, &rest))
		return refuse(text, err);
	if (copy(hostport->host, sizeof(hostport->host), host, length))
		return refuse(text, err);
	if (*rest == '\0')
		rest = default_port;
	else if (*++rest == '\0')
		return refuse(text, err);
	if (copy(hostport->port, sizeof(hostport->port), rest, strlen(rest)) ||
	    !is_port(rest))
		return refuse(text, err);
	return 0;
}

int hostport_resolve(const struct hostport *hostport, int flags,
		     struct addrinfo **list, struct err *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = flags | AI_NUMERICSERV };
	const char *host = hostport->host[0] ? hostport->host : NULL;
	int rc = getaddrinfo(host, hostport->port, &hints, list);

	if (rc == 0)
		return 0;
	return err_set(err, rc == EAI_SYSTEM ? errno : EHOSTUNREACH,
		       "%.80s: %s", host ? host : hostport->port,
		       rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
}

void hostport_format(const struct sockaddr *address, socklen_t size, char *buf,
		     size_t buf_size)
{
	char host[64] = "?", port[16] = "?";

	getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(buf, buf_size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
		 port);
}
