/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/netif_mode.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const char *const netif_mode_names[] = { "flip-map", "flip-index", "copy",
					 "grant-copy", NULL };

int netif_mode_parse(const char *name, enum netif_mode *mode, struct err *err)
{
	for (int i = 0; i < NETIF_MODES; i++)
		if (strcmp(name, netif_mode_names[i]) == 0) {
			*mode = (enum netif_mode)i;
			return 0;
		}
	return err_set(err, EINVAL,
		       "receive mode '%s' is none of flip-map, flip-index, "
		       "copy, grant-copy",
		       name);
}

const char *netif_mode_isolation(enum netif_mode mode)
{
	static const char *const text[] = {
		"the vif's pool of receive pages is open to both ends",
		"the vif's pool of receive pages is open to both ends",
		"all receive pages, granted or not, are mapped by netback",
		"netback may read all memory of netfront's process",
	};

	return text[mode];
}
