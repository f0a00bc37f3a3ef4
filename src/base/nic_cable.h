/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nic_cable.h - two network interfaces of the host's own, with a real cable
 * between them: M1's side and M2's. The plan reads it (link.nics), the lab
 * borrows it (lab/nic.h); neither includes the other.
 */
#ifndef VAZAO_BASE_NIC_CABLE_H
#define VAZAO_BASE_NIC_CABLE_H

#include <net/if.h>

#define NIC_CABLES_MAX 8

struct nic_cable {
	char near[IFNAMSIZ], far[IFNAMSIZ];
};

#endif
