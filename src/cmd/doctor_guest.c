/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs, and guests that really boot: one sector under QEMU's accelerators
 * (lab/accel.h), and User Mode Linux as far as its search for a root disk.
 * Whoever hangs is killed with the cage.
 */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/accel.h"
#include "lab/check.h"

#define OUTPUT_MAX 65536

struct outcome {
	char output[OUTPUT_MAX]; /* standard output and error */
	int status;		 /* as of wait(2) */
	int64_t duration_ns;
};

static void become(char *const argv[], int out)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL); /* pasta will not start with it ignored */
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

/* Runs a program to its end; false where it is not there. */
static bool run_program(char *const argv[], struct outcome *outcome)
{
	int64_t start_ns = clock_mono_ns();
	size_t used = 0;
	int fd[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		become(argv, fd[1]);
	close(fd[1]);
	while (used < OUTPUT_MAX - 1 && (n = read(fd[0], outcome->output + used,
						  OUTPUT_MAX - 1 - used)) > 0)
		used += (size_t)n;
	outcome->output[used] = '\0';
	close(fd[0]);
	if (pid < 0 || waitpid(pid, &outcome->status, 0) < 0)
		return false;
	outcome->duration_ns = clock_mono_ns() - start_ns;
	return !WIFEXITED(outcome->status) ||
	       WEXITSTATUS(outcome->status) != 127;
}

static double seconds(const struct outcome *outcome)
{
	return (double)outcome->duration_ns / (double)NS_PER_S;
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

/* The first line of `PROGRAM --version`; ssh has -V. */
void probe_program(const char *argument, struct finding *finding)
{
	static struct outcome outcome;
	char program[64];
	char *argv[] = { program, "--version", NULL };
	char *other[] = { program, "-V", NULL };

	snprintf(program, sizeof(program), "%s", argument);
	if (!run_program(argv, &outcome)) {
		finding_set(finding, FINDING_MISSING, "no %s", program);
		return;
	}
	if (outcome.status)
		run_program(other, &outcome);
	finding_set(finding, FINDING_OK, "%.*s",
		    (int)strcspn(outcome.output, "\n("), outcome.output);
}

/*
 * Without a root disk the kernel ends in a panic when it has come up: that it
 * names the disk is the proof. Its files go to a /tmp of the cage's own.
 */
void probe_uml(const char *argument, struct finding *finding)
{
	static struct outcome outcome;
	char *argv[] = { "linux.uml",
			 "mem=64M",
			 "con=null",
			 "con0=null,fd:1",
			 "root=/dev/vazao-none",
			 "uml_dir=/tmp/",
			 NULL };

	(void)argument;
	if (mount("tmpfs", "/tmp", "tmpfs", 0, "size=128m") < 0) {
		finding_set(finding, FINDING_WARNING, "mounting tmpfs: %s",
			    strerror(errno));
		return;
	}
	if (!run_program(argv, &outcome))
		finding_set(finding, FINDING_MISSING, "no linux.uml");
	else if (!strstr(outcome.output, "vazao-none"))
		finding_set(finding, FINDING_WARNING,
			    "linux.uml does not boot: %.90s",
			    last_line(outcome.output));
	else
		finding_set(finding, FINDING_OK, "a kernel booted in %.1f s",
			    seconds(&outcome));
}

static void report_trial(const char *accelerator, struct finding *finding)
{
	struct accel_trial trial;
	struct err err = ERR_INIT;

	if (accel_try(accelerator, &trial, &err))
		finding_set(finding, FINDING_MISSING, "%s", err.text);
	else if (trial.boots)
		finding_set(finding, FINDING_OK, "a guest booted in %.1f s",
			    trial.seconds);
	else
		finding_set(finding, FINDING_WARNING,
			    "a guest did not boot: %.110s", trial.text);
}

static void lack_kvm(struct finding *finding)
{
	finding_set(finding, FINDING_MISSING,
		    "/dev/kvm: %s; QEMU paths will use tcg", strerror(errno));
	snprintf(finding->advice, sizeof(finding->advice), "%s",
		 errno == EACCES
			 ? "run as root, or join the group kvm"
			 : "turn virtualization on in the firmware, or nested "
			   "virtualization on the host");
}

void probe_accelerator(const char *argument, struct finding *finding)
{
	int fd;

	if (strcmp(argument, "kvm") == 0) {
		fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			lack_kvm(finding);
			return;
		}
		close(fd);
	}
	report_trial(argument, finding);
}

void probe_xen(const char *argument, struct finding *finding)
{
	struct err err = ERR_INIT;
	const char *caveat;

	(void)argument;
	if (lab_check_kind("xen-host", &caveat, &err))
		finding_set(finding, FINDING_MISSING, "%.150s", err.text);
	else
		finding_set(finding, FINDING_OK, "this is dom0; xl is there");
}
