/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May an interface of the host be taken, and given back as it is? */
#include "lab/nic.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "lab/nic_inside.h"
#include "lab/nic_ssh.h"

/* Younger than Debian 12's headers (Linux 6.15); before, nic_is_local(). */
#define ATTR_NETNS_IMMUTABLE 67

struct found {
	const char *nic;
	int ifindex, master;
	bool loopback, immutable, xdp;
	char names[160]; /* what there is instead */
	/* of the second look */
	char master_name[IFNAMSIZ], master_kind[16];
	char upper[IFNAMSIZ]; /* that stands on it */
};

static const char *link_name(const struct nlmsghdr *message)
{
	const struct nlattr *name =
		nic_attr(message, sizeof(struct ifinfomsg), IFLA_IFNAME);

	return name ? nla_get_string(name) : "";
}

static const struct nlattr *link_attr(const struct nlmsghdr *message, int type)
{
	return nic_attr(message, sizeof(struct ifinfomsg), type);
}

static bool has_xdp(const struct nlmsghdr *message)
{
	const struct nlattr *xdp = link_attr(message, IFLA_XDP);
	const struct nlattr *attached =
		xdp ? nla_find(nla_data(xdp), nla_len(xdp), IFLA_XDP_ATTACHED)
		    : NULL;

	return attached && nla_get_u8(attached) != XDP_ATTACHED_NONE;
}

static void look_at_link(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	const struct nlattr *master = link_attr(message, IFLA_MASTER);
	const struct nlattr *fixed = link_attr(message, ATTR_NETNS_IMMUTABLE);
	const char *name = link_name(message);
	struct found *found = arg;
	size_t used = strlen(found->names);

	if (!(info->ifi_flags & IFF_LOOPBACK))
		snprintf(found->names + used, sizeof(found->names) - used,
			 "%s%s", used ? ", " : "", name);
	if (strcmp(name, found->nic) != 0)
		return;
	found->ifindex = info->ifi_index;
	found->loopback = info->ifi_flags & IFF_LOOPBACK;
	found->master = master ? (int)nla_get_u32(master) : 0;
	found->immutable = fixed && nla_get_u8(fixed);
	found->xdp = has_xdp(message);
}

static void read_kind(const struct nlmsghdr *message, char kind[static 16])
{
	const struct nlattr *info = link_attr(message, IFLA_LINKINFO);
	const struct nlattr *name =
		info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND)
		     : NULL;

	snprintf(kind, 16, "%s", name ? nla_get_string(name) : "");
}

/* A veth's two ends name each other: neither stands on the other. */
static void look_around(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	const struct nlattr *lower = link_attr(message, IFLA_LINK);
	struct found *found = arg;
	char kind[16];

	read_kind(message, kind);
	if (info->ifi_index == found->master) {
		snprintf(found->master_name, IFNAMSIZ, "%s",
			 link_name(message));
		memcpy(found->master_kind, kind, sizeof(kind));
	}
	if (lower && (int)nla_get_u32(lower) == found->ifindex &&
	    !link_attr(message, IFLA_LINK_NETNSID) &&
	    info->ifi_index != found->ifindex && strcmp(kind, "veth") != 0)
		snprintf(found->upper, IFNAMSIZ, "%s", link_name(message));
}

static int judge_link(const struct found *found, struct err *err)
{
	const char *nic = found->nic;

	if (!found->ifindex)
		return err_set(err, ENODEV,
			       "no interface '%s' here; there are: %s", nic,
			       *found->names ? found->names : "none");
	if (found->loopback || found->immutable || nic_is_local(nic))
		return err_set(err, EOPNOTSUPP,
			       "%s cannot leave its network namespace "
			       "(its driver says so)",
			       nic);
	if (found->master)
		return err_set(err, EBUSY,
			       "%s is a part of %s %s: take it out of there "
			       "first, or name another",
			       nic, found->master_kind, found->master_name);
	if (*found->upper)
		return err_set(err, EBUSY,
			       "%s stands on %s, and would be lost: remove it "
			       "first, or name another",
			       found->upper, nic);
	if (found->xdp)
		return err_set(err, EBUSY,
			       "%s has an XDP program, which could not be "
			       "given back: detach it first",
			       nic);
	return 0;
}

/*
 * Routes.
 */

struct ways {
	int ifindex;
	bool is_default, is_shared;
};

static void look_at_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *head = nlmsg_data(message);
	struct ways *ways = arg;

	if (!nic_route_is_of(message, ways->ifindex))
		return;
	if (head->rtm_dst_len == 0 && head->rtm_type == RTN_UNICAST)
		ways->is_default = true;
	if (nic_attr(message, sizeof(*head), RTA_MULTIPATH) ||
	    nic_attr(message, sizeof(*head), RTA_NH_ID))
		ways->is_shared = true;
}

static int judge_routes(struct nl_sock *nl, const struct found *found,
			struct err *err)
{
	struct ways ways = { .ifindex = found->ifindex };
	int rc = nic_dump(nl, RTM_GETROUTE, AF_INET, look_at_route, &ways);

	if (!rc)
		rc = nic_dump(nl, RTM_GETROUTE, AF_INET6, look_at_route, &ways);
	if (rc)
		return err_set(err, EIO, "%s: reading routes: %s", found->nic,
			       nl_geterror(rc));
	if (ways.is_default)
		return err_set(err, EBUSY,
			       "%s carries this machine's default route: name "
			       "another",
			       found->nic);
	if (ways.is_shared)
		return err_set(err, EBUSY,
			       "%s is one of several ways of a route, which "
			       "could not be given back: remove that route "
			       "first, or name another",
			       found->nic);
	return nic_check_ssh(found->nic, found->ifindex, err);
}

/*
 * Queueing disciplines: those without classes can be given back.
 */

static bool can_return_qdisc(const char *kind)
{
	static const char *const known[] = {
		"noqueue", "pfifo_fast", "pfifo", "bfifo", "fq",  "fq_codel",
		"codel",   "sfq",	 "tbf",	  "cake",  "pie", "mq",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(kind, known[i]) == 0)
			return true;
	return strcmp(kind, "noop") == 0; /* it is down */
}

struct queues {
	int ifindex;
	char refused[32];
};

static void look_at_qdisc(const struct nlmsghdr *message, void *arg)
{
	const struct tcmsg *head = nlmsg_data(message);
	const struct nlattr *kind = nic_attr(message, sizeof(*head), TCA_KIND);
	struct queues *queues = arg;

	if (head->tcm_ifindex == queues->ifindex && kind &&
	    !can_return_qdisc(nla_get_string(kind)))
		snprintf(queues->refused, sizeof(queues->refused), "%s",
			 nla_get_string(kind));
}

static int judge_qdiscs(struct nl_sock *nl, const struct found *found,
			struct err *err)
{
	struct queues queues = { .ifindex = found->ifindex };
	int rc = nic_dump(nl, RTM_GETQDISC, AF_UNSPEC, look_at_qdisc, &queues);

	if (rc)
		return err_set(err, EIO, "%s: reading queueing disciplines: %s",
			       found->nic, nl_geterror(rc));
	if (!*queues.refused)
		return 0;
	return err_set(err, EBUSY,
		       "%s has the queueing discipline %s, whose classes or "
		       "filters could not be given back: remove it first (tc "
		       "qdisc del)",
		       found->nic, queues.refused);
}

/*
 * All of it.
 */

static int check_rights(const char *nic, struct err *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { 0 } };
	unsigned int wanted =
		CAP_TO_MASK(CAP_NET_ADMIN) | CAP_TO_MASK(CAP_SYS_ADMIN);

	if (syscall(SYS_capget, &header, data) == 0 &&
	    (data[0].effective & wanted) == wanted)
		return 0;
	return err_set(err, EPERM,
		       "%s: taking an interface of the host needs root", nic);
}

int nic_check_one(const char *nic, struct err *err)
{
	struct found found = { .nic = nic };
	struct nl_sock *nl;
	int rc = check_rights(nic, err);

	if (!rc)
		rc = nic_open(&nl, err);
	if (rc)
		return rc;
	rc = nic_dump(nl, RTM_GETLINK, AF_UNSPEC, look_at_link, &found);
	if (!rc)
		rc = nic_dump(nl, RTM_GETLINK, AF_UNSPEC, look_around, &found);
	if (rc)
		rc = err_set(err, EIO, "%s: %s", nic, nl_geterror(rc));
	if (!rc)
		rc = judge_link(&found, err);
	if (!rc)
		rc = judge_routes(nl, &found, err);
	if (!rc)
		rc = judge_qdiscs(nl, &found, err);
	nl_socket_free(nl);
	return rc;
}

int nic_check(const struct nic_cable *cable, int cables, struct err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < cables; i++) {
		rc = nic_check_one(cable[i].near, err);
		if (!rc)
			rc = nic_check_one(cable[i].far, err);
	}
	return rc ? err_wrap(err, "link.nics") : 0;
}
