/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kind.h - what a kind of path is called and what it takes, as a table row.
 *
 * The lab has one for every kind (path_ops), the plan checks a path's keys
 * against it, help and manual print it; none of them includes the others.
 */
#ifndef VAZAO_BASE_KIND_H
#define VAZAO_BASE_KIND_H

#include <stdbool.h>
#include <stdint.h>

/* One key of a path in a plan, beside name and kind. */
struct kind_option {
	const char *key;
	const char *const *choices; /* NULL-ended; NULL: a whole number */
	int64_t min, max;	    /* inclusive, where choices is NULL */
	const char *fallback;	    /* as a plan would write it */
	const char *help;
	bool is_text; /* any, where choices is NULL; no fallback: needed */
	bool same;    /* all paths of a plan have it alike */
};

struct kind_desc {
	const char *name;
	const char *help;
	const struct kind_option *options; /* ended by key == NULL; or NULL */
	const char *const *images;	   /* that its guests boot, NULL-ended
				    * (image.h); NULL: none */
	int pairs_max; /* at most, of the axis `pairs`; 0: one pair only */
	bool exact;    /* can run in exact time, all inside its machine */
	/* Between machines that are there already, outside the lab's
	 * namespaces: no plan has such paths and others. */
	bool outside;
};

#endif
