/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema.h - the schema's version and the steps between versions.
 *
 * Called by store.c alone. schema.sql is always the newest schema; a change
 * to it needs a step in schema.c that brings an older study.db to it.
 */
#ifndef VAZAO_STORE_SCHEMA_H
#define VAZAO_STORE_SCHEMA_H

#include "base/err.h"
#include "store/db.h"

struct schema {
	int version;	    /* PRAGMA user_version of what `create` makes */
	const char *create; /* SQL of a new file */
	/* [v] is SQL that brings version v to v + 1, for v = 1 .. version-1 */
	const char *const *steps;
};

extern const struct schema store_schema;
extern const char schema_sql[]; /* schema.sql, embedded */

/* What is in the file: 0: nothing yet; -EIO where it is not a study's. */
int schema_get_version(struct db *db, int *version, struct err *err);

/* One transaction each: all or nothing. */
int schema_create(struct db *db, const struct schema *schema, struct err *err);
int schema_migrate(struct db *db, const struct schema *schema, int from,
		   struct err *err);

#endif
