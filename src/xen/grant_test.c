/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/grant.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT	64
#define FRAMES	100
#define BACKEND 3

static struct grant_entry entries[COUNT + 1]; /* one is beyond the table */
static struct grant_table table = { entries, COUNT, BACKEND };

static struct grant_view *open_view(bool persistent)
{
	struct grant_view_args args = { .entry = entries,
					.count = COUNT,
					.frames = FRAMES,
					.domid = BACKEND,
					.persistent = persistent };
	struct grant_view *view;

	memset(entries, 0, sizeof(entries));
	assert_int_equal(grant_view_open(&view, &args, NULL), 0);
	return view;
}

static void format_is_xens(void **state)
{
	struct grant_view *view = open_view(false);
	const uint16_t *raw = (const uint16_t *)entries;
	uint32_t frame;

	(void)state;
	grant_give(&table, 8, 42, true);
	assert_int_equal(raw[8 * 4], GTF_permit_access | GTF_readonly);
	assert_int_equal(raw[8 * 4 + 1], BACKEND);
	assert_int_equal(*(const uint32_t *)&raw[8 * 4 + 2], 42);
	assert_int_equal(grant_pin(view, 8, false, &frame), GNTST_okay);
	assert_int_equal(raw[8 * 4],
			 GTF_permit_access | GTF_readonly | GTF_reading);
	grant_unpin(view, 8, false);
	grant_view_close(view);
}

static void what_is_not_granted_is_refused(void **state)
{
	struct grant_view *view = open_view(false);
	struct grant_table other = { entries, COUNT, BACKEND + 1 };
	uint32_t frame;

	(void)state;
	assert_int_equal(grant_pin(view, 9, false, &frame), GNTST_bad_gntref);
	assert_int_equal(grant_pin(view, 7, false, &frame), GNTST_bad_gntref);
	assert_int_equal(grant_pin(view, COUNT, false, &frame),
			 GNTST_bad_gntref);
	assert_int_equal(grant_pin(view, UINT32_MAX, false, &frame),
			 GNTST_bad_gntref);
	grant_give(&other, 9, 1, false);
	assert_int_equal(grant_pin(view, 9, false, &frame), GNTST_bad_domain);
	grant_give(&table, 9, 1, true);
	assert_int_equal(grant_pin(view, 9, true, &frame),
			 GNTST_permission_denied);
	grant_give(&table, 9, FRAMES, false);
	assert_int_equal(grant_pin(view, 9, true, &frame), GNTST_bad_page);
	assert_int_equal(grant_revoke(&table, 9), 0); /* nothing is left */
	grant_offer(&table, 9, 1);
	assert_int_equal(grant_pin(view, 9, false, &frame), GNTST_bad_gntref);
	assert_int_equal(grant_view_pins(view), 0);
	grant_view_close(view);
}

static void pinned_cannot_be_revoked(void **state)
{
	struct grant_view *view = open_view(false);
	uint32_t frame;

	(void)state;
	grant_give(&table, 10, 5, false);
	assert_int_equal(grant_pin(view, 10, false, &frame), GNTST_okay);
	assert_int_equal(frame, 5);
	assert_int_equal(grant_pin(view, 10, true, &frame), GNTST_okay);
	grant_unpin(view, 10, true);
	assert_int_equal(grant_revoke(&table, 10), -EBUSY);
	grant_unpin(view, 10, false);
	assert_int_equal(grant_revoke(&table, 10), 0);
	assert_int_equal(grant_pin(view, 10, false, &frame), GNTST_bad_gntref);
	grant_view_close(view);
}

/* The 2026 advisories: the entry changes while it is in use. */
static void altered_while_pinned_changes_nothing(void **state)
{
	struct grant_view *view = open_view(false);
	uint32_t frame;

	(void)state;
	grant_give(&table, 11, 5, false);
	assert_int_equal(grant_pin(view, 11, false, &frame), GNTST_okay);
	grant_give(&table, 11, 6, false);
	assert_int_equal(grant_pin(view, 11, false, &frame), GNTST_okay);
	assert_int_equal(frame, 5);
	assert_int_equal(grant_pin(view, 11, true, &frame),
			 GNTST_general_error);
	grant_unpin(view, 11, false);
	grant_unpin(view, 11, false);
	assert_int_equal(grant_view_pins(view), 0);
	grant_view_close(view);
}

static void persistent_is_checked_once_and_dropped_at_the_end(void **state)
{
	struct grant_view *view = open_view(true);
	uint32_t frame;

	(void)state;
	grant_give(&table, 12, 5, false);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(grant_pin(view, 12, i & 1, &frame),
				 GNTST_okay);
		grant_unpin(view, 12, i & 1);
	}
	assert_int_equal(grant_revoke(&table, 12), -EBUSY);
	grant_view_close(view);
	assert_int_equal(grant_revoke(&table, 12), 0);
}

/* What lies beyond the table may look like a grant. */
static void nothing_beyond_the_table(void **state)
{
	struct grant_view *view = open_view(false);
	uint32_t frame;

	(void)state;
	for (uint32_t ref = 0; ref <= COUNT; ref += COUNT) {
		grant_give(&table, ref, 42, false);
		assert_int_equal(grant_pin(view, ref, false, &frame),
				 GNTST_bad_gntref);
		grant_offer(&table, ref, 42);
		assert_int_equal(grant_transfer(view, ref, 7, &frame),
				 GNTST_bad_gntref);
	}
	grant_view_close(view);
}

static void transfer_exchanges_frames(void **state)
{
	struct grant_view *view = open_view(false);
	uint32_t received, frame;

	(void)state;
	grant_offer(&table, 13, 5);
	assert_int_equal(grant_transfer(view, 13, 77, &received), GNTST_okay);
	assert_int_equal(received, 5);
	assert_int_equal(grant_transfer(view, 13, 78, &received),
			 GNTST_permission_denied);
	assert_int_equal(grant_take(&table, 13, &frame), 0);
	assert_int_equal(frame, 77);
	assert_int_equal(grant_transfer(view, 13, 78, &received),
			 GNTST_bad_gntref);
	grant_offer(&table, 13, 5);
	assert_int_equal(grant_take(&table, 13, &frame), -ENODATA);
	/* begun and not ended: the front does not wait for it */
	grant_offer(&table, 13, 5);
	atomic_fetch_or(&entries[13].head, GTF_transfer_committed);
	assert_int_equal(grant_take(&table, 13, &frame), -EBUSY);
	grant_view_close(view);
}

/* Pin against revoke: never both. */
static void *revoke_and_give(void *stop)
{
	while (!atomic_load((atomic_bool *)stop)) {
		if (grant_revoke(&table, 14) == 0)
			grant_give(&table, 14, 1, false);
	}
	return NULL;
}

static void pin_and_revoke_exclude_each_other(void **state)
{
	struct grant_view *view = open_view(false);
	atomic_bool stop = false;
	pthread_t thread;
	int pinned = 0;

	(void)state;
	grant_give(&table, 14, 1, false);
	assert_int_equal(pthread_create(&thread, NULL, revoke_and_give, &stop),
			 0);
	for (int i = 0; i < 200000; i++) {
		uint32_t frame;

		if (grant_pin(view, 14, true, &frame))
			continue;
		pinned++;
		assert_true(atomic_load(&entries[14].head) & GTF_writing);
		grant_unpin(view, 14, true);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_true(pinned > 0);
	grant_view_close(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_is_xens),
		cmocka_unit_test(what_is_not_granted_is_refused),
		cmocka_unit_test(pinned_cannot_be_revoked),
		cmocka_unit_test(altered_while_pinned_changes_nothing),
		cmocka_unit_test(
			persistent_is_checked_once_and_dropped_at_the_end),
		cmocka_unit_test(nothing_beyond_the_table),
		cmocka_unit_test(transfer_exchanges_frames),
		cmocka_unit_test(pin_and_revoke_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
