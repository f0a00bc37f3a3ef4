/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peers - is vazao as fast and as cheap as the generators people have?
 *
 * usage: peers VAZAO [ROUNDS [GROUP...]]
 *
 * In one pair of namespaces on one veth, offloads on, MTU 1500, reno and
 * TCP_NODELAY for all, each tool in turn, a second each, the order reversed
 * every other round; each end on a processor of its own. Peers that are not
 * on PATH are named and left out (netperf is not in Debian's main; neper is
 * known by its program tcp_rr). A message is one system call with all of
 * them. Of a cell's peers the best one is vazao's measure; rates are the
 * receiver's payload or transactions, and the processor time is the whole
 * machine's (/proc/stat, in 10 ms steps) over all that was moved.
 *
 * The verdict: the median of the rates' ratios is 1.00 or more and none is
 * below 0.97; the same for the inverse of the costs. Exit status 1 if not.
 * Groups: stream socket flows udp latency crr modern memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "peers.h"
#include "rig.h"
#include "stats/estimate.h"

#define ROUNDS	   5
#define ROUNDS_MAX 50
#define PEERS_MAX  8
#define CELLS_MAX  64

/* clang-format off */
static const struct cell cells[] = {
	{ WORKLOAD_TCP_STREAM,	    64,	    0,	1, .group = "stream" },
	{ WORKLOAD_TCP_STREAM,	   512,	    0,	1, .group = "stream" },
	{ WORKLOAD_TCP_STREAM,	  4096,	    0,	1, .group = "stream" },
	{ WORKLOAD_TCP_STREAM,	 65536,	    0,	1, .group = "stream" },
	{ WORKLOAD_TCP_STREAM, 1048576,	    0,	1, .group = "stream" },
	{ WORKLOAD_TCP_STREAM,	    64, 65536,	1, .group = "socket" },
	{ WORKLOAD_TCP_STREAM,	  4096, 65536,	1, .group = "socket" },
	{ WORKLOAD_TCP_STREAM,	 65536, 65536,	1, .group = "socket" },
	{ WORKLOAD_TCP_STREAM, 1048576, 65536,	1, .group = "socket" },
	{ WORKLOAD_TCP_STREAM,	 65536,	    0,	8, .group = "flows" },
	{ WORKLOAD_TCP_STREAM,	 65536,	    0, 64, .group = "flows" },
	{ WORKLOAD_UDP_STREAM,	    64,	    0,	1, .group = "udp" },
	{ WORKLOAD_UDP_STREAM,	  1472,	    0,	1, .group = "udp" },
	{ WORKLOAD_TCP_RR,	    14,	    0,	1, .group = "latency" },
	{ WORKLOAD_UDP_RR,	    14,	    0,	1, .group = "latency" },
	{ WORKLOAD_TCP_CRR,	    14,	    0,	1, .group = "crr" },
};
/* clang-format on */

#define CELLS (sizeof(cells) / sizeof(cells[0]))

struct options {
	int rounds;
	char **groups; /* NULL-ended; none: all */
};

/* A cell's rounds, of vazao ([0]) and of each peer that gave a result in all
 * of them. */
struct samples {
	const struct peer *tool[PEERS_MAX]; /* NULL: vazao */
	double rate[PEERS_MAX][ROUNDS_MAX], cost[PEERS_MAX][ROUNDS_MAX];
	int tools;
};

struct verdict {
	double rate[CELLS_MAX], cost[CELLS_MAX];
	int cells;
};

static bool exchanges(const struct cell *cell)
{
	return cell->workload != WORKLOAD_TCP_STREAM &&
	       cell->workload != WORKLOAD_UDP_STREAM;
}

/* All but idle and iowait; steal is no work of ours. */
static int read_busy(int64_t *ns, struct err *err)
{
	int64_t user, nice, system, irq, softirq;
	FILE *f = fopen("/proc/stat", "re");
	int n;

	if (!f)
		return err_sys(err, errno, "/proc/stat");
	n = fscanf(f,
		   "cpu %" SCNd64 "%" SCNd64 "%" SCNd64 "%*d %*d"
		   "%" SCNd64 "%" SCNd64,
		   &user, &nice, &system, &irq, &softirq);
	fclose(f);
	if (n != 5)
		return err_set(err, EPROTO, "/proc/stat: not understood");
	*ns = (user + nice + system + irq + softirq) *
	      (NS_PER_S / sysconf(_SC_CLK_TCK));
	return 0;
}

static void fill_block(const struct cell *cell, struct rig_block *block)
{
	int64_t *v = block->point.value;

	memset(block, 0, sizeof(*block));
	point_init(&block->point);
	v[AXIS_WORKLOAD] = cell->workload;
	v[AXIS_FLOWS] = cell->flows;
	v[AXIS_SOCKET_SIZE] = cell->socket_size;
	if (exchanges(cell))
		v[AXIS_REQUEST_SIZE] = v[AXIS_RESPONSE_SIZE] = cell->size;
	else
		v[AXIS_MESSAGE_SIZE] = cell->size;
	v[AXIS_NODELAY] = axis_applies(AXIS_NODELAY, &block->point);
	v[AXIS_ZERO_COPY] = cell->zero_copy;
	v[AXIS_MSG_TRUNC] = cell->msg_trunc;
	v[AXIS_BUSY_POLL] = cell->busy_poll_us;
	block->congestion = "reno";
	block->timing =
		(struct block_timing){ .warmup_ns = 20 * NS_PER_MS,
				       .slice_ns = PEERS_SECONDS * NS_PER_S,
				       .patience_ns = 3 * NS_PER_S };
	block->slices = 1;
}

static int run_block(struct rig *rig, const struct rig_block *block,
		     struct figure *figure, struct err *err)
{
	struct agent_block_path path;
	int rc = rig_run_block(rig, block, &path, err);

	if (rc)
		return rc;
	figure->rate = path.throughput_mbps;
	if (path.transactions)
		figure->rate = (double)path.transactions * 1e9 /
			       (double)path.slice[0].duration_ns;
	/* at the rate of the slice, the warm-up moved as much: the processor
	 * worked for it, too */
	figure->total =
		(path.transactions ? 1 : 1e6 / 8) * figure->rate *
		((double)(path.slice[0].duration_ns + block->timing.warmup_ns) /
		 1e9);
	agent_block_path_free(&path);
	return 0;
}

static json_t *exec_args(const struct argv *argv)
{
	json_t *array = json_array();

	for (int i = 0; argv->word[i]; i++)
		json_array_append_new(array, json_string(argv->word[i]));
	return json_pack("{so sI}", "argv", array, "timeout_ns",
			 (json_int_t)(10 * NS_PER_S));
}

static int run_client(struct rig *rig, const struct peer *peer,
		      const struct cell *cell, struct figure *figure,
		      struct err *err)
{
	struct argv client = { .count = 0 };
	const char *output = "";
	json_t *reply;
	int rc;

	peer->client(&client, cell, rig->m2_address);
	rc = agent_call(rig->m1, "exec", exec_args(&client), 12 * NS_PER_S,
			&reply, err);
	if (rc)
		return rc;
	json_get_string(reply, "output", &output, NULL);
	rc = peer->parse(cell, output, figure, err);
	json_decref(reply);
	return rc;
}

/* The client, until the server listens. */
static int try_client(struct rig *rig, const struct peer *peer,
		      const struct cell *cell, struct figure *figure,
		      struct err *err)
{
	int rc = -EPROTO;

	for (int try = 0; rc == -EPROTO && try < 10; try++) {
		clock_sleep_ns(100 * NS_PER_MS);
		rc = run_client(rig, peer, cell, figure, err);
	}
	return rc;
}

static int run_peer(struct rig *rig, const struct peer *peer,
		    const struct cell *cell, struct figure *figure,
		    struct err *err)
{
	struct argv server = { .count = 0 };
	const char *said = "";
	json_t *reply = NULL;
	int rc;

	peer->server(&server, cell);
	rc = agent_post(rig->m2, "exec", exec_args(&server), err);
	if (!rc)
		rc = try_client(rig, peer, cell, figure, err);
	if (agent_wait(rig->m2, 12 * NS_PER_S, &reply, rc ? NULL : err) && !rc)
		return -err->code;
	json_get_string(reply, "output", &said, NULL);
	if (rc)
		err_wrap(err, "its server said '%.80s'", said);
	json_decref(reply);
	return rc;
}

static int run_tool(struct rig *rig, const struct cell *cell,
		    const struct peer *peer, double *rate, double *cost,
		    struct err *err)
{
	struct rig_block block;
	struct figure figure = { 0 };
	int64_t before_ns, after_ns;
	int rc = read_busy(&before_ns, err);

	fill_block(cell, &block);
	if (!rc)
		rc = peer ? run_peer(rig, peer, cell, &figure, err)
			  : run_block(rig, &block, &figure, err);
	if (!rc)
		rc = read_busy(&after_ns, err);
	if (rc)
		return err_wrap(err, "%s", peer ? peer->name : "vazao");
	*rate = figure.rate;
	*cost = (double)(after_ns - before_ns) /
		(exchanges(cell) ? figure.total : figure.total / 1024);
	return 0;
}

static bool on_path(const char *name)
{
	char command[96];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1",
		 name);
	return system(command) == 0;
}

static void choose_tools(const struct cell *cell, struct samples *s)
{
	s->tools = 0;
	s->tool[s->tools++] = NULL;
	for (const struct peer *p = peers; p->name; p++)
		if (p->can(cell) && on_path(p->program))
			s->tool[s->tools++] = p;
}

static void leave_out(struct samples *s, int t, const struct err *why)
{
	printf("    %s gave nothing here and is left out: %s\n",
	       s->tool[t]->name, why->text);
	for (s->tools--; t < s->tools; t++) {
		s->tool[t] = s->tool[t + 1];
		memcpy(s->rate[t], s->rate[t + 1], sizeof(s->rate[t]));
		memcpy(s->cost[t], s->cost[t + 1], sizeof(s->cost[t]));
	}
}

/* What of a peer is no result is its affair; the rig's errors are ours. */
static int run_round(struct rig *rig, const struct cell *cell, int i,
		     struct samples *s, struct err *err)
{
	int step = i % 2 ? -1 : 1;

	for (int t = i % 2 ? s->tools - 1 : 0; t >= 0 && t < s->tools;
	     t += step) {
		struct err why = ERR_INIT;
		int rc = run_tool(rig, cell, s->tool[t], &s->rate[t][i],
				  &s->cost[t][i], &why);

		if (rc == -EPROTO && s->tool[t]) {
			leave_out(s, t, &why);
			t -= i % 2 ? 0 : 1;
		} else if (rc) {
			*err = why;
			return rc;
		}
	}
	return 0;
}

static int run_rounds(struct rig *rig, const struct cell *cell, int rounds,
		      struct samples *s, struct err *err)
{
	int rc = 0;

	choose_tools(cell, s);
	for (int i = 0; i < rounds && !rc; i++)
		rc = run_round(rig, cell, i, s, err);
	return rc;
}

/* Ratio of two series by its logarithms, and half its 95 % interval. */
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
	return (struct ratio){ .value = exp(mean),
			       .half = n > 1 ? stats_t_quantile(n - 1) *
						       sqrt(squares / (n - 1) /
							    n)
					     : 0 };
}

static double mean_of(const double *x, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i] / n;
	return sum;
}

/* The verdict is on the fastest of the peers. */
static void print_cell(const struct cell *cell, const struct samples *s, int n,
		       struct verdict *verdict)
{
	double best_rate = HUGE_VAL, best_cost = HUGE_VAL;

	printf("%-10s %7" PRId64 " socket %5" PRId64 " flows %2" PRId64
	       "  vazao %9.0f %s at %5.0f ns\n",
	       axis_table[AXIS_WORKLOAD].choices[cell->workload], cell->size,
	       cell->socket_size, cell->flows, mean_of(s->rate[0], n),
	       exchanges(cell) ? "/s" : "Mb/s", mean_of(s->cost[0], n));
	for (int t = 1; t < s->tools; t++) {
		struct ratio rate = ratio_of(s->rate[0], s->rate[t], n);
		struct ratio cost = ratio_of(s->cost[t], s->cost[0], n);

		printf("    %-9s %9.0f at %5.0f ns   rate %.3f +-%4.1f%%   "
		       "its cost / ours %.3f +-%4.1f%%\n",
		       s->tool[t]->name, mean_of(s->rate[t], n),
		       mean_of(s->cost[t], n), rate.value, 100 * rate.half,
		       cost.value, 100 * cost.half);
		if (rate.value < best_rate) {
			best_rate = rate.value;
			best_cost = cost.value;
		}
	}
	fflush(stdout);
	if (s->tools == 1) {
		printf("    no peer gave a result\n");
		return;
	}
	verdict->rate[verdict->cells] = best_rate;
	verdict->cost[verdict->cells++] = best_cost;
}

static bool is_wanted(const struct options *options, const char *group)
{
	if (!options->groups || !options->groups[0])
		return true;
	for (char **g = options->groups; *g; g++)
		if (strcmp(*g, group) == 0)
			return true;
	return false;
}

/* A stream of 64 KB messages, each way a cell of its own. */
#define WAY(zero_copy, msg_trunc, busy_poll_us, words)                   \
	{                                                                \
		WORKLOAD_TCP_STREAM, 65536, 0, 1, "modern", (zero_copy), \
			(msg_trunc), (busy_poll_us), (words)             \
	}

static const struct way {
	const char *name, *peer; /* NULL: vazao */
	struct cell cell;
} ways[] = {
	{ "vazao", NULL, WAY(0, 0, 0, NULL) },
	{ "vazao msg_zerocopy", NULL, WAY(ZERO_COPY_MSG, 0, 0, NULL) },
	{ "vazao sendfile", NULL, WAY(ZERO_COPY_SENDFILE, 0, 0, NULL) },
	{ "vazao splice", NULL, WAY(ZERO_COPY_SPLICE, 0, 0, NULL) },
	{ "vazao msg_trunc", NULL, WAY(0, 1, 0, NULL) },
	{ "vazao busy_poll 50", NULL, WAY(0, 0, 50, NULL) },
	{ "vazao msg_zerocopy msg_trunc", NULL,
	  WAY(ZERO_COPY_MSG, 1, 0, NULL) },
	{ "vazao sendfile msg_trunc", NULL,
	  WAY(ZERO_COPY_SENDFILE, 1, 0, NULL) },
	{ "vazao splice msg_trunc", NULL, WAY(ZERO_COPY_SPLICE, 1, 0, NULL) },
	{ "iperf3", "iperf3", WAY(0, 0, 0, NULL) },
	{ "iperf3 -Z", "iperf3", WAY(0, 0, 0, "-Z") },
	{ "neper -Z", "neper", WAY(0, 0, 0, "-Z") },
	{ "neper --skip-rx-copy", "neper", WAY(0, 0, 0, "--skip-rx-copy") },
	{ "neper -Z --skip-rx-copy", "neper",
	  WAY(0, 0, 0, "-Z --skip-rx-copy") },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct way_samples {
	double rate[WAYS][ROUNDS_MAX], cost[WAYS][ROUNDS_MAX];
	bool out[WAYS];
};

static const struct peer *peer_of(const struct way *way)
{
	const struct peer *p = peers;

	while (p->name && strcmp(p->name, way->peer) != 0)
		p++;
	return p;
}

static int run_way(struct rig *rig, size_t w, int i, struct way_samples *s,
		   struct err *err)
{
	const struct way *way = &ways[w];
	struct err why = ERR_INIT;
	int rc;

	if (!s->out[w] && way->peer)
		s->out[w] = !on_path(peer_of(way)->program);
	if (s->out[w])
		return 0;
	rc = run_tool(rig, &way->cell, way->peer ? peer_of(way) : NULL,
		      &s->rate[w][i], &s->cost[w][i], &why);
	if (rc == -EPROTO && way->peer) {
		printf("%s gave nothing: %s\n", way->name, why.text);
		s->out[w] = true;
		return 0;
	}
	if (rc)
		*err = why;
	return rc;
}

/* Which of the peers' ways is the fastest; WAYS: none. */
static size_t best_way(const struct way_samples *s, int rounds)
{
	size_t best = WAYS;

	for (size_t w = 0; w < WAYS; w++)
		if (ways[w].peer && !s->out[w] &&
		    (best == WAYS || mean_of(s->rate[w], rounds) >
					     mean_of(s->rate[best], rounds)))
			best = w;
	return best;
}

static int show_modern(struct rig *rig, int rounds, struct err *err)
{
	static struct way_samples s;
	size_t best;
	int rc = 0;

	for (int i = 0; i < rounds && !rc; i++)
		for (size_t k = 0; k < WAYS && !rc; k++)
			rc = run_way(rig, i % 2 ? WAYS - 1 - k : k, i, &s, err);
	best = best_way(&s, rounds);
	for (size_t w = 0; w < WAYS && !rc; w++) {
		size_t than = best < WAYS ? best : 0;
		struct ratio rate, cost;

		if (s.out[w])
			continue;
		rate = ratio_of(s.rate[w], s.rate[than], rounds);
		cost = ratio_of(s.cost[w], s.cost[than], rounds);
		printf("modern: %-29s %7.0f Mb/s at %4.0f ns   rate %.3f "
		       "+-%4.1f%% cost %.3f +-%4.1f%% of %s\n",
		       ways[w].name, mean_of(s.rate[w], rounds),
		       mean_of(s.cost[w], rounds), rate.value, 100 * rate.half,
		       cost.value, 100 * cost.half, ways[than].name);
	}
	return rc;
}

/* VmHWM, the most that the process has ever had, in KiB. */
static int64_t peak_kib(pid_t pid)
{
	char name[64], line[128];
	int64_t kib = -1;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %" SCNd64, &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int show_memory(struct rig *rig, struct err *err)
{
	static const struct cell cell = { WORKLOAD_TCP_STREAM, 16384, 0, 1024,
					  .group = "memory" };
	int64_t m1 = peak_kib(rig->m1_pid), m2 = peak_kib(rig->m2_pid);
	struct rig_block block;
	struct figure figure;
	int rc;

	fill_block(&cell, &block);
	rc = run_block(rig, &block, &figure, err);
	if (rc)
		return rc;
	printf("memory at 1024 flows: sender %" PRId64 " KiB at most (%" PRId64
	       " before), receiver %" PRId64 " KiB (%" PRId64
	       " before); %.0f Mb/s\n",
	       peak_kib(rig->m1_pid), m1, peak_kib(rig->m2_pid), m2,
	       figure.rate);
	return 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool judge(const char *what, double *ratio, int n)
{
	double median;

	qsort(ratio, (size_t)n, sizeof(*ratio), compare_doubles);
	median = n % 2 ? ratio[n / 2] : (ratio[n / 2 - 1] + ratio[n / 2]) / 2;
	printf("%s against each cell's best peer: median %.3f, least %.3f of "
	       "%d cells\n",
	       what, median, ratio[0], n);
	return median >= 1 && ratio[0] >= 0.97;
}

static int inside(struct rig *rig, void *arg, struct err *err)
{
	const struct options *options = arg;
	struct verdict verdict = { .cells = 0 };
	int rc = rig_place(rig, true, err);
	bool good;

	if (!rc)
		rc = rig_set(rig, 1500, OFFLOAD_ON, err);
	for (size_t i = 0; i < CELLS && !rc; i++) {
		static struct samples s;

		if (!is_wanted(options, cells[i].group))
			continue;
		rc = run_rounds(rig, &cells[i], options->rounds, &s, err);
		if (!rc)
			print_cell(&cells[i], &s, options->rounds, &verdict);
	}
	if (!rc && is_wanted(options, "modern"))
		rc = show_modern(rig, options->rounds, err);
	if (!rc && is_wanted(options, "memory"))
		rc = show_memory(rig, err);
	if (rc || !verdict.cells)
		return rc;
	good = judge("rate", verdict.rate, verdict.cells);
	good &= judge("inverse cost", verdict.cost, verdict.cells);
	return good ? 0
		    : err_set(err, ERANGE,
			      "slower or dearer than asked; see above");
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = ROUNDS };

	if (argc < 2) {
		fprintf(stderr, "usage: peers VAZAO [ROUNDS [GROUP...]]\n");
		return 2;
	}
	if (argc > 2)
		options.rounds = atoi(argv[2]);
	if (options.rounds < 1 || options.rounds > ROUNDS_MAX) {
		fprintf(stderr, "peers: 1 to %d rounds\n", ROUNDS_MAX);
		return 2;
	}
	if (argc > 3)
		options.groups = argv + 3;
	for (const struct peer *p = peers; p->name; p++)
		if (!on_path(p->program))
			printf("%s is not on PATH: left out\n", p->name);
	return rig_run(argv[1], 0, inside, &options);
}
