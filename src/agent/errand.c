/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/block_json.h"
#include "agent/errand_nodes.h"
#include "agent/guest_veth.h"
#include "base/clock.h"
#include "base/json.h"

#define PREFIX 24

int errand_plug_cable(struct err *err)
{
	return guest_add_veth(ERRAND_IFNAME, ERRAND_CABLE, err);
}

struct errand {
	json_t *json; /* as it was given */
	int report_fd;
	struct errand_nodes nodes;
	size_t paths;
	struct agent *m1[BLOCK_MAX_PATHS];
	const char *name[BLOCK_MAX_PATHS];
	const char *m2_address[BLOCK_MAX_PATHS];
	int mtu, offload; /* as the ends are; mtu 0: not known */
	int failed_path;
};

/* One line, whole; steals it. */
static int report(const struct errand *errand, json_t *line, struct err *err)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(17));
	size_t size = text ? strlen(text) : 0;
	int rc = text ? 0 : err_sys(err, ENOMEM, "a line");

	json_decref(line);
	if (!rc)
		text[size++] = '\n';
	for (size_t done = 0; !rc && done < size;) {
		ssize_t n = write(errand->report_fd, text + done, size - done);

		if (n < 0 && errno != EINTR)
			rc = err_sys(err, errno, "the report");
		done += n > 0 ? (size_t)n : 0;
	}
	free(text);
	return rc;
}

static json_t *tell_failure(const struct errand *errand, const struct err *why)
{
	json_t *text = json_string(why->text);

	return json_pack("{si so}", "failed_path", errand->failed_path, "error",
			 text ? text : json_string("(not UTF-8)"));
}

/*
 * The ends.
 */

static int set_address(struct agent *agent, const char *ifname,
		       const char *address, struct err *err)
{
	char text[64];
	const struct agent_netdev netdev = { .ifname = ifname,
					     .offload = -1,
					     .address = text };

	snprintf(text, sizeof(text), "%s/%d", address, PREFIX);
	return agent_set_netdev(agent, &netdev, NULL, err);
}

static int read_paths(struct errand *errand, bool *wants_domU, struct err *err)
{
	json_t *list, *item;
	size_t i;
	int rc = json_get_array(errand->json, "paths", &list, err);

	if (!rc && json_array_size(list) > BLOCK_MAX_PATHS)
		rc = err_set(err, E2BIG, "too many paths");
	if (rc)
		return rc;
	*wants_domU = false;
	json_array_foreach(list, i, item) {
		const char *end = "";

		rc = rc ? rc : json_get_string(item, "end", &end, err);
		*wants_domU |= strcmp(end, "domU") == 0;
	}
	errand->paths = json_array_size(list);
	return rc;
}

static int place_path(struct errand *errand, size_t i, const json_t *item,
		      struct err *err)
{
	const char *end, *address;
	int rc = json_get_string(item, "name", &errand->name[i], err);

	if (!rc)
		rc = json_get_string(item, "end", &end, err);
	if (!rc)
		rc = json_get_string(item, "address", &address, err);
	if (!rc)
		rc = json_get_string(errand->json, "m2_address",
				     &errand->m2_address[i], err);
	if (rc)
		return rc;
	errand->m1[i] = strcmp(end, "domU") == 0 ? errand->nodes.domU
						 : errand->nodes.own;
	errand->failed_path = (int)i;
	rc = set_address(errand->m1[i], ERRAND_IFNAME, address, err);
	if (!rc)
		errand->failed_path = -1;
	return rc;
}

static int start_nodes(struct errand *errand, struct err *err)
{
	const char *own = getenv("vazao_node"), *m2_address;
	json_t *list, *item;
	bool wants_domU = false;
	size_t i;
	int rc = read_paths(errand, &wants_domU, err);

	if (!rc)
		rc = json_get_string(errand->json, "m2_address", &m2_address,
				     err);
	if (!rc)
		rc = errand_nodes_start(&errand->nodes, own ? own : "guest",
					wants_domU, err);
	if (!rc)
		rc = set_address(errand->nodes.m2, ERRAND_CABLE, m2_address,
				 err);
	list = json_object_get(errand->json, "paths");
	json_array_foreach(list, i, item)
		if (!rc)
			rc = place_path(errand, i, item, err);
	return rc;
}

static int equalize(struct errand *errand, struct err *err)
{
	json_t *sysctls, *settings = NULL;
	int rc = json_get_object(errand->json, "sysctls", &sysctls, err);

	if (!rc)
		rc = errand_nodes_equalize(&errand->nodes, sysctls, &settings,
					   err);
	if (rc) {
		json_decref(settings);
		return rc;
	}
	return report(errand, json_pack("{so}", "settings", settings), err);
}

/*
 * The blocks.
 */

static int read_order(const json_t *block, int **order, size_t *slices,
		      struct err *err)
{
	json_t *list, *item;
	size_t i;
	int rc = json_get_array(block, "order", &list, err);

	if (rc)
		return rc;
	*slices = json_array_size(list);
	*order = calloc(*slices + 1, sizeof(**order));
	if (!*order)
		return err_sys(err, ENOMEM, "order");
	json_array_foreach(list, i, item)
		(*order)[i] = (int)json_integer_value(item);
	return 0;
}

static int prepare(struct errand *errand, const struct point *point,
		   int64_t delay_ns, struct err *err)
{
	int mtu = (int)point->value[AXIS_MTU];
	int offload = (int)point->value[AXIS_OFFLOAD];
	const struct timespec delay = { delay_ns / NS_PER_S,
					delay_ns % NS_PER_S };
	int rc = 0;

	if (mtu != errand->mtu || offload != errand->offload)
		rc = errand_nodes_set(&errand->nodes, mtu, offload, err);
	errand->mtu = rc ? 0 : mtu;
	errand->offload = offload;
	nanosleep(&delay, NULL); /* the seeded start: never interrupted */
	return rc;
}

static int run_block(struct errand *errand, struct agent_block_args *args,
		     json_t **paths, struct err *err)
{
	struct agent_block_path results[BLOCK_MAX_PATHS];
	int rc = agent_run_block(args, results, &errand->failed_path, err);

	if (rc)
		return rc;
	*paths = json_array();
	for (size_t p = 0; p < errand->paths; p++) {
		json_array_append_new(*paths, errand_path_to_json(&results[p]));
		agent_block_path_free(&results[p]);
	}
	return 0;
}

static int measure(struct errand *errand, const json_t *block, json_t **paths,
		   struct err *err)
{
	struct point point;
	struct agent_block_args args = {
		.m2 = errand->nodes.m2,
		.m1 = errand->m1,
		.path_name = errand->name,
		.m2_address = errand->m2_address,
		.paths = errand->paths,
		.point = &point,
		.congestion = errand->nodes.congestion,
	};
	json_t *point_json, *timing;
	int64_t delay_ns = 0;
	int *order = NULL;
	int rc = json_get_object(block, "point", &point_json, err);

	if (!rc)
		rc = point_from_json(point_json, &point, err);
	if (!rc)
		rc = json_get_object(block, "timing", &timing, err);
	if (!rc)
		rc = block_timing_from_json(timing, &args.timing, err);
	if (!rc)
		rc = json_get_int(block, "delay_ns", &delay_ns, err);
	if (!rc)
		rc = read_order(block, &order, &args.slices, err);
	args.order = order;
	if (!rc)
		rc = prepare(errand, &point, delay_ns, err);
	if (!rc)
		rc = run_block(errand, &args, paths, err);
	free(order);
	return rc;
}

static bool is_lost(const struct errand *errand)
{
	if (agent_is_lost(errand->nodes.m2))
		return true;
	for (size_t p = 0; p < errand->paths; p++)
		if (agent_is_lost(errand->m1[p]))
			return true;
	return false;
}

/* A block that fails is told, and the next one follows; but nobody starts a
 * new agent here. */
static int run_blocks(struct errand *errand, struct err *err)
{
	json_t *blocks, *block;
	size_t i;
	int rc = json_get_array(errand->json, "blocks", &blocks, err);

	if (rc)
		return rc;
	json_array_foreach(blocks, i, block) {
		struct err why = ERR_INIT;
		json_t *line, *paths = NULL;

		errand->failed_path = -1;
		if (measure(errand, block, &paths, &why)) {
			line = tell_failure(errand, &why);
			errand->mtu = 0;
		} else {
			line = json_pack("{so}", "paths", paths);
		}
		json_object_set_new(line, "block", json_integer((json_int_t)i));
		rc = report(errand, line, err);
		if (rc)
			return rc;
		if (is_lost(errand))
			return err_set(err, why.code, "%s", why.text);
	}
	errand->failed_path = -1;
	return report(
		errand,
		json_pack("{sI}", "done", (json_int_t)json_array_size(blocks)),
		err);
}

int errand_run(const char *file, int report_fd, struct err *err)
{
	struct errand errand = { .report_fd = report_fd, .failed_path = -1 };
	struct err why = ERR_INIT;
	json_error_t fault;
	int rc = 0;

	errand.json = json_load_file(file, 0, &fault);
	if (!errand.json)
		rc = err_set(&why, EPROTO, "%s: %s", file, fault.text);
	if (!rc)
		rc = start_nodes(&errand, &why);
	if (!rc)
		rc = equalize(&errand, &why);
	if (!rc)
		rc = run_blocks(&errand, &why);
	if (rc)
		rc = report(&errand, tell_failure(&errand, &why), err);
	json_decref(errand.json);
	return rc;
}
