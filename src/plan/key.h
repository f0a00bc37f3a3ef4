/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key.h - the keys of a plan: how each is read from a tree and written back.
 *
 * Three tables stand behind them: the text keys (key.c), the axes
 * (base/axis.c) and the numbers (number.c). Called by plan.c alone, and by
 * the test that looks for every key in the manual.
 */
#ifndef VAZAO_PLAN_KEY_H
#define VAZAO_PLAN_KEY_H

#include <stdio.h>

#include "plan/plan.h"
#include "plan/tree.h"

#define KEYS_MAX 64

/* Every key, NULL-ended, in the order of a plan's canonical text. */
void key_list(const char *names[KEYS_MAX]);

/* What the map leaves out gets its fallback. */
int key_read_all(struct plan *plan, const struct node *map,
		 const struct kind_desc *const *kinds, struct err *err);

/* Canonical: key_read_all() makes the same plan of it. */
void key_write_all(const struct plan *plan, FILE *out);

/* paths.c */
int paths_read(struct plan *plan, const struct node *node,
	       const struct kind_desc *const *kinds, struct err *err);
void paths_write(const struct plan *plan, FILE *out);

/* number.c: rule and time, and the numbers, whose fallbacks follow from them. */
int number_read_all(struct plan *plan, const struct node *map, struct err *err);
void number_write_all(const struct plan *plan, FILE *out);
size_t number_list(const char *names[KEYS_MAX], size_t used);

/* exact.c: after all others. In exact time, what has no use there is refused;
 * else what has one only there. */
int exact_read(struct plan *plan, const struct node *map,
	       const struct kind_desc *const *kinds, struct err *err);
void exact_write(const struct plan *plan, FILE *out);

#endif
