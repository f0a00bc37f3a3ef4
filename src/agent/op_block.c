/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op_block.c - one end of a block, on request.
 */
#include "agent/op.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "agent/block_json.h"
#include "base/clock.h"
#include "base/json.h"

#define SLICES_MAX	 1000000
#define TURN_WAIT_MAX_NS (366 * 86400 * NS_PER_S)

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

/* What `one` says of itself comes before what is said of all. */
static int get_own_point(const json_t *one, struct point *point,
			 struct err *err)
{
	if (json_object_get(one, "point"))
		return get_point(one, point, err);
	return 0;
}

static int listen_one(struct agent_state *state, const json_t *one,
		      const struct block_listen_args *all, json_t *ports,
		      struct err *err)
{
	const json_t *address =
		json_is_object(one) ? json_object_get(one, "address") : one;
	struct point point = *all->point;
	struct block_listen_args listen = *all;
	char data_address[ADDRESS_TEXT_MAX];
	uint16_t data_port, baton_port;
	int rc = parse_address(address, &listen.address, err);

	listen.point = &point;
	listen.data_address = data_address;
	if (!rc)
		rc = get_own_point(one, &point, err);
	if (!rc)
		rc = check_reach(state, &point, &listen.address, err);
	if (!rc && state->loopback_only)
		rc = check_loopback(&listen.address, err);
	if (!rc)
		rc = block_listen(&state->conductor[state->conductors], &listen,
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
	if (json_array_size(addresses) > BLOCK_MAX_MEMBERS)
		return err_set(err, EINVAL, "%zu pairs where %d can be",
			       json_array_size(addresses), BLOCK_MAX_MEMBERS);
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
		     const char *names[BLOCK_MAX_MEMBERS], struct err *err)
{
	json_t *array, *name;
	size_t i;
	int rc = json_get_array(args, "path", &array, err);

	if (rc)
		return rc;
	if (json_array_size(array) != state->conductors)
		return err_set(err, EINVAL,
			       "%zu pairs where block_listen opened %zu",
			       json_array_size(array), state->conductors);
	json_array_foreach(array, i, name) {
		names[i] = json_string_value(name);
		if (!names[i])
			return err_set(err, EPROTO,
				       "field 'path' holds no strings");
	}
	return 0;
}

/* How many of the conductors each path has: [2, 2], or one each. */
static int get_pairs(const json_t *args, const struct agent_state *state,
		     struct block_conduct_args *conduct,
		     size_t pairs[BLOCK_MAX_PATHS], struct err *err)
{
	json_t *array = json_object_get(args, "pairs"), *item;
	size_t i, sum = 0;

	conduct->paths = state->conductors;
	if (!array && state->conductors <= BLOCK_MAX_PATHS)
		return 0;
	if (json_array_size(array) < 1 ||
	    json_array_size(array) > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "pairs: 1 to %d paths can be",
			       BLOCK_MAX_PATHS);
	json_array_foreach(array, i, item) {
		json_int_t n = json_integer_value(item);

		if (n < 1 || n > BLOCK_MAX_MEMBERS)
			return err_set(err, EINVAL, "pairs: a path of none");
		pairs[i] = (size_t)n;
		sum += pairs[i];
	}
	if (sum != state->conductors)
		return err_set(err, EINVAL,
			       "%zu pairs where block_listen opened %zu", sum,
			       state->conductors);
	conduct->paths = json_array_size(array);
	conduct->pairs = pairs;
	return 0;
}

static int get_timing(const json_t *args, struct block_timing *timing,
		      struct err *err)
{
	json_t *json;
	int rc = json_get_object(args, "timing", &json, err);

	return rc ? rc : block_timing_from_json(json, timing, err);
}

/* What was observed of a path goes with its first pair. */
static json_t *results_to_json(const struct block_result *results,
			       const struct block_conduct_args *args,
			       const struct eye *eye)
{
	json_t *array = json_array();
	size_t at = 0;

	for (size_t p = 0; p < args->paths; p++)
		for (size_t k = 0; k < (args->pairs ? args->pairs[p] : 1);
		     k++) {
			json_t *result = block_result_to_json(&results[at++]);

			if (k == 0)
				eye_report(eye, p, result);
			json_array_append_new(array, result);
		}
	return json_pack("{so}", "path", array);
}

static int conduct(struct agent_state *state, struct block_conduct_args *args,
		   json_t **reply, struct err *err)
{
	struct block_result *results =
		calloc(state->conductors + 1, sizeof(*results));
	int rc;

	if (!results)
		return err_sys(err, ENOMEM, "results");
	args->path = state->conductor;
	rc = block_conduct(args, results, err);
	*reply = rc ? json_pack("{si}", "failed_path", *args->failed_path)
		    : results_to_json(results, args, &state->eye);
	for (size_t i = 0; i < state->conductors; i++)
		block_result_free(&results[i]);
	free(results);
	return rc;
}

/* The block itself, with what it is observed by. */
static int observe_and_conduct(struct agent_state *state, const json_t *args,
			       struct block_conduct_args *conduct_args,
			       json_t **reply, struct err *err)
{
	json_t *observe = json_object_get(args, "observe");
	int rc = op_ticks_init(state, args, &conduct_args->ticks, err);

	if (!rc)
		rc = op_check_observe(state, observe, err);
	if (!rc)
		rc = eye_open(&state->eye, observe, conduct_args->paths,
			      &conduct_args->watch, err);
	return rc ? rc : conduct(state, conduct_args, reply, err);
}

static int op_block_conduct(struct agent_state *state, const json_t *args,
			    json_t **reply, struct err *err)
{
	const char *names[BLOCK_MAX_MEMBERS];
	size_t pairs[BLOCK_MAX_PATHS];
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
		rc = get_pairs(args, state, &conduct_args, pairs, err);
	if (!rc)
		rc = get_point(args, &point, err);
	if (!rc)
		rc = get_timing(args, &conduct_args.timing, err);
	if (!rc)
		rc = get_order(args, &order, &conduct_args.slices, err);
	conduct_args.order = order;
	if (!rc)
		rc = observe_and_conduct(state, args, &conduct_args, reply,
					 err);
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
	if (!rc && (f->turn_wait_ns < 0 || f->turn_wait_ns > TURN_WAIT_MAX_NS))
		rc = err_set(err, ERANGE,
			     "turn_wait_ns: not within 0 to a year");
	return rc;
}

static int op_block_follow(struct agent_state *state, const json_t *args,
			   json_t **reply, struct err *err)
{
	struct point point;
	struct block_follow_args follow = { .point = &point,
					    .congestion =
						    get_congestion(args) };
	const json_t *observe = json_object_get(args, "observe");
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
		rc = op_check_observe(state, observe, err);
	if (!rc)
		rc = eye_open(&state->eye, observe, 1, &follow.watch, err);
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
