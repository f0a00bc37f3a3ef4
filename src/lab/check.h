/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.h - whether this machine can have a kind of path at all. Called by
 * cmd/, before anything is made.
 */
#ifndef VAZAO_LAB_CHECK_H
#define VAZAO_LAB_CHECK_H

#include "base/err.h"

/*
 * 0 for most kinds, which fail later, and alone, where they cannot be built.
 * -ENODEV, -EPERM or -ENOPKG with what is missing; *caveat: what their user
 * should know first, or NULL.
 */
int lab_check_kind(const char *kind, const char **caveat, struct err *err);

#endif
