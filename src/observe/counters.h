/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * counters.h - the specification of measurement.counters: what was seen of
 * one path in one block beside its throughput, as JSON.
 *
 * Written by the agents (observe/) and the study, stored as it is, read by
 * analysis and report, which need no code of this room: the names below are
 * the contract. A name stays once it is here; new ones may come.
 *
 * What is counted
 *   In a block the paths take turns (workload/baton.h). M2's agent reads the
 *   machine's counters right before it gives a path the turn (GO) and right
 *   after the turn has ended (all bytes drained), adds the difference to that
 *   path, and so does M1's agent for what it knows alone (its
 *   snmp, TCP and hop from the first turn to the last: they rest in between).
 *   So all below is summed over this path's turns alone, the warm-up left out; what
 *   other paths did is not in it. A turn is guard + slice + draining: it is
 *   longer than the slice whose rate is stored, so divide by `turn_bytes` and
 *   `turn_ns` from here, never by the measurement's bytes or duration_ns.
 *   The readings lie outside every measured window.
 *
 * A missing key
 *   means not measured: the machine, the kernel or the rights lack it. It is
 *   never a zero. But in the objects marked (moved) what did not move is left
 *   out to save space: there, if the object is present, a missing key is 0.
 *   Before version 2 of the schema, and with `observe: off`, there is nothing
 *   but netfront and netback.
 *
 * Whole numbers; _ns nanoseconds, _us microseconds, _bytes bytes. Means are
 * real numbers. The object:
 *
 *   turns          turns summed up here
 *   turn_bytes     payload moved in them, as M2's end counted it, all flows
 *   turn_ns        their time, edge to edge
 *   observe_ns     what the readings at M2 took; in none of the other times
 *   host           KERNEL: the one under M2, so of everything on this machine
 *                  in the turns, other people's load too
 *   m1, m2         END: the path's two nodes
 *   processes      {"netfront": PROCESS, "netback": ..., "uml": ...,
 *                  "qemu": ..., "pasta": ..., "slirp4netns": ...}: helpers that carry this path's frames, each
 *                  with all of its threads and children; on the host
 *   hops           [HOP ...] from M1 to M2, the ends among them where they
 *                  are on the host
 *   ebpf           EBPF; only with observe: full and where it runs
 *   no_ebpf        text: with observe: full, why it does not
 *   hardware       {"cycles", "instructions", "cache_references",
 *                  "cache_misses", "branch_misses", "dtlb_misses",
 *                  "itlb_misses"} of all CPUs; only where there is a PMU
 *   netfront, netback
 *                  xen/counters.h; these alone are of the whole block, warm-up
 *                  included
 *
 * KERNEL
 *   cpus           online
 *   cpu_ns         {"user", "system", "softirq", "irq", "steal", "guest",
 *                  "idle", "iowait"}: disjoint (guest is taken out of user,
 *                  nice is in user), together about
 *                  cpus * turn_ns
 *   busy_ns        user + system + softirq + irq + guest: what the path and
 *                  all else took. Neither steal nor iowait nor idle is busy.
 *   resolution_ns  of each number in cpu_ns, per turn. 10 ms from /proc/stat:
 *                  a turn's share is rounded to that, without bias, so sum
 *                  over many turns: over n turns the standard error of a
 *                  number is about resolution_ns * sqrt(n / 6), to which the
 *                  sampling by ticks adds about as much for all but idle
 *   context_switches, interrupts, page_faults, page_faults_major
 *                  of the whole kernel
 *   softirqs       (moved) {"NET_RX", "NET_TX", "TIMER", "SCHED", "RCU", ...}:
 *                  how often each ran
 *   softnet        {"processed", "dropped", "time_squeeze"}: of all CPUs'
 *                  backlogs
 *
 * END
 *   node           its name: "M2", "domU"
 *   process        PROCESS: the agent, the application at this end
 *   kernel         KERNEL: only where the node has a kernel of its own (a
 *                  guest, a far host); then it is in addition to host, and a
 *                  guest's time is in the host's guest, user or system, too
 *   tcp            TCP: of the data connections
 *   snmp           (moved) {"TcpExt.TCPRcvCollapsed": 3, "Tcp.OutSegs": ...,
 *                  "Ip.OutRequests": ..., "IpExt.InOctets": ...}: every
 *                  counter of /proc/net/snmp and netstat of the node's own
 *                  network namespace that moved; the baton's segments too
 *   hop            HOP: the end's own interface, as its agent reads it
 *
 * PROCESS
 *   cpu_ns         time on a CPU, exact (the scheduler's sum, not ticks); what
 *                  softirqs took from it is in it
 *   user_ns, system_ns
 *                  where the agent reads itself (getrusage(2)): the same time
 *                  split by ticks
 *   run_queue_wait_ns
 *                  runnable, but not running
 *   switches_voluntary, switches_involuntary, migrations
 *   faults_minor, faults_major
 *
 * HOP
 *   node, ifname, role ("end", "port", "bridge")
 *   rx_packets, rx_bytes, rx_dropped, rx_errors, tx_packets, tx_bytes,
 *   tx_dropped, tx_errors
 *                  packets as the interface counts them: with offload a large
 *                  segment (GSO) is one. bytes / packets is the mean frame;
 *                  Tcp.OutSegs / Ip.OutRequests of the sender's snmp is the
 *                  mean number of segments that went down as one
 *
 * TCP (sums over the flows; the sender's end says more than the receiver's)
 *   busy_us, rwnd_limited_us, sndbuf_limited_us
 *                  time with data to send; of it, held by the peer's window;
 *                  of it, held by the own buffer
 *   retransmits, bytes_sent, bytes_retransmitted, bytes_received, segs_out,
 *   segs_in, data_segs_out, data_segs_in, delivered, out_of_order
 *                  these and those above: differences over the turns
 *   rtt_us, rttvar_us, min_rtt_us, cwnd, snd_wnd_bytes, rcv_space_bytes,
 *   delivery_rate_bytes_per_s, notsent_bytes
 *                  means of readings at each turn's end, before it is drained
 *                  where M1 sends, and after where M2 does
 *
 * EBPF (of this path's turns; a histogram is {"le": [..], "count": [..]}:
 * count[i] values were <= le[i] and more than half of it, the first ones from
 * 0, the last ones, of le -1, more than all bounds; empty ones are left out)
 *   softirq_ns     (moved) {"NET_RX": ..., ...}: time of all CPUs, exact, but
 *                  for the interrupts in it
 *   irq_ns         time in interrupts of devices, all CPUs
 *   wakeup_ns      {"m1" | "m2" | "netback" ...: histogram}: from a wake-up of
 *                  the process to its running
 *   skb_bytes      {"dom0 vif1.0": {"rx": histogram, "tx": histogram}, ...}:
 *                  sizes of what went through each hop, GSO as one
 *   frame_bytes    the same, GSO counted as the frames it is cut into
 *   drops          (moved) {"SOCKET_RCVBUFF": 3, ...}: packets freed as
 *                  dropped on the whole host, by the kernel's reason
 *   retransmits    segments sent again, of all connections of the host
 *   socket_limits  (moved) {"rcvbuf_full", "memory_exceeded"}: times that a
 *                  packet found no room in a socket
 *   syscalls       {"m1": ..., "m2": ..., ...}: calls made by each process
 */
#ifndef VAZAO_OBSERVE_COUNTERS_H
#define VAZAO_OBSERVE_COUNTERS_H

#endif
