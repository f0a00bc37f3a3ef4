/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe.h - what the files of vazao probe share: its two nodes
 * (probe_nodes.c), the run as it is seen (probe.c), and how it is told
 * (probe_text.c for people, probe_data.c for programs).
 *
 * The probing node stands for M1, the probed for M2: M2 conducts, M1 connects
 * and, with direction send, sends.
 */
#ifndef VAZAO_CMD_PROBE_H
#define VAZAO_CMD_PROBE_H

#include <jansson.h>

#include "agent/agent.h"
#include "agent/remote.h"
#include "base/axis.h"
#include "stats/batch.h"

#define PROBE_TICK_NS INT64_C(100000000)

/*
 * One node: "here", "ssh:HOST", "netns:NAME" or HOST[:PORT].
 */
struct probe_node {
	const char *spec;
	struct remote remote;
	struct agent *agent;
	char name[80];			/* in messages and reports */
	char address[ADDRESS_TEXT_MAX]; /* of its data connections' end */
	char listen[ADDRESS_TEXT_MAX];	/* M2's: what it listens on */
	char ifname[32];
	char boot_id[64]; /* tells kernels apart */
	int mtu;
};

struct probe_nodes_args {
	const char *from, *to; /* specs of M1 and M2 */
	const char *key_path;  /* NULL: none */
	const char *address;   /* of M2, as M1 reaches it; NULL: find it */
	const char *agent_path;
	bool any_family; /* as it comes; else ipv6 or not */
	bool ipv6;
};

/* Opens both, finds the way between them. */
int probe_open_nodes(struct probe_node *m1, struct probe_node *m2,
		     const struct probe_nodes_args *args, struct err *err);
void probe_close_node(struct probe_node *node); /* all zero is fine */

/* An interval of the report: some ticks together. */
struct probe_interval {
	double from_s, to_s;
	int64_t bytes;
	int64_t duration_ns;
};

struct probe {
	const struct probe_node *m1, *m2;
	const struct point *point;
	const char *congestion; /* asked for; NULL: the nodes' own */
	int64_t interval_ns;
	bool quiet;	  /* no lines for people */
	double precision; /* 0: for the time given */

	/* As it grows. */
	double *rate; /* [ticks], 10^6 bit/s */
	size_t ticks, room;
	int64_t bytes, duration_ns;
	struct probe_interval interval; /* that is being filled */
	struct stats_batch batch;	/* of all ticks */
	json_t *intervals;		/* for probe_data.c */

	/* At the end. */
	struct agent_block_path result;
	bool precise;	  /* the precision was reached */
	bool interrupted; /* by the user */
};

/* probe_text.c */
void probe_text_begin(const struct probe *probe);
void probe_text_interval(const struct probe *probe,
			 const struct probe_interval *interval);
void probe_text_end(const struct probe *probe);

/* probe_data.c: one JSON object, or a CSV header and row, on standard
 * output. */
void probe_json(const struct probe *probe);
void probe_csv(const struct probe *probe);

/* What both of them tell of the cost, from the counters; absent where it was
 * not measured. */
struct probe_cost {
	/* Of one end: its kernel's, all CPUs; both ends may be one machine. */
	struct probe_end_cost {
		bool known, shared; /* shared: the other end's kernel, too */
		double cpus;	    /* busy, in CPUs: 0.43 of cpu_count */
		int cpu_count;
		double steal_cpus;
		double us_per_kb; /* service demand; 1 KB = 1024 bytes */
		bool process_known;
		double process_cpus; /* of it, the agent's own threads */
	} m1, m2;
	bool rtt_known;
	double rtt_us, rtt_var_us, rtt_min_us;
	bool retransmits_known;
	int64_t retransmits;
};

void probe_get_cost(const struct probe *probe, struct probe_cost *cost);

#endif
