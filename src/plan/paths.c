/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key `paths`: names, kinds, and the options that a kind has. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "plan/key.h"

#define NAMES_MAX 64

/* One entry of `paths`, as it is spread over its options' values. */
struct entry {
	struct plan *plan;
	const struct node *node;
	const struct kind_desc *kind;
	struct err *err;
};

static int check_name(const struct node *node, const char *name,
		      struct err *err)
{
	if (strlen(name) >= PLAN_NAME_MAX)
		return tree_refuse(node, NULL, err,
				   "path '%s': a name has at most %d letters",
				   name, PLAN_NAME_MAX - 1);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) &&
		    (c == name || !strchr("-_.", *c)))
			return tree_refuse(node, NULL, err,
					   "path '%s': a name has letters, "
					   "digits and, behind the first, "
					   "'-', '_' and '.'",
					   name);
	if (strcmp(name, "M2") == 0)
		return tree_refuse(node, NULL, err,
				   "path 'M2': that is the peer's name");
	return 0;
}

/* NULL where there is none of that name. */
static const struct kind_desc *find_kind(const struct kind_desc *const *kinds,
					 const struct node *node,
					 const char *name, struct err *err)
{
	const char *names[NAMES_MAX] = { NULL };
	char valid[300];

	for (size_t i = 0; kinds[i] && i < NAMES_MAX - 1; i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
		names[i] = kinds[i]->name;
	}
	tree_format_valid(name, names, "valid", valid, sizeof(valid));
	tree_refuse(node, NULL, err, "unknown kind of path '%s'%s", name,
		    valid);
	return NULL;
}

static int check_path_keys(const struct node *node,
			   const struct kind_desc *kind, const char *name,
			   struct err *err)
{
	const char *names[NAMES_MAX] = { "name", "kind" };
	char of[64];
	size_t n = 2;

	for (const struct kind_option *o = kind->options; o && o->key; o++)
		if (n < NAMES_MAX - 1)
			names[n++] = o->key;
	snprintf(of, sizeof(of), " of path '%s'", name);
	return tree_check_keys(node, names, of, err);
}

/* One value of an option; NULL, with what is wrong in `err`. */
static json_t *parse_option(const struct kind_option *option, const char *text,
			    struct err *err)
{
	char valid[300];
	int64_t number;

	if (option->is_text && *text)
		return json_string(text);
	if (option->is_text) {
		err_set(err, EINVAL, "it is empty");
		return NULL;
	}
	if (!option->choices) {
		if (units_parse_count(text, &number, err))
			return NULL;
		if (number >= option->min && number <= option->max)
			return json_integer(number);
		err_set(err, EINVAL, "%s is outside %" PRId64 " to %" PRId64,
			text, option->min, option->max);
		return NULL;
	}
	for (size_t i = 0; option->choices[i]; i++)
		if (strcmp(option->choices[i], text) == 0)
			return json_string(text);
	tree_format_valid(text, option->choices, "valid", valid, sizeof(valid));
	err_set(err, EINVAL, "no choice '%.64s'%s", text, valid);
	return NULL;
}

static int add_path(struct entry *entry, const struct plan_path *path)
{
	struct plan *plan = entry->plan;
	struct plan_path *more;

	for (size_t i = 0; i < plan->paths; i++)
		if (strcmp(plan->path[i].name, path->name) == 0)
			return tree_refuse(entry->node, NULL, entry->err,
					   "path '%s' stands twice; give it a "
					   "name of its own: {name: NAME, "
					   "kind: %s}",
					   path->name, path->kind);
	if (plan->paths == PLAN_MAX_PATHS)
		return tree_refuse(entry->node, NULL, entry->err,
				   "more than %d paths", PLAN_MAX_PATHS);
	more = reallocarray(plan->path, plan->paths + 1, sizeof(*more));
	if (!more)
		return err_sys(entry->err, ENOMEM, "%s", path->name);
	plan->path = more;
	plan->path[plan->paths] = *path;
	plan->path[plan->paths++].options = json_incref(path->options);
	return 0;
}

static int spread(struct entry *entry, const struct kind_option *option,
		  const struct plan_path *so_far);

/* Goes on with `option` set to one value; named by it, if it is one of many. */
static int spread_value(struct entry *entry, const struct kind_option *option,
			const struct plan_path *so_far, const struct node *node,
			bool many)
{
	const char *text = option->fallback;
	struct plan_path path = *so_far;
	struct err inner = ERR_INIT;
	size_t used = strlen(path.name);
	json_t *value;
	int rc = 0;

	if (node)
		rc = tree_get_text(node, option->key, &text, entry->err);
	if (rc)
		return rc;
	if (!text)
		return tree_refuse(entry->node, NULL, entry->err,
				   "path '%s': %s is missing: %s", path.name,
				   option->key, option->help);
	value = parse_option(option, text, &inner);
	if (!value)
		return tree_refuse(node ? node : entry->node, option->key,
				   entry->err, "%s", inner.text);
	if (many && used + 1 + strlen(text) >= sizeof(path.name)) {
		json_decref(value);
		return tree_refuse(node, NULL, entry->err,
				   "path '%s.%s': a name has at most %d "
				   "letters",
				   path.name, text, PLAN_NAME_MAX - 1);
	}
	if (many)
		snprintf(path.name + used, sizeof(path.name) - used, ".%s",
			 text);
	rc = many ? check_name(node, path.name, entry->err) : 0;
	if (rc) {
		json_decref(value);
		return rc;
	}
	path.options = json_copy(so_far->options);
	json_object_set_new(path.options, option->key, value);
	rc = spread(entry, option + 1, &path);
	json_decref(path.options);
	return rc;
}

/* A path for every value of every option from `option` on. */
static int spread(struct entry *entry, const struct kind_option *option,
		  const struct plan_path *so_far)
{
	const struct node *node;
	int rc = 0;

	if (!option || !option->key)
		return add_path(entry, so_far);
	node = entry->node->kind == NODE_MAP
		       ? tree_get(entry->node, option->key)
		       : NULL;
	if (!node)
		return spread_value(entry, option, so_far, NULL, false);
	if (tree_count(node) == 0)
		return tree_refuse(node, option->key, entry->err,
				   "one value is needed at least");
	if (entry->plan->paths == 0 && tree_count(node) > 1)
		return tree_refuse(node, option->key, entry->err,
				   "one value is expected: the first path is "
				   "the reference, of which there is one");
	for (size_t i = 0; i < tree_count(node) && rc == 0; i++)
		rc = spread_value(entry, option, so_far, tree_entry(node, i),
				  tree_count(node) > 1);
	return rc;
}

/* Where a path's name stands: in a map, or a bare word. NULL: nowhere. */
static const struct node *find_name(const struct node *node)
{
	if (node->kind == NODE_MAP)
		return tree_get(node, "name");
	return node->kind == NODE_SCALAR ? node : NULL;
}

/* Of which kind, by the key `kind` or else by its name. */
static int read_kind(struct entry *entry, const struct kind_desc *const *kinds,
		     const struct node *name)
{
	const struct node *node = entry->node->kind == NODE_MAP
					  ? tree_get(entry->node, "kind")
					  : NULL;
	const char *text = name->text;
	int rc = 0;

	if (node)
		rc = tree_get_text(node, "kind", &text, entry->err);
	if (rc)
		return rc;
	entry->kind = find_kind(kinds, node ? node : name, text, entry->err);
	return entry->kind ? 0 : -EINVAL;
}

static int read_path(struct plan *plan, const struct node *node,
		     const struct kind_desc *const *kinds, struct err *err)
{
	struct entry entry = { .plan = plan, .node = node, .err = err };
	const struct node *name = find_name(node);
	struct plan_path path;
	const char *text = "";
	int rc;

	if (!name)
		return tree_refuse(node, NULL, err,
				   "a path needs a name, such as {name: dom0}");
	rc = tree_get_text(name, "name", &text, err);
	if (rc == 0)
		rc = check_name(name, text, err);
	if (rc == 0)
		rc = read_kind(&entry, kinds, name);
	if (rc || !entry.kind)
		return rc;
	if (node->kind == NODE_MAP)
		rc = check_path_keys(node, entry.kind, text, err);
	if (rc)
		return rc;
	snprintf(path.name, sizeof(path.name), "%s", text);
	snprintf(path.kind, sizeof(path.kind), "%s", entry.kind->name);
	path.options = json_object();
	if (plan->paths == 0)
		plan->outside = entry.kind->outside;
	rc = plan->outside == entry.kind->outside
		     ? spread(&entry, entry.kind->options, &path)
		     : tree_refuse(node, NULL, err,
				   "path '%s': paths of kind %s and of kind %s "
				   "cannot be in one plan",
				   path.name, path.kind, plan->path[0].kind);
	json_decref(path.options);
	return rc;
}

/* What all paths of a plan must have alike. */
static int check_same(const struct plan *plan, const struct kind_desc *kind,
		      const struct node *node, struct err *err)
{
	for (const struct kind_option *o = kind->options; o && o->key; o++)
		for (size_t i = 1; i < plan->paths && o->same; i++)
			if (!json_equal(json_object_get(plan->path[0].options,
							o->key),
					json_object_get(plan->path[i].options,
							o->key)))
				return tree_refuse(
					node, "paths", err,
					"%s is another for path '%s' than for "
					"path '%s': all paths of a plan have "
					"one",
					o->key, plan->path[i].name,
					plan->path[0].name);
	return 0;
}

int paths_read(struct plan *plan, const struct node *node,
	       const struct kind_desc *const *kinds, struct err *err)
{
	int rc = 0;

	if (tree_count(node) == 0 ||
	    (node->kind == NODE_SCALAR && node->text[0] == '\0'))
		return tree_refuse(node, "paths", err,
				   "one path is needed at least, the "
				   "reference");
	for (size_t i = 0; i < tree_count(node) && rc == 0; i++)
		rc = read_path(plan, tree_entry(node, i), kinds, err);
	for (size_t i = 0; kinds[i] && rc == 0; i++)
		if (strcmp(kinds[i]->name, plan->path[0].kind) == 0)
			rc = check_same(plan, kinds[i], node, err);
	return rc;
}

/* A JSON string is a YAML one, where a bare word is not. */
static void write_text(const json_t *value, FILE *out)
{
	const char *text = json_string_value(value);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c)) {
			json_dumpf(value, out, JSON_ENCODE_ANY);
			return;
		}
	fputs(text, out);
}

#define COLUMNS 80

/* " cables: 1", on a new line where this one would be too wide; where it
 * ends. */
static int write_option(const char *key, const json_t *value, int column,
			FILE *out)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int width;

	if (!memory)
		return column;
	fprintf(memory, "%s: ", key);
	if (json_is_string(value))
		write_text(value, memory);
	else
		json_dumpf(value, memory, JSON_ENCODE_ANY);
	fclose(memory);
	width = (int)size;
	/* a comma before it, a comma or brace behind */
	if (column + width + 3 > COLUMNS)
		column = fprintf(out, ",\n     %s", text) - 2;
	else
		column += fprintf(out, ", %s", text);
	free(text);
	return column;
}

void paths_write(const struct plan *plan, FILE *out)
{
	const char *key;
	json_t *value;

	fprintf(out, "paths:\n");
	for (size_t i = 0; i < plan->paths; i++) {
		const struct plan_path *path = &plan->path[i];
		int column = fprintf(out, "  - {name: %s, kind: %s", path->name,
				     path->kind);

		json_object_foreach(path->options, key, value)
			column = write_option(key, value, column, out);
		fprintf(out, "}\n");
	}
}
