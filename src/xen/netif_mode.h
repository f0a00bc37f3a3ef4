/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netif_mode.h - how a received frame comes into the guest: what netfront asks
 * for and netback does, and what either end can then see of the other.
 *
 *   flip-map    The page that holds the frame changes hands (grant transfer),
 *               and both ends remap it (MAP_FIXED), as Xen 3.0 did: no copy.
 *   flip-index  The page changes hands by number alone: both ends have the
 *               vif's whole pool mapped. No copy, no system call.
 *   copy        netback copies from a page of its own into the granted page;
 *               with `direct` the kernel copies the frame straight there.
 *   grant-copy  Nothing is mapped: the kernel copies, batch by batch, between
 *               the processes (process_vm_readv/writev). Sent frames too.
 *
 * What the backend sees of the guest (regions: memory.h):
 *   always      control (grant table, rings) and no memory outside the regions
 *   tx          mapped read-only, and the kernel refuses any other mapping;
 *               all of it, not only what is granted just now. grant-copy:
 *               not mapped
 *   rx          copy: mapped read-write, all of it. flip-*: a pool of this vif
 *               alone, held by both: no isolation inside it. What is in it
 *               is, or was, a frame for this guest; netback reads nothing
 *               back from it. grant-copy: not mapped, but the right that
 *               process_vm_* needs (ptrace) reaches all of the front's memory
 * Within a mapped region only grant.c keeps the backend to granted frames. Run
 * netback as another user than netfront, and in modes other than grant-copy
 * the kernel keeps everything else from it. Both programs say so at LOG_WARN
 * where isolation is less than Xen's.
 *
 * In grant-copy a hostile front can stall netback (a page of its own under
 * userfaultfd is waited for inside the kernel): only for guests one trusts.
 */
#ifndef VAZAO_XEN_NETIF_MODE_H
#define VAZAO_XEN_NETIF_MODE_H

#include "base/err.h"

enum netif_mode {
	NETIF_FLIP_MAP,
	NETIF_FLIP_INDEX,
	NETIF_COPY,
	NETIF_GRANT_COPY,
	NETIF_MODES
};

/* "flip-map", ...; NULL-ended, in the order of the enum. */
extern const char *const netif_mode_names[];

int netif_mode_parse(const char *name, enum netif_mode *mode, struct err *err);

/* One line on what is not isolated. */
const char *netif_mode_isolation(enum netif_mode mode);

#endif
