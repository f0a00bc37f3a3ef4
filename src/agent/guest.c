/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vazao-agent: PID 1 of a guest, linked static. It makes the bare kernel a
 * node (file systems, host name, eth0), runs the agent as its child on the
 * line that the lab named, and stops the machine when the agent or the line
 * ends. base/guest.h is what it agrees upon with the lab.
 *
 * Started elsewhere, it is `vazao agent --stdio [--tethered]` for a machine
 * that lacks vazao's libraries.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/errand.h"
#include "agent/guest_lanes.h"
#include "agent/guest_line.h"
#include "agent/guest_modules.h"
#include "agent/guest_veth.h"
#include "agent/protocol.h"
#include "agent/server.h"
#include "agent/tether.h"
#include "base/guest.h"
#include "base/log.h"
#include "base/netdev.h"

struct guest {
	int line_fd;   /* the stream of the agent */
	int credit_fd; /* -1: the agent reads the line itself */
	int feed_fd;   /* to the agent's standard input, where we read for it */
	pid_t agent;
};

struct mount_row {
	const char *type, *at;
	unsigned long flags;
};

/* clang-format off */
static const struct mount_row own_mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "sysfs", "/sys", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC },
	{ NULL, NULL, 0 },
};

/* In the host's tree, but the guest's own. */
static const struct mount_row host_mounts[] = {
	{ "proc", EXEC_HOST_ROOT "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "sysfs", EXEC_HOST_ROOT "/sys", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "devtmpfs", EXEC_HOST_ROOT "/dev", MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", EXEC_HOST_ROOT "/run", MS_NOSUID | MS_NODEV },
	{ NULL, NULL, 0 },
};
/* clang-format on */

/* What cannot be mounted is told, and lived without. */
static void mount_all(const struct mount_row *row)
{
	for (; row->type; row++) {
		mkdir(row->at, 0755);
		if (mount(row->type, row->at, row->type, row->flags, NULL) < 0)
			log_warn("mounting %s on %s: %s", row->type, row->at,
				 strerror(errno));
	}
}

/* The host's files with the source "/": hostfs takes it as the directory. */
static void mount_host(const char *type)
{
	mkdir(EXEC_HOST_ROOT, 0755);
	if (mount("none", EXEC_HOST_ROOT, type, MS_RDONLY | MS_NOSUID, "/") <
	    0) {
		log_warn("mounting the host's files: %s", strerror(errno));
		return;
	}
	mount_all(host_mounts);
	setenv("TMPDIR", "/run", 1); /* the host's /tmp cannot be written */
}

static int rename_device(int fd, const char *from, const char *to,
			 struct err *err)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", from);
	snprintf(ifr.ifr_newname, sizeof(ifr.ifr_newname), "%s", to);
	if (ioctl(fd, SIOCSIFNAME, &ifr) < 0)
		return err_sys(err, errno, "%s: renaming it %s", from, to);
	return 0;
}

/* Up at once: some drivers learn what they can offload only then. */
static int set_up_network(struct err *err)
{
	const char *device = getenv(GUEST_DEVICE);
	int fd = netdev_open(err);
	int rc = fd < 0 ? fd : netdev_set_up(fd, "lo", true, err);

	if (!rc && device && strcmp(device, "eth0") != 0)
		rc = rename_device(fd, device, "eth0", err);
	if (!rc && device)
		rc = netdev_set_up(fd, "eth0", true, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int open_lines(struct guest *guest, struct err *err)
{
	int rc = guest_open_line(getenv(GUEST_LINE), &guest->line_fd, err);

	if (!rc && guest->line_fd < 0)
		rc = err_set(err, EINVAL,
			     "the kernel's command line lacks %s=, the "
			     "agent's line",
			     GUEST_LINE);
	return rc ? rc
		  : guest_open_line(getenv(GUEST_CREDIT), &guest->credit_fd,
				    err);
}

/* Its words go where ours go: to the console. */
static int run_setup(const char *program, struct err *err)
{
	int status;
	pid_t pid;

	if (!program)
		return 0;
	pid = fork();
	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return err_sys(err, errno, "starting %s", program);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waiting for %s", program);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, EIO, "%s failed", program);
	return 0;
}

/* Costs no CPU time while it waits. */
static int guest_await_end(const char *pid_file, struct err *err)
{
	FILE *in = fopen(pid_file, "re");
	struct pollfd pfd = { .events = POLLIN };
	int pid;

	if (!in || fscanf(in, "%d", &pid) != 1)
		pid = 0;
	if (in)
		fclose(in);
	pfd.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pfd.fd < 0)
		return err_set(err, ESRCH, "%s names no process", pid_file);
	while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
		;
	close(pfd.fd);
	return 0;
}

static int set_up(struct guest *guest, struct err *err)
{
	const char *name = getenv(GUEST_NODE);
	const char *host = getenv(GUEST_HOST);

	mount_all(own_mounts);
	if (name && sethostname(name, strlen(name)) < 0)
		log_warn("host name '%s': %s", name, strerror(errno));
	if (host)
		mount_host(host);
	if (guest_load_modules(GUEST_MODULES, err) ||
	    (getenv(GUEST_ERRAND) && errand_plug_cable(err)) ||
	    run_setup(getenv(GUEST_SETUP), err) || set_up_network(err) ||
	    guest_add_lanes(getenv(GUEST_LANES), err))
		return -err->code;
	return open_lines(guest, err);
}

/*
 * The agent, a child.
 */

static _Noreturn void be_agent(const struct guest *guest, int feed_fd)
{
	const char *errand = getenv(GUEST_ERRAND);
	struct err err = ERR_INIT;
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (errand ? errand_run(errand, guest->line_fd, &err)
		   : agent_serve(feed_fd, guest->line_fd, &err)) {
		log_error("agent: %s", err.text);
		exit(1);
	}
	exit(0);
}

static int start_agent(struct guest *guest, struct err *err)
{
	int feed[2] = { -1, -1 };
	int source;

	if (guest->credit_fd >= 0 && pipe2(feed, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	source = guest->credit_fd >= 0 ? feed[0] : guest->line_fd;
	guest->feed_fd = feed[1];
	guest->agent = fork();
	if (guest->agent == 0) {
		if (feed[1] >= 0)
			close(feed[1]);
		be_agent(guest, source);
	}
	if (guest->agent < 0)
		return err_sys(err, errno, "starting the agent");
	if (feed[0] >= 0)
		close(feed[0]);
	return 0;
}

/*
 * PID 1's own work: feeds the agent, gathers orphans.
 */

static int grant(const struct guest *guest, size_t bytes)
{
	const unsigned char credit[2] = { (unsigned char)(bytes >> 8),
					  (unsigned char)bytes };

	return write(guest->credit_fd, credit, 2) == 2 ? 0 : -EIO;
}

/* False at the end of the line, or of the agent. */
static bool feed_agent(const struct guest *guest)
{
	char bytes[GUEST_WINDOW_BYTES];
	ssize_t n = read(guest->line_fd, bytes, sizeof(bytes));

	for (ssize_t done = 0; done < n;) {
		ssize_t m =
			write(guest->feed_fd, bytes + done, (size_t)(n - done));

		if (m <= 0)
			return false;
		done += m;
	}
	return n > 0 && !grant(guest, (size_t)n);
}

/* True once the agent itself has ended. */
static bool reap(pid_t agent)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != agent)
			continue;
		ended = true;
		if (WIFSIGNALED(status))
			log_error("the agent died: %s",
				  strsignal(WTERMSIG(status)));
	}
	return ended;
}

static void look_after(const struct guest *guest, int signal_fd)
{
	struct pollfd pfd[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = guest->credit_fd < 0 ? -1 : guest->line_fd,
		  .events = POLLIN },
	};
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(pfd, 2, -1) < 0)
			continue;
		if (pfd[1].revents && !feed_agent(guest))
			return;
		if (!pfd[0].revents)
			continue;
		if (read(signal_fd, &info, sizeof(info)) < 0 ||
		    reap(guest->agent))
			return;
	}
}

/* Children's deaths are read from the descriptor: none is missed. */
static int watch_children(int *signal_fd, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	*signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return *signal_fd < 0 ? err_sys(err, errno, "signalfd") : 0;
}

static int be_init(struct err *err)
{
	struct guest guest = { .line_fd = -1, .credit_fd = -1, .feed_fd = -1 };
	int signal_fd;
	int rc = set_up(&guest, err);

	if (!rc)
		rc = watch_children(&signal_fd, err);
	if (!rc)
		rc = start_agent(&guest, err);
	if (!rc && guest.credit_fd >= 0 && grant(&guest, GUEST_WINDOW_BYTES))
		rc = err_set(err, EIO, "the credit line is closed");
	if (!rc)
		look_after(&guest, signal_fd);
	return rc;
}

/* What a guest's setup program asks for; true if it is that. */
static bool be_tool(int argc, char **argv, int *rc, struct err *err)
{
	if (argc == 3 && strcmp(argv[1], "--await") == 0)
		*rc = guest_await_end(argv[2], err);
	else if (argc == 5 && strcmp(argv[1], "--relay") == 0)
		*rc = guest_relay(argv[2], argv[3], argv[4], err);
	else if (argc == 4 && strcmp(argv[1], "--veth") == 0)
		*rc = guest_add_veth(argv[2], argv[3], err);
	else
		return false;
	return true;
}

/*
 * On a machine that lacks vazao (ssh.h).
 */

struct far_options {
	bool stdio, tethered, may_configure, remove;
};

static bool parse_far(int argc, char **argv, struct far_options *options)
{
	const struct {
		const char *name;
		bool *value;
	} known[] = {
		{ "--stdio", &options->stdio },
		{ "--tethered", &options->tethered },
		{ "--may-configure", &options->may_configure },
		{ "--remove", &options->remove },
	};
	const int count = sizeof(known) / sizeof(known[0]);

	for (int i = 1; i < argc; i++) {
		int k = 0;

		while (k < count && strcmp(argv[i], known[k].name) != 0)
			k++;
		if (k == count)
			return false;
		*known[k].value = true;
	}
	return options->stdio;
}

/* Our own file and the directory that was made for it. */
static void remove_self(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (strcmp(slash, "/vazao-agent") == 0 && unlink(path) == 0) {
		*slash = '\0';
		rmdir(path);
	}
}

static int be_far(int argc, char **argv)
{
	struct far_options options = { 0 };
	struct tether_args tether = { .read_fd = STDIN_FILENO,
				      .write_fd = STDOUT_FILENO,
				      .patience_ns = TETHER_PATIENCE_NS };
	struct err err = ERR_INIT;
	int rc;

	if (!parse_far(argc, argv, &options)) {
		fprintf(stderr,
			"usage: vazao-agent --stdio [--tethered "
			"[--may-configure]] [--remove] | --veth ONE OTHER | "
			"--relay DEVICE ADDRESS PORT | --await PIDFILE, or "
			"as a guest's /init\n");
		return 2;
	}
	if (options.remove)
		remove_self();
	tether.may_configure = options.may_configure;
	rc = options.tethered ? tether_run(&tether, &err)
			      : agent_serve(STDIN_FILENO, STDOUT_FILENO, &err);
	if (rc)
		log_error("agent: %s", err.text);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int rc;

	if (getpid() == 1) {
		if (be_init(&err))
			log_error("init: %s", err.text);
		reboot(RB_POWER_OFF);
		return 1; /* a panic then */
	}
	if (argc > 2 && be_tool(argc, argv, &rc, &err)) {
		if (rc)
			log_error("%s: %s", argv[1], err.text);
		return rc ? 1 : 0;
	}
	return be_far(argc, argv);
}
