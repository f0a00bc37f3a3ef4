/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/userdir.h"
#include "lab/command.h"

#define PROGRAM	   "qemu-system-x86_64"
#define PACKAGE	   "qemu-system-x86"
#define LIMIT_NS   (3 * NS_PER_S)
#define OUTPUT_MAX 4096

/* From accel_guest.S: one sector, one line, one exit status. */
extern const char accel_guest[], accel_guest_end[];
#define GUEST_LINE   "vazao guest"
#define GUEST_STATUS 33 /* EXIT_VALUE * 2 + 1 */
#define NOT_FOUND    127

struct outcome {
	char output[OUTPUT_MAX]; /* standard output and error */
	bool ended;		 /* by itself */
	int status;		 /* as of wait(2) */
};

/* The guest as a file: /proc/self/fd/N of a memory file, inherited. */
static int make_disk(char *drive, size_t size)
{
	size_t bytes = (size_t)(accel_guest_end - accel_guest);
	int fd = memfd_create("guest", 0);

	if (fd >= 0 && write(fd, accel_guest, bytes) != (ssize_t)bytes) {
		close(fd);
		return -1;
	}
	snprintf(drive, size, "if=ide,format=raw,file=/proc/self/fd/%d", fd);
	return fd;
}

static _Noreturn void become(const char *accelerator, char *drive, int out)
{
	char accel[32];
	char *argv[] = { PROGRAM, "-machine", "pc", "-cpu",
			 /* as machine.c will have it: a nested KVM may take
			  * the one and not the other */
			 strcmp(accelerator, "kvm") == 0 ? "host" : "qemu64",
			 "-m", "16", "-nodefaults", "-no-user-config",
			 "-no-reboot", "-display", "none", "-debugcon", "stdio",
			 "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
			 "-accel", accel, "-drive", drive, NULL };
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(accel, sizeof(accel), "%s", accelerator);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(NOT_FOUND);
}

/* All that it says until it ends or the time is over. */
static void listen_to(int fd, struct outcome *outcome)
{
	int64_t deadline_ns = clock_mono_ns() + LIMIT_NS;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (used < OUTPUT_MAX - 1 &&
	       poll(&pfd, 1, clock_poll_ms(deadline_ns)) > 0) {
		ssize_t n =
			read(fd, outcome->output + used, OUTPUT_MAX - 1 - used);

		if (n <= 0) {
			outcome->ended = n == 0;
			break;
		}
		used += (size_t)n;
	}
	outcome->output[used] = '\0';
}

static int run(const char *accelerator, char *drive, struct outcome *outcome,
	       struct err *err)
{
	int fd[2];
	pid_t pid;

	*outcome = (struct outcome){ .ended = false };
	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	pid = fork();
	if (pid == 0)
		become(accelerator, drive, fd[1]);
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return err_sys(err, errno, "fork");
	}
	listen_to(fd[0], outcome);
	if (!outcome->ended)
		kill(pid, SIGKILL);
	close(fd[0]);
	while (waitpid(pid, &outcome->status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* The last line that is not blank; cuts the text. */
static const char *last_line(char *text)
{
	char *end = text + strlen(text), *newline;

	while (end > text && strchr("\r\n ", end[-1]))
		*--end = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

static void judge(struct outcome *o, struct accel_trial *trial)
{
	trial->boots = o->ended && WIFEXITED(o->status) &&
		       WEXITSTATUS(o->status) == GUEST_STATUS &&
		       strstr(o->output, GUEST_LINE);
	trial->hangs = !o->ended;
	if (!trial->boots)
		snprintf(trial->text, sizeof(trial->text), "%s",
			 o->ended ? last_line(o->output)
				  : "it hangs; tcg is used instead");
}

int accel_try(const char *accelerator, struct accel_trial *trial,
	      struct err *err)
{
	int64_t start_ns = clock_mono_ns();
	struct outcome outcome;
	char program[PATH_MAX], drive[96];
	int fd, rc;

	*trial = (struct accel_trial){ .boots = false };
	rc = command_require(PROGRAM, PACKAGE, program, err);
	if (rc)
		return rc;
	fd = make_disk(drive, sizeof(drive));
	if (fd < 0)
		return err_sys(err, errno, "a guest's disk in memory");
	rc = run(accelerator, drive, &outcome, err);
	close(fd);
	if (rc)
		return rc;
	trial->seconds = (double)(clock_mono_ns() - start_ns) / NS_PER_S;
	judge(&outcome, trial);
	return 0;
}

/*
 * Remembered: a file with the boot's id and the answer.
 */

static bool name_memory(char file[static PATH_MAX + 16])
{
	char dir[PATH_MAX];

	if (userdir_open(USERDIR_CACHE, "", dir, NULL))
		return false;
	snprintf(file, PATH_MAX + 16, "%s/accelerator", dir);
	return true;
}

static bool read_line(const char *file, char *line, int size)
{
	FILE *in = fopen(file, "re");
	bool got = in && fgets(line, size, in);

	if (in)
		fclose(in);
	if (got)
		line[strcspn(line, "\n")] = '\0';
	return got;
}

/* "kvm", "tcg", or NULL where nothing is known of this boot. */
static const char *recall(const char *file, const char *boot)
{
	char line[128];
	size_t length = strlen(boot);

	if (!read_line(file, line, sizeof(line)) ||
	    strncmp(line, boot, length) != 0)
		return NULL;
	return strcmp(line + length, " kvm") == 0   ? "kvm"
	       : strcmp(line + length, " tcg") == 0 ? "tcg"
						    : NULL;
}

static void remember(const char *file, const char *boot, const char *answer)
{
	FILE *out = fopen(file, "we");

	if (!out)
		return; /* then it is found out again */
	fprintf(out, "%s %s\n", boot, answer);
	fclose(out);
}

static bool read_boot(char boot[static 64])
{
	return read_line("/proc/sys/kernel/random/boot_id", boot, 64);
}

void accel_remember_tcg(void)
{
	char file[PATH_MAX + 16], boot[64];

	if (name_memory(file) && read_boot(boot))
		remember(file, boot, "tcg");
}

/* What hung for LIMIT_NS may have waited for a CPU: then a guest under tcg,
 * which needs no more than any program, would be slow as well. */
static bool is_busy(void)
{
	struct accel_trial control;

	return accel_try("tcg", &control, NULL) || !control.boots ||
	       control.seconds * NS_PER_S > LIMIT_NS / 3;
}

const char *accel_choose(void)
{
	char file[PATH_MAX + 16], boot[64];
	struct accel_trial trial;
	const char *answer = NULL;
	bool known = name_memory(file) && read_boot(boot);

	if (access("/dev/kvm", R_OK | W_OK) < 0)
		return "tcg";
	if (known)
		answer = recall(file, boot);
	if (answer)
		return answer;
	if (accel_try("kvm", &trial, NULL))
		return "tcg"; /* no QEMU: nothing was found out */
	answer = trial.boots ? "kvm" : "tcg";
	if (known && (!trial.hangs || !is_busy()))
		remember(file, boot, answer);
	return answer;
}
