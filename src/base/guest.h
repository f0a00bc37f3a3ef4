/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest.h - what the lab and a guest's PID 1 agree upon.
 *
 * The lab boots a kernel on an image whose /init is vazao-agent
 * (agent/guest.c). The two never link with each other; this is all they
 * share. Called by the lab's guests and by agent/guest.c alone.
 *
 * The kernel's command line
 *   A parameter KEY=VALUE that the kernel does not know, and whose KEY has no
 *   dot, becomes a variable of init's environment. These are vazao's:
 */
#ifndef VAZAO_BASE_GUEST_H
#define VAZAO_BASE_GUEST_H

/* The node's name, to be the host name. */
#define GUEST_NODE "vazao_node"

/* The interface as the kernel calls it, "vec0": to be renamed eth0. */
#define GUEST_DEVICE "vazao_device"

/* The file system type that shows the host's files, "hostfs"; to be mounted
 * read-only at /host, where the agent's op exec looks for programs. */
#define GUEST_HOST "vazao_host"

/*
 * The agent's stream: a terminal, "ttyS0", which is made raw; another device
 * that carries bytes both ways, "vport1p1" (waited for: its driver finds it
 * late); or a connection that the guest makes,
 * "tcp:INTERFACE:ADDRESS:PEER:PORT", ADDRESS being the guest's own, /24.
 */
#define GUEST_LINE "vazao_line"

/* A program to be run to its end before the network is set up: dom0's
 * toolstack. If it fails, so does the guest. */
#define GUEST_SETUP "vazao_setup"

/* Interfaces, with colons between, that get MTU and offload whenever the agent
 * sets its own end: dom0's bridge and ports, which no one else can reach. */
#define GUEST_INNER "vazao_inner"

/* A driver domain's guests, each with a VLAN of its own on a bridge of its
 * own: "TRUNK.VLAN=PORT", with colons between (agent/guest_lanes.h). */
#define GUEST_LANES "vazao_lanes"

/* A file of work to be carried out inside the machine, without the lab
 * (agent/errand.h); GUEST_LINE is then where the report goes. Of the network
 * there is only what stands in the machine: eth0 is a cable to M2. */
#define GUEST_ERRAND "vazao_errand"

/* Where it is, the image's list of kernel modules to load, in this order:
 * a file's path a line. */
#define GUEST_MODULES "/modules/order"

/*
 * The terminal for credits, "ttyS1". Without it the line has a flow control
 * of its own, and the agent reads it itself.
 *
 * Credits
 *   In User Mode Linux (seen in 6.1, and so written in 6.12) a line goes deaf
 *   once its receive buffer of 4096 bytes was nearly full: line_throttle()
 *   takes the line's interrupt away, and line_unthrottle() does not bring it
 *   back. So it may never be full: the lab sends the guest no more bytes than
 *   it was granted.
 *
 *   A credit is two bytes, big-endian: that many bytes more may be sent. The
 *   guest grants GUEST_WINDOW_BYTES once the line is raw, then as many as it
 *   has read, after each read. What is under way is then never more than
 *   GUEST_WINDOW_BYTES. From the guest to the lab there is no limit: that way
 *   a writer waits as it should.
 */
#define GUEST_CREDIT "vazao_credit"

#define GUEST_WINDOW_BYTES 2048

#endif
