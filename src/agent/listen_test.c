/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A listening agent in a child, over loopback: who gets in, who does not, and
 * that nobody there can keep another from being served.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "agent/frame.h"
#include "agent/listen.h"
#include "agent/remote.h"
#include "base/clock.h"
#include "workload/address.h"

#define TIMEOUT_NS (10 * NS_PER_S)

struct door {
	char dir[32], key_path[48], other_path[48], address[80];
	struct key key, other;
	pid_t pid;
};

struct guest {
	struct remote remote;
	struct agent *agent;
};

static void start_door(struct door *door, const struct key *key)
{
	struct listener *listener;
	struct err err = ERR_INIT;

	assert_int_equal(listener_open(&listener, "127.0.0.1:0", key, &err), 0);
	strcpy(door->address, listener_address(listener));
	door->pid = fork();
	if (door->pid == 0)
		_exit(listener_run(listener, -1, &err) ? 1 : 0);
	listener_close(listener);
}

static int set_up(void **state)
{
	struct door *door = calloc(1, sizeof(*door));

	strcpy(door->dir, "/tmp/vazao-listen-XXXXXX");
	assert_non_null(mkdtemp(door->dir));
	snprintf(door->key_path, sizeof(door->key_path), "%s/key", door->dir);
	snprintf(door->other_path, sizeof(door->other_path), "%s/other",
		 door->dir);
	assert_int_equal(key_create(door->key_path, NULL), 0);
	assert_int_equal(key_create(door->other_path, NULL), 0);
	assert_int_equal(key_read(door->key_path, &door->key, NULL), 0);
	assert_int_equal(key_read(door->other_path, &door->other, NULL), 0);
	*state = door;
	return 0;
}

static int tear_down(void **state)
{
	struct door *door = *state;

	if (door->pid) {
		kill(door->pid, SIGKILL);
		waitpid(door->pid, NULL, 0);
	}
	unlink(door->key_path);
	unlink(door->other_path);
	rmdir(door->dir);
	free(door);
	return 0;
}

static int enter(struct guest *guest, const struct door *door,
		 const struct key *key, struct err *err)
{
	int rc = remote_connect(&guest->remote, door->address, key, TIMEOUT_NS,
				err);

	guest->agent = NULL;
	if (rc)
		return rc;
	rc = agent_attach(&guest->agent, "far", guest->remote.fd,
			  guest->remote.fd, 20 * NS_PER_S, err);
	if (rc)
		remote_end(&guest->remote);
	return rc;
}

static void leave(struct guest *guest)
{
	agent_detach(guest->agent);
	remote_end(&guest->remote);
}

static void expect_served(const struct door *door, const struct key *key)
{
	struct err err = ERR_INIT;
	struct guest guest;

	if (enter(&guest, door, key, &err))
		fail_msg("%s", err.text);
	assert_int_equal(agent_ping(guest.agent, &err), 0);
	leave(&guest);
}

/* A socket to the door, and nothing said. */
static int knock(const struct door *door)
{
	struct address address;
	char host[80];
	int port, fd;

	assert_int_equal(sscanf(door->address, "%79[0-9.]:%d", host, &port), 2);
	assert_int_equal(address_parse(host, &address, NULL), 0);
	address_set_port(&address, (uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, &address.any, address.len), 0);
	return fd;
}

/* Until the door closes it. */
static bool is_closed_within(int fd, int64_t ns)
{
	int64_t deadline_ns = clock_mono_ns() + ns;
	char buf[4096];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		clock_sleep_ns(2 * NS_PER_MS);
	} while (clock_mono_ns() < deadline_ns);
	return false;
}

static void test_keys(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct stat st;
	struct key key;

	assert_int_equal(stat(door->key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	assert_memory_not_equal(&door->key, &door->other, sizeof(key));
	assert_int_equal(key_create(door->key_path, &err), -EEXIST);
	for (mode_t mode = 0640; mode >= 0604; mode -= 034) {
		chmod(door->key_path, mode);
		assert_int_equal(key_read(door->key_path, &key, &err), -EACCES);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
	chmod(door->key_path, 0600);
	assert_int_equal(truncate(door->key_path, 63), 0);
	assert_int_equal(key_read(door->key_path, &key, &err), -EINVAL);
	assert_int_equal(key_read("/tmp", &key, &err), -EINVAL);
	assert_int_equal(key_read("/nowhere/key", &key, &err), -ENOENT);
}

static void test_loopback_alone_without_a_key(void **state)
{
	static const char *const open[] = { "0.0.0.0:0", "[::]:0", ":0" };
	struct listener *listener;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(listener_open(&listener, open[i], NULL, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, "loopback"));
		assert_null(listener);
	}
}

static void test_bad_addresses(void **state)
{
	static const char *const bad[] = { "[::1", "127.0.0.1:", "[::1]x",
					   "127.0.0.1:http" };
	struct listener *listener;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(listener_open(&listener, bad[i], NULL, &err),
				 -EINVAL);
}

static void test_without_a_key(void **state)
{
	struct door *door = *state;

	start_door(door, NULL);
	expect_served(door, NULL);
}

static void test_with_the_key(void **state)
{
	struct door *door = *state;

	start_door(door, &door->key);
	for (int i = 0; i < 3; i++)
		expect_served(door, &door->key);
}

/* Each is told what is wrong, and the next one is served. */
static void test_wrong_ways_in(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct guest guest;

	start_door(door, &door->key);
	assert_int_equal(enter(&guest, door, &door->other, &err), -EACCES);
	assert_non_null(strstr(err.text, "key"));
	assert_true(enter(&guest, door, NULL, &err) < 0);
	expect_served(door, &door->key);
}

static void test_key_where_there_is_none(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct guest guest;

	start_door(door, NULL);
	assert_int_equal(enter(&guest, door, &door->key, &err), -EPROTO);
	assert_non_null(strstr(err.text, "--key"));
}

#define GARBAGE 12

static void test_garbage(void **state)
{
	struct door *door = *state;
	unsigned char noise[4096];
	int fd[GARBAGE];

	start_door(door, &door->key);
	srandom(1);
	for (int g = 0; g < GARBAGE; g++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)random();
		if (g & 1) /* looks like a TLS record */
			memcpy(noise, "\x16\x03\x01\x0f\xf0\x01", 6);
		fd[g] = knock(door);
		if (send(fd[g], noise, sizeof(noise), MSG_NOSIGNAL) < 0)
			assert_int_equal(errno, ECONNRESET);
	}
	for (int g = 0; g < GARBAGE; g++) {
		assert_true(is_closed_within(fd[g], 7 * NS_PER_S));
		close(fd[g]);
	}
	expect_served(door, &door->key);
}

/* Who proves nothing is dropped in time, whatever he does, and sooner if
 * others want in: fifty of them do not keep one out. */
static void test_slow_strangers(void **state)
{
	struct door *door = *state;
	int64_t begun_ns;
	int fd[50];

	start_door(door, &door->key);
	for (size_t i = 0; i < 50; i++) {
		fd[i] = knock(door);
		assert_int_equal(send(fd[i], "\x16\x03", 2, 0), 2);
	}
	begun_ns = clock_mono_ns();
	expect_served(door, &door->key);
	assert_true(clock_mono_ns() - begun_ns < 3 * NS_PER_S);
	for (size_t i = 0; i < 50; i++) {
		assert_true(is_closed_within(fd[i], 8 * NS_PER_S));
		close(fd[i]);
	}
	expect_served(door, &door->key);
}

static void test_many_clients(void **state)
{
	struct door *door = *state;
	struct guest guest[LISTEN_CLIENTS], late;
	struct err err = ERR_INIT;

	start_door(door, NULL);
	for (size_t i = 0; i < LISTEN_CLIENTS; i++)
		if (enter(&guest[i], door, NULL, &err))
			fail_msg("%zu: %s", i, err.text);
	assert_true(enter(&late, door, NULL, &err) < 0);
	for (size_t i = 0; i < LISTEN_CLIENTS; i++)
		assert_int_equal(agent_ping(guest[i].agent, &err), 0);
	/* one goes, however it goes: there is room */
	kill(guest[7].remote.pid, SIGKILL);
	leave(&guest[7]);
	clock_sleep_ns(300 * NS_PER_MS);
	expect_served(door, NULL);
	for (size_t i = 0; i < LISTEN_CLIENTS; i++)
		if (i != 7)
			leave(&guest[i]);
}

/* A client at work, one stopped in the midst: the others are as fast. */
static void test_nobody_stalls_another(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct guest stopped;
	int64_t begun_ns;

	start_door(door, &door->key);
	if (enter(&stopped, door, &door->key, &err))
		fail_msg("%s", err.text);
	kill(stopped.remote.pid, SIGSTOP);
	begun_ns = clock_mono_ns();
	for (int i = 0; i < 5; i++)
		expect_served(door, &door->key);
	assert_true(clock_mono_ns() - begun_ns < 5 * NS_PER_S);
	kill(stopped.remote.pid, SIGKILL);
	leave(&stopped);
}

static json_t *listen_args(const char *address)
{
	return json_pack("{s{} s[s]}", "point", "address", address);
}

/* Of an M1 that is to look at files and processes of its machine. */
static json_t *prying_args(void)
{
	return json_pack(
		"{s{} ss si si s{sI sI sI sI} si s{ss s[{s[{ss ss}]}]}}",
		"point", "address", "127.0.0.1", "data_port", 9, "baton_port",
		9, "timing", "warmup_ns", (json_int_t)0, "guard_ns",
		(json_int_t)0, "slice_ns", (json_int_t)1000000, "patience_ns",
		(json_int_t)1000000, "turn_wait_ns", 1000000, "observe", "node",
		"m1", "path", "hops", "ifname", "lo", "netns",
		"/proc/1/ns/net");
}

static void test_no_prying(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct guest guest;

	start_door(door, NULL);
	if (enter(&guest, door, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(agent_call(guest.agent, "block_follow", prying_args(),
				    NS_PER_S, NULL, &err),
			 -EPERM);
	assert_non_null(strstr(err.text, "observes no hops"));
	leave(&guest);
}

/* Measure and read; neither commands nor changes nor other addresses. */
static void test_rights(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	struct guest guest;
	json_t *reply;

	start_door(door, NULL);
	if (enter(&guest, door, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(agent_call(guest.agent, "exec",
				    json_pack("{s[s] si}", "argv", "true",
					      "timeout_ns", 1000000),
				    NS_PER_S, NULL, &err),
			 -EPERM);
	assert_int_equal(
		agent_call(guest.agent, "netdev_set",
			   json_pack("{ss si}", "ifname", "lo", "mtu", 1400),
			   NS_PER_S, NULL, &err),
		-EPERM);
	assert_non_null(strstr(err.text, "may_configure"));
	assert_int_equal(agent_call(guest.agent, "sysctl_set",
				    json_pack("{s{ss}}", "values",
					      "net.ipv4.tcp_sack", "0"),
				    NS_PER_S, &reply, &err),
			 0);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(reply, "values"), "net.ipv4.tcp_sack")),
		"1");
	json_decref(reply);
	assert_int_equal(agent_call(guest.agent, "block_listen",
				    listen_args("0.0.0.0"), NS_PER_S, NULL,
				    &err),
			 -EPERM);
	assert_int_equal(agent_call(guest.agent, "block_listen",
				    listen_args("unix:/tmp/vazao-no"), NS_PER_S,
				    NULL, &err),
			 -EPERM);
	assert_int_equal(agent_call(guest.agent, "block_listen",
				    listen_args("127.0.0.1"), NS_PER_S, NULL,
				    &err),
			 0);
	leave(&guest);
}

/* Past the length that a network's client may send: refused, in step or not,
 * and only this client is gone. */
static void test_oversized_frames(void **state)
{
	struct door *door = *state;
	struct err err = ERR_INIT;
	unsigned char header[4] = { 0x00, 0x20, 0x00, 0x01 };
	char noise[64];
	json_t *frame;
	int fd;

	start_door(door, NULL);
	fd = knock(door);
	assert_int_equal(frame_seek(fd, "\x01vazao-agent\n",
				    clock_mono_ns() + TIMEOUT_NS, noise,
				    sizeof(noise), &err),
			 0);
	assert_int_equal(
		frame_read(fd, &frame, clock_mono_ns() + TIMEOUT_NS, &err), 0);
	json_decref(frame);
	assert_int_equal(write(fd, header, 4), 4);
	assert_int_equal(
		frame_read(fd, &frame, clock_mono_ns() + TIMEOUT_NS, &err), 0);
	assert_non_null(
		strstr(json_string_value(json_object_get(
			       json_object_get(frame, "error"), "text")),
		       "2097153 bytes"));
	json_decref(frame);
	assert_true(is_closed_within(fd, 2 * NS_PER_S));
	close(fd);
	expect_served(door, NULL);
}

/* A whole block between an agent here and one behind the door. */
static void test_a_block(void **state)
{
	struct door *door = *state;
	struct guest far, near = { .agent = NULL };
	struct err err = ERR_INIT;
	const char *name = "probe", *address = "127.0.0.1";
	char token[33];
	const int order[] = { 0, 0 };
	struct point point;
	struct agent_block_path path;
	int failed;
	struct agent_block_args args = {
		.path_name = &name,
		.m2_address = &address,
		.paths = 1,
		.point = &point,
		.token = token,
		.order = order,
		.slices = 2,
		.timing = { .warmup_ns = NS_PER_MS,
			    .slice_ns = 10 * NS_PER_MS,
			    .patience_ns = 2 * NS_PER_S },
	};

	start_door(door, &door->key);
	point_init(&point);
	assert_int_equal(enter(&far, door, &door->key, &err), 0);
	assert_int_equal(remote_here(&near.remote, -1, &err), 0);
	assert_int_equal(agent_attach(&near.agent, "here", near.remote.fd,
				      near.remote.fd, TIMEOUT_NS, &err),
			 0);
	assert_int_equal(agent_make_token(token, &err), 0);
	args.m2 = far.agent;
	args.m1 = &near.agent;
	if (agent_run_block(&args, &path, &failed, &err))
		fail_msg("%s", err.text);
	assert_true(path.throughput_mbps > 0);
	assert_int_equal(path.strangers, 0);
	agent_block_path_free(&path);
	leave(&near);
	leave(&far);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_keys),
		CASE(test_loopback_alone_without_a_key),
		CASE(test_bad_addresses),
		CASE(test_without_a_key),
		CASE(test_with_the_key),
		CASE(test_wrong_ways_in),
		CASE(test_key_where_there_is_none),
		CASE(test_garbage),
		CASE(test_slow_strangers),
		CASE(test_many_clients),
		CASE(test_nobody_stalls_another),
		CASE(test_rights),
		CASE(test_no_prying),
		CASE(test_oversized_frames),
		CASE(test_a_block),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
