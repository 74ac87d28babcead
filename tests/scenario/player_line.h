/*
 * One line of a story, cut into words. Words are separated by blanks; "..." and {...} are one
 * word; '#' starts a comment. Whatever is wrong with a line ends the program with its place.
 */
#pragma once

#include "carillon/base/base.h"

enum { LINE_WORDS_MAX = 40, LINE_BYTES_MAX = 4096 };

struct line {
	const char *file;
	int number;
	int n, at; /* words, and the next one to be taken */
	const char *words[LINE_WORDS_MAX];
	char text[LINE_BYTES_MAX];
};

/* False: an empty line. */
bool line_cut(struct line *l, const char *text);
_Noreturn void line_fail(const struct line *l, const char *fmt, ...) PRINTF(2, 3);

bool line_has_more(const struct line *l);
const char *line_word(struct line *l, const char *what); /* the next; must be there */
/* Takes the next word if it is `word`. */
bool line_takes(struct line *l, const char *word);
void line_wants(struct line *l, const char *word);
void line_wants_end(const struct line *l);
int64_t line_number(struct line *l, const char *what);
/* "40s", "250ms", "5m", "12h", "2d", "0" in ms. */
int64_t line_duration(struct line *l);
bool line_read_duration(const char *text, int64_t *ms);
/* Splits the next word, "a/b" or "a/b/c", at its slashes into exactly `n` parts. */
void line_path(struct line *l, int n, char parts[][128], const char *what);

/* "e7", "e1..e100" or "e1..100" */
enum { LINE_ID_MAX = 128 };
struct line_ids {
	char head[LINE_ID_MAX - 28];
	int64_t first, last; /* 0: `head` is the whole id */
};
struct line_ids line_ids(const struct line *l, const char *word);
/* The id of number `i`, from first to last. */
void line_id(const struct line_ids *ids, int64_t i, char out[static LINE_ID_MAX]);
