/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <stddef.h>

const struct command *const commands[] = {
	&cmd_agent,
	&cmd_doctor,
	NULL,
};
