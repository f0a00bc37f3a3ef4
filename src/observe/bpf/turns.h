/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * turns.h - what turns.bpf.c counts, as ebpf.c reads it: one struct turns a
 * path and CPU. Shared by the kernel's side and ours: types of fixed size.
 */
#ifndef VAZAO_OBSERVE_BPF_TURNS_H
#define VAZAO_OBSERVE_BPF_TURNS_H

#define TURNS_PATHS	16
#define TURNS_HOPS	32 /* different interfaces */
#define TURNS_PROCESSES 16 /* different names */
#define TURNS_SOFTIRQS	10
#define TURNS_REASONS	160 /* enum skb_drop_reason: 6.18 has 119 */
#define TURNS_SIZES	12  /* <= 64, 128 ... 65536 bytes, and more */
#define TURNS_LATENCIES 20  /* <= 1 us, 2 us ... 262 ms, and more */

struct turns_hop {
	__u64 skb[TURNS_SIZES];	  /* GSO as one */
	__u64 frame[TURNS_SIZES]; /* as it is or will be cut */
};

struct turns {
	__u64 softirq_ns[TURNS_SOFTIRQS];
	__u64 irq_ns;
	__u64 retransmits, rcvbuf_full, memory_exceeded;
	__u64 syscalls[TURNS_PROCESSES];
	__u64 wakeup[TURNS_PROCESSES][TURNS_LATENCIES];
	__u64 drops[TURNS_REASONS];
	struct turns_hop hop[TURNS_HOPS][2]; /* rx, tx */
};

#endif
