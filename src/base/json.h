/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.h - reading fields out of JSON that somebody else wrote.
 *
 * jansson does the parsing; these say in one line which field is missing or
 * of the wrong kind (-EPROTO). Callable from every room.
 */
#ifndef VAZAO_BASE_JSON_H
#define VAZAO_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

int json_get_int(const json_t *object, const char *key, int64_t *value,
		 struct err *err);
int json_get_double(const json_t *object, const char *key, double *value,
		    struct err *err); /* takes whole numbers too */
int json_get_bool(const json_t *object, const char *key, bool *value,
		  struct err *err);
/* Borrowed: lives as long as the object. */
int json_get_string(const json_t *object, const char *key, const char **value,
		    struct err *err);
int json_get_object(const json_t *object, const char *key, json_t **value,
		    struct err *err);
int json_get_array(const json_t *object, const char *key, json_t **value,
		   struct err *err);

/* As json_string(), of words that came from elsewhere: where they are not
 * UTF-8, "?" for each byte that is not ASCII. */
json_t *json_words(const char *text);

#endif
