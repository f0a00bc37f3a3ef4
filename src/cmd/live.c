/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "cmd/live_listen.h"
#include "cmd/live_serve.h"

#define TELL_EVERY_NS (250 * NS_PER_MS)
#define END_WAIT_NS   (3 * NS_PER_S)

struct live {
	char url[96];
	int feed; /* datagrams to the server */
	pid_t server;
	int64_t told_ns;
	enum study_phase told_phase;
};

/* Never a fault of the study's: a server that is slow or dead hears less. */
static void tell(struct live *live, const char *event, json_t *data)
{
	json_t *json = json_pack("{ssso}", "event", event, "data", data);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text)
		send(live->feed, text, strlen(text),
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	free(text);
	json_decref(json);
}

static json_t *path_of(const struct study_path_progress *path)
{
	return json_pack("{ss sI sI sI sf sf}", "name", path->name, "cells",
			 (json_int_t)path->cells, "reached",
			 (json_int_t)path->reached, "failed",
			 (json_int_t)path->failed, "median_half_width",
			 path->median_half_width, "worst_half_width",
			 path->worst_half_width);
}

static json_t *progress_of(const struct study_progress *p)
{
	static const char *const phases[] = {
		[STUDY_BUILDING] = "building",
		[STUDY_SETTLING] = "settling",
		[STUDY_MEASURING] = "measuring",
		[STUDY_CLOSING] = "closing",
	};
	json_t *paths = json_array();

	for (size_t i = 0; i < p->paths; i++)
		json_array_append_new(paths, path_of(&p->path[i]));
	return json_pack(
		"{ss sI sI sI sI si sI sI sI ss so}", "phase", phases[p->phase],
		"cells", (json_int_t)p->cells, "reached",
		(json_int_t)p->reached, "failed", (json_int_t)p->failed,
		"blocks", (json_int_t)p->blocks, "round", p->round,
		"elapsed_ns", (json_int_t)p->elapsed_ns, "budget_ns",
		(json_int_t)p->budget_ns, "eta_ns", (json_int_t)p->eta_ns,
		"now", p->now ? p->now : "", "paths", paths);
}

void live_on_progress(struct live *live, const struct study_progress *progress)
{
	int64_t now_ns = clock_mono_ns();

	if (!live || (progress->phase == live->told_phase && live->told_ns &&
		      now_ns - live->told_ns < TELL_EVERY_NS))
		return;
	live->told_ns = now_ns;
	live->told_phase = progress->phase;
	tell(live, "progress", progress_of(progress));
}

void live_on_event(struct live *live, const char *text)
{
	if (live)
		tell(live, "note", json_string(text));
}

const char *live_url(const struct live *live)
{
	return live->url;
}

/* In the server's process; never returns. What the terminal signals is the
 * study's to answer. */
static void be_server(const struct live_serve_args *args, pid_t parent)
{
	const struct sched_param none = { 0 };
	struct err err = ERR_INIT;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "vazao-live");
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sched_setscheduler(0, SCHED_IDLE, &none);
	if (live_serve(args, &err))
		fprintf(stderr, "vazao study: --live: %s\n", err.text);
	_exit(0);
}

static int start_server(struct live *live, int listener,
			const struct live_args *args, struct err *err)
{
	pid_t parent = getpid();
	int feed[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, feed) < 0)
		return err_sys(err, errno, "--live");
	fflush(NULL);
	live->server = fork();
	if (live->server == 0) {
		close(feed[0]);
		be_server(&(struct live_serve_args){ .listener = listener,
						     .feed = feed[1],
						     .dir = args->dir,
						     .open = args->open },
			  parent);
	}
	close(feed[1]);
	live->feed = feed[0];
	if (live->server > 0)
		return 0;
	close(feed[0]);
	return err_sys(err, errno, "--live");
}

int live_start(struct live **live, const struct live_args *args,
	       struct err *err)
{
	struct live *l = calloc(1, sizeof(*l));
	int listener, rc;

	*live = NULL;
	if (!l)
		return err_set(err, ENOMEM, "out of memory");
	listener = live_listen(args->address, LIVE_ADDRESS, args->open, l->url,
			       sizeof(l->url), err);
	rc = listener < 0 ? listener : start_server(l, listener, args, err);
	if (listener >= 0)
		close(listener);
	if (rc)
		free(l);
	else
		*live = l;
	return rc;
}

void live_end(struct live *live)
{
	int64_t deadline_ns = clock_mono_ns() + END_WAIT_NS;

	if (!live)
		return;
	close(live->feed);
	while (waitpid(live->server, NULL, WNOHANG) == 0) {
		if (clock_mono_ns() > deadline_ns)
			kill(live->server, SIGKILL);
		clock_sleep_ns(10 * NS_PER_MS);
	}
	free(live);
}
