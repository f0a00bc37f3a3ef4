/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/arrivals.h"

void arrivals_init(struct arrivals *arrivals, int64_t burst, int64_t every_ns)
{
	*arrivals = (struct arrivals){ .every_ns = every_ns,
				       .ahead_ns = (burst - 1) * every_ns };
}

/* ITU-T I.371's virtual scheduling. */
int64_t arrivals_wait_ns(struct arrivals *arrivals, int64_t now_ns)
{
	int64_t wait_ns = arrivals->due_ns - arrivals->ahead_ns - now_ns;

	if (arrivals->every_ns && wait_ns > 0)
		return wait_ns;
	if (arrivals->due_ns < now_ns)
		arrivals->due_ns = now_ns;
	arrivals->due_ns += arrivals->every_ns;
	return 0;
}
