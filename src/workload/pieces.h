/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pieces.h - a slice of paced datagrams, cut into pieces while they come
 * (stats/loss_trial.h says what for). Pieces are of the sender's time: each
 * datagram belongs to that of its stamp, counted from that of the first one
 * that comes within the slice's window; so what waits in a queue until
 * the window is over, and comes while the turn drains, still counts.
 *
 * A lane has one; its flows are of one sender, so that their stamps and
 * delays compare. Called by turn.c, through lane.h, and by udp_stream.c.
 */
#ifndef VAZAO_WORKLOAD_PIECES_H
#define VAZAO_WORKLOAD_PIECES_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/loss_trial.h"

struct datagram;

struct pieces {
	struct loss_track track;
	int64_t piece_ns;  /* 0: not collected */
	int64_t gap_ns;	   /* between datagrams, as asked for */
	int64_t open_ns;   /* the window; what comes before does not count */
	int64_t origin_ns; /* stamp of the first one */
	int64_t least_ns;  /* transit of all, until now */
	int64_t kept_until_ns; /* stamps before: the receiver was kept */
	int last;	       /* piece of the last one; -1: none came */
	int looked;	       /* piece of the one at which was last looked */
	bool closed;	       /* one came that is behind all pieces */
};

/* A new slice; piece_ns 0: none is cut. The first datagram stands in the middle
 * of its gap, so that a piece has as many of them as gaps. */
void pieces_open(struct pieces *pieces, int64_t open_ns, int64_t piece_ns,
		 int64_t gap_ns);

/* A datagram came; `missing` before it did not, -1: it is one of those that
 * were taken for missing. */
void pieces_add(struct pieces *pieces, const struct datagram *datagram,
		int64_t missing, int64_t now_ns);

/* The receiver looked: since it last did it was kept waiting so long. */
void pieces_look(struct pieces *pieces, int64_t waited_ns, int64_t now_ns);

/* After the turn: what has no end is marked. */
void pieces_close(struct pieces *pieces);

#endif
