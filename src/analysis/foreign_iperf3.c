/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iperf3 -J. Throughput is end.sum_received, what arrived. The MTU is taken
 * from the MSS: Linux' TCP_MAXSEG has the timestamps' 12 bytes taken off, so
 * IPv4 and TCP make 52.
 */
#include <errno.h>
#include <string.h>

#include "analysis/foreign_tools.h"

#define HEADERS 52

static int64_t integer(const json_t *object, const char *key)
{
	return (int64_t)json_number_value(json_object_get(object, key));
}

static int set_sizes(const json_t *start, struct foreign *f, struct err *err)
{
	const json_t *test = json_object_get(start, "test_start");
	int64_t mss = integer(start, "tcp_mss_default");
	int64_t asked = integer(start, "sock_bufsize");
	int rc = foreign_set(f, AXIS_MESSAGE_SIZE, integer(test, "blksize"),
			     err);

	if (json_object_get(start, "tcp_mss"))
		mss = integer(start, "tcp_mss");
	if (!rc && json_object_get(start, "sock_bufsize"))
		rc = foreign_set(f, AXIS_SOCKET_SIZE, asked, err);
	if (!rc && mss > 0)
		rc = foreign_set(f, AXIS_MTU, mss + HEADERS, err);
	if (!rc)
		rc = foreign_set(f, AXIS_FLOWS, integer(test, "num_streams"),
				 err);
	return rc;
}

int iperf3_parse(const json_t *json, struct foreign *found, size_t *count,
		 struct err *err)
{
	const json_t *start = json_object_get(json, "start");
	const json_t *test = json_object_get(start, "test_start");
	const json_t *sum =
		json_object_get(json_object_get(json, "end"), "sum_received");
	const char *failed = json_string_value(json_object_get(json, "error"));
	const char *protocol =
		json_string_value(json_object_get(test, "protocol"));
	double bps = json_number_value(json_object_get(sum, "bits_per_second"));
	int rc;

	if (failed)
		return err_set(err, EINVAL, "iperf3 failed: %s", failed);
	if (!protocol || strcmp(protocol, "TCP") != 0)
		return err_set(err, EINVAL, "iperf3 over %s: only TCP is taken",
			       protocol ? protocol : "no protocol");
	if (integer(test, "bidir"))
		return err_set(err, EINVAL,
			       "iperf3 --bidir: two directions "
			       "in one; run them apart");
	if (!(bps > 0))
		return err_set(err, EINVAL,
			       "iperf3: no end.sum_received.bits_per_second");
	foreign_init(found, "iperf3");
	foreign_set(found, AXIS_WORKLOAD, WORKLOAD_TCP_STREAM, err);
	foreign_set(found, AXIS_DIRECTION,
		    integer(test, "reverse") ? DIRECTION_RECEIVE
					     : DIRECTION_SEND,
		    err);
	rc = set_sizes(start, found, err);
	found->throughput_mbps = bps / 1e6;
	found->seconds = json_number_value(json_object_get(sum, "seconds"));
	*count = 1;
	return rc;
}
