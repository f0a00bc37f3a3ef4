/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "plan/plan.h"

static const char *const receives[] = { "flip-map", "copy", NULL };

/* clang-format off */
static const struct kind_option uml_options[] = {
	{ .key = "memory", .min = 64, .max = 4096, .fallback = "256", .help = "MiB of the guest" },
	{ .key = NULL },
};
static const struct kind_option domu_options[] = {
	{ .key = "receive", .choices = receives, .fallback = "copy", .help = "how frames reach the guest" },
	{ .key = "pages", .min = 1, .max = 16, .fallback = "1", .help = "pages of a ring" },
	{ .key = NULL },
};
static const struct kind_option ssh_options[] = {
	{ .key = "host", .is_text = true, .help = "where it is" },
	{ .key = "peer", .is_text = true, .fallback = "here", .same = true },
	{ .key = NULL },
};
/* clang-format on */

static const struct kind_desc native = { .name = "native", .pairs_max = 65 };
static const struct kind_desc dom0 = { .name = "dom0" };
static const struct kind_desc uml = {
	.name = "uml", .options = uml_options, .pairs_max = 8, .exact = true
};
static const struct kind_desc domu = { .name = "domU",
				       .options = domu_options,
				       .pairs_max = 65 };
static const struct kind_desc ssh = { .name = "ssh",
				      .options = ssh_options,
				      .outside = true };
static const struct kind_desc *const kinds[] = { &native, &dom0, &uml,
						 &domu,	  &ssh,	 NULL };

static struct err err;

static struct plan *parse(const char *text)
{
	struct plan *plan = NULL;

	memset(&err, 0, sizeof(err));
	if (plan_parse(&plan, text, "study.yaml", kinds, &err))
		fail_msg("%s", err.text);
	return plan;
}

/* A plan file of two good paths, with --sets. */
static int load_sets(struct plan **plan, const char *const *sets)
{
	struct plan_set set[8];
	struct plan_args args = { .name = "quick",
				  .sets = set,
				  .kinds = kinds };

	memset(&err, 0, sizeof(err));
	for (; sets[args.set_count]; args.set_count++)
		set[args.set_count].text = sets[args.set_count];
	return plan_load(plan, &args, &err);
}

static void test_a_plan_is_read(void **state)
{
	struct plan *plan = parse("title: \"of 'two'\"\n"
				  "paths:\n"
				  "  - {name: native}\n"
				  "  - name: guest\n"
				  "    kind: uml\n"
				  "    memory: 512\n"
				  "link: {rate: 1gbit}\n"
				  "mtu: [500, 1500]\n"
				  "message_size: [1M, 512]\n"
				  "direction: receive\n"
				  "precision: 5%\n"
				  "budget: 75s\n"
				  "slice: 20ms\n"
				  "cycles: 4\n");

	(void)state;
	assert_string_equal(plan->title, "of 'two'");
	assert_string_equal(plan->source, "study.yaml");
	assert_int_equal(plan->paths, 2);
	assert_string_equal(plan->path[0].kind, "native");
	assert_string_equal(plan->path[1].name, "guest");
	assert_string_equal(plan->path[1].kind, "uml");
	assert_int_equal(json_integer_value(json_object_get(
				 plan->path[1].options, "memory")),
			 512);
	assert_int_equal(plan->link_bps, 1000000000);
	assert_int_equal(plan->axis[AXIS_MTU].count, 2);
	assert_int_equal(plan->axis[AXIS_MTU].value[1], 1500);
	assert_int_equal(plan->axis[AXIS_MESSAGE_SIZE].value[0], 1048576);
	assert_int_equal(plan->axis[AXIS_DIRECTION].count, 1);
	assert_int_equal(plan->axis[AXIS_DIRECTION].value[0],
			 DIRECTION_RECEIVE);
	assert_true(plan->precision == 0.05);
	assert_int_equal(plan->budget_ns, 75 * NS_PER_S);
	assert_int_equal(plan->slice_ns, 20 * NS_PER_MS);
	assert_int_equal(plan->cycles, 4);
	plan_free(plan);
}

static void test_what_is_left_out_has_its_fallback(void **state)
{
	struct plan *plan = parse("paths: native");

	(void)state;
	assert_string_equal(plan->title, "study");
	for (int i = 0; i < AXIS_COUNT; i++) {
		assert_int_equal(plan->axis[i].count, 1);
		assert_int_equal(plan->axis[i].value[0],
				 axis_table[i].fallback);
	}
	assert_int_equal(plan->rule, PLAN_RULE_BLOCKS);
	assert_int_equal(plan->link_bps, 0);
	assert_true(plan->precision == 0.025);
	assert_int_equal(plan->budget_ns, 0);
	assert_int_equal(plan->slice_ns, 10 * NS_PER_MS);
	assert_int_equal(plan->guard_ns, 2 * NS_PER_MS);
	assert_int_equal(plan->warmup_ns, 15 * NS_PER_MS);
	assert_int_equal(plan->cycles, 4);
	assert_int_equal(plan->min_blocks, 12);
	plan_free(plan);
}

static void test_the_2007_rule_has_its_own_numbers(void **state)
{
	struct plan *plan = parse("paths: native\nrule: 2007\n");

	(void)state;
	assert_int_equal(plan->rule, PLAN_RULE_2007);
	assert_int_equal(plan->slice_ns, 7 * NS_PER_S);
	assert_int_equal(plan->cycles, 1);
	assert_int_equal(plan->min_blocks, 3);
	plan_free(plan);
}

static void expect_path(const struct plan *plan, size_t i, const char *name,
			const char *receive, int pages)
{
	const json_t *options = plan->path[i].options;

	assert_string_equal(plan->path[i].name, name);
	assert_string_equal(plan->path[i].kind, "domU");
	assert_string_equal(
		json_string_value(json_object_get(options, "receive")),
		receive);
	assert_int_equal(json_integer_value(json_object_get(options, "pages")),
			 pages);
}

static void test_lists_of_options_make_paths(void **state)
{
	struct plan *plan = parse("paths:\n"
				  "- native\n"
				  "- {name: g, kind: domU, pages: [4, 16],\n"
				  "   receive: [copy, flip-map]}\n"
				  "- {name: h, kind: domU, pages: [2]}\n");

	(void)state;
	assert_int_equal(plan->paths, 6);
	expect_path(plan, 1, "g.copy.4", "copy", 4);
	expect_path(plan, 2, "g.copy.16", "copy", 16);
	expect_path(plan, 3, "g.flip-map.4", "flip-map", 4);
	expect_path(plan, 4, "g.flip-map.16", "flip-map", 16);
	expect_path(plan, 5, "h", "copy", 2);
	plan_free(plan);
}

/* clang-format off */
#define VALID_KEYS "valid keys: title, paths, link, workload, direction, mtu, socket_size, " \
	"message_size, offload, flows, request_size, response_size, sender_socket_size, " \
	"receiver_socket_size, threads, family, congestion, nodelay, pacing_rate, zero_copy, " \
	"msg_trunc, busy_poll, notsent_lowat, dscp, pairs, neighbor, rule, placement, observe, time, precision, budget, slice, guard, " \
	"warmup, cycles, loss_bound, min_blocks, replicates, guest_words"

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "study.yaml: an empty plan" },
	{ "# nothing\n", "study.yaml: an empty plan" },
	{ "native", "study.yaml:1: a plan is a mapping: lines of KEY: VALUE" },
	{ "- native", "study.yaml:1: a plan is a mapping: lines of KEY: VALUE" },
	{ "title: x\n",
	  "study.yaml:1: paths are missing; the first one is the reference: "
	  "paths: [{name: native}, {name: dom0}]" },
	/* YAML */
	{ "paths: [native\nmtu: 500\n",
	  "study.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow sequence, line 1" },
	{ "paths:\n\t- native\n",
	  "study.yaml:2: not YAML: found character that cannot start any token while scanning for the next token, line 2" },
	{ "title: \"x\npaths: native",
	  "study.yaml:2: not YAML: found unexpected end of stream while scanning a quoted scalar, line 1" },
	{ "title: a\nmtu: \xff\n", "study.yaml:2: not YAML: invalid leading UTF-8 octet" },
	{ "paths: native\n---\npaths: native\n",
	  "study.yaml:2: a second document; a plan is one" },
	{ "paths: &x native\ntitle: *x\n", "study.yaml:2: aliases (*x) have no use in a plan" },
	{ "paths: [[[[[[[[[[native]]]]]]]]]]", "study.yaml:1: nested too deeply" },
	{ "{a: 1}: 2\n", "study.yaml:1: a key must be a word, such as mtu:" },
	{ "title: \"a\\0b\"\n", "study.yaml:1: a NUL in the text" },
	/* keys */
	{ "paths: native\n\nmtuu: 500\n",
	  "study.yaml:3: unknown key 'mtuu'; did you mean 'mtu'? " VALID_KEYS },
	{ "paths: native\nxyzzy: 500\n",
	  "study.yaml:2: unknown key 'xyzzy'; " VALID_KEYS },
	{ "mtu: 500\npaths: native\nmtu: 1500\n",
	  "study.yaml:3: key 'mtu' stands twice, first in line 1" },
	/* axes */
	{ "paths: native\n\"m\\nt\\eu\": 1\n",
	  "study.yaml:2: unknown key 'm t u'; did you mean 'mtu'? " VALID_KEYS },
	{ "paths: native\nmtu: 20\n", "study.yaml:2: mtu: 20 is outside 68 to 65535" },
	{ "paths: native\nmtu: [500,\n  20]\n", "study.yaml:3: mtu: 20 is outside 68 to 65535" },
	{ "paths: native\nmtu:\n- 1500\n- big\n",
	  "study.yaml:4: mtu: 'big' is not a size such as 4096, 64K or 1M" },
	{ "paths: native\nmtu: [500, 1500, 500]\n", "study.yaml:2: mtu: 500 stands twice" },
	{ "paths: native\nmessage_size: [1K, 1024]\n",
	  "study.yaml:2: message_size: 1024 stands twice" },
	{ "paths: native\nmtu: []\n", "study.yaml:2: mtu: an axis needs one value at least" },
	{ "paths: native\nmtu:\n", "study.yaml:2: mtu: a value is missing" },
	{ "paths: native\nmtu: {a: 1}\n",
	  "study.yaml:2: mtu: one value is expected, not a mapping" },
	{ "paths: native\nmtu: [[500]]\n", "study.yaml:2: mtu: one value is expected, not a list" },
	{ "paths: native\noffload: maybe\n",
	  "study.yaml:2: offload: 'maybe' is not one of: off, on, as-is" },
	{ "paths: native\nflows: 0\n", "study.yaml:2: flows: 0 is outside 1 to 1024" },
	/* paths */
	{ "paths: []\n", "study.yaml:1: paths: one path is needed at least, the reference" },
	{ "paths:\n", "study.yaml:1: paths: one path is needed at least, the reference" },
	{ "paths:\n- kind: dom0\n",
	  "study.yaml:2: a path needs a name, such as {name: dom0}" },
	{ "paths:\n- [native]\n", "study.yaml:2: a path needs a name, such as {name: dom0}" },
	{ "paths:\n- {name: [native]}\n",
	  "study.yaml:2: name: one value is expected, not a list" },
	{ "paths:\n- native\n- name: domX\n",
	  "study.yaml:3: unknown kind of path 'domX'; did you mean 'dom0'? "
	  "valid: native, dom0, uml, domU, ssh" },
	{ "paths:\n- native\n- name: guest\n  kind: kvm\n",
	  "study.yaml:4: unknown kind of path 'kvm'; valid: native, dom0, uml, domU, ssh" },
	{ "paths: [native,\n  native]\n",
	  "study.yaml:2: path 'native' stands twice; give it a name of its own: "
	  "{name: NAME, kind: native}" },
	{ "paths: [native, {name: a b, kind: dom0}]",
	  "study.yaml:1: path 'a b': a name has letters, digits and, behind the first, "
	  "'-', '_' and '.'" },
	{ "paths: [{name: .., kind: dom0}]",
	  "study.yaml:1: path '..': a name has letters, digits and, behind the first, "
	  "'-', '_' and '.'" },
	{ "paths: [{name: M2, kind: native}]",
	  "study.yaml:1: path 'M2': that is the peer's name" },
	{ "paths: [{name: abcdefghijklmnopqrstuvwxyz012345, kind: native}]",
	  "study.yaml:1: path 'abcdefghijklmnopqrstuvwxyz012345': a name has at most 31 letters" },
	{ "paths:\n- native\n- name: domU\n  recieve: copy\n",
	  "study.yaml:4: unknown key 'recieve' of path 'domU'; did you mean 'receive'? "
	  "valid keys: name, kind, receive, pages" },
	{ "paths:\n- native\n- name: domU\n  receive: fast\n",
	  "study.yaml:4: receive: no choice 'fast'; valid: flip-map, copy" },
	{ "paths:\n- native\n- name: domU\n  pages: 17\n",
	  "study.yaml:4: pages: 17 is outside 1 to 16" },
	{ "paths:\n- native\n- name: domU\n  pages: many\n",
	  "study.yaml:4: pages: 'many' is not a whole number" },
	{ "paths:\n- native\n- name: domU\n  pages: []\n",
	  "study.yaml:4: pages: one value is needed at least" },
	{ "paths:\n- name: domU\n  pages: [1, 2]\n",
	  "study.yaml:3: pages: one value is expected: the first path is the reference, of which "
	  "there is one" },
	{ "paths:\n- native\n- name: a-rather-long-name-for-a-p\n  kind: domU\n  receive: [copy, flip-map]\n",
	  "study.yaml:5: path 'a-rather-long-name-for-a-p.flip-map': a name has at most 31 letters" },
	{ "paths: [native, {name: g, kind: domU, pages: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}]",
	  "study.yaml:1: more than 16 paths" },
	/* the rest */
	{ "paths: [native, dom0]\npairs: [1, 2]\n",
	  "study.yaml: pairs: 2 with path 'dom0', of which kind dom0 can have 1" },
	{ "paths: [native, uml]\npairs: 8\nneighbor: tcp_rr\n",
	  "study.yaml: pairs: 9 with path 'uml', of which kind uml can have 8, the neighbor among them" },
	{ "paths: native\npairs: 65\n", "study.yaml:2: pairs: 65 is outside 1 to 64" },
	{ "paths: native\nlink: 1gbit\n",
	  "study.yaml:2: link: a mapping is expected, such as {rate: 1gbit}" },
	{ "paths: native\nlink: {speed: 1gbit}\n",
	  "study.yaml:2: unknown key 'speed' of link; valid keys: rate, nics" },
	{ "paths: native\nlink: {nics: [a:b, c]}\n",
	  "study.yaml:2: link.nics: 'c': the two interfaces that a cable joins are expected, M1's side first, such as enp3s0:enp4s0" },
	{ "paths: native\nlink: {nics: [a:b, c:a]}\n",
	  "study.yaml:2: link.nics: c:a: each interface is one end of one cable" },
	{ "paths: native\nlink: {rate: fast}\n",
	  "study.yaml:2: link.rate: 'fast' is not a rate such as 1gbit, 100mbit or unlimited" },
	{ "paths: native\nlink: {rate: 0bit}\n", "study.yaml:2: link.rate: 0bit is less than 8kbit" },
	{ "paths: {name: vm, kind: ssh}\n", "study.yaml:1: path 'vm': host is missing: where it is" },
	{ "paths: [native, {name: vm, kind: ssh, host: a}]\n",
	  "study.yaml:1: path 'vm': paths of kind ssh and of kind native cannot be in one plan" },
	{ "paths: [{name: a, kind: ssh, host: a}, {name: b, kind: ssh, host: b, peer: c}]\n",
	  "study.yaml:1: paths: peer is another for path 'b' than for path 'a': all paths of a plan have one" },
	{ "paths: native\nmtu: as-is\n",
	  "study.yaml:2: mtu: as-is is for paths of kind ssh: what the lab makes has what the plan says" },
	{ "paths: {name: vm, kind: ssh, host: a}\nlink: {rate: 1gbit}\n",
	  "study.yaml:2: link.rate: is of the lab's cables: paths of kind ssh have their own" },
	{ "paths: native\ntitle: [a]\n", "study.yaml:2: title: one value is expected, not a list" },
	{ "paths: native\nrule: block\n",
	  "study.yaml:2: rule: no rule 'block'; did you mean 'blocks'? valid: blocks, 2007, slices, loss" },
	{ "paths: native\nrule: 2007\ncycles: 8\n",
	  "study.yaml:3: cycles: has no use under rule: 2007, which fixes it" },
	{ "paths: native\nprecision: 0\n", "study.yaml:2: precision: 0 is outside 0.1% to 50%" },
	{ "paths: native\nprecision: -5%\n", "study.yaml:2: precision: -5% is outside 0.1% to 50%" },
	{ "paths: native\nprecision: good\n",
	  "study.yaml:2: precision: 'good' is not a fraction such as 2.5%" },
	{ "paths: native\nbudget: 1ms\n",
	  "study.yaml:2: budget: 1ms is neither none nor within 1s to 720h" },
	{ "paths: native\nbudget: soon\n",
	  "study.yaml:2: budget: 'soon' is not a time such as 10ms, 7s, 10m or 2h" },
	{ "paths: native\nslice: 1us\n", "study.yaml:2: slice: 1us is outside 1ms to 1m" },
	{ "paths: native\ncycles: 0\n", "study.yaml:2: cycles: 0 is outside 1 to 256" },
	{ "paths: native\nmin_blocks: 1\n", "study.yaml:2: min_blocks: 1 is outside 12 to 10000" },
	{ "paths: native\ntime: exakt\n", "study.yaml:2: time: no time 'exakt'; did you mean 'exact'? valid: wall, exact" },
	{ "paths: native\ntime: exact\n", "study.yaml:1: paths: path 'native' of kind native cannot run in exact time, which is counted inside one machine; kind xen can" },
	{ "paths: uml\ntime: exact\nlink: {rate: 1gbit}\n", "study.yaml:3: link: has no use with time: exact" },
	{ "paths: uml\ntime: exact\nrule: slices\n", "study.yaml:3: rule: has no use with time: exact" },
	{ "paths: uml\ntime: exact\nmin_blocks: 12\n", "study.yaml:3: min_blocks: has no use with time: exact" },
	{ "paths: uml\nreplicates: 8\n", "study.yaml:2: replicates: has no use with time: wall" },
	{ "paths: uml\ntime: exact\nreplicates: 1\n", "study.yaml:3: replicates: 1 is outside 2 to 1000" },
	{ "paths: uml\nguest_words: a=b\n", "study.yaml:2: guest_words: goes with time: exact" },
	{ "paths: uml\ntime: exact\nguest_words: \"a=$(b)\"\n", "study.yaml:3: guest_words: '$' cannot be in it; letters, digits and '_-.=/' can" },
	{ "paths: native\nplacement: everywhere\n", "study.yaml:2: placement: no placement 'everywhere'; valid: split, free" },
	{ "paths: native\nwarmup: [1ms]\n", "study.yaml:2: warmup: one value is expected, not a list" },
};

static const struct {
	const char *set, *error;
} bad_sets[] = {
	{ "mtu", "--set 'mtu': KEY=VALUE is expected, such as mtu=[500, 1500]" },
	{ "=5", "--set '=5': KEY=VALUE is expected, such as mtu=[500, 1500]" },
	{ "mtu=", "--set mtu: a value is missing" },
	{ "mtu=20", "--set mtu: 20 is outside 68 to 65535" },
	{ "mtu=[500, 20]", "--set mtu: 20 is outside 68 to 65535" },
	{ "mtu=[500", "--set mtu: not YAML: did not find expected ',' or ']' while parsing a flow sequence, line 1" },
	{ "mtuu=500",
	  "--set mtuu: unknown key 'mtuu'; did you mean 'mtu'? " VALID_KEYS },
	{ "link.rate=fast",
	  "--set link.rate: 'fast' is not a rate such as 1gbit, 100mbit or unlimited" },
	{ "link.speed=1gbit", "--set link.speed: unknown key 'speed' of link; valid keys: rate, nics" },
	{ "link={rate: fast}",
	  "--set link: link.rate: 'fast' is not a rate such as 1gbit, 100mbit or unlimited" },
	{ "mtu.x=5", "--set mtu.x: mtu: one value is expected, not a mapping" },
	{ "paths=[native, domX]",
	  "--set paths: unknown kind of path 'domX'; did you mean 'dom0'? "
	  "valid: native, dom0, uml, domU, ssh" },
	{ "paths=[native, {name: domU, pages: 99}]", "--set paths: pages: 99 is outside 1 to 16" },
	{ "rule=2007",
	  "built-in quick:10: precision: has no use under rule: 2007, which fixes it" },
};
/* clang-format on */

static void test_bad_plans_are_refused(void **state)
{
	size_t failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct plan *plan;
		int rc = plan_parse(&plan, bad[i].text, "study.yaml", kinds,
				    &err);

		if (rc == -EINVAL && strcmp(err.text, bad[i].error) == 0)
			continue;
		print_error("%s\n%d: %s\nnot: %s\n\n", bad[i].text, rc,
			    err.text, bad[i].error);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void test_bad_sets_are_refused(void **state)
{
	size_t failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_sets) / sizeof(bad_sets[0]); i++) {
		const char *const sets[] = { bad_sets[i].set, NULL };
		struct plan *plan;
		int rc = load_sets(&plan, sets);

		if (rc == -EINVAL && strcmp(err.text, bad_sets[i].error) == 0)
			continue;
		print_error("%d: %s\nnot: %s\n\n", rc, err.text,
			    bad_sets[i].error);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void test_sets_override(void **state)
{
	static const char *const sets[] = { "mtu=9000",
					    "message_size=[1K, 2K]",
					    "link.rate=1gbit",
					    "link.nics=[enp3s0:enp4s0, a:b]",
					    "paths=[native, dom0]",
					    "precision=1%",
					    "precision=2%",
					    "title=mine",
					    NULL };
	struct plan *plan;

	(void)state;
	assert_int_equal(load_sets(&plan, sets), 0);
	assert_string_equal(plan->source, "built-in quick");
	assert_string_equal(plan->title, "mine");
	assert_int_equal(plan->axis[AXIS_MTU].count, 1);
	assert_int_equal(plan->axis[AXIS_MTU].value[0], 9000);
	assert_int_equal(plan->axis[AXIS_MESSAGE_SIZE].value[1], 2048);
	assert_int_equal(plan->axis[AXIS_SOCKET_SIZE].count, 2);
	assert_int_equal(plan->link_bps, 1000000000);
	assert_int_equal(plan->nics, 2);
	assert_string_equal(plan->nic[1].far, "b");
	assert_int_equal(plan->paths, 2);
	assert_true(plan->precision == 0.02);
	plan_free(plan);
}

static void expect_same(const struct plan *a, const struct plan *b)
{
	assert_string_equal(a->title, b->title);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->paths, b->paths);
	for (size_t i = 0; i < a->paths; i++) {
		assert_string_equal(a->path[i].name, b->path[i].name);
		assert_string_equal(a->path[i].kind, b->path[i].kind);
		assert_true(json_equal(a->path[i].options, b->path[i].options));
	}
	for (int i = 0; i < AXIS_COUNT; i++) {
		assert_int_equal(a->axis[i].count, b->axis[i].count);
		assert_memory_equal(a->axis[i].value, b->axis[i].value,
				    a->axis[i].count * sizeof(int64_t));
	}
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->link_bps, b->link_bps);
	assert_int_equal(a->nics, b->nics);
	assert_memory_equal(a->nic, b->nic, sizeof(a->nic));
	assert_true(a->precision == b->precision);
	assert_int_equal(a->budget_ns, b->budget_ns);
	assert_int_equal(a->slice_ns, b->slice_ns);
	assert_int_equal(a->guard_ns, b->guard_ns);
	assert_int_equal(a->warmup_ns, b->warmup_ns);
	assert_int_equal(a->cycles, b->cycles);
	assert_int_equal(a->min_blocks, b->min_blocks);
	assert_int_equal(a->placement, b->placement);
	assert_int_equal(a->observe, b->observe);
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->replicates, b->replicates);
	assert_int_equal(a->min_blocks, b->min_blocks);
	assert_string_equal(a->guest_words, b->guest_words);
}

static void test_the_text_makes_the_same_plan(void **state)
{
	static const char *const texts[] = {
		"paths: native",
		"paths: [native, {name: g, kind: domU, receive: [copy, "
		"flip-map]}, uml]\n"
		"title: \"quotes ' \\\" and\\n a # and \\\\ é\"\n"
		"mtu: [68, 65535]\nworkload: tcp_stream\noffload: [on, off]\n"
		"socket_size: [0, 1G]\n"
		"link: {rate: 1234567bit}\n"
		"precision: 0.0333333333333333\nbudget: 3723s\n"
		"slice: 1500us\nguard: 1ns\nwarmup: 0\ncycles: 3\n"
		"placement: free\nobserve: full\n",
		"paths: native\nrule: 2007\nslice: 100ms\nbudget: none\n",
		"title: 2007\npaths: {name: native}\nprecision: 29%\n",
		"paths: uml\ntime: exact\nreplicates: 5\n"
		"guest_words: \"init_on_alloc=1 a.b=2\"\n",
		"paths: {name: vm, kind: ssh, host: 'ssh://a@[::1]:22'}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct plan *a = parse(texts[i]);
		struct plan *b = parse(a->text);

		expect_same(a, b);
		plan_free(a);
		plan_free(b);
	}
}

/* Machines that are there already are measured as they are. */
static void test_what_is_there_is_as_it_is(void **state)
{
	struct plan *plan = parse("paths: {name: vm, kind: ssh, host: a}\n");

	(void)state;
	assert_true(plan->outside);
	assert_int_equal(plan->axis[AXIS_MTU].value[0], MTU_AS_IS);
	assert_int_equal(plan->axis[AXIS_OFFLOAD].value[0], OFFLOAD_AS_IS);
	assert_int_equal(plan->placement, PLAN_PLACEMENT_FREE);
	plan_free(plan);
}

static void test_the_last_axis_is_the_fastest(void **state)
{
	struct plan *plan = parse("paths: native\nmtu: [500, 1500]\n"
				  "message_size: [1, 2, 3]\n");
	static const int64_t right[6][2] = { { 500, 1 },  { 500, 2 },
					     { 500, 3 },  { 1500, 1 },
					     { 1500, 2 }, { 1500, 3 } };
	struct point *points;
	size_t count;

	(void)state;
	assert_int_equal(plan_expand(plan, &points, &count, &err), 0);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(points[i].value[AXIS_MTU], right[i][0]);
		assert_int_equal(points[i].value[AXIS_MESSAGE_SIZE],
				 right[i][1]);
		assert_int_equal(points[i].value[AXIS_FLOWS], 1);
	}
	free(points);
	plan_free(plan);
}

static void test_too_many_points_are_refused(void **state)
{
	char text[8192] = "paths: native\nmtu: [";
	struct plan *plan;

	(void)state;
	for (int i = 0; i < 400; i++)
		sprintf(text + strlen(text), "%d,", 100 + i);
	strcat(text, "]\nflows: [");
	for (int i = 0; i < 400; i++)
		sprintf(text + strlen(text), "%d,", 1 + i);
	strcat(text, "]\n");
	assert_int_equal(plan_parse(&plan, text, "study.yaml", kinds, &err),
			 -EINVAL);
	assert_string_equal(err.text, "study.yaml:1: the axes make more than "
				      "100000 points");
}

static void test_files(void **state)
{
	char name[] = "/tmp/vazao-plan-XXXXXX.yaml";
	struct plan_args args = { .name = name, .kinds = kinds };
	static const char text[] = "paths: native\nmtu: 1\n";
	struct plan *plan;
	int fd = mkstemps(name, 5);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(plan_load(&plan, &args, &err), -EINVAL);
	assert_non_null(strstr(err.text, name));
	assert_non_null(strstr(err.text, ":2: mtu: 1 is outside 68 to 65535"));
	assert_int_equal(pwrite(fd, "\0", 1, 3), 1);
	assert_int_equal(plan_load(&plan, &args, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a NUL in it"));
	close(fd);
	unlink(name);
	assert_int_equal(plan_load(&plan, &args, &err), -ENOENT);
	args.name = "/tmp";
	assert_int_equal(plan_load(&plan, &args, &err), -EISDIR);
	args.name = "qiuck";
	assert_int_equal(plan_load(&plan, &args, &err), -EINVAL);
	assert_non_null(strstr(err.text,
			       "no plan 'qiuck': no such file, and not built "
			       "in; did you mean 'quick'? built in: quick, "
			       "paper, paper-1g, paper-rule, mechanisms"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_is_read),
		cmocka_unit_test(test_what_is_left_out_has_its_fallback),
		cmocka_unit_test(test_the_2007_rule_has_its_own_numbers),
		cmocka_unit_test(test_lists_of_options_make_paths),
		cmocka_unit_test(test_bad_plans_are_refused),
		cmocka_unit_test(test_bad_sets_are_refused),
		cmocka_unit_test(test_sets_override),
		cmocka_unit_test(test_the_text_makes_the_same_plan),

		cmocka_unit_test(test_what_is_there_is_as_it_is),
		cmocka_unit_test(test_the_last_axis_is_the_fastest),
		cmocka_unit_test(test_too_many_points_are_refused),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
