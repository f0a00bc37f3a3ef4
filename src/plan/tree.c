/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan/tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "opt/suggest.h"

#define DEPTH_MAX 8

struct builder {
	yaml_parser_t parser;
	const char *text;
	const struct origin *origin;
	struct err *err;
};

/* A refusal quotes what it refuses: one line, and nothing for a terminal. */
static void flatten(struct err *err)
{
	for (char *c = err ? err->text : NULL; c && *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
}

static int refuse_at(const struct origin *origin, int line, const char *key,
		     struct err *err, const char *text)
{
	char place[16];

	if (key && origin->is_set && strcmp(key, origin->name) == 0)
		key = NULL;
	snprintf(place, sizeof(place), ":%d", line);
	err_set(err, EINVAL, "%s%s%s: %s%s%s", origin->is_set ? "--set " : "",
		origin->name, origin->is_set ? "" : place, key ? key : "",
		key ? ": " : "", text);
	flatten(err);
	return -EINVAL;
}

int tree_refuse(const struct node *node, const char *key, struct err *err,
		const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return refuse_at(node->origin, node->line, key, err, text);
}

static int out_of_memory(const struct builder *b)
{
	return err_sys(b->err, ENOMEM, "%s", b->origin->name);
}

/* Characters that are none have no mark, only an offset. */
static int line_of_problem(const struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	size_t length = strlen(b->text);
	int line = 1;

	if (p->error != YAML_READER_ERROR)
		return (int)p->problem_mark.line + 1;
	for (size_t i = 0; i < p->problem_offset && i < length; i++)
		line += b->text[i] == '\n';
	return line;
}

static int refuse_syntax(const struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	char text[256];

	if (p->error == YAML_MEMORY_ERROR)
		return out_of_memory(b);
	if (p->context)
		snprintf(text, sizeof(text), "not YAML: %s %s, line %zu",
			 p->problem, p->context, p->context_mark.line + 1);
	else
		snprintf(text, sizeof(text), "not YAML: %s", p->problem);
	return refuse_at(b->origin, line_of_problem(b), NULL, b->err, text);
}

static int next_event(struct builder *b, yaml_event_t *event)
{
	return yaml_parser_parse(&b->parser, event) ? 0 : refuse_syntax(b);
}

static struct node *new_node(const struct origin *origin, int line,
			     enum node_kind kind)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node) {
		node->origin = origin;
		node->line = line;
		node->kind = kind;
	}
	return node;
}

void tree_free(struct node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->items; i++)
		tree_free(node->item[i]);
	free(node->item);
	free(node->text);
	free(node);
}

/* Takes `item` over in any case. */
static int add_item(struct node *node, struct node *item, struct err *err)
{
	void *more = reallocarray(node->item, node->items + 1, sizeof(void *));

	if (!more) {
		tree_free(item);
		return err_sys(err, ENOMEM, "%s", node->origin->name);
	}
	node->item = more;
	node->item[node->items++] = item;
	return 0;
}

static int find_key(const struct node *map, const char *key)
{
	for (size_t i = 0; i + 1 < map->items; i += 2)
		if (strcmp(map->item[i]->text, key) == 0)
			return (int)i;
	return -1;
}

/* A key was read, and is to be added as the next one. */
static int check_key(const struct node *map, const struct node *key,
		     struct err *err)
{
	int before;

	if (key->kind != NODE_SCALAR)
		return tree_refuse(key, NULL, err,
				   "a key must be a word, such as mtu:");
	before = find_key(map, key->text);
	if (before >= 0)
		return tree_refuse(key, NULL, err,
				   "key '%s' stands twice, first in line %d",
				   key->text, map->item[before]->line);
	return 0;
}

static int read_node(struct builder *b, int depth, struct node **out);

static int read_items(struct builder *b, int depth, struct node *node)
{
	for (;;) {
		struct node *item = NULL;
		int rc = read_node(b, depth + 1, &item);

		if (rc || !item)
			return rc;
		if (node->kind == NODE_MAP && node->items % 2 == 0)
			rc = check_key(node, item, b->err);
		if (rc) {
			tree_free(item);
			return rc;
		}
		rc = add_item(node, item, b->err);
		if (rc)
			return rc;
	}
}

static int fill_node(struct builder *b, const yaml_event_t *event, int depth,
		     struct node *node)
{
	if (event->type == YAML_ALIAS_EVENT)
		return tree_refuse(node, NULL, b->err,
				   "aliases (*%s) have no use in a plan",
				   event->data.alias.anchor);
	if (depth > DEPTH_MAX)
		return tree_refuse(node, NULL, b->err, "nested too deeply");
	if (event->type != YAML_SCALAR_EVENT)
		return read_items(b, depth, node);
	node->text = strdup((const char *)event->data.scalar.value);
	if (!node->text)
		return out_of_memory(b);
	if (strlen(node->text) != event->data.scalar.length)
		return tree_refuse(node, NULL, b->err, "a NUL in the text");
	return 0;
}

/* *out stays NULL where a list or a map ends. */
static int read_node(struct builder *b, int depth, struct node **out)
{
	enum node_kind kind = NODE_SCALAR;
	yaml_event_t event;
	struct node *node;
	int rc = next_event(b, &event);

	if (rc)
		return rc;
	if (event.type == YAML_SEQUENCE_END_EVENT ||
	    event.type == YAML_MAPPING_END_EVENT)
		goto out;
	if (event.type == YAML_SEQUENCE_START_EVENT)
		kind = NODE_LIST;
	else if (event.type == YAML_MAPPING_START_EVENT)
		kind = NODE_MAP;
	node = new_node(b->origin, (int)event.start_mark.line + 1, kind);
	rc = node ? fill_node(b, &event, depth, node) : out_of_memory(b);
	if (rc)
		tree_free(node);
	else
		*out = node;
out:
	yaml_event_delete(&event);
	return rc;
}

/* The type of the event that comes next, or -errno. */
static int skip_event(struct builder *b, int *line)
{
	yaml_event_t event;
	int type, rc = next_event(b, &event);

	if (rc)
		return rc;
	type = event.type;
	*line = (int)event.start_mark.line + 1;
	yaml_event_delete(&event);
	return type;
}

static int read_document(struct builder *b, struct node **root)
{
	int line = 0;
	int rc = skip_event(b, &line); /* the stream's start */

	if (rc >= 0)
		rc = skip_event(b, &line);
	if (rc < 0 || rc == YAML_STREAM_END_EVENT)
		return rc < 0 ? rc : 0;
	rc = read_node(b, 0, root);
	if (rc == 0)
		rc = skip_event(b, &line); /* the document's end */
	if (rc >= 0)
		rc = skip_event(b, &line);
	if (rc == YAML_DOCUMENT_START_EVENT)
		return refuse_at(b->origin, line, NULL, b->err,
				 "a second document; a plan is one");
	return rc < 0 ? rc : 0;
}

int tree_parse(struct node **root, const char *text,
	       const struct origin *origin, struct err *err)
{
	struct builder b = { .text = text, .origin = origin, .err = err };
	int rc;

	*root = NULL;
	if (!yaml_parser_initialize(&b.parser))
		return out_of_memory(&b);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text,
				     strlen(text));
	rc = read_document(&b, root);
	yaml_parser_delete(&b.parser);
	if (rc) {
		tree_free(*root);
		*root = NULL;
	}
	return rc;
}

const struct node *tree_get(const struct node *map, const char *key)
{
	int at = find_key(map, key);

	return at < 0 ? NULL : map->item[at + 1];
}

/* Adds `key` with a place for its value, which the caller fills. */
static int add_key(struct node *map, const char *key,
		   const struct origin *origin, struct err *err)
{
	struct node *name = new_node(origin, 1, NODE_SCALAR);
	int rc;

	if (name)
		name->text = strdup(key);
	if (!name || !name->text) {
		tree_free(name);
		return err_sys(err, ENOMEM, "%s", key);
	}
	rc = add_item(map, name, err);
	if (rc == 0)
		rc = add_item(map, NULL, err);
	return rc;
}

/* Where the value of map[key] is to go; the old one is gone. */
static struct node **make_room(struct node *map, const char *key,
			       const struct origin *origin, struct err *err)
{
	int at = find_key(map, key);

	if (at < 0) {
		if (add_key(map, key, origin, err))
			return NULL;
		at = (int)map->items - 2;
	}
	return &map->item[at + 1];
}

int tree_put(struct node *map, const char *key, struct node *value,
	     struct err *err)
{
	const char *dot = strchr(key, '.');
	struct node **room;
	char first[64];

	snprintf(first, sizeof(first), "%.*s",
		 dot ? (int)(dot - key) : (int)strlen(key), key);
	room = make_room(map, first, value->origin, err);
	if (!room) {
		tree_free(value);
		return -ENOMEM;
	}
	if (!dot) {
		tree_free(*room);
		*room = value;
		return 0;
	}
	if (!*room || (*room)->kind != NODE_MAP) {
		tree_free(*room);
		*room = new_node(value->origin, 1, NODE_MAP);
	}
	if (!*room) {
		tree_free(value);
		return err_sys(err, ENOMEM, "%s", key);
	}
	return tree_put(*room, dot + 1, value, err);
}

int tree_get_text(const struct node *node, const char *key, const char **text,
		  struct err *err)
{
	if (node->kind != NODE_SCALAR)
		return tree_refuse(
			node, key, err, "one value is expected, not a %s",
			node->kind == NODE_LIST ? "list" : "mapping");
	if (node->text[0] == '\0')
		return tree_refuse(node, key, err, "a value is missing");
	*text = node->text;
	return 0;
}

size_t tree_count(const struct node *node)
{
	return node->kind == NODE_LIST ? node->items : 1;
}

const struct node *tree_entry(const struct node *node, size_t index)
{
	return node->kind == NODE_LIST ? node->item[index] : node;
}

void tree_format_valid(const char *word, const char *const *names,
		       const char *what, char *buf, size_t size)
{
	const char *close = suggest_name(word, names);
	size_t used;

	if (close)
		used = (size_t)snprintf(
			buf, size, "; did you mean '%s'? %s: ", close, what);
	else
		used = (size_t)snprintf(buf, size, "; %s: ", what);
	for (size_t i = 0; names[i] && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 i ? ", " : "", names[i]);
}

int tree_check_keys(const struct node *map, const char *const *names,
		    const char *of, struct err *err)
{
	for (size_t i = 0; i + 1 < map->items; i += 2) {
		const struct node *key = map->item[i];
		char valid[640];
		size_t n = 0;

		while (names[n] && strcmp(names[n], key->text) != 0)
			n++;
		if (names[n])
			continue;
		tree_format_valid(key->text, names, "valid keys", valid,
				  sizeof(valid));
		return tree_refuse(key, NULL, err, "unknown key '%.64s'%s%s",
				   key->text, of, valid);
	}
	return 0;
}
