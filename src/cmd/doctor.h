/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * doctor.h - what a machine can run, and what would disturb a measurement,
 * found out by trying.
 *
 * One row of doctor_probes[] (doctor_table.c) is one thing to try. Each runs
 * in a child of its own with a time limit, those that make interfaces or
 * start guests in a cage (lab/cage.h), so that no probe can hang the doctor
 * or leave anything behind. Used by the doctor_*.c files alone.
 */
#ifndef VAZAO_CMD_DOCTOR_H
#define VAZAO_CMD_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum finding_verdict { FINDING_OK, FINDING_WARNING, FINDING_MISSING };

struct finding {
	enum finding_verdict verdict;
	char text[160];	  /* what is there, or what is not; may be "" */
	char advice[160]; /* what to do; "" where there is nothing */
};

/* Sets verdict and text. */
void finding_set(struct finding *finding, enum finding_verdict verdict,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As it stands in JSON and on the terminal: "ok", "warning", "missing". */
const char *finding_verdict_name(enum finding_verdict verdict);

#define DOCTOR_LIMIT_MS 3000

enum probe_group {
	PROBE_RUN,    /* what vazao can run */
	PROBE_KERNEL, /* what the kernel has */
	PROBE_NOISE,  /* what would disturb a measurement */
	PROBE_GROUPS
};

struct probe {
	const char *name; /* unique; doctor_paths.c refers to it */
	enum probe_group group;
	/*
	 * Fills the finding, which comes to it as FINDING_OK and "". Runs in a
	 * child: may block, change namespaces, even crash.
	 */
	void (*run)(const char *argument, struct finding *finding);
	const char *argument;
	bool caged;
	int limit_ms; /* 0: DOCTOR_LIMIT_MS */
	/* What it means not to answer in time, a warning; NULL: just that. */
	const char *late_text;
	/* Given with every finding but ok that brings no advice of its own. */
	const char *advice;
};

/* Ended by name == NULL. The groups stand together, in their order. */
extern const struct probe doctor_probes[];
size_t doctor_count_probes(const struct probe *probes);

/*
 * Runs all probes of the groups from..to at the same time and returns when
 * every one has answered, died or been killed at its limit. findings[] is
 * parallel to probes[]; rows of other groups are left alone.
 */
int doctor_run(const struct probe *probes, enum probe_group from,
	       enum probe_group to, struct finding *findings, struct err *err);

/*
 * Whether a kind of path can run: on true `because` is "" or a remark (which
 * accelerator), on false it names what is missing. Both from the findings.
 */
bool doctor_judge_path(const char *kind, const struct probe *probes,
		       const struct finding *findings, char *because,
		       size_t size);

/* The probes, by what they look at. Arguments as in doctor_probes[]. */

/* doctor_noise.c */
void probe_cores(const char *argument, struct finding *finding);
void probe_load(const char *argument, struct finding *finding);
void probe_steal(const char *argument, struct finding *finding);
void probe_busy(const char *argument, struct finding *finding);
void probe_memory(const char *argument, struct finding *finding);
void probe_governor(const char *argument, struct finding *finding);
void probe_turbo(const char *argument, struct finding *finding);
void probe_smt(const char *argument, struct finding *finding);
void probe_clock(const char *argument, struct finding *finding);

/* doctor_kernel.c */
void probe_kernel(const char *argument, struct finding *finding);
void probe_namespaces(const char *argument, struct finding *finding);
void probe_rootless(const char *argument, struct finding *finding);
void probe_vhost(const char *argument, struct finding *finding);
void probe_btf(const char *argument, struct finding *finding);
void probe_ebpf(const char *argument, struct finding *finding);
void probe_profile(const char *argument, struct finding *finding);
void probe_perf(const char *argument, struct finding *finding);
void probe_tracepoints(const char *argument, struct finding *finding);

/* doctor_net.c; argument: the kind of link or qdisc */
void probe_link(const char *argument, struct finding *finding);
void probe_qdisc(const char *argument, struct finding *finding);
void probe_tap(const char *argument, struct finding *finding);
void probe_nftables(const char *argument, struct finding *finding);
void probe_congestion(const char *argument, struct finding *finding);

/* doctor_guest.c; argument: the program, or the accelerator */
void probe_program(const char *argument, struct finding *finding);
void probe_uml(const char *argument, struct finding *finding);
void probe_accelerator(const char *argument, struct finding *finding);
void probe_xen(const char *argument, struct finding *finding);

#endif
