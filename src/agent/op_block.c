/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op_block.c - one end of a block, on request.
 */
#include "agent/op.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "agent/block_json.h"
#include "base/json.h"

#define SLICES_MAX 1000000

void op_block_close(struct agent_state *state)
{
	for (size_t i = 0; i < state->conductors; i++)
		block_conductor_free(state->conductor[i]);
	state->conductors = 0;
}

static int parse_address(const json_t *json, struct address *address,
			 struct err *err)
{
	const char *text = json_string_value(json);

	return address_parse(text ? text : "", address, err);
}

static int get_point(const json_t *args, struct point *point, struct err *err)
{
	json_t *json;
	int rc = json_get_object(args, "point", &json, err);

	if (!rc)
		rc = point_from_json(json, point, err);
	return rc ? rc : point_check(point, err);
}

/* NULL where the node's default is wanted. */
static const char *get_congestion(const json_t *args)
{
	return json_string_value(json_object_get(args, "congestion"));
}

/* Who was let in without a key opens no door to others. */
static int check_loopback(const struct address *address, struct err *err)
{
	if (address_is_loopback(address))
		return 0;
	return err_set(err, EPERM,
		       "this agent listens without a key, and so on loopback "
		       "only");
}

/* The machine's own sockets are none of a network client's business. */
static int check_reach(const struct agent_state *state,
		       const struct point *point, const struct address *address,
		       struct err *err)
{
	int family = address->any.sa_family;

	if (!state->from_network ||
	    ((family == AF_INET || family == AF_INET6) &&
	     point->value[AXIS_WORKLOAD] <= WORKLOAD_UDP_RR))
		return 0;
	return err_set(err, EPERM,
		       "over a network this agent measures TCP and UDP only");
}

static int listen_one(struct agent_state *state, const json_t *address,
		      struct block_listen_args *listen, json_t *ports,
		      struct err *err)
{
	char data_address[ADDRESS_TEXT_MAX];
	uint16_t data_port, baton_port;
	int rc = parse_address(address, &listen->address, err);

	if (!rc)
		rc = check_reach(state, listen->point, &listen->address, err);
	if (!rc && state->loopback_only)
		rc = check_loopback(&listen->address, err);
	listen->data_address = data_address;
	if (!rc)
		rc = block_listen(&state->conductor[state->conductors], listen,
				  &data_port, &baton_port, err);
	if (rc)
		return rc;
	state->conductors++;
	json_array_append_new(
		ports, json_pack("[iis]", data_port, baton_port, data_address));
	return 0;
}

static int op_block_listen(struct agent_state *state, const json_t *args,
			   json_t **reply, struct err *err)
{
	struct point point;
	struct block_listen_args listen = { .point = &point };
	json_t *addresses, *address, *ports;
	uint8_t token[BLOCK_TOKEN_BYTES];
	bool has_token = false;
	size_t i;
	int rc = json_get_array(args, "address", &addresses, err);

	op_block_close(state);
	if (!rc)
		rc = op_get_token(args, token, &has_token, err);
	if (!rc)
		rc = get_point(args, &point, err);
	if (rc)
		return rc;
	if (json_array_size(addresses) > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "%zu paths where %d can be",
			       json_array_size(addresses), BLOCK_MAX_PATHS);
	listen.congestion = get_congestion(args);
	listen.token = has_token ? token : NULL;
	ports = json_array();
	json_array_foreach(addresses, i, address) {
		rc = listen_one(state, address, &listen, ports, err);
		if (rc)
			break;
	}
	*reply = json_pack("{so}", "port", ports);
	return rc;
}

/* [0, 1, 1, 0, ...]; what is out of range block_conduct() refuses. */
static int get_order(const json_t *args, int **order, size_t *slices,
		     struct err *err)
{
	json_t *array, *item;
	size_t i;
	int rc = json_get_array(args, "order", &array, err);

	if (rc)
		return rc;
	*slices = json_array_size(array);
	if (*slices > SLICES_MAX)
		return err_set(err, EINVAL, "%zu slices where %d can be",
			       *slices, SLICES_MAX);
	*order = calloc(*slices + 1, sizeof(**order));
	if (!*order)
		return err_sys(err, ENOMEM, "order");
	json_array_foreach(array, i, item) {
		json_int_t v =
			json_is_integer(item) ? json_integer_value(item) : -1;

		(*order)[i] = v < 0 || v > INT_MAX ? -1 : (int)v;
	}
	return 0;
}

static int get_names(const json_t *args, const struct agent_state *state,
		     const char *names[BLOCK_MAX_PATHS], struct err *err)
{
	json_t *array, *name;
	size_t i;
	int rc = json_get_array(args, "path", &array, err);

	if (rc)
		return rc;
	if (json_array_size(array) != state->conductors)
		return err_set(err, EINVAL,
			       "%zu paths where block_listen opened %zu",
			       json_array_size(array), state->conductors);
	json_array_foreach(array, i, name) {
		names[i] = json_string_value(name);
		if (!names[i])
			return err_set(err, EPROTO,
				       "field 'path' holds no strings");
	}
	return 0;
}

static int get_timing(const json_t *args, struct block_timing *timing,
		      struct err *err)
{
	json_t *json;
	int rc = json_get_object(args, "timing", &json, err);

	return rc ? rc : block_timing_from_json(json, timing, err);
}

static json_t *results_to_json(const struct block_result *results, size_t paths,
			       const struct eye *eye)
{
	json_t *array = json_array();

	for (size_t p = 0; p < paths; p++) {
		json_t *result = block_result_to_json(&results[p]);

		eye_report(eye, p, result);
		json_array_append_new(array, result);
	}
	return json_pack("{so}", "path", array);
}

static int conduct(struct agent_state *state, struct block_conduct_args *args,
		   json_t **reply, struct err *err)
{
	struct block_result results[BLOCK_MAX_PATHS] = { 0 };
	int rc;

	args->path = state->conductor;
	args->paths = state->conductors;
	rc = block_conduct(args, results, err);
	*reply = rc ? json_pack("{si}", "failed_path", *args->failed_path)
		    : results_to_json(results, args->paths, &state->eye);
	for (size_t p = 0; p < args->paths; p++)
		block_result_free(&results[p]);
	return rc;
}

static int op_block_conduct(struct agent_state *state, const json_t *args,
			    json_t **reply, struct err *err)
{
	const char *names[BLOCK_MAX_PATHS];
	struct point point;
	int failed_path = -1;
	struct block_conduct_args conduct_args = {
		.path_name = names,
		.point = &point,
		.failed_path = &failed_path,
	};
	int *order = NULL;
	int rc = get_names(args, state, names, err);

	if (!rc)
		rc = get_point(args, &point, err);
	if (!rc)
		rc = get_timing(args, &conduct_args.timing, err);
	if (!rc)
		rc = op_ticks_init(state, args, &conduct_args.ticks, err);
	if (!rc)
		rc = get_order(args, &order, &conduct_args.slices, err);
	conduct_args.order = order;
	if (!rc)
		rc = op_check_observe(state, json_object_get(args, "observe"),
				      err);
	if (!rc)
		rc = eye_open(&state->eye, json_object_get(args, "observe"),
			      state->conductors, &conduct_args.watch, err);
	if (!rc)
		rc = conduct(state, &conduct_args, reply, err);
	free(order);
	op_block_close(state);
	return rc;
}

/* At least `least`: 0 where the data go to no port. */
static int get_port(const json_t *args, const char *key, int64_t least,
		    uint16_t *port, struct err *err)
{
	int64_t value;
	int rc = json_get_int(args, key, &value, err);

	if (rc)
		return rc;
	if (value < least || value > UINT16_MAX)
		return err_set(err, ERANGE, "%s: no port can be so", key);
	*port = (uint16_t)value;
	return 0;
}

static int get_follow_args(const json_t *args, struct block_follow_args *f,
			   struct err *err)
{
	int rc = parse_address(json_object_get(args, "address"), &f->address,
			       err);

	f->data_address =
		json_string_value(json_object_get(args, "data_address"));
	if (!rc)
		rc = get_port(args, "data_port", f->data_address ? 0 : 1,
			      &f->data_port, err);
	if (!rc)
		rc = get_port(args, "baton_port", 1, &f->baton_port, err);
	if (!rc)
		rc = get_timing(args, &f->timing, err);
	if (!rc)
		rc = json_get_int(args, "turn_wait_ns", &f->turn_wait_ns, err);
	return rc;
}

static int op_block_follow(struct agent_state *state, const json_t *args,
			   json_t **reply, struct err *err)
{
	struct point point;
	struct block_follow_args follow = { .point = &point,
					    .congestion =
						    get_congestion(args) };
	struct block_result result = { 0 };
	uint8_t token[BLOCK_TOKEN_BYTES];
	bool has_token = false;
	int rc = get_point(args, &point, err);

	if (!rc)
		rc = get_follow_args(args, &follow, err);
	if (!rc)
		rc = check_reach(state, &point, &follow.address, err);
	if (!rc)
		rc = op_ticks_init(state, args, &follow.ticks, err);
	if (!rc)
		rc = op_get_token(args, token, &has_token, err);
	follow.token = has_token ? token : NULL;
	if (!rc)
		rc = eye_open(&state->eye, json_object_get(args, "observe"), 1,
			      &follow.watch, err);
	if (!rc)
		rc = block_follow(&follow, &result, err);
	if (!rc) {
		*reply = block_result_to_json(&result);
		eye_report(&state->eye, 0, *reply);
	}
	block_result_free(&result);
	return rc;
}

const struct op block_ops[] = {
	{ "block_listen", op_block_listen },
	{ "block_conduct", op_block_conduct },
	{ "block_follow", op_block_follow },
	{ NULL, NULL },
};
