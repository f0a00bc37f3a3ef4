/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cable.h - the cables of a lab, each with its other end in M2. Part of path.h,
 * which includes it: for kinds of path, from build().
 */
#ifndef VAZAO_LAB_CABLE_H
#define VAZAO_LAB_CABLE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lab/lab.h"
#include "lab/links.h"

/*
 * A cable from an interface (its name and namespace given; its MAC, or NULL
 * for lab_format_mac() of host 1) to a new interface of M2, shaped both ways
 * as the plan says. Cable n is the subnet 10.77.n.0/24, M2 is .254 on it.
 */
struct lab_cable {
	int64_t bps; /* set before the call; 0: as the plan says */
	bool tagged; /* as well: its frames have VLAN tags */
	int nic;     /* as well: the plan's first of link.nics is 1; 0: the next
		  * one, or none where paths share them (nics.h) */
	int number;
	char m2_ifname[IFNAMSIZ];
	char m2_address[16];
};
int lab_add_cable(struct lab *lab, const struct link_spec *plug,
		  struct lab_cable *cable, struct err *err);

/* A cable whose other plug is a machine's card: M2's interface is a TAP, for
 * machine.h to attach to. -EOPNOTSUPP where the plan wants cables shaped. */
int lab_add_tap_cable(struct lab *lab, int queues, struct lab_cable *cable,
		      struct err *err);

/*
 * A number of its own for each subnet beside the cables', 10.78.1.0/24 and so
 * on, from 1; and host 1..254 in it (0: the subnet itself).
 */
int lab_take_subnet(struct lab *lab);
void lab_format_subnet(int subnet, int host, char address[static 16]);

/* Host 1..254 on the cable: "10.77.<n>.<host>" and its MAC. */
void lab_format_address(const struct lab_cable *cable, int host,
			char address[static 16]);
void lab_format_mac(const struct lab_cable *cable, int host,
		    char mac[static 18]);

#endif
