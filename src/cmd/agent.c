/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/key.h"
#include "agent/listen.h"
#include "agent/server.h"
#include "agent/ssh.h"
#include "agent/tether.h"
#include "cmd/cmd.h"

struct values {
	bool stdio, tethered, here, may_configure;
	const char *listen, *key, *new_key, *over_ssh;
};

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct opt_row options[] = {
	{ "stdio", 0, OPT_FLAG, AT(stdio), NULL, "serve the coordinator on standard input and output" },
	{ "listen", 0, OPT_STRING, AT(listen), "ADDR:PORT", "serve whoever comes by TCP and has the key; without --key on loopback only" },
	{ "key", 0, OPT_STRING, AT(key), "FILE", "the key that both ends have, in a file that only its owner can read" },
	{ "new-key", 0, OPT_STRING, AT(new_key), "FILE", "make a key, and a file for it of mode 0600, and nothing else" },
	{ "tethered", 0, OPT_FLAG, AT(tethered), NULL, "with --stdio: on a machine that is to be left as it was, over a link that may be cut" },
	{ "may-configure", 0, OPT_FLAG, AT(may_configure), NULL, "with --tethered, --here or --over-ssh: MTU, offload and sysctls may be changed, and are put back" },
	{ "here", 0, OPT_FLAG, AT(here), NULL, "as --stdio, on the coordinator's own machine, which is to be left as it was" },
	{ "over-ssh", 0, OPT_STRING, AT(over_ssh), "HOST", "be the near end of an agent that ssh starts on HOST" },
	{ 0 },
};
/* clang-format on */

static int check(const struct values *v, int argc, char **argv, struct err *err)
{
	int ways =
		v->stdio + v->here + !!v->listen + !!v->new_key + !!v->over_ssh;

	if (argc > 0)
		return err_set(err, EINVAL,
			       "'%s' is not understood; it takes options only",
			       argv[0]);
	if (ways != 1)
		return err_set(
			err, EINVAL,
			"it takes one of --stdio, --listen ADDR:PORT and "
			"--new-key FILE");
	if (v->key && !v->listen)
		return err_set(err, EINVAL, "--key goes with --listen");
	if (v->tethered && !v->stdio)
		return err_set(err, EINVAL, "--tethered goes with --stdio");
	if (v->may_configure && !v->tethered && !v->here && !v->over_ssh)
		return err_set(err, EINVAL,
			       "--may-configure goes with --tethered");
	return 0;
}

static int serve_network(const struct values *v, struct err *err)
{
	struct listener *listener;
	struct key key;
	int rc = v->key ? key_read(v->key, &key, err) : 0;
	int stop_fd;

	if (!rc)
		rc = listener_open(&listener, v->listen, v->key ? &key : NULL,
				   err);
	if (rc)
		return rc;
	stop_fd = cmd_stop_fd(err);
	if (stop_fd < 0) {
		rc = stop_fd;
	} else {
		printf("listening on %s, %s\n", listener_address(listener),
		       v->key ? "for who has the key"
			      : "without a key, for this machine only");
		fflush(stdout);
		rc = listener_run(listener, stop_fd, err);
		close(stop_fd);
	}
	listener_close(listener);
	return rc;
}

static int serve_over_ssh(const struct values *v, struct err *err)
{
	const struct relay_end end = { .read_fd = STDIN_FILENO,
				       .write_fd = STDOUT_FILENO };
	struct ssh_args args = { .host = v->over_ssh,
				 .may_configure = v->may_configure };
	char *self_path, *agent_path;
	int rc = cmd_find_programs(&self_path, &agent_path, err);

	if (rc)
		return rc;
	args.agent_path = agent_path;
	rc = ssh_relay(&args, &end, err);
	free(self_path);
	free(agent_path);
	return rc;
}

static int make_key(const struct values *v, struct err *err)
{
	int rc = key_create(v->new_key, err);

	if (!rc)
		printf("%s: a new key; copy it to the other end, as secretly "
		       "as a password\n",
		       v->new_key);
	return rc;
}

static int serve(const struct values *v, struct err *err)
{
	const struct tether_args tether = {
		.read_fd = STDIN_FILENO,
		.write_fd = STDOUT_FILENO,
		.patience_ns = v->here ? 0 : TETHER_PATIENCE_NS,
		.may_configure = v->may_configure,
	};

	if (v->new_key)
		return make_key(v, err);
	if (v->listen)
		return serve_network(v, err);
	if (v->over_ssh)
		return serve_over_ssh(v, err);
	if (v->tethered || v->here)
		return tether_run(&tether, err);
	return agent_serve(STDIN_FILENO, STDOUT_FILENO, err);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct values values = { 0 };
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (check(&values, argc, argv, &err)) {
		fprintf(stderr, "vazao agent: %s\n", err.text);
		return CMD_USAGE;
	}
	if (serve(&values, &err))
		return cmd_fail(command, &err);
	return CMD_DONE;
}

const struct command cmd_agent = {
	.name = "agent",
	.arguments = "--stdio | --listen ADDR:PORT [--key FILE] | --new-key "
		     "FILE",
	.help = "the far end of a study or probe: serves coordinators",
	.options = options,
	.run = run,
};
