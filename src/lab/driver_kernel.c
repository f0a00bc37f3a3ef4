/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/driver_kernel.h"

#include <errno.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/guest.h"
#include "lab/command.h"
#include "lab/keeper.h"
#include "lab/node_uml.h"
#include "lab/path.h"
#include "lab/uplink.h"
#include "lab/wire.h"

#define MEMORY_MIB  192
#define PORTS_MAX   (UPLINK_CABLES_MAX + PATH_PAIRS_MAX)
#define WORD_MAX    128
#define LANES_MAX   1024 /* characters */
#define MODULE_GLOB "/usr/lib/uml/modules/*/kernel/net/8021q/8021q.ko*"

struct driver_kernel {
	struct lab_node node;
	struct lab_node *uml;
	int filter_fd;		    /* a file, KEEPER_MORE for the kernel */
	struct lab_channel channel; /* of its agent; -1: none */
	char text[PORTS_MAX][WORD_MAX], lanes[LANES_MAX];
	const char *word[PORTS_MAX + 2];
	struct lab_netns *netns;
	char ifname[PORTS_MAX][IFNAMSIZ];
	int ports;
};

static struct driver_kernel *of(struct lab_node *node)
{
	return (struct driver_kernel *)node;
}

static void kernel_stop(struct lab_node *node)
{
	struct driver_kernel *kernel = of(node);

	kernel->uml->ops->stop(kernel->uml);
	node->pid = 0;
	node_close_fd(&kernel->channel.read_fd);
	node_close_fd(&kernel->channel.write_fd);
}

static int kernel_start_agent(struct lab_node *node,
			      struct lab_channel *channel, struct err *err)
{
	struct lab_node *uml = of(node)->uml;
	int rc = uml->ops->start_agent(uml, channel, err);

	node->pid = uml->pid;
	return rc;
}

static void kernel_last_words(const struct lab_node *node, char *text,
			      size_t size)
{
	const struct lab_node *uml = ((const struct driver_kernel *)node)->uml;

	uml->ops->last_words(uml, text, size);
}

static void kernel_free(struct lab_node *node)
{
	struct driver_kernel *kernel = of(node);

	if (kernel->uml)
		kernel->uml->ops->free(kernel->uml);
	node_close_fd(&kernel->filter_fd);
	free(kernel);
}

static const struct node_ops kernel_ops = {
	.name = "uml",
	.start_agent = kernel_start_agent,
	.stop = kernel_stop,
	.last_words = kernel_last_words,
	.free = kernel_free,
};

/*
 * A packet socket is shown what the kernel sends by the other one of its two,
 * too, and its own filter goes by the source's MAC: a bridge would take guests'
 * peers for guests. So: nothing that goes out.
 */
static int make_filter(int *fd, struct err *err)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};

	*fd = memfd_create("vazao-filter", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, filter, sizeof(filter)) != sizeof(filter))
		return err_sys(err, errno, "a packet socket's filter");
	return 0;
}

int driver_kernel_probe(struct err *err)
{
	char program[PATH_MAX];
	glob_t found;
	int rc = command_require("linux.uml", "user-mode-linux", program, err);

	if (rc)
		return rc;
	if (glob(MODULE_GLOB, 0, NULL, &found))
		rc = err_set(err, ENOPKG,
			     "linux.uml has no module 8021q: install the "
			     "package user-mode-linux anew");
	globfree(&found);
	return rc;
}

int driver_kernel_add(struct lab *lab, const char *name,
		      struct lab_netns *netns, struct lab_node **node,
		      struct err *err)
{
	static const char *const modules[] = { "8021q", "bridge", NULL };
	struct driver_kernel *made = calloc(1, sizeof(*made));
	struct uml_node_args args = {
		.agent_path = lab_get_args(lab)->agent_path,
		.netns = netns,
		.memory_mib = MEMORY_MIB,
		.modules = modules,
	};
	int rc;

	if (!made)
		return err_sys(err, ENOMEM, "node %s", name);
	made->node.ops = &kernel_ops;
	made->filter_fd = -1;
	made->netns = netns;
	made->channel = (struct lab_channel){ -1, -1, 0 };
	made->word[0] = made->lanes;
	snprintf(made->lanes, LANES_MAX, GUEST_LANES "=");
	snprintf(made->node.name, sizeof(made->node.name), "%s", name);
	args.name = made->node.name;
	args.words = made->word;
	args.more_fd = &made->filter_fd;
	rc = make_filter(&made->filter_fd, err);
	if (!rc)
		rc = uml_node_new(&made->uml, &args, err);
	if (rc) {
		kernel_free(&made->node);
		return rc;
	}
	rc = lab_add_node(lab, &made->node, err);
	if (!rc)
		*node = &made->node;
	return rc;
}

/* Its number: vec0, vec1 ... */
static int add_port(struct driver_kernel *kernel, const char *transport,
		    const char *ifname, const char *more, struct err *err)
{
	int n = kernel->ports;

	if (n == PORTS_MAX)
		return err_set(err, E2BIG, "node %s: more than %d interfaces",
			       kernel->node.name, PORTS_MAX);
	snprintf(kernel->text[n], WORD_MAX,
		 "vec%d:transport=%s,ifname=%s,depth=64,mtu=%d%s", n, transport,
		 ifname, DRIVER_KERNEL_MTU + 4, more);
	kernel->word[1 + n] = kernel->text[n];
	snprintf(kernel->ifname[n], IFNAMSIZ, "%s", ifname);
	return kernel->ports++;
}

int driver_kernel_add_trunk(struct lab_node *node, const char *tap,
			    struct err *err)
{
	int port = add_port(of(node), "tap", tap, "", err);

	return port < 0 ? port : 0;
}

int driver_kernel_add_lane(struct lab_node *node, int trunk, int vlan,
			   const char *vif, struct err *err)
{
	struct driver_kernel *kernel = of(node);
	size_t used = strlen(kernel->lanes);
	/* by a packet socket: netback has the TAP's other end */
	char filter[48];
	int port;

	snprintf(filter, sizeof(filter), ",bpffile=/proc/self/fd/%d",
		 KEEPER_MORE);
	port = add_port(kernel, "raw", vif, filter, err);
	if (port < 0)
		return port;
	snprintf(kernel->lanes + used, LANES_MAX - used, "%svec%d.%d=vec%d",
		 kernel->lanes[used - 1] == '=' ? "" : ":", trunk, vlan, port);
	return 0;
}

static bool is_running(const struct driver_kernel *kernel)
{
	siginfo_t info = { 0 };

	return kernel->uml->pid &&
	       waitid(P_PID, (id_t)kernel->uml->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

/* A TAP that was attached to takes frames, and a bridge passes them to it, only
 * once the host's kernel has noticed: up to a second later. */
static int await_ports(const struct driver_kernel *kernel, struct err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < kernel->ports; i++) {
		const struct link_spec port = { kernel->netns,
						kernel->ifname[i], NULL };

		rc = wire_await_link(&port, &port, err);
	}
	return rc;
}

int driver_kernel_run(struct lab_node *node, struct err *err)
{
	struct driver_kernel *kernel = of(node);
	int rc;

	if (is_running(kernel))
		return 0;
	kernel_stop(node);
	rc = kernel_start_agent(node, &kernel->channel, err);
	if (!rc)
		rc = await_ports(kernel, err);
	return rc ? err_wrap(err, "node %s", node->name) : 0;
}

int driver_kernel_check(struct lab_node *node, struct err *err)
{
	char words[512];

	if (is_running(of(node)))
		return 0;
	kernel_last_words(node, words, sizeof(words));
	return err_set(err, EPIPE, "node %s: %s", node->name, words);
}
