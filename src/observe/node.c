/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a network namespace counts: protocols and interfaces. */
#include "observe/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/proc.h"

/* Linux 6.18 has 137 in netstat, 90 in snmp. */
#define SNMP_MAX 512

struct snmp {
	int netstat_fd, snmp_fd;
};

static size_t parse_file(int fd, char (*names)[PROC_NAME_MAX], uint64_t *values,
			 size_t max)
{
	char text[SOURCE_FILE_MAX];

	if (fd < 0 || !source_read_file(fd, text, sizeof(text)))
		return 0;
	return proc_parse_snmp(text, names, values, max);
}

static size_t parse_both(const struct snmp *snmp, char (*names)[PROC_NAME_MAX],
			 uint64_t *values, size_t max)
{
	size_t n = parse_file(snmp->netstat_fd, names, values, max);

	return n + parse_file(snmp->snmp_fd, names ? names + n : NULL,
			      values + n, max - n);
}

static bool read_snmp(struct source *source, const struct source_edge *edge,
		      uint64_t *values)
{
	(void)edge;
	return parse_both(source->state, NULL, values, source->count) ==
	       source->count;
}

static void close_snmp(struct source *source)
{
	struct snmp *snmp = source->state;

	if (snmp->netstat_fd >= 0)
		close(snmp->netstat_fd);
	if (snmp->snmp_fd >= 0)
		close(snmp->snmp_fd);
	free(snmp);
}

static const struct source_ops snmp_ops = { .read = read_snmp,
					    .close = close_snmp };

int sources_add_snmp(struct source **list, const char *where, size_t paths,
		     struct err *err)
{
	char names[SNMP_MAX][PROC_NAME_MAX];
	uint64_t values[SNMP_MAX];
	struct snmp *snmp = calloc(1, sizeof(*snmp));
	struct source_args args = { .ops = &snmp_ops,
				    .where = where,
				    .paths = paths,
				    .path = -1,
				    .state = snmp };
	int rc;

	if (!snmp)
		return err_set(err, ENOMEM, "out of memory");
	snmp->netstat_fd =
		open("/proc/thread-self/net/netstat", O_RDONLY | O_CLOEXEC);
	snmp->snmp_fd =
		open("/proc/thread-self/net/snmp", O_RDONLY | O_CLOEXEC);
	args.count = parse_both(snmp, names, values, SNMP_MAX);
	if (!args.count) {
		close_snmp(&(struct source){ .state = snmp });
		return 0;
	}
	rc = sources_add(list, &args, err);
	return rc ? rc : sources_name_rows(*list, names, err);
}

struct netdev {
	int fd;
	char ifname[16];
};

static bool read_netdev(struct source *source, const struct source_edge *edge,
			uint64_t *values)
{
	const struct netdev *netdev = source->state;
	char text[SOURCE_FILE_MAX];

	(void)edge;
	return source_read_file(netdev->fd, text, sizeof(text)) &&
	       proc_parse_netdev(text, netdev->ifname, values);
}

static void close_netdev(struct source *source)
{
	struct netdev *netdev = source->state;

	close(netdev->fd);
	free(netdev);
}

static const char *const netdev_names[NETDEV_COUNTS] = {
	"rx_packets", "rx_bytes", "rx_dropped", "rx_errors",
	"tx_packets", "tx_bytes", "tx_dropped", "tx_errors",
};

static const struct source_ops netdev_ops = { .read = read_netdev,
					      .close = close_netdev };

/* The file stays that of the namespace in which it was opened. */
static int open_netdev(void)
{
	return open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
}

/* -1 where we may not go there. */
static int open_netdev_in(const char *netns)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int other = open(netns, O_RDONLY | O_CLOEXEC);
	int fd = -1;

	if (own >= 0 && other >= 0 && setns(other, CLONE_NEWNET) == 0) {
		fd = open_netdev();
		if (setns(own, CLONE_NEWNET) < 0)
			abort(); /* nothing would be where it was asked for */
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return fd;
}

int sources_add_netdev(struct source **list, const char *where, size_t paths,
		       int path, const char *netns, const char *ifname,
		       struct err *err)
{
	struct netdev *netdev = calloc(1, sizeof(*netdev));
	const struct source_args args = { .ops = &netdev_ops,
					  .where = where,
					  .count = NETDEV_COUNTS,
					  .names = netdev_names,
					  .paths = paths,
					  .path = path,
					  .state = netdev };

	if (!netdev)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(netdev->ifname, sizeof(netdev->ifname), "%s", ifname);
	netdev->fd = netns ? open_netdev_in(netns) : open_netdev();
	if (netdev->fd < 0) {
		free(netdev);
		return 0;
	}
	return sources_add(list, &args, err);
}
