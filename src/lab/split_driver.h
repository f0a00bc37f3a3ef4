/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * split_driver.h - Xen's split network driver for one vif: two processes,
 * `vazao netfront` on the guest's eth0 and `vazao netback` on vif<n>.0, joined
 * by a socket that they inherit. Both interfaces are TAPs that are there
 * already and stay when the processes end.
 *
 * Several guests may share one netback, as all guests of a driver domain do:
 * it is the first one's, their lead's, and is told of each by a socket
 * (xen/toolstack.h).
 *
 * Called by node_domU.c, inside a cage. When netback ends, so does netfront,
 * and, where it is not shared, the other way round; both end with the process
 * that started them.
 */
#ifndef VAZAO_LAB_SPLIT_DRIVER_H
#define VAZAO_LAB_SPLIT_DRIVER_H

#include <stdbool.h>
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
	int vlan; /* netback tags and filters; 0: it does not */
	/* Of kind domU (split_driver_options); may lack keys. Outlive it. */
	const json_t *options;
	bool shared;		   /* netback serves several guests */
	struct split_driver *lead; /* whose it is; NULL: this one's. Must be
				    * freed after the others were last used */
};

/* Starts nothing. */
int split_driver_new(struct split_driver **driver,
		     const struct split_driver_args *args, struct err *err);
void split_driver_free(struct split_driver *driver); /* stops it first */

/* Stops what runs, starts both and waits until they have connected; of a
 * shared netback only what does not run. The error has the last words of the
 * one that failed. */
int split_driver_start(struct split_driver *driver, struct err *err);
void split_driver_stop(struct split_driver *driver);

/* Of "netfront" or "netback"; 0: none was started. */
pid_t split_driver_pid(struct split_driver *driver, const char *program);

/* {"netfront": {...}, "netback": {...}}, see xen/counters.h; -EPIPE or
 * -ETIMEDOUT where one of them is gone or mute. A lead's are the sums over all
 * its guests. */
int split_driver_read_counters(struct split_driver *driver, json_t **counters,
			       struct err *err);

#endif
