/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_uml.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/guest.h"
#include "base/log.h"
#include "image/cpio.h"
#include "image/modules.h"
#include "lab/cage.h"
#include "lab/command.h"
#include "lab/keeper.h"

/* Usually 1.3 s; a busy machine takes several times that, one of many guests
 * at once many times. Waited for in full by a guest that hangs alone. */
#define BOOT_LIMIT_NS (30 * NS_PER_S)

#define PROGRAM "linux.uml"
#define PACKAGE "user-mode-linux"

struct uml_node {
	struct lab_node node;
	const struct lab_netns *netns;
	char program[PATH_MAX];
	char transport[8], tap[IFNAMSIZ], mac[18];
	const char *const *words;
	const int *more_fd;
	int memory_mib;
	int image_fd;
	int console_fd; /* of the guest that runs, or ran last; or -1 */
};

static struct uml_node *of(struct lab_node *node)
{
	return (struct uml_node *)node;
}

/*
 * The command line. vec0 is the "vector" network driver on the TAP, with the
 * kernel's virtio headers (segmentation, checksums); depth is frames a system
 * call; gro=1: receive buffers that hold what the peer did not cut.
 */

static void format_command(const struct uml_node *uml, struct command_line *c)
{
	command_begin(c);
	command_add(c, "%s", uml->program);
	command_add(c, "mem=%dM", uml->memory_mib);
	command_add(c, "initrd=/proc/self/fd/%d", KEEPER_IMAGE);
	command_add(c, "uml_dir=%s/", keeper_files_dir());
	command_add(c, "con=null");
	command_add(c, "con0=null,fd:1");
	command_add(c, "ssl=null");
	command_add(c, "ssl0=fd:%d,fd:%d", KEEPER_LINE_IN, KEEPER_LINE_OUT);
	command_add(c, "ssl1=null,fd:%d", KEEPER_CREDIT_OUT);
	command_add(c, "quiet");
	command_add(c, "noreboot");
	command_add(c, GUEST_NODE "=%s", uml->node.name);
	command_add(c, GUEST_HOST "=hostfs");
	command_add(c, GUEST_LINE "=ttyS0");
	command_add(c, GUEST_CREDIT "=ttyS1");
	for (int i = 0; uml->words && uml->words[i]; i++)
		command_add(c, "%s", uml->words[i]);
	if (uml->words)
		return;
	command_add(c, "vec0:transport=%s,ifname=%s,depth=64,gro=1,mac=%s",
		    uml->transport, uml->tap, uml->mac);
	command_add(c, GUEST_DEVICE "=vec0");
}

/*
 * Boot and end.
 */

static void get_last_words(const struct lab_node *node, char *text, size_t size)
{
	const struct uml_node *uml = (const struct uml_node *)node;
	char console[320];
	siginfo_t info = { 0 };
	bool ended = !node->pid || (waitid(P_PID, (id_t)node->pid, &info,
					   WEXITED | WNOHANG | WNOWAIT) == 0 &&
				    info.si_pid != 0);

	keeper_read_console(uml->console_fd, console, sizeof(console));
	snprintf(text, size, "the guest %s; its console: %s",
		 ended ? "has ended" : "is there", console);
}

static void uml_node_stop(struct lab_node *node)
{
	node_kill(&node->pid);
	node_close_fd(&of(node)->console_fd);
}

/* Until the agent's first byte can be read. */
static int await_life(const struct uml_node *uml, int read_fd, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + BOOT_LIMIT_NS;
	struct pollfd pfd = { .fd = read_fd, .events = POLLIN };
	char console[320];
	int ready;

	do {
		ready = poll(&pfd, 1, clock_poll_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR && !cage_stop_asked());
	if (ready < 0)
		return err_sys(err, EINTR, "booting the guest");
	if (pfd.revents & POLLIN)
		return 0;
	keeper_read_console(uml->console_fd, console, sizeof(console));
	if (ready == 0)
		return err_set(err, ETIMEDOUT,
			       "the guest did not come up within %d s; its "
			       "console: %s",
			       (int)(BOOT_LIMIT_NS / NS_PER_S), console);
	return err_set(err, EPIPE,
		       "the guest ended as it came up; its console: %s",
		       console);
}

static int uml_node_start_agent(struct lab_node *node,
				struct lab_channel *channel, struct err *err)
{
	struct uml_node *uml = of(node);
	struct command_line command;
	struct keeper keeper;
	int rc;

	uml_node_stop(node);
	format_command(uml, &command);
	rc = command_check(&command, err);
	if (rc)
		return rc;
	rc = keeper_start(
		&keeper,
		&(struct keeper_args){ .netns = uml->netns,
				       .argv = command.argv,
				       .image_fd = uml->image_fd,
				       .more_fd = uml->more_fd,
				       .more = uml->more_fd != NULL,
				       .files_mib = uml->memory_mib + 16 },
		err);
	if (rc)
		return rc;
	node->pid = keeper.pid;
	uml->console_fd = keeper.console_fd;
	rc = await_life(uml, keeper.read_fd, err);
	if (rc) {
		uml_node_stop(node);
		close(keeper.read_fd);
		close(keeper.write_fd);
		return rc;
	}
	channel->read_fd = keeper.read_fd;
	channel->write_fd = keeper.write_fd;
	channel->pid = keeper.pid;
	return 0;
}

static void uml_node_free(struct lab_node *node)
{
	node_close_fd(&of(node)->image_fd);
	node_close_fd(&of(node)->console_fd);
	free(node);
}

static const struct node_ops uml_node_ops = {
	.name = "uml",
	.start_agent = uml_node_start_agent,
	.stop = uml_node_stop,
	.last_words = get_last_words,
	.free = uml_node_free,
};

/*
 * What it takes.
 */

/* Of the kernel that the program is; its package has one. */
static int find_modules(char dir[static PATH_MAX], struct err *err)
{
	glob_t found;
	int rc = 0;

	if (glob("/usr/lib/uml/modules/*", 0, NULL, &found))
		rc = err_set(err, ENOPKG,
			     "/usr/lib/uml/modules is empty: install the "
			     "package " PACKAGE " anew");
	else
		snprintf(dir, PATH_MAX, "%s",
			 found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return rc;
}

static int add_modules(struct cpio *image, const char *const *names,
		       struct err *err)
{
	char dir[PATH_MAX];
	int rc = find_modules(dir, err);

	if (rc)
		return rc;
	cpio_add_dir(image, "modules", NULL);
	return modules_add(
		image,
		&(struct modules_wanted){
			.dir = dir, .names = names, .list = &GUEST_MODULES[1] },
		err);
}

static int build_image(int *fd, const struct uml_node_args *args,
		       struct err *err)
{
	struct cpio *image;
	int rc = cpio_create(&image, err);

	if (rc)
		return rc;
	cpio_add_dir(image, "dev", NULL);
	cpio_add_char_device(image, "dev/console", makedev(5, 1), NULL);
	cpio_add_file(image, "init", 0755, args->agent_path, NULL);
	if (args->modules)
		rc = add_modules(image, args->modules, err);
	if (!rc)
		rc = cpio_to_memory_file(image, fd, err);
	cpio_free(image);
	return rc ? err_wrap(err, "the guest's image") : 0;
}

/* Debian's has IPv6 as a module. */
const char *const *uml_modules_for(const struct lab_args *args)
{
	static const char *const ipv6[] = { "ipv6", NULL };

	return args->ipv6 ? ipv6 : NULL;
}

int uml_node_new(struct lab_node **node, const struct uml_node_args *args,
		 struct err *err)
{
	struct uml_node *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return err_sys(err, ENOMEM, "node %s", args->name);
	made->node.ops = &uml_node_ops;
	made->netns = args->netns;
	made->memory_mib = args->memory_mib;
	made->image_fd = -1;
	made->console_fd = -1;
	snprintf(made->node.name, sizeof(made->node.name), "%s", args->name);
	snprintf(made->transport, sizeof(made->transport), "%s",
		 args->transport ? args->transport : "tap");
	made->words = args->words;
	made->more_fd = args->more_fd;
	snprintf(made->tap, sizeof(made->tap), "%s",
		 args->words ? "" : args->tap);
	snprintf(made->mac, sizeof(made->mac), "%s",
		 args->words ? "" : args->mac);
	rc = command_require(PROGRAM, PACKAGE, made->program, err);
	if (!rc)
		rc = build_image(&made->image_fd, args, err);
	if (rc) {
		uml_node_free(&made->node);
		return rc;
	}
	*node = &made->node;
	return 0;
}
