/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TRAILER "TRAILER!!!"

struct cpio {
	char *bytes;
	size_t used, room;
	uint32_t files; /* the next inode number */
	bool finished;
	struct err err; /* the first one */
};

/* The newc header, in its order; each as eight hexadecimal digits. */
struct entry {
	const char *name;
	uint32_t mode;
	uint32_t links;
	uint32_t size;
	dev_t device; /* of a device node */
};

int cpio_create(struct cpio **image, struct err *err)
{
	*image = calloc(1, sizeof(**image));
	return *image ? 0 : err_sys(err, ENOMEM, "a guest's image");
}

void cpio_free(struct cpio *image)
{
	if (!image)
		return;
	free(image->bytes);
	free(image);
}

static int give_error(const struct cpio *image, struct err *err)
{
	if (err && image->err.code)
		*err = image->err;
	return -image->err.code;
}

/* NULL when there is no memory for `more` bytes behind what is there. */
static char *grow(struct cpio *image, size_t more)
{
	size_t need = image->used + more;
	size_t room = image->room ? image->room : 4096;
	char *bytes;

	while (room < need)
		room *= 2;
	if (room > image->room) {
		bytes = realloc(image->bytes, room);
		if (!bytes) {
			err_sys(&image->err, ENOMEM, "a guest's image");
			return NULL;
		}
		image->bytes = bytes;
		image->room = room;
	}
	bytes = image->bytes + image->used;
	image->used = need;
	return bytes;
}

/* Header and name, and file contents, each end on a multiple of 4. */
static int pad(struct cpio *image)
{
	size_t more = -image->used & 3;
	char *zeros = grow(image, more);

	if (!zeros)
		return -ENOMEM;
	memset(zeros, 0, more);
	return 0;
}

static int put_header(struct cpio *image, const struct entry *e)
{
	const uint32_t field[] = {
		image->files++, /* inode */
		e->mode,
		0, /* user */
		0, /* group */
		e->links,
		0, /* modified: 1970-01-01 */
		e->size,
		0, /* device that holds it: major, minor */
		0,
		major(e->device),
		minor(e->device),
		(uint32_t)strlen(e->name) + 1,
		0, /* checksum: none in this format */
	};
	const size_t fields = sizeof(field) / sizeof(field[0]);
	size_t name_size = strlen(e->name) + 1;
	char *header = grow(image, 6 + 8 * fields + name_size);

	if (!header)
		return -ENOMEM;
	memcpy(header, "070701", 6);
	header += 6;
	for (size_t i = 0; i < fields; i++, header += 8) {
		char digits[9];

		snprintf(digits, sizeof(digits), "%08X", field[i]);
		memcpy(header, digits, 8);
	}
	memcpy(header, e->name, name_size);
	return pad(image);
}

static int put_entry(struct cpio *image, const struct entry *e, struct err *err)
{
	const char *name = e->name;

	if (image->err.code)
		return give_error(image, err);
	if (image->finished)
		err_set(&image->err, EINVAL, "the image is finished: no '%s'",
			name);
	else if (!*name || *name == '/' || strlen(name) >= PATH_MAX)
		err_set(&image->err, EINVAL,
			"'%.40s' is no name in an image, such as dev/null",
			name);
	else
		put_header(image, e);
	return give_error(image, err);
}

static int put_bytes(struct cpio *image, const char *bytes, size_t size,
		     struct err *err)
{
	char *to = grow(image, size);

	if (to) {
		memcpy(to, bytes, size);
		pad(image);
	}
	return give_error(image, err);
}

int cpio_add_dir(struct cpio *image, const char *name, struct err *err)
{
	const struct entry e = { .name = name,
				 .mode = S_IFDIR | 0755,
				 .links = 2 };

	return put_entry(image, &e, err);
}

int cpio_add_char_device(struct cpio *image, const char *name, dev_t device,
			 struct err *err)
{
	const struct entry e = { .name = name,
				 .mode = S_IFCHR | 0600,
				 .links = 1,
				 .device = device };

	return put_entry(image, &e, err);
}

int cpio_add_symlink(struct cpio *image, const char *name, const char *target,
		     struct err *err)
{
	const struct entry e = { .name = name,
				 .mode = S_IFLNK | 0777,
				 .links = 1,
				 .size = (uint32_t)strlen(target) };

	if (put_entry(image, &e, err))
		return -image->err.code;
	return put_bytes(image, target, e.size, err);
}

int cpio_add_text(struct cpio *image, const char *name, mode_t mode,
		  const char *text, struct err *err)
{
	const struct entry e = { .name = name,
				 .mode = S_IFREG | (mode & 07777),
				 .links = 1,
				 .size = (uint32_t)strlen(text) };

	if (put_entry(image, &e, err))
		return -image->err.code;
	return put_bytes(image, text, e.size, err);
}

/* A file that shrinks under our hands would leave the archive out of step. */
static int put_contents(struct cpio *image, int fd, size_t size,
			const char *source)
{
	char *bytes = grow(image, size);
	size_t done = 0;

	while (bytes && done < size) {
		ssize_t n = read(fd, bytes + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(&image->err, n ? errno : EIO,
				       "reading %s", source);
		done += (size_t)n;
	}
	return bytes ? pad(image) : -ENOMEM;
}

static int put_file(struct cpio *image, struct entry *e, int fd,
		    const char *source, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(&image->err, errno, "%s", source);
	if (!S_ISREG(st.st_mode))
		return err_set(&image->err, EINVAL, "%s is no ordinary file",
			       source);
	if (st.st_size > UINT32_MAX)
		return err_set(&image->err, EFBIG,
			       "%s is above the 4 GiB that an image holds",
			       source);
	e->size = (uint32_t)st.st_size;
	if (put_entry(image, e, err))
		return -image->err.code;
	return put_contents(image, fd, (size_t)st.st_size, source);
}

int cpio_add_file(struct cpio *image, const char *name, mode_t mode,
		  const char *source, struct err *err)
{
	struct entry e = { .name = name,
			   .mode = S_IFREG | (mode & 07777),
			   .links = 1 };
	int fd;

	if (image->err.code)
		return give_error(image, err);
	fd = open(source, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(&image->err, errno, "%s", source);
	} else {
		put_file(image, &e, fd, source, NULL);
		close(fd);
	}
	return give_error(image, err);
}

int cpio_finish(struct cpio *image, const void **bytes, size_t *size,
		struct err *err)
{
	const struct entry trailer = { .name = TRAILER, .links = 1 };

	if (!image->finished)
		put_entry(image, &trailer, NULL);
	image->finished = true;
	*bytes = image->bytes;
	*size = image->used;
	return give_error(image, err);
}

static int write_all(int fd, const char *bytes, size_t size, struct err *err)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "writing a guest's image");
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

int cpio_to_memory_file(struct cpio *image, int *fd, struct err *err)
{
	const void *bytes;
	size_t size;
	int rc = cpio_finish(image, &bytes, &size, err);

	if (rc)
		return rc;
	*fd = memfd_create("vazao-image", MFD_CLOEXEC);
	if (*fd < 0)
		return err_sys(err, errno, "a guest's image: memfd_create");
	rc = write_all(*fd, bytes, size, err);
	if (rc)
		close(*fd);
	return rc;
}
