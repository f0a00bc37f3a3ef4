/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/live_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "cmd/live_listen.h"
#include "cmd/live_view.h"
#include "cmd/live_watch.h"

#define WATCHERS_MAX   32
#define IDLE_S	       30 /* a connection that takes nothing is let go */
#define MEMORY_BYTES   (32 << 10) /* of a connection */
#define FEED_BYTES     (64 << 10)
#define TICK_NS	       (500 * NS_PER_MS) /* between looks for new blocks */
#define BEAT_NS	       (10 * NS_PER_S)
#define STUDY_EVERY_NS (2 * NS_PER_S)
#define REST	       100 /* reading the study takes 1/100 of the time */
#define LAST_WORDS_NS  (1 * NS_PER_S)

struct server;

/* What is served whole. Each is made anew at most as often as its making is
 * cheap, whoever asks for it how often; events bring a page up to date. */
enum document { DOCUMENT_PAGE, DOCUMENT_STUDY, DOCUMENT_METRICS, DOCUMENTS };

static const struct {
	const char *url, *format, *type;
} documents[DOCUMENTS] = {
	[DOCUMENT_PAGE] = { "/", "html", "text/html; charset=utf-8" },
	[DOCUMENT_STUDY] = { "/study.json", "json", "application/json" },
	[DOCUMENT_METRICS] = { "/metrics", "openmetrics",
			       "application/openmetrics-text; version=1.0.0; "
			       "charset=utf-8" },
};

struct connection {
	struct server *server;
	struct MHD_Connection *mhd;
	struct live_watcher watcher;
	bool suspended;
	struct connection *next;
};

struct server {
	const struct live_serve_args *args;
	struct MHD_Daemon *daemon;
	struct live_news news;
	struct connection *watchers;
	struct MHD_Response *made[DOCUMENTS];
	int64_t due_ns[DOCUMENTS]; /* when it may be made anew */
	int64_t last_block;	   /* in news.blocks */
	int64_t ticked_ns, beaten_ns, study_due_ns;
	int64_t study_block; /* what the last `study` knew */
	bool over;
};

static void add_headers(struct MHD_Response *response, const char *type)
{
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "X-Frame-Options", "DENY" },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	MHD_add_response_header(response, "Content-Type", type);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned code,
			      struct MHD_Response *response, const char *type)
{
	enum MHD_Result rc;

	if (!response)
		return MHD_NO;
	add_headers(response, type);
	if (code == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Refresh", "1");
	rc = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection,
				   unsigned code, const char *text)
{
	return answer(connection, code,
		      MHD_create_response_from_buffer(strlen(text),
						      (void *)text,
						      MHD_RESPMEM_MUST_COPY),
		      "text/plain; charset=utf-8");
}

/* When something that took so long may be done again. */
static int64_t rest_after(int64_t started_ns)
{
	int64_t rest_ns = REST * (clock_mono_ns() - started_ns);

	return started_ns +
	       (rest_ns > STUDY_EVERY_NS ? rest_ns : STUDY_EVERY_NS);
}

/* Keeps the former one where the study cannot be read. */
static int make_document(struct server *server, enum document which,
			 struct err *err)
{
	int64_t now_ns = clock_mono_ns();
	char *text;
	size_t size;
	int rc;

	if (server->made[which] && now_ns < server->due_ns[which])
		return 0;
	rc = live_view_report(server->args->dir, documents[which].format, &text,
			      &size, err);
	server->due_ns[which] = rest_after(now_ns);
	if (rc)
		return server->made[which] ? 0 : rc;
	if (server->made[which])
		MHD_destroy_response(server->made[which]);
	server->made[which] = MHD_create_response_from_buffer(
		size, text, MHD_RESPMEM_MUST_FREE);
	if (!server->made[which])
		return err_set(err, ENOMEM, "out of memory");
	add_headers(server->made[which], documents[which].type);
	return 0;
}

static enum MHD_Result answer_document(struct server *server,
				       struct MHD_Connection *connection,
				       enum document which)
{
	struct err err = ERR_INIT;
	char words[sizeof(err.text) + 64];

	if (!make_document(server, which, &err))
		return MHD_queue_response(connection, MHD_HTTP_OK,
					  server->made[which]);
	snprintf(words, sizeof(words),
		 "Nothing to show yet; this page looks again.\n%s\n", err.text);
	return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, words);
}

/* Nothing to tell: it sleeps until resume_all(). */
static ssize_t give_event(void *arg, uint64_t position, char *buf, size_t room)
{
	struct connection *c = arg;
	size_t n = live_watcher_take(&c->watcher, &c->server->news, buf, room);

	(void)position;
	if (n)
		return (ssize_t)n;
	if (c->watcher.over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(c->mhd);
	c->suspended = true;
	return 0;
}

static void forget(void *arg)
{
	struct connection *c = arg, **at = &c->server->watchers;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	live_watcher_free(&c->watcher);
	free(c);
}

static enum MHD_Result answer_events(struct server *server,
				     struct MHD_Connection *connection)
{
	struct connection *c = calloc(1, sizeof(*c));
	const char *after = MHD_lookup_connection_value(
		connection, MHD_GET_ARGUMENT_KIND, "after");
	struct MHD_Response *response;

	if (!c)
		return MHD_NO;
	c->server = server;
	c->mhd = connection;
	live_watcher_init(&c->watcher, after ? strtoll(after, NULL, 10) : 0);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384,
						     give_event, c, forget);
	if (!response) {
		free(c);
		return MHD_NO;
	}
	c->next = server->watchers;
	server->watchers = c;
	server->ticked_ns = 0; /* look at once */
	return answer(connection, MHD_HTTP_OK, response, "text/event-stream");
}

static enum MHD_Result route(struct server *server,
			     struct MHD_Connection *connection, const char *url)
{
	for (int i = 0; i < DOCUMENTS; i++)
		if (strcmp(url, documents[i].url) == 0)
			return answer_document(server, connection,
					       (enum document)i);
	if (strcmp(url, "/events") == 0)
		return answer_events(server, connection);
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "There are /, /events, /study.json and /metrics.\n");
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection,
			      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *size, void **state)
{
	struct server *server = arg;
	const char *host = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	(void)version, (void)data, (void)size, (void)state;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "This page is only to be looked at.\n");
	if (!live_host_is_ours(host, server->args->open))
		return answer_text(connection, MHD_HTTP_FORBIDDEN,
				   "Ask by this machine's number, not by "
				   "another name.\n");
	return route(server, connection, url);
}

static void resume_all(struct server *server)
{
	for (struct connection *c = server->watchers; c; c = c->next) {
		if (!c->suspended)
			continue;
		c->suspended = false;
		MHD_resume_connection(c->mhd);
	}
}

/* {"event": "progress", "data": ...}; false at the feed's end. */
static bool hear(struct server *server)
{
	static char text[FEED_BYTES];
	ssize_t n = recv(server->args->feed, text, sizeof(text), MSG_DONTWAIT);
	const char *event;
	json_t *json;
	char *data;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	json = json_loadb(text, (size_t)n, 0, NULL);
	event = json_string_value(json_object_get(json, "event"));
	data = json_dumps(json_object_get(json, "data"),
			  JSON_COMPACT | JSON_ENCODE_ANY);
	if (event)
		live_news_set(&server->news,
			      strcmp(event, "note") ? LIVE_PROGRESS : LIVE_NOTE,
			      data);
	else
		free(data);
	json_decref(json);
	resume_all(server);
	return true;
}

/* Reads what the study is now, unless it has read enough for the time. */
static void look_at_study(struct server *server, int64_t now_ns)
{
	struct err ignored = ERR_INIT;
	char *text;
	size_t size;

	if (!server->over && (now_ns < server->study_due_ns ||
			      server->study_block == server->last_block))
		return;
	server->study_block = server->last_block;
	if (!live_view_report(server->args->dir, "json", &text, &size,
			      &ignored))
		live_news_set(&server->news, LIVE_STUDY, text);
	server->study_due_ns = rest_after(now_ns);
}

static void tick(struct server *server)
{
	int64_t now_ns = clock_mono_ns();
	struct err ignored = ERR_INIT;

	if (!server->watchers || now_ns - server->ticked_ns < TICK_NS)
		return;
	server->ticked_ns = now_ns;
	live_view_blocks(server->args->dir, server->news.blocks,
			 LIVE_BLOCKS_MAX, &server->last_block, &ignored);
	look_at_study(server, now_ns);
	if (now_ns - server->beaten_ns > BEAT_NS) {
		server->beaten_ns = now_ns;
		live_news_set(&server->news, LIVE_BEAT, strdup("0"));
	}
	resume_all(server);
}

static int wait_ms(const struct server *server)
{
	MHD_UNSIGNED_LONG_LONG mhd_ms;
	int ms = server->watchers ? (int)(TICK_NS / NS_PER_MS) : -1;

	if (MHD_get_timeout(server->daemon, &mhd_ms) == MHD_YES &&
	    (ms < 0 || mhd_ms < (MHD_UNSIGNED_LONG_LONG)ms))
		ms = mhd_ms < 60000 ? (int)mhd_ms : 60000;
	return ms;
}

static void turn(struct server *server, int epoll_fd)
{
	struct pollfd fds[] = { { .fd = epoll_fd, .events = POLLIN },
				{ .fd = server->over ? -1 : server->args->feed,
				  .events = POLLIN } };

	poll(fds, 2, wait_ms(server));
	if (fds[1].revents && !hear(server))
		server->over = true;
	tick(server);
	MHD_run(server->daemon);
}

/* The last look, `end`, and a second for it to arrive. */
static void say_goodbye(struct server *server, int epoll_fd)
{
	int64_t deadline_ns = clock_mono_ns() + LAST_WORDS_NS;

	server->ticked_ns = 0;
	tick(server);
	live_news_set(&server->news, LIVE_END, strdup("{}"));
	resume_all(server);
	while (server->watchers && clock_mono_ns() < deadline_ns) {
		struct pollfd fd = { .fd = epoll_fd, .events = POLLIN };

		MHD_run(server->daemon);
		poll(&fd, 1, 20);
	}
	resume_all(server); /* MHD_stop_daemon() wants none suspended */
}

int live_serve(const struct live_serve_args *args, struct err *err)
{
	struct server server = { .args = args };
	int epoll_fd, rc = live_news_init(&server.news);

	if (rc)
		return err_sys(err, -rc, "live page");
	server.daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
		&server, MHD_OPTION_LISTEN_SOCKET, args->listener,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)WATCHERS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
		MHD_OPTION_END);
	if (!server.daemon) {
		live_news_free(&server.news);
		return err_set(err, EIO, "libmicrohttpd did not start");
	}
	epoll_fd = MHD_get_daemon_info(server.daemon, MHD_DAEMON_INFO_EPOLL_FD)
			   ->epoll_fd;
	while (!server.over)
		turn(&server, epoll_fd);
	say_goodbye(&server, epoll_fd);
	MHD_stop_daemon(server.daemon);
	for (int i = 0; i < DOCUMENTS; i++)
		if (server.made[i])
			MHD_destroy_response(server.made[i]);
	live_news_free(&server.news);
	return 0;
}
