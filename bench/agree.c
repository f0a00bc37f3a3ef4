/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agree - does vazao measure what iperf3 measures?
 *
 * usage: agree VAZAO [ROUNDS [free]]
 *
 * Both between the same two namespaces on one veth, offloads off, with the
 * same MTU, socket size (-w), message size (-l), congestion control (-C) and
 * direction (-R), in turn, and either end on a processor of its own (`free`:
 * wherever the kernel puts them). A round is vazao, iperf3, iperf3, vazao;
 * each a continuous window of one second behind a second of warm-up. Beside it
 * vazao's slices of 10 ms against its own window, and the processor time that
 * either tool took for a KB, both ends together.
 *
 * Twice: on a cable of 100 Mbit/s, where the path decides the rate and the
 * tools must agree (exit status 1 if a cell is off by more than 5 %); and on
 * one without limit, where the generators decide it. Both with TCP_NODELAY
 * (-N): with Nagle's algorithm iperf3 3.12 is slower wherever a message leaves
 * a short segment at its end (4096 is two segments of 1448 and 1200 bytes).
 * It needs so long from one write to the next (a pselect() every ten, a
 * pselect() each read) that the acknowledgement is back before; each remainder
 * then goes alone and waits again, one message a round trip, where a faster
 * writer fills the remainder up and keeps the pipe full.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "rig.h"
#include "stats/estimate.h"

#define ROUNDS	   5
#define ROUNDS_MAX 100
#define PORT	   "5201"
#define CONGESTION "reno"

struct cell {
	int64_t mtu, socket_size, message_size;
	int direction;
};

/* clang-format off */
static const struct cell cells[] = {
	{ 1500,  16384,  4096, DIRECTION_SEND },
	{ 1500, 131072, 65536, DIRECTION_SEND },
	{  500,  65536,  8192, DIRECTION_SEND },
	{ 1500, 131072, 65536, DIRECTION_RECEIVE },
	/* for the processor time */
	{ 1500, 131072,   512, DIRECTION_SEND },
};
/* clang-format on */

#define JUDGED_BPS INT64_C(100000000)

struct options {
	int rounds;
	bool apart;
	int64_t link_bps;
};

struct run {
	double mbps;
	double cpu_ns_per_kb;
};

static double ns_per_kb(int64_t cpu_ns, double bytes)
{
	return bytes > 0 ? (double)cpu_ns / (bytes / 1024) : NAN;
}

static void fill_block(const struct cell *cell, struct rig_block *block)
{
	int64_t *v = block->point.value;

	memset(block, 0, sizeof(*block));
	point_init(&block->point);
	v[AXIS_DIRECTION] = cell->direction;
	v[AXIS_MTU] = cell->mtu;
	v[AXIS_SOCKET_SIZE] = cell->socket_size;
	v[AXIS_MESSAGE_SIZE] = cell->message_size;
	v[AXIS_NODELAY] = true;
	block->congestion = CONGESTION;
	block->timing = (struct block_timing){ .warmup_ns = NS_PER_S,
					       .slice_ns = NS_PER_S,
					       .patience_ns = 3 * NS_PER_S };
	block->slices = 1;
}

static int run_vazao(struct rig *rig, const struct cell *cell, struct run *run,
		     struct err *err)
{
	struct agent_block_path path;
	struct rig_block block;
	int64_t before_ns, after_ns;
	int rc = rig_read_cpu(rig, &before_ns, err);

	fill_block(cell, &block);
	if (!rc)
		rc = rig_run_block(rig, &block, &path, err);
	if (!rc)
		rc = rig_read_cpu(rig, &after_ns, err);
	if (rc)
		return rc;
	run->mbps = path.throughput_mbps;
	run->cpu_ns_per_kb =
		ns_per_kb(after_ns - before_ns,
			  (double)path.messages * (double)cell->message_size);
	agent_block_path_free(&path);
	return 0;
}

/* As a study's block has them: 8 slices, for one path alone. */
static int run_slices(struct rig *rig, const struct cell *cell, double *mbps,
		      struct err *err)
{
	struct agent_block_path path;
	struct rig_block block;
	int rc;

	fill_block(cell, &block);
	block.timing.warmup_ns = 30 * NS_PER_MS;
	block.timing.guard_ns = 2 * NS_PER_MS;
	block.timing.slice_ns = 10 * NS_PER_MS;
	block.slices = 8;
	rc = rig_run_block(rig, &block, &path, err);
	if (rc)
		return rc;
	*mbps = path.throughput_mbps;
	agent_block_path_free(&path);
	return 0;
}

static json_t *words(const char *const *word)
{
	json_t *array = json_array();

	for (; *word; word++)
		json_array_append_new(array, json_string(*word));
	return array;
}

static json_t *exec_args(const char *const *word)
{
	return json_pack("{so sI}", "argv", words(word), "timeout_ns",
			 (json_int_t)(10 * NS_PER_S));
}

static int run_client(struct rig *rig, const struct cell *cell, json_t **report,
		      struct err *err)
{
	char window[24], length[24];
	const char *const argv[] = {
		"iperf3",
		"-c",
		rig->m2_address,
		"-p",
		PORT,
		"-J",
		"-t",
		"1",
		"-O",
		"1",
		"-i",
		"0",
		"-w",
		window,
		"-l",
		length,
		"-N",
		"-C",
		CONGESTION,
		cell->direction == DIRECTION_RECEIVE ? "-R" : NULL,
		NULL,
	};
	json_t *reply;
	const char *output;
	int rc;

	snprintf(window, sizeof(window), "%lld", (long long)cell->socket_size);
	snprintf(length, sizeof(length), "%lld", (long long)cell->message_size);
	rc = agent_call(rig->m1, "exec", exec_args(argv), 12 * NS_PER_S, &reply,
			err);
	if (rc)
		return rc;
	rc = json_get_string(reply, "output", &output, err);
	*report = rc ? NULL : json_loads(output, 0, NULL);
	if (!*report)
		rc = err_set(err, EPROTO, "iperf3 said '%.200s'",
			     rc ? "" : output);
	json_decref(reply);
	return rc;
}

/* The server takes a moment until it listens: a client too early is told so,
 * and asked again. */
static int run_client_soon(struct rig *rig, const struct cell *cell,
			   json_t **report, struct err *err)
{
	for (int i = 0; i < 20; i++) {
		int rc;

		clock_sleep_ns(50 * NS_PER_MS);
		rc = run_client(rig, cell, report, err);
		if (rc || !json_object_get(*report, "error"))
			return rc;
		err_set(err, EIO, "iperf3: %s",
			json_string_value(json_object_get(*report, "error")));
		json_decref(*report);
	}
	return -err->code;
}

static int read_report(json_t *report, struct run *run, int64_t cpu_ns,
		       struct err *err)
{
	double bps, seconds;

	if (json_unpack(report, "{s{s{sF sF}}}", "end", "sum_received",
			"bits_per_second", &bps, "seconds", &seconds) < 0)
		return err_set(err, EPROTO, "iperf3's report has no rate");
	run->mbps = bps / 1e6;
	/* the second that it omits was as busy as the one that it reports */
	run->cpu_ns_per_kb = ns_per_kb(cpu_ns, 2 * bps / 8 * seconds);
	return 0;
}

static int run_iperf3(struct rig *rig, const struct cell *cell, struct run *run,
		      struct err *err)
{
	const char *const server[] = { "iperf3", "-s", "-1", "-p", PORT, NULL };
	int64_t before_ns, after_ns;
	json_t *report = NULL;
	int rc = rig_read_cpu(rig, &before_ns, err);

	if (!rc)
		rc = agent_post(rig->m2, "exec", exec_args(server), err);
	if (!rc)
		rc = run_client_soon(rig, cell, &report, err);
	if (!rc)
		rc = agent_wait(rig->m2, 12 * NS_PER_S, NULL, err);
	if (!rc)
		rc = rig_read_cpu(rig, &after_ns, err);
	if (!rc)
		rc = read_report(report, run, after_ns - before_ns, err);
	json_decref(report);
	return rc;
}

/* Everything measured in a cell, [round]. */
struct samples {
	double vazao[ROUNDS_MAX], iperf3[ROUNDS_MAX], slices[ROUNDS_MAX];
	double vazao_cpu[ROUNDS_MAX], iperf3_cpu[ROUNDS_MAX];
};

/* V I I V and two blocks of slices: what drifts hits all alike. */
static int run_round(struct rig *rig, const struct cell *cell, int i,
		     struct samples *s, struct err *err)
{
	struct run v[2], p[2];
	double slices[2];
	int rc = run_vazao(rig, cell, &v[0], err);

	if (!rc)
		rc = run_slices(rig, cell, &slices[0], err);
	if (!rc)
		rc = run_iperf3(rig, cell, &p[0], err);
	if (!rc)
		rc = run_iperf3(rig, cell, &p[1], err);
	if (!rc)
		rc = run_slices(rig, cell, &slices[1], err);
	if (!rc)
		rc = run_vazao(rig, cell, &v[1], err);
	if (rc)
		return rc;
	s->vazao[i] = (v[0].mbps + v[1].mbps) / 2;
	s->iperf3[i] = (p[0].mbps + p[1].mbps) / 2;
	s->slices[i] = (slices[0] + slices[1]) / 2;
	s->vazao_cpu[i] = (v[0].cpu_ns_per_kb + v[1].cpu_ns_per_kb) / 2;
	s->iperf3_cpu[i] = (p[0].cpu_ns_per_kb + p[1].cpu_ns_per_kb) / 2;
	return 0;
}

/* Ratio of two series and half its 95 % interval, relative: by the ratios'
 * logarithms, t(n - 1). */
struct ratio {
	double value, half;
};

static struct ratio ratio_of(const double *y, const double *x, int n)
{
	double sum = 0, squares = 0, mean;

	for (int i = 0; i < n; i++)
		sum += log(y[i] / x[i]);
	mean = sum / n;
	for (int i = 0; i < n; i++)
		squares += pow(log(y[i] / x[i]) - mean, 2);
	return (struct ratio){
		.value = exp(mean),
		.half = stats_t_quantile(n - 1) * sqrt(squares / (n - 1) / n),
	};
}

static double mean_of(const double *x, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

static void print_cell(const struct cell *cell, const struct samples *s, int n)
{
	struct ratio rate = ratio_of(s->vazao, s->iperf3, n);
	struct ratio slices = ratio_of(s->slices, s->vazao, n);
	struct ratio cpu = ratio_of(s->vazao_cpu, s->iperf3_cpu, n);

	printf("%5lld %7lld %7lld %-7s %7.0f %7.0f  %.3f +-%4.1f%%  "
	       "%.3f +-%4.1f%%  %5.0f %5.0f  %.2f +-%4.1f%%\n",
	       (long long)cell->mtu, (long long)cell->socket_size,
	       (long long)cell->message_size,
	       axis_table[AXIS_DIRECTION].choices[cell->direction],
	       mean_of(s->vazao, n), mean_of(s->iperf3, n), rate.value,
	       100 * rate.half, slices.value, 100 * slices.half,
	       mean_of(s->vazao_cpu, n), mean_of(s->iperf3_cpu, n), cpu.value,
	       100 * cpu.half);
	fflush(stdout);
}

static int run_cell(struct rig *rig, const struct cell *cell, int rounds,
		    bool *agree, struct err *err)
{
	struct samples s;
	double off;
	int rc = rig_set(rig, (int)cell->mtu, OFFLOAD_OFF, err);

	for (int i = 0; i < rounds && !rc; i++)
		rc = run_round(rig, cell, i, &s, err);
	if (rc)
		return rc;
	print_cell(cell, &s, rounds);
	off = ratio_of(s.vazao, s.iperf3, rounds).value - 1;
	*agree = *agree && fabs(off) <= 0.05;
	return 0;
}

static int compare(struct rig *rig, void *arg, struct err *err)
{
	const struct options *options = arg;
	bool agree = true;
	int rc = rig_place(rig, options->apart, err);

	printf("\ncable %s, the ends %s\n",
	       options->link_bps ? "100 Mbit/s" : "without limit",
	       options->apart ? "on a processor each" : "anywhere");
	printf("                              Mb/s            vazao /        "
	       "10 ms / 1 s    CPU ns/KB     CPU\n"
	       "  mtu  socket message           vazao  iperf3  iperf3         "
	       "(vazao)        vazao iperf3  ratio\n");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]) && !rc; i++)
		rc = run_cell(rig, &cells[i], options->rounds, &agree, err);
	if (!rc && !agree && options->link_bps)
		return err_set(err, ERANGE, "a cell is off by more than 5 %%");
	return rc;
}

int main(int argc, char **argv)
{
	struct options options = {
		.rounds = argc > 2 ? atoi(argv[2]) : ROUNDS,
		.apart = argc < 4 || strcmp(argv[3], "free") != 0,
		.link_bps = JUDGED_BPS,
	};
	int status;

	if (argc < 2 || options.rounds < 2 || options.rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: agree VAZAO [ROUNDS (2..%d) [free]]\n",
			ROUNDS_MAX);
		return 2;
	}
	status = rig_run(argv[1], options.link_bps, compare, &options);
	options.link_bps = 0;
	return rig_run(argv[1], options.link_bps, compare, &options) || status;
}
