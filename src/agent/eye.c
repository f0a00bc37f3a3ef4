/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/eye.h"

#include <errno.h>
#include <stdlib.h>

#include "observe/observer.h"

/* Fewer than there are, where memory is out: then TCP's numbers are missing. */
static size_t gather(struct eye *eye, const struct end *end)
{
	size_t flows = block_end_flows(end);

	if (flows > eye->flows_max) {
		int *more = reallocarray(eye->fd, flows, sizeof(*more));

		if (!more)
			return 0;
		eye->fd = more;
		eye->flows_max = flows;
	}
	for (size_t i = 0; i < flows; i++)
		eye->fd[i] = block_end_fd(end, i);
	return flows;
}

static void turn_begins(void *arg, size_t path, const struct end *end)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, end);

	observer_turn_begins(eye->observer, path, eye->fd, flows,
			     block_end_bytes(end));
}

static void turn_ends(void *arg, size_t path, const struct end *end)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, end);

	observer_turn_ends(eye->observer, path, eye->fd, flows,
			   block_end_bytes(end));
}

static void block_ends(void *arg, const struct end *end)
{
	struct eye *eye = arg;
	size_t flows = gather(eye, end);

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
