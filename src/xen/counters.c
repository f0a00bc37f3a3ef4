/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/counters.h"

#include <stddef.h>

struct row {
	const char *name;
	size_t offset;
};

#define ROW(field)                                             \
	{                                                      \
#field, offsetof(struct netif_counters, field) \
	}

static const struct row rows[] = {
	ROW(tx_frames),	    ROW(tx_bytes),     ROW(tx_slots),
	ROW(rx_frames),	    ROW(rx_bytes),     ROW(rx_slots),
	ROW(tx_dropped),    ROW(rx_dropped),   ROW(tx_errors),
	ROW(rx_errors),	    ROW(filtered),     ROW(notify_sent),
	ROW(notify_spared), ROW(events),       ROW(storms),
	ROW(sleeps),	    ROW(flips),	       ROW(remaps),
	ROW(copies),	    ROW(copied_bytes), ROW(header_copies),
	ROW(tx_ring_full),  ROW(rx_ring_full), ROW(credit_waits),
	ROW(aggregated),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

_Static_assert(ROWS * sizeof(uint64_t) == sizeof(struct netif_counters),
	       "every counter has its row");

static uint64_t *field(const struct netif_counters *c, size_t row)
{
	return (uint64_t *)((char *)c + rows[row].offset);
}

json_t *netif_counters_to_json(const struct netif_counters *counters)
{
	json_t *json = json_object();

	for (size_t i = 0; i < ROWS; i++)
		json_object_set_new(
			json, rows[i].name,
			json_integer((json_int_t)*field(counters, i)));
	return json;
}

void netif_counters_add(struct netif_counters *sum,
			const struct netif_counters *counters)
{
	for (size_t i = 0; i < ROWS; i++)
		*field(sum, i) += *field(counters, i);
}
