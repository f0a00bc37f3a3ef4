/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_listen.c - M2's side of a block before it begins: listens, and lets
 * the followers in.
 */
#include "workload/conductor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload/admit.h"
#include "workload/datagram.h"

static int listen_one(struct address *at, int backlog,
		      const struct sock_args *args, uint16_t *port,
		      struct err *err)
{
	int fd = sock_listen(at, backlog, args, err);

	*port = fd < 0 ? 0 : address_get_port(at);
	return fd;
}

static int listen_both(struct block_conductor *c,
		       const struct block_listen_args *args,
		       uint16_t *data_port, uint16_t *baton_port,
		       struct err *err)
{
	const struct sock_args plain = { 0 };
	struct address baton = args->address, data = args->address;
	int rc = place_choose(&c->place, args->point, args->data_address, &data,
			      err);

	if (rc)
		return rc;
	c->baton_listener = listen_one(&baton, 1, &plain, baton_port, err);
	if (c->baton_listener < 0)
		return c->baton_listener;
	c->data_listener =
		listen_one(&data, SOMAXCONN, &c->end.sock, data_port, err);
	return c->data_listener < 0 ? c->data_listener : 0;
}

int block_listen(struct block_conductor **conductor,
		 const struct block_listen_args *args, uint16_t *data_port,
		 uint16_t *baton_port, struct err *err)
{
	struct block_conductor *c = calloc(1, sizeof(*c));
	int rc;

	*conductor = NULL;
	if (!c)
		return err_sys(err, ENOMEM, "a conductor");
	c->data_listener = c->baton_listener = -1;
	c->has_token = args->token;
	if (args->token)
		memcpy(c->token, args->token, sizeof(c->token));
	c->point = *args->point;
	snprintf(c->congestion, sizeof(c->congestion), "%s",
		 args->congestion ? args->congestion : "");
	rc = end_init(&c->end,
		      &(struct end_args){ .point = &c->point,
					  .conducts = true,
					  .congestion = args->congestion
								? c->congestion
								: NULL },
		      err);
	if (!rc)
		rc = listen_both(c, args, data_port, baton_port, err);
	if (rc)
		block_conductor_free(c);
	else
		*conductor = c;
	return rc;
}

static void close_listener(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void block_conductor_free(struct block_conductor *conductor)
{
	if (!conductor)
		return;
	close_listener(&conductor->data_listener);
	close_listener(&conductor->baton_listener);
	end_close(&conductor->end, false);
	place_leave(&conductor->place);
	free(conductor);
}

static int accept_baton(struct block_conductor *c, int64_t deadline_ns,
			struct err *err)
{
	struct admission admission;
	int rc, fd;

	admit_open(&admission, c->baton_listener,
		   c->has_token ? c->token : NULL);
	fd = admit_next(&admission, deadline_ns, err);
	rc = fd < 0 ? fd : baton_open(&c->end.baton, fd, err);
	if (!rc)
		rc = wake_on_data(fd, err);
	admit_close(&admission);
	c->strangers += admission.strangers;
	return rc;
}

static int accept_flow(struct block_conductor *c, struct admission *admission,
		       int64_t deadline_ns, struct err *err)
{
	const struct datagram_door door = {
		.listener_fd = c->data_listener,
		.args = &c->end.sock,
		.token = admission->token,
		.flow = c->end.flow,
		.flows = c->end.flows,
	};

	if (workload_of(&c->point)->type == SOCK_DGRAM)
		return datagram_accept(&door, deadline_ns, err);
	return admit_next(admission, deadline_ns, err);
}

/* Who answers crr accepts for itself. */
static int share_listener(struct block_conductor *c, struct err *err)
{
	struct end *end = &c->end;
	int rc = 0;

	while (!rc && end->flows < end->flows_max) {
		int fd = fcntl(c->data_listener, F_DUPFD_CLOEXEC, 0);

		rc = fd < 0 ? err_sys(err, errno, "a listener")
			    : end_add_flow(end, fd, err);
	}
	return rc;
}

static int accept_flows(struct block_conductor *c, int64_t deadline_ns,
			struct err *err)
{
	struct end *end = &c->end;
	struct admission admission;
	int rc = 0;

	admit_open(&admission, c->data_listener,
		   c->has_token ? c->token : NULL);
	while (!rc && end->flows < end_connections(end)) {
		int fd = accept_flow(c, &admission, deadline_ns, err);

		rc = fd < 0 ? fd : end_add_flow(end, fd, err);
	}
	if (!rc && end->ops->connects)
		rc = share_listener(c, err);
	admit_close(&admission);
	c->strangers += admission.strangers;
	return rc;
}

int conductor_accept(struct block_conductor *c, int64_t deadline_ns,
		     struct err *err)
{
	int rc = accept_baton(c, deadline_ns, err);

	if (!rc)
		rc = accept_flows(c, deadline_ns, err);
	close_listener(&c->data_listener);
	close_listener(&c->baton_listener);
	return rc;
}
