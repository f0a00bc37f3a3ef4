/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a plan is measured: rule and placement, and the numbers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "plan/key.h"

enum number_kind { NUMBER_FRACTION, NUMBER_DURATION, NUMBER_COUNT };

union number {
	double fraction;
	int64_t whole; /* ns, or a count */
};

struct number_key {
	const char *name;
	enum number_kind kind;
	size_t offset; /* into struct plan: double or int64_t */
	union number min, max;
	union number blocks, rule_2007; /* fallback under each rule */
	bool fixed_2007;		/* that rule has no other value */
	const char *none;		/* the word for 0, which is below min */
	bool only_exact;		/* of no use by the wall clock */
};

#define WHOLE(x)             \
	{                    \
		.whole = (x) \
	}

/* clang-format off */
/*
 * blocks: docs/statistics.md. 2007: 3 to 10 measurements of 7 s, to a full
 * width of 5 % (stats/rule_2007.h); a shorter slice is for trying it out.
 */
static const struct number_key numbers[] = {
	{ "precision", NUMBER_FRACTION, offsetof(struct plan, precision),
	  { 0.001 }, { 0.5 }, { 0.025 }, { 0.025 }, true, NULL, false },
	{ "budget", NUMBER_DURATION, offsetof(struct plan, budget_ns),
	  WHOLE(NS_PER_S), WHOLE(30 * 24 * 3600 * NS_PER_S), WHOLE(0), WHOLE(0), false, "none", false },
	{ "slice", NUMBER_DURATION, offsetof(struct plan, slice_ns),
	  WHOLE(NS_PER_MS), WHOLE(60 * NS_PER_S), WHOLE(PLAN_SLICE_NS), WHOLE(7 * NS_PER_S), false, NULL, false },
	{ "guard", NUMBER_DURATION, offsetof(struct plan, guard_ns),
	  WHOLE(0), WHOLE(NS_PER_S), WHOLE(PLAN_GUARD_NS), WHOLE(0), true, NULL, false },
	{ "warmup", NUMBER_DURATION, offsetof(struct plan, warmup_ns),
	  WHOLE(0), WHOLE(60 * NS_PER_S), WHOLE(15 * NS_PER_MS), WHOLE(30 * NS_PER_MS), false, NULL, false },
	{ "cycles", NUMBER_COUNT, offsetof(struct plan, cycles),
	  WHOLE(1), WHOLE(256), WHOLE(PLAN_CYCLES), WHOLE(1), true, NULL, false },
	{ "loss_bound", NUMBER_FRACTION, offsetof(struct plan, loss_bound),
	  { 1e-6 }, { 0.5 }, { 0.001 }, { 0.001 }, true, NULL, false },
	{ "min_blocks", NUMBER_COUNT, offsetof(struct plan, min_blocks),
	  WHOLE(12), WHOLE(10000), WHOLE(12), WHOLE(3), true, NULL, false },
	{ "replicates", NUMBER_COUNT, offsetof(struct plan, replicates),
	  WHOLE(2), WHOLE(1000), WHOLE(8), WHOLE(8), true, NULL, true },
};
/* clang-format on */

static bool is_of_loss(const struct number_key *key)
{
	return key->offset == offsetof(struct plan, loss_bound);
}

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* Keys with a word for a value: an enum of struct plan, its names in order. */
struct word_key {
	const char *name;
	const char *const *words; /* NULL-ended; [0] is the fallback */
	size_t offset;		  /* into struct plan: int */
};

static const char *const rules[] = {
	[PLAN_RULE_BLOCKS] = "blocks",
	[PLAN_RULE_2007] = "2007",
	[PLAN_RULE_SLICES] = "slices",
	[PLAN_RULE_LOSS] = "loss",
	NULL,
};

const char *plan_rule_name(enum plan_rule rule)
{
	return rules[rule];
}

static const char *const placements[] = { "split", "free", NULL };
static const char *const observes[] = { "basic", "full", "off", NULL };
static const char *const times[] = { "wall", "exact", NULL };

/* clang-format off */
static const struct word_key words[] = {
	{ "rule", rules, offsetof(struct plan, rule) },
	{ "placement", placements, offsetof(struct plan, placement) },
	{ "observe", observes, offsetof(struct plan, observe) },
	{ "time", times, offsetof(struct plan, time) },
};
/* clang-format on */

#define WORDS (sizeof(words) / sizeof(words[0]))

/* 0.025 -> "2.5%", with as many digits as bring the same number back. */
static void format_fraction(double fraction, char *buf, size_t size)
{
	double back;

	for (int digits = 3; digits <= 17; digits++) {
		snprintf(buf, size, "%.*g%%", digits, fraction * 100);
		if (!units_parse_fraction(buf, &back, NULL) && back == fraction)
			return;
	}
	snprintf(buf, size, "%.17g", fraction);
}

/* 75 s -> "75s", in the largest unit that leaves a whole number. */
static void format_duration(int64_t ns, char *buf, size_t size)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "h", 3600 * NS_PER_S }, { "m", 60 * NS_PER_S },
		      { "s", NS_PER_S },	{ "ms", NS_PER_MS },
		      { "us", NS_PER_US },	{ "ns", 1 } };
	size_t i = 0;

	while (ns % units[i].ns)
		i++;
	snprintf(buf, size, "%" PRId64 "%s", ns / units[i].ns,
		 ns ? units[i].name : "");
}

static void format_number(const struct number_key *key, union number number,
			  char *buf, size_t size)
{
	if (key->kind == NUMBER_FRACTION)
		format_fraction(number.fraction, buf, size);
	else if (key->none && number.whole == 0)
		snprintf(buf, size, "%s", key->none);
	else if (key->kind == NUMBER_DURATION)
		format_duration(number.whole, buf, size);
	else
		snprintf(buf, size, "%" PRId64, number.whole);
}

static int parse_number(const struct number_key *key, const char *text,
			union number *number, struct err *err)
{
	if (key->none && (!strcmp(text, key->none) || !strcmp(text, "0"))) {
		number->whole = 0;
		return 0;
	}
	if (key->kind == NUMBER_FRACTION)
		return units_parse_fraction(text, &number->fraction, err);
	if (key->kind == NUMBER_DURATION)
		return units_parse_duration(text, &number->whole, err);
	return units_parse_count(text, &number->whole, err);
}

static bool is_within(const struct number_key *key, union number number)
{
	if (key->kind == NUMBER_FRACTION)
		return number.fraction >= key->min.fraction &&
		       number.fraction <= key->max.fraction;
	if (key->none && number.whole == 0)
		return true;
	return number.whole >= key->min.whole && number.whole <= key->max.whole;
}

static int refuse_range(const struct number_key *key, const struct node *node,
			struct err *err)
{
	char min[32], max[32];

	format_number(key, key->min, min, sizeof(min));
	format_number(key, key->max, max, sizeof(max));
	if (key->none)
		return tree_refuse(node, key->name, err,
				   "%s is neither %s nor within %s to %s",
				   node->text, key->none, min, max);
	return tree_refuse(node, key->name, err, "%s is outside %s to %s",
			   node->text, min, max);
}

static int read_number(const struct number_key *key, const struct node *node,
		       union number *number, struct err *err)
{
	struct err inner = ERR_INIT;
	const char *text;
	int rc = tree_get_text(node, key->name, &text, err);

	if (rc)
		return rc;
	if (parse_number(key, text, number, &inner))
		return tree_refuse(node, key->name, err, "%s", inner.text);
	return is_within(key, *number) ? 0 : refuse_range(key, node, err);
}

static union number get_number(const struct plan *plan,
			       const struct number_key *key)
{
	const char *where = (const char *)plan + key->offset;
	union number number;

	if (key->kind == NUMBER_FRACTION)
		number.fraction = *(const double *)where;
	else
		number.whole = *(const int64_t *)where;
	return number;
}

static void set_number(struct plan *plan, const struct number_key *key,
		       union number number)
{
	char *where = (char *)plan + key->offset;

	if (key->kind == NUMBER_FRACTION)
		*(double *)where = number.fraction;
	else
		*(int64_t *)where = number.whole;
}

static int *word_of(struct plan *plan, const struct word_key *key)
{
	return (int *)((char *)plan + key->offset);
}

static int read_word(struct plan *plan, const struct word_key *key,
		     const struct node *node, struct err *err)
{
	const char *text;
	char valid[64];
	int rc = tree_get_text(node, key->name, &text, err);

	if (rc)
		return rc;
	for (int i = 0; key->words[i]; i++) {
		if (strcmp(key->words[i], text) == 0) {
			*word_of(plan, key) = i;
			return 0;
		}
	}
	tree_format_valid(text, key->words, "valid", valid, sizeof(valid));
	return tree_refuse(node, key->name, err, "no %s '%.64s'%s", key->name,
			   text, valid);
}

static int read_words(struct plan *plan, const struct node *map,
		      struct err *err)
{
	int rc = 0;

	if (plan->outside) /* their CPUs are not ours to share out */
		plan->placement = PLAN_PLACEMENT_FREE;
	for (size_t i = 0; i < WORDS && rc == 0; i++) {
		const struct node *node = tree_get(map, words[i].name);

		if (node)
			rc = read_word(plan, &words[i], node, err);
	}
	return rc;
}

/* Replicates stand in for blocks in exact time, and only there. */
static bool is_useless(const struct plan *plan, const struct number_key *key)
{
	bool exact = plan->time == PLAN_TIME_EXACT;

	return exact ? strcmp(key->name, "min_blocks") == 0 : key->only_exact;
}

int number_read_all(struct plan *plan, const struct node *map, struct err *err)
{
	int rc = read_words(plan, map, err);

	for (size_t i = 0; i < NUMBERS && rc == 0; i++) {
		const struct number_key *key = &numbers[i];
		bool is_2007 = plan->rule == PLAN_RULE_2007;
		union number number = is_2007 ? key->rule_2007 : key->blocks;
		const struct node *node = tree_get(map, key->name);

		if (node && is_useless(plan, key))
			return tree_refuse(node, key->name, err,
					   "has no use with time: %s",
					   times[plan->time]);
		if (node && is_2007 && key->fixed_2007)
			return tree_refuse(node, key->name, err,
					   "has no use under rule: 2007, which "
					   "fixes it");
		if (node && is_of_loss(key) && plan->rule != PLAN_RULE_LOSS)
			return tree_refuse(node, key->name, err,
					   "is of rule: loss alone");
		if (node)
			rc = read_number(key, node, &number, err);
		set_number(plan, key, number);
	}
	return rc;
}

void number_write_all(const struct plan *plan, FILE *out)
{
	char text[64];

	fprintf(out, "rule: %s\nplacement: %s\nobserve: %s\ntime: %s\n",
		rules[plan->rule], placements[plan->placement],
		observes[plan->observe], times[plan->time]);
	for (size_t i = 0; i < NUMBERS; i++) {
		if ((plan->rule == PLAN_RULE_2007 && numbers[i].fixed_2007) ||
		    (plan->rule != PLAN_RULE_LOSS && is_of_loss(&numbers[i])))
			continue;
		if (is_useless(plan, &numbers[i]))
			continue;
		format_number(&numbers[i], get_number(plan, &numbers[i]), text,
			      sizeof(text));
		fprintf(out, "%s: %s\n", numbers[i].name, text);
	}
}

size_t number_list(const char *names[KEYS_MAX], size_t used)
{
	for (size_t i = 0; i < WORDS; i++)
		names[used++] = words[i].name;
	for (size_t i = 0; i < NUMBERS; i++)
		names[used++] = numbers[i].name;
	return used;
}
