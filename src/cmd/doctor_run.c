/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/cage.h"

void finding_set(struct finding *finding, enum finding_verdict verdict,
		 const char *fmt, ...)
{
	va_list ap;

	finding->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, ap);
	va_end(ap);
}

const char *finding_verdict_name(enum finding_verdict verdict)
{
	static const char *const names[] = { "ok", "warning", "missing" };

	return names[verdict];
}

size_t doctor_count_probes(const struct probe *probes)
{
	size_t n = 0;

	while (probes[n].name)
		n++;
	return n;
}

/* One probe on its way. */
struct patient {
	const struct probe *probe;
	struct finding *finding;
	pid_t pid;
	int fd; /* the finding comes through it; -1: done */
	int64_t deadline_ns;
};

struct attempt {
	const struct probe *probe;
	int fd;
};

/* Writes the finding; the one write is far below PIPE_BUF. */
static int answer(void *arg)
{
	const struct attempt *attempt = arg;
	struct finding finding = { .verdict = FINDING_OK };

	attempt->probe->run(attempt->probe->argument, &finding);
	if (write(attempt->fd, &finding, sizeof(finding)) != sizeof(finding))
		return 1;
	return 0;
}

static void answer_in_cage(struct attempt *attempt)
{
	struct finding finding = { .verdict = FINDING_OK };
	struct err err = ERR_INIT;
	int status;

	if (cage_run(answer, attempt, &status, &err) == 0)
		return;
	finding_set(&finding,
		    err.code == EINTR ? FINDING_WARNING : FINDING_MISSING, "%s",
		    err.text);
	if (write(attempt->fd, &finding, sizeof(finding)) != sizeof(finding))
		_exit(1);
}

/* The child's whole life. It dies with the doctor. */
static void live(const struct probe *probe, int fd, pid_t doctor)
{
	struct attempt attempt = { .probe = probe, .fd = fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != doctor)
		_exit(1);
	if (probe->caged)
		answer_in_cage(&attempt);
	else
		answer(&attempt);
	_exit(0);
}

static int start(struct patient *patient, struct err *err)
{
	pid_t doctor = getpid();
	int fd[2], limit_ms;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	patient->pid = fork();
	if (patient->pid == 0)
		live(patient->probe, fd[1], doctor);
	close(fd[1]);
	if (patient->pid < 0) {
		close(fd[0]);
		return err_sys(err, errno, "fork");
	}
	patient->fd = fd[0];
	limit_ms = patient->probe->limit_ms;
	patient->deadline_ns =
		clock_mono_ns() +
		(limit_ms ? limit_ms : DOCTOR_LIMIT_MS) * NS_PER_MS;
	return 0;
}

/* Reaps the child, which is dead or is killed now; its status. */
static int finish(struct patient *patient)
{
	int status = 0;

	kill(patient->pid, SIGKILL);
	while (waitpid(patient->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(patient->fd);
	patient->fd = -1;
	return status;
}

static void give_advice(struct patient *patient)
{
	struct finding *f = patient->finding;

	if (f->verdict != FINDING_OK && !f->advice[0] && patient->probe->advice)
		snprintf(f->advice, sizeof(f->advice), "%s",
			 patient->probe->advice);
}

/* The pipe has a finding, or its end because the child died. */
static void take_answer(struct patient *patient)
{
	struct finding *f = patient->finding;
	ssize_t n = read(patient->fd, f, sizeof(*f));
	int status = finish(patient);

	if (n != sizeof(*f)) {
		memset(f, 0, sizeof(*f));
		if (WIFSIGNALED(status))
			finding_set(f, FINDING_WARNING,
				    "the probe died of signal %d",
				    WTERMSIG(status));
		else
			finding_set(f, FINDING_WARNING, "the probe failed");
	}
	give_advice(patient);
}

static void declare_late(struct patient *patient)
{
	finish(patient);
	finding_set(patient->finding, FINDING_WARNING, "%s",
		    patient->probe->late_text ? patient->probe->late_text
					      : "no answer in time");
	give_advice(patient);
}

/* Waits for the next answer or deadline; false when nobody is left. */
static bool attend(struct patient *patients, size_t count)
{
	struct pollfd polls[count + 1];
	int64_t next_ns = INT64_MAX;
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		polls[i].fd = patients[i].fd; /* poll(2) skips -1 */
		polls[i].events = POLLIN;
		polls[i].revents = 0;
		if (patients[i].fd < 0)
			continue;
		left++;
		if (patients[i].deadline_ns < next_ns)
			next_ns = patients[i].deadline_ns;
	}
	if (!left)
		return false;
	poll(polls, count, clock_poll_ms(next_ns));
	for (size_t i = 0; i < count; i++) {
		if (patients[i].fd < 0)
			continue;
		if (polls[i].revents)
			take_answer(&patients[i]);
		else if (clock_mono_ns() >= patients[i].deadline_ns)
			declare_late(&patients[i]);
	}
	return true;
}

int doctor_run(const struct probe *probes, enum probe_group from,
	       enum probe_group to, struct finding *findings, struct err *err)
{
	size_t total = doctor_count_probes(probes), count = 0;
	struct patient *patients = calloc(total + 1, sizeof(*patients));
	int rc = 0;

	if (!patients)
		return err_set(err, ENOMEM, "out of memory");
	fflush(NULL);
	for (size_t i = 0; !rc && i < total; i++) {
		struct patient *p = &patients[count];

		if (probes[i].group < from || probes[i].group > to)
			continue;
		memset(&findings[i], 0, sizeof(findings[i]));
		p->probe = &probes[i];
		p->finding = &findings[i];
		rc = start(p, err);
		count += rc == 0;
	}
	while (!rc && attend(patients, count))
		;
	for (size_t i = 0; i < count; i++)
		if (patients[i].fd >= 0)
			finish(&patients[i]);
	free(patients);
	return rc;
}
