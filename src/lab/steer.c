/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/placement.h"

#define QUEUES "/sys/class/net/*/queues/rx-*/rps_cpus"

void steer_format_mask(const cpu_set_t *cpus, char *buf, size_t size)
{
	int words = 1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus))
			words = cpu / 32 + 1;
	buf[0] = '\0';
	for (int w = words - 1; w >= 0; w--) {
		uint32_t word = 0;

		for (int bit = 0; bit < 32; bit++)
			if (CPU_ISSET(32 * w + bit, cpus))
				word |= UINT32_C(1) << bit;
		text_append(buf, size, w == words - 1 ? "%x" : ",%08x", word);
	}
}

static int write_mask(const char *file, const char *mask)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int code;

	if (fd < 0)
		return errno;
	n = write(fd, mask, strlen(mask));
	code = n < 0 ? errno : 0;
	close(fd);
	return code;
}

/* In the child, in namespaces of its own. An errno. */
static int write_all(const char *mask)
{
	glob_t found;
	int code = 0;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		return errno;
	if (glob(QUEUES, 0, NULL, &found))
		return ENOENT;
	for (size_t i = 0; !code && i < found.gl_pathc; i++)
		code = write_mask(found.gl_pathv[i], mask);
	globfree(&found);
	return code;
}

static int run_child(const struct lab_netns *netns, const char *mask,
		     struct err *err)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return err_sys(err, errno, "fork");
	if (pid == 0) {
		if (setns(netns_fd(netns), CLONE_NEWNET) < 0 ||
		    unshare(CLONE_NEWNS) < 0)
			_exit(errno);
		_exit(write_all(mask));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_sys(err, WIFEXITED(status) ? WEXITSTATUS(status) : EIO,
		       "%s: steering what it receives", netns_name(netns));
}

int steer_netns(const struct lab_netns *netns, char mask[static STEER_MASK_MAX],
		struct err *err)
{
	cpu_set_t half;

	if (placement_half(PLACEMENT_M2, &half) < 0)
		return err_set(err, ENODEV, "a single CPU");
	steer_format_mask(&half, mask, STEER_MASK_MAX);
	return run_child(netns, mask, err);
}
