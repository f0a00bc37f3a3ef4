/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/pieces.h"

#include "base/clock.h"
#include "workload/datagram.h"

void pieces_open(struct pieces *pieces, int64_t open_ns, int64_t piece_ns,
		 int64_t gap_ns)
{
	*pieces = (struct pieces){
		.piece_ns = piece_ns,
		.gap_ns = gap_ns,
		.open_ns = open_ns,
		.least_ns = INT64_MAX,
		.kept_until_ns = INT64_MIN,
		.last = -1,
	};
}

static void mark(struct pieces *pieces, int from, int to)
{
	for (int i = from > 0 ? from : 0; i <= to && i < LOSS_PIECES; i++)
		pieces->track.piece[i].kept = true;
}

/* The piece of a stamp; LOSS_PIECES where it is behind all. */
static int piece_of(const struct pieces *pieces, int64_t sent_ns)
{
	int64_t at_ns = sent_ns - pieces->origin_ns;
	int64_t i = at_ns > 0 ? at_ns / pieces->piece_ns : 0;

	return i < LOSS_PIECES ? (int)i : LOSS_PIECES;
}

static void count_missing(struct loss_piece *piece, int64_t missing)
{
	piece->lost += missing;
	if (missing > 0)
		piece->offered += missing;
}

static void count(struct loss_piece *piece, int64_t missing, int64_t transit_ns)
{
	if (piece->offered == piece->lost || transit_ns < piece->transit_ns)
		piece->transit_ns = transit_ns;
	count_missing(piece, missing);
	if (missing >= 0)
		piece->offered++;
}

void pieces_add(struct pieces *pieces, const struct datagram *datagram,
		int64_t missing, int64_t now_ns)
{
	int64_t transit_ns = now_ns - datagram->sent_ns;
	int i;

	if (!pieces->piece_ns || now_ns < pieces->open_ns)
		return;
	if (pieces->last < 0) {
		pieces->origin_ns = datagram->sent_ns - pieces->gap_ns / 2;
		pieces->last = 0;
		missing = 0; /* before the window */
	}
	if (transit_ns < pieces->least_ns)
		pieces->least_ns = transit_ns;
	i = piece_of(pieces, datagram->sent_ns);
	if (datagram->late_us > LOSS_KEPT_MAX_NS / NS_PER_US)
		mark(pieces, pieces->last, i);
	if (datagram->sent_ns < pieces->kept_until_ns)
		mark(pieces, i, i);
	if (i < LOSS_PIECES)
		count(&pieces->track.piece[i], missing, transit_ns);
	else if (missing > 0 && pieces->last < LOSS_PIECES)
		count_missing(&pieces->track.piece[pieces->last], missing);
	if (i > pieces->last)
		pieces->last = i;
	pieces->closed |= i == LOSS_PIECES;
}

/* All that has come since, and all that was sent by now. */
void pieces_look(struct pieces *pieces, int64_t waited_ns, int64_t now_ns)
{
	if (pieces->last < 0)
		return;
	if (waited_ns > LOSS_KEPT_MAX_NS) {
		mark(pieces, pieces->looked, pieces->last);
		pieces->kept_until_ns = now_ns - pieces->least_ns;
	}
	pieces->looked = pieces->last;
}

void pieces_close(struct pieces *pieces)
{
	if (pieces->piece_ns && !pieces->closed)
		mark(pieces, pieces->last, LOSS_PIECES - 1);
}
