/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * private.h - what the files of this room and its tests share of a store.
 * Nobody else includes it.
 */
#ifndef VAZAO_STORE_PRIVATE_H
#define VAZAO_STORE_PRIVATE_H

#include "store/db.h"
#include "store/lock.h"
#include "store/schema.h"
#include "store/store.h"

struct store {
	struct db db;
	struct lock lock; /* taken by writers */
	enum store_mode mode;
	bool wal; /* the file is ours to write */
};

/* store_open() with a schema of the caller's, so that migrations that are
 * yet to come can be tested. */
int store_open_schema(struct store **store, const char *dir,
		      enum store_mode mode, const struct schema *schema,
		      struct err *err);

#endif
