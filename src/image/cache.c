/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/userdir.h"

#define SCRATCH "tmp."

int cache_open(char dir[static PATH_MAX], struct err *err)
{
	return userdir_open(USERDIR_CACHE, "images", dir, err);
}

int cache_lock(const char *dir, int *fd, struct err *err)
{
	char file[PATH_MAX + 8];

	snprintf(file, sizeof(file), "%s/lock", dir);
	*fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0)
		return err_sys(err, errno, "%s", file);
	while (flock(*fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int code = errno;

			close(*fd);
			return err_sys(err, code, "%s", file);
		}
	return 0;
}

int cache_remove(const char *dir, struct err *err)
{
	char *roots[] = { (char *)dir, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *found;
	int rc = 0;

	if (!fts)
		return err_sys(err, errno, "%s", dir);
	while ((found = fts_read(fts))) {
		/* packages bring directories that nobody may write in */
		if (found->fts_info == FTS_D &&
		    chmod(found->fts_path, 0755) < 0)
			rc = err_sys(err, errno, "%s", found->fts_path);
		if (found->fts_info != FTS_D &&
		    remove(found->fts_accpath) < 0 && errno != ENOENT)
			rc = err_sys(err, errno, "%s", found->fts_path);
	}
	fts_close(fts);
	return rc;
}

static void remove_remains(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, SCRATCH, strlen(SCRATCH)) != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
			    PATH_MAX)
			continue;
		cache_remove(path, NULL);
	}
	if (d)
		closedir(d);
}

int cache_make_scratch(const char *dir, char scratch[static PATH_MAX],
		       int64_t *free_bytes, struct err *err)
{
	struct statvfs fs;

	remove_remains(dir);
	if (statvfs(dir, &fs) < 0)
		return err_sys(err, errno, "%s", dir);
	*free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	snprintf(scratch, PATH_MAX, "%.*s/" SCRATCH "XXXXXX", PATH_MAX - 16,
		 dir);
	return mkdtemp(scratch) ? 0 : err_sys(err, errno, "%s", scratch);
}

/* The rest of fd. NULL with errno where it cannot be had. */
static char *read_all(int fd)
{
	size_t used = 0, room = 65536;
	char *text = malloc(room);

	while (text) {
		ssize_t n = read(fd, text + used, room - used - 1);
		char *more = text;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			text[used] = '\0';
			if (n == 0)
				return text;
			break;
		}
		used += (size_t)n;
		if (room - used < 4096)
			more = realloc(text, room *= 2);
		if (!more)
			break;
		text = more;
	}
	free(text);
	return NULL;
}

int cache_read_file(const char *dir, const char *name, char **text,
		    struct err *err)
{
	char path[PATH_MAX + 256];
	int code, fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	*text = read_all(fd);
	code = errno;
	close(fd);
	return *text ? 0 : err_sys(err, code, "%s", path);
}

int cache_write_file(const char *dir, const char *name, const void *bytes,
		     size_t size, struct err *err)
{
	char path[PATH_MAX + 256];
	const char *at = bytes;
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	while (size && !rc) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			rc = err_sys(err, errno, "%s", path);
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	if (!rc && fsync(fd) < 0)
		rc = err_sys(err, errno, "%s", path);
	close(fd);
	return rc;
}

int64_t cache_measure(const char *dir)
{
	char *roots[] = { (char *)dir, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int64_t bytes = 0;
	FTSENT *found;

	while (fts && (found = fts_read(fts)))
		if (found->fts_info == FTS_F)
			bytes += found->fts_statp->st_size;
	if (fts)
		fts_close(fts);
	return bytes;
}
