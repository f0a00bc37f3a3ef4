/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		log_warn("module %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

int guest_load_modules(const char *list, struct err *err)
{
	char path[PATH_MAX];
	FILE *in = fopen(list, "re");

	if (!in && errno == ENOENT)
		return 0;
	if (!in)
		return err_sys(err, errno, "%s", list);
	while (fgets(path, sizeof(path), in)) {
		path[strcspn(path, "\n")] = '\0';
		load(path);
	}
	fclose(in);
	return 0;
}
