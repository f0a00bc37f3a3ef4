/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile.h - the samples of a profiled study, by point and path.
 * Called by the study, which adds, and the report.
 */
#ifndef VAZAO_STORE_PROFILE_H
#define VAZAO_STORE_PROFILE_H

#include "store/store.h"

/* stacks: {"program;outer;...;inner": samples}, added to what is there. */
int store_add_profile(struct store *store, int point, int path,
		      const json_t *stacks, struct err *err);

/* Over all points: [{"stack": samples}, ...], one object a path of the study,
 * empty where it was not profiled; a new reference. */
int store_load_profile(struct store *store, size_t paths, json_t **profile,
		       struct err *err);

#endif
