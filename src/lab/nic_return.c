/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An interface of the host goes back to where it was, and is what it was. */
#include "lab/nic_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/netdev.h"

/* That `ip link set` sets, beside up and down. */
#define OWN_FLAGS (IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST)

struct returning {
	const json_t *record;
	const char *nic;
	struct nic_target target;
	int fd; /* for base/netdev.h */
	struct err first;
};

static json_int_t get_int(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

static int unhex(const char *text, unsigned char *bytes, int max)
{
	int n = 0;

	while (n < max && text && text[2 * n] && text[2 * n + 1]) {
		char pair[3] = { text[2 * n], text[2 * n + 1], '\0' };

		bytes[n++] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return n;
}

/* The first failure is told, and no step waits for another. */
static void note(struct returning *r, const struct err *err)
{
	log_debug("giving %s back: %s", r->nic, err->text);
	if (!r->first.code)
		r->first = *err;
}

static void note_netlink(struct returning *r, int rc, const char *what)
{
	struct err err = ERR_INIT;

	if (!rc)
		return;
	err_set(&err, EIO, "%s: %s: %s", r->nic, what, nl_geterror(rc));
	note(r, &err);
}

/*
 * Home.
 */

/* By its own number and name, or by what is free: -NLE_EXIST then. */
static int try_moves(struct nl_sock *nl, struct nic_move *move,
		     const json_t *record)
{
	int rc;

	move->new_ifindex = (int)get_int(record, "ifindex");
	rc = nic_move(nl, move);
	if (!rc)
		return 0;
	move->new_ifindex = 0;
	rc = nic_move(nl, move);
	if (rc != -NLE_EXIST)
		return rc;
	move->ifname = "nic%d"; /* somebody has taken its name */
	rc = nic_move(nl, move);
	return rc ? rc : -NLE_EXIST;
}

static int move_home(const json_t *record, int lab_fd, int ifindex,
		     struct err *err)
{
	const char *nic = json_string_value(json_object_get(record, "ifname"));
	struct nic_move move = { .ifindex = ifindex, .ifname = nic };
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct nl_sock *nl;
	int rc;

	if (home < 0)
		return err_sys(err, errno, "%s", nic);
	move.netns_fd = home;
	if (setns(lab_fd, CLONE_NEWNET) < 0) {
		rc = err_sys(err, errno, "%s: the lab's namespace", nic);
		close(home);
		return rc;
	}
	rc = nic_open(&nl, err);
	if (!rc) {
		rc = try_moves(nl, &move, record);
		nl_socket_free(nl);
		if (rc)
			rc = err_set(err, EIO, "%s: out of the lab: %s", nic,
				     nl_geterror(rc));
	}
	if (setns(home, CLONE_NEWNET) < 0)
		abort(); /* nothing can be put back from the wrong one */
	close(home);
	return rc;
}

/*
 * Where the kernel has returned it by itself it bears the name that it had in
 * the lab, or one of the kernel's: it is known by the MAC that it was made
 * with.
 */
struct astray {
	unsigned char perm[32];
	int perm_bytes, ifindex;
};

static void look_for_perm(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	const struct nlattr *perm =
		nic_attr(message, sizeof(*info), IFLA_PERM_ADDRESS);
	struct astray *astray = arg;

	if (perm && nla_len(perm) == astray->perm_bytes &&
	    memcmp(nla_data(perm), astray->perm, (size_t)nla_len(perm)) == 0)
		astray->ifindex = info->ifi_index;
}

static int rename_astray(struct nl_sock *nl, const json_t *record)
{
	const char *nic = json_string_value(json_object_get(record, "ifname"));
	struct astray astray = { .ifindex = 0 };
	struct ifinfomsg info = { .ifi_change = IFF_UP };
	struct nl_msg *message;

	astray.perm_bytes =
		unhex(json_string_value(json_object_get(record, "perm")),
		      astray.perm, sizeof(astray.perm));
	if (!astray.perm_bytes ||
	    nic_dump(nl, RTM_GETLINK, AF_UNSPEC, look_for_perm, &astray))
		return 0;
	info.ifi_index = astray.ifindex;
	message = astray.ifindex ? nlmsg_alloc_simple(RTM_NEWLINK, 0) : NULL;
	if (!message || nlmsg_append(message, &info, sizeof(info), 0) ||
	    nla_put_string(message, IFLA_IFNAME, nic)) {
		nlmsg_free(message);
		return 0;
	}
	return nl_send_sync(nl, message) ? 0 : astray.ifindex;
}

/*
 * As it was.
 */

/* MAC, MTU and flags, while it is down. */
static void put_link(struct returning *r)
{
	const char *mac = json_string_value(json_object_get(r->record, "mac"));
	struct ifinfomsg info = {
		.ifi_index = r->target.ifindex,
		.ifi_flags =
			(unsigned int)get_int(r->record, "flags") & OWN_FLAGS,
		.ifi_change = OWN_FLAGS | IFF_UP,
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	unsigned char bytes[32];
	int n = unhex(mac, bytes, sizeof(bytes));
	uint32_t mtu = (uint32_t)get_int(r->record, "mtu");

	if (!message || nlmsg_append(message, &info, sizeof(info), 0) ||
	    (n && nla_put(message, IFLA_ADDRESS, n, bytes)) ||
	    nla_put_u32(message, IFLA_MTU, mtu)) {
		nlmsg_free(message);
		note_netlink(r, -NLE_NOMEM, "its MAC and MTU");
		return;
	}
	note_netlink(r, nl_send_sync(r->target.nl, message), "its MAC and MTU");
}

static void put_features(struct returning *r)
{
	struct err err = ERR_INIT;

	if (nic_write_features(r->fd, r->nic,
			       json_object_get(r->record, "features"), &err))
		note(r, &err);
}

static void write_file(struct returning *r, const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	if (fd < 0 || write(fd, value, strlen(value)) < 0) {
		err_sys(&err, errno, "%s: %s", file, value);
		note(r, &err);
	}
	if (fd >= 0)
		close(fd);
}

static void put_sysctl(struct returning *r, const char *dir, const char *name,
		       const char *value)
{
	char file[512], now[256];

	if (!nic_read_sysctl(dir, r->nic, name, now, sizeof(now)) ||
	    strcmp(now, value) == 0)
		return;
	snprintf(file, sizeof(file), "/proc/sys/net/%s/%s/%s", dir, r->nic,
		 name);
	write_file(r, file, value);
}

static void put_steering(struct returning *r)
{
	json_t *mask;
	const char *queue;

	json_object_foreach(json_object_get(r->record, "steering"), queue,
			    mask) {
		const char *wanted = json_string_value(mask);
		char file[512], now[256];

		if (!nic_read_steering(r->nic, queue, now, sizeof(now)) ||
		    strcmp(now, wanted) == 0)
			continue;
		snprintf(file, sizeof(file), NIC_QUEUES "/%s/rps_cpus", r->nic,
			 queue);
		write_file(r, file, wanted);
	}
}

static void put_sysctls(struct returning *r)
{
	const json_t *all = json_object_get(r->record, "sysctls");

	for (int i = 0; nic_sysctl_dirs[i]; i++) {
		json_t *values = json_object_get(all, nic_sysctl_dirs[i]);
		json_t *value;
		const char *name;

		json_object_foreach(values, name, value)
			put_sysctl(r, nic_sysctl_dirs[i], name,
				   json_string_value(value));
	}
}

static void put_up(struct returning *r)
{
	struct err err = ERR_INIT;

	if ((get_int(r->record, "flags") & IFF_UP) &&
	    netdev_set_up(r->fd, r->nic, true, &err))
		note(r, &err);
}

/* `tell`: failures; where another try follows, they are not. */
static void put_list(struct returning *r, const char *key, int type, bool tell)
{
	json_t *message;
	size_t i;

	json_array_foreach(json_object_get(r->record, key), i, message) {
		int rc = nic_send(&r->target, type, message);

		if (tell)
			note_netlink(r, rc, key);
	}
}

/* A route's gateway may be behind a route that comes after it. */
static void put_all(struct returning *r)
{
	put_link(r);
	put_features(r);
	put_sysctls(r);
	put_steering(r);
	put_up(r);
	put_list(r, "qdiscs", RTM_NEWQDISC, true);
	put_list(r, "addresses", RTM_NEWADDR, true);
	put_list(r, "neighbors", RTM_NEWNEIGH, true);
	put_list(r, "routes", RTM_NEWROUTE, false);
	put_list(r, "routes", RTM_NEWROUTE, true);
}

int nic_return(const json_t *record, int lab_fd, int ifindex, struct err *err)
{
	struct returning r = {
		.record = record,
		.nic = json_string_value(json_object_get(record, "ifname")),
		.target = { .age_s = (uint32_t)((clock_mono_ns() -
						 get_int(record, "time_ns")) /
						NS_PER_S) },
	};
	int rc = lab_fd < 0 ? 0 : move_home(record, lab_fd, ifindex, err);

	if (rc)
		return rc;
	rc = nic_open(&r.target.nl, err);
	if (rc)
		return rc;
	r.fd = netdev_open(err);
	r.target.ifindex = r.fd < 0 ? 0 : nic_find(r.target.nl, r.nic);
	if (r.fd >= 0 && !r.target.ifindex && lab_fd < 0)
		r.target.ifindex = rename_astray(r.target.nl, record);
	if (r.fd < 0)
		rc = r.fd;
	else if (!r.target.ifindex)
		rc = err_set(err, ENODEV, "%s is gone", r.nic);
	else
		put_all(&r);
	nl_socket_free(r.target.nl);
	if (r.fd >= 0)
		close(r.fd);
	if (!rc && r.first.code) {
		*err = r.first;
		rc = -r.first.code;
	}
	return rc;
}
