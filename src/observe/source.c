/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source *source_new(const struct source_args *args)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct source){
		.ops = args->ops,
		.where = strdup(args->where),
		.count = args->count,
		.names = args->names,
		.path = args->path,
		.paths = args->paths,
		.state = args->state,
		.before = calloc(args->count + 1, sizeof(uint64_t)),
		.now = calloc(args->count + 1, sizeof(uint64_t)),
		.sum = calloc(args->count * args->paths + 1, sizeof(uint64_t)),
	};
	if (s->where && s->before && s->now && s->sum)
		return s;
	s->ops = &(const struct source_ops){ 0 }; /* the state is not ours */
	source_free(s);
	return NULL;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	if (source->ops->close)
		source->ops->close(source);
	free((char *)source->where);
	free(source->row_names);
	free(source->before);
	free(source->now);
	free(source->sum);
	free(source);
}

void source_reset(struct source *source)
{
	memset(source->sum, 0,
	       source->count * source->paths * sizeof(*source->sum));
	source->broken = false;
	source->begun = false;
	if (source->ops->prepare)
		source->ops->prepare(source);
}

/* What came since the last reading. */
static void add_up(struct source *source, size_t path,
		   const struct source_edge *edge)
{
	uint64_t *sum = source->sum + path * source->count;

	if (!source->ops->read(source, edge, source->now)) {
		source->broken = true;
		return;
	}
	for (size_t i = 0; i < source->count; i++) {
		if (source->now[i] > source->before[i])
			sum[i] += source->now[i] - source->before[i];
		source->before[i] = source->now[i];
	}
}

void source_begin(struct source *source, const struct source_edge *edge)
{
	if (source->broken || (source->lingers && source->begun))
		return;
	if (!source->ops->read(source, edge, source->before))
		source->broken = true;
	source->begun = true;
}

void source_end(struct source *source, size_t path,
		const struct source_edge *edge)
{
	if (!source->broken)
		add_up(source, path, edge);
}

void source_finish(struct source *source, const struct source_edge *edge)
{
	if (!source->broken && source->lingers && source->begun)
		add_up(source, 0, edge);
}

json_t *source_object(json_t *root, const char *where)
{
	while (*where) {
		size_t length = strcspn(where, "/");
		char key[80];
		json_t *next;

		snprintf(key, sizeof(key), "%.*s", (int)length, where);
		next = json_object_get(root, key);
		if (!next) {
			next = json_object();
			json_object_set_new(root, key, next);
		}
		root = next;
		where += length + (where[length] == '/');
	}
	return root;
}

/* "cpu_ns/user" stands in an object of its own. */
static void set_number(json_t *object, const char *name, uint64_t value)
{
	const char *slash = strchr(name, '/');
	char where[48];

	if (slash) {
		snprintf(where, sizeof(where), "%.*s", (int)(slash - name),
			 name);
		object = source_object(object, where);
		name = slash + 1;
	}
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

void source_report(const struct source *source, size_t path, json_t *root)
{
	const uint64_t *sum = source->sum + path * source->count;
	json_t *object;

	if (source->broken ||
	    (source->path >= 0 && (size_t)source->path != path))
		return;
	if (source->ops->report) {
		source->ops->report(source, path, root);
		return;
	}
	object = source_object(root, source->where);
	for (size_t i = 0; i < source->count; i++) {
		bool has = !source->ops->has || source->ops->has(source, i);
		const char *name =
			source->names ? source->names[i] : source->row_names[i];

		if (has && (sum[i] || !source->moved_only))
			set_number(object, name, sum[i]);
	}
}

bool source_read_file(int fd, char *text, size_t size)
{
	size_t used = 0;

	for (;;) {
		ssize_t n =
			pread(fd, text + used, size - 1 - used, (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || used + (size_t)n >= size - 1)
			return false;
		used += (size_t)n;
		if (n == 0)
			break;
	}
	text[used] = '\0';
	return used > 0;
}
