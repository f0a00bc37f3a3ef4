/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * simulator.h - a host whose speed wavers, with known truth, for tests only.
 *
 * Every path's rate is a base times what happens to the host:
 *   fast OU   seconds: scheduling, caches, frequency
 *   slow OU   tens of minutes: what else the host does, heat; the drift
 *   neighbor  on and off (exponential times): all paths slow down, a virtual
 *             one more than the native one, which is part of the truth
 *   stalls    on and off, on one path only; part of the truth too
 *   white     of one 10 ms slice
 * OU is an Ornstein-Uhlenbeck process of the logarithm of the rate. All are
 * stationary, so that a path's long-run efficiency has a closed form.
 */
#ifndef VAZAO_STATS_SIMULATOR_H
#define VAZAO_STATS_SIMULATOR_H

#include <stddef.h>
#include <stdint.h>

#define SIM_PATHS 3 /* 0 is the reference */

struct sim_burst {
	double share; /* of time that it is on */
	double on_s;  /* mean length */
	double left;  /* of the rate, while it is on */
};

struct sim_scenario {
	const char *name;
	double fast_sd, fast_tau_s;
	double slow_sd, slow_tau_s;
	double white_sd;
	struct sim_burst neighbor; /* left: the reference's */
	struct sim_burst stall;	   /* on path SIM_PATHS - 1 */
};

/* docs/statistics.md shows what the estimator makes of each. */
enum { SIM_QUIET, SIM_MODERATE, SIM_NOISY, SIM_STALLS, SIM_SCENARIOS };
extern const struct sim_scenario sim_scenarios[SIM_SCENARIOS];

struct sim;

struct sim *sim_create(const struct sim_scenario *scenario, uint64_t seed);
void sim_free(struct sim *sim);

/* Time goes on. */
void sim_advance(struct sim *sim, double seconds);

/* The path's rate now over its base, with white noise of `white_sd`. */
double sim_rate(struct sim *sim, int path, double white_sd);

/* Mean of sim_rate() in the long run, the OU's equal share left out. */
double sim_mean_rate(const struct sim_scenario *scenario, int path);

/* Uniform in [0, 1). */
double sim_uniform(struct sim *sim);

#endif
