/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/observer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "observe/ebpf.h"
#include "observe/profile.h"
#include "observe/sources.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct seen {
	uint64_t turns, bytes, bytes_before;
	int64_t began_ns, turn_ns, observe_ns;
};

struct observer {
	json_t *wanted;
	size_t paths;
	bool is_m1;
	struct err no_ebpf, no_profile; /* why, where wanted and not there */
	struct source *sources; /* the last is read nearest to the turn */
	struct seen seen[];	/* [paths] */
};

/*
 * What is asked: {"node", "path": [{"processes": {"netback": 12}, "hops":
 * [{"node", "ifname", "role", "netns"}]}]} of M2, {"node", "kernel": boot id
 * of M2's, "ifname"} of an M1.
 */

/* Whose kernel is ours, by what its random(4) calls this boot. */
static bool same_kernel(const char *boot_id)
{
	char own[64] = "";
	FILE *file = fopen(BOOT_ID, "re");

	if (!file)
		return true;
	if (!fgets(own, sizeof(own), file))
		own[0] = '\0';
	fclose(file);
	own[strcspn(own, "\n")] = '\0';
	return strcmp(own, boot_id) == 0;
}

static int add_hops(struct observer *o, size_t path, const json_t *hops,
		    struct err *err)
{
	json_t *hop;
	size_t i;
	int rc = 0;

	json_array_foreach((json_t *)hops, i, hop) {
		const char *ifname, *netns;
		char where[32];

		rc = json_get_string(hop, "ifname", &ifname, err);
		if (!rc)
			rc = json_get_string(hop, "netns", &netns, err);
		snprintf(where, sizeof(where), "hops/%zu", i);
		if (!rc)
			rc = sources_add_netdev(&o->sources, where, o->paths,
						(int)path, netns, ifname, err);
		if (rc)
			break;
	}
	return rc;
}

static int add_processes(struct observer *o, size_t path, json_t *processes,
			 struct err *err)
{
	const char *name;
	json_t *pid;
	int rc = 0;

	json_object_foreach(processes, name, pid) {
		char where[64];

		snprintf(where, sizeof(where), "processes/%.40s", name);
		if (json_integer_value(pid) > 0)
			rc = sources_add_process(
				&o->sources, where, o->paths, (int)path,
				(pid_t)json_integer_value(pid), err);
		if (rc)
			break;
	}
	return rc;
}

static int add_paths(struct observer *o, struct err *err)
{
	json_t *paths, *one;
	size_t i;
	int rc = json_get_array(o->wanted, "path", &paths, err);

	if (rc)
		return rc;
	if (json_array_size(paths) != o->paths)
		return err_set(err, EPROTO, "observe: %zu paths, not %zu",
			       json_array_size(paths), o->paths);
	json_array_foreach(paths, i, one) {
		rc = add_hops(o, i, json_object_get(one, "hops"), err);
		if (!rc)
			rc = add_processes(
				o, i, json_object_get(one, "processes"), err);
		if (rc)
			break;
	}
	return rc;
}

/* The shared ones after a path's own, the CPUs' time last but one: then only
 * our own clock is read between it and the turn. */
static int add_m2(struct observer *o, struct err *err)
{
	int rc = add_paths(o, err);

	if (!rc)
		rc = sources_add_snmp(&o->sources, "m2/snmp", o->paths, err);
	if (!rc)
		rc = sources_add_tcp(&o->sources, "m2/tcp", o->paths, err);
	if (!rc)
		rc = sources_add_hardware(&o->sources, "hardware", o->paths,
					  err);
	if (!rc)
		rc = sources_add_kernel(&o->sources, "host", o->paths, err);
	if (!rc)
		rc = sources_add_self(&o->sources, "m2/process", o->paths, err);
	if (!rc && json_is_true(json_object_get(o->wanted, "ebpf")) &&
	    ebpf_add(&o->sources, o->wanted, o->paths, &o->no_ebpf))
		log_debug("observe: %s", o->no_ebpf.text);
	if (!rc && json_is_true(json_object_get(o->wanted, "profile")) &&
	    profile_add(&o->sources, o->paths, &o->no_profile))
		log_debug("observe: %s", o->no_profile.text);
	return rc;
}

static int add_m1(struct observer *o, struct err *err)
{
	const char *boot_id, *ifname;
	bool guest = false;
	int rc = json_get_string(o->wanted, "kernel", &boot_id, err);

	if (!rc)
		rc = json_get_string(o->wanted, "ifname", &ifname, err);
	if (!rc)
		guest = !same_kernel(boot_id);
	if (!rc)
		rc = sources_add_snmp(&o->sources, "snmp", 1, err);
	if (!rc)
		rc = sources_add_tcp(&o->sources, "tcp", 1, err);
	if (!rc && guest)
		rc = sources_add_netdev(&o->sources, "hop", 1, 0, NULL, ifname,
					err);
	for (struct source *s = o->sources; s; s = s->next)
		s->lingers = true;
	if (!rc && guest)
		rc = sources_add_kernel(&o->sources, "kernel", 1, err);
	return rc ? rc : sources_add_self(&o->sources, "process", 1, err);
}

/* Made in reverse: each was put in front. */
static void turn_round(struct observer *o)
{
	struct source *list = NULL;

	while (o->sources) {
		struct source *first = o->sources;

		o->sources = first->next;
		first->next = list;
		list = first;
	}
	o->sources = list;
}

int observer_open(struct observer **observer, const json_t *wanted,
		  size_t paths, struct err *err)
{
	struct observer *o = calloc(1, sizeof(*o) + paths * sizeof(o->seen[0]));
	int rc;

	*observer = NULL;
	if (!o)
		return err_set(err, ENOMEM, "out of memory");
	o->paths = paths;
	o->wanted = json_deep_copy(wanted);
	o->is_m1 = !json_object_get(wanted, "path");
	rc = o->is_m1 ? add_m1(o, err) : add_m2(o, err);
	turn_round(o);
	if (rc)
		observer_close(o);
	else
		*observer = o;
	return rc;
}

void observer_close(struct observer *observer)
{
	struct source *next;

	if (!observer)
		return;
	for (struct source *s = observer->sources; s; s = next) {
		next = s->next;
		source_free(s);
	}
	json_decref(observer->wanted);
	free(observer);
}

bool observer_is_for(const struct observer *observer, const json_t *wanted)
{
	return observer && json_equal(observer->wanted, wanted);
}

void observer_reset(struct observer *observer)
{
	memset(observer->seen, 0, observer->paths * sizeof(observer->seen[0]));
	for (struct source *s = observer->sources; s; s = s->next)
		source_reset(s);
}

static bool concerns(const struct source *source, size_t path)
{
	return source->path < 0 || (size_t)source->path == path;
}

void observer_turn_begins(struct observer *observer, size_t path, const int *fd,
			  size_t flows, uint64_t bytes)
{
	const struct source_edge edge = { .fd = fd,
					  .flows = flows,
					  .path = path };
	struct seen *seen = &observer->seen[path];
	int64_t begun_ns = clock_mono_ns();

	for (struct source *s = observer->sources; s; s = s->next)
		if (concerns(s, path))
			source_begin(s, &edge);
	seen->bytes_before = bytes;
	seen->began_ns = clock_mono_ns();
	seen->observe_ns += seen->began_ns - begun_ns;
}

/* From the last to the first. */
static void end_sources(struct source *source, size_t path,
			const struct source_edge *edge)
{
	if (!source)
		return;
	end_sources(source->next, path, edge);
	if (concerns(source, path))
		source_end(source, path, edge);
}

void observer_turn_ends(struct observer *observer, size_t path, const int *fd,
			size_t flows, uint64_t bytes)
{
	const struct source_edge edge = {
		.fd = fd, .flows = flows, .ends = true, .path = path
	};
	struct seen *seen = &observer->seen[path];
	int64_t ended_ns = clock_mono_ns();

	seen->turn_ns += ended_ns - seen->began_ns;
	end_sources(observer->sources, path, &edge);
	seen->turns++;
	seen->bytes += bytes - seen->bytes_before;
	seen->observe_ns += clock_mono_ns() - ended_ns;
}

void observer_block_ends(struct observer *observer, const int *fd, size_t flows)
{
	const struct source_edge edge = { .fd = fd, .flows = flows };

	for (struct source *s = observer->sources; s; s = s->next)
		source_finish(s, &edge);
}

static void set(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

/* {"0": {...}, "1": {...}}, as the sources left it, to an array with names;
 * what could not be read is left out. */
static void finish_hops(const struct observer *o, size_t path, json_t *root)
{
	json_t *hops = json_object_get(
		json_array_get(json_object_get(o->wanted, "path"), path),
		"hops");
	json_t *counted = json_object_get(root, "hops");
	json_t *array = json_array(), *hop;
	size_t i;

	json_array_foreach(hops, i, hop) {
		static const char *const keys[] = { "node", "ifname", "role" };
		char key[24];
		json_t *one;

		snprintf(key, sizeof(key), "%zu", i);
		one = json_object_get(counted, key);
		if (!one)
			continue;
		for (size_t k = 0; k < 3; k++)
			json_object_set(one, keys[k],
					json_object_get(hop, keys[k]));
		json_array_append(array, one);
	}
	json_object_set_new(root, "hops", array);
}

static void say_why_not(json_t *root, const char *key, const struct err *why)
{
	if (why->code)
		json_object_set_new(root, key, json_string(why->text));
}

static void finish(const struct observer *o, size_t path, json_t *root)
{
	json_t *node = json_object_get(o->wanted, "node");

	if (o->is_m1) {
		json_object_set(root, "node", node);
		sources_finish_tcp(root, "tcp");
		if (json_object_get(root, "kernel"))
			sources_finish_kernel(root, "kernel");
		return;
	}
	json_object_set(source_object(root, "m2"), "node", node);
	sources_finish_tcp(root, "m2/tcp");
	sources_finish_kernel(root, "host");
	say_why_not(root, "no_ebpf", &o->no_ebpf);
	say_why_not(root, "no_profile", &o->no_profile);
	finish_hops(o, path, root);
}

json_t *observer_report(const struct observer *observer, size_t path)
{
	const struct seen *seen = &observer->seen[path];
	json_t *root = json_object();

	if (!seen->turns)
		return root;
	set(root, "turns", (int64_t)seen->turns);
	set(root, "turn_bytes", (int64_t)seen->bytes);
	set(root, "turn_ns", seen->turn_ns);
	set(root, "observe_ns", seen->observe_ns);
	for (const struct source *s = observer->sources; s; s = s->next)
		source_report(s, path, root);
	finish(observer, path, root);
	return root;
}
