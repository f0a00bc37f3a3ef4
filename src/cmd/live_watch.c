/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/live_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[LIVE_TOPICS] = {
	[LIVE_PROGRESS] = "progress", [LIVE_NOTE] = "note",
	[LIVE_STUDY] = "study",	      [LIVE_BEAT] = "beat",
	[LIVE_END] = "end",
};

int live_news_init(struct live_news *news)
{
	*news = (struct live_news){ .blocks = json_array() };
	return news->blocks ? 0 : -ENOMEM;
}

void live_news_free(struct live_news *news)
{
	for (int topic = 0; topic < LIVE_TOPICS; topic++)
		free(news->text[topic]);
	json_decref(news->blocks);
}

void live_news_set(struct live_news *news, enum live_topic topic, char *text)
{
	if (!text)
		return;
	free(news->text[topic]);
	news->text[topic] = text;
	news->number[topic]++;
}

void live_watcher_init(struct live_watcher *watcher, int64_t block)
{
	*watcher = (struct live_watcher){ .block = block };
}

void live_watcher_free(struct live_watcher *watcher)
{
	free(watcher->event);
	watcher->event = NULL;
}

/* A line feed in the data would end it: JSON in one line has none, what
 * report writes has. */
static void begin(struct live_watcher *watcher, const char *name,
		  const char *text)
{
	int size = asprintf(&watcher->event, "event: %s\ndata: %s\n\n", name,
			    text);

	watcher->sent = 0;
	watcher->size = size > 0 ? (size_t)size : 0;
	if (size < 0)
		watcher->event = NULL;
	for (size_t i = strlen(name) + 14; i + 2 < watcher->size; i++)
		if (watcher->event[i] == '\n')
			watcher->event[i] = ' ';
}

static void begin_blocks(struct live_watcher *watcher,
			 const struct live_news *news)
{
	size_t first = json_array_size(news->blocks);
	json_t *fresh = json_array();
	char *text;

	while (first > 0) {
		const json_t *block = json_array_get(news->blocks, first - 1);

		if (json_integer_value(json_array_get(block, 0)) <=
		    watcher->block)
			break;
		first--;
	}
	for (size_t i = first; i < json_array_size(news->blocks); i++)
		json_array_append(fresh, json_array_get(news->blocks, i));
	if (json_array_size(fresh)) {
		text = json_dumps(fresh, JSON_COMPACT | JSON_REAL_PRECISION(6));
		watcher->block = json_integer_value(json_array_get(
			json_array_get(fresh, json_array_size(fresh) - 1), 0));
		if (text)
			begin(watcher, "blocks", text);
		free(text);
	}
	json_decref(fresh);
}

static void begin_next(struct live_watcher *watcher,
		       const struct live_news *news)
{
	begin_blocks(watcher, news);
	for (int topic = 0; !watcher->event && topic < LIVE_TOPICS; topic++) {
		if (watcher->heard[topic] == news->number[topic])
			continue;
		watcher->heard[topic] = news->number[topic];
		watcher->over = topic == LIVE_END;
		begin(watcher, names[topic], news->text[topic]);
	}
}

size_t live_watcher_take(struct live_watcher *watcher,
			 const struct live_news *news, char *buf, size_t room)
{
	size_t n;

	if (!watcher->event && !watcher->over)
		begin_next(watcher, news);
	if (!watcher->event)
		return 0;
	n = watcher->size - watcher->sent;
	n = n < room ? n : room;
	memcpy(buf, watcher->event + watcher->sent, n);
	watcher->sent += n;
	if (watcher->sent == watcher->size)
		live_watcher_free(watcher);
	return n;
}
