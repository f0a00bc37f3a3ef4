/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule of exact time: so many replicates, each one boot of each machine;
 * as many machines side by side as there are CPUs, for they do not feel each
 * other.
 */
#include "study/exact.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cage.h"
#include "stats/order.h"

#define TICK_MS	  100
#define SLOTS_MAX 4 /* of 0.9 GiB each, where they run Xen */
#define BOOTS_MAX 2 /* of a machine that fails */

/*
 * The machines of a plan.
 */

static int number_of(const json_t *options, const char *key)
{
	return (int)json_integer_value(json_object_get(options, key));
}

static struct exact_host *find_xen(struct exact_study *s)
{
	for (size_t h = 0; h < s->hosts; h++)
		if (s->host[h].kind != EXACT_LINUX)
			return &s->host[h];
	return NULL;
}

static bool has_role(const struct exact_study *s, const struct exact_host *host,
		     const char *role)
{
	for (size_t i = 0; i < host->paths; i++) {
		const struct plan_path *path =
			&s->run->plan->path[host->path[i]];

		if (!strcmp(json_string_value(
				    json_object_get(path->options, "role")),
			    role))
			return true;
	}
	return false;
}

static int place(struct exact_study *s, size_t p, struct err *err)
{
	const struct plan_path *path = &s->run->plan->path[p];
	const char *role =
		json_string_value(json_object_get(path->options, "role"));
	bool native = strcmp(role, "native") == 0;
	struct exact_host *host = native ? NULL : find_xen(s);

	if (!host) {
		host = &s->host[s->hosts++];
		snprintf(host->name, sizeof(host->name), "%s", path->name);
		host->kind = native ? EXACT_LINUX : EXACT_XEN;
		host->memory_mib = number_of(path->options, "memory");
		host->dom0_memory_mib = number_of(path->options, "dom0_memory");
	} else if (has_role(s, host, role)) {
		return err_set(err, EINVAL,
			       "path %s: in exact time there is one %s",
			       path->name, role);
	}
	if (strcmp(role, "domU") == 0) {
		host->kind = EXACT_XEN_DOMU;
		host->memory_mib = number_of(path->options, "memory");
	}
	host->path[host->paths++] = p;
	return 0;
}

/* M2 of one machine is not M2 of the other, whose memory it would go by:
 * these are what a kernel of 2 GiB and more chooses. */
static json_t *choose_sysctls(void)
{
	json_t *sysctls = team_sysctls();

	json_object_set_new(sysctls, "net.ipv4.tcp_rmem",
			    json_string("4096\t131072\t6291456"));
	json_object_set_new(sysctls, "net.ipv4.tcp_wmem",
			    json_string("4096\t16384\t4194304"));
	return sysctls;
}

static int allocate(struct exact_study *s, struct err *err)
{
	size_t points = s->run->points;

	s->jobs = (size_t)s->rounds * s->hosts;
	s->job = calloc(s->jobs, sizeof(*s->job));
	s->told = calloc(s->jobs * points, sizeof(*s->told));
	s->stored = calloc((size_t)s->rounds * points, sizeof(*s->stored));
	s->sysctls = choose_sysctls();
	if (!s->job || !s->told || !s->stored || !s->sysctls)
		return err_sys(err, ENOMEM, "the replicates");
	for (size_t j = 0; j < s->jobs; j++) {
		struct exact_job *job = &s->job[j];
		size_t h = j % s->hosts;

		job->host = &s->host[h];
		job->round = (int)(j / s->hosts);
		job->seed = stats_seed(exact_replicate_seed(s->run, job->round),
				       (uint64_t)h) &
			    UINT64_C(0xffffffff);
	}
	return 0;
}

static void release(struct exact_study *s)
{
	for (size_t j = 0; s->job && j < s->jobs; j++) {
		exact_job_stop(&s->job[j]);
		free(s->job[j].order);
	}
	for (size_t i = 0; s->told && i < s->jobs * s->run->points; i++)
		free(s->told[i]);
	free(s->job);
	free(s->told);
	free(s->stored);
	json_decref(s->sysctls);
}

/* A replicate is the same only on the same QEMU, images and agent. */
static int keep_machine(struct run *run, struct err *err)
{
	char text[256], *stored = NULL;
	int rc = exact_describe(run->args->agent_path, text, sizeof(text), err);

	if (!rc)
		rc = store_get_meta(run->store, "exact_machine", &stored, err);
	if (!rc && !stored)
		rc = store_set_meta(run->store, "exact_machine", text, err);
	else if (!rc && strcmp(stored, text) != 0)
		rc = err_set(err, EINVAL,
			     "study.db was made with %s; here is %s: begin a "
			     "new study",
			     stored, text);
	free(stored);
	return rc;
}

/*
 * What runs when.
 */

static size_t count_slots(void)
{
	cpu_set_t cpus;
	int count = 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		count = CPU_COUNT(&cpus);
	return count < SLOTS_MAX ? (size_t)count : SLOTS_MAX;
}

static size_t count_jobs(const struct exact_study *s, enum exact_state state)
{
	size_t count = 0;

	for (size_t j = 0; j < s->jobs; j++)
		count += s->job[j].state == state;
	return count;
}

static int fill_slots(struct exact_study *s, size_t slots, struct err *err)
{
	size_t running = count_jobs(s, EXACT_RUNS);
	int rc = 0;

	for (size_t j = 0; j < s->jobs && running < slots && !rc; j++) {
		if (s->job[j].state != EXACT_TO_DO)
			continue;
		rc = exact_job_start(s, &s->job[j], err);
		running++;
	}
	return rc;
}

static void wait_a_tick(const struct exact_study *s)
{
	struct pollfd pfd[SLOTS_MAX];
	nfds_t count = 0;

	for (size_t j = 0; j < s->jobs && count < SLOTS_MAX; j++)
		if (s->job[j].state == EXACT_RUNS)
			pfd[count++] = (struct pollfd){
				.fd = exact_end_fd(s->job[j].machine),
				.events = POLLIN
			};
	poll(pfd, count, TICK_MS);
}

/* Booted once more; the second time it is lost for this replicate. */
static int fail(struct exact_study *s, struct exact_job *job,
		const struct err *why, struct err *err)
{
	bool again = job->tries < BOOTS_MAX;

	run_tell(s->run, "%s, replicate %d, after %zu of %zu points: %s; %s",
		 job->host->name, job->round + 1, job->blocks_told,
		 s->run->points, why->text,
		 again ? "booting it once more" : "given up");
	job->state = again ? EXACT_TO_DO : EXACT_LOST;
	s->last = *why;
	return again ? 0 : exact_forgo(s, job, err);
}

static int look_at(struct exact_study *s, struct exact_job *job,
		   struct err *err)
{
	struct err why = ERR_INIT;
	int rc = exact_job_look(s, job, &why);

	if (rc == 0)
		return 0;
	exact_job_stop(job);
	if (rc == 1) {
		job->state = EXACT_DONE;
		return 0;
	}
	if (rc == -EPIPE || rc == -EPROTO)
		return fail(s, job, &why, err);
	*err = why;
	return rc;
}

/* "native 3/8, xen 2/8 (45 of 112)" */
static void say_now(struct exact_study *s)
{
	struct run *run = s->run;
	size_t used = 0;

	run->now[0] = '\0';
	run->round = s->rounds;
	for (size_t j = 0; j < s->jobs; j++) {
		const struct exact_job *job = &s->job[j];

		if (job->state != EXACT_RUNS)
			continue;
		if (job->round < run->round)
			run->round = job->round;
		if (used < sizeof(run->now))
			used += (size_t)snprintf(
				run->now + used, sizeof(run->now) - used,
				"%s%s %d/%d %s%zu", used ? ", " : "",
				job->host->name, job->round + 1, s->rounds,
				job->blocks_told ? "point " : "boots ",
				job->blocks_told);
	}
	run_show_progress(run);
}

static int run_all(struct exact_study *s, enum study_end *end, struct err *err)
{
	size_t slots = count_slots();
	int rc = 0;

	*end = STUDY_COMPLETE;
	while (!rc && count_jobs(s, EXACT_TO_DO) + count_jobs(s, EXACT_RUNS)) {
		if (run_is_over(s->run, end))
			return 0;
		rc = fill_slots(s, slots, err);
		for (size_t j = 0; j < s->jobs && !rc; j++)
			if (s->job[j].state == EXACT_RUNS)
				rc = look_at(s, &s->job[j], err);
		if (!rc) {
			say_now(s);
			wait_a_tick(s);
		}
	}
	return rc;
}

/* Cells that no replicate has. */
static int fail_empty(struct exact_study *s, struct err *err)
{
	struct run *run = s->run;
	size_t n;
	int rc = 0;

	for (size_t i = 0; i < run->points; i++)
		for (size_t p = 0; p < run->paths && !rc; p++) {
			ledger_rates(run->ledger, i, p, &n);
			if (!n && !ledger_failed(run->ledger, i, p))
				rc = replace_fail_cell(run, i, p, s->last.text,
						       err);
		}
	return rc;
}

int run_exact(struct run *run, enum study_end *end, struct err *err)
{
	struct exact_study s = { .run = run,
				 .rounds = (int)run->plan->replicates,
				 .last_block_ns = clock_real_ns() };
	int rc = 0;

	run->phase = STUDY_MEASURING;
	run->measuring_ns = clock_mono_ns();
	for (size_t p = 0; p < run->paths && !rc; p++)
		rc = place(&s, p, err);
	if (!rc)
		rc = keep_machine(run, err);
	if (!rc)
		rc = store_clear_failures(run->store, err);
	if (!rc)
		rc = allocate(&s, err);
	if (!rc)
		rc = exact_load(&s, err);
	if (!rc) {
		ledger_judge(run->ledger);
		rc = run_all(&s, end, err);
	}
	if (!rc && *end == STUDY_COMPLETE)
		rc = fail_empty(&s, err);
	release(&s);
	return rc;
}
