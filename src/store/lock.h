/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lock.h - one writer a study: flock(2) on dir/study.lock.
 *
 * The kernel lets go of it when the holder dies, however it dies. The file
 * says who holds it: in a PID namespace of its own a process cannot know the
 * pid that others see, so whoever makes one leaves its pid in VAZAO_PID
 * before (store.h). Called by store.c alone.
 */
#ifndef VAZAO_STORE_LOCK_H
#define VAZAO_STORE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

struct lock {
	char *file;
	int fd;
};

#define LOCK_INIT                      \
	{                              \
		.file = NULL, .fd = -1 \
	}

/* -EBUSY, with the holder's pid, where somebody has it. */
int lock_take(struct lock *lock, const char *dir, struct err *err);

/* Has somebody got it? */
bool lock_is_held(const char *dir);

/* Also removes the file. Nothing happens to a lock that was not taken. */
void lock_release(struct lock *lock);

#endif
