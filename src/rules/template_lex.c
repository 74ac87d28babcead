#include "template_lex.h"

#include "carillon/rules/characters.h"

#include <stdarg.h>

bool
template_fail(struct template_error *e, struct str source, size_t offset, const char *advice,
    const char *fmt, ...)
{
	*e = (struct template_error){0};
	json_position(source, offset, &e->line, &e->column);
	va_list args;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	(void)str_copy(e->advice, sizeof(e->advice), str_of(advice));
	/* A cut sentence must stay text. */
	e->text[str_utf8_cut(str_of(e->text), sizeof(e->text))] = '\0';
	return false;
}

bool
template_suggest(struct template_error *e, struct str word)
{
	(void)str_copy(e->suggestion, sizeof(e->suggestion), word);
	return false;
}

/* Bytes of the blank at `at`: those that Liquid trims and skips, or 0. */
static size_t
blank_at(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.ptr + at;
	if (at >= s.len)
		return 0;
	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	if (at + 2 <= s.len && p[0] == 0xc2 && p[1] == 0xa0)
		return 2;
	if (at + 3 > s.len || p[0] < 0xe1)
		return 0;
	int c = (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	if (p[0] > 0xe3)
		return 0;
	bool is_blank = c == 0x1680 || c == 0x180e || (c >= 0x2000 && c <= 0x200a) ||
	                c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
	return is_blank ? 3 : 0;
}

static struct str
trim_left(struct str s)
{
	size_t at = 0;
	for (size_t n; (n = blank_at(s, at)) > 0;)
		at += n;
	return (struct str){s.ptr + at, s.len - at};
}

static struct str
trim_right(struct str s)
{
	while (s.len > 0) {
		size_t first = s.len - 1;
		while (first > 0 && ((unsigned char)s.ptr[first] & 0xc0) == 0x80)
			first--;
		if (blank_at(s, first) != s.len - first)
			break;
		s.len = first;
	}
	return s;
}

static bool
is_next(struct str s, size_t at, const char *word)
{
	size_t len = strlen(word);
	return s.len - at >= len && memcmp(s.ptr + at, word, len) == 0;
}

static bool
is_word_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '?' || c >= 0x80;
}

/* Where {% endraw %} begins at or after `at`, or the end. A dash before the word hides it. */
static size_t
find_endraw(struct str s, size_t at)
{
	for (; at < s.len; at++) {
		if (!is_next(s, at, "{%"))
			continue;
		size_t word = at + 2;
		for (size_t n; (n = blank_at(s, word)) > 0;)
			word += n;
		if (is_next(s, word, "endraw") &&
		    (word + 6 == s.len || !is_word_char((unsigned char)s.ptr[word + 6])))
			return at;
	}
	return s.len;
}

static size_t
find_text_end(const struct lexer *l)
{
	if (l->in_raw)
		return find_endraw(l->source, l->at);
	size_t at = l->at;
	while (at < l->source.len && !is_next(l->source, at, "{{") &&
	       !is_next(l->source, at, "{%"))
		at++;
	return at;
}

static void
lexer_text(struct lexer *l, size_t end, struct chunk *c)
{
	struct str text = {l->source.ptr + l->at, end - l->at};
	if (l->trim)
		text = trim_left(text);
	bool dash = !l->in_raw && end + 2 < l->source.len && l->source.ptr[end + 2] == '-';
	*c = (struct chunk){CHUNK_TEXT, dash ? trim_right(text) : text};
	l->trim = false;
	l->at = end;
}

/* Past a quoted string, or 0 when it is never closed. */
static size_t
skip_quoted(struct str s, size_t at)
{
	char quote = s.ptr[at++];
	for (; at < s.len; at++) {
		if (s.ptr[at] == quote)
			return at + 1;
		if (s.ptr[at] == '\\')
			at++;
	}
	return 0;
}

/* Where the closing delimiter begins, or the end. Liquid minds quotes in outputs, not in tags.
 */
static size_t
find_close(const struct lexer *l, bool is_tag)
{
	size_t at = l->at + 2;
	while (at < l->source.len && !is_next(l->source, at, is_tag ? "%}" : "}}")) {
		char c = l->source.ptr[at];
		at = !is_tag && (c == '"' || c == '\'') ? skip_quoted(l->source, at) : at + 1;
		if (at == 0)
			return l->source.len;
	}
	return at;
}

static bool
lexer_delimited(struct lexer *l, bool is_tag, struct chunk *c)
{
	size_t close = find_close(l, is_tag);
	if (close >= l->source.len)
		return template_fail(l->e, l->source, l->at, is_tag ? "add %}" : "add }}",
		    is_tag ? "{%% is never closed" : "{{ is never closed");
	struct str inside = {l->source.ptr + l->at + 2, close - l->at - 2};
	if (inside.len > 0 && inside.ptr[0] == '-')
		inside = (struct str){inside.ptr + 1, inside.len - 1};
	l->trim = inside.len > 0 && inside.ptr[inside.len - 1] == '-';
	inside.len -= l->trim;
	*c = (struct chunk){is_tag ? CHUNK_TAG : CHUNK_OUTPUT, trim_left(trim_right(inside))};
	l->at = close + 2;
	if (!is_tag)
		return true;
	bool is_raw = str_starts_with(c->text, STR("raw")) &&
	              (c->text.len == 3 || !is_word_char((unsigned char)c->text.ptr[3]));
	if (is_raw)
		l->trim = false;
	l->in_raw = is_raw;
	return true;
}

bool
lexer_next(struct lexer *l, struct chunk *c)
{
	if (l->at >= l->source.len) {
		*c = (struct chunk){CHUNK_END, {l->source.ptr + l->source.len, 0}};
		return true;
	}
	size_t end = find_text_end(l);
	if (end > l->at) {
		lexer_text(l, end, c);
		return true;
	}
	return lexer_delimited(l, l->source.ptr[l->at + 1] == '%', c);
}

struct scanner
scanner_of(const struct lexer *l, struct str inside, struct arena *a)
{
	size_t at = (size_t)(inside.ptr - l->source.ptr);
	return (struct scanner){
	    .source = l->source, .at = at, .end = at + inside.len, .arena = a, .e = l->e};
}

void
scan_blank(struct scanner *s)
{
	struct str inside = {s->source.ptr, s->end};
	for (size_t n; (n = blank_at(inside, s->at)) > 0;)
		s->at += n;
}

bool
scan_is_end(struct scanner *s)
{
	scan_blank(s);
	return s->at >= s->end;
}

char
scan_peek(const struct scanner *s)
{
	return s->at < s->end ? s->source.ptr[s->at] : '\0';
}

bool
scan_char(struct scanner *s, char c)
{
	scan_blank(s);
	if (scan_peek(s) != c)
		return false;
	s->at++;
	return true;
}

static size_t
word_end(const struct scanner *s)
{
	struct str inside = {s->source.ptr, s->end};
	size_t at = s->at;
	while (at < s->end && is_word_char((unsigned char)s->source.ptr[at]) &&
	       blank_at(inside, at) == 0 && !is_next(inside, at, "\xe2\x80\x9c") &&
	       !is_next(inside, at, "\xe2\x80\x9d"))
		at++;
	return at;
}

struct str
scan_word(struct scanner *s)
{
	scan_blank(s);
	size_t end = word_end(s);
	struct str word = {s->source.ptr + s->at, end - s->at};
	s->at = end;
	return word;
}

bool
scan_number(struct scanner *s, struct str *text)
{
	scan_blank(s);
	size_t at = s->at, digits = 0;
	bool point = false;
	if (at < s->end && s->source.ptr[at] == '-')
		at++;
	for (; at < s->end; at++) {
		char c = s->source.ptr[at];
		bool is_digit = c >= '0' && c <= '9';
		if (!is_digit && (c != '.' || point || digits == 0))
			break;
		digits += is_digit;
		point |= c == '.';
	}
	bool goes_on = at < s->end && (is_word_char((unsigned char)s->source.ptr[at]) ||
					  s->source.ptr[at] == '.');
	if (digits == 0 || goes_on)
		return false;
	*text = (struct str){s->source.ptr + s->at, at - s->at};
	s->at = at;
	return true;
}

/* The escape after a backslash at `*at`, up to `end`. Returns bytes put, 0 if it is refused. */
static size_t
unescape_one(const char *p, size_t *at, size_t end, char *to)
{
	static const char letters[] = "bfnrtv", meanings[] = "\b\f\n\r\t\v";
	char c = p[*at];
	const char *letter = c ? strchr(letters, c) : NULL;
	if (letter || c != 'u') {
		if (c >= '0' && c <= '7')
			return 0;
		to[0] = letter ? meanings[letter - letters] : c;
		(*at)++;
		return 1;
	}
	unsigned value = 0;
	int digits = 0;
	for ((*at)++; digits < 4 && *at < end && hex_digit(p[*at]) >= 0; digits++, (*at)++)
		value = value * 16 + (unsigned)hex_digit(p[*at]);
	bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
	return digits == 4 && value != 0 && !is_surrogate ? character_put(to, value) : 0;
}

/* Liquid's escapes are JavaScript's. Octal, \0 and halves of a surrogate pair are refused. */
static bool
unescape(struct scanner *s, size_t first, size_t end, struct str *text)
{
	char *to = arena_must(s->arena, end - first + CHARACTER_BYTES_MAX);
	size_t len = 0;
	for (size_t at = first; at < end;) {
		if (s->source.ptr[at] != '\\') {
			to[len++] = s->source.ptr[at++];
			continue;
		}
		size_t escape = at++;
		size_t n = unescape_one(s->source.ptr, &at, end, to + len);
		if (n == 0)
			return template_fail(s->e, s->source, escape,
			    "write the character itself", "this escape is not supported");
		len += n;
	}
	*text = (struct str){to, len};
	return true;
}

bool
scan_string(struct scanner *s, struct str *text)
{
	struct str inside = {s->source.ptr, s->end};
	size_t first = s->at + 1, after = skip_quoted(inside, s->at);
	if (after == 0)
		return template_fail(
		    s->e, s->source, s->at, "close the quote", "a quoted text is never closed");
	s->at = after;
	*text = (struct str){s->source.ptr + first, after - 1 - first};
	if (text->len == 0 || !memchr(text->ptr, '\\', text->len))
		return true;
	return unescape(s, first, after - 1, text);
}
