/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/make.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/cache.h"
#include "image/cpio.h"
#include "image/kernel.h"
#include "image/modules.h"
#include "image/run.h"
#include "image/tree.h"

/* Downloaded and unpacked, the largest recipe takes less. */
#define ROOM_BYTES (INT64_C(900) << 20)

struct making {
	const struct make_args *args;
	const struct recipe *recipe;
	char scratch[PATH_MAX]; /* in it: */
	char debs[PATH_MAX], root[PATH_MAX], out[PATH_MAX];
	char modules[PATH_MAX]; /* root/lib/modules/RELEASE */
	char kernel[PATH_MAX];	/* unpacked, in scratch until it is out's */
	struct cpio *cpio;
};

static void say(const struct making *m, const char *line)
{
	if (m->args->build->say)
		m->args->build->say(m->args->build->arg, line);
}

static int make_dir(char path[static PATH_MAX], const char *above,
		    const char *name, struct err *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", above, name) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%s", above);
	return mkdir(path, 0755) < 0 ? err_sys(err, errno, "%s", path) : 0;
}

static int make_room(struct making *m, struct err *err)
{
	int64_t free_bytes;
	int rc = cache_make_scratch(m->args->cache, m->scratch, &free_bytes,
				    err);

	if (rc)
		return rc;
	if (free_bytes < ROOM_BYTES)
		return err_set(err, ENOSPC,
			       "%s: making it takes %d MiB of disk for a "
			       "moment, %d are free",
			       m->args->cache, (int)(ROOM_BYTES >> 20),
			       (int)(free_bytes >> 20));
	rc = make_dir(m->debs, m->scratch, "debs", err);
	if (!rc)
		rc = make_dir(m->root, m->scratch, "root", err);
	return rc ? rc : make_dir(m->out, m->scratch, "out", err);
}

/* The one file below `dir` that fits the shell's pattern. */
static int find_file(const char *dir, const char *pattern,
		     char path[static PATH_MAX], struct err *err)
{
	char whole[PATH_MAX + 128];
	glob_t found;
	int rc = 0;

	snprintf(whole, sizeof(whole), "%s/%s", dir, pattern);
	if (glob(whole, 0, NULL, &found) || found.gl_pathc != 1)
		rc = err_set(err, ENOENT,
			     "the packages have not just one file %s", pattern);
	else
		snprintf(path, PATH_MAX, "%s", found.gl_pathv[0]);
	globfree(&found);
	return rc;
}

static int unpack(const struct making *m, struct err *err)
{
	char pattern[PATH_MAX + 8];
	glob_t found;
	int rc = 0;

	say(m, "unpacking");
	snprintf(pattern, sizeof(pattern), "%s/*.deb", m->debs);
	if (glob(pattern, 0, NULL, &found))
		return err_set(err, EIO, "apt brought no package");
	for (size_t i = 0; i < found.gl_pathc && !rc; i++) {
		const char *const argv[] = { "dpkg-deb", "-x",
					     found.gl_pathv[i], m->root, NULL };

		rc = run_program(
			&(struct run_args){ .argv = argv, .package = "dpkg" },
			NULL, err);
	}
	globfree(&found);
	return rc ? err_wrap(err, "unpacking packages") : 0;
}

/* Debian's packages come without modules.dep: depmod makes it. */
static int find_dependencies(struct making *m, struct err *err)
{
	const char *argv[] = { "depmod", "-b", m->root, NULL, NULL };
	int rc = find_file(m->root, "lib/modules/*", m->modules, err);

	if (rc)
		return rc;
	argv[3] = strrchr(m->modules, '/') + 1;
	return run_program(
		&(struct run_args){ .argv = argv, .package = "kmod" }, NULL,
		err);
}

/*
 * What is in the image.
 */

/* The modules of one machine, and their order as the file `list`. */
static int add_modules(struct making *m, const char *const *names,
		       const char *list, struct err *err)
{
	return modules_add(m->cpio,
			   &(struct modules_wanted){ .dir = m->modules,
						     .names = names,
						     .list = list },
			   err);
}

/* What this machine boots another with: the kernel is the same. */
static int add_guest(struct making *m, struct err *err)
{
	int rc = cpio_add_file(m->cpio, "kernel", 0644, m->kernel, err);

	return rc ? rc
		  : add_modules(m, m->recipe->guest_modules, "modules/guest",
				err);
}

/* Each with the directory that it is in. */
static int add_texts(struct making *m, struct err *err)
{
	const struct recipe *r = m->recipe;
	int rc = 0;

	for (const struct recipe_text *t = r->texts; t && t->name && !rc; t++) {
		char dir[256];

		snprintf(dir, sizeof(dir), "%.*s",
			 (int)(strrchr(t->name, '/') - t->name), t->name);
		cpio_add_dir(m->cpio, dir, NULL);
		rc = cpio_add_text(m->cpio, t->name, t->mode, t->text, err);
	}
	for (const struct recipe_link *l = r->links; l && l->name && !rc; l++)
		rc = cpio_add_symlink(m->cpio, l->name, l->target, err);
	return rc;
}

static int fill(struct making *m, struct err *err)
{
	const struct recipe *r = m->recipe;
	int rc = cpio_add_dir(m->cpio, "dev", err);

	if (!rc)
		rc = cpio_add_char_device(m->cpio, "dev/console", makedev(5, 1),
					  err);
	if (!rc)
		rc = cpio_add_dir(m->cpio, "modules", err);
	if (!rc)
		rc = add_modules(m, r->modules, "modules/order", err);
	if (!rc && r->guest_modules)
		rc = add_guest(m, err);
	if (!rc && r->skip)
		rc = tree_add(
			m->cpio,
			&(struct tree_args){ .root = m->root, .skip = r->skip },
			err);
	return rc ? rc : add_texts(m, err);
}

static int write_initrd(struct making *m, struct err *err)
{
	const void *bytes;
	size_t size;
	int rc = cpio_create(&m->cpio, err);

	if (rc)
		return rc;
	say(m, "putting it together");
	rc = fill(m, err);
	if (!rc)
		rc = cpio_finish(m->cpio, &bytes, &size, err);
	if (!rc)
		rc = cache_write_file(m->out, "initrd", bytes, size, err);
	cpio_free(m->cpio);
	return rc;
}

static int unpack_kernel(struct making *m, struct err *err)
{
	char packed[PATH_MAX];
	int rc = find_file(m->root, "boot/vmlinuz-*", packed, err);

	if (!rc &&
	    snprintf(m->kernel, PATH_MAX, "%s/kernel", m->scratch) >= PATH_MAX)
		rc = err_set(err, ENAMETOOLONG, "%s", m->scratch);
	return rc ? rc : kernel_unpack(packed, m->scratch, m->kernel, err);
}

static int take_kernel(const struct making *m, struct err *err)
{
	char to[PATH_MAX + 8];

	snprintf(to, sizeof(to), "%s/kernel", m->out);
	return rename(m->kernel, to) < 0 ? err_sys(err, errno, "%s", to) : 0;
}

static int take_hypervisor(const struct making *m, struct err *err)
{
	const char *argv[] = { "gzip", "-dc", NULL, NULL };
	char from[PATH_MAX], to[PATH_MAX + 8];
	struct run_args run = { .argv = argv,
				.package = "gzip",
				.output_file = to };
	int rc = find_file(m->root, m->recipe->hypervisor, from, err);

	if (rc)
		return rc;
	snprintf(to, sizeof(to), "%s/xen", m->out);
	argv[2] = from;
	return run_program(&run, NULL, err);
}

static int put_together(struct making *m, struct err *err)
{
	const char *packages = m->args->packages;
	int rc = find_dependencies(m, err);

	if (!rc)
		rc = unpack_kernel(m, err);
	if (!rc)
		rc = write_initrd(m, err);
	if (!rc)
		rc = take_kernel(m, err);
	if (!rc && m->recipe->hypervisor)
		rc = take_hypervisor(m, err);
	if (!rc)
		rc = cache_write_file(m->out, "packages", packages,
				      strlen(packages), err);
	if (!rc && rename(m->out, m->args->dir) < 0)
		rc = err_sys(err, errno, "%s", m->args->dir);
	return rc;
}

int make_image(const struct make_args *args, struct err *err)
{
	struct making *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return err_sys(err, ENOMEM, "an image");
	m->args = args;
	m->recipe = args->recipe;
	rc = make_room(m, err);
	if (!rc) {
		say(m, "downloading Debian's packages");
		rc = apt_download(args->apt, m->debs, err);
	}
	if (!rc)
		rc = unpack(m, err);
	if (!rc)
		rc = put_together(m, err);
	if (m->scratch[0])
		cache_remove(m->scratch, NULL);
	free(m);
	return rc;
}
