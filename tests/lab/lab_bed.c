/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/axis.h"
#include "base/clock.h"
#include "base/netdev.h"
#include "lab/cage.h"

#define SKIP	  77
#define NOBODY	  65534
#define BED_PORT  5001
#define BED_CHUNK (256 * 1024)

static void insist(int rc, const struct err *err)
{
	if (!rc)
		return;
	fprintf(stderr, "lab_bed: %s\n", err->text);
	exit(1);
}

struct lab *bed_create(int64_t link_bps, const char *self_path)
{
	static const struct lab_path_spec paths[BED_PATHS] = {
		[BED_NATIVE] = { "native", "native", NULL },
		[BED_DOM0] = { "dom0", "dom0", NULL },
		[BED_NATIVE2] = { "native2", "native", NULL },
	};
	const struct lab_args args = { .path = paths,
				       .paths = BED_PATHS,
				       .link_bps = link_bps,
				       .agent_path = self_path,
				       .self_path = self_path };
	struct lab_path_failure failures[BED_PATHS];
	struct err err = ERR_INIT;
	size_t failed = 0;
	struct lab *lab;

	insist(lab_create(&lab, &args, failures, &failed, &err), &err);
	if (failed)
		insist(-1, &failures[0].err);
	return lab;
}

static void set_end(const struct lab_end *end, int mtu, int offload)
{
	int fd = netns_ioctl_fd(end->node->netns);
	struct err err = ERR_INIT;

	insist(netdev_set_mtu(fd, end->ifname, mtu, &err), &err);
	insist(netdev_set_offload(fd, end->ifname, offload == OFFLOAD_ON, &err),
	       &err);
}

void bed_set(struct lab *lab, size_t path, int mtu, int offload)
{
	struct err err = ERR_INIT;

	set_end(lab_path_m1(lab, path), mtu, offload);
	set_end(lab_path_m2(lab, path), mtu, offload);
	insist(lab_set_hops(lab, path, mtu, offload, &err), &err);
}

/* Fixed sizes, below the cable's queue; no pacing. */
static int open_socket(const struct lab_end *end)
{
	const struct timeval patience = { .tv_sec = 5 };
	const int size = 128 * 1024;
	struct err err = ERR_INIT;
	int former = netns_enter(end->node->netns, &err);
	int fd;

	if (former < 0)
		insist(former, &err);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	netns_leave(former);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	return fd;
}

static struct sockaddr_in get_address(const struct lab_end *end)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(BED_PORT) };

	inet_pton(AF_INET, end->address, &sin.sin_addr);
	return sin;
}

static int open_listener(const struct lab_end *end)
{
	struct sockaddr_in sin = get_address(end);
	int fd = open_socket(end);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 1)) {
		perror("lab_bed: listen");
		exit(1);
	}
	return fd;
}

/* Until killed. */
static void send_forever(const struct lab_end *from, const struct lab_end *to)
{
	static const char chunk[BED_CHUNK];
	struct sockaddr_in sin = get_address(to);
	int fd = open_socket(from);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		perror("lab_bed: connect");
		_exit(1);
	}
	while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0)
		;
	_exit(0);
}

static int accept_within(int listener, int timeout_ms)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };

	if (poll(&ready, 1, timeout_ms) != 1) {
		fprintf(stderr, "lab_bed: nobody connects\n");
		exit(1);
	}
	return accept(listener, NULL, NULL);
}

/* The cable's plugs are the last two hops; 24 bytes more a frame. */
static int64_t read_wire_bytes(struct lab *lab, size_t path, bool reverse)
{
	struct err err = ERR_INIT;
	json_t *counters, *plug;
	int64_t bytes;

	insist(lab_read_counters(lab, path, &counters, &err), &err);
	plug = json_array_get(counters,
			      json_array_size(counters) - (reverse ? 1 : 2));
	bytes = json_integer_value(json_object_get(plug, "tx_bytes")) +
		24 * json_integer_value(json_object_get(plug, "tx_packets"));
	json_decref(counters);
	return bytes;
}

/* Payload until then. */
static int64_t receive_until(int fd, int64_t end_ns)
{
	static char chunk[BED_CHUNK];
	int64_t bytes = 0;

	while (clock_mono_ns() < end_ns) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n <= 0) {
			fprintf(stderr,
				"lab_bed: the stream broke, or hangs\n");
			exit(1);
		}
		bytes += n;
	}
	return bytes;
}

struct bed_stream bed_run_stream(struct lab *lab, size_t path, bool reverse,
				 int64_t duration_ns)
{
	const struct lab_end *m1 = lab_path_m1(lab, path);
	const struct lab_end *m2 = lab_path_m2(lab, path);
	const struct lab_end *from = reverse ? m2 : m1;
	const struct lab_end *to = reverse ? m1 : m2;
	int listener = open_listener(to);
	pid_t sender = fork();
	struct bed_stream stream;
	int64_t before_ns, start_ns;
	int fd;

	if (sender == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		send_forever(from, to);
	}
	fd = accept_within(listener, 5000);
	receive_until(fd, clock_mono_ns() + 100 * NS_PER_MS);
	before_ns = clock_mono_ns();
	stream.wire_bytes = -read_wire_bytes(lab, path, reverse);
	start_ns = clock_mono_ns();
	stream.bytes = receive_until(fd, start_ns + duration_ns);
	stream.duration_ns = clock_mono_ns() - start_ns;
	stream.wire_bytes += read_wire_bytes(lab, path, reverse);
	stream.wire_ns = clock_mono_ns() - before_ns;
	close(fd);
	close(listener);
	node_kill(&sender);
	return stream;
}

/* Jiffies of all CPUs since boot, and those of them that were idle. */
static void read_cpu(long long *total, long long *idle)
{
	long long v[8] = { 0 };
	FILE *f = fopen("/proc/stat", "r");

	if (f && fscanf(f, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &v[0],
			&v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 4)
		v[3] = 0;
	if (f)
		fclose(f);
	*idle = v[3] + v[4];
	*total = 0;
	for (int i = 0; i < 8; i++)
		*total += v[i];
}

bool bed_machine_is_busy(void)
{
	long long total[2], idle[2];

	for (int i = 0; i < 2; i++) {
		read_cpu(&total[i], &idle[i]);
		clock_sleep_ns(500 * NS_PER_MS);
	}
	return (idle[1] - idle[0]) * 5 < (total[1] - total[0]) * 4;
}

int bed_open_trap(const struct lab_hop *hop, int mtu)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 64),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { 4, code };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	struct err err = ERR_INIT;
	int former = netns_enter(hop->netns, &err);
	int fd;

	insist(former < 0 ? former : 0, &err);
	code[1].k = (uint32_t)(mtu + ETH_HLEN);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ll.sll_ifindex = (int)if_nametoindex(hop->ifname);
	netns_leave(former);
	if (fd < 0 || ll.sll_ifindex <= 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
		       sizeof(filter)) < 0 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		perror("lab_bed: a trap");
		exit(1);
	}
	return fd;
}

unsigned bed_count_caught(int trap)
{
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	getsockopt(trap, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	close(trap);
	return stats.tp_packets;
}

static void drop_root(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY)) {
		perror("giving up root");
		exit(1);
	}
	/* a process that was root is not its user's own to map */
	prctl(PR_SET_DUMPABLE, 1);
}

void bed_take_arguments(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--rootless") == 0)
		drop_root();
}

int bed_main(int argc, char **argv, int (*inside)(void *arg))
{
	struct err err = ERR_INIT;
	int status = 0;
	int rc;

	bed_take_arguments(argc, argv);
	rc = cage_run(inside, NULL, &status, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	return rc == -EPERM ? SKIP : rc ? 1 : status;
}
