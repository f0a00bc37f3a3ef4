/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/counters.h"

json_t *counters_subtract(const json_t *after, const json_t *before)
{
	const char *key;
	json_t *now, *result;

	if (!after)
		return NULL;
	result = json_object();
	json_object_foreach((json_t *)after, key, now) {
		const json_t *then = json_object_get(before, key);

		if (json_is_object(now))
			json_object_set_new(result, key,
					    counters_subtract(now, then));
		else if (json_is_integer(now))
			json_object_set_new(
				result, key,
				json_integer(json_integer_value(now) -
					     json_integer_value(then)));
	}
	return result;
}
