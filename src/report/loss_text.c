/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/loss_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/words.h"

#define SHOWN 3

static void write_cell(const struct matrix *m, const struct loss_cell *cell,
		       const struct prose *prose)
{
	char where[256] = "", point[WORDS_MAX];

	point_format(cell->cell->point, point, sizeof(point));
	for (size_t i = 0; i < cell->places && i < SHOWN; i++)
		text_append(where, sizeof(where), "%s%.0f %% at %s",
			    i ? ", " : "",
			    100 * cell->place[i].count / cell->all,
			    cell->place[i].name);
	prose_bullet(prose, "%s, %s: %s.", m->path[cell->cell->path].name,
		     point, where);
}

void loss_write(const struct matrix *matrix, const struct loss_places *places,
		const struct prose *prose)
{
	if (!places->cells)
		return;
	prose_heading(prose, "Where datagrams are lost");
	for (size_t i = 0; i < places->cells; i++)
		write_cell(matrix, &places->cell[i], prose);
	prose_paragraph(prose,
			"Shares of what the kernels counted as dropped in all "
			"good blocks, sockets and interfaces; a loss that no "
			"kernel on the way counts, such as in a guest's own "
			"driver, is not among them.");
}
