/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an agent reads from a hostile client, under libFuzzer: frames, JSON,
 * every op's arguments, and the relay's framing. What ops would do to the
 * machine is not done: blocks, interfaces and counters are replaced below, and
 * so are the system calls, by -Dread=fuzz_read and the like: no input costs
 * one, and what is read and written can be judged.
 *
 * The first byte says how the rest is read: as a stream; as lines, each put
 * into a frame of its own, so that the ops are reached; or by a relay. Its
 * upper six bits are the most that one read() gives: 0 is all.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/carrier.h"
#include "agent/eye.h"
#include "agent/protocol.h"
#include "agent/relay.h"
#include "agent/server.h"
#include "base/log.h"
#include "base/inet6.h"
#include "base/netdev.h"
#include "workload/block.h"

#define INPUT_MAX  32768
#define FRAMES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void claim(bool true_always)
{
	if (!true_always)
		abort();
}

/*
 * In place of the kernel: descriptors that are none.
 */

enum { FD_IN = 1000, FD_OUT, FD_QUIET, FD_AGENT, FD_SYSCTL, FD_OTHER };

static struct {
	const uint8_t *data; /* FD_IN */
	size_t left, most;
	uint8_t header[4]; /* of the frame that is being written */
	size_t header_have, body_left, magic_have;
	bool body_begun;
} stream;

static void open_stream(const uint8_t *data, size_t size, size_t most,
			bool hello)
{
	memset(&stream, 0, sizeof(stream));
	stream.data = data;
	stream.left = size;
	stream.most = most ? most : SIZE_MAX;
	stream.magic_have = hello ? 0 : strlen(AGENT_MAGIC);
}

/* Whatever is written is frames: of JSON objects, or of anything but nothing
 * that the relay lets pass. */
static void check_written(uint8_t c, bool json)
{
	if (stream.magic_have < strlen(AGENT_MAGIC)) {
		claim(c == (uint8_t)AGENT_MAGIC[stream.magic_have++]);
		return;
	}
	if (stream.body_left) {
		claim(!json || stream.body_begun || c == '{');
		stream.body_begun = true;
		claim(!json || stream.body_left > 1 || c == '}');
		stream.body_left--;
		return;
	}
	stream.header[stream.header_have++] = c;
	if (stream.header_have < sizeof(stream.header))
		return;
	stream.header_have = 0;
	stream.body_begun = false;
	for (size_t i = 0; i < sizeof(stream.header); i++)
		stream.body_left = stream.body_left << 8 | stream.header[i];
	claim(stream.body_left > 0);
}

static ssize_t read_stream(void *buf, size_t size)
{
	if (size > stream.most)
		size = stream.most;
	if (size > stream.left)
		size = stream.left;
	memcpy(buf, stream.data, size);
	stream.data += size;
	stream.left -= size;
	return (ssize_t)size;
}

ssize_t fuzz_read(int fd, void *buf, size_t size)
{
	if (fd == FD_IN)
		return read_stream(buf, size);
	claim(fd == FD_SYSCTL && size >= 2);
	memcpy(buf, "1\n", 2);
	return 2;
}

ssize_t fuzz_write(int fd, const void *buf, size_t size)
{
	const uint8_t *bytes = buf;

	claim(fd == FD_OUT || fd == FD_AGENT);
	for (size_t i = 0; i < size; i++)
		check_written(bytes[i], fd == FD_OUT);
	return (ssize_t)size;
}

/* What is ready: all but the quiet one. */
int fuzz_poll(struct pollfd *pfd, nfds_t count, int timeout_ms)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		bool is = pfd[i].fd >= 0 && pfd[i].fd != FD_QUIET;

		pfd[i].revents = is ? pfd[i].events : 0;
		ready += is;
	}
	claim(ready > 0 || timeout_ms >= 0);
	return ready;
}

int fuzz_open(const char *path, int flags, ...)
{
	claim(strncmp(path, "/proc/sys/net/", 14) == 0);
	claim(!strstr(path, "/../") && !strstr(path, "//"));
	claim((flags & O_ACCMODE) == O_RDONLY);
	if (strlen(path) % 2)
		return FD_SYSCTL;
	errno = ENOENT;
	return -1;
}

int fuzz_close(int fd)
{
	claim(fd == FD_SYSCTL || fd == FD_OTHER);
	return 0;
}

int fuzz_fcntl(int fd, int command, ...)
{
	claim(fd >= FD_IN && (command == F_GETFL || command == F_SETFL));
	return 0;
}

long fuzz_sysconf(int name)
{
	(void)name;
	return 2;
}

/* A machine with two interfaces, eth0 and lo. */
static struct sockaddr_in in_eth0 = { .sin_family = AF_INET,
				      .sin_addr = { 0x0100000a } };
static struct sockaddr_in in_lo = { .sin_family = AF_INET,
				    .sin_addr = { 0x0100007f } };
static struct sockaddr_in6 in6_lo = { .sin6_family = AF_INET6,
				      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
static char eth0[] = "eth0", lo[] = "lo";
static struct ifaddrs interfaces[] = {
	{ .ifa_name = eth0,
	  .ifa_flags = IFF_UP,
	  .ifa_addr = (struct sockaddr *)&in_eth0,
	  .ifa_next = &interfaces[1] },
	{ .ifa_name = lo,
	  .ifa_flags = IFF_UP | IFF_LOOPBACK,
	  .ifa_addr = (struct sockaddr *)&in_lo,
	  .ifa_next = &interfaces[2] },
	{ .ifa_name = lo,
	  .ifa_flags = IFF_UP | IFF_LOOPBACK,
	  .ifa_addr = (struct sockaddr *)&in6_lo },
};

int fuzz_getifaddrs(struct ifaddrs **all)
{
	*all = interfaces;
	return 0;
}

void fuzz_freeifaddrs(struct ifaddrs *all)
{
	claim(all == interfaces);
}

int fuzz_socket(int family, int type, int protocol)
{
	(void)protocol;
	claim(family == AF_INET || family == AF_INET6);
	claim((type & ~SOCK_CLOEXEC) == SOCK_DGRAM);
	return FD_OTHER;
}

/* Odd addresses have no route. */
int fuzz_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	claim(fd == FD_OTHER && len >= sizeof(struct sockaddr_in));
	errno = ENETUNREACH;
	return ((const uint8_t *)to)[len - 1] % 2 ? -1 : 0;
}

int fuzz_getsockname(int fd, struct sockaddr *own, socklen_t *len)
{
	claim(fd == FD_OTHER);
	if (*len == sizeof(in6_lo))
		memcpy(own, &in6_lo, sizeof(in6_lo));
	else
		memcpy(own, &in_eth0, sizeof(in_eth0));
	return 0;
}

FILE *fuzz_fopen(const char *path, const char *mode)
{
	(void)mode;
	claim(strncmp(path, "/proc/sys/kernel/", 17) == 0);
	return NULL;
}

/*
 * In place of the machine.
 */

struct block_conductor {
	int none;
};

int block_listen(struct block_conductor **conductor,
		 const struct block_listen_args *args, uint16_t *data_port,
		 uint16_t *baton_port, struct err *err)
{
	claim(!args->token || args->token[0] + args->token[15] >= 0);
	claim(args->address.any.sa_family == AF_INET ||
	      args->address.any.sa_family == AF_INET6);
	claim(point_check(args->point, err) == 0);
	args->data_address[0] = '\0';
	*conductor = calloc(1, sizeof(**conductor));
	*data_port = *baton_port = 1;
	return 0;
}

void block_conductor_free(struct block_conductor *conductor)
{
	free(conductor);
}

static void check_timing(const struct block_timing *timing)
{
	claim(timing->warmup_ns >= 0 && timing->slice_ns >= 0 &&
	      timing->guard_ns >= 0 && timing->patience_ns >= 0);
}

int block_conduct(const struct block_conduct_args *args,
		  struct block_result *results, struct err *err)
{
	size_t members = 0;

	claim(args->paths <= BLOCK_MAX_PATHS);
	check_timing(&args->timing);
	for (size_t p = 0; p < args->paths; p++)
		members += args->pairs ? args->pairs[p] : 1;
	claim(members <= BLOCK_MAX_MEMBERS);
	for (size_t i = 0; i < members; i++)
		claim(args->path_name[i] && args->path[i]);
	for (size_t s = 0; s < args->slices; s++)
		if (args->order[s] < 0)
			return err_set(err, 22, "no path");
	if (args->ticks.tick_ns) {
		const struct block_slice tick = { .bytes = 1,
						  .duration_ns = 1 };

		args->ticks.on_tick(args->ticks.arg, &tick, err);
	}
	memset(results, 0, members * sizeof(*results));
	*args->failed_path = -1;
	return 0;
}

int block_follow(const struct block_follow_args *args,
		 struct block_result *result, struct err *err)
{
	(void)err;
	check_timing(&args->timing);
	claim(args->address.any.sa_family == AF_INET ||
	      args->address.any.sa_family == AF_INET6);
	claim((args->data_port || args->data_address) && args->baton_port);
	memset(result, 0, sizeof(*result));
	return 0;
}

void block_result_free(struct block_result *result)
{
	free(result->slice);
	memset(result, 0, sizeof(*result));
}

int netdev_open(struct err *err)
{
	(void)err;
	return FD_OTHER;
}

#define STUB(call, value)     \
	call                  \
	{                     \
		return value; \
	}

STUB(int netdev_get_mtu(int fd, const char *ifname, int *mtu, struct err *err),
     ((void)fd, (void)err, *mtu = (int)strlen(ifname), 0))
STUB(int netdev_get_up(int fd, const char *ifname, bool *up, struct err *err),
     ((void)fd, (void)ifname, (void)err, *up = true, 0))
STUB(int netdev_get_offload(int fd, const char *ifname, json_t **features,
			    struct err *err),
     ((void)fd, (void)ifname, (void)err, *features = json_object(), 0))
STUB(bool netdev_offload_is_off(const json_t *features), features != NULL)
STUB(bool carrier_is_on(const char *ifname), ifname == NULL)
STUB(bool carrier_await(const char *ifname, int64_t patience_ns),
     ((void)ifname, patience_ns > 0))

/* A client without rights sets nothing, so none of these may be reached. */
STUB(int netdev_set_mtu(int fd, const char *ifname, int mtu, struct err *err),
     ((void)fd, (void)ifname, (void)mtu, (void)err, abort(), 0))
STUB(int netdev_set_offload(int fd, const char *ifname, bool on,
			    struct err *err),
     ((void)fd, (void)ifname, (void)on, (void)err, abort(), 0))
STUB(int netdev_set_features(int fd, const char *ifname, const json_t *features,
			     struct err *err),
     ((void)fd, (void)ifname, (void)features, (void)err, abort(), 0))
STUB(int inet6_add_address(const char *ifname, const char *address,
			   struct err *err),
     0)
STUB(int netdev_set_address(int fd, const char *ifname, const char *address,
			    struct err *err),
     ((void)fd, (void)ifname, (void)address, (void)err, abort(), 0))
STUB(int netdev_set_up(int fd, const char *ifname, bool up, struct err *err),
     ((void)fd, (void)ifname, (void)up, (void)err, abort(), 0))

/* Nor may anybody have files opened by name. */
int eye_open(struct eye *eye, const json_t *wanted, size_t paths,
	     const struct block_watch **watch, struct err *err)
{
	json_t *path = json_object_get(wanted, "path");

	(void)eye;
	(void)paths;
	(void)err;
	for (size_t i = 0; i < json_array_size(path); i++)
		claim(!json_object_get(json_array_get(path, i), "hops"));
	*watch = NULL;
	return 0;
}

void eye_report(const struct eye *eye, size_t path, json_t *result)
{
	(void)eye;
	(void)path;
	claim(json_is_object(result));
}

void eye_close(struct eye *eye)
{
	(void)eye;
}

/*
 * Input.
 */

static void serve(const uint8_t *data, size_t size, size_t most)
{
	struct err err = ERR_INIT;
	const struct agent_serve_args args = {
		.read_fd = FD_IN,
		.write_fd = FD_OUT,
		.keep_addresses = true,
		.from_network = true,
		.frame_max = INPUT_MAX,
	};

	open_stream(data, size, most, true);
	agent_serve_as(&args, &err);
	claim(!strchr(err.text, '\n'));
	claim(!stream.header_have && !stream.body_left);
}

/* Each line a frame. */
static void serve_lines(const uint8_t *data, size_t size, size_t most)
{
	static uint8_t frames[FRAMES_MAX];
	size_t used = 0;

	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t line = end ? (size_t)(end - data) : size;

		if (used + 4 + line > sizeof(frames))
			break;
		frames[used++] = 0;
		frames[used++] = 0;
		frames[used++] = (uint8_t)(line >> 8);
		frames[used++] = (uint8_t)line;
		memcpy(frames + used, data, line);
		used += line;
		size -= end ? line + 1 : line;
		data += end ? line + 1 : line;
	}
	serve(frames, used, most);
}

/* With heartbeats taken out, no length of 0 remains, and frames stay whole:
 * write() sees to it. */
static void relay(const uint8_t *data, size_t size, size_t most)
{
	struct err err = ERR_INIT;
	const struct relay_args args = {
		.client = { .read_fd = FD_IN, .write_fd = FD_OUT },
		.agent = { .read_fd = FD_QUIET, .write_fd = FD_AGENT },
		.strip = true,
		.stop_fd = -1,
	};

	open_stream(data, size, most, false);
	claim(relay_run(&args, &err) == 0);
	claim(!stream.left && !stream.header_have);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_set_level(LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > INPUT_MAX)
		return 0;
	switch (data[0] % 4) {
	case 0:
		serve(data + 1, size - 1, data[0] / 4);
		break;
	case 1:
		relay(data + 1, size - 1, data[0] / 4);
		break;
	default:
		serve_lines(data + 1, size - 1, data[0] / 4);
	}
	return 0;
}
