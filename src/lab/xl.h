/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xl.h - the Xen that this machine runs, by its own tool xl: is it there, and
 * what xl is given. Probing reads files alone, below a root of the caller's
 * choice; the texts are pure.
 *
 * Called by node_xl.c and path_xen_host.c.
 */
#ifndef VAZAO_LAB_XL_H
#define VAZAO_LAB_XL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Can domUs be made here? `root` is "" for this machine. *xl: the tool's file.
 * -ENODEV where this is no dom0, -EPERM where its doors are closed to us,
 * -ENOPKG naming the package that brings what is missing.
 */
int xl_probe(const char *root, char xl[static PATH_MAX], struct err *err);

/* A tool's file alone, "xl" or "ip": in a cage the new /proc hides /proc/xen.
 * -ENOPKG. */
int xl_find(const char *root, const char *tool, char path[static PATH_MAX],
	    struct err *err);

struct xl_domU {
	const char *name;	      /* of the domain */
	const char *kernel, *ramdisk; /* files */
	const char *words;	      /* for its kernel's command line */
	const char *mac, *control_mac;
	const char *script; /* the hotplug script's file */
	int memory_mib, vcpus;
};

/* As xl.cfg(5) has it. -ENAMETOOLONG, -EINVAL where a text has a quote in it.
 */
int xl_format_config(char *text, size_t size, const struct xl_domU *domU,
		     struct err *err);

/*
 * The hotplug script: gives the domU's first back end (vifD.0) to the network
 * namespace `netns`, a file, as `vif`, and the second as `control`, and tells
 * netback that it is connected. dom0's own network stays as it is. `ip` is a
 * file: a shell that is busybox would take its own, which knows no files of
 * namespaces.
 */
struct xl_script {
	const char *ip;
	const char *netns, *vif, *control;
};
int xl_format_script(char *text, size_t size, const struct xl_script *script,
		     struct err *err);

/*
 * Of what `xl list` printed: the next name that starts with `prefix` and whose
 * domain has shut down, behind *at (start with the whole text); false: none.
 * What a killed vazao leaves behind, for xl destroy.
 */
bool xl_next_dead(const char **at, const char *prefix, char *name, size_t size);

#endif
