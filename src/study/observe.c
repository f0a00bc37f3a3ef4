/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/observe.h"

#include <stdio.h>
#include <string.h>

#include "lab/outside.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* How random(4) calls this boot of our kernel, which is M2's, too; "" where
 * it does not. */
static void read_boot_id(char id[static 64])
{
	FILE *file = fopen(BOOT_ID, "re");

	id[0] = '\0';
	if (!file)
		return;
	if (!fgets(id, 64, file))
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	fclose(file);
}

static json_t *ask_m1(struct run *run, size_t path, const char *boot_id)
{
	const struct lab_end *end = lab_path_m1(run->lab, path);

	return json_pack("{ss ss ss}", "node", lab_node_name(end->node),
			 "kernel", boot_id, "ifname", end->ifname);
}

void observe_ask(struct run *run, const size_t *index, size_t paths,
		 bool profile, struct observe_request *request)
{
	json_t *described = json_array();
	char boot_id[64];

	memset(request, 0, sizeof(*request));
	if (run->plan->observe == PLAN_OBSERVE_OFF && !profile) {
		json_decref(described);
		return;
	}
	if (*team_boot_id(run->team))
		snprintf(boot_id, sizeof(boot_id), "%s",
			 team_boot_id(run->team));
	else
		read_boot_id(boot_id);
	for (size_t i = 0; i < paths; i++) {
		json_array_append_new(
			described,
			lab_is_outside(run->lab)
				? json_object()
				: lab_describe_observed(run->lab, index[i]));
		request->m1[i] = ask_m1(run, index[i], boot_id);
	}
	request->m2 =
		json_pack("{ss sb sb so}", "node",
			  lab_node_name(lab_path_m2(run->lab, index[0])->node),
			  "ebpf", run->plan->observe == PLAN_OBSERVE_FULL,
			  "profile", profile, "path", described);
}

void observe_release(struct observe_request *request)
{
	json_decref(request->m2);
	for (size_t i = 0; i < BLOCK_MAX_PATHS; i++)
		json_decref(request->m1[i]);
	memset(request, 0, sizeof(*request));
}

void observe_merge(json_t **counters, json_t *seen)
{
	if (!seen)
		return;
	if (*counters)
		json_object_update(*counters, seen);
	else
		*counters = json_incref(seen);
}
