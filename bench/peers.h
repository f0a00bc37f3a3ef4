/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peers.h - the generators that vazao is measured against: how each is
 * started for a cell, and what its output says. Called by peers.c.
 */
#ifndef VAZAO_BENCH_PEERS_H
#define VAZAO_BENCH_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"

#define PEERS_ARGS 32
#define PEERS_WORD 64

struct cell {
	int workload;
	int64_t size; /* of a message, or of request and response */
	int64_t socket_size, flows;
	const char *group;
	/* The modern ways: vazao's, and the words that a peer has for its. */
	int64_t zero_copy, msg_trunc, busy_poll_us;
	const char *words;
};

/* Words, NULL-ended, that live in `text`. */
struct argv {
	const char *word[PEERS_ARGS];
	char text[PEERS_ARGS][PEERS_WORD];
	int count;
};

/* 10^6 bit/s at the receiver, or transactions/s; and in `total` the payload
 * bytes, or transactions, of the whole run, for the processor time. */
struct figure {
	double rate, total;
};

struct peer {
	const char *name, *program; /* the one looked for on PATH */
	bool (*can)(const struct cell *cell);
	/* The server ends by itself, or is ended after SERVER_S seconds. */
	void (*server)(struct argv *argv, const struct cell *cell);
	void (*client)(struct argv *argv, const struct cell *cell,
		       const char *address);
	int (*parse)(const struct cell *cell, const char *output,
		     struct figure *figure, struct err *err);
};

extern const struct peer peers[]; /* ended by name == NULL */

#define PEERS_SECONDS 1

#endif
