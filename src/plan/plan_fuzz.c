/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A libFuzzer target: any text is a plan or refused in one line, and a plan's
 * canonical text makes the same text again. See plan/meson.build for how to
 * run it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

static const char *const receives[] = { "flip-map", "copy", NULL };

/* clang-format off */
static const struct kind_option options[] = {
	{ .key = "receive", .choices = receives, .fallback = "copy" },
	{ .key = "pages", .min = 1, .max = 16, .fallback = "1" },
	{ .key = NULL },
};
/* clang-format on */

static const struct kind_desc native = { .name = "native" };
static const struct kind_desc domu = { .name = "domU", .options = options };
static const struct kind_desc *const kinds[] = { &native, &domu, NULL };

static void check_text(const struct plan *plan)
{
	struct err err = ERR_INIT;
	struct plan *again;

	if (plan_parse(&again, plan->text, "text", kinds, &err))
		abort();
	if (strcmp(plan->text, again->text) != 0)
		abort();
	plan_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct err err = ERR_INIT;
	struct plan *plan;

	if (plan_parse(&plan, text, "fuzz.yaml", kinds, &err) == 0) {
		check_text(plan);
		plan_free(plan);
	} else if (err.code == 0 || strchr(err.text, '\n')) {
		abort();
	}
	free(text);
	return 0;
}
