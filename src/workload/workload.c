/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/workload.h"

#include <sys/socket.h>

/* clang-format off */
static const struct workload workloads[] = {
	[WORKLOAD_TCP_STREAM]	= { &stream_ops,     TRANSPORT_IP,    SOCK_STREAM },
	[WORKLOAD_TCP_RR]	= { &rr_ops,	     TRANSPORT_IP,    SOCK_STREAM },
	[WORKLOAD_TCP_CRR]	= { &crr_ops,	     TRANSPORT_IP,    SOCK_STREAM },
	[WORKLOAD_UDP_STREAM]	= { &udp_stream_ops, TRANSPORT_IP,    SOCK_DGRAM },
	[WORKLOAD_UDP_RR]	= { &udp_rr_ops,     TRANSPORT_IP,    SOCK_DGRAM },
	[WORKLOAD_UNIX_STREAM]	= { &stream_ops,     TRANSPORT_UNIX,  SOCK_STREAM },
	[WORKLOAD_UNIX_RR]	= { &rr_ops,	     TRANSPORT_UNIX,  SOCK_STREAM },
	[WORKLOAD_UNIX_CRR]	= { &crr_ops,	     TRANSPORT_UNIX,  SOCK_STREAM },
	[WORKLOAD_UNIX_PACKET]	= { &udp_stream_ops, TRANSPORT_UNIX,  SOCK_SEQPACKET },
	[WORKLOAD_VSOCK_STREAM] = { &stream_ops,     TRANSPORT_VSOCK, SOCK_STREAM },
	[WORKLOAD_VSOCK_RR]	= { &rr_ops,	     TRANSPORT_VSOCK, SOCK_STREAM },
	[WORKLOAD_VSOCK_CRR]	= { &crr_ops,	     TRANSPORT_VSOCK, SOCK_STREAM },
};
/* clang-format on */

const struct workload *workload_of(const struct point *point)
{
	return &workloads[point->value[AXIS_WORKLOAD]];
}
