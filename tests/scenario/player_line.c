#include "player_line.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
line_fail(const struct line *l, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", l->file, l->number);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* The end of a {...}, which may hold strings with braces. */
static char *
skip_braces(char *s)
{
	int depth = 0;
	bool in_string = false;

	for (; *s; s++) {
		if (*s == '"' && s[-1] != '\\')
			in_string = !in_string;
		depth += !in_string && *s == '{';
		depth -= !in_string && *s == '}';
		if (depth == 0)
			return s + 1;
	}
	return NULL;
}

static char *
skip_word(struct line *l, char *s)
{
	char *end;

	if (*s == '{') {
		end = skip_braces(s);
		if (end == NULL)
			line_fail(l, "a { is not closed");
		return end;
	}
	if (*s == '"') {
		l->words[l->n - 1] = s + 1;
		end = strchr(s + 1, '"');
		if (end == NULL)
			line_fail(l, "a \" is not closed");
		*end = ' ';
		return end;
	}
	return s + strcspn(s, " \t");
}

bool
line_cut(struct line *l, const char *text)
{
	char *s = l->text;

	l->n = l->at = 0;
	if (!str_copy(l->text, sizeof(l->text), str_of(text)))
		line_fail(l, "the line is too long");
	s[strcspn(s, "\n")] = '\0';
	for (s += strspn(s, " \t"); *s != '\0' && *s != '#'; s += strspn(s, " \t")) {
		if (l->n == LINE_WORDS_MAX)
			line_fail(l, "more than %d words", LINE_WORDS_MAX);
		l->words[l->n++] = s;
		s = skip_word(l, s);
		if (*s != '\0')
			*s++ = '\0';
	}
	return l->n > 0;
}

bool
line_has_more(const struct line *l)
{
	return l->at < l->n;
}

const char *
line_word(struct line *l, const char *what)
{
	if (!line_has_more(l))
		line_fail(l, "%s is missing", what);
	return l->words[l->at++];
}

bool
line_takes(struct line *l, const char *word)
{
	if (!line_has_more(l) || strcmp(l->words[l->at], word) != 0)
		return false;
	l->at++;
	return true;
}

void
line_wants(struct line *l, const char *word)
{
	if (!line_takes(l, word))
		line_fail(l, "\"%s\" was expected%s%s", word,
		    line_has_more(l) ? " before " : "",
		    line_has_more(l) ? l->words[l->at] : "");
}

void
line_wants_end(const struct line *l)
{
	if (line_has_more(l))
		line_fail(l, "\"%s\" means nothing here", l->words[l->at]);
}

int64_t
line_number(struct line *l, const char *what)
{
	const char *word = line_word(l, what);
	char *end;
	int64_t n = strtoll(word, &end, 10);

	if (end == word || *end != '\0')
		line_fail(l, "%s: \"%s\" is not a number", what, word);
	return n;
}

bool
line_read_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end;
	int64_t n = strtoll(text, &end, 10);

	*ms = n;
	if (end == text)
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		*ms = n * units[i].ms;
		return true;
	}
	return *end == '\0';
}

int64_t
line_duration(struct line *l)
{
	const char *word = line_word(l, "a duration");
	int64_t ms;

	if (!line_read_duration(word, &ms))
		line_fail(l, "\"%s\" is not a duration such as 250ms, 40s, 5m, 12h", word);
	return ms;
}

void
line_path(struct line *l, int n, char parts[][128], const char *what)
{
	const char *word = line_word(l, what);
	const char *at = word;

	for (int i = 0; i < n; i++) {
		size_t len = strcspn(at, i + 1 < n ? "/" : "");

		if (len == 0 || (at[len] == '\0') != (i + 1 == n) ||
		    !str_copy(parts[i], 128, (struct str){at, len}))
			line_fail(l, "\"%s\" is not %s", word, what);
		at += len + 1;
	}
}

struct line_ids
line_ids(const struct line *l, const char *word)
{
	const char *dots = strstr(word, "..");
	struct line_ids ids = {0};
	size_t head = strcspn(word, "0123456789");

	if (dots == NULL) {
		str_copy(ids.head, sizeof(ids.head), str_of(word));
		return ids;
	}
	str_copy(ids.head, sizeof(ids.head), (struct str){word, head});
	ids.first = strtoll(word + head, NULL, 10);
	dots += 2;
	if (strncmp(dots, ids.head, head) == 0)
		dots += head;
	ids.last = strtoll(dots, NULL, 10);
	if (ids.first < 1 || ids.last < ids.first)
		line_fail(l, "\"%s\" is not a range such as e1..e100", word);
	return ids;
}

void
line_id(const struct line_ids *ids, int64_t i, char out[static LINE_ID_MAX])
{
	snprintf(out, LINE_ID_MAX, i == 0 ? "%s" : "%s%lld", ids->head, (long long)i);
}
