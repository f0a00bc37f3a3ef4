/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int wrong(struct err *err, const char *key, const char *kind)
{
	return err_set(err, EPROTO, "field '%s' is missing or not %s", key,
		       kind);
}

int json_get_int(const json_t *object, const char *key, int64_t *value,
		 struct err *err)
{
	const json_t *field = json_object_get(object, key);

	if (!json_is_integer(field))
		return wrong(err, key, "a whole number");
	*value = json_integer_value(field);
	return 0;
}

int json_get_double(const json_t *object, const char *key, double *value,
		    struct err *err)
{
	const json_t *field = json_object_get(object, key);

	if (!json_is_number(field))
		return wrong(err, key, "a number");
	*value = json_number_value(field);
	return 0;
}

int json_get_bool(const json_t *object, const char *key, bool *value,
		  struct err *err)
{
	const json_t *field = json_object_get(object, key);

	if (!json_is_boolean(field))
		return wrong(err, key, "true or false");
	*value = json_is_true(field);
	return 0;
}

int json_get_string(const json_t *object, const char *key, const char **value,
		    struct err *err)
{
	const json_t *field = json_object_get(object, key);

	if (!json_is_string(field))
		return wrong(err, key, "a string");
	*value = json_string_value(field);
	return 0;
}

int json_get_object(const json_t *object, const char *key, json_t **value,
		    struct err *err)
{
	json_t *field = json_object_get(object, key);

	if (!json_is_object(field))
		return wrong(err, key, "an object");
	*value = field;
	return 0;
}

int json_get_array(const json_t *object, const char *key, json_t **value,
		   struct err *err)
{
	json_t *field = json_object_get(object, key);

	if (!json_is_array(field))
		return wrong(err, key, "an array");
	*value = field;
	return 0;
}

json_t *json_words(const char *text)
{
	json_t *string = json_string(text);
	char *ascii = string ? NULL : strdup(text);

	for (char *c = ascii; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (ascii)
		string = json_string(ascii);
	free(ascii);
	return string;
}
