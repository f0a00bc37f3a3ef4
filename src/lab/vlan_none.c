/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Built without libbpf: VLANs are the kernel's own, or there are none. */
#include "lab/vlan.h"

#include <errno.h>

int vlan_programs_open(struct vlan_programs **programs,
		       const struct link_spec *trunk, struct err *err)
{
	*programs = NULL;
	return err_set(err, EOPNOTSUPP,
		       "node %s: %s: this kernel has no 8021q, and vazao was "
		       "built without eBPF (libbpf-dev, clang-14, bpftool)",
		       netns_name(trunk->netns), trunk->ifname);
}

int vlan_programs_add(struct vlan_programs *programs, int id,
		      const char *ifname, struct err *err)
{
	(void)programs;
	(void)id;
	return err_set(err, EOPNOTSUPP, "%s: built without eBPF", ifname);
}

void vlan_programs_close(struct vlan_programs *programs)
{
	(void)programs;
}
