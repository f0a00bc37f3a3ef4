/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: tap_loop FD FD
 *
 * The least that carries frames between two TAPs (open, non-blocking): read
 * here, write there, both ways, until neither has more; then poll(2). What
 * bench/datapath measures netfront and netback against.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAME_BYTES (65536 + 256)
#define BUDGET	    64

/* Frames carried; what the other end refuses is lost, as on a wire. */
static int carry(int from, int to, char *frame)
{
	int done = 0;

	for (; done < BUDGET; done++) {
		ssize_t n = read(from, frame, FRAME_BYTES);

		if (n < 0)
			break;
		if (write(to, frame, (size_t)n) < 0 && errno == EBADFD)
			break;
	}
	return done;
}

int main(int argc, char **argv)
{
	static char frame[FRAME_BYTES];
	struct pollfd end[2];

	if (argc != 3) {
		fprintf(stderr, "usage: tap_loop FD FD\n");
		return 2;
	}
	for (int i = 0; i < 2; i++)
		end[i] = (struct pollfd){ atoi(argv[1 + i]), POLLIN, 0 };
	for (;;) {
		int done = carry(end[0].fd, end[1].fd, frame) +
			   carry(end[1].fd, end[0].fd, frame);

		if (!done && poll(end, 2, -1) < 0 && errno != EINTR)
			return 1;
		if ((end[0].revents | end[1].revents) & (POLLERR | POLLNVAL))
			return 1;
	}
}
