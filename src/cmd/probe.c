/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao probe: one measurement between two nodes, as it grows. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/probe.h"
#include "stats/estimate.h"

/* Without -t: with a precision, how long at most. */
#define TIME_NS		  (10 * NS_PER_S)
#define PRECISION_TIME_NS (120 * NS_PER_S)
#define WARMUP_NS	  (100 * NS_PER_MS)
#define PATIENCE_NS	  (10 * NS_PER_S)
#define ROWS_MAX	  64

struct values {
	const char *from, *key, *address;
	int64_t time_ns, interval_ns, warmup_ns;
	double precision;
	bool reverse, json, csv;
	const char *axis[AXIS_COUNT];
};

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct opt_row own_rows[] = {
	{ "time", 't', OPT_DURATION, AT(time_ns), "TIME", "how long (default: 10s); with --precision at most so long (default: 2m)" },
	{ "precision", 0, OPT_FRACTION, AT(precision), "P", "until the mean's 95 % interval is within +-P, e.g. 2%" },
	{ "interval", 'i', OPT_DURATION, AT(interval_ns), "TIME", "a line each TIME (default: 1s); 0: none" },
	{ "reverse", 'R', OPT_FLAG, AT(reverse), NULL, "the far end sends; short for --direction receive" },
	{ "warmup", 'O', OPT_DURATION, AT(warmup_ns), "TIME", "sent first and left out (default: 100ms)" },
	{ "from", 0, OPT_STRING, AT(from), "NODE", "the near end, where it is not this machine: as NODE" },
	{ "address", 0, OPT_STRING, AT(address), "ADDR", "the far end's address for the data, where it is another than the one it was reached by" },
	{ "key", 'k', OPT_STRING, AT(key), "FILE", "the key of agents that listen; see vazao agent --new-key" },
	{ "json", 'J', OPT_FLAG, AT(json), NULL, "one JSON object at the end, nothing else" },
	{ "csv", 0, OPT_FLAG, AT(csv), NULL, "a CSV header and one row at the end, nothing else" },
	{ 0 },
};
/* clang-format on */

/* Of the machines as they are: a probe sets neither, and tells the MTU. */
static bool is_option(enum axis axis)
{
	return axis != AXIS_MTU && axis != AXIS_OFFLOAD && axis != AXIS_PAIRS &&
	       axis != AXIS_NEIGHBOR;
}

static const char *value_of(const struct axis_desc *axis)
{
	switch (axis->kind) {
	case AXIS_IS_CHOICE:
		return "NAME";
	case AXIS_IS_BYTES:
		return "BYTES";
	case AXIS_IS_RATE:
		return "RATE";
	default:
		return "N";
	}
}

/* The axes' rows are made of axis_table[]: a new one appears by itself. */
static void make_rows(struct opt_row rows[ROWS_MAX], char names[AXIS_COUNT][32])
{
	size_t n = 0;

	for (int a = 0; a < AXIS_COUNT; a++) {
		const struct axis_desc *axis = &axis_table[a];

		if (!is_option((enum axis)a))
			continue;
		snprintf(names[a], 32, "%s", axis->name);
		for (char *c = names[a]; *c; c++)
			*c = *c == '_' ? '-' : *c;
		rows[n++] = (struct opt_row){
			.name = names[a],
			.letter = axis->letter,
			.kind = OPT_STRING,
			.offset = AT(axis) + (size_t)a * sizeof(char *),
			.value = value_of(axis),
			.help = axis->help,
		};
	}
	for (const struct opt_row *row = own_rows; row->name; row++)
		rows[n++] = *row;
	rows[n] = (struct opt_row){ 0 };
}

static int make_point(const struct values *v, struct point *point,
		      struct err *err)
{
	int rc = 0;

	point_init(point);
	for (int a = 0; a < AXIS_COUNT && !rc; a++)
		if (v->axis[a])
			rc = axis_parse((enum axis)a, v->axis[a],
					&point->value[a], err);
	if (v->reverse)
		point->value[AXIS_DIRECTION] = DIRECTION_RECEIVE;
	/* named, but without a meaning here: better told than passed over */
	for (int a = 0; a < AXIS_COUNT && !rc; a++)
		if (v->axis[a] && !axis_applies((enum axis)a, point))
			rc = err_set(err, EINVAL,
				     "%s has no meaning with this workload",
				     axis_table[a].name);
	return rc ? rc : point_check(point, err);
}

static int check(const struct values *v, int argc, struct err *err)
{
	if (argc != 1)
		return err_set(err, EINVAL,
			       "it takes one NODE: HOST[:PORT], ssh:HOST or "
			       "netns:NAME");
	if (v->json && v->csv)
		return err_set(err, EINVAL, "either --json or --csv");
	if (v->reverse && v->axis[AXIS_DIRECTION])
		return err_set(err, EINVAL, "either -R or --direction");
	if (v->time_ns == 0 || v->time_ns > 7 * 86400 * NS_PER_S)
		return err_set(err, EINVAL, "--time is up to 7 days, not 0");
	if (v->precision < 0 || v->precision >= 1)
		return err_set(err, EINVAL,
			       "--precision is above 0 and below 100%%");
	if (v->interval_ns && v->interval_ns < PROBE_TICK_NS)
		return err_set(err, EINVAL, "--interval is 100ms or more");
	return 0;
}

/*
 * As it grows.
 */

static void close_interval(struct probe *probe)
{
	struct probe_interval *i = &probe->interval;

	i->to_s = (double)probe->duration_ns / 1e9;
	if (!probe->quiet)
		probe_text_interval(probe, i);
	json_array_append_new(
		probe->intervals,
		json_pack("{sf sf sI sf}", "from_s", i->from_s, "to_s", i->to_s,
			  "bytes", (json_int_t)i->bytes, "throughput_mbps",
			  (double)i->bytes * 8e3 / (double)i->duration_ns));
	*i = (struct probe_interval){ .from_s = i->to_s };
}

static bool add_rate(struct probe *probe, double mbps)
{
	double *grown;

	if (probe->ticks == probe->room) {
		size_t room = probe->room ? 2 * probe->room : 1024;

		grown = reallocarray(probe->rate, room, sizeof(*grown));
		if (!grown)
			return false;
		probe->rate = grown;
		probe->room = room;
	}
	probe->rate[probe->ticks++] = mbps;
	return true;
}

/* Looked at each second, not each tick: each look is a chance to stop by
 * mere luck. */
static bool is_precise(struct probe *probe)
{
	const size_t second = (size_t)(NS_PER_S / PROBE_TICK_NS);

	if (probe->precision <= 0 || probe->ticks < 3 * second ||
	    probe->ticks % second != 0)
		return false;
	stats_batch_of(probe->rate, probe->ticks, &probe->batch);
	return probe->batch.valid && probe->batch.independent &&
	       probe->batch.half_width <= probe->precision;
}

static int on_tick(void *arg, const struct block_slice *tick)
{
	struct probe *probe = arg;
	struct probe_interval *i = &probe->interval;

	probe->bytes += tick->bytes;
	probe->duration_ns += tick->duration_ns;
	i->bytes += tick->bytes;
	i->duration_ns += tick->duration_ns;
	/* half a tick early is not too early: ticks are a little uneven */
	if (probe->interval_ns &&
	    i->duration_ns >= probe->interval_ns - PROBE_TICK_NS / 2)
		close_interval(probe);
	/* the last tick may be a short one: it would weigh like the others */
	if (tick->duration_ns >= PROBE_TICK_NS / 2 &&
	    !add_rate(probe,
		      (double)tick->bytes * 8e3 / (double)tick->duration_ns))
		return 1;
	probe->precise = is_precise(probe);
	return probe->precise;
}

/*
 * The run.
 */

struct asked {
	json_t *m2, *m1;
};

static void ask_to_observe(const struct probe *probe, struct asked *asked)
{
	asked->m2 = json_pack("{ss s[{}]}", "node", probe->m2->name, "path");
	asked->m1 = json_pack("{ss ss ss}", "node", probe->m1->name, "kernel",
			      probe->m2->boot_id, "ifname", probe->m1->ifname);
}

static int run_block(struct probe *probe, const struct values *v, int stop_fd,
		     struct err *err)
{
	const char *path_name = probe->m2->name;
	const char *address = probe->m2->address;
	struct agent *m1 = probe->m1->agent;
	char token[33];
	struct asked asked;
	const int order[] = { 0 };
	int failed_path;
	struct agent_block_args args = {
		.m2 = probe->m2->agent,
		.m1 = &m1,
		.path_name = &path_name,
		.m2_address = &address,
		.m2_listen = probe->m2->listen,
		.token = token,
		.paths = 1,
		.point = probe->point,
		.order = order,
		.slices = 1,
		.timing = { .warmup_ns = v->warmup_ns,
			    .slice_ns = v->time_ns,
			    .patience_ns = PATIENCE_NS },
		.watch = { .tick_ns = PROBE_TICK_NS,
			   .on_tick = on_tick,
			   .arg = probe,
			   .stop_fd = stop_fd },
	};
	int rc = agent_make_token(token, err);

	if (rc)
		return rc;
	ask_to_observe(probe, &asked);
	args.m2_observe = asked.m2;
	args.m1_observe = (const json_t *const *)&asked.m1;
	rc = agent_run_block(&args, &probe->result, &failed_path, err);
	json_decref(asked.m2);
	json_decref(asked.m1);
	return rc;
}

static bool is_readable(int fd)
{
	char info[128];

	return read(fd, info, sizeof(info)) > 0;
}

static void tell(struct probe *probe, const struct values *v)
{
	if (probe->interval.duration_ns && probe->interval_ns)
		close_interval(probe);
	/* what was precise enough stays what is told: the last tick came after */
	if (!probe->precise)
		stats_batch_of(probe->rate, probe->ticks, &probe->batch);
	if (v->json)
		probe_json(probe);
	else if (v->csv)
		probe_csv(probe);
	else
		probe_text_end(probe);
}

/* CMD_VERDICT_AGAINST: the precision that was asked for was not reached. */
static int status_of(const struct probe *probe)
{
	if (probe->interrupted)
		return CMD_INTERRUPTED;
	return probe->precision > 0 && !probe->precise ? CMD_VERDICT_AGAINST
						       : CMD_DONE;
}

static int measure(const struct values *v, struct probe *probe, int *status,
		   struct err *err)
{
	int stop_fd = cmd_stop_fd(err);
	int rc;

	if (stop_fd < 0)
		return stop_fd;
	if (!probe->quiet)
		probe_text_begin(probe);
	rc = run_block(probe, v, stop_fd, err);
	probe->interrupted = is_readable(stop_fd);
	close(stop_fd);
	if (rc && probe->interrupted)
		rc = err_set(err, EINTR,
			     "interrupted before there was a "
			     "result");
	if (rc)
		return rc;
	tell(probe, v);
	*status = status_of(probe);
	agent_block_path_free(&probe->result);
	return 0;
}

static int probe_nodes(const struct values *v, const char *to,
		       struct point *point, int *status, struct err *err)
{
	struct probe_node m1 = { .name = "" }, m2 = { .name = "" };
	struct probe probe = {
		.m1 = &m1,
		.m2 = &m2,
		.point = point,
		.interval_ns = v->interval_ns,
		.quiet = v->json || v->csv,
		.precision = v->precision,
		.intervals = json_array(),
	};
	char *self_path = NULL, *agent_path = NULL;
	int rc = cmd_find_programs(&self_path, &agent_path, err);
	const struct probe_nodes_args args = {
		.from = v->from ? v->from : "here",
		.to = to,
		.key_path = v->key,
		.address = v->address,
		.agent_path = agent_path,
		.any_family = !v->axis[AXIS_FAMILY],
		.ipv6 = point->value[AXIS_FAMILY] == FAMILY_IPV6,
	};

	if (!rc)
		rc = probe_open_nodes(&m1, &m2, &args, err);
	if (!rc) {
		if (axis_applies(AXIS_FAMILY, point) && strchr(m2.address, ':'))
			point->value[AXIS_FAMILY] = FAMILY_IPV6;
		/* lo has one byte more than a plan may ask for */
		if (m1.mtu <= axis_table[AXIS_MTU].max)
			point->value[AXIS_MTU] = m1.mtu;
		else
			point->value[AXIS_MTU] = axis_table[AXIS_MTU].max;
		rc = measure(v, &probe, status, err);
	}
	probe_close_node(&m1);
	probe_close_node(&m2);
	json_decref(probe.intervals);
	free(probe.rate);
	free(self_path);
	free(agent_path);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct values values = { .time_ns = -1,
				 .interval_ns = NS_PER_S,
				 .warmup_ns = WARMUP_NS };
	char names[AXIS_COUNT][32];
	struct opt_row rows[ROWS_MAX];
	struct command full = *command;
	struct err err = ERR_INIT;
	struct point point;
	int status;

	make_rows(rows, names);
	full.options = rows;
	if (!cmd_parse(&full, &values, &argc, &argv, &status))
		return status;
	if (check(&values, argc, &err) || make_point(&values, &point, &err)) {
		fprintf(stderr, "vazao probe: %s\n", err.text);
		return CMD_USAGE;
	}
	if (values.time_ns < 0)
		values.time_ns =
			values.precision > 0 ? PRECISION_TIME_NS : TIME_NS;
	if (probe_nodes(&values, argv[0], &point, &status, &err))
		return cmd_fail(command, &err);
	return status;
}

const struct command cmd_probe = {
	.name = "probe",
	.arguments = "NODE",
	.help = "one measurement to NODE: HOST[:PORT], ssh:HOST or netns:NAME",
	.options = own_rows,
	.run = run,
};
