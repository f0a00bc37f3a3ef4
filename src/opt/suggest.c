/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "opt/suggest.h"

#include <stddef.h>
#include <string.h>

#define WORD_MAX 40 /* longer words get no suggestion */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment distance, three rows at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t replaced = a[i - 1] != b[j - 1];

			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + replaced);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < row[j])
				row[j] = rows[(i - 2) % 3][j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

const char *suggest_name(const char *word, const char *const *names)
{
	size_t length = strlen(word);
	size_t nearest = (length + 2) / 3 + 1;
	const char *best = NULL;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; names[i]; i++) {
		size_t d, letters = strlen(names[i]);

		if (length > 1 && strncmp(word, names[i], length) == 0)
			return names[i];
		d = letters > WORD_MAX ? nearest : distance(word, names[i]);
		if (d < nearest && d < letters) {
			best = names[i];
			nearest = d;
		}
	}
	return best;
}
