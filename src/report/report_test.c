/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>

#include <jansson.h>

#include "report/fixture.h"
#include "report/words.h"

/* DESIGN's columns, in its order; what was added since stands behind. */
static const char *const columns[] = {
	"path",
	"workload",
	"direction",
	"mtu",
	"socket_size",
	"message_size",
	"offload",
	"flows",
	"throughput_mbps",
	"throughput_lo",
	"throughput_hi",
	"efficiency",
	"efficiency_lo",
	"efficiency_hi",
	"half_width",
	"blocks",
	"status",
	"cpu_us_per_kb",
	"context_switches_per_s",
	"page_faults_per_s",
	"sndbuf_effective",
	"rcvbuf_effective",
	"cause",
	"efficiency_trimmed",
	"transactions_per_s",
	"transactions_per_s_lo",
	"transactions_per_s_hi",
	"p50_us",
	"p50_us_lo",
	"p50_us_hi",
	"p99_us",
	"p99_us_lo",
	"p99_us_hi",
	"p9999_us",
	"p9999_us_lo",
	"p9999_us_hi",
	"loss",
	"reordered",
	"jitter_us",
	"sent_mbps",
	"jain",
	"jain_lo",
	"jain_hi",
	"pair_min_mbps",
	"pair_max_mbps",
	"no_loss_mbps",
	"no_loss_mbps_lo",
	"no_loss_mbps_hi",
	"no_loss_efficiency",
	"no_loss_efficiency_lo",
	"no_loss_efficiency_hi",
	"no_loss_trials",
	"no_loss_void",
	"no_loss_uneven",
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(*columns))

static struct synthetic troubled(void)
{
	struct synthetic study = synthetic_quick;

	study.trouble = true;
	return study;
}

/* One field of RFC 4180 into buf; returns what follows its end. */
static const char *parse_field(const char *at, char *buf)
{
	bool quoted = *at == '"';

	at += quoted;
	while (quoted ? *at != '"' || at[1] == '"' : !strchr(",\n", *at)) {
		at += quoted && *at == '"';
		*buf++ = *at++;
	}
	*buf = '\0';
	at += quoted;
	assert_true(*at == ',' || *at == '\n');
	return at;
}

static const char *parse_row(const char *at, char field[COLUMN_COUNT][256])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		at = parse_field(at, field[i]);
		assert_true(*at == (i + 1 < COLUMN_COUNT ? ',' : '\n'));
		at++;
	}
	return at;
}

static void test_csv_has_the_columns(void **state)
{
	char field[COLUMN_COUNT][256], *text;
	struct synthetic study = troubled();
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	text = fixture_report(&f, "csv", false);
	parse_row(text, field);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		assert_string_equal(field[i], columns[i]);
	free(text);
	fixture_close(&f);
}

static void assert_same(const char *field, const json_t *value)
{
	if (json_is_null(value))
		assert_string_equal(field, "");
	else if (json_is_string(value))
		assert_string_equal(field, json_string_value(value));
	else
		assert_true(strtod(field, NULL) == json_number_value(value));
}

/* Every number of every cell, the same in both. */
static void test_json_reads_back_as_csv(void **state)
{
	char field[COLUMN_COUNT][256], *csv, *json;
	struct synthetic study = troubled();
	json_t *root, *cells, *cell;
	struct fixture f;
	const char *at;
	size_t i;

	(void)state;
	fixture_open(&f, &study);
	csv = fixture_report(&f, "csv", false);
	json = fixture_report(&f, "json", false);
	root = json_loads(json, 0, NULL);
	assert_non_null(root);
	cells = json_object_get(root, "cells");
	assert_int_equal(json_array_size(cells), 24);
	at = parse_row(csv, field);
	json_array_foreach(cells, i, cell) {
		at = parse_row(at, field);
		assert_int_equal(json_object_size(cell), COLUMN_COUNT);
		for (size_t j = 0; j < COLUMN_COUNT; j++)
			assert_same(field[j],
				    json_object_get(cell, columns[j]));
	}
	assert_int_equal(*at, '\0');
	json_decref(root);
	free(csv);
	free(json);
	fixture_close(&f);
}

/* The row of a path at point `id`, of 8. */
static void find_row(const char *csv, int path, int id,
		     char field[COLUMN_COUNT][256])
{
	csv = parse_row(csv, field);
	for (int i = 0; i <= path * 8 + id; i++)
		csv = parse_row(csv, field);
}

static void test_csv_rows(void **state)
{
	char field[COLUMN_COUNT][256], *csv;
	struct synthetic study = troubled();
	const struct cell *cell;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	csv = fixture_report(&f, "csv", false);
	cell = matrix_cell(f.matrix, 1, 2);
	find_row(csv, 2, 1, field);
	assert_string_equal(field[0], "domU");
	assert_string_equal(field[1], "tcp_stream");
	assert_string_equal(field[2], "send");
	assert_string_equal(field[3], "500");
	assert_string_equal(field[4], "16384");
	assert_string_equal(field[5], "65536");
	assert_true(fabs(strtod(field[11], NULL) - cell->efficiency.ratio) <
		    1e-8);
	assert_string_equal(field[15], "14");
	assert_string_equal(field[16], "FAILED");
	assert_string_equal(field[17], "");
	/* commas and quotes come back as they went in */
	assert_string_equal(field[22], "domU: no answer within 5 s, \"eth0\" "
				       "is down, twice");
	find_row(csv, 0, 0, field);
	assert_string_equal(field[11], "1");
	assert_string_equal(field[16], "REFERENCE");
	/* not visited: empty, not 0 and not nan */
	find_row(csv, 1, 7, field);
	for (size_t i = 8; i < 15; i++)
		assert_string_equal(field[i], "");
	assert_string_equal(field[15], "0");
	assert_string_equal(field[16], "NOT_REACHED");
	free(csv);
	fixture_close(&f);
}

static void test_json_raw_has_every_block(void **state)
{
	struct synthetic study = troubled();
	json_t *root, *blocks, *last, *slices;
	struct fixture f;
	char *json;

	(void)state;
	fixture_open(&f, &study);
	json = fixture_report(&f, "json", true);
	root = json_loads(json, 0, NULL);
	blocks = json_object_get(root, "blocks");
	assert_int_equal(json_array_size(blocks), 7 * 14 + 1);
	last = json_array_get(blocks, 7 * 14);
	assert_string_equal(
		json_string_value(json_object_get(last, "discarded")),
		"the clock jumped by 3600 s");
	assert_true(json_is_string(json_object_get(last, "seed")));
	slices = json_object_get(
		json_array_get(json_object_get(last, "measurements"), 2),
		"slices");
	assert_int_equal(json_array_size(slices), 1);
	json_decref(root);
	free(json);

	json = fixture_report(&f, "json", false);
	root = json_loads(json, 0, NULL);
	assert_null(json_object_get(root, "blocks"));
	assert_int_equal(
		json_integer_value(json_object_get(root, "discarded_blocks")),
		1);
	json_decref(root);
	free(json);
	fixture_close(&f);
}

static void assert_fits(const char *text, size_t columns_max)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > columns_max)
			fail_msg("%zu columns: %.*s", length, (int)length,
				 text);
		text += length + 1;
	}
}

static void test_txt_fits_100_columns(void **state)
{
	struct synthetic study = synthetic_paper;
	struct fixture f;
	char *text;

	(void)state;
	study.trouble = true;
	study.noise = 0.3;
	study.title = "a title of more than one hundred characters, as people "
		      "write who want to say all of it at once, and then more";
	fixture_open(&f, &study);
	text = fixture_report(&f, "txt", false);
	assert_fits(text, 100);
	/* every cell has its line */
	assert_non_null(strstr(text, "domU against native: tcp_stream send, "
				     "mtu 1500, offload off"));
	free(text);
	fixture_close(&f);
}

static void test_txt_says_what_to_know(void **state)
{
	struct synthetic study = troubled();
	struct fixture f;
	char *text;

	(void)state;
	fixture_open(&f, &study);
	text = fixture_report(&f, "txt", false);
	assert_non_null(strstr(text, "\ndom0 keeps 97 % of native's throughput "
				     "(95 to 99 % over 7 cells; worst: mtu "
				     "500, socket 128K,\n  message 4K)\n"));
	assert_non_null(strstr(text, "98 blocks of native, dom0, domU (1 "
				     "discarded)"));
	assert_non_null(strstr(text, "NOT_REACHED, not within +-2.5 %: dom0 "
				     "3 of 8 cells, widest +-3.4 %"));
	assert_non_null(strstr(text, "FAILED: domU at mtu 500, socket 16K, "
				     "message 64K: domU: no answer"));
	assert_non_null(strstr(text, "congestion (cubic on M2, dom0, native; "
				     "reno on domU)"));
	assert_non_null(strstr(text, "14 intervals of 95 %: 0.7 are expected "
				     "to miss"));
	assert_non_null(strstr(text, "Discarded, 1 block: the clock jumped by "
				     "3600 s."));
	assert_non_null(strstr(text, "\ndom0: 98 blocks ("));
	assert_non_null(strstr(text, "spread of one block's ratio s"));
	assert_null(strstr(text, "TOO NOISY"));
	free(text);
	fixture_close(&f);
}

/* First of all, before any answer. */
static void test_too_noisy_is_said_first(void **state)
{
	struct synthetic study = synthetic_quick;
	struct fixture f;
	const char *warning, *answer;
	char *text;

	(void)state;
	study.noise = 0.3;
	fixture_open(&f, &study);
	text = fixture_report(&f, "txt", false);
	warning = strstr(text, "\nTOO NOISY for +-2.5 %");
	answer = strstr(text, "of native's throughput");
	assert_non_null(warning);
	assert_non_null(answer);
	assert_true(warning < answer);
	free(text);
	fixture_close(&f);
}

static void test_txt_of_a_capped_study(void **state)
{
	struct synthetic study = synthetic_quick;
	struct fixture f;
	char *text;

	(void)state;
	study.link_bps = 100000000;
	study.noise = 0.01;
	fixture_open(&f, &study);
	text = fixture_report(&f, "txt", false);
	assert_non_null(strstr(text, "dom0: no efficiency; 0 cells FAILED, 8 "
				     "CAPPED, 0 not measured"));
	assert_non_null(strstr(text, "CAPPED, 16 cells: path and reference "
				     "fill the link of 100mbit"));
	free(text);
	fixture_close(&f);
}

/* An escape in front of every "|" and "_" that is text; as many cells a row
 * as in the heading. */
static void test_md_tables_are_whole(void **state)
{
	struct synthetic study = troubled();
	size_t bars = 0, rows = 0;
	struct fixture f;
	char *text, *line;

	(void)state;
	fixture_open(&f, &study);
	text = fixture_report(&f, "md", false);
	assert_non_null(strstr(text, "NOT\\_REACHED"));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t now = 0;

		if (line[0] == '#')
			bars = 0;
		if (line[0] != '|')
			continue;
		for (size_t i = 0; line[i]; i++)
			now += line[i] == '|';
		assert_true(bars == 0 || now == bars);
		bars = now;
		rows++;
	}
	assert_int_equal(rows, 24 + 2 * 6);
	free(text);
	fixture_close(&f);
}

/* What Prometheus' parser asks for: one family in one piece, TYPE before it,
 * numbers, an end. */
static void test_openmetrics(void **state)
{
	struct synthetic study = synthetic_quick;
	char *text, *line, *save = NULL, family[96] = "";
	size_t samples = 0, efficiencies = 0;
	struct fixture f;

	(void)state;
	study.trouble = true;
	study.title = "a \"title\" with \\ in it";
	fixture_open(&f, &study);
	text = fixture_report(&f, "openmetrics", false);
	assert_non_null(
		strstr(text, "title=\"a \\\"title\\\" with \\\\ in it"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t length = strcspn(line, "{ ");
		char *value = strrchr(line, ' ') + 1, *end;

		if (strncmp(line, "# TYPE ", 7) == 0)
			sscanf(line, "# TYPE %95s gauge", family);
		if (*line == '#')
			continue;
		assert_int_equal(length, strlen(family));
		assert_memory_equal(line, family, length);
		strtod(value, &end);
		assert_true(end > value && *end == '\0');
		samples++;
		efficiencies += strcmp(family, "vazao_efficiency_ratio") == 0;
	}
	/* the point that was not visited has none */
	assert_int_equal(efficiencies, 24 - 3);
	assert_true(samples > 6 * 20);
	free(text);
	fixture_close(&f);
}

static void test_unknown_format_lists_the_known(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_null(report_find("docx", &err));
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "'docx' is not a report format: one of "
				      "txt, csv, json, md, html, openmetrics");
}

/* A full disk is an error, not half a report. */
static void test_full_disk_is_an_error(void **state)
{
	struct synthetic study = synthetic_quick;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	for (size_t i = 0; report_formats[i]; i++) {
		struct report_args args = { .matrix = f.matrix,
					    .store = f.store,
					    .out = fopen("/dev/full", "w") };
		int rc = report_formats[i]->write(&args, &err);

		/* html may have been built without its page */
		if (rc != -ENOENT ||
		    strcmp(report_formats[i]->format, "html") != 0)
			assert_int_equal(rc, -ENOSPC);
		fclose(args.out);
	}
	fixture_close(&f);
}

static void test_words(void **state)
{
	char buf[WORDS_MAX];

	(void)state;
	words_size(0, buf, sizeof(buf));
	assert_string_equal(buf, "auto");
	words_size(114688, buf, sizeof(buf));
	assert_string_equal(buf, "112K");
	words_share(0.0312, buf, sizeof(buf));
	assert_string_equal(buf, "3.1 %");
	words_share(0.99, buf, sizeof(buf));
	assert_string_equal(buf, "99 %");
	words_mbps(999.94, buf, sizeof(buf));
	assert_string_equal(buf, "999.9");
	words_mbps(999.96, buf, sizeof(buf));
	assert_string_equal(buf, "1000");
	words_time(INT64_C(1795395600000000000), buf, sizeof(buf));
	assert_string_equal(buf, "2026-11-23 01:00 UTC");
}

static void test_json_names_the_rule(void **state)
{
	static const char *const rules[] = { "blocks", "loss", "slices" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct synthetic study = synthetic_quick;
		struct fixture f;
		json_t *root;
		char *json;

		study.rule = rules[i];
		fixture_open(&f, &study);
		json = fixture_report(&f, "json", false);
		root = json_loads(json, 0, NULL);
		assert_string_equal(
			json_string_value(json_object_get(root, "rule")),
			rules[i]);
		json_decref(root);
		free(json);
		fixture_close(&f);
	}
}

static void test_pauses_are_told(void **state)
{
	struct synthetic study = synthetic_quick;
	struct err err = ERR_INIT;
	struct fixture f;
	struct store *store;
	char *text;

	(void)state;
	fixture_open(&f, &study);
	text = fixture_report(&f, "txt", false);
	assert_null(strstr(text, "with pauses"));
	free(text);
	matrix_free(f.matrix);
	store_close(f.store);
	assert_int_equal(store_open(&store, f.dir, STORE_WRITE, &err), 0);
	store_add_event(store, "study", "resumed with 3 blocks", &err);
	store_close(store);
	assert_int_equal(store_open(&f.store, f.dir, STORE_READ, &err), 0);
	assert_int_equal(matrix_load(&f.matrix, f.store, &err), 0);
	text = fixture_report(&f, "txt", false);
	assert_non_null(strstr(text, " with pauses, "));
	free(text);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_has_the_columns),
		cmocka_unit_test(test_json_reads_back_as_csv),
		cmocka_unit_test(test_csv_rows),
		cmocka_unit_test(test_json_raw_has_every_block),
		cmocka_unit_test(test_txt_fits_100_columns),
		cmocka_unit_test(test_txt_says_what_to_know),
		cmocka_unit_test(test_too_noisy_is_said_first),
		cmocka_unit_test(test_txt_of_a_capped_study),
		cmocka_unit_test(test_md_tables_are_whole),
		cmocka_unit_test(test_openmetrics),
		cmocka_unit_test(test_unknown_format_lists_the_known),
		cmocka_unit_test(test_full_disk_is_an_error),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_json_names_the_rule),
		cmocka_unit_test(test_pauses_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
