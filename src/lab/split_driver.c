/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/command.h"
#include "lab/split_driver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/node.h"

/* The handshake's own limit is 10 s (netfront, netback). */
#define CONNECT_LIMIT_NS (12 * NS_PER_S)
#define ANSWER_LIMIT_NS	 (2 * NS_PER_S)
#define END_LIMIT_NS	 (300 * NS_PER_MS)

#define ANSWER_BYTES 131072 /* of one line of counters: netback tells vifs */

#define FRONT_TRIES    5
#define FRONT_PAUSE_NS (50 * NS_PER_MS)

enum end { FRONT, BACK, ENDS };

static const char *const programs[ENDS] = { "netfront", "netback" };

/* One of the two processes. */
struct half {
	pid_t pid;	/* 0: none runs */
	int control_fd; /* asked for counters */
	int stderr_fd;	/* a memory file: its last words */
};

struct split_driver {
	struct split_driver_args args;
	char front_tap[IFNAMSIZ], back_tap[IFNAMSIZ], mac[18];
	struct half half[ENDS];		  /* netback: of a lead */
	struct split_driver *lead, *next; /* itself; the next with that lead */
	bool started;			  /* once */
	int toolstack_fd;		  /* a lead's, of a shared netback */
};

static struct half *half_of(struct split_driver *driver, enum end end)
{
	return end == BACK ? &driver->lead->half[BACK] : &driver->half[FRONT];
}

/*
 * The command lines.
 */

/* A plan's key, and what it is on the command line of either program. A flag
 * stands for one value of the key. */
static const struct {
	const char *key, *value; /* NULL: any */
	const char *unit;	 /* behind a number */
	const char *option[ENDS];
} translation[] = {
	{ "receive", NULL, "", { "receive", NULL } },
	{ "header_copy", "off", "", { NULL, "no-header-copy" } },
	{ "notify_batch", NULL, "", { "notify-batch", "notify-batch" } },
	{ "notify", "always", "", { "notify-always", "notify-always" } },
	{ "page_a_frame", "on", "", { "page-a-frame", NULL } },
	{ "ring_pages", NULL, "", { "ring-pages", NULL } },
	{ "queues", NULL, "", { "queues", "queues" } },
	{ "budget", NULL, "", { "budget", "budget" } },
	{ "gso", "off", "", { "no-gso", "no-gso" } },
	{ "aggregate", NULL, "", { "aggregate", "aggregate" } },
	{ "napi", "off", "", { "no-napi", "no-napi" } },
	{ "persistent", "on", "", { "persistent", NULL } },
	{ "direct", "on", "", { NULL, "direct" } },
	{ "realtime", "on", "", { "realtime", "realtime" } },
	{ "coalesce_us", NULL, "us", { "coalesce", "coalesce" } },
};

#define TRANSLATIONS (sizeof(translation) / sizeof(translation[0]))

static void add_options(const json_t *options, enum end end,
			struct command_line *c)
{
	for (size_t i = 0; i < TRANSLATIONS; i++) {
		const char *option = translation[i].option[end];
		const char *only = translation[i].value;
		const json_t *now =
			json_object_get(options, translation[i].key);
		const char *text = json_string_value(now);

		if (!option || !now)
			continue;
		if (!only && text)
			command_add(c, "--%s=%s", option, text);
		else if (!only)
			command_add(c, "--%s=%lld%s", option,
				    (long long)json_integer_value(now),
				    translation[i].unit);
		else if (text && strcmp(text, only) == 0)
			command_add(c, "--%s", option);
	}
}

static void format_command(const struct split_driver *driver, enum end end,
			   int xenbus_fd, int control_fd,
			   struct command_line *c)
{
	command_begin(c);
	command_add(c, "%s", driver->args.self_path);
	command_add(c, "%s", programs[end]);
	command_add(c, "--%s-fd=%d",
		    end == BACK && driver->args.shared ? "toolstack" : "xenbus",
		    xenbus_fd);
	command_add(c, "--control-fd=%d", control_fd);
	if (end == FRONT) {
		command_add(c, "--tap=%s", driver->front_tap);
	} else if (!driver->args.shared) {
		command_add(c, "--vif=%s", driver->back_tap);
		command_add(c, "--mac=%s", driver->mac);
		command_add(c, "--domid=%d", driver->args.domid);
		if (driver->args.vlan)
			command_add(c, "--vlan=%d", driver->args.vlan);
		command_add(c, "--once");
	}
	add_options(driver->args.options, end, c);
}

/*
 * Last words.
 */

static bool has_ended(const struct half *half, siginfo_t *info)
{
	info->si_pid = 0;
	return half->pid == 0 || (waitid(P_PID, (id_t)half->pid, info,
					 WEXITED | WNOHANG | WNOWAIT) == 0 &&
				  info->si_pid != 0);
}

static void tell_half(const struct half *half, char *text, size_t size)
{
	siginfo_t info;

	if (!has_ended(half, &info))
		snprintf(text, size, "runs");
	else if (info.si_pid && info.si_code != CLD_EXITED)
		snprintf(text, size, "killed by signal %d", info.si_status);
	else
		node_read_last_words(half->stderr_fd, text, size);
}

/* A socket closes a moment before its process can be waited for, and the end
 * of one brings that of the other. */
static void let_them_end(struct split_driver *driver)
{
	int64_t deadline_ns = clock_mono_ns() + END_LIMIT_NS;
	siginfo_t info;

	while ((!has_ended(half_of(driver, FRONT), &info) ||
		!has_ended(half_of(driver, BACK), &info)) &&
	       clock_mono_ns() < deadline_ns)
		clock_sleep_ns(5 * NS_PER_MS);
}

static int tell_failure(struct split_driver *driver, int code, const char *what,
			struct err *err)
{
	char words[ENDS][200];

	if (code == EPIPE)
		let_them_end(driver);
	for (int i = 0; i < ENDS; i++)
		tell_half(half_of(driver, i), words[i], sizeof(words[i]));
	return err_set(err, code, "%s: %s (netfront: %s; netback: %s)",
		       driver->back_tap, what, words[FRONT], words[BACK]);
}

/*
 * Start and end.
 */

int split_driver_new(struct split_driver **driver,
		     const struct split_driver_args *args, struct err *err)
{
	struct split_driver *made = calloc(1, sizeof(*made));

	if (!made)
		return err_sys(err, ENOMEM, "%s", args->back_tap);
	made->args = *args;
	snprintf(made->front_tap, sizeof(made->front_tap), "%s",
		 args->front_tap);
	snprintf(made->back_tap, sizeof(made->back_tap), "%s", args->back_tap);
	snprintf(made->mac, sizeof(made->mac), "%s", args->mac);
	for (int i = 0; i < ENDS; i++)
		made->half[i] = (struct half){ 0, -1, -1 };
	made->toolstack_fd = -1;
	made->lead = args->lead ? args->lead : made;
	if (args->lead) {
		made->next = args->lead->next;
		args->lead->next = made;
	}
	*driver = made;
	return 0;
}

static void stop_half(struct half *half)
{
	node_kill(&half->pid);
	node_close_fd(&half->control_fd);
	node_close_fd(&half->stderr_fd);
}

static void stop_back(struct split_driver *lead)
{
	node_close_fd(&lead->toolstack_fd);
	stop_half(&lead->half[BACK]);
}

void split_driver_stop(struct split_driver *driver)
{
	stop_half(&driver->half[FRONT]);
	if (!driver->args.shared)
		stop_back(driver);
}

void split_driver_free(struct split_driver *driver)
{
	if (!driver)
		return;
	split_driver_stop(driver);
	if (!driver->args.lead)
		stop_back(driver);
	free(driver);
}

pid_t split_driver_pid(struct split_driver *driver, const char *program)
{
	for (int i = 0; i < ENDS; i++)
		if (strcmp(programs[i], program) == 0)
			return half_of(driver, i)->pid;
	return 0;
}

/* Takes xenbus_fd over. */
static int start_half(struct split_driver *driver, enum end end, int xenbus_fd,
		      struct err *err)
{
	struct half *half = &driver->half[end];
	struct command_line command;
	int control[2];
	int rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) {
		close(xenbus_fd);
		return err_sys(err, errno, "%s: a socket", programs[end]);
	}
	half->control_fd = control[0];
	half->stderr_fd = memfd_create(programs[end], MFD_CLOEXEC);
	format_command(driver, end, xenbus_fd, control[1], &command);
	rc = command_check(&command, err);
	if (!rc)
		rc = node_spawn(
			&(struct node_spawn){
				.netns = end == FRONT ? driver->args.front
						      : driver->args.back,
				.argv = command.argv,
				.stdin_fd = -1,
				.stdout_fd = -1,
				.stderr_fd = half->stderr_fd,
				.keep_fd = (int[]){ xenbus_fd, control[1] },
				.keep_fds = 2 },
			&half->pid, err);
	close(control[1]);
	close(xenbus_fd);
	return rc;
}

/* One line of JSON; {"counters": {...}, ...}. */
static int ask(struct split_driver *driver, enum end end, int64_t deadline_ns,
	       json_t **answer, struct err *err)
{
	struct pollfd pfd = { .fd = half_of(driver, end)->control_fd,
			      .events = POLLIN };
	char text[ANSWER_BYTES];
	size_t used = 0;
	ssize_t n = -1;

	*answer = NULL;
	if (send(pfd.fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return tell_failure(driver, EPIPE, "broken", err);
	while (used < sizeof(text) && !memchr(text, '\n', used)) {
		if (poll(&pfd, 1, clock_poll_ms(deadline_ns)) == 0)
			return tell_failure(driver, ETIMEDOUT, "mute", err);
		n = recv(pfd.fd, text + used, sizeof(text) - used,
			 MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return tell_failure(driver, EPIPE, "broken", err);
		used += (size_t)n;
	}
	*answer = json_loadb(text, used, 0, NULL);
	return *answer ? 0 : tell_failure(driver, EPROTO, "no JSON comes", err);
}

/* netfront answers once it has connected. */
static int await_connection(struct split_driver *driver, struct err *err)
{
	json_t *answer;
	int rc = ask(driver, FRONT, clock_mono_ns() + CONNECT_LIMIT_NS, &answer,
		     err);

	json_decref(answer);
	return rc;
}

static int start_alone(struct split_driver *driver, struct err *err)
{
	int xenbus[2];
	int rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, xenbus) < 0)
		return err_sys(err, errno, "%s: a socket", driver->back_tap);
	rc = start_half(driver, BACK, xenbus[BACK], err);
	if (rc)
		close(xenbus[FRONT]);
	else
		rc = start_half(driver, FRONT, xenbus[FRONT], err);
	return rc ? rc : await_connection(driver, err);
}

/*
 * A netback that several guests share.
 */

static int start_shared_back(struct split_driver *lead, struct err *err)
{
	int pair[2];
	int rc;

	stop_back(lead);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "%s: a socket", lead->back_tap);
	rc = start_half(lead, BACK, pair[1], err);
	if (rc)
		close(pair[0]);
	else
		lead->toolstack_fd = pair[0];
	return rc;
}

/* What xl would write into xenstore. Takes xenbus_fd over. */
static int introduce(struct split_driver *driver, int xenbus_fd,
		     struct err *err)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	char text[64];
	struct iovec iov = { text, 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	iov.iov_len = (size_t)snprintf(text, sizeof(text), "%d %s %d",
				       driver->args.domid, driver->mac,
				       driver->args.vlan);
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &xenbus_fd, sizeof(xenbus_fd));
	n = sendmsg(driver->lead->toolstack_fd, &message, MSG_NOSIGNAL);
	close(xenbus_fd);
	return n < 0 ? tell_failure(driver, EPIPE, "broken", err) : 0;
}

static int start_front(struct split_driver *driver, struct err *err)
{
	int xenbus[2];
	int rc;

	stop_half(&driver->half[FRONT]);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, xenbus) < 0)
		return err_sys(err, errno, "%s: a socket", driver->back_tap);
	rc = introduce(driver, xenbus[BACK], err);
	if (rc)
		close(xenbus[FRONT]);
	else
		rc = start_half(driver, FRONT, xenbus[FRONT], err);
	return rc ? rc : await_connection(driver, err);
}

/* The kernel takes a while to let go of the TAP of a vif that was closed. */
static int start_front_again(struct split_driver *driver, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = start_front(driver, &why);

	for (int i = 0; rc && i < FRONT_TRIES; i++) {
		clock_sleep_ns(FRONT_PAUSE_NS);
		rc = start_front(driver, &why);
	}
	if (rc && err)
		*err = why;
	driver->started = !rc;
	return rc;
}

/* Those that have ended since they were started: who asks for counters cannot
 * tell which of the guests it is that does not answer. */
static int revive_others(struct split_driver *lead, struct err *err)
{
	siginfo_t info;
	int rc = 0;

	for (struct split_driver *d = lead; d && !rc; d = d->next)
		if (d->started && has_ended(&d->half[FRONT], &info))
			rc = start_front_again(d, err);
	return rc;
}

/* If netback is gone, so are all its netfronts: they come back together. */
static int start_shared(struct split_driver *driver, struct err *err)
{
	struct split_driver *lead = driver->lead;
	siginfo_t info;
	int rc = 0;

	if (has_ended(&lead->half[BACK], &info)) {
		for (struct split_driver *d = lead; d; d = d->next)
			stop_half(&d->half[FRONT]);
		rc = start_shared_back(lead, err);
	}
	if (!rc)
		rc = start_front_again(driver, err);
	return rc ? rc : revive_others(lead, err);
}

int split_driver_start(struct split_driver *driver, struct err *err)
{
	int rc;

	split_driver_stop(driver);
	rc = driver->args.shared ? start_shared(driver, err)
				 : start_alone(driver, err);
	if (rc)
		split_driver_stop(driver);
	return rc;
}

/*
 * Counters.
 */

static int add_counters(struct split_driver *driver, enum end end,
			int64_t deadline_ns, json_t *sums, struct err *err)
{
	json_t *sum = json_object_get(sums, programs[end]);
	json_t *answer, *now;
	const char *key;
	int rc = ask(driver, end, deadline_ns, &answer, err);

	if (rc)
		return rc;
	if (!sum) {
		sum = json_object();
		json_object_set_new(sums, programs[end], sum);
	}
	json_object_foreach(json_object_get(answer, "counters"), key, now)
		json_object_set_new(
			sum, key,
			json_integer(
				json_integer_value(json_object_get(sum, key)) +
				json_integer_value(now)));
	json_decref(answer);
	return 0;
}

int split_driver_read_counters(struct split_driver *driver, json_t **counters,
			       struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + ANSWER_LIMIT_NS;
	json_t *all = json_object();
	int rc = add_counters(driver, FRONT, deadline_ns, all, err);

	for (struct split_driver *d = driver->next;
	     d && !rc && driver->lead == driver; d = d->next)
		rc = add_counters(d, FRONT, deadline_ns, all, err);
	if (!rc)
		rc = add_counters(driver, BACK, deadline_ns, all, err);
	if (rc) {
		json_decref(all);
		all = NULL;
	}
	*counters = all;
	return rc;
}
