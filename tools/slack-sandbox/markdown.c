#include "markdown.h"

#include "constant.h"

enum line_kind {
	LINE_BLANK,
	LINE_TEXT,
	LINE_HEADING,
	LINE_RULE,
	LINE_TABLE,
	LINE_FENCE,
	LINE_BULLET,
	LINE_NUMBER,
	LINE_QUOTE,
};

/* A line without its marks. */
struct line {
	enum line_kind kind;
	struct str text;
};

static struct str
without(struct str s, size_t len)
{
	return (struct str){s.ptr + len, s.len - len};
}

static struct str
trimmed(struct str s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = without(s, 1);
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\r'))
		s.len--;
	return s;
}

static bool
is_rule(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != s.ptr[0])
			return false;
	return s.len >= 3 && strchr("-*_", s.ptr[0]);
}

static size_t
run_of(struct str s, const char *characters)
{
	size_t len = 0;
	while (len < s.len && strchr(characters, s.ptr[len]))
		len++;
	return len;
}

static struct line
line_read(struct str raw)
{
	struct str s = trimmed(raw);
	size_t hashes = run_of(s, "#"), digits = run_of(s, "0123456789");
	if (!s.len)
		return (struct line){LINE_BLANK, s};
	if (str_starts_with(s, STR("```")))
		return (struct line){LINE_FENCE, s};
	if (hashes && hashes <= 6 && hashes < s.len && s.ptr[hashes] == ' ')
		return (struct line){LINE_HEADING, trimmed(without(s, hashes))};
	if (is_rule(s))
		return (struct line){LINE_RULE, s};
	if (s.ptr[0] == '|')
		return (struct line){LINE_TABLE, s};
	if (s.ptr[0] == '>')
		return (struct line){LINE_QUOTE, trimmed(without(s, 1))};
	if (s.len > 1 && strchr("-*+", s.ptr[0]) && s.ptr[1] == ' ')
		return (struct line){LINE_BULLET, trimmed(without(s, 1))};
	if (digits && digits + 1 < s.len && s.ptr[digits] == '.' && s.ptr[digits + 1] == ' ')
		return (struct line){LINE_NUMBER, trimmed(without(s, digits + 1))};
	return (struct line){LINE_TEXT, s};
}

/* Takes the next line, with `raw` as it stood. False after the last. */
static bool
line_next(struct str *rest, struct str *raw)
{
	if (!rest->len)
		return false;
	const char *end = memchr(rest->ptr, '\n', rest->len);
	*raw = (struct str){rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
	*rest = without(*rest, raw->len + (end ? 1 : 0));
	return true;
}

int
markdown_parts(struct str text)
{
	struct str raw;
	int parts = 0;
	enum line_kind before = LINE_BLANK;
	bool is_fenced = false;
	while (line_next(&text, &raw)) {
		enum line_kind kind = line_read(raw).kind;
		is_fenced ^= kind == LINE_FENCE;
		if (is_fenced || kind == LINE_FENCE)
			kind = LINE_TEXT;
		if (kind == LINE_BLANK)
			continue;
		bool is_alone = kind == LINE_HEADING || kind == LINE_RULE;
		bool was_alone = before == LINE_HEADING || before == LINE_RULE;
		bool is_other_kind = (kind == LINE_TABLE) != (before == LINE_TABLE);
		parts += parts == 0 || is_alone || was_alone || is_other_kind;
		before = kind;
	}
	return parts > 0 ? parts : 1;
}

/* --- within a line --- */

static const struct {
	struct str mark;
	enum node_kind kind;
} marks[] = {{CONSTANT_STR("**"), NODE_BOLD}, {CONSTANT_STR("__"), NODE_BOLD},
    {CONSTANT_STR("~~"), NODE_STRIKE}, {CONSTANT_STR("*"), NODE_ITALIC},
    {CONSTANT_STR("_"), NODE_ITALIC}, {CONSTANT_STR("`"), NODE_CODE}};

static void read_words(const struct mrkdwn *m, struct node *into, struct str s);

static size_t
read_marked(const struct mrkdwn *m, struct node *into, struct str s)
{
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		size_t len = marks[i].mark.len;
		if (!str_starts_with(s, marks[i].mark) || s.len <= 2 * len || s.ptr[len] == ' ')
			continue;
		const char *end = memmem(s.ptr + len, s.len - len, marks[i].mark.ptr, len);
		if (!end || end == s.ptr + len)
			continue;
		struct str inner = {s.ptr + len, (size_t)(end - s.ptr) - len};
		struct node *n = node_add(m->arena, into, marks[i].kind);
		if (marks[i].kind == NODE_CODE)
			(void)node_add_text(m->arena, n, inner);
		else
			read_words(m, n, inner);
		return inner.len + 2 * len;
	}
	return 0;
}

/* [label](address), or an image, of which Slack shows the same. */
static size_t
read_link(const struct mrkdwn *m, struct node *into, struct str s)
{
	size_t from = s.ptr[0] == '!' ? 1 : 0;
	const char *end = s.ptr + s.len, *open = s.ptr + from;
	if (open >= end || *open != '[')
		return 0;
	const char *middle = memmem(open, (size_t)(end - open), "](", 2);
	const char *close = middle ? memchr(middle, ')', (size_t)(end - middle)) : NULL;
	if (!close)
		return 0;
	struct node *n = node_add(m->arena, into, NODE_LINK);
	n->target = (struct str){middle + 2, (size_t)(close - middle) - 2};
	plain_read(m, n, (struct str){open + 1, (size_t)(middle - open) - 1}, true);
	return (size_t)(close - s.ptr) + 1;
}

static void
read_words(const struct mrkdwn *m, struct node *into, struct str s)
{
	size_t done = 0, i = 0;
	while (i < s.len) {
		struct node found = {0};
		struct str rest = without(s, i);
		size_t taken = strchr("[!", s.ptr[i])     ? read_link(m, &found, rest)
		               : strchr("*_~`", s.ptr[i]) ? read_marked(m, &found, rest)
		                                          : 0;
		if (!taken) {
			i++;
			continue;
		}
		if (i > done)
			plain_read(m, into, (struct str){s.ptr + done, i - done}, true);
		node_adopt(into, &found);
		i += taken;
		done = i;
	}
	if (s.len > done)
		plain_read(m, into, without(s, done), true);
}

/* --- lines --- */

static enum node_kind
kind_around(enum line_kind kind)
{
	switch (kind) {
	case LINE_BULLET: return NODE_BULLETS;
	case LINE_NUMBER: return NODE_NUMBERS;
	case LINE_QUOTE: return NODE_QUOTE;
	default: return NODE_PARAGRAPH;
	}
}

/* Lines of one kind after another share what is around them. */
static void
read_line(const struct mrkdwn *m, struct node *into, struct line line, enum line_kind before)
{
	if (line.kind == LINE_RULE) {
		(void)node_add(m->arena, into, NODE_DIVIDER);
		return;
	}
	if (line.kind == LINE_HEADING) {
		read_words(m, node_add(m->arena, into, NODE_HEADER), line.text);
		return;
	}
	bool goes_on = line.kind == before && into->last;
	struct node *around =
	    goes_on ? into->last : node_add(m->arena, into, kind_around(line.kind));
	if (around->kind == NODE_BULLETS || around->kind == NODE_NUMBERS)
		around = node_add(m->arena, around, NODE_ITEM);
	else if (goes_on)
		(void)node_add(m->arena, around, NODE_BREAK);
	read_words(m, around, line.text);
}

void
markdown_read(const struct mrkdwn *m, struct node *into, struct str text)
{
	struct str raw;
	enum line_kind before = LINE_BLANK;
	struct node *code = NULL;
	while (line_next(&text, &raw)) {
		struct line line = line_read(raw);
		if (line.kind == LINE_FENCE) {
			code = code ? NULL : node_add(m->arena, into, NODE_PRE);
		} else if (code) {
			if (code->first)
				(void)node_add(m->arena, code, NODE_BREAK);
			(void)node_add_text(m->arena, code, raw);
		} else if (line.kind != LINE_BLANK) {
			read_line(m, into, line, before);
		}
		before = line.kind;
	}
}
