/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sock_options.h - the axes that are socket options, each a row of one table.
 * Called by sock.c alone.
 */
#ifndef VAZAO_WORKLOAD_SOCK_OPTIONS_H
#define VAZAO_WORKLOAD_SOCK_OPTIONS_H

#include "workload/sock.h"

/* Before bind() or connect(). An error names the axis. */
int sock_set_options(int fd, int family, const struct sock_args *args,
		     struct err *err);

#endif
