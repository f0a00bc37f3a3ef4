/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine.h - one machine of QEMU's: a kernel, maybe under Xen, a network
 * card on a TAP, and a stream to the agent of every node that lives in it.
 *
 *   native, a qemu guest    one node         image "linux"
 *   Xen                     dom0 and domU    image "xen"
 *
 * The program runs in a keeper (keeper.h) and dies with it. Streams are
 * virtio ports: their own flow control, both ways.
 *
 * Called by node_machine.c and by the kinds of path that make machines.
 */
#ifndef VAZAO_LAB_MACHINE_H
#define VAZAO_LAB_MACHINE_H

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "image/image.h"
#include "lab/lab.h"
#include "lab/links.h"

#define MACHINE_LINES_MAX  4
#define MACHINE_QUEUES_MAX 8

/* QEMU's names for the models of network card. */
extern const char *const machine_models[]; /* NULL-ended */

struct machine_args {
	const char *name;	   /* in messages */
	const struct image *image; /* lab_find_image() */
	const char *agent_path;	   /* the static agent: PID 1 */
	const char *accel;	   /* "kvm", "tcg" */
	bool may_emulate;  /* tcg instead, should it not boot under KVM */
	const char *words; /* for the kernel's command line: base/guest.h's */
	int memory_mib, cpus;
	int dom0_memory_mib; /* with a hypervisor: dom0's part; else 0 */
	int lines;
	int boot_limit_s;	    /* until an agent's first word */
	const cpu_set_t *boot_cpus; /* to boot on; NULL: the caller's */

	/* The network card; the TAP is there already. */
	const struct lab_netns *netns;
	const char *tap, *mac, *model;
	int queues;
	bool device_offload; /* virtio's checksums and segmentation */
	bool vhost;
};

struct machine;

/* All CPUs of the lab, of both sides. */
const cpu_set_t *lab_cpus(const struct lab *lab);

/* image_find(), once for all of the lab's machines; the lab's. */
int lab_find_image(struct lab *lab, const char *name,
		   const struct image **image, struct err *err);

/* Finds the program; starts nothing. The strings are copied, not the image.
 * -ENOPKG, naming the package, where there is no QEMU. */
int machine_new(struct machine **machine, const struct machine_args *args,
		struct err *err);
void machine_free(struct machine *machine); /* stops it; NULL is fine */

/* Boots it, if it does not run, and does not wait for it. */
int machine_boot(struct machine *machine, struct err *err);
void machine_stop(struct machine *machine);

/* As node_ops.place(). */
void machine_place(const struct machine *machine, const cpu_set_t *own,
		   const cpu_set_t *rest);

/* As node_ops.last_words(). */
void machine_last_words(const struct machine *machine, char *text, size_t size);

/* It runs, and nobody has taken the line since it was booted. */
bool machine_has_line(const struct machine *machine, int line);

/* "kvm" or "tcg". */
const char *machine_accelerator(const struct machine *machine);

/*
 * The stream of line 0, 1, ...: waits until the agent has spoken. Who takes a
 * line a second time wants a new agent: then all is booted anew, and the
 * other lines' streams end.
 */
int machine_take_line(struct machine *machine, int line,
		      struct lab_channel *channel, struct err *err);

#endif
