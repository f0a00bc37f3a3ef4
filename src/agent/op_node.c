/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op_node.c - settings of the node: its interfaces and /proc/sys/net.
 */
#include "agent/op.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/carrier.h"
#include "agent/restore.h"
#include "agent/route.h"
#include "agent/server.h"
#include "base/clock.h"
#include "base/guest.h"
#include "base/inet6.h"
#include "base/json.h"
#include "base/netdev.h"

/* Below what the coordinator waits for an answer (client.c). */
#define CARRIER_PATIENCE_NS (4 * NS_PER_S)

/* What the coordinator may not change, he may find as he wants it. */
static int check_mtu(int fd, const char *ifname, int64_t wanted,
		     struct err *err)
{
	int mtu;
	int rc = netdev_get_mtu(fd, ifname, &mtu, err);

	if (rc || mtu == wanted)
		return rc;
	return err_set(err, EPERM,
		       "%s has MTU %d, not %lld, and this agent may change "
		       "nothing (may_configure)",
		       ifname, mtu, (long long)wanted);
}

static int set_mtu(const struct agent_state *state, int fd, const char *ifname,
		   const json_t *args, struct err *err)
{
	int64_t mtu;
	int rc;

	if (!json_object_get(args, "mtu"))
		return 0;
	rc = json_get_int(args, "mtu", &mtu, err);
	if (rc)
		return rc;
	if (mtu < 0 || mtu > INT_MAX)
		return err_set(err, ERANGE, "%s: no MTU can be so", ifname);
	if (!(state->rights & AGENT_MAY_CONFIGURE))
		return check_mtu(fd, ifname, mtu, err);
	rc = restore_note_mtu(state->restore, fd, ifname, err);
	return rc ? rc : netdev_set_mtu(fd, ifname, (int)mtu, err);
}

static int check_offload(int fd, const char *ifname, bool wanted,
			 struct err *err)
{
	json_t *features;
	int rc = netdev_get_offload(fd, ifname, &features, err);
	bool on;

	if (rc)
		return rc;
	on = !netdev_offload_is_off(features);
	json_decref(features);
	if (on == wanted)
		return 0;
	return err_set(err, EPERM,
		       "%s has offload %s, and this agent may change nothing "
		       "(may_configure)",
		       ifname, on ? "on" : "off");
}

static int set_offload(const struct agent_state *state, int fd,
		       const char *ifname, const json_t *args, struct err *err)
{
	bool on;
	int rc;

	if (!json_object_get(args, "offload"))
		return 0;
	rc = json_get_bool(args, "offload", &on, err);
	if (rc)
		return rc;
	if (!(state->rights & AGENT_MAY_CONFIGURE))
		return check_offload(fd, ifname, on, err);
	rc = restore_note_features(state->restore, fd, ifname, err);
	return rc ? rc : netdev_set_offload(fd, ifname, on, err);
}

/* The interface by whose address the node reaches `address`. */
static int check_address(const char *ifname, const char *address,
			 struct err *err)
{
	char own[IFNAMSIZ], text[INET6_ADDRSTRLEN];
	char host[64];
	int rc;

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(address, "/"),
		 address);
	rc = route_find(host, own, text, err);
	/* an own address is routed by lo; it is the interface that counts */
	if (!rc && strcmp(text, host) != 0)
		rc = err_set(err, EADDRNOTAVAIL,
			     "%s is no address of this machine", host);
	return rc ? err_wrap(err, "%s", ifname) : 0;
}

static int set_address(const struct agent_state *state, int fd,
		       const char *ifname, const json_t *args, struct err *err)
{
	const char *address;
	int rc;

	if (!json_object_get(args, "address"))
		return 0;
	rc = json_get_string(args, "address", &address, err);
	if (!rc &&
	    (state->keep_addresses || !(state->rights & AGENT_MAY_CONFIGURE)))
		return check_address(ifname, address, err);
	if (!rc)
		rc = strchr(address, ':')
			     ? inet6_add_address(ifname, address, err)
			     : netdev_set_address(fd, ifname, address, err);
	return rc ? rc : netdev_set_up(fd, ifname, true, err);
}

static int read_state(int fd, const char *ifname, json_t **reply,
		      struct err *err)
{
	json_t *features;
	bool up;
	int mtu;
	int rc = netdev_get_mtu(fd, ifname, &mtu, err);

	if (!rc)
		rc = netdev_get_up(fd, ifname, &up, err);
	if (!rc)
		rc = netdev_get_offload(fd, ifname, &features, err);
	if (rc)
		return rc;
	*reply = json_pack("{ss si sb so}", "ifname", ifname, "mtu", mtu, "up",
			   up, "features", features);
	return 0;
}

/* One of the node's inner interfaces; not there yet: nothing to do. */
static int set_inner(const struct agent_state *state, int fd,
		     const char *ifname, const json_t *args, struct err *err)
{
	int rc = set_mtu(state, fd, ifname, args, err);

	if (!rc)
		rc = set_offload(state, fd, ifname, args, err);
	return err->code == ENODEV ? 0 : rc;
}

static int set_all_inner(const struct agent_state *state, int fd,
			 const json_t *args, struct err *err)
{
	const char *all = getenv(GUEST_INNER);
	struct err why = ERR_INIT;
	char name[IFNAMSIZ];
	int rc = 0;

	for (const char *at = all; at && *at && !rc;) {
		size_t length = strcspn(at, ":");

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		why = (struct err)ERR_INIT;
		rc = set_inner(state, fd, name, args, &why);
		at += length + (at[length] == ':');
	}
	if (rc && err)
		*err = why;
	return rc;
}

static int set_own(const struct agent_state *state, int fd, const char *ifname,
		   const json_t *args, struct err *err)
{
	bool up = false;
	int rc = set_mtu(state, fd, ifname, args, err);

	if (!rc)
		rc = set_offload(state, fd, ifname, args, err);
	/* e1000's link takes seconds after a boot, and after its driver has
	 * reset the card for a new MTU: what is sent before is lost */
	if (!rc && !netdev_get_up(fd, ifname, &up, NULL) && up)
		carrier_await(ifname, CARRIER_PATIENCE_NS);
	return rc;
}

static int run_netdev(const struct agent_state *state, const json_t *args,
		      bool set, json_t **reply, struct err *err)
{
	const char *ifname;
	int rc = json_get_string(args, "ifname", &ifname, err);
	int fd;

	if (rc)
		return rc;
	fd = netdev_open(err);
	if (fd < 0)
		return fd;
	if (set)
		rc = set_address(state, fd, ifname, args, err);
	if (!rc && set)
		rc = set_all_inner(state, fd, args, err);
	if (!rc && set)
		rc = set_own(state, fd, ifname, args, err);
	if (!rc)
		rc = read_state(fd, ifname, reply, err);
	close(fd);
	return rc;
}

static int op_netdev_set(struct agent_state *state, const json_t *args,
			 json_t **reply, struct err *err)
{
	return run_netdev(state, args, true, reply, err);
}

static int op_netdev_get(struct agent_state *state, const json_t *args,
			 json_t **reply, struct err *err)
{
	return run_netdev(state, args, false, reply, err);
}

/*
 * The file of a name, by sysctl(8)'s rule: the separator is the first of dot
 * and slash that occurs, the other is part of a component. So an interface
 * called eth0.42 can be named.
 */
static int sysctl_path(const char *name, char *path, size_t size,
		       struct err *err)
{
	const char *first = strpbrk(name, "./");
	int length = snprintf(path, size, "/proc/sys/%s", name);

	if (length < 0 || (size_t)length >= size || !first ||
	    first != name + 3 || strncmp(name, "net", 3) != 0)
		return err_set(err, EINVAL,
			       "'%.80s' is no name such as net.ipv4.tcp_sack",
			       name);
	if (*first == '.') {
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	}
	if (strstr(path, "/../") || strstr(path, "//"))
		return err_set(err, EINVAL, "'%.80s' leads out of net.", name);
	return 0;
}

/* A refusal is seen by reading back. */
static void sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		errno = 0;
	close(fd);
}

static bool sysctl_read(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, value, size - 1);
	close(fd);
	if (n < 0)
		return false;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return true;
}

int sysctl_put(const char *name, const char *value, struct err *err)
{
	char path[PATH_MAX], now[4096] = "";
	int rc = sysctl_path(name, path, sizeof(path), err);

	if (rc)
		return rc;
	sysctl_write(path, value);
	if (sysctl_read(path, now, sizeof(now)) && strcmp(now, value) == 0)
		return 0;
	return err_set(err, EIO, "%s: '%.80s' was set, '%.80s' is there", name,
		       value, now);
}

/* Only where it is to change, and then noted first. */
static int sysctl_change(const struct agent_state *state, const char *name,
			 const char *path, const char *value, struct err *err)
{
	char now[4096];
	int rc;

	if (!(state->rights & AGENT_MAY_CONFIGURE) ||
	    !sysctl_read(path, now, sizeof(now)) || strcmp(now, value) == 0)
		return 0;
	rc = restore_note_sysctl(state->restore, name, now, err);
	if (!rc)
		sysctl_write(path, value);
	return rc;
}

/* Writes `value` unless NULL; adds what is there now to `values`. */
static int sysctl_one(const struct agent_state *state, const char *name,
		      const char *value, json_t *values, struct err *err)
{
	char path[PATH_MAX], now[4096];
	int rc = sysctl_path(name, path, sizeof(path), err);

	if (!rc && value)
		rc = sysctl_change(state, name, path, value, err);
	if (rc)
		return rc;
	if (sysctl_read(path, now, sizeof(now)))
		json_object_set_new(values, name, json_string(now));
	return 0;
}

static int op_sysctl_set(struct agent_state *state, const json_t *args,
			 json_t **reply, struct err *err)
{
	json_t *wanted, *values, *value;
	const char *name;
	int rc = json_get_object(args, "values", &wanted, err);

	if (rc)
		return rc;
	values = json_object();
	json_object_foreach(wanted, name, value) {
		if (!json_is_string(value))
			rc = err_set(err, EPROTO,
				     "the value of '%.80s' is no string", name);
		if (!rc)
			rc = sysctl_one(state, name, json_string_value(value),
					values, err);
		if (rc)
			break;
	}
	*reply = json_pack("{so}", "values", values);
	return rc;
}

static int op_sysctl_get(struct agent_state *state, const json_t *args,
			 json_t **reply, struct err *err)
{
	json_t *names, *values, *name;
	size_t i;
	int rc = json_get_array(args, "names", &names, err);

	if (rc)
		return rc;
	values = json_object();
	json_array_foreach(names, i, name) {
		rc = json_is_string(name)
			     ? sysctl_one(state, json_string_value(name), NULL,
					  values, err)
			     : err_set(err, EPROTO, "a name is no string");
		if (rc)
			break;
	}
	*reply = json_pack("{so}", "values", values);
	return rc;
}

const struct op node_ops[] = {
	{ "netdev_set", op_netdev_set }, { "netdev_get", op_netdev_get },
	{ "sysctl_set", op_sysctl_set }, { "sysctl_get", op_sysctl_get },
	{ "route_get", op_route_get },	 { NULL, NULL },
};
