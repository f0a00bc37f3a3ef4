/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replicate.h - what the machines of a study in exact time have told so far,
 * block by block, before all of a block is there. Kept: a machine that is
 * booted once more must tell the same.
 *
 * Called by study/exact.c. The file refuses it to a study of another time.
 */
#ifndef VAZAO_STORE_REPLICATE_H
#define VAZAO_STORE_REPLICATE_H

#include "base/err.h"
#include "store/store.h"

struct store_replicate {
	int round, point;
	char machine[32];
	char *result; /* JSON; malloc'ed where it was loaded */
};

int store_add_replicate(struct store *store,
			const struct store_replicate *replicate,
			struct err *err);
int store_load_replicates(struct store *store,
			  struct store_replicate **replicates, size_t *count,
			  struct err *err);
void store_replicates_free(struct store_replicate *replicates, size_t count);

#endif
