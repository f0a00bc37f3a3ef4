/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manual against the tables: every command, option, plan key, choice, kind
 * of path and built-in plan has its entry, and no entry tells of one that is
 * not there. Argument: the directory of the pages' sources.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cmd.h"
#include "lab/lab.h"
#include "plan/key.h"
#include "plan/plan.h"

#define LINES_MAX 2000
#define LINE_MAX  256

struct page {
	const char *name;
	char line[LINES_MAX][LINE_MAX];
	int lines;
};

static const char *man_dir;
static struct page vazao_page = { .name = "vazao.1.scd" };
static struct page plan_page = { .name = "vazao-plan.5.scd" };
static int failures;

static void complain(const struct page *page, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(const struct page *page, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("man/%s:%d: %s\n", page->name, line + 1, text);
	failures++;
}

static int load(struct page *page)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", man_dir, page->name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (page->lines < LINES_MAX &&
	       fgets(page->line[page->lines], LINE_MAX, f)) {
		char *line = page->line[page->lines++];

		line[strcspn(line, "\n")] = '\0';
	}
	fclose(f);
	return 0;
}

/* The line that is `text` between first and last, or -1. */
static int find_line(const struct page *page, int first, int last,
		     const char *text)
{
	for (int i = first; i < last; i++)
		if (strcmp(page->line[i], text) == 0)
			return i;
	return -1;
}

/* The line behind the section that begins at `first` with `depth` marks. */
static int find_end(const struct page *page, int first, size_t depth)
{
	for (int i = first + 1; i < page->lines; i++)
		if (page->line[i][0] == '#' &&
		    strspn(page->line[i], "#") <= depth)
			return i;
	return page->lines;
}

/* A section of depth one, without its heading. */
static void find_section(const struct page *page, const char *heading,
			 int *first, int *last)
{
	*first = find_line(page, 0, page->lines, heading);
	if (*first < 0)
		fail_msg("man/%s has no '%s'", page->name, heading);
	*last = find_end(page, *first, 1);
	(*first)++;
}

/* An entry's text: what is indented behind `line`, in paragraphs. */
static bool entry_has(const struct page *page, int line, int last,
		      const char *text)
{
	for (int i = line + 1; i < last; i++) {
		if (page->line[i][0] && page->line[i][0] != '\t')
			break;
		if (strstr(page->line[i], text))
			return true;
	}
	return false;
}

static void check_entry_has(const struct page *page, int line, int last,
			    const char *word)
{
	char text[96];

	snprintf(text, sizeof(text), "*%s*", word);
	if (!entry_has(page, line, last, text))
		complain(page, line, "the entry does not name %s", text);
}

/* "*-o*, *--output* _DIR_" */
static void format_option(const struct opt_row *row, char *buf, size_t size)
{
	int used = 0;

	if (row->letter)
		used = snprintf(buf, size, "*-%c*, ", row->letter);
	used += snprintf(buf + used, size - (size_t)used, "*--%s*", row->name);
	if (row->kind == OPT_MAYBE)
		snprintf(buf + used, size - (size_t)used, "[=_%s_]",
			 row->value + 1);
	else if (row->value)
		snprintf(buf + used, size - (size_t)used, " _%s_", row->value);
}

static bool is_option_of(const struct command *command, const char *line)
{
	char text[LINE_MAX];

	for (const struct opt_row *r = command->options; r && r->name; r++) {
		format_option(r, text, sizeof(text));
		if (strcmp(text, line) == 0)
			return true;
	}
	return false;
}

static void format_heading(const struct command *command, char *buf,
			   size_t size)
{
	const char *arguments = command->arguments ? command->arguments : "";

	snprintf(buf, size, "## vazao %s%s%s", command->name,
		 arguments[0] ? " " : "", arguments);
}

static void check_command(const struct command *command)
{
	char text[LINE_MAX];
	int first, last;

	format_heading(command, text, sizeof(text));
	first = find_line(&vazao_page, 0, vazao_page.lines, text);
	if (first < 0) {
		complain(&vazao_page, 0, "no line '%s'", text);
		return;
	}
	last = find_end(&vazao_page, first, 2);
	for (const struct opt_row *r = command->options; r && r->name; r++) {
		format_option(r, text, sizeof(text));
		if (find_line(&vazao_page, first, last, text) < 0)
			complain(&vazao_page, first, "no entry '%s'", text);
	}
	for (int i = first; i < last; i++)
		if (strncmp(vazao_page.line[i], "*-", 2) == 0 &&
		    !is_option_of(command, vazao_page.line[i]))
			complain(&vazao_page, i, "%s has no such option",
				 command->name);
}

static bool is_heading_of_a_command(const char *line)
{
	char text[LINE_MAX];

	for (size_t i = 0; commands[i]; i++) {
		format_heading(commands[i], text, sizeof(text));
		if (strcmp(text, line) == 0)
			return true;
	}
	return false;
}

static void test_commands(void **state)
{
	(void)state;
	failures = 0;
	for (size_t i = 0; commands[i]; i++)
		check_command(commands[i]);
	for (int i = 0; i < vazao_page.lines; i++)
		if (strncmp(vazao_page.line[i], "## vazao ", 9) == 0 &&
		    !is_heading_of_a_command(vazao_page.line[i]))
			complain(&vazao_page, i, "there is no such command");
	assert_int_equal(failures, 0);
}

/* "*word*" alone on its line; the word. */
static bool is_entry(const char *line, char word[LINE_MAX])
{
	size_t n = strlen(line);

	if (n < 3 || line[0] != '*' || line[n - 1] != '*')
		return false;
	snprintf(word, LINE_MAX, "%.*s", (int)n - 2, line + 1);
	return !strchr(word, '*');
}

/* Every name has an entry in the section, and every entry is of a name. */
static void check_section(const char *heading, const char *const *names)
{
	char word[LINE_MAX];
	int first, last;
	size_t n;

	find_section(&plan_page, heading, &first, &last);
	for (n = 0; names[n]; n++) {
		snprintf(word, sizeof(word), "*%s*", names[n]);
		if (find_line(&plan_page, first, last, word) < 0)
			complain(&plan_page, first, "no entry '%s'", word);
	}
	for (int i = first; i < last; i++) {
		bool known = false;

		if (!is_entry(plan_page.line[i], word))
			continue;
		for (n = 0; names[n]; n++)
			known |= strcmp(names[n], word) == 0;
		if (!known)
			complain(&plan_page, i, "there is no %s", word);
	}
}

static void check_axis(const struct axis_desc *axis)
{
	char text[LINE_MAX];
	int line;

	snprintf(text, sizeof(text), "*%s*", axis->name);
	line = find_line(&plan_page, 0, plan_page.lines, text);
	for (size_t i = 0; line >= 0 && axis->choices && axis->choices[i]; i++)
		check_entry_has(&plan_page, line, plan_page.lines,
				axis->choices[i]);
}

/* The keys stand in three sections: what, axes, how long. */
static void test_plan_keys(void **state)
{
	static const char *const sections[] = { "# WHAT", "# AXES",
						"# HOW LONG" };
	const char *names[KEYS_MAX], *part[KEYS_MAX];

	(void)state;
	failures = 0;
	key_list(names);
	for (size_t s = 0; s < 3; s++) {
		size_t used = 0;

		for (size_t i = 0; names[i]; i++) {
			bool is_axis = axis_find(names[i]) >= 0;
			bool is_what = !strcmp(names[i], "title") ||
				       !strcmp(names[i], "paths") ||
				       !strcmp(names[i], "link");

			if (s == (is_what ? 0 : is_axis ? 1 : 2))
				part[used++] = names[i];
		}
		part[used] = NULL;
		check_section(sections[s], part);
	}
	for (int i = 0; i < AXIS_COUNT; i++)
		check_axis(&axis_table[i]);
	assert_int_equal(failures, 0);
}

static void check_kind(const struct kind_desc *kind)
{
	char text[LINE_MAX];
	int line;

	snprintf(text, sizeof(text), "*%s*", kind->name);
	line = find_line(&plan_page, 0, plan_page.lines, text);
	for (const struct kind_option *o = kind->options;
	     line >= 0 && o && o->key; o++) {
		check_entry_has(&plan_page, line, plan_page.lines, o->key);
		for (size_t i = 0; o->choices && o->choices[i]; i++)
			check_entry_has(&plan_page, line, plan_page.lines,
					o->choices[i]);
	}
}

static void test_kinds(void **state)
{
	const struct kind_desc *const *kinds = lab_kinds();
	const char *names[64];
	size_t n;

	(void)state;
	failures = 0;
	for (n = 0; kinds[n]; n++) {
		names[n] = kinds[n]->name;
		check_kind(kinds[n]);
	}
	names[n] = NULL;
	check_section("# KINDS OF PATHS", names);
	assert_int_equal(failures, 0);
}

static void test_builtin_plans(void **state)
{
	const char *names[64];
	size_t n;

	(void)state;
	failures = 0;
	for (n = 0; plan_builtins[n].name; n++)
		names[n] = plan_builtins[n].name;
	names[n] = NULL;
	check_section("# BUILT-IN PLANS", names);
	assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_plan_keys),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_builtin_plans),
	};

	man_dir = argc > 1 ? argv[1] : "man";
	if (load(&vazao_page) || load(&plan_page)) {
		print_error("no manual in %s\n", man_dir);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
