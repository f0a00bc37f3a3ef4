/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel lets this user do, beside networks (doctor_net.c). */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <grp.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "observe/ebpf.h"
#include "observe/profile.h"
#include "observe/source.h"

#define NOBODY 65534

void probe_kernel(const char *argument, struct finding *finding)
{
	struct utsname u;

	(void)argument;
	uname(&u);
	finding_set(finding, FINDING_OK, "%s %s %s", u.sysname, u.release,
		    u.machine);
}

/* Runs in a cage: to be here is the proof. */
void probe_namespaces(const char *argument, struct finding *finding)
{
	(void)argument;
	finding_set(finding, FINDING_OK, "PID, mount and network namespaces");
}

/* As somebody who is not root: the whole way that a rootless lab goes. */
void probe_rootless(const char *argument, struct finding *finding)
{
	int flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;

	(void)argument;
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	     setresuid(NOBODY, NOBODY, NOBODY))) {
		finding_set(finding, FINDING_WARNING,
			    "could not become an unprivileged user: %s",
			    strerror(errno));
		return;
	}
	if (unshare(flags) < 0)
		finding_set(finding, FINDING_WARNING,
			    "refused to an unprivileged user: %s",
			    strerror(errno));
	else
		finding_set(finding, FINDING_OK,
			    "an unprivileged user gets namespaces too");
}

void probe_vhost(const char *argument, struct finding *finding)
{
	int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	(void)argument;
	if (fd < 0) {
		finding_set(finding, FINDING_MISSING, "/dev/vhost-net: %s",
			    strerror(errno));
		return;
	}
	close(fd);
}

void probe_btf(const char *argument, struct finding *finding)
{
	(void)argument;
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		finding_set(finding, FINDING_MISSING,
			    "/sys/kernel/btf/vmlinux: %s", strerror(errno));
}

/* The observer's own programs, loaded and unloaded. */
void probe_ebpf(const char *argument, struct finding *finding)
{
	struct err err = ERR_INIT;

	(void)argument;
	if (ebpf_probe(&err))
		finding_set(finding, FINDING_MISSING,
			    "no observe: full: %.120s", err.text);
}

/* Sampling all CPUs, as study --profile does. */
void probe_profile(const char *argument, struct finding *finding)
{
	struct source *none = NULL;
	struct err err = ERR_INIT;

	(void)argument;
	if (profile_add(&none, 1, &err))
		finding_set(finding, FINDING_MISSING,
			    "no study --profile: %.120s", err.text);
	source_free(none);
}

/* Cycles of this very process. */
void probe_perf(const char *argument, struct finding *finding)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_HW_CPU_CYCLES,
					.exclude_kernel = 1,
					.exclude_hv = 1 };
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);

	(void)argument;
	if (fd < 0) {
		finding_set(finding, FINDING_MISSING,
			    errno == ENOENT || errno == EOPNOTSUPP
				    ? "no cycle counter (a virtual machine?)"
				    : "perf_event_open(2): %s",
			    strerror(errno));
		return;
	}
	close((int)fd);
}

/* In a mount namespace of its own: may mount what is not mounted. */
void probe_tracepoints(const char *argument, struct finding *finding)
{
	static const char events[] = "/sys/kernel/tracing/events/net";

	(void)argument;
	if (access(events, R_OK) == 0)
		return;
	if (mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) < 0)
		finding_set(finding, FINDING_MISSING, "mounting tracefs: %s",
			    strerror(errno));
	else if (access(events, R_OK) < 0)
		finding_set(finding, FINDING_MISSING, "%s: %s", events,
			    strerror(errno));
}
