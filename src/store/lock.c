/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int held_by_another(int fd, const char *dir, struct err *err)
{
	char holder[32] = "";
	ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[n > 0 ? strcspn(holder, "\n") : 0] = '\0';
	return err_set(err, EBUSY,
		       "%s: process %s is at work on this study; wait until it "
		       "is done, or end it",
		       dir, holder[0] ? holder : "(not known)");
}

static int sign(int fd)
{
	const char *outside = getenv("VAZAO_PID");
	char text[32];
	int length;

	if (outside && strspn(outside, "0123456789") == strlen(outside))
		length = snprintf(text, sizeof(text), "%.20s\n", outside);
	else
		length = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) < 0)
		return -errno;
	return 0;
}

/* Is the file that we locked still the one of that name? A holder removes it
 * just before it lets go. */
static bool is_current(int fd, const char *file)
{
	struct stat ours, now;

	return fstat(fd, &ours) == 0 && stat(file, &now) == 0 &&
	       ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

int lock_take(struct lock *lock, const char *dir, struct err *err)
{
	int rc = 0;

	if (asprintf(&lock->file, "%s/study.lock", dir) < 0)
		return err_sys(err, ENOMEM, "%s", dir);
	for (;;) {
		lock->fd = open(lock->file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (lock->fd < 0) {
			rc = err_sys(err, errno, "%s: making it", lock->file);
			goto free_name;
		}
		if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0) {
			rc = errno == EWOULDBLOCK
				     ? held_by_another(lock->fd, dir, err)
				     : err_sys(err, errno, "%s: locking it",
					       lock->file);
			goto close_fd;
		}
		if (is_current(lock->fd, lock->file))
			break;
		close(lock->fd);
	}
	rc = sign(lock->fd);
	if (rc == 0)
		return 0;
	rc = err_sys(err, -rc, "%s: writing it", lock->file);
	unlink(lock->file);
close_fd:
	close(lock->fd);
	lock->fd = -1;
free_name:
	free(lock->file);
	lock->file = NULL;
	return rc;
}

bool lock_is_held(const char *dir)
{
	char *file = NULL;
	bool held = false;
	int fd = -1;

	if (asprintf(&file, "%s/study.lock", dir) >= 0)
		fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		held = flock(fd, LOCK_SH | LOCK_NB) < 0;
		close(fd);
	}
	free(file);
	return held;
}

void lock_release(struct lock *lock)
{
	if (lock->fd < 0)
		return;
	unlink(lock->file);
	/* not close() alone: a forked child may have the descriptor, too */
	flock(lock->fd, LOCK_UN);
	close(lock->fd);
	free(lock->file);
	*lock = (struct lock)LOCK_INIT;
}
