/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void insist(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static const char *static_agent(const char *vazao)
{
	static char path[1024];
	const char *slash = strrchr(vazao, '/');

	snprintf(path, sizeof(path), "%.*s/vazao-agent", (int)(slash - vazao),
		 vazao);
	return path;
}

static void create_lab(struct agent_bed *bed, int64_t link_bps)
{
	static struct lab_path_spec spec[AGENT_BED_PATHS];
	const char *vazao = getenv("VAZAO");
	struct lab_path_failure failures[AGENT_BED_PATHS];
	struct err err = ERR_INIT;
	size_t failed = 0;

	for (size_t i = 0; i < bed->paths; i++)
		spec[i] = (struct lab_path_spec){
			bed->path[i].name, bed->path[i].kind,
			bed->path[i].options
				? json_loads(bed->path[i].options, 0, NULL)
				: NULL
		};
	if (lab_create(&bed->lab,
		       &(struct lab_args){ .path = spec,
					   .paths = bed->paths,
					   .link_bps = link_bps,
					   .agent_path = static_agent(vazao),
					   .self_path = vazao },
		       failures, &failed, &err)) {
		fprintf(stderr, "agent_bed: %s\n", err.text);
		exit(1);
	}
	for (size_t i = 0; i < failed; i++)
		bed->why[failures[i].path] = failures[i].err;
}

void agent_bed_start(struct agent_bed *bed, int path)
{
	struct agent **agent = path < 0 ? &bed->m2 : &bed->m1[path];
	const char *name = path < 0 ? "M2" : bed->path[path].name;
	struct lab_channel channel;
	struct err err = ERR_INIT;

	agent_detach(*agent);
	*agent = NULL;
	insist(lab_start_agent(bed->lab, lab_find_node(bed->lab, name),
			       &channel, &err),
	       &err);
	insist(agent_attach(agent, name, channel.read_fd, channel.write_fd,
			    30 * NS_PER_S, &err),
	       &err);
}

void agent_bed_create(struct agent_bed *bed, const struct agent_bed_path *path,
		      size_t paths, int64_t link_bps)
{
	memset(bed, 0, sizeof(*bed));
	bed->path = path;
	bed->paths = paths;
	create_lab(bed, link_bps);
	agent_bed_start(bed, -1);
	for (size_t i = 0; i < paths; i++)
		if (!bed->why[i].code)
			agent_bed_start(bed, (int)i);
}

void agent_bed_destroy(struct agent_bed *bed)
{
	agent_detach(bed->m2);
	for (size_t i = 0; i < bed->paths; i++)
		agent_detach(bed->m1[i]);
	lab_destroy(bed->lab);
}

static void set_end(struct agent *agent, const struct lab_end *end, int mtu,
		    int offload)
{
	struct err err = ERR_INIT;
	char address[32];

	snprintf(address, sizeof(address), "%s/%d", end->address, end->prefix);
	insist(agent_set_netdev(
		       agent,
		       &(struct agent_netdev){
			       .ifname = end->ifname,
			       .mtu = end->mtu ? end->mtu : mtu,
			       .offload = end->fixed_offload ? -1 : offload,
			       .address = address },
		       NULL, &err),
	       &err);
}

void agent_bed_set(struct agent_bed *bed, size_t path, int mtu, int offload)
{
	struct err err = ERR_INIT;

	insist(lab_set_hops(bed->lab, path, mtu, offload, &err), &err);
	set_end(bed->m1[path], lab_path_m1(bed->lab, path), mtu, offload);
	set_end(bed->m2, lab_path_m2(bed->lab, path), mtu, offload);
}

int agent_bed_try(struct agent_bed *bed, size_t path, const struct point *point,
		  size_t slices, struct agent_block_path *result,
		  struct err *err)
{
	static const int order[256];
	const char *address = lab_path_m2(bed->lab, path)->address;
	int failed_path;

	return agent_run_block(
		&(struct agent_block_args){
			.m2 = bed->m2,
			.m1 = &bed->m1[path],
			.path_name = &bed->path[path].name,
			.m2_address = &address,
			.paths = 1,
			.point = point,
			.order = order,
			.slices = slices,
			.timing = { .warmup_ns = 30 * NS_PER_MS,
				    .guard_ns = 2 * NS_PER_MS,
				    .slice_ns = 10 * NS_PER_MS,
				    .patience_ns = 2 * NS_PER_S } },
		result, &failed_path, err);
}

double agent_bed_run(struct agent_bed *bed, size_t path,
		     const struct point *point)
{
	struct agent_block_path result;
	struct err err = ERR_INIT;
	double mbps;

	/* as a study does: what fails once is tried again */
	if (agent_bed_try(bed, path, point, 10, &result, &err) &&
	    agent_bed_try(bed, path, point, 10, &result, &err))
		fail_msg("%s: %s", bed->path[path].name, err.text);
	mbps = result.throughput_mbps;
	agent_block_path_free(&result);
	return mbps;
}
