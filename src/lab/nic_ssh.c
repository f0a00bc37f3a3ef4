/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/nic_ssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "lab/nic_inside.h"

#define ENVIRON_MAX (256 * 1024)
#define VARIABLE    "SSH_CONNECTION="
#define SSH_PORT    22
#define ESTABLISHED 1 /* in /proc/net/tcp */
#define ANCESTORS   64

struct asked {
	struct nl_sock *nl;
	const char *nic;
	int ifindex;
	int out; /* of the route that was found */
};

/*
 * The way to an address.
 */

struct address {
	int family;
	unsigned char bytes[16];
};

static size_t address_size(const struct address *a)
{
	return a->family == AF_INET ? 4 : 16;
}

static void note_way(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *out =
		nic_attr(message, sizeof(struct rtmsg), RTA_OIF);

	if (out)
		*(int *)arg = (int)nla_get_u32(out);
}

static int on_way(struct nl_msg *message, void *arg)
{
	note_way(nlmsg_hdr(message), arg);
	return NL_OK;
}

/* The number of the interface that the kernel would send by; 0: none. */
static int find_way(struct nl_sock *nl, const struct address *to)
{
	struct rtmsg head = {
		.rtm_family = (unsigned char)to->family,
		.rtm_dst_len = (unsigned char)(8 * address_size(to)),
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int out = 0;

	if (!message || nlmsg_append(message, &head, sizeof(head), 0) ||
	    nla_put(message, RTA_DST, (int)address_size(to), to->bytes)) {
		nlmsg_free(message);
		return 0;
	}
	nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_CUSTOM, on_way, &out);
	nl_socket_disable_auto_ack(nl);
	if (nl_send_auto(nl, message) >= 0)
		nl_recvmsgs_default(nl);
	nl_socket_enable_auto_ack(nl);
	nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	nlmsg_free(message);
	return out;
}

static void unmap(struct address *a)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family != AF_INET6 || memcmp(a->bytes, prefix, 12) != 0)
		return;
	a->family = AF_INET;
	memmove(a->bytes, a->bytes + 12, 4);
}

static int judge(struct asked *asked, struct address *client, struct err *err)
{
	char text[INET6_ADDRSTRLEN] = "";

	unmap(client);
	if (find_way(asked->nl, client) != asked->ifindex)
		return 0;
	inet_ntop(client->family, client->bytes, text, sizeof(text));
	return err_set(err, EBUSY,
		       "%s carries an ssh session, from %s: name another",
		       asked->nic, text);
}

/*
 * Who they are.
 */

/* "fe80::1%eth0" has the interface in it. */
static int judge_text(struct asked *asked, char *client, struct err *err)
{
	char *zone = strchr(client, '%');
	struct address a = { .family = AF_INET };

	if (zone && strcmp(zone + 1, asked->nic) == 0)
		return err_set(err, EBUSY,
			       "%s carries an ssh session, from %s: name "
			       "another",
			       asked->nic, client);
	if (zone)
		return 0;
	if (strchr(client, ':'))
		a.family = AF_INET6;
	if (inet_pton(a.family, client, a.bytes) != 1)
		return 0;
	return judge(asked, &a, err);
}

static size_t read_environ(pid_t pid, char *text)
{
	char file[64];
	size_t n;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/environ", (int)pid);
	f = fopen(file, "re");
	if (!f)
		return 0;
	n = fread(text, 1, ENVIRON_MAX, f);
	fclose(f);
	text[n] = '\0';
	return n;
}

/* Its variable says: the client's address, its port, ours, our port. */
static int judge_process(struct asked *asked, pid_t pid, char *text,
			 struct err *err)
{
	size_t n = read_environ(pid, text);

	for (char *one = text; one < text + n; one += strlen(one) + 1) {
		char client[64];

		if (strncmp(one, VARIABLE, strlen(VARIABLE)) != 0 ||
		    sscanf(one + strlen(VARIABLE), "%63s", client) != 1)
			continue;
		return judge_text(asked, client, err);
	}
	return 0;
}

static pid_t read_parent(pid_t pid)
{
	char file[64];
	int parent = 0;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/stat", (int)pid);
	f = fopen(file, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return (pid_t)parent;
}

static int judge_ancestors(struct asked *asked, struct err *err)
{
	char *text = malloc(ENVIRON_MAX + 1);
	pid_t pid = getpid();
	int rc = 0;

	if (!text)
		return err_sys(err, ENOMEM, "%s", asked->nic);
	for (int i = 0; !rc && pid > 0 && i < ANCESTORS; i++) {
		rc = judge_process(asked, pid, text, err);
		pid = read_parent(pid);
	}
	free(text);
	return rc;
}

/* Words of 32 bits in the machine's order, as the kernel prints them. */
static bool read_hex(const char *text, struct address *a)
{
	size_t words = strlen(text) / 8;

	if (words != 1 && words != 4)
		return false;
	a->family = words == 1 ? AF_INET : AF_INET6;
	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		if (sscanf(text + 8 * i, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(a->bytes + 4 * i, &word, 4);
	}
	return true;
}

static int judge_connections(struct asked *asked, const char *file,
			     struct err *err)
{
	FILE *f = fopen(file, "re");
	char line[512];
	int rc = 0;

	while (f && !rc && fgets(line, sizeof(line), f)) {
		struct address client;
		char remote[40];
		unsigned int port, state;

		if (sscanf(line, "%*s %*[0-9A-F]:%X %39[0-9A-F]:%*X %X", &port,
			   remote, &state) == 3 &&
		    port == SSH_PORT && state == ESTABLISHED &&
		    read_hex(remote, &client))
			rc = judge(asked, &client, err);
	}
	if (f)
		fclose(f);
	return rc;
}

int nic_check_ssh(const char *nic, int ifindex, struct err *err)
{
	struct asked asked = { .nic = nic, .ifindex = ifindex };
	int rc = nic_open(&asked.nl, err);

	if (rc)
		return rc;
	rc = judge_ancestors(&asked, err);
	if (!rc)
		rc = judge_connections(&asked, "/proc/thread-self/net/tcp",
				       err);
	if (!rc)
		rc = judge_connections(&asked, "/proc/thread-self/net/tcp6",
				       err);
	nl_socket_free(asked.nl);
	return rc;
}
