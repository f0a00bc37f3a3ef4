/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* One signal twice within this time is one wish. */
#define SAME_WISH_NS (300 * NS_PER_MS)

static const int stop_signals[] = { SIGINT, SIGTERM };
#define STOP_SIGNALS ((int)(sizeof(stop_signals) / sizeof(stop_signals[0])))

static volatile sig_atomic_t stop_asked;

struct cage {
	cage_main *inside;
	void *arg;
	bool new_user; /* with a user namespace of its own */
	uid_t uid;     /* the caller's, seen from outside */
	gid_t gid;
	/* Lives in the parent alone: its end tells init of the parent's. */
	int life[2];
	/* init's word to the parent: a struct report. */
	int word[2];
	sigset_t passed; /* the signals that are passed on, and SIGCHLD */
	sigset_t former; /* the caller's mask */
};

/* What init tells before it goes: that the cage could not be set up, or how
 * inside() ended. */
struct report {
	struct err err;	 /* code 0: it was set up */
	int wait_status; /* of inside(), as of wait(2) */
};

int cage_stop_asked(void)
{
	return stop_asked;
}

static void note_stop(int signal)
{
	static int64_t last_ns[2];
	int64_t now_ns = clock_mono_ns();
	int64_t *last = &last_ns[signal == SIGTERM];

	if (*last && now_ns - *last < SAME_WISH_NS)
		return;
	*last = now_ns;
	stop_asked++;
}

static bool may_make_namespaces(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &
	       CAP_TO_MASK(CAP_SYS_ADMIN);
}

/*
 * What forbids it, as far as the machine tells.
 */

/* -1 where there is no such setting. */
static long read_setting(const char *file)
{
	FILE *f = fopen(file, "re");
	long value = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

struct obstacle {
	const char *file;
	long value; /* at which it forbids */
	const char *setting;
	const char *remedy;
};

/* clang-format off */
static const struct obstacle obstacles[] = {
	{ "/proc/sys/user/max_user_namespaces", 0, "user.max_user_namespaces = 0",
	  "sysctl -w user.max_user_namespaces=10000" },
	{ "/proc/sys/user/max_net_namespaces", 0, "user.max_net_namespaces = 0",
	  "sysctl -w user.max_net_namespaces=10000" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", 0, "kernel.unprivileged_userns_clone = 0",
	  "sysctl -w kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
	  "kernel.apparmor_restrict_unprivileged_userns = 1",
	  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
};
/* clang-format on */

static int explain(const struct cage *cage, int code, const char *what,
		   struct err *err)
{
	const size_t count = sizeof(obstacles) / sizeof(obstacles[0]);

	for (size_t i = 0; cage->new_user && i < count; i++) {
		const struct obstacle *o = &obstacles[i];

		if (read_setting(o->file) == o->value)
			return err_set(err, EPERM,
				       "%s: %s: this machine allows no "
				       "unprivileged namespaces (%s): run as "
				       "root, or allow them by `%s`",
				       what, strerror(code), o->setting,
				       o->remedy);
	}
	if (code == EINVAL)
		return err_set(err, EPERM,
			       "%s: this kernel lacks a kind of namespace "
			       "(CONFIG_USER_NS, CONFIG_PID_NS or "
			       "CONFIG_NET_NS)",
			       what);
	return err_set(
		err, EPERM, "%s: %s: %s", what, strerror(code),
		cage->new_user
			? "run as root, or outside the container or "
			  "sandbox that forbids namespaces"
			: "a container or sandbox forbids namespaces: run "
			  "it privileged, or outside");
}

/*
 * init: PID 1 of the cage.
 */

static int write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	return 0;
}

/* root inside is the caller outside; gid_map wants setgroups denied first. */
static int map_user(const struct cage *cage, struct err *err)
{
	char map[64];
	int rc;

	snprintf(map, sizeof(map), "0 %u 1\n", cage->uid);
	rc = write_file("/proc/self/uid_map", map);
	if (rc)
		return explain(cage, -rc, "mapping the user", err);
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1\n", cage->gid);
	rc = write_file("/proc/self/gid_map", map);
	return rc ? explain(cage, -rc, "mapping the group", err) : 0;
}

static int set_up_mounts(const struct cage *cage, struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return explain(cage, errno, "making mounts private", err);
	/* refused where parts of the old /proc are masked: it stays then */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		log_debug("cage: the old /proc stays: %s", strerror(errno));
	return 0;
}

/* The parent may have died before init asked to die with it. */
static void die_with_parent(const struct cage *cage)
{
	struct pollfd parent = { .fd = cage->life[0] };

	close(cage->life[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&parent, 1, 0) != 0)
		_exit(1);
}

static _Noreturn void go_inside(const struct cage *cage)
{
	struct sigaction action = { .sa_handler = note_stop };
	sigset_t mask = cage->former;

	for (int i = 0; i < STOP_SIGNALS; i++)
		sigaddset(&action.sa_mask, stop_signals[i]);
	for (int i = 0; i < STOP_SIGNALS; i++) {
		if (!sigismember(&cage->passed, stop_signals[i]))
			continue;
		sigaction(stop_signals[i], &action, NULL);
		sigdelset(&mask, stop_signals[i]);
	}
	stop_asked = 0;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	exit(cage->inside(cage->arg));
}

static _Noreturn void run_inside(const struct cage *cage)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != 1)
		_exit(1);
	close(cage->life[0]);
	close(cage->word[1]);
	go_inside(cage);
}

/* True when `pid` has ended. Every other child is an orphan: reaped. */
static bool reap(pid_t pid, bool orphans, int *wait_status)
{
	bool ended = false;
	int status;
	pid_t one;

	while ((one = waitpid(orphans ? -1 : pid, &status, WNOHANG)) > 0) {
		if (one != pid)
			continue;
		*wait_status = status;
		ended = true;
		if (!orphans)
			break;
	}
	return ended;
}

/*
 * Waits until `pid` has ended and passes signals on to it. What the terminal
 * sent (SI_KERNEL) went to the whole process group already.
 */
static int wait_and_pass(const struct cage *cage, pid_t pid, bool orphans)
{
	int wait_status = 0;
	siginfo_t info;

	while (!reap(pid, orphans, &wait_status)) {
		int signal = sigwaitinfo(&cage->passed, &info);

		if (signal > 0 && signal != SIGCHLD &&
		    info.si_code != SI_KERNEL)
			kill(pid, signal);
	}
	return wait_status;
}

static void tell(const struct cage *cage, const struct report *report)
{
	if (write(cage->word[1], report, sizeof(*report)) < 0)
		log_debug("cage: the parent does not listen");
}

static int start_inside(const struct cage *cage, pid_t *pid, struct err *err)
{
	int rc = cage->new_user ? map_user(cage, err) : 0;

	if (!rc)
		rc = set_up_mounts(cage, err);
	if (rc)
		return rc;
	*pid = fork();
	if (*pid < 0)
		return err_sys(err, errno, "cage: fork");
	if (*pid == 0)
		run_inside(cage);
	return 0;
}

static void run_init(const struct cage *cage)
{
	struct report report;
	pid_t pid = 0;

	memset(&report, 0, sizeof(report));
	die_with_parent(cage);
	close(cage->word[0]);
	if (!start_inside(cage, &pid, &report.err))
		report.wait_status = wait_and_pass(cage, pid, true);
	tell(cage, &report);
	_exit(0);
}

/*
 * The parent.
 */

/* As fork(); glibc has no wrapper that takes flags and no stack. */
static pid_t fork_into_namespaces(bool new_user)
{
	unsigned long flags =
		CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | SIGCHLD;

	if (new_user)
		flags |= CLONE_NEWUSER;
	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 &&
	       action.sa_handler == SIG_IGN;
}

/* Ignored signals stay ignored: nohup, and `&` in a script. */
static void block_signals(struct cage *cage, struct sigaction *former_child)
{
	struct sigaction fallback = { .sa_handler = SIG_DFL };

	sigemptyset(&cage->passed);
	sigaddset(&cage->passed, SIGCHLD);
	for (int i = 0; i < STOP_SIGNALS; i++)
		if (!is_ignored(stop_signals[i]))
			sigaddset(&cage->passed, stop_signals[i]);
	sigaction(SIGCHLD, &fallback, former_child);
	sigprocmask(SIG_BLOCK, &cage->passed, &cage->former);
}

static int judge_inside(int wait_status, int *status, struct err *err)
{
	int signal;

	if (WIFSIGNALED(wait_status)) {
		signal = WTERMSIG(wait_status);
		*status = 128 + signal;
		return err_set(err, EINTR,
			       "the process inside the cage was killed (%s)",
			       strsignal(signal));
	}
	*status = WEXITSTATUS(wait_status);
	return 0;
}

static int judge(const struct cage *cage, int init_status, int *status,
		 struct err *err)
{
	struct report report;
	int signal;

	if (WIFSIGNALED(init_status) ||
	    read(cage->word[0], &report, sizeof(report)) != sizeof(report)) {
		signal = WIFSIGNALED(init_status) ? WTERMSIG(init_status)
						  : SIGKILL;
		*status = 128 + signal;
		return err_set(err, EINTR, "the cage's init was killed (%s)",
			       strsignal(signal));
	}
	if (report.err.code) {
		if (err)
			*err = report.err;
		return -report.err.code;
	}
	return judge_inside(report.wait_status, status, err);
}

static int run_parent(struct cage *cage, int *status, struct err *err)
{
	pid_t init;
	int code;

	fflush(NULL); /* or the children print it again */
	init = fork_into_namespaces(cage->new_user);
	code = errno;
	if (init == 0)
		run_init(cage);
	close(cage->word[1]);
	cage->word[1] = -1;
	if (init < 0)
		return explain(cage, code, "making namespaces", err);
	return judge(cage, wait_and_pass(cage, init, false), status, err);
}

static _Noreturn void be_outside(const struct cage *cage, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	go_inside(cage);
}

int cage_run_outside(cage_main *inside, void *arg, int *status, struct err *err)
{
	struct cage cage = { .inside = inside, .arg = arg };
	struct sigaction former_child;
	pid_t parent = getpid(), pid;
	int wait_status = 0, rc = 0;

	fflush(NULL);
	block_signals(&cage, &former_child);
	pid = fork();
	if (pid == 0)
		be_outside(&cage, parent);
	if (pid < 0)
		rc = err_sys(err, errno, "fork");
	else
		wait_status = wait_and_pass(&cage, pid, false);
	sigaction(SIGCHLD, &former_child, NULL);
	sigprocmask(SIG_SETMASK, &cage.former, NULL);
	return rc ? rc : judge_inside(wait_status, status, err);
}

int cage_run(cage_main *inside, void *arg, int *status, struct err *err)
{
	struct cage cage = {
		.inside = inside,
		.arg = arg,
		.new_user = !may_make_namespaces(),
		.uid = geteuid(),
		.gid = getegid(),
		.word = { -1, -1 },
	};
	struct sigaction former_child;
	int rc;

	if (pipe2(cage.life, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cage: pipe");
	if (pipe2(cage.word, O_CLOEXEC) < 0) {
		rc = err_sys(err, errno, "cage: pipe");
		goto out;
	}
	block_signals(&cage, &former_child);
	rc = run_parent(&cage, status, err);
	sigaction(SIGCHLD, &former_child, NULL);
	sigprocmask(SIG_SETMASK, &cage.former, NULL);
out:
	for (int i = 0; i < 2; i++) {
		close(cage.life[i]);
		if (cage.word[i] >= 0)
			close(cage.word[i]);
	}
	return rc;
}
