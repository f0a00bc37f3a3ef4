/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/tally.h"

#include <errno.h>
#include <stdlib.h>

/* One lane's window, added to what the others had in theirs. */
static void add_window(const struct mark *marks, double *bits_per_ns,
		       struct block_slice *slice)
{
	int64_t ns = marks[1].ns - marks[0].ns;

	slice->bytes += (int64_t)(marks[1].bytes - marks[0].bytes);
	*bits_per_ns += (double)(marks[1].bytes - marks[0].bytes) / (double)ns;
	if (ns > slice->duration_ns)
		slice->duration_ns = ns;
}

static void add_datagrams(struct end *end, const struct mark *marks)
{
	struct block_datagrams *d = &end->datagrams;
	int64_t received = (int64_t)(marks[1].received - marks[0].received);
	int64_t lost =
		(int64_t)(marks[1].expected - marks[0].expected) - received;

	d->received += received;
	d->lost += lost > 0 ? lost : 0;
	d->reordered += (int64_t)(marks[1].reordered - marks[0].reordered);
	d->jitter_us += marks[1].jitter_us / (double)end->counting;
}

static int keep_tracks(struct end *end, struct err *err)
{
	struct loss_track *all;

	if (!end->lane[0].pieces.piece_ns)
		return 0;
	all = reallocarray(end->track, end->tracks + end->counting,
			   sizeof(*all));
	if (!all)
		return err_sys(err, ENOMEM, "%zu pieces of slices",
			       end->tracks);
	end->track = all;
	for (size_t i = 0; i < end->counting; i++) {
		pieces_close(&end->lane[i].pieces);
		all[end->tracks++] = end->lane[i].pieces.track;
	}
	return 0;
}

int tally_slice(struct end *end, const struct turn *turn,
		const struct mark *own, struct block_slice *slice,
		struct err *err)
{
	double rate = 0;

	for (size_t i = 0; i < end->counting; i++) {
		const struct mark *marks = i ? crew_marks(end->crew, i) : own;

		add_window(marks, &rate, slice);
		if (turn->number && end->ops->lossy)
			add_datagrams(end, marks);
	}
	if (end->counting > 1 && rate > 0)
		slice->duration_ns =
			(int64_t)((double)slice->bytes / rate + 0.5);
	return turn->number ? keep_tracks(end, err) : 0;
}
