/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/hostport.h"
#include "agent/listen.h"
#include "agent/relay.h"
#include "agent/server.h"
#include "agent/ssh.h"
#include "agent/tls.h"
#include "base/clock.h"
#include "base/log.h"

/* The stream, and a child at its other end: 0 in the child, *end is its. */
static int split(struct remote *remote, int also_keep, int *end,
		 struct err *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	fflush(NULL);
	remote->pid = fork();
	if (remote->pid == 0) {
		const int keep[] = { pair[1], also_keep };

		relay_be_child(parent, keep, 2);
		*end = pair[1];
		return 0;
	}
	close(pair[1]);
	if (remote->pid < 0) {
		close(pair[0]);
		return err_sys(err, errno, "fork");
	}
	remote->fd = pair[0];
	return 1;
}

/*
 * Over TCP.
 */

static int connect_until(int fd, const struct addrinfo *info,
			 int64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int code = 0, rc;
	socklen_t size = sizeof(code);

	if (connect(fd, info->ai_addr, info->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	do
		rc = poll(&pfd, 1, clock_poll_ms(deadline_ns));
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return -ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	return -code;
}

/* fd, nonblocking, or -errno. */
static int dial(const struct addrinfo *info, int64_t deadline_ns,
		struct err *err)
{
	const int on = 1;
	char where[80];
	int fd, rc;

	hostport_format(info->ai_addr, info->ai_addrlen, where, sizeof(where));
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return err_sys(err, errno, "socket");
	rc = connect_until(fd, info, deadline_ns);
	if (rc) {
		close(fd);
		if (rc == -ECONNREFUSED)
			return err_set(err, ECONNREFUSED,
				       "connecting to %s: nobody listens "
				       "there; is `vazao agent --listen` "
				       "running?",
				       where);
		return err_sys(err, -rc, "connecting to %s", where);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void note_address(struct remote *remote, const struct addrinfo *info)
{
	struct address address = { .len = info->ai_addrlen };

	memcpy(&address.any, info->ai_addr, info->ai_addrlen);
	address_set_port(&address, 0);
	address_format(&address, remote->address, sizeof(remote->address));
}

static int dial_any(struct remote *remote, const struct hostport *at,
		    int64_t deadline_ns, struct err *err)
{
	struct addrinfo *list;
	int fd = -EHOSTUNREACH;
	int rc = hostport_resolve(at, 0, &list, err);

	if (rc)
		return rc;
	for (const struct addrinfo *i = list; i && fd < 0; i = i->ai_next) {
		fd = dial(i, deadline_ns, err);
		if (fd >= 0)
			note_address(remote, i);
	}
	freeaddrinfo(list);
	return fd;
}

static _Noreturn void relay_network(int client, int fd, struct tls *tls)
{
	const struct relay_args args = {
		.client = { .read_fd = client, .write_fd = client },
		.agent = { .read_fd = fd,
			   .write_fd = fd,
			   .ops = tls ? &tls_relay_ops : NULL,
			   .arg = tls },
		.heartbeat_ns = RELAY_HEARTBEAT_NS,
		.stop_fd = -1,
	};
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_IGN); /* the coordinator's to decide */
	_exit(relay_run(&args, &err) ? 1 : 0);
}

int remote_connect(struct remote *remote, const char *host_port,
		   const struct key *key, int64_t timeout_ns, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + timeout_ns;
	struct tls *tls = NULL;
	struct hostport at;
	int rc = hostport_parse(host_port, LISTEN_PORT, &at, err);
	int fd = -1, client;

	*remote = (struct remote){ .fd = -1 };
	if (!rc)
		rc = fd = dial_any(remote, &at, deadline_ns, err);
	if (fd >= 0 && key)
		rc = tls_connect(&tls, fd, key, deadline_ns, err);
	if (rc >= 0)
		rc = split(remote, fd, &client, err);
	if (rc == 0)
		relay_network(client, fd, tls);
	if (fd >= 0)
		close(fd);
	tls_free(tls);
	return rc < 0 ? err_wrap(err, "%s", host_port) : 0;
}

/*
 * The others.
 */

static _Noreturn void relay_ssh(int client, const char *host,
				const char *agent_path)
{
	const struct ssh_args args = { .host = host, .agent_path = agent_path };
	const struct relay_end end = { .read_fd = client, .write_fd = client };
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_IGN);
	_exit(ssh_relay(&args, &end, &err) ? 1 : 0);
}

int remote_ssh(struct remote *remote, const char *host, const char *agent_path,
	       struct err *err)
{
	int rc = ssh_check_host(host, err);
	int client;

	*remote = (struct remote){ .fd = -1 };
	if (!rc)
		rc = split(remote, -1, &client, err);
	if (rc == 0 && remote->pid == 0)
		relay_ssh(client, host, agent_path);
	return rc < 0 ? rc : 0;
}

static _Noreturn void be_local(int fd, int netns_fd)
{
	const struct agent_serve_args args = { .read_fd = fd,
					       .write_fd = fd,
					       .keep_addresses = true };
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_IGN);
	if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) < 0) {
		dprintf(fd, "entering the namespace: %s\n", strerror(errno));
		_exit(1);
	}
	_exit(agent_serve_as(&args, &err) ? 1 : 0);
}

int remote_here(struct remote *remote, int netns_fd, struct err *err)
{
	int fd, rc;

	*remote = (struct remote){ .fd = -1 };
	rc = split(remote, netns_fd, &fd, err);
	if (rc == 0)
		be_local(fd, netns_fd);
	return rc < 0 ? rc : 0;
}

void remote_end(struct remote *remote)
{
	int64_t deadline_ns = clock_mono_ns() + 3 * NS_PER_S;

	if (remote->pid <= 0)
		return;
	while (waitpid(remote->pid, NULL, WNOHANG) == 0) {
		if (clock_mono_ns() >= deadline_ns)
			kill(remote->pid, SIGKILL);
		clock_sleep_ns(NS_PER_MS);
	}
	remote->pid = 0;
}
