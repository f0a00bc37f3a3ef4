/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * suggest.h - the name that somebody who mistyped probably meant.
 *
 * Called where a name is refused: options and subcommands (opt.c), keys,
 * kinds and plans (plan/). Pure.
 */
#ifndef VAZAO_OPT_SUGGEST_H
#define VAZAO_OPT_SUGGEST_H

/*
 * The closest of `names` (NULL-ended) to `word`: one that it abbreviates, or
 * one at most a third of its letters away (rounded up), where a letter
 * inserted, lost, replaced or swapped with its neighbor counts one. NULL where
 * none is near.
 */
const char *suggest_name(const char *word, const char *const *names);

#endif
