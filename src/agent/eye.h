/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eye.h - joins the workload's edges of turns (workload/watch.h) with the
 * observer of this node (observe/observer.h). Called by op_block.c alone.
 */
#ifndef VAZAO_AGENT_EYE_H
#define VAZAO_AGENT_EYE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "workload/watch.h"

/* One an agent; all zero is a closed one. The observer's files stay open from
 * block to block. */
struct eye {
	struct observer *observer;
	struct block_watch watch;
	int *fd; /* of the flows, [flows_max] */
	size_t flows_max;
	bool open;
};

/*
 * Before a block: opens what `wanted` (protocol.h's "observe"; NULL: nothing)
 * asks for. *watch is what the block is to be given: NULL where nothing is
 * observed.
 */
int eye_open(struct eye *eye, const json_t *wanted, size_t paths,
	     const struct block_watch **watch, struct err *err);

/* Of one path of the block just over, to be put into its result as
 * "counters"; nothing where it was not observed. */
void eye_report(const struct eye *eye, size_t path, json_t *result);
void eye_close(struct eye *eye);

#endif
