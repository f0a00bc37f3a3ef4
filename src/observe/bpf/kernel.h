/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel.h - the few members of the kernel's structures that turns.bpf.c
 * reads. Not their layout: libbpf finds each member's place in the running
 * kernel's BTF when it loads (CO-RE), so building needs no kernel's dump.
 */
#ifndef VAZAO_OBSERVE_BPF_KERNEL_H
#define VAZAO_OBSERVE_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
};

struct skb_shared_info {
	unsigned short gso_size, gso_segs;
};

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
	unsigned char *head;
	unsigned int end;
};

struct pid_namespace {
	unsigned int level;
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	int pid, tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
};

struct bpf_iter_meta;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
