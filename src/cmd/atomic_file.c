/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int atomic_open(struct atomic_file *file, const char *path, struct err *err)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	file->path = path;
	if ((size_t)snprintf(file->temporary, sizeof(file->temporary),
			     "%s.XXXXXX", path) >= sizeof(file->temporary))
		return err_set(err, ENAMETOOLONG, "%.100s...: name too long",
			       path);
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	fchmod(fd, 0666 & ~mask);
	file->out = fdopen(fd, "w");
	if (file->out)
		return 0;
	close(fd);
	unlink(file->temporary);
	return err_sys(err, errno, "%s", path);
}

int atomic_close(struct atomic_file *file, int rc, struct err *err)
{
	bool synced = fflush(file->out) == 0 && fsync(fileno(file->out)) == 0;

	if (rc == 0 && !synced)
		rc = err_sys(err, errno, "%s", file->path);
	if (fclose(file->out) != 0 && rc == 0)
		rc = err_sys(err, errno, "%s", file->path);
	if (rc == 0 && rename(file->temporary, file->path) < 0)
		rc = err_sys(err, errno, "%s", file->path);
	if (rc)
		unlink(file->temporary);
	return rc;
}
