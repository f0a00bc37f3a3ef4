/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source.h - a set of numbers that only grow, read together at the edges of
 * turns, and summed up by path.
 *
 * Each file of this room that reads something makes sources; observer.c alone
 * reads them. A source that cannot be read at one edge is broken for the rest
 * of the block: it reports nothing, rather than a sum with a hole.
 */
#ifndef VAZAO_OBSERVE_SOURCE_H
#define VAZAO_OBSERVE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "observe/proc.h"

struct source;

/* The data connections at an edge, for those that ask their sockets. */
struct source_edge {
	const int *fd;
	size_t flows;
	bool ends; /* the turn's end, not its beginning */
	size_t path;
};

struct source_ops {
	/* Fills values[source->count]; false where it cannot. */
	bool (*read)(struct source *source, const struct source_edge *edge,
		     uint64_t *values);

	/* A block begins: what may have changed since the last is looked up
	 * anew. NULL: nothing. */
	void (*prepare)(struct source *source);

	/* False: this machine does not have that number. NULL: it has all. */
	bool (*has)(const struct source *source, size_t i);

	/* In place of the numbers, where there is more to tell. Or NULL. */
	void (*report)(const struct source *source, size_t path, json_t *root);

	/* Closes and frees what the kind holds, not the source. NULL fine. */
	void (*close)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	const char *where; /* of its object: "host", "processes/netback" */
	size_t count;
	const char *const *names;	  /* [count]; NULL: row_names */
	char (*row_names)[PROC_NAME_MAX]; /* as read from the kernel; or NULL */
	bool moved_only;		  /* counters.h: (moved) */
	bool broken;
	/*
	 * Nobody moves it but this path: what comes between its turns is late,
	 * and belongs to the turn before. (M1's numbers when M1 sends: at the
	 * turn's end, the rest is on its way still.)
	 */
	bool lingers;
	bool begun;
	int path; /* its only one, or -1: every path's */
	size_t paths;
	uint64_t *before, *now; /* [count] */
	uint64_t *sum;		/* [paths][count] */
	void *state;		/* the kind's own */
	struct source *next;
};

struct source_args {
	const struct source_ops *ops;
	const char *where; /* copied */
	size_t count;
	const char *const *names;
	size_t paths;
	int path;
	void *state;
};

/* NULL where memory is out. */
struct source *source_new(const struct source_args *args);
void source_free(struct source *source); /* NULL is fine */

/* A new block: sums are 0. */
void source_reset(struct source *source);
void source_begin(struct source *source, const struct source_edge *edge);
void source_end(struct source *source, size_t path,
		const struct source_edge *edge);

/* After the last turn, for those that linger. */
void source_finish(struct source *source, const struct source_edge *edge);

/* Its numbers of one path into the object `where` below root. */
void source_report(const struct source *source, size_t path, json_t *root);

/* The object at "a/b" below root, made where it is not there; borrowed. */
json_t *source_object(json_t *root, const char *where);

/* A file read again and again from its start; NUL-ended; false on failure or
 * where it is longer than `size`. */
bool source_read_file(int fd, char *text, size_t size);

#define SOURCE_FILE_MAX 65536

#endif
