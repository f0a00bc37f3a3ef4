/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "workload/end.h"

#define PAGE 4096

/* A signal may fall into the gap that wake.h tells of: sent again so often. */
#define NUDGE_NS NS_PER_MS

struct worker {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of `working` and `quit` */
	pthread_cond_t turned;
	bool working, quit;
	/* Set for the worker to look at, reset before it begins. */
	atomic_bool stop, abandon, cut;
	atomic_bool failed, closed; /* the worker's to say */
	/* The worker's own while it works, the crew's else. */
	const struct workload_ops *ops;
	struct lane *lane;
	struct wake wake;
	struct window window;
	struct mark mark[2];
	int rc;
	struct err err;
};

static void mark_datagrams(const struct lane *lane, struct mark *mark)
{
	mark->received = mark->expected = mark->reordered = 0;
	mark->jitter_us = 0;
	for (size_t i = 0; i < lane->flows; i++) {
		const struct sequence *s = &lane->flow[i].sequence;

		mark->received += s->received;
		mark->expected += s->expected;
		mark->reordered += s->reordered;
		mark->jitter_us += s->jitter_ns / 1e3 / (double)lane->flows;
	}
}

int crew_count_until(struct lane *lane, struct wake *wake, int64_t edge_ns,
		     struct mark *mark, crew_look *look, void *arg,
		     struct err *err)
{
	const struct workload_ops *ops = workload_of(lane->point)->ops;
	int rc;

	wake_at(wake, edge_ns);
	do {
		rc = ops->count(lane, err);
		mark->bytes = lane_bytes(lane);
		wake_clear();
		mark->ns = clock_mono_ns();
		if (!rc)
			rc = look(arg, err);
	} while (!rc && mark->ns < edge_ns);
	mark_datagrams(lane, mark);
	return rc < 0 ? rc : 0;
}

static int look_for_abandon(void *arg, struct err *err)
{
	struct worker *worker = arg;

	if (atomic_load(&worker->abandon))
		return err_set(err, ECANCELED, "the turn was given up");
	return atomic_load(&worker->cut);
}

/* What was asked is answered before the turn ends. */
static int settle(struct worker *worker, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + worker->lane->patience_ns;
	int rc = 0;

	while (!rc && worker->lane->busy) {
		rc = worker->ops->drain(worker->lane, err);
		if (!rc && worker->lane->busy)
			rc = sock_wait(lane_data_fd(worker->lane), POLLIN,
				       deadline_ns);
		if (rc == -ETIMEDOUT)
			lane_stuck(worker->lane, "no response came", err);
	}
	return rc;
}

static int count(struct worker *worker, struct err *err)
{
	struct lane *lane = worker->lane;
	int rc = crew_count_until(lane, &worker->wake, worker->window.open_ns,
				  &worker->mark[0], look_for_abandon, worker,
				  err);

	lane->measuring = lane->turn > 0;
	if (!rc)
		rc = crew_count_until(
			lane, &worker->wake,
			worker->mark[0].ns + worker->window.measure_ns,
			&worker->mark[1], look_for_abandon, worker, err);
	lane->measuring = false;
	atomic_store(&worker->closed, true);
	if (worker->ops->exchange)
		return rc ? rc : settle(worker, err);
	while (!rc && !atomic_load(&worker->stop)) {
		wake_clear();
		if (!atomic_load(&worker->stop))
			rc = worker->ops->count(lane, err);
	}
	return rc;
}

static int feed(struct worker *worker, struct err *err)
{
	int rc = 0;

	wake_at(&worker->wake, clock_mono_ns() + WAKE_AGAIN_NS);
	while (!rc && !atomic_load(&worker->stop)) {
		wake_clear();
		if (!atomic_load(&worker->stop))
			rc = worker->ops->feed(worker->lane, err);
	}
	return rc;
}

static void work(struct worker *worker)
{
	worker->err = (struct err)ERR_INIT;
	worker->rc = worker->lane->counts ? count(worker, &worker->err)
					  : feed(worker, &worker->err);
	wake_stop(&worker->wake);
	if (worker->rc)
		atomic_store(&worker->failed, true);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	int rc = wake_open(&worker->wake, &worker->err);

	pthread_mutex_lock(&worker->lock);
	worker->rc = rc;
	worker->working = false;
	pthread_cond_broadcast(&worker->turned);
	while (!rc && !worker->quit) {
		if (!worker->working) {
			pthread_cond_wait(&worker->turned, &worker->lock);
			continue;
		}
		pthread_mutex_unlock(&worker->lock);
		work(worker);
		pthread_mutex_lock(&worker->lock);
		worker->working = false;
		pthread_cond_broadcast(&worker->turned);
	}
	pthread_mutex_unlock(&worker->lock);
	if (!rc)
		wake_close(&worker->wake);
	return NULL;
}

/* A worker is no thread for signals meant for the process. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int start_worker(struct worker *worker, struct err *err)
{
	int rc;

	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->turned, NULL);
	worker->working = true; /* until it is ready */
	rc = start_thread(worker);
	if (rc)
		return err_sys(err, rc, "starting a thread");
	worker->started = true;
	pthread_mutex_lock(&worker->lock);
	while (worker->working)
		pthread_cond_wait(&worker->turned, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
	if (worker->rc && err)
		*err = worker->err;
	return worker->rc;
}

/* Not zeros: nothing on the way shall find them easy to handle. */
static char *make_buffer(size_t bytes)
{
	char *buffer = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);

	if (buffer)
		memset(buffer, 0x5a, bytes);
	return buffer;
}

static int fill_crew(struct crew *crew, const struct crew_args *args,
		     struct err *err)
{
	const struct workload_ops *ops = workload_of(args->point)->ops;

	for (size_t i = 0; i < args->lanes; i++) {
		size_t bytes =
			ops->buffer_bytes(args->point, i < args->counting);
		int rc;

		crew->buffer[i] = make_buffer(bytes);
		if (!crew->buffer[i])
			return err_sys(err, ENOMEM, "a buffer of %zu bytes",
				       bytes);
		rc = i ? start_worker(&crew->worker[i], err) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

int crew_open(struct crew *crew, const struct crew_args *args, struct err *err)
{
	int rc = wake_open(&crew->wake, err);

	crew->lanes = 0;
	crew->buffer = NULL;
	crew->worker = NULL;
	if (rc)
		return rc;
	crew->lanes = args->lanes;
	crew->buffer = calloc(args->lanes, sizeof(*crew->buffer));
	crew->worker = calloc(args->lanes, sizeof(*crew->worker));
	rc = crew->buffer && crew->worker
		     ? fill_crew(crew, args, err)
		     : err_sys(err, ENOMEM, "%zu threads", args->lanes);
	if (rc)
		crew_close(crew);
	return rc;
}

void crew_close(struct crew *crew)
{
	for (size_t i = 0; crew->worker && i < crew->lanes; i++) {
		struct worker *worker = &crew->worker[i];

		if (!worker->started)
			continue;
		pthread_mutex_lock(&worker->lock);
		worker->quit = true;
		pthread_cond_broadcast(&worker->turned);
		pthread_mutex_unlock(&worker->lock);
		pthread_join(worker->thread, NULL);
	}
	for (size_t i = 0; crew->buffer && i < crew->lanes; i++)
		free(crew->buffer[i]);
	free(crew->buffer);
	free(crew->worker);
	wake_close(&crew->wake);
	*crew = (struct crew){ 0 };
}

void crew_start(struct crew *crew, struct end *end, bool counts,
		const struct window *window)
{
	for (size_t i = 1; i < end->lanes; i++) {
		struct worker *worker = &crew->worker[i];

		if (end->lane[i].counts != counts)
			continue;
		pthread_mutex_lock(&worker->lock);
		worker->ops = end->ops;
		worker->lane = &end->lane[i];
		if (window)
			worker->window = *window;
		atomic_store(&worker->stop, false);
		atomic_store(&worker->abandon, false);
		atomic_store(&worker->failed, false);
		atomic_store(&worker->cut, false);
		atomic_store(&worker->closed, false);
		worker->working = true;
		pthread_cond_broadcast(&worker->turned);
		pthread_mutex_unlock(&worker->lock);
	}
}

/* Asleep again; nudged as long as it is not. */
static void await(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (worker->working) {
		int64_t until_ns = clock_mono_ns() + NUDGE_NS;
		const struct timespec until = {
			.tv_sec = until_ns / NS_PER_S,
			.tv_nsec = until_ns % NS_PER_S,
		};

		pthread_kill(worker->thread, SIGALRM);
		pthread_cond_clockwait(&worker->turned, &worker->lock,
				       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&worker->lock);
}

int crew_stop(struct crew *crew, struct end *end, bool counts, struct err *err)
{
	int rc = 0;

	for (size_t i = 1; i < end->lanes; i++)
		if (end->lane[i].counts == counts)
			atomic_store(&crew->worker[i].stop, true);
	for (size_t i = 1; i < end->lanes; i++) {
		struct worker *worker = &crew->worker[i];

		if (end->lane[i].counts != counts)
			continue;
		await(worker);
		if (!rc && atomic_load(&worker->failed)) {
			rc = worker->rc;
			if (err)
				*err = worker->err;
		}
	}
	return rc;
}

void crew_cut(struct crew *crew, struct end *end)
{
	for (size_t i = 1; i < end->counting; i++)
		atomic_store(&crew->worker[i].cut, true);
	for (size_t i = 1; i < end->counting; i++)
		while (!atomic_load(&crew->worker[i].closed)) {
			pthread_kill(crew->worker[i].thread, SIGALRM);
			clock_sleep_ns(NUDGE_NS);
		}
}

int crew_abandon(struct crew *crew, struct end *end, struct err *err)
{
	for (size_t i = 1; i < end->lanes; i++)
		atomic_store(&crew->worker[i].abandon, true);
	crew_stop(crew, end, true, NULL);
	crew_stop(crew, end, false, NULL);
	for (size_t i = 1; i < end->lanes; i++) {
		struct worker *worker = &crew->worker[i];

		if (!atomic_load(&worker->failed) || worker->rc == -ECANCELED)
			continue;
		if (err)
			*err = worker->err;
		return worker->rc;
	}
	return 0;
}

bool crew_failed(const struct crew *crew)
{
	for (size_t i = 1; i < crew->lanes; i++)
		if (atomic_load(&crew->worker[i].failed))
			return true;
	return false;
}

const struct mark *crew_marks(const struct crew *crew, size_t lane)
{
	return crew->worker[lane].mark;
}
