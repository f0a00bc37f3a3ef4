/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "xen/netback.h"
#include "xen/socket.h"
#include "xen/tap.h"

struct values {
	const char *aggregate;
	const char *listen, *control, *vif, *mac, *bridge, *rate;
	int64_t xenbus_fd, toolstack_fd, control_fd, domid, vlan, queues,
		budget, notify_batch, coalesce_ns, drain_ns, stall_ns, arrivals,
		arrival_ns;
	bool notify_always, realtime, no_gso, no_napi, no_header_copy,
		no_filter, direct, once;
};

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct opt_row options[] = {
	{ "listen", 'l', OPT_STRING, AT(listen), "PATH", "the UNIX socket that netfronts connect to" },
	{ "xenbus-fd", 0, OPT_COUNT, AT(xenbus_fd), "FD", "or: an inherited socket, connected to one netfront" },
	{ "toolstack-fd", 0, OPT_COUNT, AT(toolstack_fd), "FD", "or: an inherited socket that brings netfronts, each with its domain and MAC" },
	{ "bridge", 'b', OPT_STRING, AT(bridge), "NAME", "the bridge that every vif joins" },
	{ "vif", 0, OPT_STRING, AT(vif), "NAME", "name of the first vif (default: vif1.0)" },
	{ "mac", 0, OPT_STRING, AT(mac), "MAC", "the first guest's address (default: made of its domain)" },
	{ "domid", 0, OPT_COUNT, AT(domid), "N", "domain of the first guest, the next gets N+1 (default: 1)" },
	{ "vlan", 0, OPT_COUNT, AT(vlan), "ID", "tag what guests send, let only frames of that VLAN through to them (default: none)" },
	{ "rate", 0, OPT_STRING, AT(rate), "BYTES,USEC", "credit: what a guest may send in so many microseconds" },
	{ "queues", 'q', OPT_COUNT, AT(queues), "N", "most queues a vif may have (default: 8)" },
	{ "budget", 0, OPT_COUNT, AT(budget), "N", "frames a turn, each way (default: 64)" },
	{ "notify-batch", 0, OPT_COUNT, AT(notify_batch), "N", "received frames shown to the guest at once (default: 32)" },
	{ "notify-always", 0, OPT_FLAG, AT(notify_always), NULL, "notify the guest of each, even if it did not ask" },
	{ "coalesce", 0, OPT_DURATION, AT(coalesce_ns), "TIME", "after work look again so much later, before sleeping (default: 0)" },
	{ "realtime", 0, OPT_FLAG, AT(realtime), NULL, "run as SCHED_FIFO: who is woken by a frame does not interrupt the batch" },
	{ "aggregate", 0, OPT_STRING, AT(aggregate), "WHEN", "merge TCP segments for the vif: on, off, or auto (default): as its GRO flag says" },
	{ "no-napi", 0, OPT_FLAG, AT(no_napi), NULL, "write frames through the network one by one, not by a thread of the kernel" },
	{ "no-gso", 0, OPT_FLAG, AT(no_gso), NULL, "offer no large frames" },
	{ "no-header-copy", 0, OPT_FLAG, AT(no_header_copy), NULL, "send headers, too, from the guest's pages, unfiltered" },
	{ "no-filter", 0, OPT_FLAG, AT(no_filter), NULL, "let a guest send under any address" },
	{ "direct", 0, OPT_FLAG, AT(direct), NULL, "mode copy: the kernel puts frames straight into granted pages" },
	{ "rx-drain", 0, OPT_DURATION, AT(drain_ns), "TIME", "a guest that posts no room: then its frames are dropped (default: 10s)" },
	{ "rx-stall", 0, OPT_DURATION, AT(stall_ns), "TIME", "and then its link is down (default: 60s)" },
	{ "arrivals", 0, OPT_COUNT, AT(arrivals), "N", "so many guests may come to --listen at once (default: 64)" },
	{ "arrival-every", 0, OPT_DURATION, AT(arrival_ns), "TIME", "and then one in this time; 0: no limit (default: 1s)" },
	{ "control", 0, OPT_STRING, AT(control), "PATH", "a UNIX socket that answers with counters, in JSON" },
	{ "control-fd", 0, OPT_COUNT, AT(control_fd), "FD", "or: an inherited, connected stream socket" },
	{ "once", 0, OPT_FLAG, AT(once), NULL, "end when the last guest has gone" },
	{ 0 },
};
/* clang-format on */

static int parse_rate(const char *text, struct netback_args *args,
		      struct err *err)
{
	long long bytes, us;
	int end = 0;

	if (!text)
		return 0;
	if (sscanf(text, "%lld,%lld%n", &bytes, &us, &end) != 2 || text[end] ||
	    bytes < 1 || us < 1)
		return err_set(err, EINVAL,
			       "--rate '%s' is not BYTES,USEC, such as "
			       "125000,1000 for a gigabit a second",
			       text);
	args->rate_bytes = bytes;
	args->rate_us = us;
	return 0;
}

static int check(const struct values *v, struct err *err)
{
	uint8_t mac[6];

	if (!!v->listen + (v->xenbus_fd >= 0) + (v->toolstack_fd >= 0) != 1)
		return err_set(err, EINVAL,
			       "it takes --listen PATH, --xenbus-fd FD or "
			       "--toolstack-fd FD");
	if (v->mac && !tap_parse_mac(v->mac, mac))
		return err_set(err, EINVAL,
			       "--mac '%s' is no unicast address such as "
			       "00:16:3e:00:00:01",
			       v->mac);
	if (v->queues < 1 || v->queues > TAP_MAX_QUEUES)
		return err_set(err, EINVAL, "--queues is 1 to %d",
			       TAP_MAX_QUEUES);
	if (v->drain_ns < NS_PER_MS || v->stall_ns < NS_PER_MS)
		return err_set(err, EINVAL,
			       "--rx-drain and --rx-stall are 1ms or more");
	if (v->budget < 1 || v->notify_batch < 1)
		return err_set(err, EINVAL,
			       "--budget and --notify-batch are 1 or more");
	if (v->arrivals < 1 || v->arrival_ns > 3600 * NS_PER_S)
		return err_set(err, EINVAL,
			       "--arrivals is 1 or more, --arrival-every 1h "
			       "or less");
	if (v->vlan < 0 || v->vlan > 4094)
		return err_set(err, EINVAL, "--vlan is 1 to 4094");
	if (v->domid < 1 || v->domid > 32751)
		return err_set(err, EINVAL, "--domid is 1 to 32751");
	return 0;
}

/* What it refuses is wrong on the command line. */
static int take_options(const struct values *v, struct netback_args *args,
			struct err *err)
{
	int rc = check(v, err);

	if (!rc)
		rc = parse_rate(v->rate, args, err);
	if (!rc)
		rc = tap_merge_parse(v->aggregate, &args->merge, err);
	args->vif = v->vif;
	args->mac = v->mac;
	args->domid = (uint16_t)v->domid;
	args->bridge = v->bridge;
	args->vlan = (uint16_t)v->vlan;
	args->gso = !v->no_gso;
	args->napi = !v->no_napi;
	args->header_copy = !v->no_header_copy;
	args->filter_mac = !v->no_filter;
	args->direct = v->direct;
	args->once = v->once;
	args->queues = v->queues;
	args->budget = v->budget;
	args->notify_batch = v->notify_batch;
	args->notify_always = v->notify_always;
	args->coalesce_ns = v->coalesce_ns;
	args->drain_ns = v->drain_ns;
	args->stall_ns = v->stall_ns;
	args->arrivals = v->arrivals;
	args->arrival_ns = v->arrival_ns;
	return rc;
}

static int open_sockets(const struct values *v, struct netback_args *args,
			struct err *err)
{
	args->connected_fd = (int)v->xenbus_fd;
	args->toolstack_fd = (int)v->toolstack_fd;
	args->control_fd = (int)v->control_fd;
	if (v->listen) {
		args->listen_fd = socket_listen(v->listen, SOCK_SEQPACKET, err);
		if (args->listen_fd < 0)
			return args->listen_fd;
	}
	if (v->control) {
		args->control_fd = socket_listen(v->control, SOCK_STREAM, err);
		if (args->control_fd < 0)
			return args->control_fd;
	}
	return 0;
}

static int serve(const struct values *v, struct netback_args *args,
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
		rc = netback_run(args, err);
	if (v->listen)
		unlink(v->listen);
	if (v->control)
		unlink(v->control);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	const struct netback_args usual = NETBACK_ARGS_INIT;
	struct netback_args args = usual;
	struct values values = { .aggregate = "auto",
				 .xenbus_fd = -1,
				 .toolstack_fd = -1,
				 .control_fd = -1,
				 .domid = 1,
				 .queues = TAP_MAX_QUEUES,
				 .budget = 64,
				 .notify_batch = 32,
				 .drain_ns = usual.drain_ns,
				 .stall_ns = usual.stall_ns,
				 .arrivals = usual.arrivals,
				 .arrival_ns = usual.arrival_ns };
	struct err err = ERR_INIT;
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (argc > 0) {
		fprintf(stderr,
			"vazao netback: '%s' is not understood; it "
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

const struct command cmd_netback = {
	.name = "netback",
	.arguments = "--listen PATH",
	.help = "Xen's network backend: guests' frames to and from a bridge",
	.options = options,
	.run = run,
};
