/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key.h - the secret that a listening agent and its coordinators share.
 *
 * A file with 64 hex digits (32 random bytes) and a newline, readable by its
 * owner alone: a key that others can read is refused, as ssh(1) does with its
 * own. Called by listen.c, remote.c and cmd/.
 */
#ifndef VAZAO_AGENT_KEY_H
#define VAZAO_AGENT_KEY_H

#include <stdint.h>

#include "base/err.h"

#define KEY_BYTES 32

struct key {
	uint8_t byte[KEY_BYTES];
};

/* Makes a new file of mode 0600; -EEXIST where there is one. */
int key_create(const char *path, struct err *err);

/* -EACCES where group or others may read or write it. */
int key_read(const char *path, struct key *key, struct err *err);

#endif
