/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - text that is put together piece by piece in a buffer of fixed size.
 * Callable from every room.
 */
#ifndef VAZAO_BASE_TEXT_H
#define VAZAO_BASE_TEXT_H

#include <stddef.h>

/* As snprintf(), behind the text that `buf` has; cut off at `size`, which is 1
 * or more. */
void text_append(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
