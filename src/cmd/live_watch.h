/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_watch.h - what there is to tell watchers, and who has heard how much.
 * Pure: no sockets, no store. Called by live_serve.c.
 *
 * A watcher takes one event at a time; when it has taken that, it gets the
 * newest of what it has not heard. So a slow one costs the memory of one
 * event, however long it is slow.
 */
#ifndef VAZAO_CMD_LIVE_WATCH_H
#define VAZAO_CMD_LIVE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#define LIVE_BLOCKS_MAX 4096 /* the newest, for watchers that lag */

enum live_topic {
	LIVE_PROGRESS,
	LIVE_NOTE,
	LIVE_STUDY,
	LIVE_BEAT,
	LIVE_END,
	LIVE_TOPICS
};

/* What there is to tell. */
struct live_news {
	/* The newest of each, one line of JSON, malloc'ed; and which it is. */
	char *text[LIVE_TOPICS];
	int64_t number[LIVE_TOPICS];
	json_t *blocks; /* [[id, point, [rates]], ...], ascending */
};

int live_news_init(struct live_news *news);
void live_news_free(struct live_news *news);

/* `text` is taken over. */
void live_news_set(struct live_news *news, enum live_topic topic, char *text);

struct live_watcher {
	int64_t heard[LIVE_TOPICS];
	int64_t block; /* the last one that it has */
	char *event;   /* under way; NULL: none */
	size_t size, sent;
	bool over; /* has heard of the end */
};

/* A watcher that has the page with the blocks up to `block`. */
void live_watcher_init(struct live_watcher *watcher, int64_t block);
void live_watcher_free(struct live_watcher *watcher);

/* Up to `room` bytes for it into buf; 0: it has heard all. */
size_t live_watcher_take(struct live_watcher *watcher,
			 const struct live_news *news, char *buf, size_t room);

#endif
