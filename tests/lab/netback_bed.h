/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netback_bed.h - a netback under test, and fronts that are scripts: they
 * speak the handshake, then do to their rings what the test tells them.
 *
 * Called by tests/lab/netback_*_test.c, inside a network namespace of their
 * own (netback_bed_main()).
 */
#ifndef VAZAO_TESTS_NETBACK_BED_H
#define VAZAO_TESTS_NETBACK_BED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "xen/evtchn.h"
#include "xen/grant.h"
#include "xen/memory.h"
#include "xen/netback.h"
#include "xen/netif.h"
#include "xen/netif_mode.h"
#include "xen/ring.h"
#include "xen/xenbus.h"

/* Who waits for what must come waits so long: a machine that is busy with other
 * things may take a while, and one that is not is not waited for. */
#define BED_PATIENCE_NS (15 * NS_PER_S)

#define SCRIPT_TX_FRAMES 32
#define SCRIPT_RX_FRAMES 64
/* frames: 0 grant table, 1 TX ring, 2 RX ring, then tx, then rx */
#define SCRIPT_FIRST_TX 3
#define SCRIPT_FIRST_RX (SCRIPT_FIRST_TX + SCRIPT_TX_FRAMES)
/* grants: ring pages, then one for each frame of tx and rx */
#define SCRIPT_REF(frame) ((uint32_t)(GRANT_RESERVED + (frame)))
#define SCRIPT_TX_REF(i)  SCRIPT_REF(SCRIPT_FIRST_TX + (i))
#define SCRIPT_RX_REF(i)  SCRIPT_REF(SCRIPT_FIRST_RX + (i))

struct script {
	struct xenbus *bus;
	struct memory control, tx_memory, rx_memory;
	struct grant_table grants;
	struct ring_front tx, rx;
	struct evtchn channel;
	int peer_fd[2]; /* what the handshake hands over */
	uint8_t mac[6];
	char vif[16];
};

/* netback in a child process, listening; killed by bed_stop(). */
struct bed {
	char path[64];
	pid_t pid;
	int control_fd;
	bool paced; /* set before: guests are kept to args' arrivals */
};

void bed_start(struct bed *bed, const struct netback_args *args);
/* True: it had not died before. */
bool bed_stop(struct bed *bed);
bool bed_is_alive(const struct bed *bed);

/* What netback counted for the vif, or -1 where it is gone. */
int64_t bed_count(const struct bed *bed, const char *vif, const char *name);
/* Descriptors that netback has open. */
int bed_count_fds(const struct bed *bed);

/* Memory, grants, rings; connected to the socket, in InitWait. */
void script_open(struct script *script, const struct bed *bed,
		 enum netif_mode mode);
/* The handshake's message, as it should be. A test may put more keys behind:
 * the last one of a name counts. */
void script_put_keys(struct script *script, enum netif_mode mode);
/* Sends it; waits for Connected. 0, or -errno. */
int script_connect(struct script *script);
/* Closes the connection as a crash would. */
void script_close(struct script *script);

/* All at once: a connected script. */
void script_start(struct script *script, const struct bed *bed,
		  enum netif_mode mode);

/* A netback, and a front that is connected all the time: what a test does to
 * others it must survive. For cmocka's setup and teardown. */
struct bed_world {
	struct bed bed;
	struct script good;
};

int bed_world_open(void **state, const struct netback_args *args);
/* -1 where netback has died or serves the good one no more. */
int bed_world_close(void **state);

/* A valid broadcast frame of `bytes` into TX frame `at`, from its address. */
void script_make_frame(struct script *script, int at, uint16_t bytes);
/* A request; the frame's grant is SCRIPT_TX_REF(at). */
void script_put(struct script *script, int at, uint16_t offset, uint16_t size,
		uint16_t flags);
void script_push(struct script *script);
void script_push_rx(struct script *script);
void script_post(struct script *script, uint32_t gref);
/* Waits up to a second for a response; NETIF status, or INT16_MIN: none. */
int16_t script_status(struct script *script);
/* One valid frame is sent and answered with OKAY. */
bool script_works(struct script *script);
/* Waits up to 2 s for Closed, and tells whether the reason has `why`. */
bool script_is_closed(struct script *script, const char *why);

/* Up, and its link, too. */
bool script_is_running(const struct script *script);

/* From the driver domain's side, for the vif: one frame so often; short
 * broadcasts of 60 bytes. */
void script_send_frame(const struct script *script, const uint8_t *frame,
		       size_t bytes, int count);
void script_send_frames(const struct script *script, int count);

/* A raw socket on the vif (both directions); -1: the vif is gone. */
int script_listen(const struct script *script);

/* Unshares, brings up, runs; 77 where the machine allows none. */
int netback_bed_main(int (*run)(void));

#endif
