/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/fixture.h"

#include <jansson.h>

#include "report/page.h"

#define OPENING "<script id=\"study\" type=\"application/json\">"

static size_t count(const char *text, const char *needle)
{
	size_t n = 0;

	while ((text = strstr(text, needle))) {
		n++;
		text += strlen(needle);
	}
	return n;
}

static void skip_where_not_built(void)
{
	if (strncmp(report_page, PAGE_NOT_BUILT, strlen(PAGE_NOT_BUILT)) == 0)
		skip();
}

static json_t *study_in(const char *page)
{
	const char *start = strstr(page, OPENING), *end;
	json_error_t why;
	json_t *study;

	assert_non_null(start);
	start += strlen(OPENING);
	end = strstr(start, "</script>");
	assert_non_null(end);
	study = json_loadb(start, (size_t)(end - start), 0, &why);
	if (!study)
		fail_msg("%s", why.text);
	return study;
}

/* A title that would end the script, open a comment, be an element. */
static void test_title_is_text(void **state)
{
	static const char title[] = "</script><script>x=1</script> <!-- & \"'";
	struct synthetic named = synthetic_quick;
	struct fixture f;
	char *page;
	json_t *study;

	(void)state;
	skip_where_not_built();
	named.title = title;
	fixture_open(&f, &named);
	page = fixture_report(&f, "html", false);
	assert_int_equal(count(page, "<script>x=1"), 0);
	assert_int_equal(count(page, "&#60;/script&#62;&#60;script&#62;x=1"),
			 2);
	assert_int_equal(count(page, "<!--"), 0);
	study = study_in(page);
	assert_string_equal(json_string_value(json_object_get(study, "title")),
			    title);
	json_decref(study);
	free(page);
	fixture_close(&f);
}

/* The page has the JSON format's cells, and every good block's rates. */
static void test_study_is_the_json(void **state)
{
	struct synthetic troubled = synthetic_quick;
	struct fixture f;
	char *page, *text;
	json_t *in_page, *json, *history;
	size_t blocks = 0, i;

	(void)state;
	skip_where_not_built();
	troubled.trouble = true;
	fixture_open(&f, &troubled);
	page = fixture_report(&f, "html", false);
	text = fixture_report(&f, "json", false);
	in_page = study_in(page);
	json = json_loads(text, 0, NULL);
	assert_true(json_equal(json_object_get(json, "cells"),
			       json_object_get(in_page, "cells")));
	history = json_object_get(in_page, "history");
	assert_int_equal(json_array_size(history), f.matrix->points);
	for (i = 0; i < json_array_size(history); i++)
		blocks += json_array_size(json_array_get(history, i));
	assert_int_equal(blocks, f.matrix->blocks);
	json_decref(json);
	json_decref(in_page);
	free(text);
	free(page);
	fixture_close(&f);
}

/* It is passed on and opened from disk: nothing in it may be fetched. */
static void test_page_is_self_contained(void **state)
{
	struct fixture f;
	char *page;

	(void)state;
	skip_where_not_built();
	fixture_open(&f, &synthetic_paper);
	page = fixture_report(&f, "html", false);
	assert_true(strlen(page) < 3000000);
	assert_int_equal(count(page, "default-src 'none'"), 1);
	assert_int_equal(count(page, "<link"), 0);
	assert_int_equal(count(page, " src=\""), 0);
	assert_int_equal(count(page, PAGE_MARK), 0);
	free(page);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_title_is_text),
		cmocka_unit_test(test_study_is_the_json),
		cmocka_unit_test(test_page_is_self_contained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
