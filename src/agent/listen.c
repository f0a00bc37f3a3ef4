/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/hostport.h"
#include "agent/relay.h"
#include "agent/server.h"
#include "agent/tls.h"
#include "base/clock.h"
#include "base/log.h"
#include "workload/address.h"

/* One connection, as the door sees it. */
struct client {
	pid_t pid;
	int proof_fd; /* one byte once it has proved the key; -1: it has */
	char from[80];
};

struct listener {
	int fd;
	const struct key *key;
	char address[80];
	struct client client[LISTEN_CLIENTS + LISTEN_UNPROVED];
	size_t clients; /* the oldest first */
};

/*
 * Opening.
 */

static bool is_loopback(const struct addrinfo *info)
{
	struct address address = { .len = info->ai_addrlen };

	memcpy(&address.any, info->ai_addr, info->ai_addrlen);
	return address_is_loopback(&address);
}

static int listen_on(struct listener *l, const struct addrinfo *info,
		     struct err *err)
{
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);
	const int on = 1;

	hostport_format(info->ai_addr, info->ai_addrlen, l->address,
			sizeof(l->address));
	l->fd = socket(info->ai_family,
		       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return err_sys(err, errno, "socket");
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(l->fd, info->ai_addr, info->ai_addrlen) < 0 ||
	    listen(l->fd, LISTEN_CLIENTS) < 0 ||
	    getsockname(l->fd, (struct sockaddr *)&own, &size) < 0)
		return err_sys(err, errno, "listening on %s", l->address);
	hostport_format((struct sockaddr *)&own, size, l->address,
			sizeof(l->address));
	return 0;
}

/* Every address: IPv6, which takes IPv4, too, where the machine has it. */
static const struct addrinfo *choose(const struct addrinfo *list)
{
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		if (i->ai_family == AF_INET6 &&
		    IN6_IS_ADDR_UNSPECIFIED(
			    &((struct sockaddr_in6 *)i->ai_addr)->sin6_addr))
			return i;
	return list;
}

int listener_open(struct listener **listener, const char *address,
		  const struct key *key, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct addrinfo *list = NULL;
	struct hostport at;
	int rc;

	*listener = NULL;
	if (!l)
		return err_sys(err, ENOMEM, "the listener");
	l->fd = -1;
	l->key = key;
	rc = hostport_parse(address, LISTEN_PORT, &at, err);
	if (!rc)
		rc = hostport_resolve(&at, AI_PASSIVE, &list, err);
	if (!rc && !key && !is_loopback(choose(list)))
		rc = err_set(
			err, EINVAL,
			"without --key it listens on loopback only, not "
			"on '%s'; make a key by vazao agent --new-key FILE",
			address);
	if (!rc)
		rc = listen_on(l, choose(list), err);
	if (list)
		freeaddrinfo(list);
	if (rc)
		listener_close(l);
	else
		*listener = l;
	return rc;
}

const char *listener_address(const struct listener *listener)
{
	return listener->address;
}

/*
 * One connection's processes. First the relay, which proves, then makes the
 * agent.
 */

static _Noreturn void be_agent(const struct listener *l, int read_fd,
			       int write_fd)
{
	const struct agent_serve_args args = {
		.read_fd = read_fd,
		.write_fd = write_fd,
		.keep_addresses = true,
		.loopback_only = !l->key,
		.from_network = true,
		.frame_max = LISTEN_FRAME_MAX,
	};
	struct err err = ERR_INIT;

	_exit(agent_serve_as(&args, &err) ? 1 : 0);
}

static int start_agent(const struct listener *l, struct relay_end *agent,
		       pid_t *pid, struct err *err)
{
	pid_t parent = getpid();
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	*pid = fork();
	if (*pid < 0)
		return err_sys(err, errno, "fork");
	if (*pid == 0) {
		const int keep[] = { down[0], up[1] };

		relay_be_child(parent, keep, 2);
		be_agent(l, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	agent->read_fd = up[0];
	agent->write_fd = down[1];
	return 0;
}

static int relay_client(const struct listener *l, int fd, struct tls *tls,
			struct err *err)
{
	struct relay_args args = {
		.client = { .read_fd = fd,
			    .write_fd = fd,
			    .ops = tls ? &tls_relay_ops : NULL,
			    .arg = tls },
		.strip = true,
		.patience_ns = LISTEN_PATIENCE_NS,
		.stop_fd = -1,
	};
	pid_t agent = 0;
	int rc = start_agent(l, &args.agent, &agent, err);

	if (rc)
		return rc;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	rc = relay_run(&args, err);
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	return rc;
}

static void set_up_socket(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static _Noreturn void serve_client(const struct listener *l, int fd,
				   int proof_fd, const char *from)
{
	struct err err = ERR_INIT;
	struct tls *tls = NULL;
	int rc = 0;

	set_up_socket(fd);
	if (l->key)
		rc = tls_accept(&tls, fd, l->key,
				clock_mono_ns() + LISTEN_PROOF_NS, &err);
	/* strangers shall not fill a log; a wrong key may be a mistake */
	if (rc && rc != -EACCES) {
		log_info("agent: %s: %s", from, err.text);
		_exit(1);
	}
	if (!rc && write(proof_fd, "", 1) != 1)
		rc = err_sys(&err, errno, "the listener has gone");
	close(proof_fd);
	if (!rc)
		rc = relay_client(l, fd, tls, &err);
	if (rc)
		log_warn("agent: %s: %s", from, err.text);
	tls_free(tls);
	_exit(rc ? 1 : 0);
}

/*
 * The door.
 */

static void forget(struct listener *l, size_t i)
{
	if (l->client[i].proof_fd >= 0)
		close(l->client[i].proof_fd);
	l->clients--;
	memmove(&l->client[i], &l->client[i + 1],
		(l->clients - i) * sizeof(l->client[0]));
}

/* Its agent dies with it (PR_SET_PDEATHSIG). */
static void drop(struct listener *l, size_t i)
{
	kill(l->client[i].pid, SIGKILL);
	waitpid(l->client[i].pid, NULL, 0);
	forget(l, i);
}

static size_t count(const struct listener *l, bool proved)
{
	size_t n = 0;

	for (size_t i = 0; i < l->clients; i++)
		n += (l->client[i].proof_fd < 0) == proved;
	return n;
}

static void make_room(struct listener *l)
{
	if (count(l, false) < LISTEN_UNPROVED)
		return;
	for (size_t i = 0; i < l->clients; i++)
		if (l->client[i].proof_fd >= 0) {
			log_info("agent: %s: dropped for a newcomer",
				 l->client[i].from);
			drop(l, i);
			return;
		}
}

static int start_client(struct listener *l, int fd, const char *from,
			struct err *err)
{
	struct client *client = &l->client[l->clients];
	pid_t parent = getpid();
	int proof[2];

	if (pipe2(proof, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	client->pid = fork();
	if (client->pid == 0) {
		const int keep[] = { fd, proof[1] };

		relay_be_child(parent, keep, 2);
		serve_client(l, fd, proof[1], from);
	}
	close(proof[1]);
	if (client->pid < 0) {
		close(proof[0]);
		return err_sys(err, errno, "fork");
	}
	client->proof_fd = proof[0];
	memcpy(client->from, from, sizeof(client->from));
	l->clients++;
	return 0;
}

/* What cannot be served is told and let go: the others are served. */
static void welcome(struct listener *l)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	struct err err = ERR_INIT;
	char from[80];
	int fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			clock_sleep_ns(50 * NS_PER_MS);
		return;
	}
	hostport_format((struct sockaddr *)&peer, size, from, sizeof(from));
	make_room(l);
	if (start_client(l, fd, from, &err))
		log_warn("agent: %s: %s", from, err.text);
	close(fd);
}

/* A byte: it has proved the key. If it is one too many, it goes at once. */
static void look_at_proof(struct listener *l, size_t i)
{
	struct client *client = &l->client[i];
	char byte;
	ssize_t n = read(client->proof_fd, &byte, 1);

	if (n < 0 && errno == EINTR)
		return;
	close(client->proof_fd);
	client->proof_fd = -1;
	if (n != 1) {
		drop(l, i);
	} else if (count(l, true) > LISTEN_CLIENTS) {
		log_warn("agent: %s: %d clients are served already",
			 client->from, LISTEN_CLIENTS);
		drop(l, i);
	} else {
		log_info("agent: %s: served", client->from);
	}
}

static void reap(struct listener *l)
{
	for (size_t i = l->clients; i-- > 0;)
		if (l->client[i].proof_fd < 0 &&
		    waitpid(l->client[i].pid, NULL, WNOHANG) ==
			    l->client[i].pid)
			forget(l, i);
}

static void step(struct listener *l, int stop_fd, bool *stop)
{
	struct pollfd pfd[2 + LISTEN_CLIENTS + LISTEN_UNPROVED];
	size_t clients = l->clients;

	pfd[0] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = l->fd, .events = POLLIN };
	for (size_t i = 0; i < clients; i++)
		pfd[2 + i] = (struct pollfd){ .fd = l->client[i].proof_fd,
					      .events = POLLIN };
	if (poll(pfd, 2 + clients, 1000) < 0)
		return;
	*stop = pfd[0].revents;
	for (size_t i = clients; i-- > 0;)
		if (pfd[2 + i].revents)
			look_at_proof(l, i);
	reap(l);
	if (pfd[1].revents)
		welcome(l);
}

int listener_run(struct listener *listener, int stop_fd, struct err *err)
{
	bool stop = false;

	(void)err;
	signal(SIGPIPE, SIG_IGN);
	while (!stop)
		step(listener, stop_fd, &stop);
	while (listener->clients)
		drop(listener, listener->clients - 1);
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	while (listener->clients)
		drop(listener, listener->clients - 1);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
}
