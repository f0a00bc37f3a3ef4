/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/workload.h"

static const struct workload_ops *const workloads[] = {
	[WORKLOAD_TCP_STREAM] = &tcp_stream_ops,
};

const struct workload_ops *workload_of(const struct point *point)
{
	return workloads[point->value[AXIS_WORKLOAD]];
}
