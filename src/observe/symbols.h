/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * symbols.h - addresses to names: the kernel's from /proc/kallsyms, programs'
 * from the symbol tables of the files that they have mapped (libelf).
 * Called by profile.c alone. Names live as long as the struct.
 */
#ifndef VAZAO_OBSERVE_SYMBOLS_H
#define VAZAO_OBSERVE_SYMBOLS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct symbols;

/* -EPERM where the kernel hides its addresses (kernel.kptr_restrict). */
int symbols_open(struct symbols **symbols, struct err *err);
void symbols_close(struct symbols *symbols);

/* Never NULL: "[unknown]" where there is no name. */
const char *symbols_of_kernel(const struct symbols *symbols, uint64_t address);

/* "[libc.so.6]" where the file has no symbols for the address. The mappings of
 * a process are read once. */
const char *symbols_of_process(struct symbols *symbols, pid_t pid,
			       uint64_t address);

#endif
