/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a live page listens, whom it answers, and what watchers hear. The
 * server itself is tested by tests/lab/live_test.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/live_listen.h"
#include "cmd/live_watch.h"

static struct err err = ERR_INIT;

static void refuse(const char *address, bool open, const char *said)
{
	char url[96];
	int fd = live_listen(address, "127.0.0.1:0", open, url, sizeof(url),
			     &err);

	if (fd >= 0 || !strstr(err.text, said))
		fail_msg("'%s': %d, '%s'", address, fd, err.text);
}

static void test_only_loopback(void **state)
{
	char url[96];
	int fd, again;

	(void)state;
	refuse("0.0.0.0:0", false, "--live-open");
	refuse("[::]:0", false, "--live-open");
	refuse("192.0.2.1:80", false, "other machines could watch");
	refuse("localhost:80", false, "no address in numbers");
	refuse("127.0.0.1", false, "ADDR:PORT is wanted");
	refuse("127.0.0.1:99999", false, "ADDR:PORT is wanted");
	refuse("127.0.0.1:http", false, "ADDR:PORT is wanted");
	refuse("::1", false, "no address");
	fd = live_listen(":0", "", false, url, sizeof(url), &err);
	assert_true(fd >= 0);
	assert_memory_equal(url, "http://127.0.0.1:", 17);
	/* that port again: refused if asked for, another if not */
	url[strlen(url) - 1] = '\0';
	refuse(url + 7, false, "in use");
	again = live_listen("", url + 7, false, url, sizeof(url), &err);
	assert_true(again >= 0);
	close(again);
	close(fd);
	fd = live_listen("0.0.0.0:0", "", true, url, sizeof(url), &err);
	assert_true(fd >= 0);
	close(fd);
}

static void test_hosts(void **state)
{
	(void)state;
	assert_true(live_host_is_ours("127.0.0.1:2007", false));
	assert_true(live_host_is_ours("127.1.2.3", false));
	assert_true(live_host_is_ours("localhost:2007", false));
	assert_true(live_host_is_ours("[::1]:2007", false));
	assert_false(live_host_is_ours("evil.example", true));
	assert_false(live_host_is_ours("127.0.0.1.evil.example:80", false));
	assert_false(live_host_is_ours("192.0.2.1:2007", false));
	assert_true(live_host_is_ours("192.0.2.1:2007", true));
	assert_false(live_host_is_ours("", false));
	assert_false(live_host_is_ours(NULL, true));
}

/* All that a watcher takes now, a few bytes at a time. */
static char *take_all(struct live_watcher *watcher,
		      const struct live_news *news, size_t room)
{
	static char text[4096];
	size_t used = 0, n;

	while ((n = live_watcher_take(watcher, news, text + used, room)) > 0) {
		assert_true(n <= room);
		used += n;
	}
	text[used] = '\0';
	return text;
}

static void test_news(void **state)
{
	struct live_watcher early, late;
	struct live_news news;
	char one[8];

	(void)state;
	assert_int_equal(live_news_init(&news), 0);
	live_watcher_init(&early, 0);
	live_watcher_init(&late, 2);
	assert_string_equal(take_all(&early, &news, 7), "");
	json_array_append_new(news.blocks, json_pack("[i i [f]]", 1, 0, 2.5));
	json_array_append_new(news.blocks, json_pack("[i i [f]]", 3, 1, 7.5));
	live_news_set(&news, LIVE_PROGRESS, strdup("{\"blocks\":\n2}"));
	assert_string_equal(take_all(&early, &news, 7),
			    "event: blocks\ndata: [[1,0,[2.5]],[3,1,[7.5]]]\n\n"
			    "event: progress\ndata: {\"blocks\": 2}\n\n");
	assert_string_equal(take_all(&early, &news, 7), "");

	/* one that takes its time hears the newest, not all between */
	assert_int_equal(live_watcher_take(&late, &news, one, 3), 3);
	live_news_set(&news, LIVE_PROGRESS, strdup("{\"blocks\":3}"));
	live_news_set(&news, LIVE_PROGRESS, strdup("{\"blocks\":4}"));
	assert_string_equal(take_all(&late, &news, 64),
			    "nt: blocks\ndata: [[3,1,[7.5]]]\n\n"
			    "event: progress\ndata: {\"blocks\":4}\n\n");
	live_news_set(&news, LIVE_END, strdup("{}"));
	assert_string_equal(take_all(&late, &news, 64),
			    "event: end\ndata: {}\n\n");
	assert_true(late.over);
	live_news_set(&news, LIVE_NOTE, strdup("\"more\""));
	assert_string_equal(take_all(&late, &news, 64), "");
	live_watcher_free(&early);
	live_watcher_free(&late);
	live_news_free(&news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_loopback),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
