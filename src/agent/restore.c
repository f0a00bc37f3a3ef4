/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/netdev.h"

#define RUN_DIR	  "/run/vazao"
#define PREFIX	  "restore-"
#define NOTES_MAX (1024 * 1024)

struct restore {
	int fd;
	char path[64]; /* "": in memory alone */
	json_t *noted; /* the keys of what is in the file: a set */
};

/* Interfaces are those of a network namespace: its number, in the names of the
 * files that tell of them. */
static unsigned long long own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0
		       ? 0
		       : (unsigned long long)st.st_ino;
}

/* Held while its keeper lives: whoever can lock it may put it back. */
static int open_file(struct restore *r)
{
	if ((mkdir(RUN_DIR, 0700) < 0 && errno != EEXIST) ||
	    access(RUN_DIR, W_OK) < 0)
		return memfd_create("vazao-restore", MFD_CLOEXEC);
	snprintf(r->path, sizeof(r->path), RUN_DIR "/" PREFIX "%llu-%d",
		 own_netns(), (int)getpid());
	return open(r->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		    0600);
}

int restore_open(struct restore **restore, struct err *err)
{
	struct restore *r = calloc(1, sizeof(*r));

	*restore = NULL;
	if (!r)
		return err_sys(err, ENOMEM, "notes of what is changed");
	r->fd = open_file(r);
	if (r->fd < 0 || flock(r->fd, LOCK_EX | LOCK_NB) < 0) {
		int code = errno;

		if (r->fd >= 0)
			close(r->fd);
		free(r);
		return err_sys(err, code, "notes of what is changed");
	}
	r->noted = json_object();
	*restore = r;
	return 0;
}

void restore_close(struct restore *restore)
{
	if (!restore)
		return;
	if (restore->path[0])
		unlink(restore->path);
	close(restore->fd);
	json_decref(restore->noted);
	free(restore);
}

/* Steals `note`. On disk before the change is made. */
static int add_note(struct restore *r, const char *key, json_t *note,
		    struct err *err)
{
	char *text = json_dumps(note, JSON_COMPACT);
	int rc = 0;

	if (!text || dprintf(r->fd, "%s\n", text) < 0 ||
	    (fdatasync(r->fd) < 0 && errno != EINVAL))
		rc = err_sys(err, errno, "noting what is to be changed");
	else
		json_object_set_new(r->noted, key, json_true());
	free(text);
	json_decref(note);
	return rc;
}

static bool is_noted(const struct restore *r, char *key, size_t size,
		     const char *kind, const char *name)
{
	snprintf(key, size, "%s %s", kind, name);
	return !r || json_object_get(r->noted, key);
}

int restore_note_mtu(struct restore *restore, int fd, const char *ifname,
		     struct err *err)
{
	char key[64];
	int mtu, rc;

	if (is_noted(restore, key, sizeof(key), "mtu", ifname))
		return 0;
	rc = netdev_get_mtu(fd, ifname, &mtu, err);
	return rc ? rc
		  : add_note(restore, key,
			     json_pack("{ss si}", "ifname", ifname, "mtu", mtu),
			     err);
}

int restore_note_features(struct restore *restore, int fd, const char *ifname,
			  struct err *err)
{
	json_t *features;
	char key[64];
	int rc;

	if (is_noted(restore, key, sizeof(key), "features", ifname))
		return 0;
	rc = netdev_get_offload(fd, ifname, &features, err);
	return rc ? rc
		  : add_note(restore, key,
			     json_pack("{ss so}", "ifname", ifname, "features",
				       features),
			     err);
}

int restore_note_sysctl(struct restore *restore, const char *name,
			const char *value, struct err *err)
{
	char key[256];

	if (is_noted(restore, key, sizeof(key), "sysctl", name))
		return 0;
	return add_note(restore, key,
			json_pack("{ss ss}", "sysctl", name, "value", value),
			err);
}

/*
 * Back again.
 */

static int apply_netdev(const json_t *note, const char *ifname, struct err *err)
{
	json_t *mtu = json_object_get(note, "mtu");
	int fd = netdev_open(err);
	int rc;

	if (fd < 0)
		return fd;
	rc = mtu ? netdev_set_mtu(fd, ifname, (int)json_integer_value(mtu), err)
		 : netdev_set_features(fd, ifname,
				       json_object_get(note, "features"), err);
	close(fd);
	return rc;
}

static int apply_note(const json_t *note, struct err *err)
{
	const char *name = json_string_value(json_object_get(note, "sysctl"));
	const char *value = json_string_value(json_object_get(note, "value"));
	const char *ifname = json_string_value(json_object_get(note, "ifname"));

	if (name && value)
		return sysctl_put(name, value, err);
	return ifname ? apply_netdev(note, ifname, err)
		      : err_set(err, EBADMSG, "a note that is none");
}

/* A last line without its end was not followed by a change. */
static json_t *read_notes(int fd)
{
	char *text = calloc(1, NOTES_MAX + 1), *save = NULL;
	json_t *notes = json_array();
	ssize_t n = text ? pread(fd, text, NOTES_MAX, 0) : 0;

	for (char *line = n > 0 ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		json_array_append_new(notes, json_loads(line, 0, NULL));
	free(text);
	return notes;
}

static int apply_all(int fd, struct err *err)
{
	json_t *notes = read_notes(fd);
	int first = 0;

	for (size_t i = json_array_size(notes); i-- > 0;) {
		struct err why = ERR_INIT;

		if (!apply_note(json_array_get(notes, i), &why) || first)
			continue;
		first = -why.code;
		if (err)
			*err = why;
	}
	json_decref(notes);
	return first;
}

int restore_apply(struct restore *restore, struct err *err)
{
	return apply_all(restore->fd, err);
}

/* Its keeper lives: of a coordinator that was cut off it will be gone soon. */
static int await_keeper(int fd, const char *path, int64_t deadline_ns,
			struct err *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "%s", path);
		if (clock_mono_ns() >= deadline_ns)
			return err_set(err, EBUSY,
				       "another agent that may configure is "
				       "at work on this machine (%s)",
				       path);
		clock_sleep_ns(20 * NS_PER_MS);
	}
	return 0;
}

static int apply_leftover(const char *path, int64_t deadline_ns,
			  struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", path);
	rc = await_keeper(fd, path, deadline_ns, err);
	/* it has put back itself, and unlinked the file, if it could */
	if (!rc && access(path, F_OK) == 0) {
		log_warn("putting back what %s tells of", path);
		rc = apply_all(fd, err);
		unlink(path);
	}
	close(fd);
	return rc;
}

int restore_leftovers(struct err *err)
{
	DIR *dir = opendir(RUN_DIR);
	int64_t deadline_ns = clock_mono_ns() + RESTORE_PATIENCE_NS;
	struct dirent *entry;
	char path[512], prefix[64];
	int rc = 0;

	snprintf(prefix, sizeof(prefix), PREFIX "%llu-", own_netns());

	while (!rc && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), RUN_DIR "/%s", entry->d_name);
		rc = apply_leftover(path, deadline_ns, err);
	}
	if (dir)
		closedir(dir);
	return rc;
}
