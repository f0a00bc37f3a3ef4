/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kinds of links and qdiscs, TAP, nftables, congestion controls: each is made
 * in the cage's own network namespace, which takes it away.
 */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/qdisc/tbf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARENT "parent"

static struct nl_sock *connect_to(int protocol, struct finding *finding)
{
	struct nl_sock *sk = nl_socket_alloc();
	int rc = sk ? nl_connect(sk, protocol) : -NLE_NOMEM;

	if (rc == 0)
		return sk;
	finding_set(finding, FINDING_MISSING, "netlink: %s", nl_geterror(rc));
	nl_socket_free(sk);
	return NULL;
}

/* The kernel's answer in words that say what it means here. */
static void say_refused(struct finding *finding, const char *kind, int rc)
{
	if (rc == -NLE_OPNOTSUPP || rc == -NLE_OBJ_NOTFOUND)
		finding_set(finding, FINDING_MISSING, "this kernel has no %s",
			    kind);
	else
		finding_set(finding, FINDING_MISSING, "%s: %s", kind,
			    nl_geterror(rc));
}

/* A link of the kind; `on`: the index of what it stands on, or 0. */
static int add_link(struct nl_sock *sk, const char *kind, const char *ifname,
		    int on)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int rc = link ? rtnl_link_set_type(link, kind) : -NLE_NOMEM;

	if (rc == 0) {
		rtnl_link_set_name(link, ifname);
		if (on)
			rtnl_link_set_link(link, on);
		if (strcmp(kind, "vlan") == 0)
			rtnl_link_vlan_set_id(link, 42);
		rc = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
	}
	rtnl_link_put(link);
	return rc;
}

static bool stands_on_another(const char *kind)
{
	return strcmp(kind, "vlan") == 0 || strcmp(kind, "macvlan") == 0 ||
	       strcmp(kind, "ipvlan") == 0;
}

void probe_link(const char *argument, struct finding *finding)
{
	struct nl_sock *sk = connect_to(NETLINK_ROUTE, finding);
	int on = 0, rc = 0;

	if (!sk)
		return;
	if (stands_on_another(argument)) {
		rc = add_link(sk, "veth", PARENT, 0);
		on = (int)if_nametoindex(PARENT);
	}
	if (rc == 0)
		rc = add_link(sk, argument, "tried", on);
	if (rc)
		say_refused(finding, argument, rc);
	nl_socket_free(sk);
}

/* What the kinds that do not take defaults want to hear. */
static void set_options(struct rtnl_qdisc *qdisc, const char *kind)
{
	if (strcmp(kind, "netem") == 0)
		rtnl_netem_set_limit(qdisc, 1000);
	if (strcmp(kind, "tbf") == 0) {
		rtnl_qdisc_tbf_set_limit(qdisc, 100000);
		rtnl_qdisc_tbf_set_rate(qdisc, 1000000, 10000, 0);
	}
}

static int add_qdisc(struct nl_sock *sk, const char *kind, int ifindex)
{
	struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
	int rc;

	if (!qdisc)
		return -NLE_NOMEM;
	rtnl_tc_set_ifindex(TC_CAST(qdisc), ifindex);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
	rc = rtnl_tc_set_kind(TC_CAST(qdisc), kind);
	if (rc == 0) {
		set_options(qdisc, kind);
		rc = rtnl_qdisc_add(sk, qdisc, NLM_F_CREATE | NLM_F_EXCL);
	}
	rtnl_qdisc_put(qdisc);
	return rc;
}

void probe_qdisc(const char *argument, struct finding *finding)
{
	struct nl_sock *sk = connect_to(NETLINK_ROUTE, finding);
	int rc;

	if (!sk)
		return;
	rc = add_link(sk, "veth", PARENT, 0);
	if (rc == 0)
		rc = add_qdisc(sk, argument, (int)if_nametoindex(PARENT));
	if (rc)
		say_refused(finding, argument, rc);
	nl_socket_free(sk);
}

void probe_tap(const char *argument, struct finding *finding)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	(void)argument;
	if (fd < 0) {
		finding_set(finding, FINDING_MISSING, "/dev/net/tun: %s",
			    strerror(errno));
		return;
	}
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		finding_set(finding, FINDING_MISSING, "TUNSETIFF: %s",
			    strerror(errno));
	close(fd);
}

/* Asks for the rule set's generation: the least that nf_tables answers. */
void probe_nftables(const char *argument, struct finding *finding)
{
	struct nl_sock *sk = connect_to(NETLINK_NETFILTER, finding);
	struct nfgenmsg ask = { .nfgen_family = AF_UNSPEC,
				.version = NFNETLINK_V0 };
	int rc;

	(void)argument;
	if (!sk)
		return;
	rc = nl_send_simple(sk, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0,
			    &ask, sizeof(ask));
	if (rc >= 0)
		rc = nl_recvmsgs_default(sk);
	if (rc < 0)
		say_refused(finding, "nf_tables", rc);
	nl_socket_free(sk);
}

/* The study takes the first of cubic and reno that every node has. */
void probe_congestion(const char *argument, struct finding *finding)
{
	static const char *const wanted[] = { "cubic", "reno", NULL };
	char refused[96] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argument;
	for (int i = 0; wanted[i]; i++) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, wanted[i],
			       (socklen_t)strlen(wanted[i])) == 0) {
			finding_set(finding, FINDING_OK, "%s%s", wanted[i],
				    refused);
			close(fd);
			return;
		}
		snprintf(refused, sizeof(refused), " (%s: %s)", wanted[i],
			 strerror(errno));
	}
	finding_set(finding, FINDING_WARNING,
		    "neither cubic nor reno in a namespace%s", refused);
	close(fd);
}
