/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ebpf.h - what only programs within the kernel see (EBPF of counters.h).
 *
 * Called by observer.c, and by the doctor. ebpf.c is built where libbpf,
 * clang and bpftool are; ebpf_none.c elsewhere and in guests' agents.
 */
#ifndef VAZAO_OBSERVE_EBPF_H
#define VAZAO_OBSERVE_EBPF_H

#include <jansson.h>

#include "base/err.h"
#include "observe/source.h"

/*
 * Loads the programs and adds their source. `wanted`: protocol.h's "observe"
 * of M2. -errno with the reason where it cannot be: no BTF, no right, no
 * such thing built in; nothing is added then.
 */
int ebpf_add(struct source **list, const json_t *wanted, size_t paths,
	     struct err *err);

/* Loads and unloads: 0 where this machine lets us. */
int ebpf_probe(struct err *err);

#endif
