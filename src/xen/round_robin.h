/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * round_robin.h - whose turn it is among the vifs of one netback, and what a
 * vif may send: Xen's credits (so many bytes in so many microseconds).
 *
 * A member that still has work after its budget goes to the tail; so between
 * two turns of one, every other that has work had one. Pure: the caller brings
 * the time. Called by netback.
 */
#ifndef VAZAO_XEN_ROUND_ROBIN_H
#define VAZAO_XEN_ROUND_ROBIN_H

#include <stdbool.h>
#include <stdint.h>

struct rr_member {
	struct rr_member *next, *prev; /* NULL: not in line */
};

struct round_robin {
	struct rr_member head;
};

void round_robin_init(struct round_robin *line);
/* At the tail; one that is in line keeps its place. */
void round_robin_add(struct round_robin *line, struct rr_member *member);
/* Out of the line, wherever it is. */
void round_robin_remove(struct rr_member *member);
/* Takes the first out; NULL: nobody waits. */
struct rr_member *round_robin_take(struct round_robin *line);
bool round_robin_is_empty(const struct round_robin *line);

struct credit {
	uint64_t bytes; /* a period; 0: unlimited */
	int64_t period_ns;
	uint64_t left;
	int64_t refill_ns; /* when the next period begins */
};

/* `bytes` every `period_us` microseconds (xenbus key "rate"). */
void credit_init(struct credit *credit, uint64_t bytes, uint64_t period_us,
		 int64_t now_ns);

/* Takes `bytes` if the credit bears it. A packet larger than a period's credit
 * goes when the credit has grown to at most CREDIT_BURST. */
#define CREDIT_BURST 131072
bool credit_take(struct credit *credit, uint64_t bytes, int64_t now_ns);

#endif
