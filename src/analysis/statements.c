/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/statements.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/group.h"

#define K	  1024
#define HALF_LEFT 0.50 /* "a fall of at least 50 %" */
#define HALF_BAND 0.10 /* "around 50 %": 40 to 60 % */
#define FOURFOLD  4.0  /* "a difference of over 300 %" */

static int64_t mtu_of(const struct matrix *m, size_t point)
{
	return m->point[point].value[AXIS_MTU];
}

static int64_t socket_of(const struct matrix *m, size_t point)
{
	return m->point[point].value[AXIS_SOCKET_SIZE];
}

static int64_t message_of(const struct matrix *m, size_t point)
{
	return m->point[point].value[AXIS_MESSAGE_SIZE];
}

/* The three sizes that the study calls the best: 112, 128, 256 KB. */
static bool is_large(int64_t socket)
{
	return socket == 112 * K || socket == 128 * K || socket == 256 * K;
}

/* The smallest and the largest message of the study, its figure 5. */
static bool is_extreme(int64_t message)
{
	return message == 512 || message == K * K;
}

static struct contrast throughput(size_t a, size_t b, size_t path)
{
	return (struct contrast){ .a = { a, path },
				  .b = { b, path },
				  .quantity = QUANTITY_THROUGHPUT,
				  .high = HUGE_VAL };
}

static void add_one(struct claim *claim, const struct contrast *contrast)
{
	claim_add_trial(claim, JOIN_ALL);
	claim_add(claim, contrast);
}

/* Efficiency of a path at a point within low .. high. */
static void add_efficiency(struct claim *claim, size_t point, size_t path,
			   double low, double high)
{
	struct contrast c = { .a = { point, path },
			      .b = { point, 0 },
			      .quantity = QUANTITY_THROUGHPUT,
			      .low = low,
			      .high = high };

	add_one(claim, &c);
}

static void build_mtu(struct claim *claim, const struct evidence *e,
		      size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++) {
		size_t large = group_sibling(m, i, AXIS_MTU, 1500);
		struct contrast c = throughput(i, large, path);

		if (mtu_of(m, i) != 500 || large == GROUP_NO_POINT)
			continue;
		c.high = 1;
		add_one(claim, &c);
	}
}

/* Every pair of socket sizes, the larger over the smaller. 0 is no size. */
static void build_socket(struct claim *claim, const struct evidence *e,
			 size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		for (size_t j = 0; j < m->points; j++) {
			struct contrast c = throughput(i, j, path);

			if (socket_of(m, j) == 0 ||
			    socket_of(m, i) <= socket_of(m, j) ||
			    message_of(m, i) != message_of(m, j) ||
			    !group_holds(&m->point[i], &m->point[j]))
				continue;
			c.low = 1;
			add_one(claim, &c);
		}
}

/* A cell of 112, 128 or 256 KB against every other of its MTU. */
static void build_near_best(struct claim *claim, const struct evidence *e,
			    size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++) {
		bool opened = false;

		for (size_t j = 0; is_large(socket_of(m, i)) && j < m->points;
		     j++) {
			struct contrast c = throughput(i, j, path);

			if (i == j || !group_holds(&m->point[i], &m->point[j]))
				continue;
			c.low = STATEMENT_NEAR;
			if (!opened)
				claim_add_trial(claim, JOIN_ALL);
			opened = true;
			claim_add(claim, &c);
		}
	}
}

/* Message size = socket size against every other message size. */
static void build_equal_worst(struct claim *claim, const struct evidence *e,
			      size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++) {
		int64_t socket = socket_of(m, i);
		bool opened = false;

		if ((socket != 4 * K && socket != 8 * K) ||
		    message_of(m, i) != socket)
			continue;
		for (size_t j = 0; j < m->points; j++) {
			struct contrast c = throughput(i, j, path);

			if (i == j || socket_of(m, j) != socket ||
			    !group_holds(&m->point[i], &m->point[j]))
				continue;
			c.high = 1;
			if (!opened)
				claim_add_trial(claim, JOIN_ALL);
			opened = true;
			claim_add(claim, &c);
		}
	}
}

static void build_half(struct claim *claim, const struct evidence *e,
		       size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		if (mtu_of(m, i) == 500)
			add_efficiency(claim, i, path, 0, HALF_LEFT);
}

/* A smaller socket against the best of 112, 128, 256 KB with its message. */
static void add_best_sockets(struct claim *claim, const struct matrix *m,
			     size_t small, size_t path, enum quantity quantity)
{
	bool opened = false;

	for (size_t i = 0; i < m->points; i++) {
		struct contrast c = throughput(small, i, path);

		if (!is_large(socket_of(m, i)) ||
		    message_of(m, i) != message_of(m, small) ||
		    !group_holds(&m->point[i], &m->point[small]))
			continue;
		c.high = 1;
		c.quantity = quantity;
		if (!opened)
			claim_add_trial(claim, JOIN_ANY);
		opened = true;
		claim_add(claim, &c);
	}
}

static void build_best(struct claim *claim, const struct evidence *e,
		       size_t path, enum quantity quantity)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		if (mtu_of(m, i) == 500 && socket_of(m, i) &&
		    socket_of(m, i) < 112 * K)
			add_best_sockets(claim, m, i, path, quantity);
}

static void build_best_rate(struct claim *claim, const struct evidence *e,
			    size_t path)
{
	build_best(claim, e, path, QUANTITY_THROUGHPUT);
}

static void build_best_efficiency(struct claim *claim, const struct evidence *e,
				  size_t path)
{
	build_best(claim, e, path, QUANTITY_EFFICIENCY);
}

static void build_full(struct claim *claim, const struct evidence *e,
		       size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		if (mtu_of(m, i) == 1500 && socket_of(m, i) == 112 * K &&
		    (message_of(m, i) == 32 * K || message_of(m, i) == 64 * K))
			add_efficiency(claim, i, path, STATEMENT_NEAR,
				       HUGE_VAL);
}

static void build_mtu_efficiency(struct claim *claim, const struct evidence *e,
				 size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++) {
		size_t small = group_sibling(m, i, AXIS_MTU, 500);
		struct contrast c = throughput(i, small, path);

		if (mtu_of(m, i) != 1500 || small == GROUP_NO_POINT)
			continue;
		c.quantity = QUANTITY_EFFICIENCY;
		c.low = 1;
		add_one(claim, &c);
	}
}

/* Small messages with large sockets at MTU 500: the study's exception. */
static bool is_exception(const struct matrix *m, size_t point)
{
	return mtu_of(m, point) == 500 && message_of(m, point) == 512 &&
	       socket_of(m, point) >= 64 * K;
}

static void build_dom0_near(struct claim *claim, const struct evidence *e,
			    size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		if (!is_exception(m, i))
			add_efficiency(claim, i, path, STATEMENT_NEAR,
				       HUGE_VAL);
}

static void build_dom0_exception(struct claim *claim, const struct evidence *e,
				 size_t path)
{
	const struct matrix *m = e->matrix;

	for (size_t i = 0; i < m->points; i++)
		if (is_exception(m, i))
			add_efficiency(claim, i, path, HALF_LEFT - HALF_BAND,
				       HALF_LEFT + HALF_BAND);
}

/* dom0 over the guest, at MTU 1500 with the extreme messages. */
static void add_dom0_over(struct claim *claim, const struct matrix *m,
			  size_t guest, int64_t socket_max, double low)
{
	size_t dom0 = statement_path(m, ROLE_DOM0);

	for (size_t i = 0; dom0 != GROUP_NO_POINT && i < m->points; i++) {
		struct contrast c = { .a = { i, dom0 },
				      .b = { i, guest },
				      .quantity = QUANTITY_THROUGHPUT,
				      .low = low,
				      .high = HUGE_VAL };

		if (mtu_of(m, i) == 1500 && is_extreme(message_of(m, i)) &&
		    socket_of(m, i) && socket_of(m, i) <= socket_max)
			add_one(claim, &c);
	}
}

static void build_dom0_over(struct claim *claim, const struct evidence *e,
			    size_t path)
{
	const struct matrix *m = e->matrix;

	add_dom0_over(claim, m, path, INT64_MAX, 1);
}

static void build_dom0_fourfold(struct claim *claim, const struct evidence *e,
				size_t path)
{
	const struct matrix *m = e->matrix;

	add_dom0_over(claim, m, path, 16 * K, FOURFOLD);
}

/* clang-format off */
const struct statement statement_table[] = {
	{ "mtu", "4.2, figure 2 (i)",
	  "Throughput falls when the MTU is reduced.",
	  ROLE_NATIVE, QUANTIFIER_EVERY,
	  "throughput at MTU 500 over that at 1500",
	  "MTU 500 and 1500", build_mtu },
	{ "socket-size", "4.2, figure 2 (ii)",
	  "Throughput tends to grow with the socket size.",
	  ROLE_NATIVE, QUANTIFIER_MOST,
	  "throughput with a larger socket over that with a smaller one",
	  "two socket sizes", build_socket },
	{ "large-sockets", "4.2, figure 2 (iii)",
	  "Sockets of 112, 128 and 256 KB are near the best of their MTU (within 10 %).",
	  ROLE_NATIVE, QUANTIFIER_EVERY,
	  "throughput over that of the best cell of the MTU",
	  "a socket size of 112K, 128K or 256K, and others to compare it with", build_near_best },
	{ "equal-sizes", "4.2, figure 2 (iv)",
	  "With sockets of 4 and 8 KB the worst message size tends to be that of the socket.",
	  ROLE_NATIVE, QUANTIFIER_MOST,
	  "throughput with message = socket over that of the slowest other message",
	  "socket sizes 4K or 8K with the same message size and others", build_equal_worst },
	{ "guest-half", "4.2, figure 3 (i)",
	  "A guest loses at least half of the native throughput at MTU 500.",
	  ROLE_GUEST, QUANTIFIER_EVERY,
	  "efficiency",
	  "MTU 500", build_half },
	{ "guest-best-throughput", "4.2, figure 3 (ii)",
	  "At MTU 500 a guest's throughput is best with sockets of 112, 128 or 256 KB.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "throughput with a smaller socket over that of the best of them",
	  "MTU 500, a socket size of 112K, 128K or 256K and smaller ones", build_best_rate },
	{ "guest-best-efficiency", "4.2, figure 3 (ii)",
	  "At MTU 500 a guest's efficiency, too, is best with them.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "efficiency with a smaller socket over that of the best of them",
	  "MTU 500, a socket size of 112K, 128K or 256K and smaller ones", build_best_efficiency },
	{ "guest-full", "4.2, figure 4 (i)",
	  "At MTU 1500 a guest keeps near 100 % with sockets of 112 KB and messages of 32 and 64 KB (within 10 %).",
	  ROLE_GUEST, QUANTIFIER_EVERY,
	  "efficiency",
	  "MTU 1500, socket size 112K, message size 32K or 64K", build_full },
	{ "guest-mtu", "4.2, figure 4 (ii)",
	  "A guest's efficiency is higher at MTU 1500 than at 500.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "efficiency at MTU 1500 over that at 500",
	  "MTU 500 and 1500", build_mtu_efficiency },
	{ "dom0-over-guest", "4.2, figure 5 (ii)",
	  "dom0 is faster than a guest, at MTU 1500 with messages of 512 B and 1 MB.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "dom0's throughput over the guest's",
	  "dom0, MTU 1500, message size 512 or 1M", build_dom0_over },
	{ "dom0-fourfold", "4.2, figure 5 (ii)",
	  "There, with sockets of 4, 8 and 16 KB, the difference is over 300 % (four times the guest's).",
	  ROLE_GUEST, QUANTIFIER_EVERY,
	  "dom0's throughput over the guest's",
	  "dom0, MTU 1500, message size 512 or 1M, sockets up to 16K", build_dom0_fourfold },
	{ "dom0-near", "4.2, figures 5 (i), 6, 7",
	  "dom0 is only slightly slower than native (within 10 %), but for the exception below.",
	  ROLE_DOM0, QUANTIFIER_EVERY,
	  "efficiency",
	  "dom0", build_dom0_near },
	{ "dom0-exception", "4.2, figure 6",
	  "dom0 loses around 50 % (40 to 60 %) at MTU 500 with messages of 512 B and sockets from 64 KB.",
	  ROLE_DOM0, QUANTIFIER_EVERY,
	  "efficiency",
	  "dom0, MTU 500, message size 512, sockets from 64K", build_dom0_exception },
	{ "tail-frame", "4.2, last part",
	  "The last frame of a full socket buffer is short: at MTU 1500 1 in 3 with 4 KB, 1 in 75 with 112 KB (within a factor of 2).",
	  ROLE_GUEST, QUANTIFIER_EVERY,
	  "mean payload of a frame over the MSS",
	  "MTU 1500 without offload, socket size 4K or 112K, TCP's segments counted", statement_build_tail },
	{ "collapse", "4.2, last part",
	  "Compacting a receive queue that is full (collapse) costs a guest throughput.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "collapses", "the kernel's TCP counters", statement_build_collapse },
	{ "page-a-frame", "4.2, last part",
	  "A page of 4 KiB for each received frame, whatever its size, costs a guest throughput.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "throughput with a page a frame over that without",
	  "two guests that differ by page_a_frame alone (plan mechanisms)", statement_build_page },
	{ "page-flip", "4.2, last part",
	  "Moving received data by exchanging pages costs a guest throughput.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "throughput with receive flip-map over that with copy",
	  "two guests that differ by receive alone, flip-map and copy (plan mechanisms)", statement_build_flip },
	{ "interrupts", "4.2, last part",
	  "An interrupt for each frame costs a guest throughput.",
	  ROLE_GUEST, QUANTIFIER_MOST,
	  "throughput with notify always over that with asked",
	  "two guests that differ by notify alone (plan mechanisms)", statement_build_notify },
	{ NULL, NULL, NULL, ROLE_NATIVE, QUANTIFIER_EVERY, NULL, NULL, NULL },
};
/* clang-format on */

static bool plays(const struct matrix_path *path, enum role role)
{
	static const char *const others[] = { "native",	   "veth", "macvlan",
					      "container", "ssh",  NULL };
	bool dom0 = strcmp(path->kind, "dom0") == 0 ||
		    strcmp(path->name, "dom0") == 0;

	if (role == ROLE_DOM0)
		return dom0;
	for (int i = 0; others[i]; i++)
		if (strcmp(path->kind, others[i]) == 0)
			return false;
	return !dom0;
}

size_t statement_path(const struct matrix *matrix, enum role role)
{
	if (role == ROLE_NATIVE)
		return 0;
	for (size_t i = 1; i < matrix->paths; i++)
		if (plays(&matrix->path[i], role))
			return i;
	return (size_t)-1;
}

static int test_one(const struct evidence *evidence,
		    struct statement_result *result, struct err *err)
{
	const struct statement *statement = result->statement;

	result->claim.quantifier = statement->quantifier;
	result->path = statement_path(evidence->matrix, statement->role);
	if (result->path != GROUP_NO_POINT)
		statement->build(&result->claim, evidence, result->path);
	if (claim_judge(&result->claim, evidence->matrix, evidence->series,
			err))
		return err_wrap(err, "statement %s", statement->id);
	return 0;
}

int statements_test(const struct evidence *evidence,
		    struct statement_result **results, size_t *count,
		    struct err *err)
{
	struct statement_result *list;
	size_t n = 0;
	int rc = 0;

	while (statement_table[n].id)
		n++;
	list = calloc(n, sizeof(*list));
	if (!list)
		return err_sys(err, ENOMEM, "%zu statements", n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		list[i].statement = &statement_table[i];
		rc = test_one(evidence, &list[i], err);
	}
	if (rc) {
		statements_free(list, n);
		return rc;
	}
	*results = list;
	*count = n;
	return 0;
}

void statements_free(struct statement_result *results, size_t count)
{
	for (size_t i = 0; results && i < count; i++)
		claim_free(&results[i].claim);
	free(results);
}
