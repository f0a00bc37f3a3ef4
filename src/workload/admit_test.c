/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tokens and watchers over loopback: who gets in, what strangers can do, and
 * a long slice that is seen as it grows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/sock.h"

static const uint8_t token[BLOCK_TOKEN_BYTES] = "a token of 16 b";
static const struct sock_args plain;

static int dial(uint16_t port)
{
	struct address address = address_of_ipv4(INADDR_LOOPBACK);
	int fd;

	address_set_port(&address, port);
	fd = sock_connect(&address, &plain, clock_mono_ns() + NS_PER_S, NULL);
	assert_true(fd >= 0);
	return fd;
}

static int open_listener(uint16_t *port)
{
	struct address address = address_of_ipv4(INADDR_LOOPBACK);
	int fd = sock_listen(&address, 128, &plain, NULL);

	assert_true(fd >= 0);
	*port = address_get_port(&address);
	return fd;
}

static void test_right_token(void **state)
{
	struct admission a;
	uint16_t port;
	int listener = open_listener(&port);
	int fd = dial(port);
	int got;

	(void)state;
	assert_int_equal(admit_show(fd, token, NULL), 0);
	assert_int_equal(write(fd, "data", 4), 4);
	admit_open(&a, listener, token);
	got = admit_next(&a, clock_mono_ns() + NS_PER_S, NULL);
	assert_true(got >= 0);
	/* nothing behind the token was taken */
	char data[8];
	assert_int_equal(read(got, data, sizeof(data)), 4);
	assert_int_equal(a.strangers, 0);
	admit_close(&a);
	close(got);
	close(fd);
	close(listener);
}

/* Every way to be a stranger, before the right one comes, byte by byte. */
static void test_strangers_are_dropped(void **state)
{
	uint8_t almost[BLOCK_TOKEN_BYTES];
	int stranger[ADMIT_CANDIDATES + 9];
	size_t n = 0;
	struct admission a;
	uint16_t port;
	int listener = open_listener(&port);
	int got, fd;

	(void)state;
	memcpy(almost, token, sizeof(almost));
	almost[BLOCK_TOKEN_BYTES - 1] ^= 1;
	admit_open(&a, listener, token);
	stranger[n] = dial(port);
	admit_show(stranger[n++], almost, NULL);
	stranger[n] = dial(port);
	assert_true(write(stranger[n++], token, 15) == 15);
	shutdown(stranger[n - 1], SHUT_WR);
	while (n < ADMIT_CANDIDATES + 9)
		stranger[n++] = dial(port); /* these say nothing */
	fd = dial(port);
	if (fork() == 0) {
		for (size_t i = 0; i < BLOCK_TOKEN_BYTES; i++) {
			clock_sleep_ns(2 * NS_PER_MS);
			if (write(fd, token + i, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	got = admit_next(&a, clock_mono_ns() + 5 * NS_PER_S, NULL);
	assert_true(got >= 0);
	assert_true(a.strangers >= 10);
	wait(NULL);
	admit_close(&a);
	while (n > 0)
		close(stranger[--n]);
	close(got);
	close(fd);
	close(listener);
}

static void test_nobody_comes(void **state)
{
	struct err err = ERR_INIT;
	struct admission a;
	uint16_t port;
	int listener = open_listener(&port);
	int fd = dial(port);

	(void)state;
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n", 16), 16);
	admit_open(&a, listener, token);
	assert_int_equal(admit_next(&a, clock_mono_ns() + 50 * NS_PER_MS, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "1 without it"));
	admit_close(&a);
	close(fd);
	close(listener);
}

/*
 * A watched block with a token, over loopback.
 */

struct watched {
	struct point point;
	struct block_timing timing;
	int ticks, enough;
	int64_t bytes, duration_ns;
};

static int on_tick(void *arg, const struct block_slice *tick, struct err *err)
{
	struct watched *w = arg;

	(void)err;
	assert_true(tick->bytes > 0 && tick->duration_ns > 0);
	w->bytes += tick->bytes;
	w->duration_ns += tick->duration_ns;
	return ++w->ticks == w->enough;
}

static void init_watched(struct watched *w, int enough)
{
	*w = (struct watched){ .enough = enough,
			       .timing = { .warmup_ns = NS_PER_MS,
					   .slice_ns = 200 * NS_PER_MS,
					   .patience_ns = NS_PER_S } };
	point_init(&w->point);
	w->point.value[AXIS_FLOWS] = 3;
}

static void start_follower(const struct watched *w, uint16_t data_port,
			   uint16_t baton_port, const uint8_t *shown)
{
	struct block_follow_args args = {
		.address = address_of_ipv4(INADDR_LOOPBACK),
		.data_port = data_port,
		.baton_port = baton_port,
		.point = &w->point,
		.timing = w->timing,
		.token = shown,
		.turn_wait_ns = 2 * NS_PER_S,
	};
	struct block_result result;

	if (fork() == 0)
		_exit(block_follow(&args, &result, NULL) ? 1 : 0);
}

static int run_watched(struct watched *w, const uint8_t *shown,
		       struct block_result *result, struct err *err)
{
	static const char *const name = "path";
	static const int order[] = { 0 };
	const struct block_listen_args listen = { .address = address_of_ipv4(
							  INADDR_LOOPBACK),
						  .point = &w->point,
						  .token = token };
	struct block_conductor *conductor;
	uint16_t data_port, baton_port;
	int failed_path, rc;
	struct block_conduct_args args = {
		.path = &conductor,
		.path_name = &name,
		.paths = 1,
		.order = order,
		.slices = 1,
		.point = &w->point,
		.timing = w->timing,
		.ticks = { .tick_ns = 20 * NS_PER_MS,
			   .on_tick = on_tick,
			   .arg = w },
		.failed_path = &failed_path,
	};

	assert_int_equal(
		block_listen(&conductor, &listen, &data_port, &baton_port, err),
		0);
	close(dial(baton_port)); /* a stranger at each door */
	close(dial(data_port));
	start_follower(w, data_port, baton_port, shown);
	rc = block_conduct(&args, result, err);
	block_conductor_free(conductor);
	wait(NULL);
	return rc;
}

static void test_a_slice_is_watched(void **state)
{
	struct block_result result = { 0 };
	struct watched w;

	(void)state;
	init_watched(&w, 0);
	assert_int_equal(run_watched(&w, token, &result, NULL), 0);
	assert_in_range(w.ticks, 5, 10);
	assert_int_equal(w.bytes, result.slice[0].bytes);
	assert_int_equal(w.duration_ns, result.slice[0].duration_ns);
	assert_int_equal(result.strangers, 2);
	block_result_free(&result);
}

static void test_enough_ends_a_slice(void **state)
{
	struct block_result result = { 0 };
	struct watched w;

	(void)state;
	init_watched(&w, 2);
	assert_int_equal(run_watched(&w, token, &result, NULL), 0);
	assert_int_equal(w.ticks, 2);
	assert_true(result.slice[0].duration_ns < 150 * NS_PER_MS);
	assert_int_equal(w.bytes, result.slice[0].bytes);
	block_result_free(&result);
}

static void test_a_follower_without_the_token(void **state)
{
	struct block_result result = { 0 };
	struct err err = ERR_INIT;
	struct watched w;

	(void)state;
	init_watched(&w, 0);
	w.timing.patience_ns = 300 * NS_PER_MS;
	assert_int_equal(run_watched(&w, NULL, &result, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "token"));
	block_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_token),
		cmocka_unit_test(test_strangers_are_dropped),
		cmocka_unit_test(test_nobody_comes),
		cmocka_unit_test(test_a_slice_is_watched),
		cmocka_unit_test(test_enough_ends_a_slice),
		cmocka_unit_test(test_a_follower_without_the_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
