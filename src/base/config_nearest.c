#include "base/config_table.h"

enum { NAME_LEN_MAX = 48, FAR = 1000 };

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/*
 * Letters inserted, dropped, changed or swapped with the next one on the way from `a` to `b`
 * (optimal string alignment). Three rows of the usual table: two back for the swap.
 */
static size_t
distance(struct str a, struct str b)
{
	size_t rows[3][NAME_LEN_MAX + 1];
	if (a.len > NAME_LEN_MAX || b.len > NAME_LEN_MAX)
		return FAR;
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t changed = a.ptr[i - 1] != b.ptr[j - 1];
			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + changed);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1])
				row[j] = least(row[j], above2[j - 2] + 1, FAR);
		}
	}
	return rows[a.len % 3][b.len];
}

const struct setting *
setting_nearest(struct str name)
{
	/* A third of the letters wrong is a typing mistake; more is another word. */
	size_t best = name.len / 3 + 1;
	const struct setting *nearest = NULL;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		size_t d = distance(name, str_of(settings[i].name));
		if (d < best) {
			best = d;
			nearest = &settings[i];
		}
	}
	return nearest;
}
