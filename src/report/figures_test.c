/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "report/fixture.h"

static const char *const svg[] = { "svg", NULL };

/* The study's figures in a scratch directory of their own. */
struct drawn {
	struct fixture fixture;
	char dir[48];
	size_t count;
};

static void drawn_open(struct drawn *d, const struct synthetic *study)
{
	fixture_open(&d->fixture, study);
	strcpy(d->dir, "/tmp/vazao-figures-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
}

static int drawn_draw(struct drawn *d, const char *const *formats,
		      struct err *err)
{
	return report_draw_figures(d->fixture.matrix, d->dir, formats,
				   &d->count, err);
}

/* Draws or skips the test. */
static void must_draw(struct drawn *d, const char *const *formats)
{
	struct err err = ERR_INIT;
	int rc = drawn_draw(d, formats, &err);

	if (rc == -ENOPKG) {
		print_message("%s\n", err.text);
		skip();
	}
	if (rc)
		fail_msg("%s", err.text);
}

static void drawn_close(struct drawn *d)
{
	synthetic_remove(d->dir);
	fixture_close(&d->fixture);
}

/* malloc'ed; fails where there is no such file or an empty one. */
static char *slurp(const struct drawn *d, const char *name, size_t *size)
{
	char path[256], *text;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s is not there", path);
	text = calloc(1, 1 << 20);
	*size = fread(text, 1, (1 << 20) - 1, in);
	fclose(in);
	assert_true(*size > 0);
	return text;
}

static bool exists(const struct drawn *d, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return stat(path, &st) == 0 && st.st_size > 0;
}

static void assert_starts(const struct drawn *d, const char *name,
			  const char *magic)
{
	size_t size;
	char *text = slurp(d, name, &size);

	assert_true(size > 1000);
	assert_memory_equal(text, magic, strlen(magic));
	free(text);
}

static void test_every_format_is_drawn(void **state)
{
	struct drawn d;

	(void)state;
	drawn_open(&d, &synthetic_quick);
	must_draw(&d, report_figure_formats);
	/* a MTU: 3 throughputs, 2 efficiencies, 2 extremes */
	assert_int_equal(d.count, 14);
	assert_starts(&d, "throughput-native-mtu-500.png", "\x89PNG\r\n");
	assert_starts(&d, "efficiency-domU-mtu-1500.pdf", "%PDF-");
	assert_starts(&d, "extremes-mtu-1500-message-4K.svg", "<?xml");
	assert_true(exists(&d, "extremes-mtu-500-message-64K.png"));
	assert_true(exists(&d, "efficiency-dom0-mtu-500.gp"));
	assert_false(exists(&d, "efficiency-native-mtu-500.svg"));
	drawn_close(&d);
}

/* "4096 98.1 97.0 99.2 0" of the line `socket` at the first message size. */
static void test_data_are_the_matrix(void **state)
{
	double x, mean, lo, hi;
	const struct cell *cell;
	size_t size;
	struct drawn d;
	char *text, *at;
	int mark;

	(void)state;
	drawn_open(&d, &synthetic_quick);
	must_draw(&d, svg);
	text = slurp(&d, "efficiency-domU-mtu-500.dat", &size);
	at = strstr(text, "# 128K\n");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "# 128K %lf %lf %lf %lf %d", &x, &mean, &lo,
				&hi, &mark),
			 5);
	/* points: mtu 500; sockets 16K, 128K; messages 4K, 64K */
	cell = matrix_cell(d.fixture.matrix, 2, 2);
	assert_true(x == 4096);
	assert_true(fabs(mean - 100 * cell->efficiency.ratio) < 1e-6);
	assert_true(fabs(lo - 100 * cell->efficiency.lo) < 1e-6);
	assert_true(fabs(hi - 100 * cell->efficiency.hi) < 1e-6);
	assert_int_equal(mark, cell->status == CELL_NOT_REACHED);
	free(text);
	text = slurp(&d, "efficiency-domU-mtu-500.svg", &size);
	assert_non_null(strstr(text, "domU, MTU 500, by socket size"));
	assert_non_null(strstr(text, "128K"));
	assert_non_null(strstr(text, "Efficiency (% of native)"));
	free(text);
	drawn_close(&d);
}

static void test_index_names_the_study_figures(void **state)
{
	size_t size;
	struct drawn d;
	char *text;

	(void)state;
	drawn_open(&d, &synthetic_paper);
	must_draw(&d, svg);
	text = slurp(&d, "index.md", &size);
	assert_non_null(strstr(text, "| throughput-native-mtu-500 | throughput "
				     "over message size, a line a socket size "
				     "| native, MTU 500 | 2 (a) |"));
	assert_non_null(strstr(text, "| domU, MTU 1500 | 4 (b) |"));
	assert_non_null(strstr(text, "| Message 512, MTU 1500 | 5 (a) |"));
	assert_non_null(strstr(text, "| Message 512, MTU 500 |  |"));
	assert_non_null(strstr(text, "| dom0, MTU 1500 | 7 (b) |"));
	free(text);
	drawn_close(&d);
}

/* Two directions, two offloads, the kernel's own socket size and a single
 * message size: names differ, and gnuplot takes it all. */
static void test_other_axes(void **state)
{
	struct synthetic study = {
		.axis = { [AXIS_DIRECTION] = { { DIRECTION_SEND,
						 DIRECTION_RECEIVE },
					       2 },
			  [AXIS_SOCKET_SIZE] = { { 0, 65536 }, 2 },
			  [AXIS_OFFLOAD] = { { OFFLOAD_OFF, OFFLOAD_ON }, 2 } },
		.blocks = 3,
		.noise = 0.01,
	};
	struct drawn d;

	(void)state;
	drawn_open(&d, &study);
	must_draw(&d, svg);
	assert_int_equal(d.count, 4 * (3 + 2 + 1));
	assert_true(exists(&d, "throughput-dom0-mtu-1500-receive-offload-on"
			       ".svg"));
	assert_true(exists(&d, "extremes-mtu-1500-message-64K-send-offload-off"
			       ".svg"));
	drawn_close(&d);
}

/* One socket and one message size: a figure of all paths, a row a path. */
static void test_one_size_has_rows(void **state)
{
	struct synthetic study = {
		.axis = { [AXIS_DIRECTION] = { { DIRECTION_SEND,
						 DIRECTION_RECEIVE },
					       2 },
			  [AXIS_MTU] = { { 500, 1500 }, 2 },
			  [AXIS_SOCKET_SIZE] = { { 65536 }, 1 },
			  [AXIS_OFFLOAD] = { { OFFLOAD_OFF, OFFLOAD_ON }, 2 } },
		.blocks = 3,
		.noise = 0.01,
	};
	double row, mean, lo, hi;
	const struct cell *cell;
	struct drawn d;
	size_t size;
	char *text, *at;

	(void)state;
	drawn_open(&d, &study);
	must_draw(&d, svg);
	assert_int_equal(d.count, 2);
	assert_true(exists(&d, "paths-mtu-500.svg"));
	text = slurp(&d, "paths-mtu-1500.dat", &size);
	at = strstr(text, "# receive, offload on\n");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "# receive, offload on %lf %lf %lf %lf",
				&row, &mean, &lo, &hi),
			 4);
	cell = matrix_cell(d.fixture.matrix, d.fixture.matrix->points - 1, 1);
	assert_int_equal(cell->point->value[AXIS_MTU], 1500);
	assert_int_equal(cell->point->value[AXIS_OFFLOAD], OFFLOAD_ON);
	assert_true(fabs(mean - 100 * cell->efficiency.ratio) < 1e-6);
	assert_true(fabs(lo - 100 * cell->efficiency.lo) < 1e-6);
	assert_true(fabs(hi - 100 * cell->efficiency.hi) < 1e-6);
	assert_non_null(strstr(at, "\tdom0\n"));
	assert_non_null(strstr(at, "\tdomU\n"));
	free(text);
	drawn_close(&d);
}

/* "top = 123": where the axis of a script ends. */
static double read_top(const struct drawn *d, const char *name)
{
	size_t size;
	char *text = slurp(d, name, &size);
	const char *at = strstr(text, "top = ");
	double top = at ? strtod(at + 6, NULL) : 0;

	if (top)
		assert_non_null(strstr(text, "with vectors head"));
	free(text);
	return top;
}

/* Two blocks far apart: the interval leaves the axis, the estimate does not. */
static void test_an_endless_interval_leaves_the_axis(void **state)
{
	struct synthetic study = synthetic_quick;
	double highest = 0, end = 0;
	struct drawn d;

	(void)state;
	study.blocks = 2;
	study.noise = 0.5;
	drawn_open(&d, &study);
	must_draw(&d, svg);
	for (size_t i = 0; i < d.fixture.matrix->points; i++) {
		const struct cell *c = matrix_cell(d.fixture.matrix, i, 1);

		if (c->point->value[AXIS_MTU] != 1500)
			continue;
		highest = fmax(highest, 100 * c->efficiency.ratio);
		end = fmax(end, 100 * c->efficiency.hi);
	}
	assert_true(end > 5 * highest);
	assert_true(read_top(&d, "efficiency-dom0-mtu-1500.gp") >= highest);
	assert_true(read_top(&d, "efficiency-dom0-mtu-1500.gp") <
		    fmax(2 * highest, 105) + 10);
	drawn_close(&d);
}

/* What was not measured is no figure, or a gap in one. */
static void test_gaps(void **state)
{
	struct synthetic study = synthetic_quick;
	struct err err = ERR_INIT;
	struct drawn d;
	size_t size;
	char *text;

	(void)state;
	study.trouble = true;
	drawn_open(&d, &study);
	must_draw(&d, svg);
	text = slurp(&d, "throughput-native-mtu-1500.dat", &size);
	assert_non_null(strstr(text, "65536 NaN NaN NaN 0\n"));
	free(text);
	drawn_close(&d);

	study = synthetic_quick;
	study.blocks = 0;
	drawn_open(&d, &study);
	assert_int_equal(drawn_draw(&d, svg, &err), -ENODATA);
	assert_non_null(strstr(err.text, "nothing was measured"));
	drawn_close(&d);
}

/* A gnuplot of our own making at the front of PATH. */
static void put_gnuplot(const char *dir, const char *script)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/gnuplot", dir);
	out = fopen(path, "w");
	fprintf(out, "#!/bin/sh\n%s\n", script);
	fclose(out);
	chmod(path, 0755);
	setenv("PATH", dir, 1);
}

static void test_gnuplot_missing_or_failing(void **state)
{
	char *path = strdup(getenv("PATH"));
	char bin[] = "/tmp/vazao-bin-XXXXXX";
	struct err err = ERR_INIT;
	struct drawn d;

	(void)state;
	drawn_open(&d, &synthetic_quick);
	assert_non_null(mkdtemp(bin));
	setenv("PATH", bin, 1);
	assert_int_equal(drawn_draw(&d, svg, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "apt install gnuplot-nox"));
	assert_int_equal(d.count, 0);
	put_gnuplot(bin, "echo 'line 3: bad\n\n  thing' >&2; exit 1");
	assert_int_equal(drawn_draw(&d, svg, &err), -EIO);
	assert_string_equal(err.text, "gnuplot: line 3: bad thing");
	put_gnuplot(bin, "kill -9 $$");
	assert_int_equal(drawn_draw(&d, svg, &err), -EIO);
	setenv("PATH", path, 1);
	free(path);
	synthetic_remove(bin);
	drawn_close(&d);
}

static void test_no_room_for_the_directory(void **state)
{
	struct err err = ERR_INIT;
	struct fixture f;
	size_t count;

	(void)state;
	fixture_open(&f, &synthetic_quick);
	assert_int_equal(report_draw_figures(f.matrix, "/nowhere/at/all", svg,
					     &count, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_format_is_drawn),
		cmocka_unit_test(test_data_are_the_matrix),
		cmocka_unit_test(test_index_names_the_study_figures),
		cmocka_unit_test(test_other_axes),
		cmocka_unit_test(test_one_size_has_rows),
		cmocka_unit_test(test_an_endless_interval_leaves_the_axis),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_gnuplot_missing_or_failing),
		cmocka_unit_test(test_no_room_for_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
