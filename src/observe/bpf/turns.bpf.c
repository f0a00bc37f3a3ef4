// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What happens within the turns, counted in the kernel by path. Nothing is
 * done between turns but the test of turn_path.
 */
#include "observe/bpf/kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "observe/bpf/turns.h"

char LICENSE[] SEC("license") = "GPL";

/* The path that has the turn, or -1. Written by ebpf.c at the edges. */
int turn_path = -1;

/* Of who loads this: where the pids that we are told mean something. */
__u32 own_level, own_ns;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TURNS_PATHS);
	__type(key, __u32);
	__type(value, struct turns);
} counts SEC(".maps");

/* network namespace << 32 | ifindex: index into hop[] */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TURNS_HOPS);
	__type(key, __u64);
	__type(value, __u32);
} hops SEC(".maps");

/* pid as ebpf.c knows it: index into syscalls[] and wakeup[] */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} processes SEC(".maps");

/* The kernel's number of a thread: the same index. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} threads SEC(".maps");

/* When a thread of ours was woken. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} woken SEC(".maps");

/* When this CPU began what it is in: softirq, irq. */
struct begun {
	__u64 softirq_ns, irq_ns;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct begun);
} begun SEC(".maps");

static __always_inline struct turns *now(void)
{
	__u32 path = turn_path;

	return path < TURNS_PATHS ? bpf_map_lookup_elem(&counts, &path)
				  : ((void *)0);
}

static __always_inline struct begun *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&begun, &zero);
}

/* 0 for values <= least, 1 for <= 2 * least, ... count - 1 for the rest. */
static __always_inline __u32 bucket_of(__u64 value, __u64 least, __u32 count)
{
	__u32 i = 0;

	for (; i < count - 1 && value > least; i++)
		least <<= 1;
	return i;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int vec)
{
	struct begun *b = turn_path >= 0 ? this_cpu() : ((void *)0);

	if (b)
		b->softirq_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int vec)
{
	struct turns *t = now();
	struct begun *b = t ? this_cpu() : ((void *)0);

	if (b && b->softirq_ns && vec < TURNS_SOFTIRQS)
		t->softirq_ns[vec] += bpf_ktime_get_ns() - b->softirq_ns;
	if (b)
		b->softirq_ns = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq_handler_entry)
{
	struct begun *b = turn_path >= 0 ? this_cpu() : ((void *)0);

	if (b)
		b->irq_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq_handler_exit)
{
	struct turns *t = now();
	struct begun *b = t ? this_cpu() : ((void *)0);

	if (b && b->irq_ns)
		t->irq_ns += bpf_ktime_get_ns() - b->irq_ns;
	if (b)
		b->irq_ns = 0;
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *p)
{
	__u32 tid;
	__u64 ns;

	if (turn_path < 0)
		return 0;
	tid = p->pid;
	if (!bpf_map_lookup_elem(&threads, &tid))
		return 0;
	ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&woken, &tid, &ns, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, _Bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	struct turns *t = now();
	__u32 tid, *slot, bucket;
	__u64 *ns;

	if (!t)
		return 0;
	tid = next->pid;
	ns = tid ? bpf_map_lookup_elem(&woken, &tid) : ((void *)0);
	if (!ns)
		return 0;
	slot = bpf_map_lookup_elem(&threads, &tid);
	bucket = bucket_of(bpf_ktime_get_ns() - *ns, 1000, TURNS_LATENCIES);
	if (slot && *slot < TURNS_PROCESSES && bucket < TURNS_LATENCIES)
		t->wakeup[*slot][bucket]++;
	bpf_map_delete_elem(&woken, &tid);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter)
{
	struct turns *t = now();
	__u32 tid, *slot;

	if (!t)
		return 0;
	tid = (__u32)bpf_get_current_pid_tgid();
	slot = bpf_map_lookup_elem(&threads, &tid);
	if (slot && *slot < TURNS_PROCESSES)
		t->syscalls[*slot]++;
	return 0;
}

static __always_inline void count_skb(struct sk_buff *skb, __u32 tx,
				      __u32 header)
{
	struct turns *t = now();
	struct skb_shared_info *info;
	struct turns_hop *hop;
	__u32 *slot, bytes, bucket, frames = 1;
	__u64 key;

	if (!t)
		return;
	key = (__u64)skb->dev->nd_net.net->ns.inum << 32 |
	      (__u32)skb->dev->ifindex;
	slot = bpf_map_lookup_elem(&hops, &key);
	if (!slot || *slot >= TURNS_HOPS)
		return;
	hop = &t->hop[*slot][tx];
	bytes = skb->len + header;
	bucket = bucket_of(bytes, 64, TURNS_SIZES);
	if (bucket < TURNS_SIZES)
		hop->skb[bucket]++;
	info = (void *)(skb->head + skb->end);
	if (BPF_CORE_READ(info, gso_size)) {
		frames = BPF_CORE_READ(info, gso_segs);
		frames = frames ? frames : 1;
		/* the payload is cut; the headers are repeated */
		bytes = BPF_CORE_READ(info, gso_size) + 66;
		bucket = bucket_of(bytes, 64, TURNS_SIZES);
	}
	if (bucket < TURNS_SIZES)
		hop->frame[bucket] += frames;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	count_skb(skb, 1, 0);
	return 0;
}

/* The Ethernet header has been pulled. */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(netif_receive_skb, struct sk_buff *skb)
{
	count_skb(skb, 0, 14);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb, struct sk_buff *skb, void *location, __u32 reason)
{
	struct turns *t = now();

	if (t && reason < TURNS_REASONS)
		t->drops[reason]++;
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit_skb)
{
	struct turns *t = now();

	if (t)
		t->retransmits++;
	return 0;
}

SEC("tp_btf/sock_rcvqueue_full")
int BPF_PROG(sock_rcvqueue_full)
{
	struct turns *t = now();

	if (t)
		t->rcvbuf_full++;
	return 0;
}

SEC("tp_btf/sock_exceed_buf_limit")
int BPF_PROG(sock_exceed_buf_limit)
{
	struct turns *t = now();

	if (t)
		t->memory_exceeded++;
	return 0;
}

/* Run once by who loads this: which pid namespace is his? */
SEC("raw_tp")
int who_am_i(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *upid;
	__u32 level = BPF_CORE_READ(pid, level);

	upid = (void *)pid + bpf_core_field_offset(pid->numbers) +
	       (__u64)level * bpf_core_type_size(struct upid);
	own_level = level;
	own_ns = BPF_CORE_READ(upid, ns, ns.inum);
	return 0;
}

/* Every thread of the machine: is it of a process that we were told? */
SEC("iter/task")
int find_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct pid *pid;
	struct upid *upid;
	__u32 nr, tid, *slot;

	if (!task)
		return 0;
	pid = BPF_CORE_READ(task, group_leader, thread_pid);
	if (!pid || BPF_CORE_READ(pid, level) < own_level)
		return 0;
	upid = (void *)pid + bpf_core_field_offset(pid->numbers) +
	       (__u64)own_level * bpf_core_type_size(struct upid);
	if (BPF_CORE_READ(upid, ns, ns.inum) != own_ns)
		return 0;
	nr = BPF_CORE_READ(upid, nr);
	slot = bpf_map_lookup_elem(&processes, &nr);
	if (!slot)
		return 0;
	tid = BPF_CORE_READ(task, pid);
	bpf_map_update_elem(&threads, &tid, slot, BPF_ANY);
	return 0;
}
