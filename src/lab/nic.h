/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nic.h - network interfaces of the host's own that a lab borrows, as the ends
 * of its cables, and that are given back whatever happens.
 *
 *   cmd/, before the cage   nic_check(), nic_keeper_start()
 *   the lab, inside         nic_borrow(): into a namespace of the lab
 *   cmd/, after the cage    nic_keeper_end(): all are back when it returns
 *
 * The keeper is a process of its own, outside the cage and in a session of its
 * own, deaf to SIGINT, SIGTERM and SIGHUP. Before it moves an interface it
 * writes down what that is (nic_record.c) and keeps the lab's namespace open,
 * so that no interface is lost with it. It gives all back when the other end
 * of its socket is closed by the last process that has it: at the cage's end,
 * however that came, kill -9 of the coordinator included.
 *
 * The record also stands in /run/vazao while it is needed. Should the keeper
 * be killed as well, the kernel returns a physical interface to the first
 * network namespace, bare; nic_leftovers() puts the rest back from there.
 */
#ifndef VAZAO_LAB_NIC_H
#define VAZAO_LAB_NIC_H

#include <stddef.h>

#include "base/err.h"
#include "base/nic_cable.h"
#include "lab/links.h"

/*
 * May they be taken? In the caller's network namespace. -EPERM without the
 * rights, -ENODEV where there is none of the name, -EBUSY for one that is in
 * use in a way that could not be given back, or that the caller's ssh session
 * or the default route needs, -EOPNOTSUPP for one that cannot leave its
 * namespace; each names the interface and says why.
 */
int nic_check(const struct nic_cable *cable, int cables, struct err *err);

struct nic_keeper;

/* From a single thread, in the namespace that the interfaces are in. */
int nic_keeper_start(struct nic_keeper **keeper, struct err *err);

/* For lab_args. */
int nic_keeper_fd(const struct nic_keeper *keeper);

/* Waits until all is given back; tells what could not be. NULL is fine. */
int nic_keeper_end(struct nic_keeper *keeper, struct err *err);

/* What killed keepers of this namespace left undone. */
int nic_leftovers(struct err *err);

/*
 * The host's interface `nic` becomes `link`: in its namespace, by its name,
 * down. By way of the keeper's socket; checked once more before.
 */
int nic_borrow(int keeper_fd, const char *nic, const struct link_spec *link,
	       struct err *err);

#endif
