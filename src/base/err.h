/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - one error with its story.
 *
 * Every function that can fail in a way a user should read takes a
 * `struct err *` last and returns 0 or -errno. The text is one line: what
 * failed, where, what would be right; no trailing period or newline.
 * Callable from every room. Nothing here prints: only cmd/ does.
 */
#ifndef VAZAO_BASE_ERR_H
#define VAZAO_BASE_ERR_H

#include <stddef.h>

struct err {
	int code;	/* a positive errno value; 0 = no error */
	char text[768]; /* the keys of a plan, listed */
};

#define ERR_INIT  \
	{         \
		0 \
	}

/* Sets code and text; err may be NULL. Returns -code. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set(), with ": " and strerror(code) behind the text. */
int err_sys(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Puts context in front of the text that is there: "context: text".
 * Returns -err->code, so that `return err_wrap(err, "...")` works.
 */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
