/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/xl.h"

/*
 * A machine's root in a directory: what is there is written by the test.
 */

static char root[] = "/tmp/vazao-xl-test.XXXXXX";

static void make(const char *file, const char *text, mode_t mode)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s%s", root, file);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static int probe(char xl[static PATH_MAX], struct err *err)
{
	*err = (struct err)ERR_INIT;
	return xl_probe(root, xl, err);
}

/* Step by step, each time with what is missing next. */
static void test_what_is_missing_is_named(void **state)
{
	char xl[PATH_MAX], wanted[PATH_MAX];
	struct err err;

	(void)state;
	assert_int_equal(probe(xl, &err), -ENODEV);
	assert_non_null(strstr(err.text, "does not run Xen"));
	make("/proc/xen/capabilities", "\n", 0600);
	assert_int_equal(probe(xl, &err), -ENODEV);
	assert_non_null(strstr(err.text, "this is a domU"));
	make("/proc/xen/capabilities", "control_d\n", 0600);
	assert_int_equal(probe(xl, &err), -ENODEV);
	assert_non_null(strstr(err.text, "/dev/xen/privcmd"));
	make("/dev/xen/privcmd", "", 0600);
	make("/dev/xen/xenbus", "", 0600);
	assert_int_equal(probe(xl, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "install the package iproute2"));
	make("/sbin/ip", "", 0700);
	make("/usr/bin/xenstore-write", "", 0700);
	make("/usr/sbin/xl", "", 0600); /* no program */
	assert_int_equal(probe(xl, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "xen-utils-common"));
	make("/usr/sbin/xl", "", 0700);
	assert_int_equal(probe(xl, &err), 0);
	snprintf(wanted, sizeof(wanted), "%s/usr/sbin/xl", root);
	assert_string_equal(xl, wanted);
}

static const struct xl_domU some = {
	.name = "vazao-domU-1",
	.kernel = "/c/kernel",
	.ramdisk = "/r/ramdisk",
	.words = "console=hvc0 vazao_line=tcp:eth1:10.99.1.2:10.99.1.1:7000",
	.mac = "00:16:3e:00:00:01",
	.control_mac = "00:16:3e:99:00:01",
	.script = "/r/vif-script",
	.memory_mib = 192,
	.vcpus = 1,
};

static void test_a_config_has_it_all(void **state)
{
	char text[2048], brief[100];

	(void)state;
	assert_int_equal(xl_format_config(text, sizeof(text), &some, NULL), 0);
	assert_non_null(strstr(text, "name = \"vazao-domU-1\"\n"));
	assert_non_null(strstr(text, "type = \"pv\"\n"));
	assert_non_null(strstr(text, "kernel = \"/c/kernel\"\n"));
	assert_non_null(strstr(text, "memory = 192\nvcpus = 1\n"));
	assert_non_null(strstr(text, "vif = [ 'mac=00:16:3e:00:00:01,"
				     "script=/r/vif-script', "
				     "'mac=00:16:3e:99:00:01,"));
	/* else a crashed domU stays, and its memory with it */
	assert_non_null(strstr(text, "on_crash = \"destroy\"\n"));
	assert_int_equal(xl_format_config(brief, sizeof(brief), &some, NULL),
			 -ENAMETOOLONG);
}

static void test_a_quote_is_refused(void **state)
{
	struct xl_domU bad = some;
	struct err err = ERR_INIT;
	char text[2048];

	(void)state;
	bad.kernel = "/home/o'neil/kernel";
	assert_int_equal(xl_format_config(text, sizeof(text), &bad, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "o'neil"));
	bad = some;
	bad.words = "quiet\nkernel=other";
	assert_int_equal(xl_format_config(text, sizeof(text), &bad, &err),
			 -EINVAL);
}

/* Runs it, with an ip and a xenstore-write that only tell of their call. */
static void run_script(const char *vif, const char *verb, char *said, int size)
{
	char text[1024], command[1600];
	FILE *in;

	assert_int_equal(
		xl_format_script(text, sizeof(text),
				 &(struct xl_script){ .ip = "ip",
						      .netns = "/proc/7/fd/9",
						      .vif = "vif1.0",
						      .control = "control1" },
				 NULL),
		0);
	/* functions come before programs, whatever PATH is */
	snprintf(command, sizeof(command),
		 "vif=%s XENBUS_PATH=/p /bin/sh -s %s <<'END'\n"
		 "ip() { echo ip \"$@\"; }\n"
		 "xenstore_write() { echo write \"$@\"; }\n"
		 "alias xenstore-write=xenstore_write\n%s\nEND",
		 vif, verb, text);
	in = popen(command, "r");
	assert_non_null(in);
	said[fread(said, 1, (size_t)size - 1, in)] = '\0';
	assert_int_equal(pclose(in), 0);
}

static void test_a_script_moves_both_interfaces(void **state)
{
	char said[512];

	(void)state;
	run_script("vif3.0", "online", said, sizeof(said));
	assert_string_equal(
		said, "ip link set vif3.0 down\n"
		      "ip link set vif3.0 netns /proc/7/fd/9 name vif1.0\n"
		      "write /p/hotplug-status connected\n");
	run_script("vif3.1", "online", said, sizeof(said));
	assert_non_null(strstr(said, "name control1\n"));
	run_script("vif3.0", "offline", said, sizeof(said));
	assert_string_equal(said, "");
}

static void test_the_dead_are_found_among_the_living(void **state)
{
	const char *list =
		"Name                          ID   Mem VCPUs State Time(s)\n"
		"Domain-0                       0  4096     4 r-----  100.0\n"
		"vazao-domU-18f                 3   256     1 -b----    2.1\n"
		"vazao-domU-18e                 2   256     1 ---s--    2.1\n"
		"web                            5   256     1 ---s--    9.9\n"
		"vazao-other-18d                4   256     1 ----c-    0.3\n";
	char name[64];

	(void)state;
	assert_true(xl_next_dead(&list, "vazao-", name, sizeof(name)));
	assert_string_equal(name, "vazao-domU-18e");
	assert_true(xl_next_dead(&list, "vazao-", name, sizeof(name)));
	assert_string_equal(name, "vazao-other-18d");
	assert_false(xl_next_dead(&list, "vazao-", name, sizeof(name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_missing_is_named,
						make_root, remove_root),
		cmocka_unit_test(test_a_config_has_it_all),
		cmocka_unit_test(test_a_quote_is_refused),
		cmocka_unit_test(test_a_script_moves_both_interfaces),
		cmocka_unit_test(test_the_dead_are_found_among_the_living),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
