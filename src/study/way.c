/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/way.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/netdev.h"

#define CALL_NS (10 * NS_PER_S)

/* One family's part of a way. */
struct half {
	bool ipv6;
	const char *wish; /* "auto" or M2's address */
	char m1_ifname[16], m1_address[64];
	char m2_ifname[16], m2_address[64];
};

static const char *key_of(const struct half *half)
{
	return half->ipv6 ? "address6" : "address";
}

static void copy_text(const json_t *json, const char *key, char *buf,
		      size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	snprintf(buf, size, "%s", text ? text : "");
}

static bool is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

static int ask(struct agent *agent, const struct half *half,
	       const char *address, json_t **reply, struct err *err)
{
	json_t *args = json_pack("{sb}", "ipv6", half->ipv6);

	if (address)
		json_object_set_new(args, "address", json_string(address));
	return agent_call(agent, "route_get", args, CALL_NS, reply, err);
}

/* The interface and own address by which a node reaches another. */
static int find_end(struct agent *agent, const struct half *half,
		    const char *to, char ifname[static 16],
		    char address[static 64], struct err *err)
{
	json_t *reply = NULL;
	int rc = ask(agent, half, to, &reply, err);

	if (rc)
		return rc;
	copy_text(reply, "ifname", ifname, 16);
	copy_text(reply, "address", address, 64);
	json_decref(reply);
	return 0;
}

static int read_address(struct agent *agent, const struct half *half,
			const char *key, char address[static 64],
			struct err *err)
{
	json_t *reply = NULL;
	int rc = ask(agent, half, NULL, &reply, err);

	if (rc)
		return rc;
	copy_text(reply, key, address, 64);
	json_decref(reply);
	if (is_ipv6(address) != half->ipv6)
		address[0] = '\0';
	return 0;
}

static int refuse(const struct half *half, const char *why, struct err *err)
{
	return err_set(err, EADDRNOTAVAIL,
		       "%s: give the path %s: ADDR, M2's address as M1 reaches "
		       "it",
		       why, key_of(half));
}

/* Where M1's ssh comes from must be us: a jump host, or address translation,
 * would stand in its place. */
static int check_ours(const struct way_args *args, const struct half *half,
		      struct err *err)
{
	char ifname[16], own[64], why[200];
	int rc = find_end(args->m2, half, half->m2_address, ifname, own, err);

	if (rc || strcmp(own, half->m2_address) == 0)
		return rc;
	snprintf(why, sizeof(why),
		 "%s's ssh comes from %s, which is no address of this machine",
		 agent_node(args->m1), half->m2_address);
	return refuse(half, why, err);
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static int find_address(const struct way_args *args, struct half *half,
			struct err *err)
{
	bool here = args->wish.m2_here;
	int rc;

	if (strcmp(half->wish, "auto") != 0) {
		snprintf(half->m2_address, 64, "%s", half->wish);
		return 0;
	}
	rc = read_address(here ? args->m1 : args->m2, half,
			  here ? "ssh_client" : "ssh_server", half->m2_address,
			  err);
	if (!rc && here && half->m2_address[0])
		rc = check_ours(args, half, err);
	if (!rc && !half->m2_address[0])
		rc = read_address(args->m2, half, "first_address",
				  half->m2_address, err);
	if (!rc && (!half->m2_address[0] || is_loopback(half->m2_address)))
		rc = refuse(half,
			    half->ipv6 ? "M2 has no IPv6 address for others"
				       : "M2 has no IPv4 address for others",
			    err);
	return rc;
}

static int find_half(const struct way_args *args, struct half *half,
		     struct err *err)
{
	char own[64];
	int rc = find_address(args, half, err);

	if (!rc)
		rc = find_end(args->m1, half, half->m2_address, half->m1_ifname,
			      half->m1_address, err);
	return rc ? rc
		  : find_end(args->m2, half, half->m1_address, half->m2_ifname,
			     own, err);
}

static int check_alike(const struct half *a, const struct half *b,
		       struct err *err)
{
	if (strcmp(a->m1_ifname, b->m1_ifname) == 0 &&
	    strcmp(a->m2_ifname, b->m2_ifname) == 0)
		return 0;
	return err_set(err, EADDRNOTAVAIL,
		       "IPv4 goes from %s to %s, IPv6 from %s to %s: give the "
		       "path addresses of one way",
		       a->m1_ifname, a->m2_ifname, b->m1_ifname, b->m2_ifname);
}

int way_find(struct lab_way *way, const struct way_args *args, struct err *err)
{
	struct half four = { .wish = args->wish.address };
	struct half six = { .ipv6 = true, .wish = args->wish.address6 };
	const struct half *any = args->ipv4 ? &four : &six;
	int rc = args->ipv4 ? find_half(args, &four, err) : 0;

	if (!rc && args->ipv6)
		rc = find_half(args, &six, err);
	if (!rc && args->ipv4 && args->ipv6)
		rc = check_alike(&four, &six, err);
	if (rc)
		return rc;
	memset(way, 0, sizeof(*way));
	memcpy(way->m1_ifname, any->m1_ifname, sizeof(way->m1_ifname));
	memcpy(way->m2_ifname, any->m2_ifname, sizeof(way->m2_ifname));
	memcpy(way->m1_address, four.m1_address, sizeof(way->m1_address));
	memcpy(way->m2_address, four.m2_address, sizeof(way->m2_address));
	memcpy(way->m1_address6, six.m1_address, sizeof(way->m1_address6));
	memcpy(way->m2_address6, six.m2_address, sizeof(way->m2_address6));
	return 0;
}

int way_read_boot_id(struct agent *agent, char id[static 64], struct err *err)
{
	json_t *reply = NULL;
	int rc = agent_call(agent, "route_get", NULL, CALL_NS, &reply, err);

	if (rc)
		return rc;
	copy_text(reply, "boot_id", id, 64);
	json_decref(reply);
	return 0;
}

bool way_allows(struct agent *agent, const char *congestion)
{
	static const char *const keys[] = {
		"net.ipv4.tcp_allowed_congestion_control",
		"net.ipv4.tcp_available_congestion_control"
	};
	json_t *names = json_pack("[ss]", keys[0], keys[1]), *now = NULL;
	char list[256] = "", *save = NULL;
	struct err ignored = ERR_INIT;
	bool found = false;

	if (!agent_get_sysctl(agent, names, &now, &ignored))
		for (int i = 0; i < 2 && !list[0]; i++)
			copy_text(now, keys[i], list, sizeof(list));
	for (char *word = strtok_r(list, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		found |= strcmp(word, congestion) == 0;
	json_decref(names);
	json_decref(now);
	return found;
}

int way_store_end(struct store *store, struct agent *agent,
		  const struct lab_end *end, struct err *err)
{
	const struct agent_netdev netdev = { .ifname = end->ifname,
					     .offload = -1 };
	const char *node = agent_node(agent);
	json_t *state = NULL;
	int64_t value = 0;
	char mtu[24];
	bool off;
	int rc = agent_set_netdev(agent, &netdev, &state, err);

	if (!rc)
		rc = json_get_int(state, "mtu", &value, err);
	snprintf(mtu, sizeof(mtu), "%" PRId64, value);
	off = netdev_offload_is_off(json_object_get(state, "features"));
	json_decref(state);
	if (!rc)
		rc = store_set_setting(store, node, "mtu", mtu, err);
	return rc ? rc
		  : store_set_setting(store, node, "offload",
				      off ? "off" : "on", err);
}
