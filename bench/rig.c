/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rig.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/cage.h"

#define HELLO_TIMEOUT_NS (5 * NS_PER_S)

struct inside {
	const char *vazao;
	int64_t link_bps;
	rig_main *main;
	void *arg;
};

static int start(struct rig *rig, struct lab_node *node, struct agent **agent,
		 pid_t *pid, struct err *err)
{
	struct lab_channel channel;
	int rc = lab_start_agent(rig->lab, node, &channel, err);

	if (rc)
		return rc;
	*pid = channel.pid;
	return agent_attach(agent, lab_node_name(node), channel.read_fd,
			    channel.write_fd, HELLO_TIMEOUT_NS, err);
}

static int build(struct rig *rig, const struct inside *in, struct err *err)
{
	const struct lab_path_spec path = { .name = "native",
					    .kind = "native",
					    .options = json_object() };
	const struct lab_args args = { .path = &path,
				       .paths = 1,
				       .link_bps = in->link_bps,
				       .self_path = in->vazao };
	struct lab_path_failure failure;
	size_t failed;
	int rc = lab_create(&rig->lab, &args, &failure, &failed, err);

	if (!rc)
		rc = start(rig, lab_path_m1(rig->lab, 0)->node, &rig->m1,
			   &rig->m1_pid, err);
	if (!rc)
		rc = start(rig, lab_path_m2(rig->lab, 0)->node, &rig->m2,
			   &rig->m2_pid, err);
	if (!rc)
		rig->m2_address = lab_path_m2(rig->lab, 0)->address;
	return rc;
}

static int inside(void *arg)
{
	const struct inside *in = arg;
	struct rig rig = { 0 };
	struct err err = ERR_INIT;
	int rc = build(&rig, in, &err);

	if (!rc)
		rc = in->main(&rig, in->arg, &err);
	if (rc)
		fprintf(stderr, "bench: %s\n", err.text);
	agent_detach(rig.m1);
	agent_detach(rig.m2);
	lab_destroy(rig.lab);
	return rc ? 1 : 0;
}

int rig_run(const char *vazao, int64_t link_bps, rig_main *main, void *arg)
{
	struct inside in = {
		.vazao = vazao,
		.link_bps = link_bps,
		.main = main,
		.arg = arg,
	};
	struct err err = ERR_INIT;
	int status;

	if (cage_run(inside, &in, &status, &err)) {
		fprintf(stderr, "bench: %s\n", err.text);
		return 1;
	}
	return status;
}

static int set_end(struct agent *agent, const struct lab_end *end, int mtu,
		   int offload, struct err *err)
{
	const struct agent_netdev netdev = { .ifname = end->ifname,
					     .mtu = mtu,
					     .offload = offload };

	return agent_set_netdev(agent, &netdev, NULL, err);
}

int rig_set(struct rig *rig, int mtu, int offload, struct err *err)
{
	int rc = set_end(rig->m1, lab_path_m1(rig->lab, 0), mtu, offload, err);

	if (!rc)
		rc = set_end(rig->m2, lab_path_m2(rig->lab, 0), mtu, offload,
			     err);
	return rc ? rc : lab_set_hops(rig->lab, 0, mtu, offload, err);
}

static void prefer(pid_t pid)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/autogroup", (int)pid);
	f = fopen(name, "we");
	if (!f)
		return;
	fprintf(f, "-19");
	fclose(f);
}

static int place(pid_t pid, bool apart, int cpu, struct err *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		if (!apart || i == cpu)
			CPU_SET(i, &set);
	prefer(pid);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		return err_sys(err, errno, "placing process %d", (int)pid);
	return 0;
}

int rig_place(struct rig *rig, bool apart, struct err *err)
{
	int rc = place(rig->m1_pid, apart, 0, err);

	return rc ? rc : place(rig->m2_pid, apart, 1, err);
}

/* utime, stime, cutime, cstime: fields 14 to 17 of /proc/PID/stat */
static int add_cpu(pid_t pid, int64_t *ticks, struct err *err)
{
	int64_t time[4];
	char name[64];
	FILE *f;
	int n;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	f = fopen(name, "re");
	if (!f)
		return err_sys(err, errno, "%s", name);
	n = fscanf(f,
		   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64,
		   &time[0], &time[1], &time[2], &time[3]);
	fclose(f);
	if (n != 4)
		return err_set(err, EPROTO, "%s: not understood", name);
	for (int i = 0; i < 4; i++)
		*ticks += time[i];
	return 0;
}

int rig_read_cpu(struct rig *rig, int64_t *ns, struct err *err)
{
	int64_t ticks = 0;
	int rc = add_cpu(rig->m1_pid, &ticks, err);

	if (!rc)
		rc = add_cpu(rig->m2_pid, &ticks, err);
	*ns = ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
	return rc;
}

int rig_run_block(struct rig *rig, const struct rig_block *block,
		  struct agent_block_path *path, struct err *err)
{
	int *order = calloc(block->slices + 1, sizeof(*order));
	const char *const name = "native";
	int failed_path;
	const struct agent_block_args args = {
		.m2 = rig->m2,
		.m1 = &rig->m1,
		.path_name = &name,
		.m2_address = &rig->m2_address,
		.paths = 1,
		.point = &block->point,
		.congestion = block->congestion,
		.order = order,
		.slices = block->slices,
		.timing = block->timing,
		.m1_observe = &block->m1_observe,
		.m2_observe = block->m2_observe,
	};
	int rc = order ? agent_run_block(&args, path, &failed_path, err)
		       : err_set(err, ENOMEM, "out of memory");

	free(order);
	return rc;
}
