/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/differences.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* {key: {node: value}} over all nodes. */
static json_t *by_key(const json_t *settings)
{
	json_t *keys = json_object(), *values, *value;
	const char *node, *key;

	json_object_foreach((json_t *)settings, node, values) {
		json_object_foreach(values, key, value) {
			json_t *of_key = json_object_get(keys, key);

			if (!of_key) {
				of_key = json_object();
				json_object_set_new(keys, key, of_key);
			}
			json_object_set(of_key, node, value);
		}
	}
	return keys;
}

/* Puts null where a node lacks the key; are all values equal? */
static bool complete(json_t *of_key, const json_t *settings)
{
	const json_t *first = NULL;
	const char *node;
	json_t *unused;
	bool alike = true;

	json_object_foreach((json_t *)settings, node, unused) {
		if (!json_object_get(of_key, node))
			json_object_set_new(of_key, node, json_null());
		if (!first)
			first = json_object_get(of_key, node);
		alike = alike &&
			json_equal(first, json_object_get(of_key, node));
	}
	return alike;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_keys(json_t *object, size_t *count)
{
	const char **names =
		calloc(json_object_size(object) + 1, sizeof(*names));
	const char *name;
	json_t *unused;

	*count = 0;
	if (!names)
		return NULL;
	json_object_foreach(object, name, unused)
		names[(*count)++] = name;
	qsort(names, *count, sizeof(*names), compare_keys);
	return names;
}

json_t *differences_find(const json_t *settings)
{
	json_t *differences = json_array(), *keys = by_key(settings);
	size_t count = 0;
	const char **names = sorted_keys(keys, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *values = json_object_get(keys, names[i]);

		if (!complete(values, settings))
			json_array_append_new(differences,
					      json_pack("{sssO}", "key",
							names[i], "values",
							values));
	}
	free(names);
	json_decref(keys);
	return differences;
}
