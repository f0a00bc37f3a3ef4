/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/kernel.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "image/run.h"

/*
 * The head of a bzImage: linux/Documentation/arch/x86/boot.rst. Numbers are
 * little-endian; the payload's place counts from the end of the boot sectors.
 */
#define SECTOR_BYTES	  512
#define HEAD_BYTES	  0x250
#define AT_SECTORS	  0x1f1 /* 1 byte, without the first; 0 is 4 */
#define AT_MAGIC	  0x202 /* "HdrS" */
#define AT_VERSION	  0x206 /* 2 bytes */
#define AT_PAYLOAD	  0x248 /* 4 bytes */
#define AT_PAYLOAD_LENGTH 0x24c /* 4 bytes */
#define VERSION_PAYLOAD	  0x0208

struct packing {
	const char *magic;
	size_t size;
	const char *program, *package, *suffix;
	size_t tail; /* bytes that the kernel's build puts behind it: a size */
};

/* linux/arch/x86/boot/compressed/Makefile */
static const struct packing packings[] = {
	{ "\xfd"
	  "7zXZ",
	  5, "xz", "xz-utils", "xz", 4 },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", "zstd", "zst", 4 },
	{ "\x02\x21\x4c\x18", 4, "lz4", "lz4", "lz4", 4 },
	{ "\x1f\x8b", 2, "gzip", "gzip", "gz", 0 },
	{ NULL, 0, NULL, NULL, NULL, 0 },
};

struct payload {
	off_t at;
	size_t size;
	const struct packing *packing;
};

static uint32_t read_u32(const unsigned char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static int find_payload(int fd, const char *image, struct payload *payload,
			struct err *err)
{
	unsigned char head[HEAD_BYTES];
	size_t sectors;

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head + AT_MAGIC, "HdrS", 4) != 0 ||
	    (read_u32(head + AT_VERSION) & 0xffff) < VERSION_PAYLOAD)
		return err_set(err, EINVAL,
			       "%s is no kernel for x86 (a bzImage of boot "
			       "protocol 2.08 or later)",
			       image);
	sectors = head[AT_SECTORS] ? head[AT_SECTORS] : 4;
	payload->at = (off_t)((sectors + 1) * SECTOR_BYTES +
			      read_u32(head + AT_PAYLOAD));
	payload->size = read_u32(head + AT_PAYLOAD_LENGTH);
	return 0;
}

static int know_packing(int fd, const char *image, struct payload *payload,
			struct err *err)
{
	char magic[8] = "";
	const struct packing *p = packings;

	if (pread(fd, magic, sizeof(magic), payload->at) < 0)
		return err_sys(err, errno, "%s", image);
	while (p->magic && memcmp(magic, p->magic, p->size) != 0)
		p++;
	if (!p->magic || payload->size < p->size + p->tail)
		return err_set(err, EINVAL,
			       "%s is packed in a way that is not known (xz, "
			       "zstd, lz4 and gzip are)",
			       image);
	payload->packing = p;
	payload->size -= p->tail;
	return 0;
}

static int copy_payload(int fd, const struct payload *payload, const char *to,
			struct err *err)
{
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t at = payload->at, end = at + (off_t)payload->size;
	int rc = 0;

	if (out < 0)
		return err_sys(err, errno, "%s", to);
	while (!rc && at < end) {
		ssize_t n = sendfile(out, fd, &at, (size_t)(end - at));

		if (n == 0)
			rc = err_set(err, EINVAL, "a kernel is cut off");
		else if (n < 0)
			rc = err_sys(err, errno, "%s", to);
	}
	close(out);
	return rc;
}

static int unpack(const struct packing *packing, const char *file,
		  const char *to, struct err *err)
{
	const char *const argv[] = { packing->program, "-dc", file, NULL };

	return run_program(&(struct run_args){ .argv = argv,
					       .package = packing->package,
					       .output_file = to },
			   NULL, err);
}

static int check_elf(const char *file, const char *image, struct err *err)
{
	char magic[4] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, magic, sizeof(magic));

	if (fd >= 0)
		close(fd);
	if (n == sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0)
		return 0;
	return err_set(err, EINVAL, "what %s unpacks to is no ELF file", image);
}

int kernel_unpack(const char *image, const char *dir, const char *to,
		  struct err *err)
{
	char file[PATH_MAX + 32];
	struct payload payload = { 0 };
	int fd = open(image, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "%s", image);
	rc = find_payload(fd, image, &payload, err);
	if (!rc)
		rc = know_packing(fd, image, &payload, err);
	if (!rc) {
		snprintf(file, sizeof(file), "%s/kernel.%s", dir,
			 payload.packing->suffix);
		rc = copy_payload(fd, &payload, file, err);
	}
	close(fd);
	if (!rc)
		rc = unpack(payload.packing, file, to, err);
	return rc ? rc : check_elf(to, image, err);
}
