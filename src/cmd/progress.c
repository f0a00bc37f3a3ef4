/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"

#define BAR_CELLS      20
#define KNOWN	       10.0	       /* a wider interval tells nothing yet */
#define PLAIN_EVERY_NS (10 * NS_PER_S) /* between plain lines */

int progress_open(struct progress *progress, const char *dir, struct err *err)
{
	struct winsize size = { 0 };
	char name[4096];

	*progress = (struct progress){ .out = stderr,
				       .terminal = isatty(STDERR_FILENO),
				       .columns = 100 };
	if (progress->terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) &&
	    size.ws_col >= 40)
		progress->columns = size.ws_col - 1;
	snprintf(name, sizeof(name), "%s/study.log", dir);
	progress->log = fopen(name, "ae");
	if (!progress->log)
		return err_sys(err, errno, "%s", name);
	setvbuf(progress->log, NULL, _IOLBF, 0);
	return 0;
}

static void end_line(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", progress->out);
	progress->drawn = false;
}

void progress_close(struct progress *progress)
{
	end_line(progress);
	fflush(progress->out);
	if (progress->log)
		fclose(progress->log);
	progress->log = NULL;
}

static void write_log(struct progress *progress, const char *text)
{
	char now[32];

	clock_format_real(clock_real_ns(), now);
	if (progress->log)
		fprintf(progress->log, "%s %s\n", now, text);
}

void progress_say(struct progress *progress, const char *text)
{
	end_line(progress);
	fprintf(progress->out, "%s\n", text);
	write_log(progress, text);
}

void progress_on_event(void *arg, const char *text)
{
	progress_say(arg, text);
}

static void add_bar(const struct study_progress *p, char *line, size_t size)
{
	size_t done = p->reached + p->failed;
	size_t full = p->cells ? done * BAR_CELLS / p->cells : 0;

	text_append(line, size, "[");
	for (size_t i = 0; i < BAR_CELLS; i++)
		text_append(line, size, i < full ? "#" : ".");
	text_append(line, size, "] %zu/%zu cells", p->reached, p->cells);
	if (p->failed)
		text_append(line, size, ", %zu failed", p->failed);
}

static void add_times(const struct study_progress *p, char *line, size_t size)
{
	char text[32];

	if (p->eta_ns >= 0) {
		units_format_duration(p->eta_ns, text, sizeof(text));
		text_append(line, size, "  %s to go", text);
	}
	if (p->budget_ns) {
		int64_t left_ns = p->budget_ns - p->elapsed_ns;

		units_format_duration(
			left_ns > 0 ? left_ns / NS_PER_S * NS_PER_S : 0, text,
			sizeof(text));
		text_append(line, size, " (budget %s)", text);
	}
}

void progress_format(const struct study_progress *p, int columns, char *line,
		     size_t size)
{
	static const char *const phases[] = {
		[STUDY_BUILDING] = "building the lab",
		[STUDY_SETTLING] = "starting agents",
		[STUDY_MEASURING] = "",
		[STUDY_CLOSING] = "closing",
	};

	line[0] = '\0';
	if (p->phase != STUDY_MEASURING) {
		text_append(line, size, "%s%s%s ...", phases[p->phase],
			    p->now[0] ? ": " : "", p->now);
		return;
	}
	add_bar(p, line, size);
	for (size_t i = 1; i < p->paths; i++)
		if (p->path[i].worst_half_width > 0 &&
		    p->path[i].worst_half_width < KNOWN)
			text_append(line, size, "  %s +-%.1f%%",
				    p->path[i].name,
				    100 * p->path[i].worst_half_width);
	add_times(p, line, size);
	if ((size_t)columns < strlen(line))
		line[columns] = '\0';
}

static bool due(int64_t *last_ns)
{
	int64_t now_ns = clock_mono_ns();

	if (*last_ns && now_ns - *last_ns < PLAIN_EVERY_NS)
		return false;
	*last_ns = now_ns;
	return true;
}

void progress_on_progress(void *arg, const struct study_progress *p)
{
	struct progress *progress = arg;
	bool phase_is_new =
		p->phase != progress->said_phase || !progress->said_ns;
	char line[512];

	progress_format(p, progress->columns, line, sizeof(line));
	if (progress->terminal) {
		fprintf(progress->out, "\r\033[K%s", line);
		fflush(progress->out);
		progress->drawn = true;
	} else if (due(&progress->said_ns) || phase_is_new) {
		fprintf(progress->out, "%s\n", line);
	}
	if (due(&progress->logged_ns) || phase_is_new)
		write_log(progress, line);
	progress->said_phase = p->phase;
	progress->said_ns = progress->said_ns ? progress->said_ns : 1;
}
