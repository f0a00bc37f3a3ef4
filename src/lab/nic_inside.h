/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nic_inside.h - what the files nic_*.c share: rtnetlink messages as they are,
 * read, kept and sent once more. A record is JSON:
 *
 *   {"ifname": "enp3s0", "ifindex": 2, "netns": inode, "mac": hex, "flags", "mtu",
 *    "features": [word...], "sysctls": {"ipv4/conf": {...}},
 *    "steering": {"rx-0": "0", ...},
 *    "addresses": [message...], "routes", "neighbors", "qdiscs",
 *    "time_ns": of the monotonic clock}
 *
 * a message being what follows its netlink header, in hexadecimal digits.
 */
#ifndef VAZAO_LAB_NIC_INSIDE_H
#define VAZAO_LAB_NIC_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <netlink/netlink.h>

#include "base/err.h"

/* Of the caller's namespace; nl_socket_free() it. */
int nic_open(struct nl_sock **nl, struct err *err);

/* Every message that the kernel answers with; RTM_GETLINK and so on. `family`:
 * the first byte of the request. */
typedef void nic_visit(const struct nlmsghdr *message, void *arg);
int nic_dump(struct nl_sock *nl, int type, int family, nic_visit *visit,
	     void *arg);

/* One attribute of a message whose fixed part has `fixed` bytes; NULL. */
const struct nlattr *nic_attr(const struct nlmsghdr *message, size_t fixed,
			      int type);

/*
 * A message as JSON; and sent again, of the interface that is there by this
 * number and with what time has left of an address's life: RTM_NEWADDR,
 * RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWQDISC. What is there already is fine, and
 * so is an address whose life has ended. libnl's error code.
 */
json_t *nic_pack(const struct nlmsghdr *message);

struct nic_target {
	struct nl_sock *nl;
	int ifindex;
	uint32_t age_s; /* of the record */
};
int nic_send(const struct nic_target *target, int type, const json_t *packed);

/* Does the message tell of the interface? */
bool nic_address_is_of(const struct nlmsghdr *message, int ifindex);
bool nic_route_is_of(const struct nlmsghdr *message, int ifindex);

/* nic_check.c: as nic_check(), of one. */
int nic_check_one(const char *nic, struct err *err);

/* nic_record.c: in the caller's namespace. */
int nic_record(const char *nic, json_t **record, struct err *err);

/* Directories below /proc/sys/net that have one for each interface;
 * NULL-ended. A file's value without its end of line. */
extern const char *const nic_sysctl_dirs[];
bool nic_read_sysctl(const char *dir, const char *nic, const char *name,
		     char *value, size_t size);

/* What steers what it receives (Documentation/networking/scaling.rst of the
 * kernel): the file of a queue, "rx-0"; /sys is that of the namespace. */
#define NIC_QUEUES "/sys/class/net/%s/queues"
bool nic_read_steering(const char *nic, const char *queue, char *value,
		       size_t size);

/* nic_features.c: every feature bit of the device, as wanted, in words of 32;
 * and set again. Is "netns-local" among them (before Linux 6.12)? */
json_t *nic_read_features(int fd, const char *nic);
int nic_write_features(int fd, const char *nic, const json_t *words,
		       struct err *err);
bool nic_is_local(const char *nic);

/*
 * nic_return.c: from the namespace `lab_fd`, where its number is `ifindex`,
 * back into the caller's; as it was. lab_fd -1: it is there already.
 * As much as can be; the first failure is told.
 */
int nic_return(const json_t *record, int lab_fd, int ifindex, struct err *err);

/* nic_netlink.c: to another namespace, with another name, there by this
 * number, if it is free; 0: by any. libnl's code. */
struct nic_move {
	int ifindex, netns_fd, new_ifindex;
	const char *ifname;
};
int nic_move(struct nl_sock *nl, const struct nic_move *move);

/* Its number in the namespace of `nl`; 0: there is none. */
int nic_find(struct nl_sock *nl, const char *ifname);

#endif
