/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/threads.h"

/* A child like QEMU: a thread that is a machine's CPU, and the rest. */

static int told[2]; /* the CPU thread's number comes through it */

static void *be_cpu(void *arg)
{
	pid_t tid = gettid();

	prctl(PR_SET_NAME, "CPU 0/TCG");
	if (write(told[1], &tid, sizeof(tid)) < 0)
		_exit(1);
	for (;;)
		pause();
	return arg;
}

static _Noreturn void be_emulator(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, be_cpu, NULL))
		_exit(1);
	for (;;)
		pause();
}

static void get(pid_t tid, cpu_set_t *cpus)
{
	assert_int_equal(sched_getaffinity(tid, sizeof(*cpus), cpus), 0);
}

static void test_cpus_and_the_rest_are_told_apart(void **state)
{
	cpu_set_t before, one, rest, now;
	pid_t pid, cpu_tid;
	int cpu = 0;

	(void)state;
	get(0, &before);
	if (CPU_COUNT(&before) < 2)
		skip(); /* nothing that could differ */
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CPU_XOR(&rest, &before, &one);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0)
		be_emulator();
	assert_int_equal(read(told[0], &cpu_tid, sizeof(cpu_tid)),
			 sizeof(cpu_tid));
	assert_int_equal(threads_place(getpid(), "CPU ", &one, &rest), 2);
	get(cpu_tid, &now);
	assert_true(CPU_EQUAL(&now, &one));
	get(pid, &now);
	assert_true(CPU_EQUAL(&now, &rest));
	assert_int_equal(threads_place(pid, "CPU ", &one, &rest), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus_and_the_rest_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
