/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opt/suggest.h"
#include "plan/key.h"
#include "plan/tree.h"

#define FILE_MAX_BYTES 1048576
#define SET_KEY_MAX    64
#define NAMES_MAX      64

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->paths; i++)
		json_decref(plan->path[i].options);
	for (int i = 0; i < AXIS_COUNT; i++)
		free(plan->axis[i].value);
	free(plan->path);
	free(plan->title);
	free(plan->guest_words);
	free(plan->source);
	free(plan->text);
	free(plan);
}

/* "dir/study.yaml" -> "study": the title of a plan that has none. */
static char *title_from(const char *source)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash ? slash + 1 : source;
	size_t length = strcspn(name, ".");

	return strndup(name, length ? length : strlen(name));
}

static int write_text(struct plan *plan, struct err *err)
{
	size_t size;
	FILE *out = open_memstream(&plan->text, &size);

	if (!out)
		return err_sys(err, errno, "%s", plan->source);
	key_write_all(plan, out);
	if (fclose(out) == EOF)
		return err_sys(err, errno, "%s", plan->source);
	return 0;
}

/* A rate is what the search looks for. */
static int check_loss(const struct plan *plan, const struct point *point,
		      struct err *err)
{
	if (plan->rule != PLAN_RULE_LOSS)
		return 0;
	if (point->value[AXIS_WORKLOAD] != WORKLOAD_UDP_STREAM)
		return err_set(
			err, EINVAL,
			"rule: loss searches udp_stream alone: workload: "
			"[udp_stream]");
	if (point->value[AXIS_PACING_RATE])
		return err_set(
			err, EINVAL,
			"rule: loss chooses the pacing_rate itself: leave "
			"it out");
	if (point->value[AXIS_DIRECTION] == DIRECTION_BOTH)
		return err_set(err, EINVAL,
			       "rule: loss searches one way at a time: "
			       "direction send or receive");
	return 0;
}

static int check_points(const struct plan *plan, struct err *err)
{
	struct point *points;
	size_t count;
	int rc = plan_expand(plan, &points, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = point_check(&points[i], err);
		if (rc == 0)
			rc = check_loss(plan, &points[i], err);
	}
	free(points);
	return rc ? err_wrap(err, "%s", plan->source) : 0;
}

static int greatest(const struct plan *plan, enum axis axis)
{
	int most = 0;

	for (size_t i = 0; i < plan->axis[axis].count; i++)
		if (plan->axis[axis].value[i] > most)
			most = (int)plan->axis[axis].value[i];
	return most;
}

int plan_members(const struct plan *plan)
{
	return greatest(plan, AXIS_PAIRS) +
	       (greatest(plan, AXIS_NEIGHBOR) > NEIGHBOR_OFF);
}

/* A kind that has one guest cannot have several at the same time. */
static int check_pairs(const struct plan *plan,
		       const struct kind_desc *const *kinds, struct err *err)
{
	int most = plan_members(plan);

	for (size_t p = 0; p < plan->paths; p++)
		for (size_t i = 0; kinds[i]; i++) {
			int has = kinds[i]->pairs_max ? kinds[i]->pairs_max : 1;

			if (strcmp(kinds[i]->name, plan->path[p].kind) != 0 ||
			    most <= has)
				continue;
			return err_set(err, EINVAL,
				       "%s: pairs: %d with path '%s', of which "
				       "kind %s can have %d%s",
				       plan->source, most, plan->path[p].name,
				       kinds[i]->name, has,
				       most > greatest(plan, AXIS_PAIRS)
					       ? ", the neighbor among them"
					       : "");
		}
	return 0;
}

static int make_plan(struct plan **out, const struct node *root,
		     const char *source, const struct kind_desc *const *kinds,
		     struct err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int rc = -ENOMEM;

	if (plan) {
		plan->source = strdup(source);
		plan->title = title_from(source);
		plan->guest_words = strdup("");
	}
	if (!plan || !plan->source || !plan->title || !plan->guest_words)
		err_sys(err, ENOMEM, "%s", source);
	else
		rc = key_read_all(plan, root, kinds, err);
	if (rc == 0)
		rc = check_points(plan, err);
	if (rc == 0)
		rc = check_pairs(plan, kinds, err);
	if (rc == 0)
		rc = write_text(plan, err);
	if (rc)
		plan_free(plan);
	else
		*out = plan;
	return rc;
}

/* One --set: its origin, and the tree of its value. */
struct set {
	char key[SET_KEY_MAX];
	struct origin origin;
};

static int apply_set(struct node *root, const char *text, struct set *set,
		     struct err *err)
{
	const char *equals = strchr(text, '=');
	struct node *value;
	int rc;

	if (!equals || equals == text || equals - text >= SET_KEY_MAX)
		return err_set(err, EINVAL,
			       "--set '%.64s': KEY=VALUE is expected, such as "
			       "mtu=[500, 1500]",
			       text);
	snprintf(set->key, sizeof(set->key), "%.*s", (int)(equals - text),
		 text);
	set->origin = (struct origin){ .name = set->key, .is_set = true };
	rc = tree_parse(&value, equals + 1, &set->origin, err);
	if (rc)
		return rc;
	if (!value)
		return err_set(err, EINVAL, "--set %s: a value is missing",
			       set->key);
	return tree_put(root, set->key, value, err);
}

struct loading {
	const char *text, *source;
	const struct plan_set *sets;
	size_t set_count;
	const struct kind_desc *const *kinds;
};

static int load(struct plan **plan, const struct loading *l, struct err *err)
{
	struct origin origin = { .name = l->source };
	struct set *sets = calloc(l->set_count + 1, sizeof(*sets));
	struct node *root = NULL;
	int rc;

	if (!sets)
		return err_sys(err, ENOMEM, "%s", l->source);
	rc = tree_parse(&root, l->text, &origin, err);
	if (rc == 0 && !root)
		rc = err_set(err, EINVAL, "%s: an empty plan", l->source);
	else if (rc == 0 && root->kind != NODE_MAP)
		rc = tree_refuse(root, NULL, err,
				 "a plan is a mapping: lines of KEY: VALUE");
	for (size_t i = 0; i < l->set_count && rc == 0; i++)
		rc = apply_set(root, l->sets[i].text, &sets[i], err);
	if (rc == 0)
		rc = make_plan(plan, root, l->source, l->kinds, err);
	tree_free(root);
	free(sets);
	return rc;
}

static int read_file(const char *name, char **text, struct err *err)
{
	FILE *file = fopen(name, "re");
	size_t n;
	int rc = 0;

	if (!file)
		return err_sys(err, errno, "%s", name);
	*text = calloc(1, FILE_MAX_BYTES + 1);
	n = *text ? fread(*text, 1, FILE_MAX_BYTES + 1, file) : 0;
	if (!*text)
		rc = err_sys(err, ENOMEM, "%s", name);
	else if (ferror(file))
		rc = err_sys(err, errno, "%s", name);
	else if (n > FILE_MAX_BYTES)
		rc = err_set(err, EINVAL, "%s: longer than 1 MiB: no plan",
			     name);
	else if (strlen(*text) != n)
		rc = err_set(err, EINVAL, "%s: not text: a NUL in it", name);
	fclose(file);
	if (rc)
		free(*text);
	return rc;
}

static const struct plan_builtin *find_builtin(const char *name)
{
	const struct plan_builtin *b = plan_builtins;

	while (b->name && strcmp(b->name, name) != 0)
		b++;
	return b->name ? b : NULL;
}

static int refuse_name(const char *name, struct err *err)
{
	const char *names[NAMES_MAX] = { NULL };
	char valid[300];

	for (size_t i = 0; plan_builtins[i].name && i < NAMES_MAX - 1; i++)
		names[i] = plan_builtins[i].name;
	tree_format_valid(name, names, "built in", valid, sizeof(valid));
	return err_set(err, EINVAL,
		       "no plan '%.200s': no such file, and not built in%s",
		       name, valid);
}

int plan_load(struct plan **plan, const struct plan_args *args, struct err *err)
{
	const struct plan_builtin *builtin = find_builtin(args->name);
	struct loading l = { .sets = args->sets,
			     .set_count = args->set_count,
			     .kinds = args->kinds };
	char *text = NULL;
	char source[64];
	int rc = 0;

	if (builtin) {
		snprintf(source, sizeof(source), "built-in %s", builtin->name);
		l.source = source;
		l.text = builtin->text;
		return load(plan, &l, err);
	}
	if (access(args->name, F_OK) < 0 && !strchr(args->name, '/'))
		return refuse_name(args->name, err);
	rc = read_file(args->name, &text, err);
	if (rc)
		return rc;
	l.source = args->name;
	l.text = text;
	rc = load(plan, &l, err);
	free(text);
	return rc;
}

int plan_parse(struct plan **plan, const char *text, const char *source,
	       const struct kind_desc *const *kinds, struct err *err)
{
	struct loading l = { .text = text, .source = source, .kinds = kinds };

	return load(plan, &l, err);
}

/* The value of each axis in the n-th of the product's combinations, the last
 * axis fastest. False where it is one already had: an axis without a meaning
 * for the workload has but its fallback, and makes no further points. */
static bool nth_point(const struct plan *plan, size_t n, struct point *point)
{
	bool first = true;

	for (int i = AXIS_COUNT - 1; i >= 0; i--) {
		point->value[i] = plan->axis[i].value[n % plan->axis[i].count];
		n /= plan->axis[i].count;
	}
	for (int i = 0; i < AXIS_COUNT; i++) {
		if (axis_applies((enum axis)i, point))
			continue;
		first &= point->value[i] == plan->axis[i].value[0];
		point->value[i] = axis_table[i].fallback;
	}
	return first;
}

int plan_expand(const struct plan *plan, struct point **points, size_t *count,
		struct err *err)
{
	size_t n = 1, used = 0;

	for (int i = 0; i < AXIS_COUNT; i++)
		n *= plan->axis[i].count; /* <= PLAN_MAX_POINTS */
	*points = calloc(n, sizeof(**points));
	if (!*points)
		return err_sys(err, ENOMEM, "%zu points", n);
	for (size_t p = 0; p < n; p++)
		used += nth_point(plan, p, &(*points)[used]);
	*count = used;
	return 0;
}
