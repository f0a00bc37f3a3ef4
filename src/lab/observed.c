/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an observer beside a path's frames must know of it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/inside.h"

/* The number that /proc has for us: in a cage that could not mount a new one,
 * it is not our pid, and others' pids mean nothing there. */
static int proc_pid(void)
{
	char text[16] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 ? atoi(text)
								  : 0;
}

static json_t *describe_hops(const struct lab_path *path)
{
	json_t *hops = json_array();

	for (int i = 0; i < path->hops; i++) {
		const struct lab_hop *hop = &path->hop[i];
		char file[48];

		/* of several pairs those of the first stand for all */
		if (hop->pair > 0 && !hop->shared)
			continue;
		snprintf(file, sizeof(file), "/proc/%d/fd/%d", proc_pid(),
			 netns_fd(hop->netns));
		json_array_append_new(hops,
				      json_pack("{ss ss ss ss}", "node",
						netns_name(hop->netns),
						"ifname", hop->ifname, "role",
						path_role_name(hop->role),
						"netns", file));
	}
	return hops;
}

json_t *lab_describe_observed(struct lab *lab, size_t path)
{
	const struct lab_path *p = &lab->path[path];
	json_t *processes = json_object();

	if (p->ops->list_processes && proc_pid() == getpid())
		p->ops->list_processes(p, processes);
	return json_pack(
		"{si so so}", "agent",
		p->pair[0].m1.node->netns ? (int)p->pair[0].m1.node->pid : 0,
		"processes", processes, "hops", describe_hops(p));
}
