/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 8

struct client {
	struct loop_source source; /* first: a source is its client */
	struct control *control;
};

struct control {
	struct client listener;
	struct client client[CLIENTS];
	struct loop *loop;
	control_answer *answer;
	void *arg;
};

static void drop(struct client *client)
{
	loop_remove(client->control->loop, &client->source);
	close(client->source.fd);
	client->source.fd = -1;
}

static void send_answer(struct client *client)
{
	json_t *json = client->control->answer(client->control->arg);
	char *text = json_dumps(json, JSON_COMPACT);
	size_t bytes = text ? strlen(text) : 0;

	json_decref(json);
	if (text)
		text[bytes] = '\n'; /* instead of the NUL */
	/* who does not read loses the answer and the connection; a part of an
	 * answer would make him wait for the rest */
	if (!text || send(client->source.fd, text, bytes + 1,
			  MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)bytes + 1)
		drop(client);
	free(text);
}

static void client_ready(struct loop_source *source)
{
	struct client *client = (struct client *)source;
	char sink[256];
	ssize_t n = recv(source->fd, sink, sizeof(sink), MSG_DONTWAIT);

	if (n > 0)
		send_answer(client);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(client);
}

static int add_client(struct control *control, int fd, struct err *err)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &control->client[i];

		if (client->source.fd >= 0)
			continue;
		client->source = (struct loop_source){ fd, client_ready, 0 };
		if (loop_add(control->loop, &client->source, false, err) == 0)
			return 0;
		client->source.fd = -1;
		break;
	}
	close(fd);
	return err_set(err, EMFILE, "control: more than %d clients", CLIENTS);
}

static void listener_ready(struct loop_source *source)
{
	struct client *client = (struct client *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		add_client(client->control, fd, NULL);
}

static bool listens(int fd)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 &&
	       value;
}

int control_open(struct control **control, struct loop *loop, int fd,
		 control_answer *answer, void *arg, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		close(fd);
		return err_sys(err, ENOMEM, "control");
	}
	*c = (struct control){ .loop = loop, .answer = answer, .arg = arg };
	c->listener.source = (struct loop_source){ -1, listener_ready, 0 };
	c->listener.control = c;
	for (int i = 0; i < CLIENTS; i++) {
		c->client[i].source.fd = -1;
		c->client[i].control = c;
	}
	if (listens(fd)) {
		c->listener.source.fd = fd;
		rc = loop_add(loop, &c->listener.source, false, err);
	} else {
		rc = add_client(c, fd, err);
	}
	if (rc) {
		control_close(c);
		c = NULL;
	}
	*control = c;
	return rc;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	for (int i = 0; i < CLIENTS; i++)
		if (control->client[i].source.fd >= 0)
			drop(&control->client[i]);
	if (control->listener.source.fd >= 0)
		drop(&control->listener);
	free(control);
}
