/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/userdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *variable, *in_home, *what;
} places[] = {
	[USERDIR_CACHE] = { "XDG_CACHE_HOME", ".cache", "cache" },
	[USERDIR_STATE] = { "XDG_STATE_HOME", ".local/state", "state" },
};

/* NULL where the variable is no absolute path. */
static const char *get_path(const char *variable)
{
	const char *path = getenv(variable);

	return path && *path == '/' ? path : NULL;
}

static int name_dir(enum userdir which, const char *below, char *dir,
		    struct err *err)
{
	const char *own = get_path(places[which].variable);
	const char *home = get_path("HOME");
	int n;

	if (!own && !home)
		return err_set(err, ENOENT,
			       "no %s directory: set $HOME or $%s to one",
			       places[which].what, places[which].variable);
	n = snprintf(dir, PATH_MAX, "%s%s%s/vazao%s%s", own ? own : home,
		     own ? "" : "/", own ? "" : places[which].in_home,
		     *below ? "/" : "", below);
	if (n >= PATH_MAX)
		return err_set(err, ENAMETOOLONG,
			       "the %s directory's name, by $%s",
			       places[which].what,
			       own ? places[which].variable : "HOME");
	return 0;
}

int userdir_open(enum userdir which, const char *below,
		 char dir[static PATH_MAX], struct err *err)
{
	int rc = name_dir(which, below, dir, err);

	if (rc)
		return rc;
	for (char *slash = strchr(dir + 1, '/');;
	     slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "%s", dir);
		if (!slash)
			return 0;
		*slash = '/';
	}
}
