/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao plan: what is built in, what a plan says, and what it would take. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cmd/cmd.h"
#include "lab/lab.h"
#include "opt/suggest.h"
#include "plan/plan.h"
#include "stats/rule_2007.h"

#define INDENT 16 /* of the right-hand column */

struct values {
	struct opt_list sets;
};

/* clang-format off */
static const struct opt_row options[] = {
	{ "set", 0, OPT_LIST, offsetof(struct values, sets), "KEY=VALUE",
	  "change a key of the plan, such as mtu=[500, 1500] or link.rate=1gbit; may be given several times" },
	{ .name = NULL },
};
/* clang-format on */

static int list(const char *name, const struct values *values)
{
	const struct kind_desc *const *kinds = lab_kinds();

	(void)name;
	(void)values;
	printf("built-in plans:\n");
	for (size_t i = 0; plan_builtins[i].name; i++)
		opt_print_row(stdout, plan_builtins[i].name,
			      plan_builtins[i].help, INDENT);
	printf("\nkinds of path:\n");
	for (size_t i = 0; kinds[i]; i++)
		opt_print_row(stdout, kinds[i]->name, kinds[i]->help, INDENT);
	return CMD_DONE;
}

static int load(struct plan **plan, const char *name,
		const struct values *values, struct err *err)
{
	struct plan_set sets[OPT_LIST_MAX];
	struct plan_args args = { .name = name,
				  .sets = sets,
				  .set_count = values->sets.count,
				  .kinds = lab_kinds() };

	for (size_t i = 0; i < values->sets.count; i++)
		sets[i].text = values->sets.item[i];
	return plan_load(plan, &args, err);
}

/* As it was written, comments and all: a file to start from. */
static const char *find_builtin_text(const char *name)
{
	for (size_t i = 0; plan_builtins[i].name; i++)
		if (strcmp(plan_builtins[i].name, name) == 0)
			return plan_builtins[i].text;
	return NULL;
}

static int show(const char *name, const struct values *values)
{
	struct err err = ERR_INIT;
	struct plan *plan;

	if (values->sets.count == 0 && find_builtin_text(name)) {
		fputs(find_builtin_text(name), stdout);
		return CMD_DONE;
	}
	if (load(&plan, name, values, &err))
		return cmd_fail(&cmd_plan, &err);
	fputs(plan->text, stdout);
	plan_free(plan);
	return CMD_DONE;
}

/*
 * What `check` prints: a row each, written to memory and then wrapped.
 */

/* "guest (kind uml, memory 256)"; a kind that is the name goes unsaid. */
static void write_path(FILE *out, const struct plan_path *path)
{
	const char *key;
	json_t *value;

	fprintf(out, "%s", path->name);
	if (strcmp(path->name, path->kind) == 0 &&
	    json_object_size(path->options) == 0)
		return;
	fprintf(out, " (kind %s", path->kind);
	json_object_foreach(path->options, key, value) {
		fprintf(out, ", %s ", key);
		if (json_is_string(value))
			fprintf(out, "%s", json_string_value(value));
		else
			json_dumpf(value, out, JSON_ENCODE_ANY);
	}
	fprintf(out, ")");
}

static void write_title(FILE *out, const struct plan *plan)
{
	fprintf(out, "%s", plan->title);
}

static void write_paths(FILE *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->paths; i++) {
		fprintf(out, "%s", i ? ", " : "");
		write_path(out, &plan->path[i]);
		fprintf(out, "%s", i ? "" : " [reference]");
	}
}

static void write_cable(FILE *out, const struct plan *plan)
{
	char rate[32];

	units_format_rate(plan->link_bps, rate, sizeof(rate));
	fprintf(out, "%s", rate);
	for (int i = 0; i < plan->nics; i++)
		fprintf(out, "%s%s:%s",
			i ? ", " : "; the host's own: ", plan->nic[i].near,
			plan->nic[i].far);
}

static void write_values(FILE *out, enum axis axis,
			 const struct plan_values *values)
{
	char text[64];

	for (size_t i = 0; i < values->count; i++) {
		axis_say(axis, values->value[i], text, sizeof(text));
		fprintf(out, "%s%s", i ? ", " : "", text);
	}
	if (values->count > 1)
		fprintf(out, " (%zu values)", values->count);
}

static size_t count_points(const struct plan *plan)
{
	struct point *points;
	size_t count = 0;

	if (plan_expand(plan, &points, &count, NULL) == 0)
		free(points);
	return count;
}

/* Slices, their guards and the warm-up: what is sure. Connecting, and setting
 * MTU and offload come on top. */
static int64_t block_ns(const struct plan *plan)
{
	return (int64_t)plan->paths *
	       (plan->warmup_ns +
		plan->cycles * (plan->guard_ns + plan->slice_ns));
}

static void write_time_of_blocks(FILE *out, const struct plan *plan)
{
	int64_t total_ns =
		(int64_t)count_points(plan) * plan->min_blocks * block_ns(plan);
	char block[32], total[32];

	units_format_duration(block_ns(plan), block, sizeof(block));
	units_format_duration(total_ns, total, sizeof(total));
	fprintf(out,
		"%s at best: %" PRId64 " blocks a point at least, %s a block",
		total, plan->min_blocks, block);
	if (plan->budget_ns && total_ns > plan->budget_ns)
		fprintf(out, "; more than the budget, so that cells will be "
			     "left NOT_REACHED");
}

static void write_time_of_rule(FILE *out, const struct plan *plan)
{
	int64_t run_ns = (int64_t)(count_points(plan) * plan->paths) *
			 (plan->warmup_ns + plan->slice_ns);
	char least[32], most[32];

	units_format_duration(RULE_2007_MIN * run_ns, least, sizeof(least));
	units_format_duration(RULE_2007_MAX * run_ns, most, sizeof(most));
	fprintf(out, "%s to %s: %d to %d measurements a cell", least, most,
		RULE_2007_MIN, RULE_2007_MAX);
}

static void write_cells(FILE *out, const struct plan *plan)
{
	size_t points = count_points(plan);

	fprintf(out, "%zu point%s x %zu path%s = %zu", points,
		points == 1 ? "" : "s", plan->paths,
		plan->paths == 1 ? "" : "s", points * plan->paths);
}

static void write_goal(FILE *out, const struct plan *plan)
{
	char budget[32] = "no budget";

	if (plan->budget_ns) {
		size_t used = (size_t)snprintf(budget, sizeof(budget),
					       "a budget of ");

		units_format_duration(plan->budget_ns, budget + used,
				      sizeof(budget) - used);
	}
	if (plan->time == PLAN_TIME_EXACT)
		fprintf(out, "%" PRId64 " replicates, %s", plan->replicates,
			budget);
	else
		fprintf(out, "+-%g%% by the rule '%s', %s",
			plan->precision * 100, plan_rule_name(plan->rule),
			budget);
}

/* Boots take most of it, and how long depends on what else runs here. */
static void write_time_of_replicates(FILE *out, const struct plan *plan)
{
	fprintf(out,
		"exact: path lengths, instructions at 1 ns each, no speed; %" PRId64
		" boots of each machine measure each point once (2 to 4 "
		"minutes a boot with Xen, 1 without, for 100 points)",
		plan->replicates);
}

static void write_time(FILE *out, const struct plan *plan)
{
	if (plan->time == PLAN_TIME_EXACT)
		write_time_of_replicates(out, plan);
	else if (plan->rule == PLAN_RULE_2007)
		write_time_of_rule(out, plan);
	else
		write_time_of_blocks(out, plan);
}

static void print_row(const char *label, const struct plan *plan,
		      void (*write)(FILE *out, const struct plan *plan))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	write(out, plan);
	fclose(out);
	opt_print_row(stdout, label, text, INDENT);
	free(text);
}

static void print_axis(const struct plan *plan, enum axis axis)
{
	const struct plan_values *values = &plan->axis[axis];
	char *text = NULL;
	size_t size;
	FILE *out;

	if (axis >= AXIS_FIRST_OF_CSV && values->count == 1 &&
	    values->value[0] == axis_table[axis].fallback)
		return;
	out = open_memstream(&text, &size);
	write_values(out, axis, values);
	fclose(out);
	opt_print_row(stdout, axis_table[axis].name, text, INDENT);
	free(text);
}

static int check(const char *name, const struct values *values)
{
	struct err err = ERR_INIT;
	struct plan *plan;

	if (load(&plan, name, values, &err))
		return cmd_fail(&cmd_plan, &err);
	printf("%s is a good plan\n", plan->source);
	print_row("title", plan, write_title);
	print_row("paths", plan, write_paths);
	print_row("cable", plan, write_cable);
	for (int i = 0; i < AXIS_COUNT; i++)
		print_axis(plan, (enum axis)i);
	print_row("cells", plan, write_cells);
	print_row("goal", plan, write_goal);
	print_row("time", plan, write_time);
	plan_free(plan);
	return CMD_DONE;
}

/* `name` is the plan's; a subcommand returns the exit status. */
static const struct subcommand {
	const char *name, *help;
	int plans; /* how many are to be named, 0 or 1 */
	int (*run)(const char *name, const struct values *values);
} subcommands[] = {
	{ "list", "the built-in plans, and the kinds of path", 0, list },
	{ "show",
	  "a plan's text, to start from: vazao plan show quick > my.yaml", 1,
	  show },
	{ "check", "is the plan a good one, and how long will it take?", 1,
	  check },
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_subcommands(FILE *out)
{
	fprintf(out, "\n");
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		opt_print_row(out, subcommands[i].name, subcommands[i].help,
			      INDENT);
}

static const struct subcommand *find_subcommand(const char *word)
{
	const char *names[SUBCOMMANDS + 1] = { NULL };
	const char *close;

	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		names[i] = subcommands[i].name;
		if (strcmp(names[i], word) == 0)
			return &subcommands[i];
	}
	close = suggest_name(word, names);
	fprintf(stderr,
		"vazao plan: unknown command '%s'; %s%s%svalid: list, show, "
		"check\n",
		word, close ? "did you mean '" : "", close ? close : "",
		close ? "'? " : "");
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	const struct subcommand *subcommand;
	struct values values = { 0 };
	int status = CMD_DONE;

	if (!cmd_parse(command, &values, &argc, &argv, &status)) {
		if (status == CMD_DONE) /* --help */
			print_subcommands(stdout);
		return status;
	}
	if (argc == 0) {
		opt_print_usage(stderr, command);
		print_subcommands(stderr);
		return CMD_USAGE;
	}
	subcommand = find_subcommand(argv[0]);
	if (!subcommand)
		return CMD_USAGE;
	if (argc - 1 == subcommand->plans)
		return subcommand->run(argv[1], &values);
	fprintf(stderr, "vazao plan: %s takes %s, not %d\n", subcommand->name,
		subcommand->plans ? "one plan, a file or a built-in one"
				  : "no plan",
		argc - 1);
	return CMD_USAGE;
}

const struct command cmd_plan = {
	.name = "plan",
	.arguments = "list | show PLAN | check PLAN",
	.help = "list, show and check plans",
	.options = options,
	.run = run,
};
