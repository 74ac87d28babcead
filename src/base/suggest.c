#include "carillon/base/suggest.h"

enum { WORD_MAX = 64 };

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment: three rows, because a swap looks two rows back. */
static size_t
edit_distance(struct str a, struct str b)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			unsigned char x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);

			row[j] =
			    smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) &&
			    y == lower(a.ptr[i - 2]) && above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a.len % 3][b.len];
}

struct str
str_nearest(struct str word, const struct str *candidates, size_t n)
{
	struct str nearest = {0};
	size_t least = SIZE_MAX;

	if (word.len == 0 || word.len > WORD_MAX)
		return nearest;
	for (size_t i = 0; i < n; i++) {
		size_t longer = word.len > candidates[i].len ? word.len : candidates[i].len;

		if (candidates[i].len == 0 || longer > WORD_MAX)
			continue;
		size_t distance = edit_distance(word, candidates[i]);
		if (distance < least && distance <= (longer + 2) / 3) {
			least = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

const char *
words_format(char *text, size_t size, const struct str *words, size_t n)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++) {
		const char *before = i == 0 ? "" : i + 1 == n ? " or " : ", ";
		int more =
		    snprintf(text + len, size - len, "%s%.*s", before, STR_ARG(words[i]));

		len += more > 0 ? (size_t)more : 0;
	}
	return text;
}
