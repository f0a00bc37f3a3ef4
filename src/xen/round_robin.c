/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/round_robin.h"

#include <stddef.h>

void round_robin_init(struct round_robin *line)
{
	line->head.next = line->head.prev = &line->head;
}

void round_robin_add(struct round_robin *line, struct rr_member *member)
{
	if (member->next)
		return;
	member->prev = line->head.prev;
	member->next = &line->head;
	member->prev->next = member;
	line->head.prev = member;
}

void round_robin_remove(struct rr_member *member)
{
	if (!member->next)
		return;
	member->prev->next = member->next;
	member->next->prev = member->prev;
	member->next = member->prev = NULL;
}

struct rr_member *round_robin_take(struct round_robin *line)
{
	struct rr_member *first = line->head.next;

	if (first == &line->head)
		return NULL;
	round_robin_remove(first);
	return first;
}

bool round_robin_is_empty(const struct round_robin *line)
{
	return line->head.next == &line->head;
}

void credit_init(struct credit *credit, uint64_t bytes, uint64_t period_us,
		 int64_t now_ns)
{
	credit->bytes = bytes;
	credit->period_ns = (int64_t)period_us * 1000;
	credit->left = bytes;
	credit->refill_ns = now_ns + credit->period_ns;
}

/* Unused credit is not saved up, but for a packet that needs more than one
 * period gives. */
static void refill(struct credit *credit, uint64_t wanted, int64_t now_ns)
{
	uint64_t periods, most = credit->bytes;

	if (now_ns < credit->refill_ns)
		return;
	periods = (uint64_t)(now_ns - credit->refill_ns) /
			  (uint64_t)credit->period_ns +
		  1;
	credit->refill_ns += (int64_t)periods * credit->period_ns;
	if (wanted > most)
		most = wanted < CREDIT_BURST ? wanted : CREDIT_BURST;
	if (periods > most / credit->bytes + 1)
		periods = most / credit->bytes + 1;
	credit->left += periods * credit->bytes;
	if (credit->left > most)
		credit->left = most;
}

bool credit_take(struct credit *credit, uint64_t bytes, int64_t now_ns)
{
	if (!credit->bytes)
		return true;
	refill(credit, bytes, now_ns);
	if (bytes > credit->left)
		return false;
	credit->left -= bytes;
	return true;
}
