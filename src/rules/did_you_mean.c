#include "did_you_mean.h"

enum { WORD_MAX = 32 };

static int
smallest(int a, int b, int c)
{
	int ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/* Levenshtein's distance, one row at a time. */
static int
word_distance(struct str a, struct str b)
{
	int row[WORD_MAX + 1];
	for (size_t j = 0; j <= b.len; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= a.len; i++) {
		int diagonal = row[0];
		row[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			int same = (a.ptr[i - 1] | 0x20) == (b.ptr[j - 1] | 0x20) ? 0 : 1;
			int above = row[j];
			row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + same);
			diagonal = above;
		}
	}
	return row[b.len];
}

const char *
did_you_mean(struct str word, const char *const *words, size_t n)
{
	if (word.len == 0 || word.len > WORD_MAX)
		return NULL;
	const char *best = NULL;
	int nearest = word.len <= 3 ? 2 : 3; /* one letter wrong in a short word, two in others */
	for (size_t i = 0; i < n; i++) {
		struct str candidate = str_of(words[i]);
		if (candidate.len > WORD_MAX)
			continue;
		int distance = word_distance(word, candidate);
		if (distance < nearest) {
			nearest = distance;
			best = words[i];
		}
	}
	return best;
}
