/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab_door.h - how a lab that stays is found and spoken to.
 *
 * Its holder listens at an abstract UNIX socket, "vazao-lab.UID.NAME": a name
 * that the kernel forgets when the last process of the lab is gone, so that
 * no crash leaves anything to be cleaned up. Labs are of one network
 * namespace (the one where `lab up` was called); /proc/net/unix lists them.
 *
 * A connection carries one request and one reply, each a JSON object; the
 * reply may bring descriptors along. Called by lab*.c.
 */
#ifndef VAZAO_CMD_LAB_DOOR_H
#define VAZAO_CMD_LAB_DOOR_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"

#define DOOR_NAME_MAX 49
#define DOOR_LABS_MAX 64
#define DOOR_FDS_MAX  4

/* What is asked: {"op": "list"}, {"op": "exec", "node", "argv"}, {"op":
 * "enter", "node"}. A reply with "error" {"code", "text"} is a refusal. */

struct door {
	uid_t uid;
	char name[DOOR_NAME_MAX];
};

/* -EINVAL for a name that is none; -EADDRINUSE where it is taken. The caller
 * calls listen(2): who does is the one that door_end() ends. */
int door_open(const char *name, int *fd, struct err *err);

/* The caller's labs, or everybody's if the caller is root; how many. */
size_t door_find(struct door door[DOOR_LABS_MAX]);

/* Of those, the one of that name; NULL: the only one of the caller's. */
int door_pick(const char *name, struct door *door, struct err *err);

/* `request` is stolen. The descriptors are the caller's; `fd` may be NULL. */
int door_ask(const struct door *door, json_t *request, json_t **reply,
	     int fd[DOOR_FDS_MAX], struct err *err);

/* Ends a lab, and waits until nothing of it is left. */
int door_end(const struct door *door, struct err *err);

/* The holder's side: one connection that came. 0, or -errno where the caller
 * may not ask, or what it wrote is no request. */
int door_read(int connection, json_t **request, struct err *err);
int door_answer(int connection, json_t *reply, const int *fd, int fds);

#endif
