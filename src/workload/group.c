/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/group.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

struct member {
	struct group *group;
	size_t index;
	int rc; /* of the last task */
	struct err err;
};

struct group {
	struct gate gate;
	size_t threads; /* started */
	struct member *member;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t turned;
	unsigned int run; /* how many there were: who has not done it, does */
	size_t working;
	group_task *task;
	void *arg;
	bool quit;
};

static void carry_out(struct member *member)
{
	struct group *group = member->group;

	member->err = (struct err)ERR_INIT;
	member->rc = group->task(group->arg, member->index, &member->err);
	if (member->rc)
		gate_break(&group->gate);
}

static void *member_main(void *arg)
{
	struct member *member = arg;
	struct group *group = member->group;
	unsigned int done = 0;

	pthread_mutex_lock(&group->lock);
	while (!group->quit) {
		if (done == group->run) {
			pthread_cond_wait(&group->turned, &group->lock);
			continue;
		}
		done = group->run;
		pthread_mutex_unlock(&group->lock);
		carry_out(member);
		pthread_mutex_lock(&group->lock);
		if (--group->working == 0)
			pthread_cond_broadcast(&group->turned);
	}
	pthread_mutex_unlock(&group->lock);
	return NULL;
}

/* No thread for signals meant for the process: those that it wants it
 * unblocks itself. */
static int start_threads(struct group *group, struct err *err)
{
	sigset_t all, before;
	int code = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < group->gate.members && !code; i++) {
		struct member *member = &group->member[i];

		*member = (struct member){ .group = group, .index = i };
		code = pthread_create(&group->gate.thread[i], NULL, member_main,
				      member);
		group->threads += code == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code ? err_sys(err, code, "starting a thread") : 0;
}

int group_open(struct group **group, size_t members, struct err *err)
{
	struct group *made = calloc(1, sizeof(*made));
	int rc;

	*group = NULL;
	if (!made)
		return err_sys(err, ENOMEM, "%zu pairs", members);
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->turned, NULL);
	made->gate.members = members;
	made->gate.thread = calloc(members, sizeof(*made->gate.thread));
	made->member = calloc(members, sizeof(*made->member));
	if (made->gate.thread && made->member)
		rc = start_threads(made, err);
	else
		rc = err_sys(err, ENOMEM, "%zu pairs", members);
	if (rc)
		group_close(made);
	else
		*group = made;
	return rc;
}

void group_close(struct group *group)
{
	if (!group)
		return;
	pthread_mutex_lock(&group->lock);
	group->quit = true;
	pthread_cond_broadcast(&group->turned);
	pthread_mutex_unlock(&group->lock);
	for (size_t i = 0; i < group->threads; i++)
		pthread_join(group->gate.thread[i], NULL);
	pthread_cond_destroy(&group->turned);
	pthread_mutex_destroy(&group->lock);
	free(group->gate.thread);
	free(group->member);
	free(group);
}

struct gate *group_gate(struct group *group)
{
	return &group->gate;
}

static int judge(const struct group *group, size_t *failed, struct err *err)
{
	const struct member *culprit = NULL;

	for (size_t i = 0; i < group->gate.members; i++) {
		const struct member *member = &group->member[i];

		if (member->rc && (!culprit || culprit->rc == -ECANCELED))
			culprit = member;
		if (culprit && culprit->rc != -ECANCELED)
			break;
	}
	if (!culprit)
		return 0;
	*failed = culprit->index;
	if (err)
		*err = culprit->err;
	return culprit->rc;
}

int group_run(struct group *group, group_task *task, void *arg, size_t *failed,
	      struct err *err)
{
	pthread_mutex_lock(&group->lock);
	group->task = task;
	group->arg = arg;
	group->working = group->gate.members;
	group->run++;
	pthread_cond_broadcast(&group->turned);
	while (group->working)
		pthread_cond_wait(&group->turned, &group->lock);
	pthread_mutex_unlock(&group->lock);
	return judge(group, failed, err);
}
