/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/server.h"
#include "cmd/cmd.h"

struct values {
	bool stdio;
};

static const struct opt_row options[] = {
	{ .name = "stdio",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct values, stdio),
	  .help = "serve the coordinator on standard input and output" },
	{ 0 },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct values values = { 0 };
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (!values.stdio || argc > 0) {
		fprintf(stderr, "vazao agent: it takes --stdio, and nothing "
				"else\n");
		return CMD_USAGE;
	}
	if (agent_serve(STDIN_FILENO, STDOUT_FILENO, &err))
		return cmd_fail(command, &err);
	return CMD_DONE;
}

const struct command cmd_agent = {
	.name = "agent",
	.arguments = "--stdio",
	.help = "the far end of a study: serves one coordinator in a node",
	.options = options,
	.run = run,
};
