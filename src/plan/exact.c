/* SPDX-License-Identifier: GPL-3.0-or-later */
/* time: exact, as a whole: what it takes, and what has no use with it. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/key.h"

#define WORDS_MAX 200 /* of a command line of 2048 */

/* They become words of kernels' command lines, behind a comma's list, in a
 * shell's here-document, and with colons for spaces in a variable. */
static int read_words(struct plan *plan, const struct node *node,
		      struct err *err)
{
	const char *text;
	int rc = tree_get_text(node, "guest_words", &text, err);

	if (rc)
		return rc;
	if (strlen(text) > WORDS_MAX)
		return tree_refuse(node, "guest_words", err,
				   "longer than %d letters", WORDS_MAX);
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.= /", *c))
			return tree_refuse(node, "guest_words", err,
					   "'%c' cannot be in it; letters, "
					   "digits and '_-.=/' can",
					   *c);
	free(plan->guest_words);
	plan->guest_words = strdup(text);
	return plan->guest_words ? 0 : err_sys(err, ENOMEM, "guest_words");
}

static const struct kind_desc *find_kind(const struct kind_desc *const *kinds,
					 const char *name)
{
	while (*kinds && strcmp((*kinds)->name, name) != 0)
		kinds++;
	return *kinds;
}

static int check_kinds(const struct plan *plan, const struct node *map,
		       const struct kind_desc *const *kinds, struct err *err)
{
	for (size_t p = 0; p < plan->paths; p++) {
		const struct kind_desc *kind =
			find_kind(kinds, plan->path[p].kind);

		if (!kind || !kind->exact)
			return tree_refuse(tree_get(map, "paths"), "paths", err,
					   "path '%s' of kind %s cannot run "
					   "in exact time, which is counted "
					   "inside one machine; kind xen can",
					   plan->path[p].name,
					   plan->path[p].kind);
	}
	return 0;
}

/* `node` may be NULL: then it is not said, and nothing is wrong. */
static int refuse(const struct node *node, const char *key, struct err *err)
{
	return node ? tree_refuse(node, key, err, "has no use with time: exact")
		    : 0;
}

/* The errand's addresses are IPv4's. */
static int check_family(const struct plan *plan, const struct node *map,
			struct err *err)
{
	const struct plan_values *family = &plan->axis[AXIS_FAMILY];

	for (size_t i = 0; i < family->count; i++)
		if (family->value[i] != FAMILY_IPV4)
			return tree_refuse(tree_get(map, "family"), "family",
					   err,
					   "in exact time there is ipv4 "
					   "only");
	return 0;
}

int exact_read(struct plan *plan, const struct node *map,
	       const struct kind_desc *const *kinds, struct err *err)
{
	const struct node *words = tree_get(map, "guest_words");
	int rc;

	if (plan->time != PLAN_TIME_EXACT)
		return words ? tree_refuse(words, "guest_words", err,
					   "goes with time: exact")
			     : 0;
	rc = check_kinds(plan, map, kinds, err);
	if (!rc)
		rc = check_family(plan, map, err);
	if (!rc && plan->rule != PLAN_RULE_BLOCKS)
		rc = refuse(tree_get(map, "rule"), "rule", err);
	if (!rc && (plan->link_bps || plan->nics))
		rc = refuse(tree_get(map, "link"), "link", err);
	if (!rc && plan->observe == PLAN_OBSERVE_FULL)
		rc = refuse(tree_get(map, "observe"), "observe", err);
	if (!rc && words)
		rc = read_words(plan, words, err);
	plan->observe = PLAN_OBSERVE_OFF;
	plan->min_blocks = plan->replicates;
	return rc;
}

void exact_write(const struct plan *plan, FILE *out)
{
	if (*plan->guest_words)
		fprintf(out, "guest_words: \"%s\"\n", plan->guest_words);
}
