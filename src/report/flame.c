/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/flame.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	  1200.0
#define ROW	  17
#define HEAD	  34
#define NARROWEST 0.4 /* px: what is narrower is not drawn */
#define LETTER	  6.2 /* px */

struct frame {
	char *name;
	double share[2]; /* of all samples: the path's, the reference's */
	struct frame *child, *next;
};

static void free_frame(struct frame *frame)
{
	while (frame) {
		struct frame *next = frame->next;

		free_frame(frame->child);
		free(frame->name);
		free(frame);
		frame = next;
	}
}

/* Children stand by name, so that two graphs can be laid side by side. */
static struct frame *child_of(struct frame *parent, const char *name,
			      size_t length)
{
	struct frame **at = &parent->child, *made;
	int order = -1;

	for (; *at; at = &(*at)->next) {
		order = strncmp((*at)->name, name, length);
		if (order == 0)
			order = (*at)->name[length] != '\0';
		if (order >= 0)
			break;
	}
	if (*at && order == 0)
		return *at;
	made = calloc(1, sizeof(*made));
	if (!made || !(made->name = strndup(name, length))) {
		free(made);
		return NULL;
	}
	made->next = *at;
	*at = made;
	return made;
}

static int add_stack(struct frame *root, const char *stack, double share,
		     int which)
{
	struct frame *frame = root;

	root->share[which] += share;
	while (*stack) {
		size_t length = strcspn(stack, ";");

		frame = child_of(frame, stack, length);
		if (!frame)
			return -ENOMEM;
		frame->share[which] += share;
		stack += length + (stack[length] == ';');
	}
	return 0;
}

static int add_all(struct frame *root, const json_t *stacks, int which)
{
	const char *stack;
	json_t *samples;
	double total = 0;
	int rc = 0;

	json_object_foreach((json_t *)stacks, stack, samples)
		total += json_number_value(samples);
	json_object_foreach((json_t *)stacks, stack, samples)
		if (!rc)
			rc = add_stack(root, stack,
				       json_number_value(samples) / total,
				       which);
	return rc;
}

static int depth_of(const struct frame *frame)
{
	int deepest = 0;

	for (; frame; frame = frame->next) {
		int depth = 1 + depth_of(frame->child);

		if (depth > deepest && frame->share[0] * WIDTH >= NARROWEST)
			deepest = depth;
	}
	return deepest;
}

static void write_text(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length && text[i]; i++) {
		if (text[i] == '<')
			fputs("&lt;", out);
		else if (text[i] == '>')
			fputs("&gt;", out);
		else if (text[i] == '&')
			fputs("&amp;", out);
		else
			fputc((unsigned char)text[i] < 0x80 ? text[i] : '?',
			      out);
	}
}

static bool is_kernel(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, "_[k]") == 0;
}

/* Colors of one hue a kind, a little different by name; or by difference. */
static void write_color(FILE *out, const struct frame *frame, bool differs)
{
	unsigned int hash = 5381;

	if (differs) {
		double d = frame->share[0] - frame->share[1];
		int pale = 245 - (int)(fmin(fabs(d) / 0.1, 1) * 175);

		if (d > 0)
			fprintf(out, "rgb(245,%d,%d)", pale, pale);
		else
			fprintf(out, "rgb(%d,%d,245)", pale, pale);
		return;
	}
	for (const char *c = frame->name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	fprintf(out, "hsl(%d,70%%,%d%%)", is_kernel(frame->name) ? 28 : 200,
		62 + (int)(hash % 16));
}

static void write_frame(FILE *out, const struct frame *frame, double x, int y,
			bool differs)
{
	double width = frame->share[0] * WIDTH;
	size_t letters = (size_t)((width - 4) / LETTER);

	fprintf(out,
		"<g><rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\""
		" fill=\"",
		x, y, width - 0.3, ROW - 1);
	write_color(out, frame, differs);
	fputs("\"/><title>", out);
	write_text(out, frame->name, 400);
	fprintf(out, ": %.2f %%", 100 * frame->share[0]);
	if (differs)
		fprintf(out, ", reference %.2f %%", 100 * frame->share[1]);
	fputs("</title>", out);
	if (width > 4 + 3 * LETTER) {
		fprintf(out, "<text x=\"%.2f\" y=\"%d\">", x + 2, y + 12);
		write_text(out, frame->name, letters);
		fputs("</text>", out);
	}
	fputs("</g>\n", out);
}

static void write_frames(FILE *out, const struct frame *frame, double x, int y,
			 bool differs)
{
	for (; frame; frame = frame->next) {
		double width = frame->share[0] * WIDTH;

		if (width >= NARROWEST) {
			write_frame(out, frame, x, y, differs);
			write_frames(out, frame->child, x, y - ROW, differs);
		}
		x += width;
	}
}

int flame_draw(FILE *out, const char *title, const json_t *stacks,
	       const json_t *reference)
{
	struct frame root = { 0 };
	int rc = add_all(&root, stacks, 0), height;

	if (!rc && reference)
		rc = add_all(&root, reference, 1);
	height = HEAD + ROW * depth_of(root.child) + 6;
	if (!rc) {
		fprintf(out,
			"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 "
			"0 %.0f %d\" font-family=\"monospace\" font-size=\"10\""
			"><rect width=\"100%%\" height=\"100%%\" "
			"fill=\"white\"/><text x=\"8\" y=\"20\" "
			"font-size=\"14\">",
			WIDTH, height);
		write_text(out, title, 200);
		fputs("</text>\n", out);
		write_frames(out, root.child, 0, height - ROW - 2, reference);
		fputs("</svg>\n", out);
	}
	free_frame(root.child);
	return rc;
}
