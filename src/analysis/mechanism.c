/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/mechanism.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/group.h"

const char *mechanism_verdict(const struct mechanism *turn)
{
	return turn->faster && turn->slower ? "mixed"
	       : turn->faster		    ? "faster"
	       : turn->slower		    ? "slower"
					    : "no difference shown";
}

static void put_value(const json_t *value, char *buf, size_t size)
{
	if (json_is_string(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else
		snprintf(buf, size, "%s", value ? "?" : "not set");
}

/* Keys of `one` whose value is another in `other`; the last one's name. */
static size_t count_unlike(json_t *one, const json_t *other, bool missing_only,
			   const char **which)
{
	const char *key;
	json_t *value;
	size_t count = 0;

	json_object_foreach(one, key, value) {
		const json_t *there = json_object_get(other, key);

		if (there && (missing_only || json_equal(value, there)))
			continue;
		*which = key;
		count++;
	}
	return count;
}

bool mechanism_differs(const struct store_path *base,
		       const struct store_path *path, struct mechanism *turn)
{
	const char *key = NULL;
	size_t unlike;

	if (strcmp(base->kind, path->kind) != 0)
		return false;
	unlike = count_unlike(base->options, path->options, false, &key) +
		 count_unlike(path->options, base->options, true, &key);
	if (unlike != 1)
		return false;
	snprintf(turn->option, sizeof(turn->option), "%s", key);
	put_value(json_object_get(base->options, key), turn->from,
		  sizeof(turn->from));
	put_value(json_object_get(path->options, key), turn->to,
		  sizeof(turn->to));
	return true;
}

static void add_contrast(struct mechanisms *found, struct side after,
			 struct side before)
{
	struct contrast c = {
		.a = after, .b = before, .low = 1, .high = HUGE_VAL
	};

	claim_add_trial(&found->claim, JOIN_ALL);
	claim_add(&found->claim, &c);
}

static int add_turn(struct mechanisms *found, const struct mechanism *turn)
{
	struct mechanism *grown =
		reallocarray(found->turn, found->turns + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	found->turn = grown;
	grown[found->turns] = *turn;
	grown[found->turns++].first = found->claim.trials;
	return 0;
}

/* Each path against the first one before it that differs in one option. */
static int add_options(struct mechanisms *found, const struct matrix *m,
		       const struct store_path *paths)
{
	int rc = 0;

	for (size_t path = 1; rc == 0 && path < m->paths; path++)
		for (size_t base = 0; rc == 0 && base < path; base++) {
			struct mechanism turn = { .path = path, .base = base };

			if (!mechanism_differs(&paths[base], &paths[path],
					       &turn))
				continue;
			rc = add_turn(found, &turn);
			for (size_t i = 0; rc == 0 && i < m->points; i++)
				add_contrast(found, (struct side){ i, path },
					     (struct side){ i, base });
			break;
		}
	return rc;
}

/* An axis that says how, not what or how much. */
static bool is_mechanism(enum axis axis)
{
	return axis == AXIS_OFFLOAD || axis == AXIS_FAMILY ||
	       axis == AXIS_CONGESTION || axis == AXIS_NODELAY ||
	       axis == AXIS_ZERO_COPY || axis == AXIS_MSG_TRUNC ||
	       axis == AXIS_BUSY_POLL || axis == AXIS_NOTSENT_LOWAT;
}

static bool has_value(const struct matrix *m, enum axis axis, int64_t value,
		      size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (m->point[i].value[axis] == value)
			return true;
	return false;
}

static int add_axis_value(struct mechanisms *found, const struct matrix *m,
			  enum axis axis, int64_t value)
{
	int64_t from = m->point[0].value[axis];
	int rc = 0;

	for (size_t path = 0; rc == 0 && path < m->paths; path++) {
		struct mechanism turn = { .path = path, .base = path };

		snprintf(turn.option, sizeof(turn.option), "%s",
			 axis_table[axis].name);
		axis_say(axis, from, turn.from, sizeof(turn.from));
		axis_say(axis, value, turn.to, sizeof(turn.to));
		rc = add_turn(found, &turn);
		for (size_t i = 0; rc == 0 && i < m->points; i++) {
			size_t base = group_sibling(m, i, axis, from);

			if (m->point[i].value[axis] == value &&
			    base != GROUP_NO_POINT)
				add_contrast(found, (struct side){ i, path },
					     (struct side){ base, path });
		}
	}
	return rc;
}

/* Each value against the plan's first. */
static int add_axes(struct mechanisms *found, const struct matrix *m)
{
	int rc = 0;

	for (enum axis axis = 0; rc == 0 && axis < AXIS_COUNT; axis++)
		for (size_t i = 1;
		     rc == 0 && is_mechanism(axis) && i < m->points; i++) {
			int64_t value = m->point[i].value[axis];

			if (!has_value(m, axis, value, i))
				rc = add_axis_value(found, m, axis, value);
		}
	return rc;
}

static void summarize(struct mechanisms *found)
{
	for (size_t t = 0; t < found->turns; t++) {
		struct mechanism *turn = &found->turn[t];
		size_t end = t + 1 < found->turns ? turn[1].first
						  : found->claim.trials;
		double logs = 0;
		size_t n = 0;

		turn->trials = end - turn->first;
		for (size_t i = turn->first; i < end; i++) {
			const struct contrast *c =
				claim_shown(&found->claim, i);
			enum outcome outcome = found->claim.trial[i].verdict;

			turn->faster += outcome == OUTCOME_HOLDS;
			turn->slower += outcome == OUTCOME_DOES_NOT;
			if (!c->valid)
				continue;
			logs += log(c->ratio);
			n++;
		}
		turn->mean = n ? exp(logs / (double)n) : 0;
	}
}

int mechanisms_find(struct mechanisms *found, const struct matrix *matrix,
		    const struct series *series, const struct store_path *paths,
		    struct err *err)
{
	int rc;

	memset(found, 0, sizeof(*found));
	found->claim.quantifier = QUANTIFIER_MOST;
	rc = add_options(found, matrix, paths);
	rc = rc ? rc : add_axes(found, matrix);
	if (rc)
		err_sys(err, -rc, "mechanisms");
	else
		rc = claim_judge(&found->claim, matrix, series, err);
	if (rc)
		mechanisms_free(found);
	else
		summarize(found);
	return rc;
}

void mechanisms_free(struct mechanisms *found)
{
	claim_free(&found->claim);
	free(found->turn);
	memset(found, 0, sizeof(*found));
}
