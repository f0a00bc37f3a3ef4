/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outside.h - a lab of machines that are there already (kind ssh): nothing is
 * built but a stream to an agent on each. How they reach each other the agents
 * find out, and the study tells the lab.
 *
 * Such a lab is not made inside a cage's namespaces, where no ssh finds the
 * way out: cage_run_outside().
 */
#ifndef VAZAO_LAB_OUTSIDE_H
#define VAZAO_LAB_OUTSIDE_H

#include "lab/lab.h"

/* Are the lab's machines such ones? */
bool lab_is_outside(const struct lab *lab);

/* What the plan says of a path; addresses "auto" where it leaves them to us. */
struct lab_outside {
	const char *address, *address6; /* M2's, as M1 reaches it */
	bool m2_here;			/* M2 is this machine */
	bool may_configure;		/* M1, and M2 if all its paths say so */
};
void lab_get_outside(const struct lab *lab, size_t path,
		     struct lab_outside *outside);

/* From then on it is what lab_path_m1() and lab_path_m2() tell. Addresses may
 * be "". */
struct lab_way {
	char m1_ifname[16], m1_address[64], m1_address6[64];
	char m2_ifname[16], m2_address[64], m2_address6[64];
};
void lab_learn_way(struct lab *lab, size_t path, const struct lab_way *way);

#endif
