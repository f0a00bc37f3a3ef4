/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "lab/lab.h"

#define WIDTH	   100
#define TEXT_AT	   28 /* the column of findings and advice */
#define REASON_MAX 128

static const char *const group_titles[PROBE_GROUPS] = {
	"what vazao can run", "what the kernel has",
	"what would disturb a measurement"
};

struct doctor_options {
	bool json;
};

/* clang-format off */
static const struct opt_row options[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct doctor_options, json), NULL,
	  "print the findings as JSON" },
	{ .name = NULL },
};
/* clang-format on */

/* Words up to WIDTH, further lines indented to TEXT_AT. */
static void print_wrapped(const char *text)
{
	size_t column = TEXT_AT;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > TEXT_AT && column + 1 + word > WIDTH) {
			printf("\n%*s", TEXT_AT, "");
			column = TEXT_AT;
		} else if (column > TEXT_AT) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)word, text);
		column += word;
		text += word + strspn(text + word, " ");
	}
	putchar('\n');
}

static void print_row(const char *name, enum finding_verdict verdict,
		      const char *text)
{
	const char *word = finding_verdict_name(verdict);

	if (!text[0]) {
		printf("  %-16s%s\n", name, word);
		return;
	}
	printf("  %-16s%-10s", name, word);
	print_wrapped(text);
}

static void print_finding(const struct probe *probe,
			  const struct finding *finding)
{
	print_row(probe->name, finding->verdict, finding->text);
	if (finding->advice[0]) {
		char advice[sizeof(finding->advice) + 4];

		snprintf(advice, sizeof(advice), "-> %s", finding->advice);
		printf("%*s", TEXT_AT, "");
		print_wrapped(advice);
	}
}

static void print_findings(const struct finding *findings)
{
	for (size_t i = 0; doctor_probes[i].name; i++) {
		if (i == 0 ||
		    doctor_probes[i].group != doctor_probes[i - 1].group)
			printf("%s%s\n", i ? "\n" : "",
			       group_titles[doctor_probes[i].group]);
		print_finding(&doctor_probes[i], &findings[i]);
	}
}

static void print_paths(const struct finding *findings)
{
	const struct kind_desc *const *kinds = lab_kinds();
	char because[REASON_MAX];

	printf("\npaths that can run here\n");
	for (size_t i = 0; kinds[i]; i++) {
		bool runs =
			doctor_judge_path(kinds[i]->name, doctor_probes,
					  findings, because, sizeof(because));

		print_row(kinds[i]->name, runs ? FINDING_OK : FINDING_MISSING,
			  runs ? kinds[i]->help : because);
	}
}

static json_t *findings_to_json(const struct finding *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; doctor_probes[i].name; i++)
		json_array_append_new(
			list,
			json_pack("{ss ss ss ss ss}", "name",
				  doctor_probes[i].name, "group",
				  group_titles[doctor_probes[i].group],
				  "verdict",
				  finding_verdict_name(findings[i].verdict),
				  "text", findings[i].text, "advice",
				  findings[i].advice));
	return list;
}

static json_t *paths_to_json(const struct finding *findings)
{
	const struct kind_desc *const *kinds = lab_kinds();
	json_t *list = json_array();
	char because[REASON_MAX];

	for (size_t i = 0; kinds[i]; i++) {
		bool runs =
			doctor_judge_path(kinds[i]->name, doctor_probes,
					  findings, because, sizeof(because));

		json_array_append_new(
			list, json_pack("{ss sb ss}", "kind", kinds[i]->name,
					"runs", runs, "because", because));
	}
	return list;
}

static void print_json(const struct finding *findings)
{
	json_t *json =
		json_pack("{so so}", "findings", findings_to_json(findings),
			  "paths", paths_to_json(findings));

	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

/* The two paths that every study has. */
static int status_of(const struct finding *findings)
{
	char because[REASON_MAX];

	if (doctor_judge_path("native", doctor_probes, findings, because,
			      sizeof(because)) &&
	    doctor_judge_path("dom0", doctor_probes, findings, because,
			      sizeof(because)))
		return CMD_DONE;
	return CMD_LACKING;
}

/* Disturbances first and alone: booting guests would be one. */
static int examine(struct finding *findings, struct err *err)
{
	int rc = doctor_run(doctor_probes, PROBE_NOISE, PROBE_NOISE, findings,
			    err);

	return rc ? rc
		  : doctor_run(doctor_probes, PROBE_RUN, PROBE_KERNEL, findings,
			       err);
}

/* Findings on standard output; the exit status. */
static int tell(const struct finding *findings, bool json)
{
	if (json) {
		print_json(findings);
	} else {
		print_findings(findings);
		print_paths(findings);
	}
	return status_of(findings);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct doctor_options values = { .json = false };
	struct finding *findings;
	struct err err = ERR_INIT;
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (argc) {
		fprintf(stderr, "vazao doctor: '%s': it takes no arguments\n",
			argv[0]);
		return CMD_USAGE;
	}
	findings =
		calloc(doctor_count_probes(doctor_probes), sizeof(*findings));
	if (!findings || examine(findings, &err))
		status = cmd_fail(command, &err);
	else
		status = tell(findings, values.json);
	free(findings);
	return status;
}

const struct command cmd_doctor = {
	"doctor", "", "what this machine can run, and what would disturb it",
	options, run
};
