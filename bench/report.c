/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: report VAZAO [--blocks N] [--counters BYTES]
 *
 * Time and memory of `vazao report` over a made-up study of the 2007 study's
 * matrix with N stored blocks (a million by default), in every format. Asked
 * for: under 5 s and 200 MB; the first byte is timed, too. Exit status 1 where
 * that is missed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/synthetic.h"
#include "base/clock.h"
#include "opt/opt.h"

#define POINTS	     112
#define MOST_SECONDS 5.0
#define MOST_MB	     200.0

struct options {
	int64_t blocks, counters_bytes;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "blocks", 0, OPT_COUNT, offsetof(struct options, blocks), "N",
	  "blocks stored (default: 1000000)" },
	{ "counters", 0, OPT_BYTES, offsetof(struct options, counters_bytes), "BYTES",
	  "counters stored with each measurement (default: 0)" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

struct run {
	double seconds, first_seconds, mb;
	int64_t bytes;
	int status;
};

/* Reads all that the child writes; when the first byte came. */
static void drain(int fd, int64_t started_ns, struct run *run)
{
	static char buf[1 << 16];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 ||
	       (n < 0 && errno == EINTR)) {
		if (n > 0 && !run->bytes)
			run->first_seconds =
				(double)(clock_mono_ns() - started_ns) / 1e9;
		run->bytes += n > 0 ? n : 0;
	}
}

static int run_report(const char *vazao, const char *dir, const char *format,
		      struct run *run)
{
	int64_t started_ns = clock_mono_ns();
	struct rusage usage;
	int fd[2];
	pid_t pid;

	*run = (struct run){ 0 };
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDOUT_FILENO);
		execl(vazao, vazao, "report", "--format", format, dir, NULL);
		_exit(127);
	}
	close(fd[1]);
	drain(fd[0], started_ns, run);
	close(fd[0]);
	if (pid < 0 || wait4(pid, &run->status, 0, &usage) < 0)
		return -errno;
	run->seconds = (double)(clock_mono_ns() - started_ns) / 1e9;
	run->mb = (double)usage.ru_maxrss / 1024;
	return 0;
}

/* How many formats missed what is asked for. */
static int run_all(const char *vazao, const char *dir)
{
	static const char *const formats[] = { "csv", "txt", "md", "json",
					       "html" };
	int missed = 0;

	printf("%-12s %9s %12s %9s %12s\n", "format", "seconds", "first byte",
	       "MB", "bytes out");
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct run run;

		if (run_report(vazao, dir, formats[i], &run) || run.status)
			return 1 + fprintf(stderr, "report: %s failed\n",
					   formats[i]);
		missed += run.seconds > MOST_SECONDS || run.mb > MOST_MB;
		printf("%-12s %9.2f %12.2f %9.1f %12" PRId64 "\n", formats[i],
		       run.seconds, run.first_seconds, run.mb, run.bytes);
	}
	return missed;
}

static int make_study(char *dir, const struct options *o, struct err *err)
{
	struct synthetic study = synthetic_paper;
	int64_t started_ns = clock_mono_ns();
	char path[64];
	struct stat st = { 0 };
	int rc;

	study.blocks = (int)((o->blocks + POINTS - 1) / POINTS);
	study.counters_bytes = (size_t)o->counters_bytes;
	rc = synthetic_create(dir, &study, err);
	snprintf(path, sizeof(path), "%s/study.db", dir);
	stat(path, &st);
	if (!rc)
		printf("%d blocks of 3 paths, study.db of %.0f MB, made in "
		       "%.0f s\n",
		       study.blocks * POINTS, (double)st.st_size / 1e6,
		       (double)(clock_mono_ns() - started_ns) / 1e9);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options = { .blocks = 1000000 };
	char dir[] = "/tmp/vazao-bench-XXXXXX";
	struct err err = ERR_INIT;
	int rest_count, missed;
	char **rest;

	if (opt_parse(rows, &options, argc, argv, &rest, &rest_count, &err) ||
	    rest_count != 1) {
		fprintf(stderr,
			"usage: report VAZAO [--blocks N] "
			"[--counters BYTES]\n%s\n",
			err.text);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (make_study(dir, &options, &err)) {
		fprintf(stderr, "report: %s\n", err.text);
		return 3;
	}
	missed = run_all(rest[0], dir);
	synthetic_remove(dir);
	return missed ? 1 : 0;
}
