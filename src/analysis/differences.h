/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * differences.h - which settings the nodes of a study do not have alike.
 * Of this room alone. A comparison is fair or it says that it is not.
 */
#ifndef VAZAO_ANALYSIS_DIFFERENCES_H
#define VAZAO_ANALYSIS_DIFFERENCES_H

#include <jansson.h>

/*
 * From {"M2": {"key": "value"}, ...} to [{"key", "values": {node: value}}],
 * by key; null where a node does not have the key. A new reference; NULL
 * where memory is short.
 */
json_t *differences_find(const json_t *settings);

#endif
