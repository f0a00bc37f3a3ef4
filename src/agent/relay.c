/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/relay.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"

#define CHUNK	     16384
#define HEADER_BYTES 4

/* Where in a frame the requests' way is. */
struct framing {
	unsigned char header[HEADER_BYTES];
	size_t have;   /* bytes of the header */
	uint32_t left; /* bytes of the body that are still to come */
};

/* One way: nothing is read before what was read is written. */
struct way {
	const struct relay_end *from, *to;
	bool requests;
	char buf[CHUNK + HEADER_BYTES];
	size_t used, sent;
	bool ended;	 /* nothing more comes */
	int64_t last_ns; /* when something came */
};

struct relay {
	const struct relay_args *args;
	struct way requests, answers;
	struct framing framing;
	int64_t spoke_ns; /* when a request's byte was last sent */
};

static ssize_t end_read(const struct relay_end *end, void *buf, size_t size)
{
	return end->ops ? end->ops->read(end->arg, buf, size)
			: read(end->read_fd, buf, size);
}

static ssize_t end_write(const struct relay_end *end, const void *buf,
			 size_t size)
{
	return end->ops ? end->ops->write(end->arg, buf, size)
			: write(end->write_fd, buf, size);
}

/*
 * Frames.
 */

static bool is_between_frames(const struct framing *f)
{
	return f->have == 0 && f->left == 0;
}

/* A header is held back until it is whole; 0 is a heartbeat. Returns the
 * bytes put into `out`, which has room for those of `in` and a header. */
static size_t filter(struct framing *f, bool strip, const char *in, size_t size,
		     char *out)
{
	size_t used = 0;

	while (size > 0) {
		size_t body = size < f->left ? size : f->left;

		memcpy(out + used, in, body);
		used += body;
		in += body;
		size -= body;
		f->left -= (uint32_t)body;
		if (f->left || size == 0)
			continue;
		f->header[f->have++] = (unsigned char)*in++;
		size--;
		if (f->have < HEADER_BYTES)
			continue;
		f->have = 0;
		memcpy(&f->left, f->header, HEADER_BYTES);
		f->left = be32toh(f->left);
		if (f->left == 0 && strip)
			continue;
		memcpy(out + used, f->header, HEADER_BYTES);
		used += HEADER_BYTES;
	}
	return used;
}

/* Not within a frame, and not while bytes wait to be sent. */
static bool may_beat(const struct relay *r)
{
	return r->args->heartbeat_ns && !r->requests.used &&
	       !r->requests.ended && is_between_frames(&r->framing);
}

static void add_heartbeat(struct relay *r)
{
	struct way *way = &r->requests;

	if (!may_beat(r) ||
	    clock_mono_ns() - r->spoke_ns < r->args->heartbeat_ns)
		return;
	memset(way->buf, 0, HEADER_BYTES);
	way->used = HEADER_BYTES;
}

/*
 * Bytes.
 */

static bool is_passing(int code)
{
	return code == EAGAIN || code == EINTR;
}

static void take_in(struct relay *r, struct way *way)
{
	char in[CHUNK];
	ssize_t n = end_read(way->from, in, sizeof(in));

	if (n <= 0) {
		way->ended = n == 0 || !is_passing(errno);
		return;
	}
	way->last_ns = clock_mono_ns();
	if (way->requests) {
		way->used = filter(&r->framing, r->args->strip, in, (size_t)n,
				   way->buf);
	} else {
		memcpy(way->buf, in, (size_t)n);
		way->used = (size_t)n;
	}
}

static void give_out(struct relay *r, struct way *way)
{
	while (way->sent < way->used) {
		ssize_t n = end_write(way->to, way->buf + way->sent,
				      way->used - way->sent);

		if (n < 0 && is_passing(errno))
			return;
		if (n < 0) {
			way->ended = true;
			break;
		}
		way->sent += (size_t)n;
		if (way->requests)
			r->spoke_ns = clock_mono_ns();
	}
	way->used = way->sent = 0;
}

static void move(struct relay *r, struct way *way, bool readable)
{
	if (way->used)
		give_out(r, way);
	if (!way->used && !way->ended && readable) {
		take_in(r, way);
		give_out(r, way);
	}
}

/*
 * The loop.
 */

enum { CLIENT_IN, AGENT_IN, CLIENT_OUT, AGENT_OUT, STOP, SLOTS };

static void set_slots(const struct relay *r, struct pollfd pfd[SLOTS])
{
	const struct relay_args *a = r->args;
	bool requests_wait = r->requests.used > 0;
	bool answers_wait = r->answers.used > 0;

	pfd[CLIENT_IN] =
		(struct pollfd){ requests_wait ? -1 : a->client.read_fd, POLLIN,
				 0 };
	pfd[AGENT_IN] = (struct pollfd){ answers_wait ? -1 : a->agent.read_fd,
					 POLLIN, 0 };
	pfd[CLIENT_OUT] =
		(struct pollfd){ answers_wait ? a->client.write_fd : -1,
				 POLLOUT, 0 };
	pfd[AGENT_OUT] =
		(struct pollfd){ requests_wait ? a->agent.write_fd : -1,
				 POLLOUT, 0 };
	pfd[STOP] = (struct pollfd){ a->stop_fd, POLLIN, 0 };
}

static bool is_pending(const struct relay_end *end, const struct way *way)
{
	return end->ops && !way->used && end->ops->pending(end->arg);
}

/* How long to sleep: until the next heartbeat, or the end of patience. */
static int sleep_ms(const struct relay *r)
{
	const struct relay_args *a = r->args;
	int64_t until_ns = clock_mono_ns() + 60 * NS_PER_S;

	if (is_pending(&a->client, &r->requests) ||
	    is_pending(&a->agent, &r->answers))
		return 0;
	if (may_beat(r) && r->spoke_ns + a->heartbeat_ns < until_ns)
		until_ns = r->spoke_ns + a->heartbeat_ns;
	if (a->patience_ns && r->requests.last_ns + a->patience_ns < until_ns)
		until_ns = r->requests.last_ns + a->patience_ns;
	return clock_poll_ms(until_ns);
}

/* 1: go on. */
static int step(struct relay *r, struct err *err)
{
	const struct relay_args *a = r->args;
	struct pollfd pfd[SLOTS];
	int rc;

	add_heartbeat(r);
	set_slots(r, pfd);
	rc = poll(pfd, SLOTS, sleep_ms(r));
	if (rc < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	if (rc > 0 && pfd[STOP].revents)
		return err_set(err, EINTR, "told to stop");
	move(r, &r->requests,
	     pfd[CLIENT_IN].revents || is_pending(&a->client, &r->requests));
	move(r, &r->answers,
	     pfd[AGENT_IN].revents || is_pending(&a->agent, &r->answers));
	if (a->patience_ns &&
	    clock_mono_ns() - r->requests.last_ns > a->patience_ns)
		return err_set(err, ETIMEDOUT,
			       "nothing was heard of the coordinator for %g s",
			       (double)a->patience_ns / 1e9);
	return r->requests.ended || r->answers.ended ? 0 : 1;
}

/* The agent's last words, as far as the client takes them within a second. */
static void flush_answers(struct relay *r)
{
	int64_t deadline_ns = clock_mono_ns() + NS_PER_S;

	while (r->answers.used && clock_mono_ns() < deadline_ns) {
		struct pollfd pfd = { r->args->client.write_fd, POLLOUT, 0 };

		if (poll(&pfd, 1, clock_poll_ms(deadline_ns)) < 0)
			continue;
		give_out(r, &r->answers);
	}
	if (r->args->client.ops)
		r->args->client.ops->bye(r->args->client.arg);
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int relay_run(const struct relay_args *args, struct err *err)
{
	int64_t now_ns = clock_mono_ns();
	struct relay r = {
		.args = args,
		.requests = { .from = &args->client,
			      .to = &args->agent,
			      .requests = true,
			      .last_ns = now_ns },
		.answers = { .from = &args->agent,
			     .to = &args->client,
			     .last_ns = now_ns },
		.spoke_ns = now_ns,
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	set_nonblocking(args->client.write_fd);
	set_nonblocking(args->agent.write_fd);
	do
		rc = step(&r, err);
	while (rc > 0);
	flush_answers(&r);
	return rc;
}

/* Everything from `first` on, but for those kept; the list is short. */
static void close_others(const int *keep_fd, int keep_fds)
{
	int next = 3;

	for (;;) {
		int kept = -1;

		for (int i = 0; i < keep_fds; i++)
			if (keep_fd[i] >= next &&
			    (kept < 0 || keep_fd[i] < kept))
				kept = keep_fd[i];
		if (kept < 0)
			break;
		if (kept > next)
			close_range((unsigned int)next, (unsigned int)kept - 1,
				    0);
		next = kept + 1;
	}
	close_range((unsigned int)next, ~0U, 0);
}

void relay_be_child(int parent, const int *keep_fd, int keep_fds)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close_others(keep_fd, keep_fds);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
