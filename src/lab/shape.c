/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cable's rate: a token bucket (tc-tbf(8)) at each of its two plugs. */
#include "lab/links.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/clock.h"

/*
 * What a frame takes on an Ethernet wire beside the bytes that the kernel
 * counts (which include the 14 of the header): FCS 4, preamble and start 8,
 * gap 12 (IEEE 802.3, 3.2 and 4.4.2). A full frame of MTU m carries m - 52
 * bytes of TCP payload (20 IP, 20 TCP, 12 time stamps), so that goodput is
 * rate * (m - 52) / (m + 38).
 */
#define WIRE_OVERHEAD_BYTES 24

#define TAG_BYTES 4 /* IEEE 802.1Q */

#define FRAME_MIN_BYTES (64 + 20) /* on the wire, FCS and preamble in */

/*
 * The bucket: what the wire carries while the kernel's timer is late. A
 * smaller one loses throughput on a busy machine; a larger one lets through
 * more at line speed after each pause.
 */
#define BURST_NS (500 * NS_PER_US)

/*
 * A second bucket that holds one frame and refills at once. It never holds a
 * frame back; it is there because tbf cuts a packet that exceeds the smaller
 * bucket into its frames before it counts them. Otherwise up to 64 KiB would
 * pass as one (TCP's own packets are of that size before a qdisc even with
 * offload off), its wire overhead counted once: 1.6 % too fast at MTU 1500,
 * 4.7 % at MTU 500, and only on paths where such packets get that far.
 */
#define PEAK_BYTES_PER_S UINT64_C(1000000000000)

/*
 * The queue before the wire: 1000 full frames of MTU 1500, as Linux's
 * txqueuelen for an Ethernet interface; in bytes, so that it holds as long at
 * every MTU. A sender's socket buffer fills before it does at all socket
 * sizes of the 2007 study (262144 at most).
 */
#define QUEUE_BYTES (1000 * 1514)

/* tbf drops a frame that does not fit the bucket: at least two do. */
static uint32_t choose_burst(int64_t bps, uint32_t frame)
{
	int64_t burst = bps / 8 * BURST_NS / NS_PER_S;

	return burst > 2 * frame ? (uint32_t)burst : 2 * frame;
}

static struct tc_ratespec make_rate(uint64_t bytes_per_s, bool tagged)
{
	return (struct tc_ratespec){
		.linklayer = TC_LINKLAYER_ETHERNET,
		.overhead = WIRE_OVERHEAD_BYTES + (tagged ? TAG_BYTES : 0),
		.mpu = FRAME_MIN_BYTES,
		.rate = bytes_per_s < UINT32_MAX ? (uint32_t)bytes_per_s
						 : UINT32_MAX,
	};
}

static int put_tbf(struct nl_msg *msg, const struct link_shape *shape)
{
	uint64_t rate = (uint64_t)shape->bps / 8;
	uint32_t frame = (uint32_t)shape->mtu + ETH_HLEN +
			 (shape->tagged ? TAG_BYTES : 0);
	struct tc_tbf_qopt qopt = {
		.rate = make_rate(rate, shape->tagged),
		.peakrate = make_rate(PEAK_BYTES_PER_S, shape->tagged),
		.limit = QUEUE_BYTES,
	};
	struct nlattr *options;

	if (nla_put_string(msg, TCA_KIND, "tbf"))
		return -NLE_NOMEM;
	options = nla_nest_start(msg, TCA_OPTIONS);
	if (!options || nla_put(msg, TCA_TBF_PARMS, sizeof(qopt), &qopt) ||
	    nla_put_u32(msg, TCA_TBF_BURST, choose_burst(shape->bps, frame)) ||
	    nla_put_u32(msg, TCA_TBF_PBURST, frame) ||
	    nla_put_u64(msg, TCA_TBF_PRATE64, PEAK_BYTES_PER_S) ||
	    (rate >= UINT32_MAX && nla_put_u64(msg, TCA_TBF_RATE64, rate)))
		return -NLE_NOMEM;
	nla_nest_end(msg, options);
	return 0;
}

static int get_ifindex(const struct lab_netns *netns, const char *ifname,
		       int *ifindex, struct err *err)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(netns_ioctl_fd(netns), SIOCGIFINDEX, &ifr) < 0)
		return err_sys(err, errno, "node %s: %s", netns_name(netns),
			       ifname);
	*ifindex = ifr.ifr_ifindex;
	return 0;
}

int link_set_rate(struct lab_netns *netns, const char *ifname,
		  const struct link_shape *shape, struct err *err)
{
	struct tcmsg tc = { .tcm_family = AF_UNSPEC, .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg;
	int rc;

	rc = get_ifindex(netns, ifname, &tc.tcm_ifindex, err);
	if (rc)
		return rc;
	msg = nlmsg_alloc_simple(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
	if (!msg)
		return err_sys(err, ENOMEM, "%s", ifname);
	rc = nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO);
	if (!rc)
		rc = put_tbf(msg, shape);
	if (rc)
		nlmsg_free(msg);
	else /* frees it */
		rc = nl_send_sync(netns_netlink(netns), msg);
	return rc ? link_err(err, netns, ifname, rc,
			     "shaping it by tbf (CONFIG_NET_SCH_TBF)")
		  : 0;
}

/*
 * Reading back: the kernel tells all qdiscs, the interface's root is picked.
 */

struct root_query {
	int ifindex;
	struct link_qdisc *qdisc;
};

static void read_tbf(struct nlattr *options, struct link_qdisc *qdisc)
{
	struct nlattr *attr[TCA_TBF_MAX + 1];
	struct tc_tbf_qopt qopt;
	uint64_t rate;

	if (nla_parse_nested(attr, TCA_TBF_MAX, options, NULL) ||
	    !attr[TCA_TBF_PARMS])
		return;
	nla_memcpy(&qopt, attr[TCA_TBF_PARMS], sizeof(qopt));
	rate = qopt.rate.rate;
	if (attr[TCA_TBF_RATE64])
		rate = nla_get_u64(attr[TCA_TBF_RATE64]);
	qdisc->rate_bps = (int64_t)rate * 8;
}

static int take_root(struct nl_msg *msg, void *arg)
{
	const struct root_query *query = arg;
	const struct tcmsg *tc = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attr[TCA_MAX + 1];

	if (tc->tcm_ifindex != query->ifindex || tc->tcm_parent != TC_H_ROOT ||
	    nlmsg_parse(nlmsg_hdr(msg), sizeof(*tc), attr, TCA_MAX, NULL) ||
	    !attr[TCA_KIND])
		return NL_OK;
	nla_strlcpy(query->qdisc->kind, attr[TCA_KIND],
		    sizeof(query->qdisc->kind));
	if (strcmp(query->qdisc->kind, "tbf") == 0 && attr[TCA_OPTIONS])
		read_tbf(attr[TCA_OPTIONS], query->qdisc);
	return NL_OK;
}

static int dump_qdiscs(struct nl_sock *nl, struct root_query *query)
{
	struct tcmsg tc = { .tcm_family = AF_UNSPEC,
			    .tcm_ifindex = query->ifindex };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int rc;

	if (!cb)
		return -NLE_NOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, take_root, query);
	rc = nl_send_simple(nl, RTM_GETQDISC, NLM_F_DUMP, &tc, sizeof(tc));
	if (rc >= 0)
		rc = nl_recvmsgs(nl, cb);
	nl_cb_put(cb);
	return rc < 0 ? rc : 0;
}

int link_get_qdisc(struct lab_netns *netns, const char *ifname,
		   struct link_qdisc *qdisc, struct err *err)
{
	struct root_query query = { .qdisc = qdisc };
	int rc = get_ifindex(netns, ifname, &query.ifindex, err);

	if (rc)
		return rc;
	memset(qdisc, 0, sizeof(*qdisc));
	strcpy(qdisc->kind, "noqueue");
	rc = dump_qdiscs(netns_netlink(netns), &query);
	return rc ? link_err(err, netns, ifname, rc, "reading its qdisc") : 0;
}
