/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * soak - does anything grow? 64 flows, block after block.
 *
 * usage: soak VAZAO [SECONDS]
 *
 * An hour by default, on one veth: a stream, transactions and datagrams in
 * turn, each a block of a second. After a tenth of the time both agents'
 * resident memory and open files are taken down; at the end neither may have
 * more files, nor more than 1 MiB of memory above it. Exit status 1 if so.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"

#define SECONDS	  3600
#define FLOWS	  64
#define SLACK_KIB 1024

static const int workloads[] = { WORKLOAD_TCP_STREAM, WORKLOAD_TCP_RR,
				 WORKLOAD_UDP_STREAM };

struct size {
	int64_t kib;
	int files;
};

static struct size size_of(pid_t pid)
{
	struct size size = { 0 };
	char name[64], line[128];
	DIR *dir;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %" SCNd64, &size.kib) == 1)
			break;
	if (f)
		fclose(f);
	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	dir = opendir(name);
	while (dir && readdir(dir))
		size.files++;
	if (dir)
		closedir(dir);
	return size;
}

static int run_one(struct rig *rig, int workload, struct err *err)
{
	struct rig_block block = { .slices = 1, .congestion = "reno" };
	struct agent_block_path path;
	int rc;

	block.timing = (struct block_timing){ .warmup_ns = 30 * NS_PER_MS,
					      .guard_ns = 2 * NS_PER_MS,
					      .slice_ns = NS_PER_S,
					      .patience_ns = 5 * NS_PER_S };
	point_init(&block.point);
	block.point.value[AXIS_WORKLOAD] = workload;
	block.point.value[AXIS_FLOWS] = FLOWS;
	if (workload == WORKLOAD_UDP_STREAM)
		block.point.value[AXIS_MESSAGE_SIZE] = 1400;
	rc = rig_run_block(rig, &block, &path, err);
	if (!rc)
		agent_block_path_free(&path);
	return rc;
}

static int check(const char *name, struct size before, struct size after,
		 struct err *err)
{
	printf("%s: %" PRId64 " KiB and %d files, then %" PRId64
	       " KiB and %d files\n",
	       name, before.kib, before.files, after.kib, after.files);
	if (after.files <= before.files && after.kib <= before.kib + SLACK_KIB)
		return 0;
	return err_set(err, ERANGE, "%s has grown", name);
}

static int inside(struct rig *rig, void *arg, struct err *err)
{
	int64_t seconds = *(int64_t *)arg, begun_ns = clock_mono_ns();
	struct size m1 = { 0 }, m2 = { 0 };
	int64_t blocks = 0;
	int rc = 0;

	while (!rc && clock_mono_ns() < begun_ns + seconds * NS_PER_S) {
		rc = run_one(rig, workloads[blocks++ % 3], err);
		if (!m1.kib &&
		    clock_mono_ns() > begun_ns + seconds * NS_PER_S / 10) {
			m1 = size_of(rig->m1_pid);
			m2 = size_of(rig->m2_pid);
		}
	}
	printf("%" PRId64 " blocks\n", blocks);
	if (!rc)
		rc = check("M1", m1, size_of(rig->m1_pid), err);
	return rc ? rc : check("M2", m2, size_of(rig->m2_pid), err);
}

int main(int argc, char **argv)
{
	int64_t seconds = argc > 2 ? atoll(argv[2]) : SECONDS;

	if (argc < 2 || seconds < 10) {
		fprintf(stderr, "usage: soak VAZAO [SECONDS], 10 at least\n");
		return 2;
	}
	return rig_run(argv[1], 0, inside, &seconds);
}
