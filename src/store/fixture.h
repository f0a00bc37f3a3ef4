/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fixture.h - a scratch directory and a study to put there, for this room's
 * tests alone. What goes wrong fails the test at hand.
 */
#ifndef VAZAO_STORE_FIXTURE_H
#define VAZAO_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

struct fixture {
	char dir[64], file[80]; /* file: dir/study.db */
};

/* A test whose *state is a fixture with an empty directory. */
#define FIXTURE_TEST(name)                                          \
	cmocka_unit_test_setup_teardown(test_##name, fixture_setup, \
					fixture_teardown)
int fixture_setup(void **state);
int fixture_teardown(void **state);

struct store *fixture_open(const struct fixture *f, enum store_mode mode);

/* The opening is refused with `code`; the text has `part` in it. */
void fixture_refuse(const struct fixture *f, enum store_mode mode, int code,
		    const char *part);

/* Two paths and two points. */
void fixture_fill(struct store *store);

/* A block of both paths whose every number follows from `n`. */
void fixture_block(struct store_block *block, struct store_measurement m[2],
		   int n);
void fixture_block_free(struct store_block *block);

/* Adds block `n`; what store_add_block() said. */
int fixture_add(struct store *store, int n, struct err *err);

/* Blocks 0 .. n-1 and no other are there, to the last bit. Returns n. */
size_t fixture_check_all(const struct fixture *f);

/* schema_1.sql to schema_3.sql: what these versions were. */
extern const char schema_1_sql[], schema_2_sql[], schema_3_sql[];

#endif
