/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an agent reads from a hostile client, under libFuzzer: frames, JSON,
 * every op's arguments, and the relay's framing. What ops would do to the
 * machine is not done: blocks, interfaces and counters are replaced below.
 *
 * The first byte says how the rest is read: as a stream; as lines, each put
 * into a frame of its own, so that the ops are reached; or by a relay.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/eye.h"
#include "agent/relay.h"
#include "agent/server.h"
#include "base/log.h"
#include "base/netdev.h"
#include "workload/block.h"

#define PIPE_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void claim(bool true_always)
{
	if (!true_always)
		abort();
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
	claim(args->paths <= BLOCK_MAX_PATHS);
	check_timing(&args->timing);
	for (size_t p = 0; p < args->paths; p++)
		claim(args->path_name[p] && args->path[p]);
	for (size_t s = 0; s < args->slices; s++)
		if (args->order[s] < 0)
			return err_set(err, 22, "no path");
	if (args->ticks.tick_ns) {
		const struct block_slice tick = { .bytes = 1,
						  .duration_ns = 1 };

		args->ticks.on_tick(args->ticks.arg, &tick, err);
	}
	memset(results, 0, args->paths * sizeof(*results));
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
	return open("/dev/null", O_RDONLY);
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

/* A client without rights sets nothing, so none of these may be reached. */
STUB(int netdev_set_mtu(int fd, const char *ifname, int mtu, struct err *err),
     ((void)fd, (void)ifname, (void)mtu, (void)err, abort(), 0))
STUB(int netdev_set_offload(int fd, const char *ifname, bool on,
			    struct err *err),
     ((void)fd, (void)ifname, (void)on, (void)err, abort(), 0))
STUB(int netdev_set_features(int fd, const char *ifname, const json_t *features,
			     struct err *err),
     ((void)fd, (void)ifname, (void)features, (void)err, abort(), 0))
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

static int null_fd;

/* A pipe that holds the input and its end. */
static int open_input(const uint8_t *data, size_t size)
{
	int fd[2];

	claim(pipe2(fd, O_CLOEXEC) == 0);
	claim(write(fd[1], data, size) == (ssize_t)size);
	close(fd[1]);
	return fd[0];
}

static void serve(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct agent_serve_args args = {
		.read_fd = open_input(data, size),
		.write_fd = null_fd,
		.keep_addresses = true,
		.from_network = true,
		.frame_max = PIPE_BYTES / 2,
	};

	agent_serve_as(&args, &err);
	claim(!strchr(err.text, '\n'));
	close(args.read_fd);
}

/* Each line a frame. */
static void serve_lines(const uint8_t *data, size_t size)
{
	static uint8_t frames[PIPE_BYTES];
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
	serve(frames, used);
}

/* With heartbeats taken out, no length of 0 remains, and frames stay whole. */
static void relay(const uint8_t *data, size_t size)
{
	int quiet[2], out = memfd_create("out", MFD_CLOEXEC);
	struct err err = ERR_INIT;
	struct relay_args args = { .strip = true, .stop_fd = -1 };
	static uint8_t came[PIPE_BYTES];
	size_t at = 0, left;
	ssize_t n;

	claim(pipe2(quiet, O_CLOEXEC) == 0);
	args.client = (struct relay_end){ .read_fd = open_input(data, size),
					  .write_fd = null_fd };
	args.agent = (struct relay_end){ .read_fd = quiet[0], .write_fd = out };
	claim(relay_run(&args, &err) == 0);
	n = pread(out, came, sizeof(came), 0);
	claim(n >= 0 && (size_t)n <= size);
	while (at + 4 <= (size_t)n) {
		left = (size_t)came[at] << 24 | came[at + 1] << 16 |
		       came[at + 2] << 8 | came[at + 3];
		claim(left != 0);
		at += 4 + left;
	}
	claim(at >= (size_t)n);
	close(args.client.read_fd);
	close(quiet[0]);
	close(quiet[1]);
	close(out);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_set_level(LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > PIPE_BYTES / 2)
		return 0;
	switch (data[0] % 4) {
	case 0:
		serve(data + 1, size - 1);
		break;
	case 1:
		relay(data + 1, size - 1);
		break;
	default:
		serve_lines(data + 1, size - 1);
	}
	return 0;
}
