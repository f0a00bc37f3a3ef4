/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/guest.h"
#include "base/log.h"
#include "lab/node.h"

/*
 *   coordinator          keeper              guest's program
 *     write_fd --DOWN--> (credit?) --LINE--> KEEPER_LINE_IN
 *     read_fd  <-------------UP------------- KEEPER_LINE_OUT
 *                               <--CREDIT--- KEEPER_CREDIT_OUT
 *     console_fd <-- (its end) <--CONSOLE--- 1, 2
 */
enum { DOWN, LINE, UP, CREDIT, CONSOLE, PIPES };

#define CONSOLE_TAIL_BYTES 8192
#define CONSOLE_LINES	   4

struct pipes {
	int read[PIPES], write[PIPES]; /* -1: closed */
};

const char *keeper_files_dir(void)
{
	struct stat st;

	/* not /tmp where it can be helped: the guest shows the host's */
	return stat("/dev/shm", &st) == 0 && S_ISDIR(st.st_mode) ? "/dev/shm"
								 : "/tmp";
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < PIPES; i++) {
		node_close_fd(&pipes->read[i]);
		node_close_fd(&pipes->write[i]);
	}
}

static int open_pipes(struct pipes *pipes, struct err *err)
{
	for (int i = 0; i < PIPES; i++)
		pipes->read[i] = pipes->write[i] = -1;
	for (int i = 0; i < PIPES; i++) {
		int fd[2];

		if (pipe2(fd, O_CLOEXEC) < 0)
			return err_sys(err, errno, "pipe");
		pipes->read[i] = fd[0];
		pipes->write[i] = fd[1];
	}
	return 0;
}

/*
 * The guest's program, until it is that.
 */

/* These n descriptors become 3, 4, ...; all others above 2 are closed. */
static int take_places(int *fd, int n)
{
	for (int i = 0; i < n; i++) {
		fd[i] = fcntl(fd[i], F_DUPFD, 3 + n);
		if (fd[i] < 0)
			return -errno;
	}
	for (int i = 0; i < n; i++) {
		if (dup2(fd[i], 3 + i) < 0)
			return -errno;
		fd[i] = 3 + i;
	}
	return close_range(3U + (unsigned int)n, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void die(const char *what)
{
	dprintf(STDERR_FILENO, "keeper: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static _Noreturn void be_guest(const struct keeper_args *args,
			       const struct pipes *pipes)
{
	const struct rlimit no_core = { 0, 0 };
	char files[64];
	char *env[] = { files, NULL };
	int fd[4 + KEEPER_MORE_MAX] = { args->image_fd, pipes->read[LINE],
					pipes->write[UP],
					pipes->write[CREDIT] };

	snprintf(files, sizeof(files), "TMPDIR=%s", keeper_files_dir());
	for (int i = 0; i < args->more; i++)
		fd[4 + i] = args->more_fd[i];
	if (take_places(fd, 4 + args->more))
		die("the guest's descriptors");
	signal(SIGCHLD, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	/* User Mode Linux counts the gap before a random heap as its memory */
	personality(ADDR_NO_RANDOMIZE);
	execve(args->argv[0], args->argv, env);
	die(args->argv[0]);
}

/*
 * The keeper.
 */

struct pump {
	int down, line, credit, console, tail, guest;
	size_t granted; /* bytes that may be sent now */
	unsigned char half[2];
	size_t half_used; /* of a credit, read so far */
	char text[CONSOLE_TAIL_BYTES];
	size_t text_used;
};

/* Keeps the console's end where the coordinator can read it. */
static void take_console(struct pump *p)
{
	char bytes[2048];
	ssize_t n = read(p->console, bytes, sizeof(bytes));
	size_t more, over;

	if (n <= 0)
		return;
	if (log_get_level() >= LOG_DEBUG && write(2, bytes, (size_t)n) < 0)
		log_set_level(LOG_WARN);
	more = (size_t)n;
	over = p->text_used + more > sizeof(p->text)
		       ? p->text_used + more - sizeof(p->text)
		       : 0;
	memmove(p->text, p->text + over, p->text_used - over);
	p->text_used -= over;
	memcpy(p->text + p->text_used, bytes, more);
	p->text_used += more;
	if (pwrite(p->tail, p->text, p->text_used, 0) < 0)
		log_warn("keeper: the console's end is lost");
}

static bool take_credit(struct pump *p)
{
	ssize_t n = read(p->credit, p->half + p->half_used, 2 - p->half_used);

	if (n <= 0)
		return false;
	p->half_used += (size_t)n;
	if (p->half_used == 2) {
		p->granted += (size_t)p->half[0] << 8 | p->half[1];
		p->half_used = 0;
	}
	return true;
}

/* The pipe to the guest is larger than what can be under way: no waiting. */
static bool feed_line(struct pump *p)
{
	char bytes[GUEST_WINDOW_BYTES];
	size_t size = p->granted < sizeof(bytes) ? p->granted : sizeof(bytes);
	ssize_t n = read(p->down, bytes, size);

	if (n <= 0 || write(p->line, bytes, (size_t)n) != n)
		return false;
	p->granted -= (size_t)n;
	return true;
}

/* The exit status. */
static int run_pump(struct pump *p)
{
	enum { FROM_GUEST, FROM_CONSOLE, FROM_CREDIT, FROM_ABOVE, ALL };
	struct pollfd pfd[ALL] = {
		[FROM_GUEST] = { .fd = p->guest, .events = POLLIN },
		[FROM_CONSOLE] = { .fd = p->console, .events = POLLIN },
		[FROM_CREDIT] = { .fd = p->credit, .events = POLLIN },
		[FROM_ABOVE] = { .fd = p->down },
	};

	for (;;) {
		pfd[FROM_ABOVE].events = p->granted ? POLLIN : 0;
		if (poll(pfd, ALL, -1) < 0)
			continue;
		if (pfd[FROM_CONSOLE].revents & POLLIN) {
			take_console(p);
			continue; /* all of it before the end is seen */
		}
		if (pfd[FROM_CONSOLE].revents)
			pfd[FROM_CONSOLE].fd = -1;
		if (pfd[FROM_GUEST].revents)
			return KEEPER_GUEST_ENDED;
		if (pfd[FROM_CREDIT].revents && !take_credit(p))
			pfd[FROM_CREDIT].fd = -1;
		if (pfd[FROM_ABOVE].revents & POLLIN) {
			if (!feed_line(p))
				return 0;
		} else if (pfd[FROM_ABOVE].revents) {
			return 0;
		}
	}
}

static void set_up_keeper(const struct keeper_args *args,
			  const struct pipes *pipes)
{
	char options[64];
	sigset_t none;
	int null;

	/* PID 1 of its namespace has no parent in it to compare with: that
	 * the coordinator lives is seen by its end of DOWN */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "vazao-keeper");
	setsid();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGCHLD, SIG_IGN); /* nobody is waited for: no zombies */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 ||
	    dup2(pipes->write[CONSOLE], 1) < 0 ||
	    dup2(pipes->write[CONSOLE], 2) < 0)
		_exit(1);
	if (setns(netns_fd(args->netns), CLONE_NEWNET) < 0)
		die("entering the namespace");
	snprintf(options, sizeof(options), "mode=0700,size=%dm",
		 args->files_mib);
	if (mount("tmpfs", keeper_files_dir(), "tmpfs", MS_NOSUID | MS_NODEV,
		  options) < 0)
		die("mounting the guest's tmpfs");
}

static _Noreturn void be_keeper(const struct keeper_args *args,
				const struct pipes *pipes, int tail_fd)
{
	static struct pump p;
	int stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd[6];
	pid_t guest;

	set_up_keeper(args, pipes);
	guest = fork();
	if (guest == 0)
		be_guest(args, pipes);
	if (guest < 0)
		die("fork");
	fd[0] = pidfd_open(guest, 0);
	if (fd[0] < 0)
		die("pidfd_open");
	fd[1] = pipes->read[CONSOLE];
	fd[2] = pipes->read[CREDIT];
	fd[3] = pipes->read[DOWN];
	fd[4] = pipes->write[LINE];
	fd[5] = tail_fd;
	dup2(stderr_fd, STDERR_FILENO);
	dup2(0, STDOUT_FILENO);
	if (take_places(fd, 6))
		_exit(1);
	p.guest = fd[0];
	p.console = fd[1];
	p.credit = fd[2];
	p.down = fd[3];
	p.line = fd[4];
	p.tail = fd[5];
	_exit(run_pump(&p));
}

/*
 * The coordinator's side.
 */

/* As fork(); glibc has no wrapper that takes flags and no stack. */
static pid_t fork_into_namespaces(void)
{
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;

	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

int keeper_start(struct keeper *keeper, const struct keeper_args *args,
		 struct err *err)
{
	struct pipes pipes;
	int rc = open_pipes(&pipes, err);

	keeper->console_fd = -1;
	if (!rc) {
		keeper->console_fd = memfd_create("console", MFD_CLOEXEC);
		if (keeper->console_fd < 0)
			rc = err_sys(err, errno, "memfd_create");
	}
	if (rc)
		goto out;
	keeper->pid = fork_into_namespaces();
	if (keeper->pid == 0)
		be_keeper(args, &pipes, keeper->console_fd);
	if (keeper->pid < 0) {
		rc = err_sys(err, errno, "a guest's namespaces");
		keeper->pid = 0;
		node_close_fd(&keeper->console_fd);
		goto out;
	}
	keeper->read_fd = pipes.read[UP];
	keeper->write_fd = pipes.write[DOWN];
	pipes.read[UP] = pipes.write[DOWN] = -1;
out:
	close_pipes(&pipes);
	return rc;
}

/* A line behind the kernel's time stamp, "[   12.345678] ". */
static char *skip_stamp(char *line)
{
	size_t digits;

	if (*line != '[')
		return line;
	digits = strspn(line + 1, " 0123456789.");
	return digits && strncmp(line + 1 + digits, "] ", 2) == 0
		       ? line + 1 + digits + 2
		       : line;
}

/* Lines without anything to read, stack traces, and that it went off. */
static bool is_dull(const char *line)
{
	return !*line || *line == ' ' || *line == '[' ||
	       strncmp(line, "reboot: ", 8) == 0 ||
	       strncmp(line, "(XEN) Hardware Dom0", 19) == 0 ||
	       strncmp(line, "(XEN) Entering ACPI", 19) == 0;
}

/* Cuts `text` into its lines; the panic's is the last that counts. */
static int pick_lines(char *text, const char *line[CONSOLE_LINES])
{
	int lines = 0;
	char *rest = text;

	for (char *one; (one = strsep(&rest, "\n"));) {
		one[strcspn(one, "\r")] = '\0';
		one = skip_stamp(one);
		if (is_dull(one))
			continue;
		if (lines == CONSOLE_LINES)
			memmove(line, line + 1, --lines * sizeof(*line));
		line[lines++] = one;
		if (strstr(one, "Kernel panic")) {
			line[0] = one;
			return 1;
		}
	}
	return lines;
}

void keeper_read_console(int console_fd, char *text, size_t size)
{
	char bytes[CONSOLE_TAIL_BYTES + 1];
	const char *line[CONSOLE_LINES];
	ssize_t n = pread(console_fd, bytes, CONSOLE_TAIL_BYTES, 0);
	size_t used = 0;
	int lines;

	bytes[n > 0 ? n : 0] = '\0';
	lines = pick_lines(bytes, line);
	snprintf(text, size, "%s", lines ? "" : "(it said nothing)");
	for (int i = 0; i < lines && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i ? " | " : "", line[i]);
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper->pid)
		return;
	node_kill(&keeper->pid);
	node_close_fd(&keeper->read_fd);
	node_close_fd(&keeper->write_fd);
	node_close_fd(&keeper->console_fd);
}
