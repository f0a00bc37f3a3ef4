/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cmd/doctor.h"

#define PROBE(fn, limit_ms, late, advice)                                   \
	{                                                                   \
		"probe", PROBE_RUN, fn, NULL, false, limit_ms, late, advice \
	}
#define END                                                          \
	{                                                            \
		NULL, PROBE_GROUPS, NULL, NULL, false, 0, NULL, NULL \
	}

static void find_good(const char *argument, struct finding *finding)
{
	(void)argument;
	finding_set(finding, FINDING_OK, "all is well");
}

static void find_nothing(const char *argument, struct finding *finding)
{
	finding_set(finding, FINDING_MISSING, "no %s", argument);
}

static void find_with_advice(const char *argument, struct finding *finding)
{
	(void)argument;
	finding_set(finding, FINDING_WARNING, "half");
	strcpy(finding->advice, "of its own");
}

/* Says who it is, then never answers. */
static int hanging_pid_pipe[2];

static void hang(const char *argument, struct finding *finding)
{
	pid_t pid = getpid();

	(void)argument;
	(void)finding;
	signal(SIGTERM, SIG_IGN);
	if (write(hanging_pid_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	for (;;)
		pause();
}

static void crash(const char *argument, struct finding *finding)
{
	(void)argument;
	(void)finding;
	signal(SIGABRT, SIG_DFL);
	raise(SIGKILL);
}

static void leave(const char *argument, struct finding *finding)
{
	(void)argument;
	(void)finding;
	_exit(3);
}

static void run_one(const struct probe *probe, struct finding *finding)
{
	const struct probe probes[] = { *probe, END };
	struct err err = ERR_INIT;

	assert_int_equal(
		doctor_run(probes, PROBE_RUN, PROBE_KERNEL, finding, &err), 0);
}

static void test_answers(void **state)
{
	const struct probe good = PROBE(find_good, 0, NULL, "not needed");
	const struct probe lacking = {
		"x", PROBE_RUN, find_nothing, "tool", false, 0, NULL, "get it"
	};
	const struct probe own = PROBE(find_with_advice, 0, NULL, "the row's");
	struct finding f;

	(void)state;
	run_one(&good, &f);
	assert_int_equal(f.verdict, FINDING_OK);
	assert_string_equal(f.text, "all is well");
	assert_string_equal(f.advice, "");
	run_one(&lacking, &f);
	assert_int_equal(f.verdict, FINDING_MISSING);
	assert_string_equal(f.text, "no tool");
	assert_string_equal(f.advice, "get it");
	run_one(&own, &f);
	assert_string_equal(f.advice, "of its own");
}

static void test_deadline(void **state)
{
	const struct probe probes[] = {
		PROBE(hang, 200, "it hangs", "leave it"),
		PROBE(find_good, 0, NULL, NULL),
		END,
	};
	struct finding f[2];
	struct err err = ERR_INIT;
	int64_t start_ns = clock_mono_ns(), took_ns;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hanging_pid_pipe), 0);
	assert_int_equal(doctor_run(probes, PROBE_RUN, PROBE_KERNEL, f, &err),
			 0);
	took_ns = clock_mono_ns() - start_ns;
	assert_true(took_ns >= 200 * NS_PER_MS);
	assert_true(took_ns < 2 * NS_PER_S);
	assert_int_equal(f[0].verdict, FINDING_WARNING);
	assert_string_equal(f[0].text, "it hangs");
	assert_string_equal(f[0].advice, "leave it");
	assert_string_equal(f[1].text, "all is well");
	/* and it is gone */
	assert_int_equal(read(hanging_pid_pipe[0], &pid, sizeof(pid)),
			 sizeof(pid));
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	close(hanging_pid_pipe[0]);
	close(hanging_pid_pipe[1]);
}

static void test_deaths(void **state)
{
	const struct probe killed = PROBE(crash, 0, NULL, NULL);
	const struct probe left = PROBE(leave, 0, NULL, "look at it");
	struct finding f;

	(void)state;
	run_one(&killed, &f);
	assert_int_equal(f.verdict, FINDING_WARNING);
	assert_string_equal(f.text, "the probe died of signal 9");
	run_one(&left, &f);
	assert_string_equal(f.text, "the probe failed");
	assert_string_equal(f.advice, "look at it");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* all reaped */
}

static void test_groups(void **state)
{
	const struct probe probes[] = {
		PROBE(find_good, 0, NULL, NULL),
		{ "noise", PROBE_NOISE, find_good, NULL, false, 0, NULL, NULL },
		END,
	};
	struct finding f[2] = { { .text = "untouched" } };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(doctor_count_probes(probes), 2);
	assert_int_equal(doctor_run(probes, PROBE_NOISE, PROBE_NOISE, f, &err),
			 0);
	assert_string_equal(f[0].text, "untouched");
	assert_string_equal(f[1].text, "all is well");
}

/* The table itself: names are unique, groups stand together. */
static void test_table(void **state)
{
	const struct probe *p = doctor_probes;

	(void)state;
	for (size_t i = 0; p[i].name; i++) {
		assert_non_null(p[i].run);
		assert_true(p[i].group < PROBE_GROUPS);
		assert_true(i == 0 || p[i].group >= p[i - 1].group);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(p[i].name, p[k].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deaths),	cmocka_unit_test(test_groups),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
