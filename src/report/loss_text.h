/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loss_text.h - where datagrams were lost, in words. Called by explain_text.c.
 * It measures and reads nothing. */
#ifndef VAZAO_REPORT_LOSS_TEXT_H
#define VAZAO_REPORT_LOSS_TEXT_H

#include "analysis/loss_place.h"
#include "report/prose.h"

/* Nothing where there is none. */
void loss_write(const struct matrix *matrix, const struct loss_places *places,
		const struct prose *prose);

#endif
