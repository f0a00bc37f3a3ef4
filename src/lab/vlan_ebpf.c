/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/vlan.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lab/vlan.skel.h"

struct vlan_programs {
	struct vlan_bpf *skel;
	struct lab_netns *netns;
};

/* What is wrong is said once, by the errno and in our words. */
static int say_nothing(enum libbpf_print_level level, const char *format,
		       va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int blame(struct err *err, const struct lab_netns *netns,
		 const char *ifname, int code, const char *what)
{
	return err_set(err, code,
		       "node %s: %s: %s: %s (a kernel with eBPF at tc is "
		       "needed, CONFIG_NET_CLS_BPF, and root; or one with "
		       "8021q)",
		       netns_name(netns), ifname, what, strerror(code));
}

/* In the namespace of the interface. */
static int attach_here(int ifindex, enum bpf_tc_attach_point where,
		       const struct bpf_program *program)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = where);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1,
			    .prog_fd = bpf_program__fd(program));
	int rc = bpf_tc_hook_create(&hook);

	return rc && rc != -EEXIST ? rc : bpf_tc_attach(&hook, &opts);
}

/* 0 and *ifindex, or -errno. */
static int attach(const struct vlan_programs *programs, const char *ifname,
		  enum bpf_tc_attach_point where,
		  const struct bpf_program *program, int *ifindex,
		  struct err *err)
{
	int former = netns_enter(programs->netns, err);
	int rc;

	if (former < 0)
		return former;
	*ifindex = (int)if_nametoindex(ifname);
	rc = *ifindex ? attach_here(*ifindex, where, program) : -ENODEV;
	netns_leave(former);
	return rc ? blame(err, programs->netns, ifname, -rc,
			  "attaching the program for its tags")
		  : 0;
}

int vlan_programs_open(struct vlan_programs **programs,
		       const struct link_spec *trunk, struct err *err)
{
	struct vlan_programs *made = calloc(1, sizeof(*made));
	int ifindex, rc;

	if (!made)
		return err_sys(err, ENOMEM, "%s", trunk->ifname);
	made->netns = trunk->netns;
	libbpf_set_print(say_nothing);
	made->skel = vlan_bpf__open_and_load();
	if (!made->skel)
		rc = blame(err, trunk->netns, trunk->ifname, errno,
			   "loading the program for its tags");
	else
		rc = attach(made, trunk->ifname, BPF_TC_INGRESS,
			    made->skel->progs.vlan_in, &ifindex, err);
	if (rc) {
		vlan_programs_close(made);
		return rc;
	}
	made->skel->bss->trunk_ifindex = (__u32)ifindex;
	*programs = made;
	return 0;
}

int vlan_programs_add(struct vlan_programs *programs, int id,
		      const char *ifname, struct err *err)
{
	const struct vlan_bpf *skel = programs->skel;
	__u32 key = (__u32)id, index;
	int ifindex, rc;

	rc = attach(programs, ifname, BPF_TC_EGRESS, skel->progs.vlan_out,
		    &ifindex, err);
	if (rc)
		return rc;
	index = (__u32)ifindex;
	if (bpf_map__update_elem(skel->maps.outward, &index, sizeof(index),
				 &key, sizeof(key), BPF_ANY) ||
	    bpf_map__update_elem(skel->maps.inward, &key, sizeof(key), &index,
				 sizeof(index), BPF_ANY))
		return blame(err, programs->netns, ifname, errno,
			     "telling the program of it");
	return 0;
}

void vlan_programs_close(struct vlan_programs *programs)
{
	if (!programs)
		return;
	vlan_bpf__destroy(programs->skel);
	free(programs);
}
