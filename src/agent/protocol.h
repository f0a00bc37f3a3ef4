/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * protocol.h - what coordinator and agent say to each other. This header is
 * the specification; client.c and server.c are its two sides.
 *
 * The stream
 *   A byte stream each way: pipe, socket, serial line, ssh. An agent sets a
 *   terminal to raw mode before it speaks. It begins with AGENT_MAGIC and the
 *   hello; what comes before the magic is noise (a guest's boot messages) and
 *   is passed over. From then on both ways carry frames alone:
 *
 *     offset  bytes
 *          0      4  length n of what follows, big-endian, 1..FRAME_MAX
 *          4      n  one JSON object in UTF-8
 *
 * Frames
 *   hello     {"protocol": 4, "version": "0.1.0", "kernel": "Linux 6.1.0",
 *              "cpus": 2}
 *   request   {"id": 7, "op": "ping", "args": {...}}
 *   reply     {"id": 7, "ok": {...}}
 *   refusal   {"id": 7, "error": {"code": 22, "text": "...", ...}}
 *             code is an errno of Linux, text one line; an op may add fields
 *   event     {"id": 7, "event": {...}}, before the reply: what a block with
 *             "tick_ns" tells while it runs
 *
 *   The coordinator asks one thing at a time, the agent answers each. A frame
 *   that is no JSON object, or without id, op or args, is refused with id -1
 *   or its own, and the agent lives on. A length out of range cannot be
 *   passed over: it is refused, and the agent leaves. At the stream's end it
 *   leaves, too.
 *
 *   One exception: while a block with "tick_ns" runs, the coordinator may ask
 *   a second thing (a ping), and thereby ends the slice at its next tick. The
 *   block is answered first, as always.
 *
 * Heartbeats
 *   Over a network the stream runs through relays (relay.h) at both ends. A
 *   frame of length 0 is what the coordinator's relay says where it has
 *   nothing else to say; the agent's relay takes it out again. Nobody else
 *   sees one: to an agent a length of 0 is out of range.
 *
 * Rights
 *   An agent that the coordinator did not make (listen.h, ssh.h) may have been
 *   told to keep its machine as it is. Then netdev_set and sysctl_set change
 *   nothing: a netdev_set to what is there already succeeds, to another value
 *   it is refused with EPERM; exec is refused where it is not allowed.
 *
 * Ops: args -> what stands in "ok". A field with "?" may be missing.
 *   ping          {} -> {}
 *   quit          {} -> {}; then the agent leaves
 *   netdev_set    {"ifname", "mtu"?, "offload"?: bool, "address"?: "a.b.c.d/n"
 *                 or "fd00::1/n"} -> as netdev_get. An IPv4 address takes the
 *                 place of the one there, an IPv6 one stands beside it; either
 *                 also sets the interface up.
 *   netdev_get    {"ifname"} -> {"ifname", "mtu", "up", "features": {"tso":
 *                 bool, ...}}, read back
 *   sysctl_set    {"values": {"net.ipv4.tcp_sack": "1", ...}} -> as sysctl_get
 *                 of these names; a value that the node refuses is no error
 *   sysctl_get    {"names": ["net.ipv4.tcp_sack", ...]} -> {"values": {...}}
 *                 without the names that the node does not have. As in
 *                 sysctl(8), a name whose first separator is a slash is taken
 *                 as it is: "net/ipv4/conf/eth0.42/forwarding". Only net.
 *   exec          {"argv": [...], "timeout_ns"} -> {"output", "status":
 *                 as of wait(2), "truncated": bool}. Standard output and error
 *                 together, the first EXEC_OUTPUT_MAX bytes; what is not UTF-8
 *                 comes as "?". A program that a guest lacks is looked for
 *                 below EXEC_HOST_ROOT, if that is there, and run with it as
 *                 its root. -ETIMEDOUT kills it and its process group.
 *   route_get     {"address"?, "ipv6"?: bool} -> {"ifname", "address", "mtu":
 *                 the interface and own address by which the node reaches
 *                 the address; "boot_id": of its kernel; "first_address": its
 *                 first that is not loopback's; "ssh_server", "ssh_client": if
 *                 it came by ssh, the addresses of that connection as the
 *                 node sees them}
 *   block_listen  {"point", "congestion"?, "address": ["10.77.1.2", {"address",
 *                 "point": of this one}, ...], "token"?} -> {"port": [[data,
 *                 baton, data_address], ...]}, the last "" where data goes to
 *                 the same address. Closes what an earlier one opened; with no
 *                 address that is all it does.
 *   block_conduct {"point", "path": [name, ...], "order": [0, 1, ...],
 *                 "timing", "pairs"?: [1, ...] of each path, whose members stand
 *                 side by side in "path", here and in the reply; "tick_ns"?,
 *                 "observe"?: {"node", "ebpf", "profile": bool, "path":
 *                 [{"agent"?: M1's pid, "processes": {name: pid, ...},
 *                 "hops": [{"node", "ifname", "role", "netns": a file of
 *                 setns(2)}]}, ...]}} -> {"path": [result, ...]}, on what
 *                 block_listen opened; a refusal has "failed_path": index into
 *                 "path" or -1
 *   block_follow  {"point", "congestion"?, "address", "data_address"?,
 *                 "data_port", "baton_port", "timing", "turn_wait_ns", "token"?,
 *                 "tick_ns"?, "observe"?: {"node", "kernel": the boot_id of
 *                 M2's, "ifname"}} -> result
 *   where
 *     point       point_to_json(): {"workload": "tcp_stream", "mtu": 1500, ...}
 *     timing      {"warmup_ns", "guard_ns", "slice_ns", "patience_ns"}
 *     token       32 hex digits: workload/admit.h
 *     tick_ns     the counting end tells {"tick": [bytes, duration_ns]} as an
 *                 event so often; block.h, struct block_ticks
 *     result      {"slices": [[bytes, duration_ns, idle_ns], ...], "messages",
 *                 "strangers", "socket": {"sndbuf_bytes", "rcvbuf_bytes",
 *                 "mss_bytes", "retransmits", "congestion"}, "fed_bytes",
 *                 "fed_ns", "datagrams": {"received", "lost", "reordered",
 *                 "jitter_us"}, "latency"?: [[bucket, count], ...],
 *                 "tracks"?: of paced datagrams, stats/loss_trial.h: [[[offered,
 *                 lost, transit_ns, kept: 0 or 1] of a piece, ...], ...],
 *                 "counters"?: observe/counters.h; of an M1 what is m1 there,
 *                 of M2 the rest}
 */
#ifndef VAZAO_AGENT_PROTOCOL_H
#define VAZAO_AGENT_PROTOCOL_H

#define AGENT_PROTOCOL 4

/* No boot message looks so; its first byte occurs nowhere else in it. */
#define AGENT_MAGIC "\x01vazao-agent\n"

#define FRAME_MAX (16 * 1024 * 1024)

#define EXEC_OUTPUT_MAX (1024 * 1024)
#define EXEC_HOST_ROOT	"/host"

#endif
