/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Coordinator here, agents in children, a socket pair between: every op but
 * those that change interfaces (tests/lab has them), and every way in which
 * an agent can go wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "agent/carrier.h"
#include "agent/frame.h"
#include "agent/protocol.h"
#include "agent/server.h"
#include "base/clock.h"
#include "base/netdev.h"

#define PATHS	    3
#define PATIENCE_NS (500 * NS_PER_MS)

struct child {
	struct agent *agent;
	pid_t pid;
};

struct fixture {
	struct child m2, m1[PATHS];
};

/* Nobody but the child itself may hold its end of the stream: its death is
 * to be seen. So those of the former children are closed in it. */
static void start(struct child *child, const char *node,
		  const struct fixture *others)
{
	struct err err = ERR_INIT;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd),
			 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		close(fd[0]);
		agent_detach(others->m2.agent);
		for (size_t p = 0; p < PATHS; p++)
			agent_detach(others->m1[p].agent);
		_exit(agent_serve(fd[1], fd[1], &err) ? 1 : 0);
	}
	close(fd[1]);
	assert_int_equal(agent_attach(&child->agent, node, fd[0], fd[0],
				      20 * NS_PER_S, &err),
			 0);
}

static int end(struct child *child)
{
	int status = 0;

	agent_detach(child->agent);
	child->agent = NULL;
	kill(child->pid, SIGCONT);
	waitpid(child->pid, &status, 0);
	return status;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	start(&f->m2, "M2", f);
	start(&f->m1[0], "native-M1", f);
	start(&f->m1[1], "dom0-M1", f);
	start(&f->m1[2], "uml-M1", f);
	*state = f;
	return 0;
}

/* At the stream's end an agent leaves by itself, with status 0. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	int bad = 0;

	for (size_t p = 0; p < PATHS; p++)
		bad |= end(&f->m1[p]) & ~SIGKILL;
	bad |= end(&f->m2) & ~SIGKILL;
	free(f);
	return bad;
}

static void test_hello(void **state)
{
	struct fixture *f = *state;
	const struct agent_hello *hello = agent_get_hello(f->m2.agent);

	assert_string_equal(hello->version, VAZAO_VERSION);
	assert_int_equal(strncmp(hello->kernel, "Linux ", 6), 0);
	assert_true(hello->cpus >= 1);
	assert_string_equal(agent_node(f->m2.agent), "M2");
}

static void test_ping_and_quit(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(agent_ping(f->m2.agent, &err), 0);
	assert_int_equal(
		agent_call(f->m2.agent, "quit", NULL, NS_PER_S, NULL, &err), 0);
	assert_int_equal(agent_ping(f->m2.agent, &err), -EPIPE);
	assert_true(agent_is_lost(f->m2.agent));
	assert_int_equal(strncmp(err.text, "M2: ", 4), 0);
}

/* One clear error each, and the agent lives on. */
static void test_refusals(void **state)
{
	/* clang-format off */
	static const struct {
		const char *op, *args;
		int code;
		const char *says;
	} cases[] = {
		{ "no-such", "{}", EOPNOTSUPP, "no-such" },
		{ "netdev_get", "{}", EPROTO, "ifname" },
		{ "netdev_get", "{\"ifname\": \"nowhere0\"}", ENODEV, "nowhere0" },
		{ "netdev_set", "{\"ifname\": \"lo\", \"mtu\": \"x\"}", EPROTO, "mtu" },
		{ "netdev_set", "{\"ifname\": \"lo\", \"mtu\": -1}", ERANGE, "MTU" },
		{ "sysctl_get", "{\"names\": [\"kernel.panic\"]}", EINVAL, "kernel.panic" },
		{ "sysctl_get", "{\"names\": [\"net/../kernel/panic\"]}", EINVAL, "net/.." },
		{ "sysctl_get", "{\"names\": [1]}", EPROTO, "string" },
		{ "exec", "{\"argv\": [], \"timeout_ns\": 1}", EINVAL, "argv" },
		{ "exec", "{\"argv\": [\"true\"]}", EPROTO, "timeout_ns" },
		{ "block_listen", "{\"point\": {}}", EPROTO, "address" },
		{ "block_listen", "{\"point\": {}, \"address\": [\"M2\"]}", EINVAL, "M2" },
		{ "block_listen", "{\"point\": {\"mtu\": 1}, \"address\": []}", ERANGE, "68 to" },
		{ "block_conduct", "{\"path\": [\"native\"]}", EINVAL, "opened 0" },
		{ "block_follow", "{\"point\": {}, \"address\": \"127.0.0.1\","
			"\"data_port\": 70000}", ERANGE, "data_port" },
	};
	/* clang-format on */
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(agent_call(f->m2.agent, cases[i].op,
					    json_loads(cases[i].args, 0, NULL),
					    NS_PER_S, NULL, &err),
				 -cases[i].code);
		assert_non_null(strstr(err.text, cases[i].says));
		assert_false(agent_is_lost(f->m2.agent));
	}
	assert_int_equal(agent_ping(f->m2.agent, NULL), 0);
}

/* An agent of its own, spoken to without the client. */
static pid_t serve_raw(int *fd)
{
	struct err err = ERR_INIT;
	char noise[64];
	json_t *hello;
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		_exit(agent_serve(pair[1], pair[1], &err) ? 1 : 0);
	}
	close(pair[1]);
	*fd = pair[0];
	assert_int_equal(frame_seek(*fd, AGENT_MAGIC,
				    clock_mono_ns() + NS_PER_S, noise,
				    sizeof(noise), &err),
			 0);
	assert_int_equal(
		frame_read(*fd, &hello, clock_mono_ns() + NS_PER_S, &err), 0);
	json_decref(hello);
	return pid;
}

static void expect_answer(int fd, const char *key, int64_t id)
{
	struct err err = ERR_INIT;
	json_t *frame;

	assert_int_equal(
		frame_read(fd, &frame, clock_mono_ns() + NS_PER_S, &err), 0);
	assert_non_null(json_object_get(frame, key));
	assert_int_equal(json_integer_value(json_object_get(frame, "id")), id);
	json_decref(frame);
}

static void test_garbage_on_the_stream(void **state)
{
	static const char garbage[] = "\0\0\0\3abc\0\0\0\2[]\0\0\0\2{}"
				      "\0\0\0\x08{\"id\":3}";
	static const char ping[] =
		"\0\0\0\x1f{\"id\":4,\"op\":\"ping\",\"args\": {}}";
	int status, fd;
	pid_t pid = serve_raw(&fd);

	(void)state;
	assert_true(write(fd, garbage, sizeof(garbage) - 1) > 0);
	for (int i = 0; i < 3; i++)
		expect_answer(fd, "error", -1);
	expect_answer(fd, "error", 3);
	assert_true(write(fd, ping, sizeof(ping) - 1) > 0);
	expect_answer(fd, "ok", 4);
	/* out of step for good: one answer, then it leaves */
	assert_true(write(fd, "GET / HTTP/1.1\r\n", 16) > 0);
	expect_answer(fd, "error", -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(fd);
}

static void test_attach_to_what_is_no_agent(void **state)
{
	struct err err = ERR_INIT;
	struct agent *agent;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_true(write(fd[1], "sh: vazao: not found\n", 21) > 0);
	assert_int_equal(agent_attach(&agent, "uml", fd[0], dup(fd[1]),
				      50 * NS_PER_MS, &err),
			 -ETIMEDOUT);
	assert_null(agent);
	assert_non_null(strstr(err.text, "uml: "));
	assert_non_null(strstr(err.text, "sh: vazao: not found"));
	close(fd[1]);
}

static void test_a_mute_agent_is_found_out(void **state)
{
	struct fixture *f = *state;
	int64_t begun_ns = clock_mono_ns();
	struct err err = ERR_INIT;

	kill(f->m2.pid, SIGSTOP);
	assert_int_equal(agent_call(f->m2.agent, "ping", NULL, 100 * NS_PER_MS,
				    NULL, &err),
			 -ETIMEDOUT);
	assert_true(agent_is_lost(f->m2.agent));
	assert_true(clock_mono_ns() - begun_ns < NS_PER_S);
	assert_int_equal(agent_ping(f->m2.agent, &err), -EPIPE);
}

static void test_two_posts_are_one_too_many(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(agent_wait(f->m2.agent, NS_PER_S, NULL, &err),
			 -EINVAL);
	assert_int_equal(agent_post(f->m2.agent, "ping", NULL, &err), 0);
	assert_int_equal(agent_post(f->m2.agent, "ping", NULL, &err), -EBUSY);
	assert_int_equal(agent_wait(f->m2.agent, NS_PER_S, NULL, &err), 0);
}

static void test_netdev_is_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	json_t *reply;

	assert_int_equal(agent_call(f->m2.agent, "netdev_get",
				    json_pack("{ss}", "ifname", "lo"), NS_PER_S,
				    &reply, &err),
			 0);
	assert_true(json_integer_value(json_object_get(reply, "mtu")) > 0);
	assert_true(json_is_true(json_object_get(reply, "up")));
	assert_true(json_is_object(json_object_get(reply, "features")));
	json_decref(reply);
}

static void test_sysctls_are_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	json_t *names =
		json_pack("[ssss]", "net.ipv4.tcp_sack", "net.ipv4.no_such",
			  "net/ipv4/tcp_rmem", "net/ipv4/conf/lo/mtu.or.so");
	json_t *now;

	assert_int_equal(agent_get_sysctl(f->m2.agent, names, &now, &err), 0);
	assert_int_equal(json_object_size(now), 2);
	assert_non_null(json_object_get(now, "net.ipv4.tcp_sack"));
	assert_non_null(json_object_get(now, "net/ipv4/tcp_rmem"));
	json_decref(now);
	json_decref(names);
}

static void expect_exec(struct agent *agent, char *const argv[],
			const char *says, int exit_status)
{
	struct err err = ERR_INIT;
	char *output;
	int status;

	assert_int_equal(agent_exec(agent, argv, &output, &status, &err), 0);
	assert_non_null(strstr(output, says));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), exit_status);
	free(output);
}

static void test_exec(void **state)
{
	struct fixture *f = *state;
	struct agent *agent = f->m2.agent;
	int64_t begun_ns = clock_mono_ns();

	expect_exec(agent, (char *[]){ "sh", "-c", "echo a; echo b >&2", NULL },
		    "a\nb\n", 0);
	expect_exec(agent, (char *[]){ "sh", "-c", "exit 3", NULL }, "", 3);
	expect_exec(agent, (char *[]){ "no-such-program", NULL },
		    "no-such-program: No such file", 127);
	expect_exec(agent, (char *[]){ "printf", "x\\000y\\377z", NULL },
		    "x?y?z", 0);
	/* a daemon that holds the pipe is not waited for */
	expect_exec(agent, (char *[]){ "sh", "-c", "sleep 20 & echo up", NULL },
		    "up", 0);
	assert_true(clock_mono_ns() - begun_ns < 5 * NS_PER_S);
}

static void test_exec_of_much_and_of_long(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char *output;
	int status;
	char *const much[] = { "sh", "-c", "yes | head -c 3000000", NULL };

	assert_int_equal(agent_exec(f->m2.agent, much, &output, &status, &err),
			 0);
	assert_int_equal(strlen(output), EXEC_OUTPUT_MAX);
	free(output);
	assert_int_equal(agent_call(f->m2.agent, "exec",
				    json_pack("{s[ss] si}", "argv", "sleep",
					      "20", "timeout_ns", 50000000),
				    5 * NS_PER_S, NULL, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "sleep"));
	/* as long, and never silent */
	assert_int_equal(agent_call(f->m2.agent, "exec",
				    json_pack("{s[s] si}", "argv", "yes",
					      "timeout_ns", 50000000),
				    20 * NS_PER_S, NULL, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "yes: not done in time"));
	assert_int_equal(agent_ping(f->m2.agent, &err), 0);
}

struct block {
	struct point point;
	struct agent *m1[PATHS];
	int order[30];
	struct agent_block_args args;
	struct agent_block_path path[PATHS];
	int rc, failed_path;
	struct err err;
	int64_t took_ns;
};

static void init_block(struct block *b, const struct fixture *f, int direction)
{
	static const char *const names[] = { "native", "dom0", "uml" };
	static const char *const addresses[] = { "127.0.0.1", "127.0.0.2",
						 "127.0.0.3" };

	memset(b, 0, sizeof(*b));
	point_init(&b->point);
	b->point.value[AXIS_DIRECTION] = direction;
	for (size_t p = 0; p < PATHS; p++)
		b->m1[p] = f->m1[p].agent;
	for (int s = 0; s < 30; s++)
		b->order[s] = s % PATHS;
	b->args = (struct agent_block_args){
		.m2 = f->m2.agent,
		.m1 = b->m1,
		.path_name = names,
		.m2_address = addresses,
		.paths = PATHS,
		.point = &b->point,
		.congestion = "reno",
		.order = b->order,
		.slices = 9,
		.timing = { .warmup_ns = 5 * NS_PER_MS,
			    .guard_ns = 2 * NS_PER_MS,
			    .slice_ns = 10 * NS_PER_MS,
			    .patience_ns = PATIENCE_NS },
	};
}

static void run_block(struct block *b)
{
	int64_t begun_ns = clock_mono_ns();

	b->rc = agent_run_block(&b->args, b->path, &b->failed_path, &b->err);
	b->took_ns = clock_mono_ns() - begun_ns;
}

static void expect_good_block(const struct fixture *f, int direction)
{
	struct block b;

	init_block(&b, f, direction);
	run_block(&b);
	assert_string_equal(b.err.text, "");
	assert_int_equal(b.rc, 0);
	assert_int_equal(b.failed_path, -1);
	for (size_t p = 0; p < PATHS; p++) {
		assert_int_equal(b.path[p].slices, 3);
		assert_true(b.path[p].throughput_mbps > 1);
		assert_true(b.path[p].messages > 0);
		assert_true(b.path[p].sender.mss_bytes > 0);
		assert_string_equal(b.path[p].receiver.congestion, "reno");
		agent_block_path_free(&b.path[p]);
	}
}

static void test_block(void **state)
{
	expect_good_block(*state, DIRECTION_SEND);
	expect_good_block(*state, DIRECTION_RECEIVE);
}

static void signal_later(pid_t pid, int number)
{
	if (fork() == 0) {
		clock_sleep_ns(80 * NS_PER_MS);
		kill(pid, number);
		_exit(0);
	}
}

/* One end dies or falls silent in the block's midst. */
static void lose_one(struct fixture *f, struct child *victim, int number,
		     int failed_path)
{
	struct block b;

	init_block(&b, f, DIRECTION_RECEIVE);
	b.args.slices = 30;
	signal_later(victim->pid, number);
	run_block(&b);
	wait(NULL);
	assert_true(b.rc < 0);
	assert_int_equal(b.failed_path, failed_path);
	assert_non_null(strstr(b.err.text, agent_node(victim->agent)));
	assert_true(agent_is_lost(victim->agent));
	/* twice a schedule of 1 s, two patiences and a second */
	assert_true(b.took_ns < 5 * NS_PER_S);
	for (size_t p = 0; p < PATHS; p++)
		if (victim != &f->m1[p])
			assert_int_equal(agent_ping(f->m1[p].agent, &b.err), 0);
	if (victim != &f->m2)
		assert_int_equal(agent_ping(f->m2.agent, &b.err), 0);
	/* the next block, with a new agent, is as if nothing had been */
	kill(victim->pid, SIGKILL);
	end(victim);
	start(victim, "new", f);
	expect_good_block(f, DIRECTION_SEND);
}

static void test_block_with_a_lost_m1(void **state)
{
	struct fixture *f = *state;

	lose_one(f, &f->m1[1], SIGKILL, 1);
	lose_one(f, &f->m1[2], SIGSTOP, 2);
}

static void test_block_with_a_lost_m2(void **state)
{
	struct fixture *f = *state;

	lose_one(f, &f->m2, SIGKILL, -1);
	lose_one(f, &f->m2, SIGSTOP, -1);
}

/* Lost before the block: the others are released at once. */
static void test_block_with_an_m1_lost_before(void **state)
{
	struct fixture *f = *state;
	struct block b;

	kill(f->m1[1].pid, SIGKILL);
	assert_true(agent_ping(f->m1[1].agent, NULL) < 0);
	init_block(&b, f, DIRECTION_SEND);
	run_block(&b);
	assert_true(b.rc < 0);
	assert_int_equal(b.failed_path, 1);
	assert_non_null(strstr(b.err.text, "dom0-M1"));
	assert_true(b.took_ns < NS_PER_S);
	assert_int_equal(agent_ping(f->m1[0].agent, &b.err), 0);
	assert_int_equal(agent_ping(f->m1[2].agent, &b.err), 0);
	assert_int_equal(agent_ping(f->m2.agent, &b.err), 0);
}

/* Nothing is wrong with any agent, but one path leads nowhere. */
static void test_block_with_a_path_that_is_none(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "192.0.2.1",
						 "127.0.0.3" };
	struct fixture *f = *state;
	struct block b;

	init_block(&b, f, DIRECTION_SEND);
	b.args.m2_address = addresses;
	run_block(&b);
	assert_int_equal(b.rc, -EADDRNOTAVAIL);
	assert_non_null(strstr(b.err.text, "192.0.2.1"));
	assert_false(agent_is_lost(f->m2.agent));
	init_block(&b, f, DIRECTION_SEND);
	b.args.congestion = "no-such";
	run_block(&b);
	assert_int_equal(b.rc, -ENOENT);
	b.m1[1] = b.m1[0];
	run_block(&b);
	assert_int_equal(b.rc, -EINVAL);
	expect_good_block(f, DIRECTION_SEND);
}

#define with_agents(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void test_carrier(void **state)
{
	bool up;
	int fd = netdev_open(NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(netdev_get_up(fd, "lo", &up, NULL), 0);
	close(fd);
	assert_int_equal(carrier_is_on("lo"), up);
	assert_false(carrier_is_on("nosuch0"));
	assert_false(carrier_await("nosuch0", NS_PER_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carrier),
		with_agents(test_hello),
		with_agents(test_ping_and_quit),
		with_agents(test_refusals),
		cmocka_unit_test(test_garbage_on_the_stream),
		cmocka_unit_test(test_attach_to_what_is_no_agent),
		with_agents(test_a_mute_agent_is_found_out),
		with_agents(test_two_posts_are_one_too_many),
		with_agents(test_netdev_is_read),
		with_agents(test_sysctls_are_read),
		with_agents(test_exec),
		with_agents(test_exec_of_much_and_of_long),
		with_agents(test_block),
		with_agents(test_block_with_a_lost_m1),
		with_agents(test_block_with_a_lost_m2),
		with_agents(test_block_with_an_m1_lost_before),
		with_agents(test_block_with_a_path_that_is_none),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
