/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/nic_inside.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "base/log.h"

#define MESSAGE_MAX 8192 /* bytes; the kernel's own are below a page */

int nic_open(struct nl_sock **nl, struct err *err)
{
	int rc;

	*nl = nl_socket_alloc();
	if (!*nl)
		return err_sys(err, ENOMEM, "netlink socket");
	rc = nl_connect(*nl, NETLINK_ROUTE);
	if (!rc)
		return 0;
	nl_socket_free(*nl);
	*nl = NULL;
	return err_set(err, EIO, "netlink socket: %s", nl_geterror(rc));
}

struct visit {
	nic_visit *visit;
	void *arg;
};

static int on_message(struct nl_msg *message, void *arg)
{
	const struct visit *v = arg;

	v->visit(nlmsg_hdr(message), v->arg);
	return NL_OK;
}

/* The kernel takes this much of a request for each type; zeros mean "all". */
static size_t request_size(int type)
{
	switch (type) {
	case RTM_GETLINK:
		return sizeof(struct ifinfomsg);
	case RTM_GETADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_GETROUTE:
		return sizeof(struct rtmsg);
	case RTM_GETNEIGH:
		return sizeof(struct ndmsg);
	default:
		return sizeof(struct tcmsg);
	}
}

int nic_dump(struct nl_sock *nl, int type, int family, nic_visit *visit,
	     void *arg)
{
	unsigned char request[64] = { (unsigned char)family };
	struct visit v = { visit, arg };
	int rc;

	nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_CUSTOM, on_message, &v);
	rc = nl_send_simple(nl, type, NLM_F_DUMP, request, request_size(type));
	if (rc >= 0)
		rc = nl_recvmsgs_default(nl);
	nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return rc < 0 ? rc : 0;
}

const struct nlattr *nic_attr(const struct nlmsghdr *message, size_t fixed,
			      int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)message, (int)fixed, type);
}

json_t *nic_pack(const struct nlmsghdr *message)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = nlmsg_data(message);
	int n = nlmsg_datalen(message);
	char *text = calloc(1, 2 * (size_t)n + 1);
	json_t *packed;

	for (int i = 0; text && i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	packed = json_string(text);
	free(text);
	return packed;
}

static int unpack(const json_t *packed, unsigned char *bytes, size_t size)
{
	const char *text = json_string_value(packed);
	size_t n = text ? strlen(text) / 2 : 0;

	if (n == 0 || n > size)
		return -NLE_INVAL;
	for (size_t i = 0; i < n; i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };

		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return (int)n;
}

/* It may have another number than when the message was kept. */
static void renumber(int type, unsigned char *bytes, int n, int ifindex)
{
	struct nlattr *out;

	if (type == RTM_NEWADDR && n >= (int)sizeof(struct ifaddrmsg))
		((struct ifaddrmsg *)bytes)->ifa_index = (uint32_t)ifindex;
	if (type == RTM_NEWNEIGH && n >= (int)sizeof(struct ndmsg))
		((struct ndmsg *)bytes)->ndm_ifindex = ifindex;
	if (type == RTM_NEWQDISC && n >= (int)sizeof(struct tcmsg))
		((struct tcmsg *)bytes)->tcm_ifindex = ifindex;
	if (type != RTM_NEWROUTE || n < (int)sizeof(struct rtmsg))
		return;
	out = nla_find((struct nlattr *)(bytes + sizeof(struct rtmsg)),
		       n - (int)sizeof(struct rtmsg), RTA_OIF);
	if (out)
		memcpy(nla_data(out), &ifindex, sizeof(ifindex));
}

/* Seconds until `life` ends, some having passed; 0: it has ended. */
static uint32_t shorten(uint32_t life, uint32_t age_s)
{
	if (life == UINT32_MAX)
		return life;
	return life > age_s ? life - age_s : 0;
}

/* False: it is over. */
static bool grow_older(unsigned char *bytes, int n, uint32_t age_s)
{
	struct nlattr *attr;
	struct ifa_cacheinfo life;

	if (n < (int)sizeof(struct ifaddrmsg))
		return true;
	attr = nla_find((struct nlattr *)(bytes + sizeof(struct ifaddrmsg)),
			n - (int)sizeof(struct ifaddrmsg), IFA_CACHEINFO);
	if (!attr || nla_len(attr) < (int)sizeof(life))
		return true;
	memcpy(&life, nla_data(attr), sizeof(life));
	life.ifa_valid = shorten(life.ifa_valid, age_s);
	life.ifa_prefered = shorten(life.ifa_prefered, age_s);
	memcpy(nla_data(attr), &life, sizeof(life));
	return life.ifa_valid > 0;
}

/* A route beside others to the same place; the rest in place of what is. */
static int send_flags(int type)
{
	return NLM_F_CREATE |
	       (type == RTM_NEWROUTE ? NLM_F_APPEND : NLM_F_REPLACE);
}

int nic_send(const struct nic_target *target, int type, const json_t *packed)
{
	_Alignas(8) unsigned char bytes[MESSAGE_MAX];
	int n = unpack(packed, bytes, sizeof(bytes));
	struct nl_msg *message;
	int rc;

	if (n < 0)
		return n;
	if (type == RTM_NEWADDR && !grow_older(bytes, n, target->age_s))
		return 0;
	renumber(type, bytes, n, target->ifindex);
	message = nlmsg_alloc_size(sizeof(bytes) + 64);
	if (!message ||
	    !nlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0,
		       send_flags(type)) ||
	    nlmsg_append(message, bytes, (size_t)n, NLMSG_ALIGNTO)) {
		nlmsg_free(message);
		return -NLE_NOMEM;
	}
	rc = nl_send_sync(target->nl, message); /* frees it */
	return rc == -NLE_EXIST ? 0 : rc;
}

bool nic_address_is_of(const struct nlmsghdr *message, int ifindex)
{
	const struct ifaddrmsg *head = nlmsg_data(message);

	return (int)head->ifa_index == ifindex;
}

static bool hops_have(const struct nlattr *hops, int ifindex)
{
	const struct rtnexthop *hop = nla_data(hops);
	int rest = nla_len(hops);

	while (RTNH_OK(hop, rest)) {
		if (hop->rtnh_ifindex == ifindex)
			return true;
		rest -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return false;
}

bool nic_route_is_of(const struct nlmsghdr *message, int ifindex)
{
	const struct nlattr *out =
		nic_attr(message, sizeof(struct rtmsg), RTA_OIF);
	const struct nlattr *hops =
		nic_attr(message, sizeof(struct rtmsg), RTA_MULTIPATH);

	if (out && (int)nla_get_u32(out) == ifindex)
		return true;
	return hops && hops_have(hops, ifindex);
}

int nic_move(struct nl_sock *nl, const struct nic_move *move)
{
	struct ifinfomsg info = { .ifi_index = move->ifindex };
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	if (!message || nlmsg_append(message, &info, sizeof(info), 0) ||
	    nla_put_u32(message, IFLA_NET_NS_FD, (uint32_t)move->netns_fd) ||
	    nla_put_string(message, IFLA_IFNAME, move->ifname) ||
	    (move->new_ifindex &&
	     nla_put_s32(message, IFLA_NEW_IFINDEX, move->new_ifindex))) {
		nlmsg_free(message);
		return -NLE_NOMEM;
	}
	return nl_send_sync(nl, message);
}

struct sought {
	const char *ifname;
	int ifindex;
};

static void look(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	const struct nlattr *name =
		nic_attr(message, sizeof(*info), IFLA_IFNAME);
	struct sought *sought = arg;

	if (name && strcmp(nla_get_string(name), sought->ifname) == 0)
		sought->ifindex = info->ifi_index;
}

int nic_find(struct nl_sock *nl, const char *ifname)
{
	struct sought sought = { ifname, 0 };
	int rc = nic_dump(nl, RTM_GETLINK, AF_UNSPEC, look, &sought);

	if (rc)
		log_debug("looking for %s: %s", ifname, nl_geterror(rc));
	return sought.ifindex;
}
