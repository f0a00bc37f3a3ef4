/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an interface of the host is, before it is taken. */
#include "lab/nic_inside.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/clock.h"
#include "base/netdev.h"

const char *const nic_sysctl_dirs[] = { "ipv4/conf", "ipv4/neigh", "ipv6/conf",
					"ipv6/neigh", NULL };

struct recording {
	const char *nic;
	int ifindex;
	json_t *into;
};

static json_t *pack_mac(const struct nlmsghdr *message, int type)
{
	const struct nlattr *mac =
		nic_attr(message, sizeof(struct ifinfomsg), type);
	char text[2 * 32 + 1] = "";

	for (int i = 0; mac && i < nla_len(mac) && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x",
			 ((unsigned char *)nla_data(mac))[i]);
	return json_string(text);
}

static void record_link(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	const struct nlattr *name =
		nic_attr(message, sizeof(*info), IFLA_IFNAME);
	const struct nlattr *mtu = nic_attr(message, sizeof(*info), IFLA_MTU);
	struct recording *r = arg;

	if (!name || strcmp(nla_get_string(name), r->nic) != 0)
		return;
	r->ifindex = info->ifi_index;
	json_object_set_new(r->into, "ifname", json_string(r->nic));
	json_object_set_new(r->into, "ifindex", json_integer(r->ifindex));
	json_object_set_new(r->into, "flags", json_integer(info->ifi_flags));
	json_object_set_new(r->into, "mtu",
			    json_integer(mtu ? nla_get_u32(mtu) : 0));
	json_object_set_new(r->into, "mac", pack_mac(message, IFLA_ADDRESS));
	json_object_set_new(r->into, "perm",
			    pack_mac(message, IFLA_PERM_ADDRESS));
}

static void record_address(const struct nlmsghdr *message, void *arg)
{
	struct recording *r = arg;

	if (nic_address_is_of(message, r->ifindex))
		json_array_append_new(r->into, nic_pack(message));
}

/* What the kernel makes itself of addresses and advertisements comes again. */
static void record_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *head = nlmsg_data(message);
	struct recording *r = arg;

	if (head->rtm_protocol == RTPROT_KERNEL ||
	    head->rtm_protocol == RTPROT_RA ||
	    head->rtm_protocol == RTPROT_REDIRECT ||
	    (head->rtm_flags & RTM_F_CLONED) ||
	    !nic_route_is_of(message, r->ifindex))
		return;
	json_array_append_new(r->into, nic_pack(message));
}

static void record_neighbor(const struct nlmsghdr *message, void *arg)
{
	const struct ndmsg *head = nlmsg_data(message);
	struct recording *r = arg;

	if (head->ndm_ifindex == r->ifindex &&
	    (head->ndm_state & NUD_PERMANENT))
		json_array_append_new(r->into, nic_pack(message));
}

/* Those that somebody made have a number; the kernel's own come again. */
static void record_qdisc(const struct nlmsghdr *message, void *arg)
{
	const struct tcmsg *head = nlmsg_data(message);
	struct recording *r = arg;

	if (head->tcm_ifindex == r->ifindex && head->tcm_handle)
		json_array_append_new(r->into, nic_pack(message));
}

static const struct list {
	const char *key;
	int type;
	int family[2];
	nic_visit *visit;
} lists[] = {
	{ "addresses", RTM_GETADDR, { AF_INET, AF_INET6 }, record_address },
	{ "routes", RTM_GETROUTE, { AF_INET, AF_INET6 }, record_route },
	{ "neighbors", RTM_GETNEIGH, { AF_INET, AF_INET6 }, record_neighbor },
	{ "qdiscs", RTM_GETQDISC, { AF_UNSPEC, -1 }, record_qdisc },
};

static int record_lists(struct nl_sock *nl, struct recording *r, json_t *record)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct list *list = &lists[i];

		r->into = json_array();
		json_object_set_new(record, list->key, r->into);
		for (int k = 0; !rc && k < 2 && list->family[k] >= 0; k++)
			rc = nic_dump(nl, list->type, list->family[k],
				      list->visit, r);
	}
	return rc;
}

static bool read_file(const char *file, char *value, size_t size)
{
	FILE *f = fopen(file, "re");
	bool read;

	if (!f)
		return false;
	read = fgets(value, (int)size, f);
	fclose(f);
	if (read)
		value[strcspn(value, "\n")] = '\0';
	return read;
}

bool nic_read_sysctl(const char *dir, const char *nic, const char *name,
		     char *value, size_t size)
{
	char file[512];

	snprintf(file, sizeof(file), "/proc/sys/net/%s/%s/%s", dir, nic, name);
	return read_file(file, value, size);
}

bool nic_read_steering(const char *nic, const char *queue, char *value,
		       size_t size)
{
	char file[512];

	snprintf(file, sizeof(file), NIC_QUEUES "/%s/rps_cpus", nic, queue);
	return read_file(file, value, size);
}

static json_t *record_steering(const char *nic)
{
	json_t *masks = json_object();
	char path[128], mask[256];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof(path), NIC_QUEUES, nic);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		if (nic_read_steering(nic, entry->d_name, mask, sizeof(mask)))
			json_object_set_new(masks, entry->d_name,
					    json_string(mask));
	if (d)
		closedir(d);
	return masks;
}

static json_t *record_sysctl_dir(const char *dir, const char *nic)
{
	json_t *values = json_object();
	char path[128], value[256];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", dir, nic);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' &&
		    nic_read_sysctl(dir, nic, entry->d_name, value,
				    sizeof(value)))
			json_object_set_new(values, entry->d_name,
					    json_string(value));
	if (d)
		closedir(d);
	return values;
}

static json_t *record_sysctls(const char *nic)
{
	json_t *all = json_object();

	for (int i = 0; nic_sysctl_dirs[i]; i++)
		json_object_set_new(all, nic_sysctl_dirs[i],
				    record_sysctl_dir(nic_sysctl_dirs[i], nic));
	return all;
}

static void record_surroundings(json_t *record, const char *nic)
{
	struct stat st = { 0 };
	int fd = netdev_open(NULL);

	if (stat("/proc/thread-self/ns/net", &st) == 0)
		json_object_set_new(record, "netns",
				    json_integer((json_int_t)st.st_ino));
	json_object_set_new(record, "time_ns", json_integer(clock_mono_ns()));
	json_object_set_new(record, "sysctls", record_sysctls(nic));
	json_object_set_new(record, "steering", record_steering(nic));
	if (fd < 0)
		return;
	json_object_set_new(record, "features", nic_read_features(fd, nic));
	close(fd);
}

int nic_record(const char *nic, json_t **record, struct err *err)
{
	struct recording r = { .nic = nic, .into = json_object() };
	json_t *made = r.into;
	struct nl_sock *nl;
	int rc = nic_open(&nl, err);

	if (!rc) {
		rc = nic_dump(nl, RTM_GETLINK, AF_UNSPEC, record_link, &r);
		if (!rc && r.ifindex)
			rc = record_lists(nl, &r, made);
		if (rc)
			rc = err_set(err, EIO, "%s: %s", nic, nl_geterror(rc));
		else if (!r.ifindex)
			rc = err_set(err, ENODEV, "no interface '%s'", nic);
		nl_socket_free(nl);
	}
	if (!rc)
		record_surroundings(made, nic);
	if (rc)
		json_decref(made);
	else
		*record = made;
	return rc;
}
