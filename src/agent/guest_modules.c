/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* "xen_netback" of ".../xen-netback.ko": as the kernel calls it. */
static void name_module(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');

	path = slash ? slash + 1 : path;
	snprintf(name, size, "%.*s", (int)strcspn(path, "."), path);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
}

/* What the kernel's command line has for the module, MODULE.PARAMETER=VALUE,
 * as modprobe(8) would pass it on. */
static void find_parameters(const char *module, char *text, size_t size)
{
	char line[4096] = "";
	FILE *in = fopen("/proc/cmdline", "re");
	size_t length = strlen(module), used = 0;

	*text = '\0';
	if (!in)
		return;
	if (!fgets(line, sizeof(line), in))
		*line = '\0';
	fclose(in);
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
		if (strncmp(word, module, length) == 0 && word[length] == '.' &&
		    used < size)
			used += (size_t)snprintf(text + used, size - used,
						 "%s ", word + length + 1);
}

static void load(const char *path)
{
	char name[64], parameters[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	name_module(path, name, sizeof(name));
	find_parameters(name, parameters, sizeof(parameters));
	if (fd < 0 || (syscall(SYS_finit_module, fd, parameters, 0) < 0 &&
		       errno != EEXIST))
		log_warn("module %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

int guest_load_modules(const char *list, struct err *err)
{
	char path[PATH_MAX];
	FILE *in = fopen(list, "re");

	if (!in && errno == ENOENT)
		return 0;
	if (!in)
		return err_sys(err, errno, "%s", list);
	while (fgets(path, sizeof(path), in)) {
		path[strcspn(path, "\n")] = '\0';
		load(path);
	}
	fclose(in);
	return 0;
}
