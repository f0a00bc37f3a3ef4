/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All keys together, and those that are neither paths nor numbers. */
#include "plan/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

static const char *const link_keys[] = { "rate", "nics", NULL };

static int read_title(struct plan *plan, const struct node *node,
		      struct err *err)
{
	const char *text;
	int rc = tree_get_text(node, "title", &text, err);

	if (rc)
		return rc;
	free(plan->title);
	plan->title = strdup(text);
	return plan->title ? 0 : err_sys(err, ENOMEM, "title");
}

static int read_rate(struct plan *plan, const struct node *rate,
		     struct err *err)
{
	struct err inner = ERR_INIT;
	const char *text;
	int rc = tree_get_text(rate, "link.rate", &text, err);

	if (rc)
		return rc;
	if (units_parse_rate(text, &plan->link_bps, &inner))
		return tree_refuse(rate, "link.rate", err, "%s", inner.text);
	/* 8 kbit/s is a byte a millisecond: below, nothing is measured */
	if (plan->link_bps < 8000 && strcmp(text, "unlimited") != 0)
		return tree_refuse(rate, "link.rate", err,
				   "%s is less than 8kbit", text);
	if (plan->link_bps && plan->outside)
		return tree_refuse(rate, "link.rate", err,
				   "is of the lab's cables: paths of kind ssh "
				   "have their own");
	return 0;
}

/* As the kernel takes a name: dev_valid_name(). */
static bool copy_ifname(char ifname[static IFNAMSIZ], const char *text,
			size_t length)
{
	if (length == 0 || length >= IFNAMSIZ || *text == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] >= 127 ||
		    strchr("/:\"\\", text[i]))
			return false;
	memcpy(ifname, text, length);
	ifname[length] = '\0';
	return true;
}

/* Each of the host's interfaces is one end of one cable. */
static bool is_taken(const struct plan *plan, const char *ifname)
{
	for (int i = 0; i < plan->nics; i++)
		if (strcmp(plan->nic[i].near, ifname) == 0 ||
		    strcmp(plan->nic[i].far, ifname) == 0)
			return true;
	return false;
}

static int read_nic(struct plan *plan, const struct node *node, struct err *err)
{
	struct nic_cable cable = { .near = "" };
	const char *text, *colon;
	int rc = tree_get_text(node, "link.nics", &text, err);

	if (rc)
		return rc;
	colon = strchr(text, ':');
	if (!colon || !copy_ifname(cable.near, text, (size_t)(colon - text)) ||
	    !copy_ifname(cable.far, colon + 1, strlen(colon + 1)))
		return tree_refuse(node, "link.nics", err,
				   "'%.64s': the two interfaces that a cable "
				   "joins are expected, M1's side first, such "
				   "as enp3s0:enp4s0",
				   text);
	if (is_taken(plan, cable.near) || is_taken(plan, cable.far) ||
	    strcmp(cable.near, cable.far) == 0)
		return tree_refuse(node, "link.nics", err,
				   "%s: each interface is one end of one cable",
				   text);
	plan->nic[plan->nics++] = cable;
	return 0;
}

static int read_nics(struct plan *plan, const struct node *node,
		     struct err *err)
{
	size_t count = tree_count(node);
	int rc = 0;

	if (count > NIC_CABLES_MAX)
		return tree_refuse(node, "link.nics", err,
				   "more than %d cables", NIC_CABLES_MAX);
	if (count && plan->outside)
		return tree_refuse(node, "link.nics", err,
				   "are the lab's cables: paths of kind ssh "
				   "have their own");
	for (size_t i = 0; !rc && i < count; i++)
		rc = read_nic(plan, tree_entry(node, i), err);
	return rc;
}

static int read_link(struct plan *plan, const struct node *node,
		     struct err *err)
{
	const struct node *rate, *nics;
	int rc;

	if (node->kind != NODE_MAP)
		return tree_refuse(node, "link", err,
				   "a mapping is expected, such as "
				   "{rate: 1gbit}");
	rc = tree_check_keys(node, link_keys, " of link", err);
	rate = tree_get(node, "rate");
	if (!rc && rate)
		rc = read_rate(plan, rate, err);
	nics = tree_get(node, "nics");
	return rc || !nics ? rc : read_nics(plan, nics, err);
}

static int add_value(struct plan_values *values, int64_t value)
{
	int64_t *more =
		reallocarray(values->value, values->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	values->value = more;
	values->value[values->count++] = value;
	return 0;
}

static int read_value(struct plan_values *values, enum axis axis,
		      const struct node *node, struct err *err)
{
	const char *text, *name = axis_table[axis].name;
	struct err inner = ERR_INIT;
	int64_t value;
	int rc = tree_get_text(node, name, &text, err);

	if (rc)
		return rc;
	if (axis_parse(axis, text, &value, &inner)) /* "mtu: ..." */
		return tree_refuse(node, name, err, "%s",
				   inner.text + strlen(name) + 2);
	for (size_t i = 0; i < values->count; i++)
		if (values->value[i] == value)
			return tree_refuse(node, name, err, "%s stands twice",
					   text);
	return add_value(values, value) ? err_sys(err, ENOMEM, "%s", name) : 0;
}

/* Machines that are there already are measured as they are. */
static int64_t fallback_of(const struct plan *plan, enum axis axis)
{
	if (plan->outside && axis == AXIS_MTU)
		return MTU_AS_IS;
	if (plan->outside && axis == AXIS_OFFLOAD)
		return OFFLOAD_AS_IS;
	return axis_table[axis].fallback;
}

static int check_as_is(const struct plan *plan, enum axis axis,
		       const struct node *node, struct err *err)
{
	int64_t as_is = axis == AXIS_MTU ? MTU_AS_IS : OFFLOAD_AS_IS;
	const struct plan_values *values = &plan->axis[axis];

	if (plan->outside || (axis != AXIS_MTU && axis != AXIS_OFFLOAD))
		return 0;
	for (size_t i = 0; i < values->count; i++)
		if (values->value[i] == as_is)
			return tree_refuse(node, axis_table[axis].name, err,
					   "as-is is for paths of kind ssh: "
					   "what the lab makes has what the "
					   "plan says");
	return 0;
}

static int read_axis(struct plan *plan, enum axis axis, const struct node *node,
		     struct err *err)
{
	struct plan_values *values = &plan->axis[axis];
	int rc = 0;

	if (!node && add_value(values, fallback_of(plan, axis)))
		return err_sys(err, ENOMEM, "%s", axis_table[axis].name);
	if (!node)
		return 0;
	if (tree_count(node) == 0)
		return tree_refuse(node, axis_table[axis].name, err,
				   "an axis needs one value at least");
	for (size_t i = 0; i < tree_count(node) && rc == 0; i++)
		rc = read_value(values, axis, tree_entry(node, i), err);
	return rc ? rc : check_as_is(plan, axis, node, err);
}

static int read_axes(struct plan *plan, const struct node *map, struct err *err)
{
	size_t points = 1;

	for (int i = 0; i < AXIS_COUNT; i++) {
		int rc = read_axis(plan, (enum axis)i,
				   tree_get(map, axis_table[i].name), err);

		if (rc)
			return rc;
		/* each factor is checked, so that the product cannot wrap */
		points *= plan->axis[i].count;
		if (points > PLAN_MAX_POINTS)
			return tree_refuse(map, NULL, err,
					   "the axes make more than %d points",
					   PLAN_MAX_POINTS);
	}
	return 0;
}

void key_list(const char *names[KEYS_MAX])
{
	size_t used = 0;

	names[used++] = "title";
	names[used++] = "paths";
	names[used++] = "link";
	for (int i = 0; i < AXIS_COUNT; i++)
		names[used++] = axis_table[i].name;
	used = number_list(names, used);
	names[used++] = "guest_words";
	names[used] = NULL;
}

int key_read_all(struct plan *plan, const struct node *map,
		 const struct kind_desc *const *kinds, struct err *err)
{
	const char *names[KEYS_MAX];
	const struct node *node;
	int rc;

	key_list(names);
	rc = tree_check_keys(map, names, "", err);
	node = tree_get(map, "title");
	if (rc == 0 && node)
		rc = read_title(plan, node, err);
	node = tree_get(map, "paths");
	if (rc == 0 && !node)
		rc = tree_refuse(map, NULL, err,
				 "paths are missing; the first one is the "
				 "reference: paths: [{name: native}, "
				 "{name: dom0}]");
	if (rc == 0)
		rc = paths_read(plan, node, kinds, err);
	node = tree_get(map, "link");
	if (rc == 0 && node)
		rc = read_link(plan, node, err);
	if (rc == 0)
		rc = read_axes(plan, map, err);
	if (rc == 0)
		rc = number_read_all(plan, map, err);
	return rc ? rc : exact_read(plan, map, kinds, err);
}

static void write_axes(const struct plan *plan, FILE *out)
{
	char text[64];

	for (int i = 0; i < AXIS_COUNT; i++) {
		const struct plan_values *values = &plan->axis[i];

		if (axis_table[i].optional && values->count == 1 &&
		    values->value[0] == axis_table[i].fallback)
			continue;
		fprintf(out, "%s: [", axis_table[i].name);
		for (size_t k = 0; k < values->count; k++) {
			axis_format((enum axis)i, values->value[k], text,
				    sizeof(text));
			fprintf(out, "%s%s", k ? ", " : "", text);
		}
		fprintf(out, "]\n");
	}
}

static void write_link(const struct plan *plan, FILE *out)
{
	char rate[32];

	units_format_rate(plan->link_bps, rate, sizeof(rate));
	fprintf(out, "link: {rate: %s", rate);
	for (int i = 0; i < plan->nics; i++)
		fprintf(out, "%s\"%s:%s\"", i ? ", " : ", nics: [",
			plan->nic[i].near, plan->nic[i].far);
	fprintf(out, "%s}\n", plan->nics ? "]" : "");
}

void key_write_all(const struct plan *plan, FILE *out)
{
	json_t *title = json_string(plan->title);

	/* a JSON string is a YAML one */
	fprintf(out, "title: ");
	json_dumpf(title, out, JSON_ENCODE_ANY);
	json_decref(title);
	fprintf(out, "\n");
	paths_write(plan, out);
	write_link(plan, out);
	write_axes(plan, out);
	number_write_all(plan, out);
	exact_write(plan, out);
}
