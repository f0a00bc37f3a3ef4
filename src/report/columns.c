/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/columns.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

static json_t *path(const struct matrix *matrix, const struct cell *cell)
{
	return json_string(matrix->path[cell->path].name);
}

const struct column column_path = { "path", path };

json_t *column_axis(const struct cell *cell, enum axis axis)
{
	int64_t value = cell->point->value[axis];

	if (!axis_applies(axis, cell->point))
		return json_null();
	if (axis_table[axis].kind == AXIS_IS_CHOICE)
		return json_string(axis_table[axis].choices[value]);
	return json_integer(value);
}

static json_t *real(bool valid, double value)
{
	return valid ? json_real(value) : json_null();
}

#define REAL_COLUMN(name, valid, value)                  \
	static json_t *name(const struct matrix *matrix, \
			    const struct cell *cell)     \
	{                                                \
		(void)matrix;                            \
		return real(cell->valid, cell->value);   \
	}

REAL_COLUMN(throughput, throughput.valid, throughput.mean)
REAL_COLUMN(throughput_lo, throughput.n && cell->throughput.valid,
	    throughput.lo)
REAL_COLUMN(throughput_hi, throughput.n && cell->throughput.valid,
	    throughput.hi)
REAL_COLUMN(efficiency, efficiency.valid, efficiency.ratio)
REAL_COLUMN(efficiency_lo, efficiency.valid, efficiency.lo)
REAL_COLUMN(efficiency_hi, efficiency.valid, efficiency.hi)
REAL_COLUMN(half_width, efficiency.valid, efficiency.half_width)
REAL_COLUMN(cpu, cpu_us_per_kb >= 0, cpu_us_per_kb)
REAL_COLUMN(switches, context_switches_per_s >= 0, context_switches_per_s)
REAL_COLUMN(faults, page_faults_per_s >= 0, page_faults_per_s)
REAL_COLUMN(trimmed, trimmed > 0, trimmed)

static json_t *blocks(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return json_integer((json_int_t)cell->blocks);
}

static json_t *status(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return json_string(cell_status_name(cell->status));
}

static json_t *bytes(int64_t value)
{
	return value > 0 ? json_integer(value) : json_null();
}

static json_t *sndbuf(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return bytes(cell->sndbuf_effective);
}

static json_t *rcvbuf(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return bytes(cell->rcvbuf_effective);
}

static json_t *cause(const struct matrix *matrix, const struct cell *cell)
{
	(void)matrix;
	return cell->cause[0] ? json_words(cell->cause) : json_null();
}

/* Of throughput, which counts each transaction's bytes. */
static json_t *per_second(const struct cell *cell, double mbps)
{
	const int64_t *v = cell->point->value;
	int64_t bytes = v[AXIS_REQUEST_SIZE] + v[AXIS_RESPONSE_SIZE];

	return real(cell->throughput.valid &&
			    axis_applies(AXIS_REQUEST_SIZE, cell->point),
		    mbps * 1e6 / 8 / (double)bytes);
}

static bool has_datagrams(const struct cell *cell)
{
	const struct cell_exchange *x = &cell->exchange;

	return x->datagrams + x->lost > 0;
}

#define CELL_COLUMN(name, expression)                    \
	static json_t *name(const struct matrix *matrix, \
			    const struct cell *cell)     \
	{                                                \
		(void)matrix;                            \
		return expression;                       \
	}

#define LATENCY(i) (cell->exchange.latency[i])
#define QUANTILE_COLUMNS(name, i)                                             \
	CELL_COLUMN(name, real(LATENCY(i).value > 0, LATENCY(i).value / 1e3)) \
	CELL_COLUMN(name##_lo, real(LATENCY(i).valid, LATENCY(i).lo / 1e3))   \
	CELL_COLUMN(name##_hi, real(LATENCY(i).valid && !LATENCY(i).open,     \
				    LATENCY(i).hi / 1e3))

CELL_COLUMN(transactions, per_second(cell, cell->throughput.mean))
CELL_COLUMN(transactions_lo, per_second(cell, cell->throughput.lo))
CELL_COLUMN(transactions_hi, per_second(cell, cell->throughput.hi))
QUANTILE_COLUMNS(p50, 0)
QUANTILE_COLUMNS(p99, 1)
QUANTILE_COLUMNS(p9999, 2)
CELL_COLUMN(loss, real(has_datagrams(cell),
		       cell->exchange.lost / (cell->exchange.lost +
					      cell->exchange.datagrams)))
CELL_COLUMN(reordered,
	    real(has_datagrams(cell),
		 cell->exchange.reordered / (cell->exchange.datagrams + 1e-9)))
CELL_COLUMN(jitter, real(has_datagrams(cell), cell->exchange.jitter_us))
CELL_COLUMN(sent, real(has_datagrams(cell), cell->exchange.sent_mbps))

CELL_COLUMN(jain, real(cell->pairs.jain.valid, cell->pairs.jain.mean))
CELL_COLUMN(jain_lo, real(cell->pairs.jain.valid, cell->pairs.jain.lo))
CELL_COLUMN(jain_hi, real(cell->pairs.jain.valid, cell->pairs.jain.hi))
CELL_COLUMN(pair_min, real(cell->pairs.pairs > 0, cell->pairs.min_mbps))
CELL_COLUMN(pair_max, real(cell->pairs.pairs > 0, cell->pairs.max_mbps))

/* A limit is null where it is open. */
static json_t *limit(double value)
{
	return real(value > 0 && isfinite(value), value);
}

CELL_COLUMN(no_loss, limit(cell->no_loss.rate.rate))
CELL_COLUMN(no_loss_lo, limit(cell->no_loss.rate.lo))
CELL_COLUMN(no_loss_hi, limit(cell->no_loss.rate.hi))
CELL_COLUMN(no_loss_efficiency, limit(cell->no_loss.efficiency.rate))
CELL_COLUMN(no_loss_efficiency_lo, limit(cell->no_loss.efficiency.lo))
CELL_COLUMN(no_loss_efficiency_hi, limit(cell->no_loss.efficiency.hi))
CELL_COLUMN(no_loss_trials,
	    cell->no_loss.trials
		    ? json_integer((json_int_t)cell->no_loss.trials)
		    : json_null())

CELL_COLUMN(no_loss_void,
	    cell->no_loss.trials
		    ? json_integer((json_int_t)cell->no_loss.rate.voids)
		    : json_null())
CELL_COLUMN(no_loss_uneven, cell->no_loss.trials
				    ? json_integer(cell->no_loss.rate.uneven)
				    : json_null())

const struct column measured_columns[] = {
	{ "throughput_mbps", throughput },
	{ "throughput_lo", throughput_lo },
	{ "throughput_hi", throughput_hi },
	{ "efficiency", efficiency },
	{ "efficiency_lo", efficiency_lo },
	{ "efficiency_hi", efficiency_hi },
	{ "half_width", half_width },
	{ "blocks", blocks },
	{ "status", status },
	{ "cpu_us_per_kb", cpu },
	{ "context_switches_per_s", switches },
	{ "page_faults_per_s", faults },
	{ "sndbuf_effective", sndbuf },
	{ "rcvbuf_effective", rcvbuf },
	{ "cause", cause },
	{ "efficiency_trimmed", trimmed },
	{ "transactions_per_s", transactions },
	{ "transactions_per_s_lo", transactions_lo },
	{ "transactions_per_s_hi", transactions_hi },
	{ "p50_us", p50 },
	{ "p50_us_lo", p50_lo },
	{ "p50_us_hi", p50_hi },
	{ "p99_us", p99 },
	{ "p99_us_lo", p99_lo },
	{ "p99_us_hi", p99_hi },
	{ "p9999_us", p9999 },
	{ "p9999_us_lo", p9999_lo },
	{ "p9999_us_hi", p9999_hi },
	{ "loss", loss },
	{ "reordered", reordered },
	{ "jitter_us", jitter },
	{ "sent_mbps", sent },
	{ "jain", jain },
	{ "jain_lo", jain_lo },
	{ "jain_hi", jain_hi },
	{ "pair_min_mbps", pair_min },
	{ "pair_max_mbps", pair_max },
	{ "no_loss_mbps", no_loss },
	{ "no_loss_mbps_lo", no_loss_lo },
	{ "no_loss_mbps_hi", no_loss_hi },
	{ "no_loss_efficiency", no_loss_efficiency },
	{ "no_loss_efficiency_lo", no_loss_efficiency_lo },
	{ "no_loss_efficiency_hi", no_loss_efficiency_hi },
	{ "no_loss_trials", no_loss_trials },
	{ "no_loss_void", no_loss_void },
	{ "no_loss_uneven", no_loss_uneven },
	{ NULL, NULL },
};
