/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/ebpf.h"

#include <errno.h>

int ebpf_add(struct source **list, const json_t *wanted, size_t paths,
	     struct err *err)
{
	(void)list;
	(void)wanted;
	(void)paths;
	return ebpf_probe(err);
}

int ebpf_probe(struct err *err)
{
	return err_set(err, ENOSYS,
		       "vazao was built without eBPF (it takes clang, bpftool "
		       "and libbpf-dev)");
}
