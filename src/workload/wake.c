/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"

/* glibc before 2.39 has the field, but not its name of signal(7). */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

_Thread_local volatile sig_atomic_t wake_flag;

static void on_signal(int number)
{
	(void)number;
	wake_flag = 1;
}

static int install(int number, struct err *err)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&action.sa_mask);
	if (sigaction(number, &action, NULL) < 0)
		return err_sys(err, errno, "sigaction");
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return 0;
}

int wake_open(struct wake *wake, struct err *err)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGALRM };
	int rc = install(SIGIO, err);

	if (!rc)
		rc = install(SIGALRM, err);
	if (rc)
		return rc;
	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &wake->timer) < 0)
		return err_sys(err, errno, "timer_create");
	return 0;
}

void wake_close(struct wake *wake)
{
	timer_delete(wake->timer);
}

int wake_on_data(int fd, struct err *err)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = gettid() };
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETOWN_EX, &owner) < 0 ||
	    fcntl(fd, F_SETFL, flags | O_ASYNC) < 0)
		return err_sys(err, errno, "asking for SIGIO");
	return 0;
}

static void set_timer(struct wake *wake, int64_t at_ns, int64_t again_ns)
{
	struct itimerspec spec = {
		.it_value = { .tv_sec = at_ns / NS_PER_S,
			      .tv_nsec = at_ns % NS_PER_S },
		.it_interval = { .tv_sec = again_ns / NS_PER_S,
				 .tv_nsec = again_ns % NS_PER_S },
	};

	timer_settime(wake->timer, TIMER_ABSTIME, &spec, NULL);
}

void wake_at(struct wake *wake, int64_t mono_ns)
{
	set_timer(wake, mono_ns, WAKE_AGAIN_NS);
}

void wake_stop(struct wake *wake)
{
	set_timer(wake, 0, 0);
}
