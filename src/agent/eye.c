/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/eye.h"

#include <errno.h>
#include <stdlib.h>

#include "observe/observer.h"

/* Of all members of a path; fewer than there are, where memory is out: then
 * TCP's numbers are missing. */
static size_t gather(struct eye *eye, const struct end *const *end, size_t ends)
{
	size_t flows = 0, n = 0;

	for (size_t i = 0; i < ends; i++)
		flows += block_end_flows(end[i]);
	if (flows > eye->flows_max) {
		int *more = reallocarray(eye->fd, flows, sizeof(*more));

		if (!more)
			return 0;
		eye->fd = more;
		eye->flows_max = flows;
	}
	for (size_t i = 0; i < ends; i++)
		for (size_t f = 0; f < block_end_flows(end[i]); f++)
			eye->fd[n++] = block_end_fd(end[i], f);
	return flows;
}

static uint64_t sum_bytes(const struct end *const *end, size_t ends)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ends; i++)
		bytes += block_end_bytes(end[i]);
	return bytes;
}

static void turn_begins(void *arg, size_t path, const struct end *const *end,
			size_t ends)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, end, ends);

	observer_turn_begins(eye->observer, path, eye->fd, flows,
			     sum_bytes(end, ends));
}

static void turn_ends(void *arg, size_t path, const struct end *const *end,
		      size_t ends)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, end, ends);

	observer_turn_ends(eye->observer, path, eye->fd, flows,
			   sum_bytes(end, ends));
}

static void block_ends(void *arg, const struct end *end)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, &end, 1);

	observer_block_ends(eye->observer, eye->fd, flows);
}

int eye_open(struct eye *eye, const json_t *wanted, size_t paths,
	     const struct block_watch **watch, struct err *err)
{
	*watch = NULL;
	eye->open = false;
	if (!wanted)
		return 0;
	if (!observer_is_for(eye->observer, wanted)) {
		int rc;

		observer_close(eye->observer);
		rc = observer_open(&eye->observer, wanted, paths, err);
		if (rc)
			return err_wrap(err, "observe");
	}
	observer_reset(eye->observer);
	eye->watch = (struct block_watch){ .turn_begins = turn_begins,
					   .turn_ends = turn_ends,
					   .arg = eye,
					   .block_ends = block_ends };
	*watch = &eye->watch;
	eye->open = true;
	return 0;
}

void eye_report(const struct eye *eye, size_t path, json_t *result)
{
	if (eye->open)
		json_object_set_new(result, "counters",
				    observer_report(eye->observer, path));
}

void eye_close(struct eye *eye)
{
	observer_close(eye->observer);
	free(eye->fd);
	*eye = (struct eye){ 0 };
}
