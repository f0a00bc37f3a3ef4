/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <stddef.h>

/* clang-format off */
const struct command *const commands[] = {
	&cmd_study,
	&cmd_report,
	&cmd_figures,
	&cmd_explain,
	&cmd_advise,
	&cmd_compare,
	&cmd_calibrate,
	&cmd_import,
	&cmd_validate,
	&cmd_doctor,
	&cmd_plan,
	&cmd_lab,
	&cmd_probe,
	&cmd_image,
	&cmd_agent,
	&cmd_netfront,
	&cmd_netback,
	NULL,
};
/* clang-format on */
