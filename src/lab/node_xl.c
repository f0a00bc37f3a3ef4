/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_xl.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/guest.h"
#include "base/log.h"
#include "base/netdev.h"
#include "lab/driver_domain.h"
#include "lab/initrd.h"
#include "lab/keeper.h"
#include "lab/xl.h"

#define BOOT_LIMIT_NS	 (120 * NS_PER_S)
#define DESTROY_LIMIT_NS (20 * NS_PER_S)
#define PREFIX		 "vazao-"
#define CONTROL_PORT	 7000
#define GUEST_LOG	 "/var/log/xen/console/guest-%s.log"

struct xl_node {
	struct lab_node node; /* pid: xl's, which stays while the domain does */
	struct xl_node_args args;
	struct lab_netns *host;
	char xl[PATH_MAX], domain[64];
	char vif[IFNAMSIZ], control[IFNAMSIZ], mac[18];
	char dir[64];  /* the files that xl is given; "": none yet */
	int output_fd; /* what xl said */
};

static struct xl_node *of(struct lab_node *node)
{
	return (struct xl_node *)node;
}

/*
 * xl, run to its end.
 */

static int await_child(pid_t *pid, int64_t limit_ns, int *status)
{
	int64_t deadline_ns = clock_mono_ns() + limit_ns;

	while (waitpid(*pid, status, WNOHANG) == 0) {
		if (clock_mono_ns() > deadline_ns) {
			node_kill(pid);
			return -ETIMEDOUT;
		}
		usleep(20000);
	}
	*pid = 0;
	return 0;
}

/* Its output goes to output_fd, or nowhere (-1). */
static int run_xl(struct xl_node *x, const char *verb, const char *name,
		  int output_fd, struct err *err)
{
	char *argv[] = { x->xl, (char *)verb, (char *)name, NULL };
	struct node_spawn spawn = { .netns = x->host,
				    .argv = argv,
				    .stdin_fd = -1,
				    .stdout_fd = output_fd,
				    .stderr_fd = output_fd };
	int status = 0;
	pid_t pid;
	int rc = node_spawn(&spawn, &pid, err);

	if (!rc)
		rc = await_child(&pid, DESTROY_LIMIT_NS, &status);
	if (rc == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "xl %s does not end", verb);
	if (!rc && status)
		return err_set(err, EIO, "xl %s failed", verb);
	return rc;
}

/* Domains of labs that were killed. */
static void bury_the_dead(struct xl_node *x)
{
	char text[16384], name[128];
	const char *at = text;
	int fd = memfd_create("xl", MFD_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0 && !run_xl(x, "list", NULL, fd, NULL))
		n = pread(fd, text, sizeof(text) - 1, 0);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	while (xl_next_dead(&at, PREFIX, name, sizeof(name)))
		run_xl(x, "destroy", name, -1, NULL);
}

/* Each domU's own: the back ends of all are in one namespace. */
static uint16_t control_port(const struct xl_node *x)
{
	return (uint16_t)(CONTROL_PORT + x->args.domid);
}

/*
 * Files for xl, in a directory of our own.
 */

static int write_text(const struct xl_node *x, const char *name, mode_t mode,
		      const char *text, struct err *err)
{
	char path[96];
	size_t size = strlen(text);
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", x->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		rc = err_sys(err, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int write_ramdisk(const struct xl_node *x, struct err *err)
{
	char path[96];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/ramdisk", x->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	rc = initrd_write(fd, x->args.image->dir, x->args.agent_path, NULL,
			  err);
	close(fd);
	return rc;
}

static int write_config(const struct xl_node *x, struct err *err)
{
	char text[4096], kernel[PATH_MAX + 16], ramdisk[96], script[96];
	char words[512], control_mac[18];
	const struct xl_domU domU = {
		.name = x->domain,
		.kernel = kernel,
		.ramdisk = ramdisk,
		.words = words,
		.mac = x->mac,
		.control_mac = control_mac,
		.script = script,
		.memory_mib = x->args.memory_mib,
		.vcpus = 1,
	};
	int rc;

	snprintf(kernel, sizeof(kernel), "%s/kernel", x->args.image->dir);
	snprintf(ramdisk, sizeof(ramdisk), "%s/ramdisk", x->dir);
	snprintf(script, sizeof(script), "%s/vif-script", x->dir);
	snprintf(control_mac, sizeof(control_mac), "00:16:3e:99:00:%02x",
		 x->args.domid & 0xffU);
	snprintf(words, sizeof(words),
		 "console=hvc0 quiet loglevel=4 panic=-1 " GUEST_NODE
		 "=%s " GUEST_DEVICE "=eth0 " GUEST_LINE
		 "=tcp:eth1:10.99.%d.2:10.99.%d.1:%d",
		 x->node.name, x->args.domid, x->args.domid, control_port(x));
	rc = xl_format_config(text, sizeof(text), &domU, err);
	return rc ? rc : write_text(x, "config", 0600, text, err);
}

static int write_script(const struct xl_node *x, struct err *err)
{
	char text[PATH_MAX + 1024], netns[64], ip[PATH_MAX];
	const struct xl_script script = {
		.ip = ip, .netns = netns, .vif = x->vif, .control = x->control
	};
	int rc = xl_find("", "ip", ip, err);

	snprintf(netns, sizeof(netns), "/proc/%d/fd/%d", (int)getpid(),
		 netns_fd(x->args.netns));
	if (!rc)
		rc = xl_format_script(text, sizeof(text), &script, err);
	return rc ? rc : write_text(x, "vif-script", 0700, text, err);
}

static void remove_files(struct xl_node *x)
{
	static const char *const names[] = { "ramdisk", "vif-script",
					     "config" };
	char path[96];

	if (!x->dir[0])
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", x->dir, names[i]);
		unlink(path);
	}
	rmdir(x->dir);
	x->dir[0] = '\0';
}

/* All of them, or none. */
static int write_files(struct xl_node *x, struct err *err)
{
	int rc;

	if (x->dir[0])
		return 0;
	snprintf(x->dir, sizeof(x->dir), "/run/vazao-xl.XXXXXX");
	if (!mkdtemp(x->dir)) {
		x->dir[0] = '\0';
		return err_sys(err, errno, "a directory below /run");
	}
	rc = write_ramdisk(x, err);
	if (!rc)
		rc = write_script(x, err);
	if (!rc)
		rc = write_config(x, err);
	if (rc)
		remove_files(x);
	return rc;
}

/*
 * Boot.
 */

/* Any address: the interface is there only once the domain is. */
static int listen_for_guest(const struct xl_node *x, int *listener,
			    struct err *err)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(control_port(x)) };
	int former = netns_enter(x->args.netns, err), rc = 0;

	if (former < 0)
		return former;
	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	netns_leave(former);
	if (*listener < 0)
		return err_sys(err, errno, "socket");
	setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 },
		   sizeof(int));
	if (bind(*listener, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(*listener, 1) < 0) {
		rc = err_sys(err, errno, "listening for the domU");
		node_close_fd(listener);
	}
	return rc;
}

static int spawn_create(struct xl_node *x, struct err *err)
{
	char config[96];
	char *argv[] = { x->xl, "create", "-F", config, NULL };
	struct node_spawn spawn = { .netns = x->host,
				    .argv = argv,
				    .stdin_fd = -1,
				    .stdout_fd = x->output_fd,
				    .stderr_fd = x->output_fd };

	snprintf(config, sizeof(config), "%s/config", x->dir);
	if (ftruncate(x->output_fd, 0) < 0 || lseek(x->output_fd, 0, SEEK_SET))
		return err_sys(err, errno, "xl's output");
	return node_spawn(&spawn, &x->node.pid, err);
}

static bool has_ended(const struct xl_node *x)
{
	siginfo_t info = { 0 };

	return !x->node.pid || (waitid(P_PID, (id_t)x->node.pid, &info,
				       WEXITED | WNOHANG | WNOWAIT) == 0 &&
				info.si_pid != 0);
}

static void get_last_words(const struct lab_node *node, char *text, size_t size)
{
	const struct xl_node *x = (const struct xl_node *)node;
	char path[128], said[200], console[200] = "(none kept)";
	int fd;

	snprintf(path, sizeof(path), GUEST_LOG, x->domain);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		keeper_read_console(fd, console, sizeof(console));
		close(fd);
	}
	keeper_read_console(x->output_fd, said, sizeof(said));
	snprintf(text, size, "the domain %s; xl: %s; its console: %s",
		 has_ended(x) ? "has ended" : "is there", said, console);
}

static int fail_boot(const struct xl_node *x, int code, const char *what,
		     struct err *err)
{
	char words[440];

	get_last_words(&x->node, words, sizeof(words));
	return err_set(err, code, "%s: %s", what, words);
}

static bool is_plugged(const struct xl_node *x, const char *ifname)
{
	int mtu;

	return netdev_get_mtu(netns_ioctl_fd(x->args.netns), ifname, &mtu,
			      NULL) == 0;
}

static int await_plugs(const struct xl_node *x, int64_t deadline_ns,
		       struct err *err)
{
	while (!is_plugged(x, x->vif) || !is_plugged(x, x->control)) {
		if (has_ended(x))
			return fail_boot(x, EPIPE, "no domain came up", err);
		if (clock_mono_ns() > deadline_ns)
			return fail_boot(x, ETIMEDOUT,
					 "the domain's interfaces did not come",
					 err);
		usleep(20000);
	}
	return 0;
}

static int set_up_plugs(const struct xl_node *x, struct err *err)
{
	struct lab_netns *netns = x->args.netns;
	int fd = netns_ioctl_fd(netns);
	char address[16];
	int rc = link_set_mac(netns, x->vif, BACKEND_MAC, err);

	snprintf(address, sizeof(address), "10.99.%d.1", x->args.domid);
	if (!rc)
		rc = link_enslave(netns, x->vif, BRIDGE_NAME, err);
	if (!rc)
		rc = netdev_set_up(fd, x->vif, true, err);
	if (!rc)
		rc = link_add_address(netns, x->control, address, 24, err);
	return rc ? rc : netdev_set_up(fd, x->control, true, err);
}

static int await_guest(const struct xl_node *x, int listener,
		       int64_t deadline_ns, int *fd, struct err *err)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };

	while (poll(&pfd, 1, 200) <= 0) {
		if (has_ended(x))
			return fail_boot(x, EPIPE, "it ended as it came up",
					 err);
		if (clock_mono_ns() > deadline_ns)
			return fail_boot(x, ETIMEDOUT, "it did not come up",
					 err);
	}
	*fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (*fd < 0)
		return err_sys(err, errno, "accept");
	setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return 0;
}

static void stop(struct lab_node *node)
{
	struct xl_node *x = of(node);

	if (!node->pid)
		return;
	run_xl(x, "destroy", x->domain, -1, NULL);
	node_kill(&node->pid);
}

static int boot(struct xl_node *x, int listener, int *fd, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + BOOT_LIMIT_NS;
	int rc = spawn_create(x, err);

	if (!rc)
		rc = await_plugs(x, deadline_ns, err);
	if (!rc)
		rc = set_up_plugs(x, err);
	return rc ? rc : await_guest(x, listener, deadline_ns, fd, err);
}

static int start_agent(struct lab_node *node, struct lab_channel *channel,
		       struct err *err)
{
	struct xl_node *x = of(node);
	int listener = -1, fd = -1;
	int rc = write_files(x, err);

	stop(node);
	if (!rc)
		rc = listen_for_guest(x, &listener, err);
	if (rc)
		return rc;
	rc = boot(x, listener, &fd, err);
	close(listener);
	channel->read_fd = fd;
	channel->pid = node->pid;
	channel->write_fd = rc ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (!rc && channel->write_fd < 0)
		rc = err_sys(err, errno, "dup");
	if (rc) {
		node_close_fd(&fd);
		stop(node);
	}
	return rc;
}

static void free_node(struct lab_node *node)
{
	struct xl_node *x = of(node);

	remove_files(x);
	node_close_fd(&x->output_fd);
	netns_close(x->host);
	free(x);
}

static const struct node_ops xl_node_ops = {
	.name = "xen-host",
	.start_agent = start_agent,
	.stop = stop,
	.last_words = get_last_words,
	.free = free_node,
};

int xl_node_new(struct lab_node **node, const struct xl_node_args *args,
		struct err *err)
{
	struct xl_node *x = calloc(1, sizeof(*x));
	int rc;

	if (!x)
		return err_sys(err, ENOMEM, "node %s", args->name);
	x->node.ops = &xl_node_ops;
	x->args = *args;
	snprintf(x->node.name, sizeof(x->node.name), "%s", args->name);
	snprintf(x->xl, sizeof(x->xl), "%s", args->xl);
	snprintf(x->vif, sizeof(x->vif), "%s", args->vif);
	snprintf(x->mac, sizeof(x->mac), "%s", args->mac);
	snprintf(x->control, sizeof(x->control), "control%d", args->domid);
	snprintf(x->domain, sizeof(x->domain), PREFIX "%.20s-%llx", args->name,
		 (unsigned long long)(clock_real_ns() / NS_PER_MS));
	x->output_fd = memfd_create("xl", MFD_CLOEXEC);
	rc = x->output_fd < 0 ? err_sys(err, errno, "memfd_create") : 0;
	if (!rc)
		rc = netns_adopt(&x->host, args->host_netns_fd, "the host",
				 err);
	if (rc) {
		free_node(&x->node);
		return rc;
	}
	bury_the_dead(x);
	*node = &x->node;
	return 0;
}
