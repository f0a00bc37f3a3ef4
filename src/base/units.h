/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * units.h - the spellings of quantities in plans and options.
 *
 * Parsers take the whole string or refuse it (-EINVAL, with what would be
 * right); a value that does not fit is refused too (-ERANGE). Formatters
 * are for people to read. Callable from every room.
 */
#ifndef VAZAO_BASE_UNITS_H
#define VAZAO_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes: "4096", "64K", "1M", "1MiB": powers of 1024, as netperf's -m 64K. */
int units_parse_bytes(const char *text, int64_t *bytes, struct err *err);

/* Time: "10ms", "7s", "10m", "2h"; a bare number is seconds. */
int units_parse_duration(const char *text, int64_t *ns, struct err *err);

/* Rate: "1gbit", "100mbit", "500kbit" (powers of 1000, as tc(8)), or
 * "unlimited" = 0. In bit/s. */
int units_parse_rate(const char *text, int64_t *bps, struct err *err);

/* "2.5%" or "0.025" -> 0.025. */
int units_parse_fraction(const char *text, double *fraction, struct err *err);

/* A whole number, decimal. */
int units_parse_count(const char *text, int64_t *count, struct err *err);

/* 4096 -> "4K", 114688 -> "112K", 1500 -> "1500", 1048576 -> "1M". */
void units_format_bytes(int64_t bytes, char *buf, size_t size);

/* 83 s -> "1m23s", 0.4 s -> "400ms", 3 h -> "3h00m". */
void units_format_duration(int64_t ns, char *buf, size_t size);

/* 10^9 -> "1gbit", 0 -> "unlimited". */
void units_format_rate(int64_t bps, char *buf, size_t size);

#endif
