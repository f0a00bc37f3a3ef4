/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/xl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Probing.
 */

static bool read_text(const char *root, const char *file, char *text, int size)
{
	char path[PATH_MAX];
	FILE *in;
	bool got;

	snprintf(path, sizeof(path), "%s%s", root, file);
	in = fopen(path, "re");
	got = in && fgets(text, size, in);
	if (in)
		fclose(in);
	return got;
}

static bool find_tool(const char *root, const char *tool,
		      char path[static PATH_MAX])
{
	static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/sbin",
					    "/bin", "/usr/local/sbin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, PATH_MAX, "%s%s/%s", root, dirs[i], tool);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* dom0's mark: what it may do is written there by the hypervisor's driver. */
static int check_dom0(const char *root, struct err *err)
{
	char text[64];

	if (!read_text(root, "/proc/xen/capabilities", text, sizeof(text)))
		return err_set(err, ENODEV,
			       "this machine does not run Xen (there is no "
			       "/proc/xen/capabilities): boot it under Xen, or "
			       "use the plan quick-xen, which emulates one");
	if (!strstr(text, "control_d"))
		return err_set(err, ENODEV,
			       "this is a domU: only Xen's dom0 can start "
			       "others (/proc/xen/capabilities lacks "
			       "control_d)");
	return 0;
}

static int check_doors(const char *root, struct err *err)
{
	static const char *const doors[] = { "/dev/xen/privcmd",
					     "/dev/xen/xenbus" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, doors[i]);
		if (access(path, R_OK | W_OK) < 0)
			return err_set(err, errno == ENOENT ? ENODEV : EPERM,
				       "%s: %s: %s", doors[i], strerror(errno),
				       errno == ENOENT
					       ? "load the module xen-privcmd"
					       : "run as root");
	}
	return 0;
}

/* The last one is what is asked for. */
static const struct need {
	const char *tool, *package;
} needs[] = {
	{ "ip", "iproute2" },
	{ "xenstore-write", "xenstore-utils" },
	{ "xl", "xen-utils-common" },
	{ NULL, NULL },
};

int xl_find(const char *root, const char *tool, char path[static PATH_MAX],
	    struct err *err)
{
	const struct need *need = needs;

	while (need->tool && strcmp(need->tool, tool) != 0)
		need++;
	return find_tool(root, tool, path)
		       ? 0
		       : err_set(err, ENOPKG,
				 "there is no %s: install the package %s", tool,
				 need->tool ? need->package : tool);
}

int xl_probe(const char *root, char xl[static PATH_MAX], struct err *err)
{
	int rc = check_dom0(root, err);

	if (!rc)
		rc = check_doors(root, err);
	for (const struct need *n = needs; !rc && n->tool; n++)
		rc = xl_find(root, n->tool, xl, err);
	return rc;
}

/*
 * Texts.
 */

static int format(char *text, size_t size, struct err *err, const char *fmt,
		  ...) __attribute__((format(printf, 4, 5)));

static int format(char *text, size_t size, struct err *err, const char *fmt,
		  ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, size, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < size
		       ? 0
		       : err_set(err, ENAMETOOLONG, "a domU's configuration");
}

/* Each stands between quotes. */
static int check_quotes(const struct xl_domU *d, struct err *err)
{
	const char *const texts[] = { d->name,	d->kernel, d->ramdisk,
				      d->words, d->mac,	   d->control_mac,
				      d->script };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strpbrk(texts[i], "'\"\n\\"))
			return err_set(err, EINVAL,
				       "a domU's configuration: '%s' has a "
				       "quote in it",
				       texts[i]);
	return 0;
}

int xl_format_config(char *text, size_t size, const struct xl_domU *d,
		     struct err *err)
{
	int rc = check_quotes(d, err);

	if (rc)
		return rc;
	return format(text, size, err,
		      "name = \"%s\"\n"
		      "type = \"pv\"\n"
		      "kernel = \"%s\"\n"
		      "ramdisk = \"%s\"\n"
		      "memory = %d\n"
		      "vcpus = %d\n"
		      "vif = [ 'mac=%s,script=%s', 'mac=%s,script=%s' ]\n"
		      "on_poweroff = \"destroy\"\n"
		      "on_reboot = \"destroy\"\n"
		      "on_crash = \"destroy\"\n"
		      "extra = \"%s\"\n",
		      d->name, d->kernel, d->ramdisk, d->memory_mib, d->vcpus,
		      d->mac, d->script, d->control_mac, d->script, d->words);
}

int xl_format_script(char *text, size_t size, const struct xl_script *script,
		     struct err *err)
{
	return format(text, size, err,
		      "#!/bin/sh -e\n"
		      "# xl calls it: $vif and $XENBUS_PATH are its own\n"
		      "[ \"$1\" = online ] || exit 0\n"
		      "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
		      "case \"$vif\" in\n"
		      "*.0) name=%s ;;\n"
		      "*) name=%s ;;\n"
		      "esac\n"
		      "%s link set \"$vif\" down\n"
		      "%s link set \"$vif\" netns %s name \"$name\"\n"
		      "xenstore-write \"$XENBUS_PATH/hotplug-status\" "
		      "connected\n",
		      script->vif, script->control, script->ip, script->ip,
		      script->netns);
}

/* A line: "NAME  ID  Mem  VCPUs  State  Time(s)"; State is "r-----", with an
 * "s" in it for a domain that has shut down, a "c" for one that crashed. */
static bool is_dead(const char *line, const char *prefix, char *name,
		    size_t size)
{
	char first[128], state[16];

	if (sscanf(line, "%127s %*s %*s %*s %15s", first, state) != 2 ||
	    strncmp(first, prefix, strlen(prefix)) != 0 ||
	    !strpbrk(state, "sc"))
		return false;
	snprintf(name, size, "%s", first);
	return true;
}

bool xl_next_dead(const char **at, const char *prefix, char *name, size_t size)
{
	while (**at) {
		const char *line = *at;

		*at += strcspn(*at, "\n");
		*at += **at == '\n';
		if (is_dead(line, prefix, name, size))
			return true;
	}
	return false;
}
