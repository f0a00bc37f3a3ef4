/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/simulator.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

/*
 * Chosen so that the SD of one block's ratio comes out near 4 % (a desktop
 * left alone), 5.5 %, 11 % (a shared virtual host), and 8 % on the stalling
 * path.
 */
/* clang-format off */
const struct sim_scenario sim_scenarios[SIM_SCENARIOS] = {
	[SIM_QUIET] = {
		.name = "quiet",
		.fast_sd = 0.03, .fast_tau_s = 2, .slow_sd = 0.01, .slow_tau_s = 1200,
		.white_sd = 0.07,
		.neighbor = { .share = 0.01, .on_s = 0.05, .left = 0.9 },
	},
	[SIM_MODERATE] = {
		.name = "moderate",
		.fast_sd = 0.05, .fast_tau_s = 1, .slow_sd = 0.03, .slow_tau_s = 1200,
		.white_sd = 0.09,
		.neighbor = { .share = 0.05, .on_s = 0.10, .left = 0.8 },
	},
	[SIM_NOISY] = {
		.name = "noisy",
		.fast_sd = 0.10, .fast_tau_s = 0.5, .slow_sd = 0.06, .slow_tau_s = 1200,
		.white_sd = 0.13,
		.neighbor = { .share = 0.20, .on_s = 0.15, .left = 0.65 },
	},
	[SIM_STALLS] = {
		.name = "stalls on one path",
		.fast_sd = 0.05, .fast_tau_s = 1, .slow_sd = 0.03, .slow_tau_s = 1200,
		.white_sd = 0.09,
		.neighbor = { .share = 0.05, .on_s = 0.10, .left = 0.8 },
		.stall = { .share = 0.02, .on_s = 0.02, .left = 0.05 },
	},
};
/* clang-format on */

/* The neighbor's weight on each path, as an exponent. */
static const double sensitivity[SIM_PATHS] = { 1, 1.1, 1.5 };

struct telegraph {
	bool on;
	double until_s; /* of the simulator's time */
};

struct sim {
	const struct sim_scenario *scenario;
	gsl_rng *rng;
	double now_s;
	double fast, slow; /* logarithms */
	struct telegraph neighbor, stall;
};

static double exponential(struct sim *sim, double mean)
{
	return gsl_ran_exponential(sim->rng, mean);
}

static double gaussian(struct sim *sim, double sd)
{
	return gsl_ran_gaussian_ziggurat(sim->rng, sd);
}

static double hold_s(struct sim *sim, const struct sim_burst *burst, bool on)
{
	if (burst->share <= 0)
		return HUGE_VAL;
	if (on)
		return exponential(sim, burst->on_s);
	return exponential(sim,
			   burst->on_s * (1 - burst->share) / burst->share);
}

static void telegraph_start(struct sim *sim, const struct sim_burst *burst,
			    struct telegraph *telegraph)
{
	telegraph->on = gsl_rng_uniform(sim->rng) < burst->share;
	telegraph->until_s = hold_s(sim, burst, telegraph->on);
}

static void telegraph_advance(struct sim *sim, const struct sim_burst *burst,
			      struct telegraph *telegraph)
{
	while (telegraph->until_s <= sim->now_s) {
		telegraph->on = !telegraph->on;
		telegraph->until_s += hold_s(sim, burst, telegraph->on);
	}
}

/* Exact over any step: D. T. Gillespie, Phys. Rev. E 54 (1996) 2084. */
static void ou_advance(struct sim *sim, double *value, double sd, double steps)
{
	double keep = exp(-steps);

	*value = *value * keep + gaussian(sim, sd * sqrt(1 - keep * keep));
}

struct sim *sim_create(const struct sim_scenario *scenario, uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert(sim);
	sim->scenario = scenario;
	sim->rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(sim->rng, seed);
	sim->fast = gaussian(sim, scenario->fast_sd);
	sim->slow = gaussian(sim, scenario->slow_sd);
	telegraph_start(sim, &scenario->neighbor, &sim->neighbor);
	telegraph_start(sim, &scenario->stall, &sim->stall);
	return sim;
}

void sim_free(struct sim *sim)
{
	gsl_rng_free(sim->rng);
	free(sim);
}

void sim_advance(struct sim *sim, double seconds)
{
	const struct sim_scenario *s = sim->scenario;

	sim->now_s += seconds;
	ou_advance(sim, &sim->fast, s->fast_sd, seconds / s->fast_tau_s);
	ou_advance(sim, &sim->slow, s->slow_sd, seconds / s->slow_tau_s);
	telegraph_advance(sim, &s->neighbor, &sim->neighbor);
	telegraph_advance(sim, &s->stall, &sim->stall);
}

double sim_rate(struct sim *sim, int path, double white_sd)
{
	const struct sim_scenario *s = sim->scenario;
	double log_rate = sim->fast + sim->slow;
	double rate;

	/* Half the variance off, so that white noise has mean 1. */
	log_rate += gaussian(sim, white_sd) - white_sd * white_sd / 2;
	rate = exp(log_rate);
	if (sim->neighbor.on)
		rate *= pow(s->neighbor.left, sensitivity[path]);
	if (sim->stall.on && path == SIM_PATHS - 1)
		rate *= s->stall.left;
	return rate;
}

double sim_mean_rate(const struct sim_scenario *scenario, int path)
{
	const struct sim_burst *n = &scenario->neighbor;
	const struct sim_burst *stall = &scenario->stall;
	double mean = 1 - n->share * (1 - pow(n->left, sensitivity[path]));

	if (path == SIM_PATHS - 1)
		mean *= 1 - stall->share * (1 - stall->left);
	return mean;
}

double sim_uniform(struct sim *sim)
{
	return gsl_rng_uniform(sim->rng);
}
