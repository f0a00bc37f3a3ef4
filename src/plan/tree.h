/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tree.h - YAML as a small tree in which every node knows where it was
 * written, so that a refusal can say so.
 *
 * libyaml does the parsing; what a plan has no use for (aliases, keys that
 * are no words, a second document, deep nesting) is refused here, and so is
 * a key that stands twice. Called by the other files of this room alone.
 */
#ifndef VAZAO_PLAN_TREE_H
#define VAZAO_PLAN_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Where text came from; outlives the tree. */
struct origin {
	const char *name; /* "study.yaml", or the key of a --set */
	bool is_set;
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	const struct origin *origin;
	int line;	    /* from 1 on */
	char *text;	    /* of a scalar; never NULL there */
	struct node **item; /* of a map: key, value, key, value ... */
	size_t items;
};

/* *root is NULL where the text holds nothing but comments. */
int tree_parse(struct node **root, const char *text,
	       const struct origin *origin, struct err *err);
void tree_free(struct node *node);

/* NULL where the map has no such key. */
const struct node *tree_get(const struct node *map, const char *key);

/*
 * Puts `value` in the place of map[key], or adds it; takes it over in any
 * case. "link.rate" is map[link][rate].
 */
int tree_put(struct node *map, const char *key, struct node *value,
	     struct err *err);

/* A scalar's text; else refused as of `key`. */
int tree_get_text(const struct node *node, const char *key, const char **text,
		  struct err *err);

/* Entries of a list; a scalar or a map stands for a list of itself. */
size_t tree_count(const struct node *node);
const struct node *tree_entry(const struct node *node, size_t index);

/* A map's keys must be among `names` (NULL-ended); `of` says whose they are:
 * "" or " of path 'x'". */
int tree_check_keys(const struct node *map, const char *const *names,
		    const char *of, struct err *err);

/*
 * -EINVAL and "study.yaml:7: KEY: text", or "--set mtu: text" where the node
 * was set, with KEY only if it is another. `key` may be NULL.
 */
int tree_refuse(const struct node *node, const char *key, struct err *err,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "; did you mean 'y'? WHAT: a, b, y", for the end of a refusal of `word`;
 * the question only where one of the names is close. */
void tree_format_valid(const char *word, const char *const *names,
		       const char *what, char *buf, size_t size);

#endif
