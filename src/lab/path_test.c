/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/path.h"

/* What the plan, the help and the manual rely on in every row. */
static void test_every_kind_is_complete(void **state)
{
	(void)state;
	for (int i = 0; path_kinds[i]; i++) {
		const struct kind_desc *kind = &path_kinds[i]->kind;
		const struct path_ops *found;

		assert_non_null(kind->name);
		assert_non_null(kind->help);
		assert_non_null(path_kinds[i]->build);
		assert_int_equal(path_find_kind(kind->name, &found, NULL), 0);
		assert_ptr_equal(found, path_kinds[i]); /* and not its double */
		assert_ptr_equal(lab_kinds()[i], kind);
		for (int k = 0; kind->options && kind->options[k].key; k++) {
			assert_true(kind->options[k].fallback ||
				    kind->options[k].is_text);
			assert_non_null(kind->options[k].help);
		}
	}
}

static void test_an_unknown_kind_names_the_known(void **state)
{
	const struct path_ops *found;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(path_find_kind("nativ", &found, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'nativ'"));
	assert_non_null(strstr(err.text, "native, dom0"));
}

static void test_hops_are_kept_in_order_and_bounded(void **state)
{
	struct lab_path path = { .name = "long" };
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < PATH_HOPS_MAX; i++) {
		char ifname[16];

		snprintf(ifname, sizeof(ifname), "v%d.0", i);
		assert_int_equal(
			path_add_hop(&path, HOP_PORT, NULL, ifname, &err), 0);
		assert_string_equal(path.hop[i].ifname, ifname);
	}
	assert_int_equal(path_add_hop(&path, HOP_PORT, NULL, "x", &err),
			 -E2BIG);
	assert_non_null(strstr(err.text, "path long"));
	assert_int_equal(path.hops, PATH_HOPS_MAX);
}

/* The strings are the path's own: the caller's may change. */
static void test_ends_are_copied(void **state)
{
	struct lab_path path = { .name = "p" };
	char address[16] = "10.77.1.1", ifname[16] = "eth0";

	(void)state;
	path_set_m1(&path, NULL, ifname, address);
	path_set_m2(&path, NULL, "eth1", "10.77.1.254");
	memset(address, 'x', sizeof(address) - 1);
	memset(ifname, 'x', sizeof(ifname) - 1);
	assert_string_equal(path.pair[0].m1.address, "10.77.1.1");
	assert_string_equal(path.pair[0].m1.ifname, "eth0");
	assert_string_equal(path.pair[0].m2.ifname, "eth1");
	assert_int_equal(path.pair[0].m2.prefix, 24);
}

/* Each pair has its own ends; a hop that several pass stands there once. */
static void test_pairs_share_hops(void **state)
{
	struct lab_path path = { .name = "domU" };
	char name[LAB_NAME_MAX];

	(void)state;
	for (int k = 0; k < 3; k++) {
		char vif[16], address[16];

		snprintf(vif, sizeof(vif), "vif%d.0", k + 1);
		snprintf(address, sizeof(address), "10.77.1.%d", k + 2);
		if (k)
			assert_int_equal(path_add_pair(&path, NULL), 0);
		path_set_m1(&path, NULL, "eth0", address);
		path_set_m2(&path, NULL, "eth1", "10.77.1.254");
		path_add_hop(&path, HOP_PORT, NULL, vif, NULL);
		path_add_hop(&path, HOP_PORT, NULL, "peth0", NULL);
	}
	assert_int_equal(path.pairs, 3);
	assert_string_equal(path.pair[2].m1.address, "10.77.1.4");
	assert_string_equal(path.pair[1].m2.address, "10.77.1.254");
	assert_int_equal(path.hops, 4);
	assert_string_equal(path.hop[1].ifname, "peth0");
	assert_true(path.hop[1].shared);
	assert_string_equal(path.hop[3].ifname, "vif3.0");
	assert_int_equal(path.hop[3].pair, 2);
	assert_false(path.hop[3].shared);
	path_format_node(&path, name);
	assert_string_equal(name, "domU-3");
	while (path.pairs < PATH_PAIRS_MAX)
		assert_int_equal(path_add_pair(&path, NULL), 0);
	assert_int_equal(path_add_pair(&path, NULL), -E2BIG);
}

static void test_options_by_key(void **state)
{
	json_t *options =
		json_pack("{s:s, s:i}", "receive", "copy", "memory", 128);
	struct lab_path path = { .name = "p", .options = options };

	(void)state;
	assert_string_equal(path_get_choice(&path, "receive"), "copy");
	assert_int_equal(path_get_number(&path, "memory"), 128);
	assert_null(path_get_choice(&path, "memory"));
	json_decref(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_complete),
		cmocka_unit_test(test_an_unknown_kind_names_the_known),
		cmocka_unit_test(test_hops_are_kept_in_order_and_bounded),
		cmocka_unit_test(test_ends_are_copied),
		cmocka_unit_test(test_pairs_share_hops),
		cmocka_unit_test(test_options_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
