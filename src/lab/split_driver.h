/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * split_driver.h - Xen's split network driver for one vif: two processes,
 * `vazao netfront` on the guest's eth0 and `vazao netback` on vif<n>.0, joined
 * by a socket that they inherit. Both interfaces are TAPs that are there
 * already and stay when the processes end.
 *
 * Called by node_domU.c, inside a cage. When one of the two ends, so does the
 * other; both end with the process that started them.
 */
#ifndef VAZAO_LAB_SPLIT_DRIVER_H
#define VAZAO_LAB_SPLIT_DRIVER_H

#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"
#include "lab/links.h"

struct split_driver;

struct split_driver_args {
	const char *self_path;
	const struct lab_netns *front, *back; /* outlive the driver */
	const char *front_tap, *back_tap;     /* "eth0", "vif1.0" */
	const char *mac;		      /* of the guest */
	int domid;
	/* Of kind domU (split_driver_options); may lack keys. Outlive it. */
	const json_t *options;
};

/* Starts nothing. */
int split_driver_new(struct split_driver **driver,
		     const struct split_driver_args *args, struct err *err);
void split_driver_free(struct split_driver *driver); /* stops it first */

/* Stops what runs, starts both and waits until they have connected. The error
 * has the last words of the one that failed. */
int split_driver_start(struct split_driver *driver, struct err *err);
void split_driver_stop(struct split_driver *driver);

/* Of "netfront" or "netback"; 0: none was started. */
pid_t split_driver_pid(const struct split_driver *driver, const char *program);

/* {"netfront": {...}, "netback": {...}}, see xen/counters.h; -EPIPE or
 * -ETIMEDOUT where one of them is gone or mute. */
int split_driver_read_counters(struct split_driver *driver, json_t **counters,
			       struct err *err);

#endif
