/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db_open_frozen(): reading a study where nothing can be written.
 *
 * Not in place: SQLite's VFS unix-none would read a WAL there, but a rollback
 * journal, which a writer that died while it went to or from WAL leaves, has
 * to be played back by any reader, into the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "store/db.h"

/* The database, and the journals that SQLite may have to play back. */
static const struct {
	const char *suffix, *copy;
} files[] = { { "", "db" },
	      { "-wal", "db-wal" },
	      { "-journal", "db-journal" } };

#define FILES (sizeof(files) / sizeof(files[0]))

static int copy_file(const char *from, int dir_fd, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = -1, rc = 0;
	ssize_t n = 1;

	if (in >= 0)
		out = openat(dir_fd, to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (out < 0)
		rc = -errno;
	while (rc == 0 && n > 0) {
		n = sendfile(out, in, NULL, 1 << 20);
		if (n < 0)
			rc = -errno;
	}
	if (out >= 0)
		close(out);
	if (in >= 0)
		close(in);
	return rc;
}

static int copy_files(const char *file, int dir_fd, struct err *err)
{
	for (size_t i = 0; i < FILES; i++) {
		char *from = NULL;
		int rc;

		if (asprintf(&from, "%s%s", file, files[i].suffix) < 0)
			return err_sys(err, ENOMEM, "%s", file);
		rc = copy_file(from, dir_fd, files[i].copy);
		free(from);
		if (rc && (rc != -ENOENT || i == 0))
			return err_sys(err, -rc, "%s%s: copying it", file,
				       files[i].suffix);
	}
	return 0;
}

/* Mends the copy by opening it, and moves it into memory. */
static int open_copy(struct db *db, const char *dir, int dir_fd,
		     struct err *err)
{
	char *copy = NULL;
	int rc = copy_files(db->file, dir_fd, err);

	if (rc)
		return rc;
	if (asprintf(&copy, "%s/db", dir) < 0)
		return err_sys(err, ENOMEM, "%s", db->file);
	rc = db_open_file(db, copy, SQLITE_OPEN_READWRITE, err);
	free(copy);
	return rc ? rc : db_copy_to_memory(db, err);
}

int db_open_frozen(struct db *db, const char *file, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = NULL;
	int dir_fd = -1;
	int rc = db_name_file(db, file, err);

	if (rc)
		return rc;
	if (asprintf(&dir, "%s/vazao-XXXXXX", tmp ? tmp : "/tmp") < 0) {
		dir = NULL;
		rc = err_sys(err, ENOMEM, "%s", file);
		goto out;
	}
	if (!mkdtemp(dir)) {
		rc = err_sys(err, errno, "%s", dir);
		goto out;
	}
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = dir_fd < 0 ? err_sys(err, errno, "%s", dir)
			: open_copy(db, dir, dir_fd, err);
	for (size_t i = 0; i < FILES; i++)
		unlinkat(dir_fd, files[i].copy, 0);
	unlinkat(dir_fd, "db-shm", 0);
	close(dir_fd);
	rmdir(dir);
out:
	free(dir);
	if (rc)
		db_close(db);
	return rc;
}
