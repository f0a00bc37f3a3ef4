/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lab/accel.h"
#include "lab/cage.h"
#include "lab/command.h"
#include "lab/initrd.h"
#include "lab/keeper.h"
#include "lab/node.h"
#include "lab/threads.h"

#define PROGRAM		    "qemu-system-x86_64"
#define PACKAGE		    "qemu-system-x86"
#define MACHINE_CONSOLE_MAX 320 /* of it in an error */
#define LAST_WORDS_NS	    (3 * NS_PER_S)

const char *const machine_models[] = { "virtio-net", "e1000", "rtl8139", NULL };

struct line {
	int fd; /* our end; -1: taken, or the machine does not run */
	bool taken;
};

struct machine {
	struct machine_args args;
	char name[LAB_NAME_MAX], words[512], tap[IFNAMSIZ], mac[18];
	char program[PATH_MAX], kernel[PATH_MAX + 16], xen[PATH_MAX + 16];
	int initrd_fd;
	struct keeper keeper; /* pid 0: it does not run */
	struct line line[MACHINE_LINES_MAX];
};

/*
 * The command line. Descriptors that the program finds open: the file
 * systems at KEEPER_IMAGE, then kernel, hypervisor, TAP queues and lines.
 */

struct descriptors {
	int fd[KEEPER_MORE_MAX];
	int count;
};

/* The number that the program will see it by. */
static int pass(struct descriptors *d, int fd)
{
	d->fd[d->count] = fd;
	return KEEPER_MORE + d->count++;
}

static bool is_xen(const struct machine *m)
{
	return m->args.dom0_memory_mib > 0;
}

static void add_machine(const struct machine *m, struct command_line *c)
{
	const bool kvm = strcmp(m->args.accel, "kvm") == 0;

	command_add(c, "%s", m->program);
	command_add(c, "-name");
	command_add(c, "%s,debug-threads=on", m->name);
	command_add(c, "-M");
	command_add(c, "q35");
	command_add(c, "-accel");
	command_add(c, kvm ? "kvm" : "tcg,thread=multi");
	command_add(c, "-cpu");
	/*
	 * -cpu max makes dom0 crash under tcg (SMAP, XSAVE). RDRAND: without
	 * it a kernel takes a second for its first random numbers.
	 */
	command_add(c, kvm ? "host" : "qemu64,+rdrand");
	command_add(c, "-smp");
	command_add(c, "%d", m->args.cpus);
	command_add(c, "-m");
	command_add(c, "%d", m->args.memory_mib);
	command_add(c, "-nodefaults");
	command_add(c, "-no-user-config");
	command_add(c, "-display");
	command_add(c, "none");
	command_add(c, "-no-reboot");
	command_add(c, "-chardev");
	command_add(c, "stdio,id=console,signal=off");
	command_add(c, "-serial");
	command_add(c, "chardev:console");
}

static void add_kernel(const struct machine *m, int kernel, int xen,
		       struct command_line *c)
{
	command_add(c, "-kernel");
	command_add(c, "/proc/self/fd/%d", is_xen(m) ? xen : kernel);
	command_add(c, "-append");
	if (is_xen(m))
		command_add(c,
			    "console=com1 com1=115200,8n1 noreboot "
			    "bootscrub=off "
			    "dom0_mem=%dM,max:%dM loglvl=error "
			    "guest_loglvl=error",
			    m->args.dom0_memory_mib, m->args.dom0_memory_mib);
	else
		command_add(c, "console=ttyS0 quiet loglevel=4 panic=-1 %s",
			    m->words);
	command_add(c, "-initrd");
	if (is_xen(m)) /* modules of a multiboot kernel: no comma in words */
		command_add(c,
			    "/proc/self/fd/%d console=hvc0 quiet loglevel=4 "
			    "panic=-1 %s,/proc/self/fd/%d",
			    kernel, m->words, KEEPER_IMAGE);
	else
		command_add(c, "/proc/self/fd/%d", KEEPER_IMAGE);
}

static void add_card(const struct machine *m, const char *fds,
		     struct command_line *c)
{
	const bool virtio = strcmp(m->args.model, "virtio-net") == 0;
	const int queues = m->args.queues;
	char queue[48] = "";

	if (queues > 1)
		snprintf(queue, sizeof(queue), ",mq=on,vectors=%d",
			 2 * queues + 2);
	command_add(c, "-netdev");
	command_add(c, "tap,id=net,%s=%s,vhost=%s", queues > 1 ? "fds" : "fd",
		    fds, m->args.vhost ? "on" : "off");
	command_add(c, "-device");
	command_add(c, "%s,netdev=net,mac=%s,romfile=%s%s",
		    virtio ? "virtio-net-pci" : m->args.model, m->mac,
		    virtio ? queue : "",
		    !virtio || m->args.device_offload
			    ? ""
			    : ",csum=off,gso=off,guest_csum=off,guest_tso4=off"
			      ",guest_tso6=off,guest_ecn=off,guest_ufo=off"
			      ",host_tso4=off,host_tso6=off,host_ecn=off"
			      ",host_ufo=off");
}

static void add_lines(const struct machine *m, const int *fd,
		      struct command_line *c)
{
	command_add(c, "-device");
	command_add(c, "virtio-serial-pci");
	for (int i = 0; i < m->args.lines; i++) {
		command_add(c, "-chardev");
		command_add(c, "socket,id=line%d,fd=%d", i, fd[i]);
		command_add(c, "-device");
		command_add(c, "virtserialport,chardev=line%d,nr=%d", i, i + 1);
	}
}

/*
 * Boot and end.
 */

/* The queues of the TAP, as "9:10:11" for the program. */
static int open_queues(const struct machine *m, struct descriptors *d,
		       char *text, size_t size, struct err *err)
{
	const int queues = m->args.queues;
	size_t used = 0;

	for (int i = 0; i < queues; i++) {
		int fd, rc;

		rc = link_open_tap(m->args.netns, m->tap,
				   IFF_VNET_HDR |
					   (queues > 1 ? IFF_MULTI_QUEUE : 0),
				   &fd, err);
		if (rc)
			return rc;
		used += (size_t)snprintf(text + used, size - used, "%s%d",
					 i ? ":" : "", pass(d, fd));
	}
	return 0;
}

static int open_lines(struct machine *m, struct descriptors *d, int *number,
		      struct err *err)
{
	for (int i = 0; i < m->args.lines; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) <
		    0)
			return err_sys(err, errno, "socketpair");
		m->line[i].fd = pair[0];
		m->line[i].taken = false;
		number[i] = pass(d, pair[1]);
	}
	return 0;
}

static int open_file(struct descriptors *d, const char *file, int *number,
		     struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "%s", file);
	*number = pass(d, fd);
	return 0;
}

static int start(struct machine *m, struct descriptors *d, struct err *err)
{
	struct command_line *c = calloc(1, sizeof(*c));
	int kernel = 0, xen = 0, line[MACHINE_LINES_MAX];
	char queues[64];
	int rc = c ? 0 : err_sys(err, ENOMEM, "machine %s", m->name);

	if (!rc)
		rc = open_file(d, m->kernel, &kernel, err);
	if (!rc && is_xen(m))
		rc = open_file(d, m->xen, &xen, err);
	if (!rc)
		rc = open_queues(m, d, queues, sizeof(queues), err);
	if (!rc)
		rc = open_lines(m, d, line, err);
	if (!rc) {
		add_machine(m, c);
		add_kernel(m, kernel, xen, c);
		add_lines(m, line, c); /* first: their ports are vport0pN */
		add_card(m, queues, c);
		rc = command_check(c, err);
	}
	if (!rc)
		rc = keeper_start(
			&m->keeper,
			&(struct keeper_args){ .netns = m->args.netns,
					       .argv = c->argv,
					       .image_fd = m->initrd_fd,
					       .files_mib = 16,
					       .more_fd = d->fd,
					       .more = d->count },
			err);
	free(c);
	return rc;
}

int machine_boot(struct machine *m, struct err *err)
{
	struct descriptors d = { .count = 0 };
	cpu_set_t before;
	bool moved;
	int rc;

	if (m->keeper.pid)
		return 0;
	/* a boot is not measured: machines need not share a CPU for it */
	moved = m->args.boot_cpus &&
		sched_getaffinity(0, sizeof(before), &before) == 0 &&
		sched_setaffinity(0, sizeof(before), m->args.boot_cpus) == 0;
	rc = start(m, &d, err);
	if (moved)
		sched_setaffinity(0, sizeof(before), &before);
	for (int i = 0; i < d.count; i++)
		close(d.fd[i]);
	if (rc)
		machine_stop(m);
	return rc;
}

static bool has_ended(const struct machine *m)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)m->keeper.pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

/* On one CPU with the machine's own, the card's thread and the CPU's take each
 * other's turns at every frame and interrupt: dom0, which has more of both,
 * was at a third of its throughput. */
void machine_place(const struct machine *m, const cpu_set_t *own,
		   const cpu_set_t *rest)
{
	if (!threads_place(m->keeper.pid, "CPU ", own, rest))
		log_debug("machine %s: its threads cannot be seen", m->name);
}

/* One that is about to end has more to say. */
static bool await_end(const struct machine *m)
{
	int64_t deadline_ns = clock_mono_ns() + LAST_WORDS_NS;

	while (!has_ended(m) && clock_mono_ns() < deadline_ns)
		usleep(20000);
	return has_ended(m);
}

void machine_last_words(const struct machine *m, char *text, size_t size)
{
	char console[MACHINE_CONSOLE_MAX];
	bool ended;

	if (!m->keeper.pid) {
		snprintf(text, size, "the machine does not run");
		return;
	}
	ended = await_end(m);
	keeper_read_console(m->keeper.console_fd, console, sizeof(console));
	snprintf(text, size, "the machine %s; its console: %s",
		 ended ? "has ended" : "is there", console);
}

bool machine_has_line(const struct machine *m, int line)
{
	return m->keeper.pid && m->line[line].fd >= 0;
}

void machine_stop(struct machine *m)
{
	for (int i = 0; i < MACHINE_LINES_MAX; i++) {
		node_close_fd(&m->line[i].fd);
		m->line[i].taken = false;
	}
	keeper_stop(&m->keeper);
}

static bool has_words(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* Until the agent's first byte can be read. The keeper's own stream ends
 * when the program does. */
static int await_life(const struct machine *m, int line, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + m->args.boot_limit_s * NS_PER_S;
	struct pollfd pfd[] = {
		{ .fd = m->line[line].fd, .events = POLLIN },
		{ .fd = m->keeper.read_fd, .events = POLLIN },
	};
	char console[MACHINE_CONSOLE_MAX];
	int ready;

	do {
		ready = poll(pfd, 2, clock_poll_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR && !cage_stop_asked());
	if (ready < 0)
		return err_sys(err, EINTR, "booting the machine");
	if (has_words(m->line[line].fd))
		return 0;
	if (ready != 0) /* the keeper is still at what it said last */
		await_end(m);
	keeper_read_console(m->keeper.console_fd, console, sizeof(console));
	if (ready == 0)
		return err_set(err, ETIMEDOUT,
			       "the machine did not come up within %d s; its "
			       "console: %s",
			       m->args.boot_limit_s, console);
	return err_set(err, EPIPE,
		       "the machine ended as it came up; its console: %s",
		       console);
}

static int boot_once(struct machine *m, int line, bool *booted, struct err *err)
{
	int rc = machine_boot(m, err);

	*booted = !rc;
	if (!rc)
		rc = await_life(m, line, err);
	if (rc)
		machine_stop(m);
	return rc;
}

/* KVM may boot one sector and no kernel: then it is not used again. What fails
 * under tcg as well is not KVM's fault, nor what fails before QEMU runs, nor
 * that somebody has had enough. */
static int boot_and_wait(struct machine *m, int line, struct err *err)
{
	struct err why = ERR_INIT;
	bool booted;
	int rc = boot_once(m, line, &booted, &why);

	if (rc && booted && rc != -EINTR && m->args.may_emulate &&
	    strcmp(m->args.accel, "kvm") == 0) {
		log_warn("machine %s: no KVM: %s; tcg from now on", m->name,
			 why.text);
		m->args.accel = "tcg";
		rc = boot_once(m, line, &booted, &why);
		if (!rc)
			accel_remember_tcg();
	}
	if (rc && err)
		*err = why;
	return rc;
}

int machine_take_line(struct machine *m, int line, struct lab_channel *channel,
		      struct err *err)
{
	int rc;

	if (m->keeper.pid && (m->line[line].taken || has_ended(m)))
		machine_stop(m);
	rc = boot_and_wait(m, line, err);
	if (rc)
		return rc;
	channel->write_fd = fcntl(m->line[line].fd, F_DUPFD_CLOEXEC, 0);
	if (channel->write_fd < 0)
		return err_sys(err, errno, "dup");
	channel->read_fd = m->line[line].fd;
	channel->pid = m->keeper.pid;
	m->line[line].fd = -1;
	m->line[line].taken = true;
	return 0;
}

/*
 * What it takes.
 */

const char *machine_accelerator(const struct machine *m)
{
	return m->args.accel;
}

static int prepare(struct machine *m, struct err *err)
{
	const char *dir = m->args.image->dir;
	int rc = command_require(PROGRAM, PACKAGE, m->program, err);

	if (rc)
		return rc;
	snprintf(m->kernel, sizeof(m->kernel), "%s/kernel", dir);
	snprintf(m->xen, sizeof(m->xen), "%s/xen", dir);
	return initrd_make(&m->initrd_fd, dir, m->args.agent_path, NULL, err);
}

int machine_new(struct machine **machine, const struct machine_args *args,
		struct err *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return err_sys(err, ENOMEM, "machine %s", args->name);
	m->args = *args;
	m->initrd_fd = -1;
	for (int i = 0; i < MACHINE_LINES_MAX; i++)
		m->line[i].fd = -1;
	snprintf(m->name, sizeof(m->name), "%s", args->name);
	snprintf(m->words, sizeof(m->words), "%s", args->words);
	snprintf(m->tap, sizeof(m->tap), "%s", args->tap);
	snprintf(m->mac, sizeof(m->mac), "%s", args->mac);
	rc = prepare(m, err);
	if (rc) {
		machine_free(m);
		return rc;
	}
	*machine = m;
	return 0;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	machine_stop(m);
	node_close_fd(&m->initrd_fd);
	free(m);
}
