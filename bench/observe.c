/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe - what observing costs in throughput, and in time.
 *
 * Blocks of the native path, one with each mode in random order, again and
 * again: off, basic, full. A mode's effect is the ratio of its throughput to
 * that of off in the same rounds, with the estimator's interval; the time is
 * that of whole blocks, for between the slices it is the basic mode's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rig.h"
#include "stats/estimate.h"

enum mode { OFF, BASIC, FULL, MODES };

static const char *const mode_names[MODES] = { "off", "basic", "full" };

static const struct {
	int64_t mtu, socket_size, message_size;
} points[] = { { 1500, 131072, 65536 }, { 500, 16384, 4096 } };

#define POINTS	   (sizeof(points) / sizeof(points[0]))
#define ROUNDS_MAX 1000

struct bench {
	int rounds, done;
	json_t *m1[MODES], *m2[MODES];
	double rate[POINTS][MODES][ROUNDS_MAX];
	double time[MODES];
};

static json_t *hop(int pid, const char *node, const char *ifname)
{
	char netns[64];

	snprintf(netns, sizeof(netns), "/proc/%d/ns/net", pid);
	return json_pack("{ss ss ss ss}", "node", node, "ifname", ifname,
			 "role", "end", "netns", netns);
}

static void ask(struct bench *bench, const struct rig *rig)
{
	char boot_id[64] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file && fgets(boot_id, sizeof(boot_id), file))
		boot_id[strcspn(boot_id, "\n")] = '\0';
	if (file)
		fclose(file);
	for (int mode = BASIC; mode < MODES; mode++) {
		bench->m1[mode] =
			json_pack("{ss ss ss}", "node", "native", "kernel",
				  boot_id, "ifname", "eth0");
		bench->m2[mode] = json_pack(
			"{ss sb s[{si s{} s[oo]}]}", "node", "M2", "ebpf",
			mode == FULL, "path", "agent", (int)rig->m1_pid,
			"processes", "hops", hop(rig->m1_pid, "native", "eth0"),
			hop(rig->m2_pid, "M2", "eth1"));
	}
}

static int run_mode(struct bench *bench, struct rig *rig, size_t p,
		    enum mode mode, struct err *err)
{
	struct rig_block block = { .timing = { .warmup_ns = 30 * NS_PER_MS,
					       .guard_ns = 2 * NS_PER_MS,
					       .slice_ns = 10 * NS_PER_MS,
					       .patience_ns = 5 * NS_PER_S },
				   .slices = 24,
				   .m1_observe = bench->m1[mode],
				   .m2_observe = bench->m2[mode] };
	struct agent_block_path path;
	int64_t begun_ns;
	int rc;

	point_init(&block.point);
	block.point.value[AXIS_MTU] = points[p].mtu;
	block.point.value[AXIS_SOCKET_SIZE] = points[p].socket_size;
	block.point.value[AXIS_MESSAGE_SIZE] = points[p].message_size;
	begun_ns = clock_mono_ns();
	rc = rig_run_block(rig, &block, &path, err);
	if (rc)
		return err_wrap(err, "%s", mode_names[mode]);
	if (mode == FULL && json_object_get(path.counters, "no_ebpf"))
		fprintf(stderr, "no eBPF: %s\n",
			json_string_value(
				json_object_get(path.counters, "no_ebpf")));
	bench->time[mode] += (double)(clock_mono_ns() - begun_ns);
	bench->rate[p][mode][bench->done] = path.throughput_mbps;
	agent_block_path_free(&path);
	return 0;
}

static int run_round(struct bench *bench, struct rig *rig, struct err *err)
{
	int rc = 0;

	for (size_t p = 0; p < POINTS && !rc; p++) {
		long first = random() % MODES, step = 1 + random() % 2;

		rc = rig_set(rig, (int)points[p].mtu, OFFLOAD_OFF, err);
		for (int i = 0; i < MODES && !rc; i++)
			rc = run_mode(bench, rig, p,
				      (enum mode)((first + i * step) % MODES),
				      err);
	}
	bench->done += !rc;
	return rc;
}

static void print_result(const struct bench *bench)
{
	for (size_t p = 0; p < POINTS; p++)
		for (int mode = BASIC; mode < MODES; mode++) {
			const struct stats_blocks blocks = {
				.n = (size_t)bench->done,
				.x = bench->rate[p][OFF],
				.y = bench->rate[p][mode],
			};
			struct stats_efficiency e;

			stats_estimate(&blocks, NULL, &e);
			printf("mtu %4d, socket %6d, message %5d: %-5s %.4f "
			       "of off (%.4f to %.4f), %zu blocks, s %.3f\n",
			       (int)points[p].mtu, (int)points[p].socket_size,
			       (int)points[p].message_size, mode_names[mode],
			       e.ratio, e.lo, e.hi, e.n, e.s);
		}
	for (int mode = BASIC; mode < MODES; mode++)
		printf("a block takes %.3f of its time with observe off: %s\n",
		       bench->time[mode] / bench->time[OFF], mode_names[mode]);
}

static int run(struct rig *rig, void *arg, struct err *err)
{
	struct bench *bench = arg;
	int rc = rig_place(rig, true, err);

	ask(bench, rig);
	while (!rc && bench->done < bench->rounds)
		rc = run_round(bench, rig, err);
	if (!rc)
		print_result(bench);
	for (int mode = 0; mode < MODES; mode++) {
		json_decref(bench->m1[mode]);
		json_decref(bench->m2[mode]);
	}
	return rc;
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc < 2 || argc > 3) {
		fputs("usage: observe VAZAO [ROUNDS]\n", stderr);
		return 2;
	}
	bench.rounds = argc == 3 ? atoi(argv[2]) : 100;
	if (bench.rounds < 2 || bench.rounds > ROUNDS_MAX)
		bench.rounds = 100;
	srandom((unsigned int)getpid());
	return rig_run(argv[1], 0, run, &bench);
}
