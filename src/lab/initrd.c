/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/initrd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/cpio.h"

static int copy_file(int to, const char *file, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t at = 0;
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "%s", file);
	if (fstat(fd, &st) < 0)
		rc = err_sys(err, errno, "%s", file);
	while (!rc && at < st.st_size) {
		ssize_t n = sendfile(to, fd, &at, (size_t)(st.st_size - at));

		if (n <= 0)
			rc = err_sys(err, n ? errno : EIO, "copying %s", file);
	}
	close(fd);
	return rc;
}

/* A disk that fills up takes a part, and says why at the next call. */
static int write_all(int to, const char *bytes, size_t size, struct err *err)
{
	while (size) {
		ssize_t n = write(to, bytes, size);

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "the guests' agent");
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int append_own(int to, const char *agent_path,
		      const struct initrd_text *text, struct err *err)
{
	struct cpio *cpio;
	const void *bytes;
	size_t size;
	int rc = cpio_create(&cpio, err);

	if (rc)
		return rc;
	rc = cpio_add_file(cpio, "init", 0755, agent_path, err);
	for (; !rc && text && text->name; text++)
		rc = cpio_add_text(cpio, text->name, 0644, text->text, err);
	if (!rc)
		rc = cpio_finish(cpio, &bytes, &size, err);
	if (!rc)
		rc = write_all(to, bytes, size, err);
	cpio_free(cpio);
	return rc;
}

int initrd_write(int fd, const char *image_dir, const char *agent_path,
		 const struct initrd_text *text, struct err *err)
{
	char file[PATH_MAX + 16];
	int rc;

	snprintf(file, sizeof(file), "%s/initrd", image_dir);
	rc = copy_file(fd, file, err);
	return rc ? rc : append_own(fd, agent_path, text, err);
}

int initrd_make(int *fd, const char *image_dir, const char *agent_path,
		const struct initrd_text *text, struct err *err)
{
	*fd = memfd_create("vazao-initrd", MFD_CLOEXEC);
	if (*fd < 0)
		return err_sys(err, errno, "memfd_create");
	return initrd_write(*fd, image_dir, agent_path, text, err);
}
