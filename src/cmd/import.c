/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao import: what other tools measured, as cells without a history, beside
 * a study's own or as a study of their own. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/foreign.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "store/imported.h"
#include "store/store.h"

struct options {
	const char *dir, *path;
	struct opt_list sets;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct options, dir), "DIR",
	  "the study to import into; where there is none, one is made of them alone" },
	{ "path", 'p', OPT_STRING, offsetof(struct options, path), "NAME",
	  "what the path is called (default: the tool's name)" },
	{ "set", 0, OPT_LIST, offsetof(struct options, sets), "AXIS=VALUE",
	  "what the files do not tell, or tell wrongly, e.g. --set mtu=500" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

struct job {
	const struct options *options;
	struct store *store;
	bool own; /* the study is of imports alone: it takes any point */
	bool made_dir, fresh; /* by us: goes again where nothing came of it */
	struct point *point;
	size_t points, results;
};

static int set_axis(const char *text, struct foreign *found, struct err *err)
{
	const char *equal = strchr(text, '=');
	char name[64];
	int axis;

	snprintf(name, sizeof(name), "%.*s",
		 equal ? (int)(equal - text) : (int)strlen(text), text);
	axis = axis_find(name);
	if (!equal || axis < 0)
		return err_set(err, EINVAL,
			       "--set %s: AXIS=VALUE is wanted, such as "
			       "mtu=1500 or socket_size=64K",
			       text);
	found->told[axis] = true;
	return axis_parse((enum axis)axis, equal + 1, &found->point.value[axis],
			  err);
}

static int find_point(const struct job *job, const struct point *point)
{
	for (size_t i = 0; i < job->points; i++)
		if (point_equal(&job->point[i], point))
			return (int)i;
	return -1;
}

/* In a study of imports alone each new point is one more. */
static int add_point(struct job *job, const struct point *point,
		     struct err *err)
{
	struct point *more =
		reallocarray(job->point, job->points + 1, sizeof(*more));

	if (!more)
		return err_set(err, ENOMEM, "out of memory");
	job->point = more;
	job->point[job->points] = *point;
	return store_add_point(job->store, (int)job->points++, point, err);
}

static int place(struct job *job, const struct foreign *found, int *point,
		 struct err *err)
{
	char text[256];
	int rc = 0;

	*point = find_point(job, &found->point);
	if (*point >= 0)
		return 0;
	point_format(&found->point, text, sizeof(text));
	if (!job->own)
		return err_set(err, EINVAL,
			       "the study has no point %s: put it right with "
			       "--set, or import into a directory of its own",
			       text);
	*point = (int)job->points;
	rc = add_point(job, &found->point, err);
	return rc;
}

static int import_one(struct job *job, const char *file, struct foreign *found,
		      struct err *err)
{
	const struct options *o = job->options;
	struct store_imported row = {
		.throughput_mbps = found->throughput_mbps,
		.seconds = found->seconds,
	};
	char text[256];
	int rc = 0;

	for (size_t i = 0; !rc && i < o->sets.count; i++)
		rc = set_axis(o->sets.item[i], found, err);
	rc = rc ? rc : place(job, found, &row.point, err);
	if (rc)
		return rc;
	snprintf(row.path, sizeof(row.path), "%s",
		 o->path ? o->path : found->tool);
	snprintf(row.tool, sizeof(row.tool), "%s", found->tool);
	snprintf(row.source, sizeof(row.source), "%s", file);
	rc = store_add_imported(job->store, &row, err);
	if (rc)
		return rc;
	point_format(&found->point, text, sizeof(text));
	printf("%s: %s, %.1f Mbit/s, %s\n", file, row.path, row.throughput_mbps,
	       text);
	job->results++;
	return 0;
}

static int import_file(struct job *job, const char *file, struct err *err)
{
	static struct foreign found[FOREIGN_MAX];
	size_t count;
	int rc = foreign_read(file, found, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < count; i++)
		rc = import_one(job, file, &found[i], err);
	return rc ? err_wrap(err, "%s", file) : 0;
}

static int import_all(struct job *job, int argc, char **argv, struct err *err)
{
	int rc = store_begin(job->store, err);

	if (rc)
		return rc;
	for (int i = 0; !rc && i < argc; i++)
		rc = import_file(job, argv[i], err);
	if (!rc)
		return store_commit(job->store, err);
	store_undo(job->store);
	return rc;
}

/* A new study's facts, or what an older one is. */
static int describe(struct job *job, bool fresh, struct err *err)
{
	char now[32], *source = NULL;
	int rc = 0;

	clock_format_real(clock_real_ns(), now);
	if (fresh) {
		rc = store_set_meta(job->store, "source", "import", err);
		rc = rc ? rc
			: store_set_meta(job->store, "title", "Imported", err);
		rc = rc ? rc
			: store_set_meta(job->store, "started_at", now, err);
	}
	rc = rc ? rc : store_get_meta(job->store, "source", &source, err);
	job->own = source && strcmp(source, "import") == 0;
	free(source);
	return rc;
}

static int open_study(struct job *job, struct err *err)
{
	const char *dir = job->options->dir;
	char db[4096];
	int rc;

	snprintf(db, sizeof(db), "%.4000s/study.db", dir);
	job->fresh = access(db, F_OK) < 0;
	job->made_dir = job->fresh && mkdir(dir, 0777) == 0;
	if (job->fresh && !job->made_dir && errno != EEXIST)
		return err_sys(err, errno, "%s", dir);
	rc = store_open(&job->store, dir,
			job->fresh ? STORE_CREATE : STORE_WRITE, err);
	rc = rc ? rc : describe(job, job->fresh, err);
	return rc ? rc
		  : store_load_points(job->store, &job->point, &job->points,
				      err);
}

/* A study of which nothing came would be taken for one. */
static void leave_nothing(const struct job *job)
{
	static const char *const files[] = { "study.db", "study.db-wal",
					     "study.db-shm" };
	const char *dir = job->options->dir;
	char path[4096];

	for (size_t i = 0; job->fresh && i < 3; i++) {
		snprintf(path, sizeof(path), "%.4000s/%s", dir, files[i]);
		unlink(path);
	}
	if (job->made_dir)
		rmdir(dir);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	struct job job = { .options = &options };
	struct err err = ERR_INIT;
	int status, rc;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	if (argc == 0)
		err_set(&err, EINVAL,
			"FILE is missing: what another tool "
			"wrote");
	else if (!options.dir)
		err_set(&err, EINVAL,
			"-o DIR is missing: the study to import "
			"into, or a new one");
	if (err.code) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	rc = open_study(&job, &err);
	rc = rc ? rc : import_all(&job, argc, argv, &err);
	store_close(job.store);
	free(job.point);
	if (rc)
		leave_nothing(&job);
	else
		printf("%zu cells in %s; see vazao report %s\n", job.results,
		       options.dir, options.dir);
	return rc ? cmd_fail(command, &err) : CMD_DONE;
}

const struct command cmd_import = {
	.name = "import",
	.arguments = "FILE...",
	.help = "take in what iperf3, netperf or flent measured",
	.options = rows,
	.run = run,
};
