/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "xen/netfront.h"
#include "xen/socket.h"

#define CONNECT_NS (10 * NS_PER_S)

struct values {
	const char *aggregate;
	const char *connect, *control, *tap, *receive;
	int64_t xenbus_fd, control_fd, ring_pages, queues, budget;
	int64_t notify_batch, coalesce_ns;
	bool notify_always, page_a_frame, realtime, no_gso, no_napi, persistent,
		split;
};

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct opt_row options[] = {
	{ "connect", 'c', OPT_STRING, AT(connect), "PATH", "the UNIX socket that netback listens on" },
	{ "xenbus-fd", 0, OPT_COUNT, AT(xenbus_fd), "FD", "or: an inherited socket, connected to netback" },
	{ "tap", 't', OPT_STRING, AT(tap), "NAME", "the guest's interface (default: eth0)" },
	{ "receive", 'r', OPT_STRING, AT(receive), "MODE", "flip-map, flip-index, copy (the default) or grant-copy" },
	{ "ring-pages", 0, OPT_COUNT, AT(ring_pages), "N", "pages of a ring: 1 (the default), 2, 4, 8 or 16" },
	{ "queues", 'q', OPT_COUNT, AT(queues), "N", "pairs of rings (default: 1)" },
	{ "budget", 0, OPT_COUNT, AT(budget), "N", "frames a turn, each way (default: 64)" },
	{ "notify-batch", 0, OPT_COUNT, AT(notify_batch), "N", "sent frames shown to netback at once (default: 32)" },
	{ "notify-always", 0, OPT_FLAG, AT(notify_always), NULL, "notify netback of each, even if it did not ask" },
	{ "page-a-frame", 0, OPT_FLAG, AT(page_a_frame), NULL, "let the guest's kernel hold each received frame in 4 KiB, as under Xen 3.0" },
	{ "coalesce", 0, OPT_DURATION, AT(coalesce_ns), "TIME", "after work look again so much later, before sleeping (default: 0)" },
	{ "realtime", 0, OPT_FLAG, AT(realtime), NULL, "run as SCHED_FIFO: who is woken by a frame does not interrupt the batch" },
	{ "aggregate", 0, OPT_STRING, AT(aggregate), "WHEN", "merge TCP segments for eth0: on, off, or auto (default): as its GRO flag says" },
	{ "no-napi", 0, OPT_FLAG, AT(no_napi), NULL, "write frames through the network one by one, not by a thread of the kernel" },
	{ "no-gso", 0, OPT_FLAG, AT(no_gso), NULL, "neither take nor give large frames" },
	{ "persistent", 0, OPT_FLAG, AT(persistent), NULL, "grant all pages once instead of for each use" },
	{ "split-event-channels", 0, OPT_FLAG, AT(split), NULL, "an event channel a ring" },
	{ "control", 0, OPT_STRING, AT(control), "PATH", "a UNIX socket that answers with counters, in JSON" },
	{ "control-fd", 0, OPT_COUNT, AT(control_fd), "FD", "or: an inherited, connected stream socket" },
	{ 0 },
};
/* clang-format on */

/* What it refuses is wrong on the command line. */
static int take_options(const struct values *v, struct netfront_args *args,
			struct err *err)
{
	int rc = netif_mode_parse(v->receive, &args->mode, err);

	if (!rc && !v->connect == (v->xenbus_fd < 0))
		rc = err_set(err, EINVAL,
			     "it takes --connect PATH or --xenbus-fd FD");
	if (!rc)
		rc = tap_merge_parse(v->aggregate, &args->merge, err);
	args->tap = v->tap;
	args->gso = !v->no_gso;
	args->napi = !v->no_napi;
	args->persistent = v->persistent;
	args->split = v->split;
	args->ring_pages = v->ring_pages;
	args->queues = v->queues;
	args->budget = v->budget;
	args->notify_batch = v->notify_batch;
	args->notify_always = v->notify_always;
	args->page_a_frame = v->page_a_frame;
	args->coalesce_ns = v->coalesce_ns;
	return rc;
}

static int open_sockets(const struct values *v, struct netfront_args *args,
			struct err *err)
{
	args->xenbus_fd = (int)v->xenbus_fd;
	args->control_fd = (int)v->control_fd;
	if (v->control) {
		args->control_fd = socket_listen(v->control, SOCK_STREAM, err);
		if (args->control_fd < 0)
			return args->control_fd;
	}
	if (v->connect) {
		args->xenbus_fd =
			socket_connect(v->connect, SOCK_SEQPACKET,
				       clock_mono_ns() + CONNECT_NS, err);
		if (args->xenbus_fd < 0)
			return args->xenbus_fd;
	}
	return 0;
}

static int serve(const struct values *v, struct netfront_args *args,
		 struct err *err)
{
	int rc = open_sockets(v, args, err);

	if (rc)
		return rc;
	args->stop_fd = cmd_stop_fd(err);
	if (args->stop_fd < 0)
		return args->stop_fd;
	rc = v->realtime ? cmd_go_realtime(err) : 0;
	if (!rc)
		rc = netfront_run(args, err);
	if (v->control)
		unlink(v->control);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct values values = { .aggregate = "auto",
				 .tap = "eth0",
				 .receive = "copy",
				 .xenbus_fd = -1,
				 .control_fd = -1,
				 .ring_pages = 1,
				 .queues = 1,
				 .budget = 64,
				 .notify_batch = 32 };
	struct netfront_args args = NETFRONT_ARGS_INIT;
	struct err err = ERR_INIT;
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (argc > 0) {
		fprintf(stderr,
			"vazao netfront: '%s' is not understood; it "
			"takes options only\n",
			argv[0]);
		return CMD_USAGE;
	}
	if (take_options(&values, &args, &err)) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	if (serve(&values, &args, &err))
		return cmd_fail(command, &err);
	return CMD_DONE;
}

const struct command cmd_netfront = {
	.name = "netfront",
	.arguments = "--connect PATH",
	.help = "Xen's network frontend: a guest's eth0 on rings to netback",
	.options = options,
	.run = run,
};
