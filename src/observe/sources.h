/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sources.h - the kinds of source there are. Each function makes one or more
 * and puts them in front of *list; what the machine lacks is left out, which
 * is no error. -ENOMEM alone fails. Called by observer.c alone.
 */
#ifndef VAZAO_OBSERVE_SOURCES_H
#define VAZAO_OBSERVE_SOURCES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "observe/proc.h"
#include "observe/source.h"

/* Adds a source made of args; closes its state where memory is out. */
int sources_add(struct source **list, const struct source_args *args,
		struct err *err);

/* Gives a source the kernel's names of its rows, and makes it (moved). */
int sources_name_rows(struct source *source, char (*names)[PROC_NAME_MAX],
		      struct err *err);

/* kernel.c: the kernel that this process runs on, KERNEL of counters.h. */
int sources_add_kernel(struct source **list, const char *where, size_t paths,
		       struct err *err);

/* What of KERNEL is no sum: cpus, resolution_ns, and busy_ns from cpu_ns. */
void sources_finish_kernel(json_t *root, const char *where);

/* node.c: snmp and netstat of the calling thread's network namespace. */
int sources_add_snmp(struct source **list, const char *where, size_t paths,
		     struct err *err);

/* node.c: one interface; `netns` is a file of setns(2), NULL: our own. Path
 * -1: seen in all paths' turns. */
int sources_add_netdev(struct source **list, const char *where, size_t paths,
		       int path, const char *netns, const char *ifname,
		       struct err *err);

/* process.c: the calling process. */
int sources_add_self(struct source **list, const char *where, size_t paths,
		     struct err *err);

/* process.c: others with their threads and children, as seen in our /proc. */
int sources_add_process(struct source **list, const char *where, size_t paths,
			int path, pid_t pid, struct err *err);

/* tcp.c: TCP_INFO of the data connections at an edge. */
int sources_add_tcp(struct source **list, const char *where, size_t paths,
		    struct err *err);

/* States into means. */
void sources_finish_tcp(json_t *root, const char *where);

/* hardware.c: counters of all CPUs, where there is a PMU and a right to it. */
int sources_add_hardware(struct source **list, const char *where, size_t paths,
			 struct err *err);

#endif
