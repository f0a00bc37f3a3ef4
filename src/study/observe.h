/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe.h - what the agents of one block are asked to observe, and what
 * they saw put together with what the path's machinery counted.
 * Called by measure.c alone. Names: observe/counters.h, agent/protocol.h.
 */
#ifndef VAZAO_STUDY_OBSERVE_H
#define VAZAO_STUDY_OBSERVE_H

#include <stddef.h>

#include <jansson.h>

#include "agent/agent.h"
#include "study/run.h"

struct observe_request {
	json_t *m2; /* NULL: nothing is observed */
	json_t *m1[BLOCK_MAX_PATHS];
};

/* Of the plan's paths index[0..paths-1]. */
void observe_ask(struct run *run, const size_t *index, size_t paths,
		 bool profile, struct observe_request *request);
void observe_release(struct observe_request *request);

/* *counters becomes all of both; `seen` is borrowed, both may be NULL. */
void observe_merge(json_t **counters, json_t *seen);

#endif
