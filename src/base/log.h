/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.h - lines for the person who looks for a fault.
 *
 * Callable from every room. Lines go to standard error; the level is the
 * one mutable global of the program besides the stop flag. What a user asked
 * for (tables, progress, errors) is not logged but printed, by cmd/ alone.
 */
#ifndef VAZAO_BASE_LOG_H
#define VAZAO_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Default LOG_WARN; `-v` raises it, and VAZAO_LOG=debug in children. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
