/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/live_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/matrix.h"
#include "report/report.h"
#include "store/scan.h"
#include "store/store.h"

static int write_report(struct store *store, const struct report_ops *ops,
			FILE *out, struct err *err)
{
	struct report_args args = { .store = store, .out = out, .live = true };
	struct matrix *matrix = NULL;
	int rc = matrix_load(&matrix, store, err);

	args.matrix = matrix;
	if (!rc)
		rc = ops->write(&args, err);
	matrix_free(matrix);
	return rc;
}

int live_view_report(const char *dir, const char *format, char **text,
		     size_t *size, struct err *err)
{
	const struct report_ops *ops = report_find(format, err);
	struct store *store;
	FILE *out;
	int rc;

	*text = NULL;
	*size = 0;
	if (!ops)
		return -EINVAL;
	rc = store_open(&store, dir, STORE_READ, err);
	if (rc)
		return rc;
	out = open_memstream(text, size);
	rc = out ? write_report(store, ops, out, err)
		 : err_sys(err, errno, "%s", dir);
	if (out && fclose(out) && !rc)
		rc = err_sys(err, errno, "%s", dir);
	store_close(store);
	if (rc) {
		free(*text);
		*text = NULL;
	}
	return rc;
}

struct taker {
	json_t *blocks;
	size_t most;
	int64_t *last;
};

static int take(void *arg, const struct store_block *block, struct err *err)
{
	const struct taker *taker = arg;
	json_t *rates = json_array();

	(void)err;
	*taker->last = block->id;
	for (size_t i = 0; i < block->measurements; i++) {
		size_t path = (size_t)block->measurement[i].path;

		while (json_array_size(rates) <= path)
			json_array_append_new(rates, json_null());
		json_array_set_new(
			rates, path,
			json_real(block->measurement[i].throughput_mbps));
	}
	if (block->discarded) {
		json_decref(rates);
		return 0;
	}
	if (json_array_size(taker->blocks) >= taker->most)
		json_array_remove(taker->blocks, 0);
	json_array_append_new(taker->blocks,
			      json_pack("[I i o]", (json_int_t)block->id,
					block->point, rates));
	return 0;
}

int live_view_blocks(const char *dir, json_t *blocks, size_t most,
		     int64_t *last, struct err *err)
{
	const struct store_scan scan = { .detail = STORE_RATES,
					 .after = *last };
	struct taker taker = { blocks, most, last };
	struct store *store;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = store_each_block(store, &scan, take, &taker, err);
	store_close(store);
	return rc;
}
