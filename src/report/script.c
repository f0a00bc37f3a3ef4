/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/script.h"

#include <errno.h>
#include <stdbool.h>

const char *const script_colors[SCRIPT_COLORS] = { "#000000", "#d55e00",
						   "#0072b2", "#009e73",
						   "#cc79a7", "#e69f00",
						   "#56b4e9" };

int script_open(struct script *script, const char *dir, const char *name,
		const char *suffix, struct err *err)
{
	snprintf(script->path, sizeof(script->path), "%s/%s.%s", dir, name,
		 suffix);
	script->out = fopen(script->path, "w");
	return script->out ? 0 : err_sys(err, errno, "%s", script->path);
}

int script_close(struct script *script, struct err *err)
{
	bool bad = ferror(script->out);

	if (fclose(script->out) == 0 && !bad)
		return 0;
	return err_sys(err, errno ? errno : EIO, "%s", script->path);
}

void script_quote(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
	fputc('\'', out);
}
