/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * axis.h - the axes of a study but the path, and a point: one value of each.
 *
 * The one table behind the plan key, the option, the stored column, the CSV
 * column, the help and the manual entry of every axis: a new axis is one row
 * of axis_table[] and one name in enum axis. It stands in base because every
 * room from the workload to the report speaks of points. A value is always an
 * int64_t: bytes, a count, or the index into `choices`.
 */
#ifndef VAZAO_BASE_AXIS_H
#define VAZAO_BASE_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

enum axis {
	AXIS_WORKLOAD,
	AXIS_DIRECTION,
	AXIS_MTU,
	AXIS_SOCKET_SIZE,
	AXIS_MESSAGE_SIZE,
	AXIS_OFFLOAD,
	AXIS_FLOWS,
	AXIS_FIRST_OF_CSV, /* the axes before stand first in the CSV's rows */
	AXIS_REQUEST_SIZE = AXIS_FIRST_OF_CSV,
	AXIS_RESPONSE_SIZE,
	AXIS_SENDER_SOCKET_SIZE,
	AXIS_RECEIVER_SOCKET_SIZE,
	AXIS_THREADS,
	AXIS_FAMILY,
	AXIS_CONGESTION,
	AXIS_NODELAY,
	AXIS_PACING_RATE,
	AXIS_ZERO_COPY,
	AXIS_MSG_TRUNC,
	AXIS_BUSY_POLL,
	AXIS_NOTSENT_LOWAT,
	AXIS_DSCP,
	AXIS_PAIRS,
	AXIS_NEIGHBOR,
	AXIS_COUNT
};

/* Orders of choices. */
enum {
	WORKLOAD_TCP_STREAM,
	WORKLOAD_TCP_RR,
	WORKLOAD_TCP_CRR,
	WORKLOAD_UDP_STREAM,
	WORKLOAD_UDP_RR,
	WORKLOAD_UNIX_STREAM,
	WORKLOAD_UNIX_RR,
	WORKLOAD_UNIX_CRR,
	WORKLOAD_UNIX_PACKET,
	WORKLOAD_VSOCK_STREAM,
	WORKLOAD_VSOCK_RR,
	WORKLOAD_VSOCK_CRR
};
enum { DIRECTION_SEND, DIRECTION_RECEIVE, DIRECTION_BOTH }; /* as M1 sees it */
#define MTU_AS_IS 0 /* what the interfaces have */
enum { OFFLOAD_OFF, OFFLOAD_ON, OFFLOAD_AS_IS };
enum { FAMILY_IPV4, FAMILY_IPV6 };
enum { CONGESTION_AUTO }; /* what the study has chosen for all nodes */
enum { NEIGHBOR_OFF, NEIGHBOR_TCP_RR };
enum { ZERO_COPY_OFF, ZERO_COPY_MSG, ZERO_COPY_SENDFILE, ZERO_COPY_SPLICE };

/* Of each path, a neighbor not counted. */
#define PAIRS_MAX 64

enum axis_kind { AXIS_IS_CHOICE, AXIS_IS_BYTES, AXIS_IS_COUNT, AXIS_IS_RATE };

struct axis_desc {
	const char *name;  /* plan key, stored and CSV column; with '-' for
			    * '_' the option of probe */
	const char *label; /* before the value, in a line for people */
	char letter;	   /* of the option: 'm': -m; 0: none */
	enum axis_kind kind;
	const char *const *choices; /* NULL-ended; AXIS_IS_CHOICE only */
	int64_t min, max;	    /* inclusive; the other kinds */
	int64_t fallback;	    /* where a plan does not name the axis */
	/* A word for 0, read and shown, which is then valid whatever min is;
	 * or NULL. */
	const char *zero;
	/* Told only where it is not its fallback: the many axes that most
	 * studies leave alone shall not clutter what they print. */
	bool optional;
	unsigned workloads; /* bits, 1 << WORKLOAD_x: has a meaning there */
	const char *help;   /* one line, for help and manual */
};

extern const struct axis_desc axis_table[AXIS_COUNT];

struct point {
	int64_t value[AXIS_COUNT];
};

/* -1 where no axis has that name. */
int axis_find(const char *name);

/* One value as a plan writes it; -EINVAL or -ERANGE with the valid ones. */
int axis_parse(enum axis axis, const char *text, int64_t *value,
	       struct err *err);

/* As CSV has it: plain numbers, choices by name. */
void axis_format(enum axis axis, int64_t value, char *buf, size_t size);

/* For people: "64K", "1gbit", "auto". */
void axis_say(enum axis axis, int64_t value, char *buf, size_t size);

/* Has the axis a meaning with the point's workload? If not, it is at its
 * fallback in every point of a plan. */
bool axis_applies(enum axis axis, const struct point *point);

/* Is it worth telling of this point? */
bool axis_is_told(enum axis axis, const struct point *point);

/* Guests of each path that the point needs: its pairs, and a neighbor. */
int point_members(const struct point *point);

/* What the neighbor does: a transaction of 1 byte each way, one at a time,
 * whatever the point's own workload is. */
void point_of_neighbor(const struct point *point, struct point *neighbor);

/* Every axis at its fallback. */
void point_init(struct point *point);
bool point_equal(const struct point *a, const struct point *b);

/* Values that are good each but not together: -EINVAL with which, and why. */
int point_check(const struct point *point, struct err *err);

/* "tcp_stream send mtu 1500 socket 16K message 4K offload off flows 1". */
void point_format(const struct point *point, char *buf, size_t size);

/* {"workload": "tcp_stream", "mtu": 1500, ...}; a new reference. */
json_t *point_to_json(const struct point *point);
int point_from_json(const json_t *json, struct point *point, struct err *err);

#endif
