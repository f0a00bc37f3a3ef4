/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"

static int print_help(FILE *out, int status)
{
	fprintf(out, "vazao tells what a virtual network path costs against "
		     "the native one.\n\n");
	opt_print_commands(out, commands);
	fprintf(out, "\n`vazao COMMAND --help` tells a command's options, "
		     "vazao(1) the rest.\n");
	return status;
}

static void take_log_level(void)
{
	const char *level = getenv("VAZAO_LOG");

	if (level && strcmp(level, "debug") == 0)
		log_set_level(LOG_DEBUG);
	else if (level && strcmp(level, "info") == 0)
		log_set_level(LOG_INFO);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const struct command *command;

	take_log_level();
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return print_help(stderr, CMD_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return print_help(stdout, CMD_DONE);
	if (!strcmp(argv[1], "--version")) {
		printf("vazao %s\n", VAZAO_VERSION);
		return CMD_DONE;
	}
	command = opt_find_command(commands, argv[1], &err);
	if (!command) {
		fprintf(stderr, "vazao: %s\n", err.text);
		return CMD_USAGE;
	}
	return command->run(command, argc - 1, argv + 1);
}
