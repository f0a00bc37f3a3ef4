/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_BYTES (2 * KEY_BYTES)

int key_create(const char *path, struct err *err)
{
	uint8_t byte[KEY_BYTES];
	char text[TEXT_BYTES + 2];
	int fd, rc = 0;

	if (getrandom(byte, sizeof(byte), 0) != sizeof(byte))
		return err_sys(err, errno, "getrandom");
	for (size_t i = 0; i < KEY_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", byte[i]);
	text[TEXT_BYTES] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return err_sys(err, errno, "key file %s", path);
	if (write(fd, text, TEXT_BYTES + 1) != TEXT_BYTES + 1 || fsync(fd) < 0)
		rc = err_sys(err, errno, "key file %s", path);
	close(fd);
	if (rc)
		unlink(path);
	return rc;
}

static int check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "key file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "key file %s: it is no file", path);
	if (st.st_mode & 077)
		return err_set(
			err, EACCES,
			"key file %s: others than its owner have "
			"rights to it (mode %04o): chmod 600 %s, or make "
			"a new one by vazao agent --new-key",
			path, (unsigned int)(st.st_mode & 07777), path);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse(const char *text, ssize_t size, struct key *key)
{
	if (size != TEXT_BYTES &&
	    (size != TEXT_BYTES + 1 || text[TEXT_BYTES] != '\n'))
		return -EINVAL;
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		key->byte[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int key_read(const char *path, struct key *key, struct err *err)
{
	char text[TEXT_BYTES + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size;
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "key file %s", path);
	rc = check_mode(fd, path, err);
	if (!rc) {
		size = read(fd, text, sizeof(text));
		if (parse(text, size, key))
			rc = err_set(
				err, EINVAL,
				"key file %s: it does not hold %d hex "
				"digits; make one by vazao agent --new-key",
				path, TEXT_BYTES);
	}
	explicit_bzero(text, sizeof(text));
	close(fd);
	return rc;
}
