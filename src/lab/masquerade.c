/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One rule of nftables, over nfnetlink, as nft(8) would write it:
 *
 *   table ip vazao {
 *     chain postrouting {
 *       type nat hook postrouting priority srcnat;
 *       ip saddr SUBNET oifname != INNER masquerade
 *     }
 *   }
 *
 * A transaction: batch begin, table, chain, rule, batch end. The kernel takes
 * all or nothing, and answers each message that fails.
 */
#include "lab/stacked.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#define TABLE "vazao"
#define CHAIN "postrouting"

/* nft(8)'s name for 100: after routing, before it leaves. */
#define PRIORITY_SRCNAT 100

#define BATCH_BYTES 4096

/* What the rule says, as its expressions want it. */
struct rule {
	struct in_addr subnet;
	unsigned prefix;
	char inner[IFNAMSIZ];
};

struct batch {
	char bytes[BATCH_BYTES];
	size_t used;
	int rc; /* the first failure, in libnl's codes */
};

/*
 * Messages.
 */

static struct nl_msg *begin(int type, int flags, uint8_t family, uint16_t res)
{
	const struct nfgenmsg head = { .nfgen_family = family,
				       .version = NFNETLINK_V0,
				       .res_id = htons(res) };
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (msg &&
	    nlmsg_append(msg, (void *)&head, sizeof(head), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

/* Takes the message over. */
static void add(struct batch *batch, struct nl_msg *msg)
{
	struct nlmsghdr *head = msg ? nlmsg_hdr(msg) : NULL;
	size_t size = head ? NLMSG_ALIGN(head->nlmsg_len) : 0;

	if (!head || batch->used + size > sizeof(batch->bytes)) {
		batch->rc = -NLE_NOMEM;
	} else {
		memcpy(batch->bytes + batch->used, head, head->nlmsg_len);
		batch->used += size;
	}
	nlmsg_free(msg);
}

static void add_edge(struct batch *batch, int type)
{
	add(batch, begin(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

static struct nl_msg *begin_nft(int type, int flags)
{
	return begin(NFNL_SUBSYS_NFTABLES << 8 | type, flags, NFPROTO_IPV4, 0);
}

static void put_be32(struct nl_msg *msg, int type, uint32_t value)
{
	nla_put_u32(msg, type, htonl(value));
}

static void add_table(struct batch *batch)
{
	struct nl_msg *msg = begin_nft(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	if (msg)
		nla_put_string(msg, NFTA_TABLE_NAME, TABLE);
	add(batch, msg);
}

static void add_chain(struct batch *batch)
{
	struct nl_msg *msg = begin_nft(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	if (msg) {
		nla_put_string(msg, NFTA_CHAIN_TABLE, TABLE);
		nla_put_string(msg, NFTA_CHAIN_NAME, CHAIN);
		nla_put_string(msg, NFTA_CHAIN_TYPE, "nat");
		hook = nla_nest_start(msg, NFTA_CHAIN_HOOK);
		put_be32(msg, NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
		put_be32(msg, NFTA_HOOK_PRIORITY, PRIORITY_SRCNAT);
		nla_nest_end(msg, hook);
	}
	add(batch, msg);
}

/*
 * Expressions: each has a name and its own attributes.
 */

struct expression {
	struct nlattr *element, *data;
};

static struct expression open_expression(struct nl_msg *msg, const char *name)
{
	struct expression e = { .element =
					nla_nest_start(msg, NFTA_LIST_ELEM) };

	nla_put_string(msg, NFTA_EXPR_NAME, name);
	e.data = nla_nest_start(msg, NFTA_EXPR_DATA);
	return e;
}

static void close_expression(struct nl_msg *msg, const struct expression *e)
{
	/* an expression without attributes still says that it has none */
	nla_nest_end_keep_empty(msg, e->data);
	nla_nest_end(msg, e->element);
}

static void put_compare(struct nl_msg *msg, enum nft_cmp_ops op,
			const void *value, size_t size)
{
	struct expression e = open_expression(msg, "cmp");
	struct nlattr *data;

	put_be32(msg, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(msg, NFTA_CMP_OP, op);
	data = nla_nest_start(msg, NFTA_CMP_DATA);
	nla_put(msg, NFTA_DATA_VALUE, (int)size, value);
	nla_nest_end(msg, data);
	close_expression(msg, &e);
}

/* ip saddr SUBNET, its prefix in whole bytes */
static void put_source(struct nl_msg *msg, const struct rule *rule)
{
	struct expression e = open_expression(msg, "payload");
	size_t bytes = rule->prefix / 8;

	put_be32(msg, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(msg, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_be32(msg, NFTA_PAYLOAD_OFFSET, offsetof(struct iphdr, saddr));
	put_be32(msg, NFTA_PAYLOAD_LEN, (uint32_t)bytes);
	close_expression(msg, &e);
	put_compare(msg, NFT_CMP_EQ, &rule->subnet, bytes);
}

/* oifname != INNER */
static void put_outer(struct nl_msg *msg, const struct rule *rule)
{
	struct expression e = open_expression(msg, "meta");

	put_be32(msg, NFTA_META_DREG, NFT_REG_1);
	put_be32(msg, NFTA_META_KEY, NFT_META_OIFNAME);
	close_expression(msg, &e);
	put_compare(msg, NFT_CMP_NEQ, rule->inner, sizeof(rule->inner));
}

static void put_masquerade(struct nl_msg *msg)
{
	struct expression e = open_expression(msg, "masq");

	close_expression(msg, &e);
}

static void add_rule(struct batch *batch, const struct rule *rule)
{
	struct nl_msg *msg = begin_nft(NFT_MSG_NEWRULE,
				       NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	struct nlattr *expressions;

	if (msg) {
		nla_put_string(msg, NFTA_RULE_TABLE, TABLE);
		nla_put_string(msg, NFTA_RULE_CHAIN, CHAIN);
		expressions = nla_nest_start(msg, NFTA_RULE_EXPRESSIONS);
		put_source(msg, rule);
		put_outer(msg, rule);
		put_masquerade(msg);
		nla_nest_end(msg, expressions);
	}
	add(batch, msg);
}

/*
 * The transaction.
 */

static int send_batch(struct nl_sock *nl, struct batch *batch)
{
	int rc = batch->rc;

	if (!rc)
		rc = nl_sendto(nl, batch->bytes, batch->used);
	return rc < 0 ? rc : nl_wait_for_ack(nl);
}

/* The socket belongs to the namespace that it is made in. */
static int connect_within(struct nl_sock *nl, const struct lab_netns *netns,
			  struct err *err)
{
	int former = netns_enter(netns, err);
	int rc;

	if (former < 0)
		return former;
	rc = nl_connect(nl, NETLINK_NETFILTER);
	netns_leave(former);
	nl_socket_disable_seq_check(nl);
	return rc ? err_set(err, EPROTONOSUPPORT,
			    "node %s: nfnetlink: %s (CONFIG_NETFILTER_NETLINK)",
			    netns_name(netns), nl_geterror(rc))
		  : 0;
}

static int parse_rule(struct rule *rule, const char *subnet, const char *inner,
		      struct err *err)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(subnet, '/');

	snprintf(rule->inner, sizeof(rule->inner), "%s", inner);
	snprintf(address, sizeof(address), "%.*s",
		 (int)(slash ? slash - subnet : 0), subnet);
	rule->prefix = slash ? (unsigned)atoi(slash + 1) : 0;
	if (inet_pton(AF_INET, address, &rule->subnet) == 1 &&
	    rule->prefix % 8 == 0 && rule->prefix >= 8 && rule->prefix <= 32)
		return 0;
	return err_set(err, EINVAL,
		       "'%s' is no subnet such as 10.78.1.0/24, of whole bytes",
		       subnet);
}

int netns_masquerade(struct lab_netns *netns, const char *subnet,
		     const char *inner, struct err *err)
{
	struct rule rule = { .prefix = 0 };
	struct batch batch = { .used = 0 };
	struct nl_sock *nl;
	int rc = parse_rule(&rule, subnet, inner, err);

	if (rc)
		return rc;
	nl = nl_socket_alloc();
	if (!nl)
		return err_sys(err, ENOMEM, "netlink socket");
	rc = connect_within(nl, netns, err);
	if (rc)
		goto out;
	add_edge(&batch, NFNL_MSG_BATCH_BEGIN);
	add_table(&batch);
	add_chain(&batch);
	add_rule(&batch, &rule);
	add_edge(&batch, NFNL_MSG_BATCH_END);
	rc = send_batch(nl, &batch);
	if (rc)
		rc = link_err(err, netns, subnet, rc,
			      "masquerading by nftables (CONFIG_NF_TABLES, "
			      "CONFIG_NF_NAT, CONFIG_NFT_MASQ)");
out:
	nl_socket_free(nl);
	return rc;
}
