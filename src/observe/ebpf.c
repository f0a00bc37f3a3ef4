/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads turns.bpf.c, tells it whose turn it is, and reads what it counted.
 * The programs stay loaded as long as the observer is open, and do nothing
 * between turns.
 */
#include "observe/ebpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sched.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "observe/bpf/turns.h"
#include "observe/sources.h"
#include "observe/turns.skel.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"

struct ebpf {
	struct turns_bpf *skel;
	const json_t *wanted; /* the observer's */
	char process[TURNS_PROCESSES][24];
	size_t processes;
	uint64_t hop[TURNS_HOPS]; /* keys */
	size_t hops;
	char reason[TURNS_REASONS][32]; /* names, as the kernel's BTF has */
	int cpus;
	struct turns *values; /* [cpus], rounded to what the map gives */
};

static int print(enum libbpf_print_level level, const char *format, va_list ap)
{
	char line[512];

	if (level > LIBBPF_INFO)
		return 0;
	vsnprintf(line, sizeof(line), format, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

/*
 * Loading.
 */

static int open_programs(struct turns_bpf **skel, struct err *err)
{
	int rc;

	libbpf_set_print(print);
	if (access(BTF_FILE, R_OK) < 0)
		return err_set(err, ENOENT,
			       "the kernel has no BTF (" BTF_FILE ")");
	*skel = turns_bpf__open();
	if (!*skel)
		return err_sys(err, errno, "eBPF");
	rc = turns_bpf__load(*skel);
	if (rc == 0)
		rc = turns_bpf__attach(*skel);
	if (rc == 0)
		return 0;
	turns_bpf__destroy(*skel);
	*skel = NULL;
	return err_sys(err, -rc,
		       rc == -EPERM ? "eBPF takes CAP_BPF and CAP_PERFMON "
				      "outside of user namespaces"
				    : "loading eBPF programs");
}

int ebpf_probe(struct err *err)
{
	struct turns_bpf *skel;
	int rc = open_programs(&skel, err);

	if (rc == 0)
		turns_bpf__destroy(skel);
	return rc;
}

static void find_own_level(struct ebpf *e)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	bpf_prog_test_run_opts(bpf_program__fd(e->skel->progs.who_am_i), &opts);
}

/* "SKB_DROP_REASON_TCP_CSUM" is "TCP_CSUM". */
static void name_reasons(struct ebpf *e)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	int id = btf ? btf__find_by_name_kind(btf, "skb_drop_reason",
					      BTF_KIND_ENUM)
		     : -1;

	for (int i = 0; i < TURNS_REASONS; i++)
		snprintf(e->reason[i], sizeof(e->reason[i]), "%d", i);
	type = id > 0 ? btf__type_by_id(btf, (unsigned int)id) : NULL;
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *v = btf_enum(type) + i;
		const char *name = btf__name_by_offset(btf, v->name_off);

		if (v->val >= 0 && v->val < TURNS_REASONS &&
		    strncmp(name, "SKB_DROP_REASON_", 16) == 0)
			snprintf(e->reason[v->val], sizeof(e->reason[v->val]),
				 "%.31s", name + 16);
		else if (v->val >= 0 && v->val < TURNS_REASONS)
			snprintf(e->reason[v->val], sizeof(e->reason[v->val]),
				 "%.31s", name);
	}
	btf__free(btf);
}

/*
 * Who and where.
 */

static int slot_of(struct ebpf *e, const char *name)
{
	for (size_t i = 0; i < e->processes; i++)
		if (strcmp(e->process[i], name) == 0)
			return (int)i;
	if (e->processes == TURNS_PROCESSES)
		return -1;
	snprintf(e->process[e->processes], sizeof(e->process[0]), "%s", name);
	return (int)e->processes++;
}

static void add_process(struct ebpf *e, const char *name, json_int_t pid)
{
	int slot = slot_of(e, name);
	__u32 key = (__u32)pid, value = (__u32)slot;

	if (slot >= 0 && pid > 0)
		bpf_map__update_elem(e->skel->maps.processes, &key, sizeof(key),
				     &value, sizeof(value), BPF_ANY);
}

/* Network namespace << 32 | ifindex; 0 where we may not look. */
static uint64_t key_of_hop(const json_t *hop)
{
	const char *netns = json_string_value(json_object_get(hop, "netns"));
	const char *name = json_string_value(json_object_get(hop, "ifname"));
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int other = open(netns, O_RDONLY | O_CLOEXEC);
	unsigned int index = 0;
	struct stat st = { 0 };

	if (own >= 0 && other >= 0 && fstat(other, &st) == 0 &&
	    setns(other, CLONE_NEWNET) == 0) {
		index = if_nametoindex(name);
		if (setns(own, CLONE_NEWNET) < 0)
			abort(); /* nothing would be where it was asked for */
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return index ? (uint64_t)st.st_ino << 32 | index : 0;
}

static int find_hop(const struct ebpf *e, uint64_t key)
{
	for (size_t i = 0; key && i < e->hops; i++)
		if (e->hop[i] == key)
			return (int)i;
	return -1;
}

static void add_hop(struct ebpf *e, const json_t *hop)
{
	uint64_t key = key_of_hop(hop);
	__u32 slot = (__u32)e->hops;

	if (!key || e->hops == TURNS_HOPS || find_hop(e, key) >= 0)
		return;
	e->hop[e->hops++] = key;
	bpf_map__update_elem(e->skel->maps.hops, &key, sizeof(key), &slot,
			     sizeof(slot), BPF_ANY);
}

/* M1 is told by its path: each has its own. */
static void name_m1(size_t path, char name[static 24])
{
	snprintf(name, 24, "m1.%zu", path);
}

static void add_targets(struct ebpf *e)
{
	json_t *paths = json_object_get(e->wanted, "path"), *path;
	size_t i;

	add_process(e, "m2", getpid());
	json_array_foreach(paths, i, path) {
		const char *name;
		char m1[24];
		json_t *item;
		size_t k;

		name_m1(i, m1);
		add_process(e, m1,
			    json_integer_value(json_object_get(path, "agent")));
		json_object_foreach(json_object_get(path, "processes"), name,
				    item)
			add_process(e, name, json_integer_value(item));
		json_array_foreach(json_object_get(path, "hops"), k, item)
			add_hop(e, item);
	}
}

static void find_threads(struct ebpf *e)
{
	struct bpf_link *link =
		bpf_program__attach_iter(e->skel->progs.find_threads, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	char nothing[64];

	while (fd >= 0 && read(fd, nothing, sizeof(nothing)) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
}

/*
 * As a source: its "readings" give and take the turn.
 */

static bool pass_turn(struct source *source, const struct source_edge *edge,
		      uint64_t *values)
{
	struct ebpf *e = source->state;

	(void)values;
	__atomic_store_n(&e->skel->data->turn_path,
			 edge->ends ? -1 : (int)edge->path, __ATOMIC_SEQ_CST);
	return true;
}

static size_t size_of_values(void)
{
	return (sizeof(struct turns) + 7) / 8 * 8;
}

/* A block begins with zeros, and with the threads that there are. */
static void prepare(struct source *source)
{
	struct ebpf *e = source->state;

	memset(e->values, 0, (size_t)e->cpus * size_of_values());
	for (__u32 path = 0; path < source->paths && path < TURNS_PATHS; path++)
		bpf_map__update_elem(
			e->skel->maps.counts, &path, sizeof(path), e->values,
			(size_t)e->cpus * size_of_values(), BPF_ANY);
	find_threads(e);
}

static void close_ebpf(struct source *source)
{
	struct ebpf *e = source->state;

	turns_bpf__destroy(e->skel);
	free(e->values);
	free(e);
}

/* All CPUs' together; struct turns is nothing but 64 bit counts. */
static bool read_turns(const struct ebpf *e, __u32 path, struct turns *sum)
{
	__u64 *to = (__u64 *)sum;

	if (bpf_map__lookup_elem(e->skel->maps.counts, &path, sizeof(path),
				 e->values, (size_t)e->cpus * size_of_values(),
				 0))
		return false;
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < e->cpus; cpu++) {
		const __u64 *from = (const __u64 *)&e->values[cpu];

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
	return true;
}

static void set(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

/* {"le": [...], "count": [...]}, without the empty ones; NULL: all are. The
 * last one's bound is not known: -1. */
static json_t *histogram(const __u64 *count, size_t n, uint64_t least)
{
	json_t *le = json_array(), *counts = json_array();

	for (size_t i = 0; i < n; i++) {
		if (!count[i])
			continue;
		json_array_append_new(
			le, json_integer(i + 1 < n ? (json_int_t)(least << i)
						   : -1));
		json_array_append_new(counts,
				      json_integer((json_int_t)count[i]));
	}
	return json_pack("{soso}", "le", le, "count", counts);
}

static void report_times(const struct turns *t, json_t *object)
{
	static const char *const names[TURNS_SOFTIRQS] = {
		"HI",	    "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
		"IRQ_POLL", "TASKLET", "SCHED",	 "HRTIMER", "RCU",
	};
	json_t *softirqs = json_object();

	for (int i = 0; i < TURNS_SOFTIRQS; i++)
		if (t->softirq_ns[i])
			set(softirqs, names[i], t->softirq_ns[i]);
	json_object_set_new(object, "softirq_ns", softirqs);
	set(object, "irq_ns", t->irq_ns);
}

/* Those of this path; M1 by that name. */
static void report_processes(const struct ebpf *e, size_t path,
			     const struct turns *t, json_t *object)
{
	json_t *syscalls = json_object(), *wakeups = json_object();
	char m1[24];

	name_m1(path, m1);
	for (size_t i = 0; i < e->processes; i++) {
		const char *name =
			strcmp(e->process[i], m1) == 0 ? "m1" : e->process[i];

		if (!t->syscalls[i])
			continue;
		set(syscalls, name, t->syscalls[i]);
		json_object_set_new(
			wakeups, name,
			histogram(t->wakeup[i], TURNS_LATENCIES, 1000));
	}
	json_object_set_new(object, "syscalls", syscalls);
	json_object_set_new(object, "wakeup_ns", wakeups);
}

static void report_events(const struct ebpf *e, const struct turns *t,
			  json_t *object)
{
	json_t *drops = json_object(), *limits = json_object();

	for (int i = 0; i < TURNS_REASONS; i++)
		if (t->drops[i])
			set(drops, e->reason[i], t->drops[i]);
	if (t->rcvbuf_full)
		set(limits, "rcvbuf_full", t->rcvbuf_full);
	if (t->memory_exceeded)
		set(limits, "memory_exceeded", t->memory_exceeded);
	json_object_set_new(object, "drops", drops);
	json_object_set_new(object, "socket_limits", limits);
	set(object, "retransmits", t->retransmits);
}

static json_t *describe_hop(const struct turns_hop hop[2], bool frames)
{
	static const char *const names[2] = { "rx", "tx" };
	json_t *both = json_object();

	for (int way = 0; way < 2; way++)
		json_object_set_new(
			both, names[way],
			histogram(frames ? hop[way].frame : hop[way].skb,
				  TURNS_SIZES, 64));
	return both;
}

/* "dom0 vif1.0": interfaces of two nodes may have one name. */
static void report_hops(const struct ebpf *e, size_t path,
			const struct turns *t, json_t *object)
{
	json_t *hops = json_object_get(
		json_array_get(json_object_get(e->wanted, "path"), path),
		"hops");
	json_t *skbs = json_object(), *frames = json_object(), *hop;
	size_t i;

	json_array_foreach(hops, i, hop) {
		int slot = find_hop(e, key_of_hop(hop));
		char name[64];

		if (slot < 0)
			continue;
		snprintf(name, sizeof(name), "%s %s",
			 json_string_value(json_object_get(hop, "node")),
			 json_string_value(json_object_get(hop, "ifname")));
		json_object_set_new(skbs, name,
				    describe_hop(t->hop[slot], false));
		json_object_set_new(frames, name,
				    describe_hop(t->hop[slot], true));
	}
	json_object_set_new(object, "skb_bytes", skbs);
	json_object_set_new(object, "frame_bytes", frames);
}

static void report(const struct source *source, size_t path, json_t *root)
{
	const struct ebpf *e = source->state;
	json_t *object;
	struct turns *t = malloc(sizeof(*t));

	if (t && read_turns(e, (__u32)path, t)) {
		object = source_object(root, source->where);
		report_times(t, object);
		report_processes(e, path, t, object);
		report_events(e, t, object);
		report_hops(e, path, t, object);
	}
	free(t);
}

static const struct source_ops ebpf_ops = { .read = pass_turn,
					    .prepare = prepare,
					    .report = report,
					    .close = close_ebpf };

static int open_ebpf(struct ebpf *e, struct err *err)
{
	int rc = open_programs(&e->skel, err);

	if (rc)
		return rc;
	e->cpus = libbpf_num_possible_cpus();
	e->values =
		calloc((size_t)(e->cpus > 0 ? e->cpus : 1), size_of_values());
	if (e->cpus <= 0 || !e->values)
		return err_set(err, ENOMEM, "out of memory");
	find_own_level(e);
	name_reasons(e);
	add_targets(e);
	return 0;
}

int ebpf_add(struct source **list, const json_t *wanted, size_t paths,
	     struct err *err)
{
	struct ebpf *e = calloc(1, sizeof(*e));
	int rc;

	if (!e)
		return err_set(err, ENOMEM, "out of memory");
	e->wanted = wanted;
	rc = open_ebpf(e, err);
	if (rc) {
		close_ebpf(&(struct source){ .state = e });
		return rc;
	}
	return sources_add(list,
			   &(struct source_args){ .ops = &ebpf_ops,
						  .where = "ebpf",
						  .paths = paths,
						  .path = -1,
						  .state = e },
			   err);
}
