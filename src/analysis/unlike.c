/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/unlike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

static void add(json_t *list, const char *what, json_t *a, json_t *b,
		bool forbids)
{
	json_t *row = json_object();

	json_object_set_new(row, "what", json_string(what));
	json_object_set_new(row, "a", a);
	json_object_set_new(row, "b", b);
	if (forbids)
		json_object_set_new(row, "forbids", json_true());
	json_array_append_new(list, row);
}

static void add_text(json_t *list, const char *what, const char *a,
		     const char *b, bool forbids)
{
	if (strcmp(a, b) != 0)
		add(list, what, json_string(a), json_string(b), forbids);
}

static void add_links(json_t *list, const struct matrix *a,
		      const struct matrix *b)
{
	char rate_a[32], rate_b[32];

	units_format_rate(a->link_bps, rate_a, sizeof(rate_a));
	units_format_rate(b->link_bps, rate_b, sizeof(rate_b));
	add_text(list, "link", rate_a, rate_b, true);
}

static void add_references(json_t *list, const struct compare_args *args)
{
	const struct matrix *a = args->a, *b = args->b;

	if (args->by == COMPARE_EFFICIENCY)
		add_text(list, "reference path", a->path[a->reference].name,
			 b->path[b->reference].name, true);
}

/* Members of two objects that are not alike, below a name. */
static void add_objects(json_t *list, const char *name, json_t *a, json_t *b)
{
	json_t *all = json_deep_copy(a), *unused;
	const char *key;

	if (!all)
		all = json_object();
	json_object_update_missing(all, b);
	json_object_foreach(all, key, unused) {
		json_t *left = json_object_get(a, key);
		json_t *right = json_object_get(b, key);
		char what[160];

		if (json_equal(left, right))
			continue;
		snprintf(what, sizeof(what), "%s%s%s", name, *name ? ": " : "",
			 key);
		add(list, what, left ? json_incref(left) : json_null(),
		    right ? json_incref(right) : json_null(),
		    !*name && strcmp(key, "time") == 0);
	}
	json_decref(all);
}

/* Nodes that both have; a study with a path more is no other machine. */
static void add_settings(json_t *list, const struct matrix *a,
			 const struct matrix *b)
{
	const char *node;
	json_t *settings;

	json_object_foreach(a->settings, node, settings) {
		json_t *other = json_object_get(b->settings, node);

		if (other)
			add_objects(list, node, settings, other);
	}
}

static void add_options(json_t *list, const struct matrix *a,
			const struct matrix *b)
{
	for (size_t i = 0; i < a->paths; i++)
		for (size_t j = 0; j < b->paths; j++)
			if (!strcmp(a->path[i].name, b->path[j].name)) {
				add_text(list, a->path[i].name, a->path[i].kind,
					 b->path[j].kind, false);
				add_objects(list, a->path[i].name,
					    a->path[i].options,
					    b->path[j].options);
			}
}

json_t *unlike_find(const struct compare_args *args)
{
	const struct matrix *a = args->a, *b = args->b;
	json_t *list = json_array();

	if (a == b)
		return list;
	add_links(list, a, b);
	add_references(list, args);
	add_text(list, "rule", a->rule_2007 ? "2007" : "blocks",
		 b->rule_2007 ? "2007" : "blocks", true);
	add_text(list, "host", a->host, b->host,
		 args->by == COMPARE_THROUGHPUT && !matrix_is_exact(a));
	add_text(list, "version", a->version, b->version, false);
	add_objects(list, "", a->design, b->design);
	add_options(list, a, b);
	add_settings(list, a, b);
	return list;
}

void unlike_append_value(char *buf, size_t size, const json_t *value)
{
	char *dumped =
		json_is_string(value)
			? NULL
			: json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	const char *text = dumped ? dumped : json_string_value(value);

	if (json_is_null(value) || !text || !*text)
		text = "not told";
	text_append(buf, size, "%.80s", text);
	free(dumped);
}

void unlike_format(const json_t *differences, char *buf, size_t size)
{
	json_t *row;
	size_t i;

	buf[0] = '\0';
	json_array_foreach((json_t *)differences, i, row) {
		if (!json_object_get(row, "forbids"))
			continue;
		text_append(buf, size, "%s%s ", *buf ? "; " : "",
			    json_string_value(json_object_get(row, "what")));
		unlike_append_value(buf, size, json_object_get(row, "a"));
		text_append(buf, size, " in A, ");
		unlike_append_value(buf, size, json_object_get(row, "b"));
		text_append(buf, size, " in B");
	}
}
