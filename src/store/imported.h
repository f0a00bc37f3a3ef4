/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * imported.h - what other tools measured, kept beside a study's own blocks:
 * one number a cell, without a history. Called by cmd/import.c, which writes,
 * and by the analysis.
 */
#ifndef VAZAO_STORE_IMPORTED_H
#define VAZAO_STORE_IMPORTED_H

#include "base/err.h"
#include "store/store.h"

struct store_imported {
	char path[32];			 /* as the reports call it: "iperf3" */
	int point;			 /* id */
	char tool[16];			 /* "iperf3", "netperf", "flent" */
	char source[256];		 /* file */
	double throughput_mbps, seconds; /* 0: not told */
};

/* Takes the place of what that path has at that point. */
int store_add_imported(struct store *store,
		       const struct store_imported *imported, struct err *err);

/* By path, then by point; *imported is malloc'ed. */
int store_load_imported(struct store *store, struct store_imported **imported,
			size_t *count, struct err *err);

#endif
