/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao lab: a lab that stays, to look at and to try things in. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/images.h"
#include "cmd/lab_door.h"
#include "cmd/lab_enter.h"
#include "cmd/lab_hold.h"
#include "lab/lab.h"
#include "lab/nic.h"
#include "opt/suggest.h"
#include "plan/plan.h"

#define INDENT 16 /* of the subcommands' help */

struct values {
	const char *lab;
	struct opt_list sets;
	bool all;
};

/* clang-format off */
static const struct opt_row options[] = {
	{ "lab", 'l', OPT_STRING, offsetof(struct values, lab), "NAME",
	  "up: the lab's name (default: the plan's); exec, down: which lab, where several are up" },
	{ "set", 0, OPT_LIST, offsetof(struct values, sets), "KEY=VALUE",
	  "up: change a key of the plan, such as link.rate=1gbit; may be given several times" },
	{ "all", 0, OPT_FLAG, offsetof(struct values, all), NULL,
	  "down: every lab of the caller; of everybody, if the caller is root" },
	{ .name = NULL },
};
/* clang-format on */

/*
 * list
 */

static const char *get_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_link(const json_t *link, const char *node, const char *kind)
{
	int64_t mtu = json_integer_value(json_object_get(link, "mtu"));
	int64_t bps = json_integer_value(json_object_get(link, "rate_bps"));
	char rate[32] = "", mtu_text[16] = "";

	if (mtu)
		snprintf(mtu_text, sizeof(mtu_text), "%" PRId64, mtu);
	if (bps)
		units_format_rate(bps, rate, sizeof(rate));
	printf("  %-12s %-10s %-9s %-17s %5s  %s\n", node, kind,
	       get_text(link, "ifname"), get_text(link, "address"), mtu_text,
	       rate);
}

static void print_node(const json_t *node)
{
	const char *name = get_text(node, "node");
	const char *kind = get_text(node, "kind");
	json_t *link;
	size_t i;

	json_array_foreach(json_object_get(node, "links"), i, link)
		print_link(link, i ? "" : name, i ? "" : kind);
}

static void print_lab(const json_t *lab)
{
	int64_t since_ns = json_integer_value(json_object_get(lab, "since_ns"));
	int64_t age_ns = clock_real_ns() - since_ns;
	json_t *node, *missing;
	char age[32];
	size_t i;

	age_ns -= age_ns % (age_ns < NS_PER_S ? NS_PER_MS : NS_PER_S);
	units_format_duration(age_ns, age, sizeof(age));
	printf("lab %s, of %s, up for %s\n", get_text(lab, "lab"),
	       get_text(lab, "plan"), age);
	printf("  %-12s %-10s %-9s %-17s %5s  %s\n", "NODE", "KIND",
	       "INTERFACE", "ADDRESS", "MTU", "RATE");
	json_array_foreach(json_object_get(lab, "nodes"), i, node)
		print_node(node);
	json_array_foreach(json_object_get(lab, "missing"), i, missing)
		printf("  missing: %s\n", json_string_value(missing));
}

static int list_one(const struct door *door)
{
	struct err err = ERR_INIT;
	json_t *lab = NULL;

	if (door->uid != geteuid()) { /* root looks at another's */
		printf("lab %s, of user %u\n", door->name, door->uid);
		return CMD_DONE;
	}
	if (door_ask(door, json_pack("{s:s}", "op", "list"), &lab, NULL, &err))
		return cmd_fail(&cmd_lab, &err);
	print_lab(lab);
	json_decref(lab);
	return CMD_DONE;
}

static int list(const struct values *values, int argc, char **argv)
{
	struct door door[DOOR_LABS_MAX];
	size_t count = door_find(door);
	int status = CMD_DONE;

	(void)values;
	(void)argc;
	(void)argv;
	if (!count)
		printf("no lab is up\n");
	for (size_t i = 0; i < count; i++) {
		int one;

		if (i)
			printf("\n");
		one = list_one(&door[i]);
		status = one ? one : status;
	}
	return status;
}

/*
 * up
 */

static int load_plan(struct plan **plan, const char *name,
		     const struct values *values, struct err *err)
{
	struct plan_set sets[OPT_LIST_MAX];
	struct plan_args args = { .name = name,
				  .sets = sets,
				  .set_count = values->sets.count,
				  .kinds = lab_kinds() };
	int rc;

	for (size_t i = 0; i < values->sets.count; i++)
		sets[i].text = values->sets.item[i];
	rc = plan_load(plan, &args, err);
	if (rc || !(*plan)->outside)
		return rc;
	plan_free(*plan);
	*plan = NULL;
	return err_set(err, EINVAL,
		       "%s: of machines that are there already there is no lab "
		       "to hold up",
		       name);
}

/* The file's name without directory and ending: "plans/my.yaml" is "my". */
static void make_name(const char *plan, char name[DOOR_NAME_MAX])
{
	const char *slash = strrchr(plan, '/');
	const char *base = slash ? slash + 1 : plan;

	snprintf(name, DOOR_NAME_MAX, "%.*s", (int)strcspn(base + 1, ".") + 1,
		 base);
}

/* Nothing of the terminal stays open: `vazao lab up | cat` must end. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int last = log_get_level() > LOG_WARN ? STDOUT_FILENO : STDERR_FILENO;

	for (int fd = STDIN_FILENO; fd <= last; fd++)
		dup2(null, fd);
	setsid();
}

static int read_word(int word, json_t **missing, struct err *err)
{
	const char *text = "";
	int64_t code = EPROTO;
	json_t *said = json_loadfd(word, JSON_DISABLE_EOF_CHECK, NULL);
	json_t *error = json_object_get(said, "error");

	if (!said)
		return err_set(err, EINTR, "the lab's processes were killed");
	*missing = json_incref(json_object_get(said, "ready"));
	if (error) {
		json_get_int(error, "code", &code, NULL);
		json_get_string(error, "text", &text, NULL);
		err_set(err, (int)code, "%s", text);
	}
	json_decref(said);
	return error ? (int)-code : 0;
}

static int start_holder(struct hold *hold, json_t **missing, struct err *err)
{
	int word[2];
	pid_t pid;
	int rc;

	if (pipe2(word, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(word[0]);
		leave_terminal();
		hold->word = word[1];
		hold_lab(hold);
		_exit(0);
	}
	rc = pid < 0 ? err_sys(err, errno, "fork") : 0;
	close(word[1]);
	if (!rc)
		rc = read_word(word[0], missing, err);
	close(word[0]);
	return rc;
}

static int bring_up(struct hold *hold, json_t **missing, struct err *err)
{
	char *self_path = NULL, *agent_path = NULL;
	int rc = cmd_find_programs(&self_path, &agent_path, err);

	hold->self_path = self_path;
	hold->agent_path = agent_path;
	if (!rc)
		rc = door_open(hold->name, &hold->door, err);
	if (!rc) {
		rc = start_holder(hold, missing, err);
		close(hold->door);
	}
	free(self_path);
	free(agent_path);
	return rc;
}

static int up(const struct values *values, int argc, char **argv)
{
	char name[DOOR_NAME_MAX];
	struct door door = { .uid = geteuid() };
	struct hold hold = { .name = values->lab ? values->lab : name };
	struct err err = ERR_INIT;
	json_t *missing = NULL;
	struct plan *plan = NULL;
	int rc;

	(void)argc;
	make_name(argv[0], name);
	rc = load_plan(&plan, argv[0], values, &err);
	hold.plan = plan;
	hold.host_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!rc)
		rc = images_check_kinds(&cmd_lab, plan, &err);
	if (!rc && plan->nics) {
		rc = nic_leftovers(&err);
		if (!rc)
			rc = nic_check(plan->nic, plan->nics, &err);
	}
	if (!rc) {
		images_provide(&cmd_lab, plan);
		rc = bring_up(&hold, &missing, &err);
	}
	if (hold.host_netns_fd >= 0)
		close(hold.host_netns_fd);
	plan_free(plan);
	json_decref(missing);
	if (rc)
		return cmd_fail(&cmd_lab, &err);
	snprintf(door.name, sizeof(door.name), "%s", hold.name);
	return list_one(&door);
}

/*
 * exec
 */

/* As a shell gives it: 128 + the signal where one ended the command. */
static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static json_t *pack_exec(const char *node, char **words)
{
	json_t *argv = json_array();

	for (; *words; words++)
		json_array_append_new(argv, json_string(*words));
	return json_pack("{s:s, s:s, s:o}", "op", "exec", "node", node, "argv",
			 argv);
}

static int exec(const struct values *values, int argc, char **argv)
{
	int ns[DOOR_FDS_MAX] = { -1, -1, -1, -1 };
	struct err err = ERR_INIT;
	json_t *reply = NULL;
	struct door door;
	int64_t status64 = 0;
	char **words = argv + 1;
	int status = 0, rc;

	(void)argc;
	if (words[1] && strcmp(words[0], "--") == 0)
		words++;
	rc = door_pick(values->lab, &door, &err);
	if (!rc)
		rc = door_ask(&door, pack_exec(argv[0], words), &reply, ns,
			      &err);
	if (!rc && ns[0] >= 0) {
		rc = enter_and_run(ns, words, &status, &err);
	} else if (!rc) { /* a guest: its agent ran it */
		fputs(get_text(reply, "output"), stdout);
		rc = json_get_int(reply, "status", &status64, &err);
		status = (int)status64;
	}
	json_decref(reply);
	return rc ? cmd_fail(&cmd_lab, &err) : shell_status(status);
}

/*
 * down
 */

static int end_one(const struct door *door)
{
	struct err err = ERR_INIT;

	if (door_end(door, &err))
		return cmd_fail(&cmd_lab, &err);
	return CMD_DONE;
}

static int down(const struct values *values, int argc, char **argv)
{
	struct door door[DOOR_LABS_MAX];
	struct err err = ERR_INIT;
	int status = CMD_DONE;
	size_t count;

	(void)argc;
	(void)argv;
	if (!values->all) {
		if (door_pick(values->lab, &door[0], &err))
			return cmd_fail(&cmd_lab, &err);
		return end_one(&door[0]);
	}
	count = door_find(door);
	for (size_t i = 0; i < count; i++) {
		int one = end_one(&door[i]);

		status = one ? one : status;
	}
	/* of the host's interfaces, where even their keeper was killed */
	if (nic_leftovers(&err))
		status = cmd_fail(&cmd_lab, &err);
	return status;
}

static const struct subcommand {
	const char *name, *arguments, *help;
	int min, max; /* arguments */
	int (*run)(const struct values *values, int argc, char **argv);
} subcommands[] = {
	{ "up", "PLAN", "build a plan's nodes and paths, and let them stay", 1,
	  1, up },
	{ "list", "no argument", "the labs that are up, their interfaces", 0, 0,
	  list },
	{ "exec", "NODE COMMAND...", "run a command in a node", 2, INT32_MAX,
	  exec },
	{ "down", "no argument, but may take --lab NAME or --all",
	  "end a lab, and all that runs in it", 0, 0, down },
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
	const char *close_name;

	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		names[i] = subcommands[i].name;
		if (strcmp(names[i], word) == 0)
			return &subcommands[i];
	}
	close_name = suggest_name(word, names);
	fprintf(stderr,
		"vazao lab: unknown command '%s'; %s%s%svalid: up, list, exec, "
		"down\n",
		word, close_name ? "did you mean '" : "",
		close_name ? close_name : "", close_name ? "'? " : "");
	return NULL;
}

/* From `from`, the first argument that is neither option nor its value. */
static int find_positional(int from, int argc, char **argv)
{
	int i = from;

	while (i < argc && argv[i][0] == '-') {
		bool takes_value = !strcmp(argv[i], "--lab") ||
				   !strcmp(argv[i], "-l") ||
				   !strcmp(argv[i], "--set");

		i += takes_value ? 2 : 1;
	}
	return i < argc ? i : argc;
}

/*
 * What stands behind exec's NODE is the command's, also what begins with a
 * dash: "--" goes before NODE. `copy` has room for argc + 2.
 */
static void guard_command(int *argc, char **argv, char **copy)
{
	int word = find_positional(1, *argc, argv);
	int node = *argc;

	if (word < *argc && strcmp(argv[word], "exec") == 0)
		node = find_positional(word + 1, *argc, argv);
	memcpy(copy, argv, (size_t)node * sizeof(*copy));
	copy[node] = (char *)"--";
	memcpy(copy + node + 1, argv + node,
	       (size_t)(*argc - node) * sizeof(*copy));
	copy[++*argc] = NULL;
}

static int run_subcommand(const struct values *values, int argc, char **argv)
{
	const struct subcommand *subcommand = find_subcommand(argv[0]);

	if (!subcommand)
		return CMD_USAGE;
	if (argc - 1 >= subcommand->min && argc - 1 <= subcommand->max)
		return subcommand->run(values, argc - 1, argv + 1);
	fprintf(stderr, "vazao lab: %s takes %s\n", subcommand->name,
		subcommand->arguments);
	return CMD_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	char **guarded = calloc((size_t)argc + 2, sizeof(*guarded));
	char **rest = guarded;
	struct values values = { 0 };
	int status = CMD_DONE;

	if (!guarded)
		return CMD_REFUSED;
	guard_command(&argc, argv, guarded);
	if (!cmd_parse(command, &values, &argc, &rest, &status)) {
		if (status == CMD_DONE) /* --help */
			print_subcommands(stdout);
	} else if (argc == 0) {
		opt_print_usage(stderr, command);
		print_subcommands(stderr);
		status = CMD_USAGE;
	} else {
		rest[argc] = NULL; /* "--" is gone: there is room */
		status = run_subcommand(&values, argc, rest);
	}
	free(guarded);
	return status;
}

const struct command cmd_lab = {
	.name = "lab",
	.arguments = "up PLAN | list | exec NODE COMMAND... | down",
	.help = "a lab that stays, to look at and to try things in",
	.options = options,
	.run = run,
};
