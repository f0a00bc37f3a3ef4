/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao report and vazao figures as a user meets them: exit status, output,
 * one clear line where something is wrong. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/synthetic.h"
#include "cmd/cmd.h"

#define OUTPUT_MAX 65536

/* A study and a place for what commands write. */
struct scene {
	char study[40], other[40], work[40];
	char out[OUTPUT_MAX], err[OUTPUT_MAX]; /* of the last command */
};

static int scene_open(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct synthetic study = synthetic_quick, slower = synthetic_quick;
	struct err err = ERR_INIT;

	slower.effect = -0.2;
	slower.salt = 1000;
	strcpy(s->other, "/tmp/vazao-cmd-study-XXXXXX");
	if (synthetic_create(s->other, &slower, &err))
		return -1;
	study.trouble = true;
	strcpy(s->study, "/tmp/vazao-cmd-study-XXXXXX");
	strcpy(s->work, "/tmp/vazao-cmd-work-XXXXXX");
	if (synthetic_create(s->study, &study, &err) || !mkdtemp(s->work))
		return -1;
	*state = s;
	return 0;
}

static int scene_close(void **state)
{
	struct scene *s = *state;

	synthetic_remove(s->study);
	synthetic_remove(s->other);
	synthetic_remove(s->work);
	free(s);
	return 0;
}

static void slurp(const char *path, char *text)
{
	FILE *in = fopen(path, "r");
	size_t n;

	assert_non_null(in);
	n = fread(text, 1, OUTPUT_MAX - 1, in);
	text[n] = '\0';
	fclose(in);
}

/* Standard output or error to a file; returns what it was. */
static int divert(int fd, const char *path)
{
	int saved = dup(fd),
	    file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_true(saved >= 0 && file >= 0);
	dup2(file, fd);
	close(file);
	return saved;
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* Runs "report ARG ..." given as one string, cut at blanks; %S is the study,
 * %O the slower one, %W the work directory. Returns the exit status. */
static int run(struct scene *s, const struct command *command, const char *line)
{
	char copy[1024] = "", out[64], err[64], *argv[16], *save = NULL;
	int argc = 0, saved_out, saved_err, status;

	for (size_t used = 0; *line; line++) {
		bool place = *line == '%';

		line += place;
		used += (size_t)snprintf(copy + used, sizeof(copy) - used,
					 place ? "%s" : "%.1s",
					 !place		? line
					 : *line == 'S' ? s->study
					 : *line == 'O' ? s->other
							: s->work);
	}
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	snprintf(out, sizeof(out), "%s/.out", s->work);
	snprintf(err, sizeof(err), "%s/.err", s->work);
	fflush(NULL);
	saved_out = divert(STDOUT_FILENO, out);
	saved_err = divert(STDERR_FILENO, err);
	status = command->run(command, argc, argv);
	fflush(NULL);
	restore(STDOUT_FILENO, saved_out);
	restore(STDERR_FILENO, saved_err);
	slurp(out, s->out);
	slurp(err, s->err);
	return status;
}

static void refuse(struct scene *s, const struct command *command,
		   const char *line, int status, const char *said)
{
	int got = run(s, command, line);

	if (got != status || !strstr(s->err, said) ||
	    strchr(s->err, '\n') != s->err + strlen(s->err) - 1)
		fail_msg("%s: %d '%s', not %d '...%s...'", line, got, s->err,
			 status, said);
	assert_string_equal(s->out, "");
}

static void test_report_prints(void **state)
{
	struct scene *s = *state;

	assert_int_equal(run(s, &cmd_report, "report %S"), CMD_DONE);
	assert_memory_equal(s->out, "quick\n", 6);
	assert_null(strchr(s->out, '\033'));
	assert_int_equal(run(s, &cmd_report, "report --format csv %S"),
			 CMD_DONE);
	assert_memory_equal(s->out, "path,workload,", 14);
	assert_int_equal(run(s, &cmd_report, "report %S --format=md"),
			 CMD_DONE);
	assert_memory_equal(s->out, "# quick\n", 8);
	assert_string_equal(s->err, "");
}

static void test_report_refuses(void **state)
{
	struct scene *s = *state;
	char db[64];

	refuse(s, &cmd_report, "report", CMD_USAGE, "DIR is missing");
	refuse(s, &cmd_report, "report %S %W", CMD_USAGE,
	       "one study at a time");
	refuse(s, &cmd_report, "report %S --format xml", CMD_USAGE,
	       "'xml' is not a report format: one of txt, csv, json, md");
	refuse(s, &cmd_report, "report %S --raw", CMD_USAGE,
	       "--raw is for --format json, not txt");
	refuse(s, &cmd_report, "report %W/no", CMD_REFUSED,
	       "/no: holds no study");
	refuse(s, &cmd_report, "report %W", CMD_REFUSED, "holds no study");
	snprintf(db, sizeof(db), "%s/study.db", s->work);
	fclose(fopen(db, "w"));
	refuse(s, &cmd_report, "report %W", CMD_REFUSED, "holds no study");
	truncate(db, 4096);
	refuse(s, &cmd_report, "report %W", CMD_REFUSED, "study.db");
	unlink(db);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void test_output_takes_its_place_whole(void **state)
{
	struct scene *s = *state;
	char path[64], text[OUTPUT_MAX];
	mode_t mask = umask(022);
	FILE *old;

	snprintf(path, sizeof(path), "%s/report.csv", s->work);
	old = fopen(path, "w");
	fputs("old\n", old);
	fclose(old);
	/* a study that cannot be read leaves it alone */
	refuse(s, &cmd_report, "report %W --format csv -o %W/report.csv",
	       CMD_REFUSED, "holds no study");
	slurp(path, text);
	assert_string_equal(text, "old\n");

	assert_int_equal(
		run(s, &cmd_report, "report %S --format csv -o %W/report.csv"),
		CMD_DONE);
	assert_string_equal(s->out, "");
	slurp(path, text);
	assert_memory_equal(text, "path,workload,", 14);
	assert_int_equal(mode_of(path), 0644);
	umask(mask);
	refuse(s, &cmd_report, "report %S -o %W/no/report.csv", CMD_REFUSED,
	       "/no/report.csv: No such file");
	refuse(s, &cmd_report, "report %S -o %W", CMD_REFUSED,
	       "Is a directory");
}

static void test_full_disk_is_said(void **state)
{
	struct scene *s = *state;
	int saved = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY);
	char *argv[] = { "report", s->study, NULL };
	int status;

	fflush(NULL);
	dup2(full, STDOUT_FILENO);
	close(full);
	status = cmd_report.run(&cmd_report, 2, argv);
	restore(STDOUT_FILENO, saved);
	clearerr(stdout);
	assert_int_equal(status, CMD_REFUSED);
}

static void test_figures(void **state)
{
	struct scene *s = *state;
	char path[128];
	int status = run(s, &cmd_figures, "figures %S --format svg -o %W");

	if (status == CMD_LACKING) {
		print_message("%s", s->err);
		skip();
	}
	assert_int_equal(status, CMD_DONE);
	assert_non_null(strstr(s->out, "14 figures in "));
	snprintf(path, sizeof(path), "%s/efficiency-domU-mtu-500.svg", s->work);
	assert_int_equal(access(path, R_OK), 0);
	snprintf(path, sizeof(path), "%s/efficiency-domU-mtu-500.png", s->work);
	assert_int_not_equal(access(path, R_OK), 0);
}

static void test_figures_refuses(void **state)
{
	struct scene *s = *state;

	refuse(s, &cmd_figures, "figures", CMD_USAGE, "DIR is missing");
	refuse(s, &cmd_figures, "figures %S --format svg --format gif",
	       CMD_USAGE, "'gif' is not a figure format: one of svg, png, pdf");
	refuse(s, &cmd_figures, "figures %W/no", CMD_REFUSED, "holds no study");
	refuse(s, &cmd_figures, "figures %S -o %W/.out/x", CMD_REFUSED,
	       ".out/x");
}

static void test_compare(void **state)
{
	struct scene *s = *state;
	json_t *json;

	assert_int_equal(run(s, &cmd_compare, "compare %S %O"),
			 CMD_VERDICT_AGAINST);
	assert_memory_equal(s->out, "worse: B against A, efficiency", 30);
	assert_non_null(strstr(s->out, "domU: worse on average"));
	assert_int_equal(run(s, &cmd_compare, "compare %O %S"), CMD_DONE);
	assert_int_equal(
		run(s, &cmd_compare, "compare %O:domU %O:dom0 --format md"),
		CMD_DONE);
	assert_non_null(strstr(s->out, "dom0 against domU: better"));
	assert_int_equal(run(s, &cmd_compare, "compare %S %O --format json"),
			 CMD_VERDICT_AGAINST);
	json = json_loads(s->out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "cells")), 16);
	json_decref(json);
	assert_int_equal(run(s, &cmd_compare, "compare %S %O --format junit"),
			 CMD_VERDICT_AGAINST);
	assert_non_null(strstr(s->out, "<failure message=\"worse: "));
	assert_non_null(strstr(s->out, "tests=\"18\""));
	/* halves of one study: the rounds are a second apart */
	assert_int_equal(run(s, &cmd_compare,
			     "compare %O@..2026-11-23T01:00:07 "
			     "%O@2026-11-23T01:00:07.."),
			 CMD_DONE);
}

/* Beside a study's own paths, and alone. */
static void test_import(void **state)
{
	static const char text[] =
		"THROUGHPUT=941.25\nTHROUGHPUT_UNITS=10^6bits/s\n"
		"LSS_SIZE_REQ=16384\nLOCAL_SEND_SIZE=4096\n"
		"TRANSPORT_MSS=1448\nELAPSED_TIME=7.00\n";
	struct scene *s = *state;
	char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/netperf.txt", s->work);
	out = fopen(path, "w");
	fputs(text, out);
	fclose(out);
	assert_int_equal(run(s, &cmd_import, "import %W/netperf.txt -o %O"),
			 CMD_DONE);
	assert_int_equal(run(s, &cmd_report, "report --format csv %O"),
			 CMD_DONE);
	assert_non_null(strstr(
		s->out, "\nnetperf,tcp_stream,send,1500,16384,4096,off,1,"
			"941.25,,,,,,,0,IMPORTED,"));
	assert_int_equal(run(s, &cmd_report, "report %O"), CMD_DONE);
	assert_non_null(strstr(s->out, "netperf: imported;"));
	/* what was compared before is as it was */
	assert_int_equal(run(s, &cmd_compare, "compare %S %O"),
			 CMD_VERDICT_AGAINST);
	assert_int_equal(run(s, &cmd_import,
			     "import %W/netperf.txt -o %W/alone -p bare "
			     "--set mtu=9000"),
			 CMD_DONE);
	assert_int_equal(run(s, &cmd_report, "report --format csv %W/alone"),
			 CMD_DONE);
	assert_non_null(strstr(s->out, "\nbare,tcp_stream,send,9000,"));
	refuse(s, &cmd_import, "import %W/netperf.txt -o %O --set mtu=9000",
	       CMD_REFUSED, "no point tcp_stream send mtu 9000");
	refuse(s, &cmd_import, "import %W/netperf.txt -o %O --set mut=9000",
	       CMD_REFUSED, "AXIS=VALUE is wanted");
	refuse(s, &cmd_import, "import %W/no -o %O", CMD_REFUSED, "/no: ");
	/* no study is left of which nothing came, nor one that was there hurt */
	refuse(s, &cmd_import, "import %W/no -o %W/never", CMD_REFUSED,
	       "/no: ");
	refuse(s, &cmd_report, "report %W/never", CMD_REFUSED, "no study");
	refuse(s, &cmd_import, "import %W/no -o %W/alone", CMD_REFUSED, "/no:");
	assert_int_equal(run(s, &cmd_report, "report %W/alone"), CMD_DONE);
	refuse(s, &cmd_import, "import %W/netperf.txt", CMD_USAGE,
	       "-o DIR is missing");
	snprintf(path, sizeof(path), "%s/alone", s->work);
	synthetic_remove(path);
}

static void test_compare_refuses(void **state)
{
	struct scene *s = *state;

	refuse(s, &cmd_compare, "compare %S", CMD_USAGE, "A B");
	refuse(s, &cmd_compare, "compare %S %S", CMD_REFUSED, "are the same");
	refuse(s, &cmd_compare, "compare %S:domU %O", CMD_REFUSED,
	       "needs one on the other");
	refuse(s, &cmd_compare, "compare %S:no %O:no", CMD_REFUSED,
	       "no path is called 'no'");
	refuse(s, &cmd_compare, "compare %S@yesterday %O", CMD_REFUSED,
	       "'yesterday' is no time");
	refuse(s, &cmd_compare, "compare %S@2020-01-01 %O", CMD_REFUSED,
	       "no block in it");
	refuse(s, &cmd_compare, "compare %S %O --margin 0", CMD_USAGE,
	       "--margin");
	refuse(s, &cmd_compare, "compare %S %O --format xml", CMD_USAGE,
	       "one of txt, md, json, junit, html");
	refuse(s, &cmd_compare, "compare %S %W/no", CMD_REFUSED,
	       "holds no study");
}

static size_t widest_line(const char *text)
{
	size_t widest = 0, n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		widest = n > widest ? n : widest;
	}
	return widest;
}

static void test_explain(void **state)
{
	struct scene *s = *state;
	json_t *json;

	assert_int_equal(run(s, &cmd_explain, "explain %O"), CMD_DONE);
	assert_non_null(strstr(s->out, "holds           Throughput falls"));
	assert_non_null(strstr(s->out, "What this study does not tell"));
	assert_null(strchr(s->out, '\033'));
	assert_in_range(widest_line(s->out), 60, 100);
	assert_int_equal(run(s, &cmd_explain, "explain -f md %O"), CMD_DONE);
	assert_non_null(strstr(s->out, "- **holds**: Throughput falls"));
	assert_int_equal(run(s, &cmd_explain, "explain --format json %S"),
			 CMD_DONE);
	json = json_loads(s->out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "statements")),
			 18);
	json_decref(json);
	refuse(s, &cmd_explain, "explain", CMD_USAGE, "DIR is missing");
	refuse(s, &cmd_explain, "explain %S -f pdf", CMD_USAGE,
	       "'pdf' is not one of: txt, md, json");
	refuse(s, &cmd_explain, "explain %W", CMD_REFUSED, "no study");
	refuse(s, &cmd_explain, "explain %S %S", CMD_USAGE, "one study");
}

static void test_advise(void **state)
{
	struct synthetic noisy = synthetic_quick;
	char noisy_dir[] = "/tmp/vazao-cmd-noisy-XXXXXX", line[80];
	struct scene *s = *state;
	struct err err = ERR_INIT;
	json_t *json, *groups;

	noisy.blocks = 3;
	noisy.noise = 0.8;
	assert_int_equal(synthetic_create(noisy_dir, &noisy, &err), 0);
	snprintf(line, sizeof(line), "advise %s", noisy_dir);
	assert_int_equal(run(s, &cmd_advise, line), CMD_VERDICT_AGAINST);
	assert_non_null(strstr(s->out, "likely\n"));
	synthetic_remove(noisy_dir);
	assert_int_equal(run(s, &cmd_advise, "advise %O --target 0.5"),
			 CMD_DONE);
	assert_null(strstr(s->out, "likely\n"));
	assert_non_null(strstr(s->out, "ip link set dev eth0 mtu 1500\n"));
	assert_non_null(strstr(s->out, "SO_SNDBUF, &(int){ 16384 }"));
	assert_int_equal(run(s, &cmd_advise, "advise %O -f json -t 0.5"),
			 CMD_DONE);
	json = json_loads(s->out, 0, NULL);
	groups = json_object_get(json, "groups");
	assert_int_equal(json_array_size(groups), 6);
	assert_int_equal(json_array_size(json_object_get(
				 json_array_get(groups, 0), "commands")),
			 5);
	json_decref(json);
	refuse(s, &cmd_advise, "advise %S --target 0", CMD_USAGE, "above 0");
	refuse(s, &cmd_advise, "advise %S --target 1.01", CMD_USAGE,
	       "at most 100");
	refuse(s, &cmd_advise, "advise %W", CMD_REFUSED, "no study");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_prints),
		cmocka_unit_test(test_report_refuses),
		cmocka_unit_test(test_output_takes_its_place_whole),
		cmocka_unit_test(test_full_disk_is_said),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_compare_refuses),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_advise),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_figures_refuses),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
