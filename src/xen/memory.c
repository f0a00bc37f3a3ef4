/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "xen/netif.h"

#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static size_t bytes_of(uint32_t frames)
{
	return (size_t)frames * XEN_PAGE_SIZE;
}

static int map(struct memory *memory, int prot, int flags)
{
	void *base = mmap(NULL, bytes_of(memory->frames), prot, flags,
			  memory->fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	memory->base = base;
	return 0;
}

int memory_create(struct memory *memory, const char *name, uint32_t frames,
		  enum memory_seal seal, struct err *err)
{
	int seals = SEALS_NEEDED;
	int rc;

	if (seal == MEMORY_PEER_READS)
		seals |= F_SEAL_FUTURE_WRITE; /* our mapping, made before, is
					       * not touched by it */
	*memory = (struct memory)MEMORY_INIT;
	memory->frames = frames;
	memory->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->fd < 0)
		return err_sys(err, errno, "memfd_create(%s)", name);
	rc = ftruncate(memory->fd, (off_t)bytes_of(frames)) ? -errno : 0;
	if (!rc)
		rc = map(memory, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE);
	if (!rc && fcntl(memory->fd, F_ADD_SEALS, seals) < 0)
		rc = -errno;
	if (rc) {
		memory_free(memory);
		return err_sys(err, -rc, "%s: %u pages of shared memory", name,
			       frames);
	}
	return 0;
}

int memory_check(int fd, uint32_t frames, const char *what, struct err *err)
{
	struct statfs fs;
	struct stat st;
	int seals;

	if (!frames || frames > MEMORY_MAX_FRAMES)
		return err_set(err, EPROTO, "%s: %u pages, not 1 to %u", what,
			       frames, MEMORY_MAX_FRAMES);
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0 ||
	    !S_ISREG(st.st_mode) || fs.f_type != TMPFS_MAGIC)
		return err_set(err, EPROTO, "%s is no memfd", what);
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED)
		return err_set(err, EPROTO,
			       "%s is not sealed against shrink, grow and seal",
			       what);
	if (st.st_size < (off_t)bytes_of(frames))
		return err_set(err, EPROTO, "%s has %lld bytes, not %u pages",
			       what, (long long)st.st_size, frames);
	return 0;
}

int memory_map(struct memory *memory, int fd, uint32_t frames, bool writable,
	       const char *what, struct err *err)
{
	int rc = memory_check(fd, frames, what, err);

	*memory = (struct memory){ .fd = fd, .frames = frames };
	if (!rc) {
		rc = map(memory, PROT_READ | (writable ? PROT_WRITE : 0),
			 MAP_SHARED);
		if (rc)
			err_sys(err, -rc, "mapping %s", what);
	}
	if (rc)
		memory_free(memory);
	return rc;
}

int memory_reserve(struct memory *memory, uint32_t frames, struct err *err)
{
	int rc;

	*memory = (struct memory){ .fd = -1, .frames = frames };
	rc = map(memory, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	return rc ? err_sys(err, -rc, "reserving %u pages", frames) : 0;
}

int memory_show(struct memory *memory, uint32_t at, int fd, uint32_t frame)
{
	void *page = mmap(memory_page(memory, at), XEN_PAGE_SIZE,
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			  (off_t)bytes_of(frame));

	return page == MAP_FAILED ? -errno : 0;
}

void memory_free(struct memory *memory)
{
	if (memory->base)
		munmap(memory->base, bytes_of(memory->frames));
	if (memory->fd >= 0)
		close(memory->fd);
	*memory = (struct memory)MEMORY_INIT;
}
