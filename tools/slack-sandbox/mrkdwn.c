#include "mrkdwn.h"

#include "constant.h"
#include "emoji.h"
#include "reference.h"

enum { TIME_MAX_S = 253402300 /* in thousands: the end of the year 9999 */ };

struct str
mrkdwn_unescape(struct arena *a, struct str s)
{
	static const struct {
		struct str entity;
		char character;
	} entities[] = {{CONSTANT_STR("&amp;"), '&'}, {CONSTANT_STR("&lt;"), '<'},
	    {CONSTANT_STR("&gt;"), '>'}};
	if (!s.len || !memchr(s.ptr, '&', s.len))
		return s;
	char *text = arena_must(a, s.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		struct str rest = {s.ptr + i, s.len - i};
		size_t k = 0;
		while (k < COUNT_OF(entities) && !str_starts_with(rest, entities[k].entity))
			k++;
		text[len++] = k < COUNT_OF(entities) ? entities[k].character : s.ptr[i];
		i += k < COUNT_OF(entities) ? entities[k].entity.len - 1 : 0;
	}
	return (struct str){text, len};
}

void
emoji_add(struct arena *a, struct node *into, struct str name, struct str tone)
{
	struct str character = emoji_find(name), skin = emoji_find(tone);
	struct node *n = node_add(a, into, NODE_EMOJI);
	n->target = name;
	n->text = character.len ? arena_printf(a, "%.*s%.*s", STR_ARG(character), STR_ARG(skin))
	                        : arena_printf(a, ":%.*s:", STR_ARG(name));
}

void
date_add(const struct mrkdwn *m, struct node *into, int64_t unix_s, struct str format,
    struct str url, struct str fallback)
{
	int64_t thousands = unix_s / 1000;
	if (thousands > TIME_MAX_S || thousands < -TIME_MAX_S) {
		(void)node_add_text(m->arena, into, fallback);
		return;
	}
	struct buf out = {0};
	slack_date_write(&out, &m->reader, format, unix_s);
	struct node *n = node_add(m->arena, into, NODE_DATE);
	*n = (struct node){.kind = NODE_DATE,
	    .text = arena_str(m->arena, buf_view(&out)),
	    .target = url,
	    .note = format,
	    .other = fallback,
	    .number = unix_s};
	buf_fini(&out);
}

/* The code point that ends before `at`, or begins at it; 0 if there is none. */
static uint32_t
code_point_at(struct str s, size_t at)
{
	if (at >= s.len)
		return 0;
	unsigned char c = (unsigned char)s.ptr[at];
	int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
	uint32_t point = more ? c & (0x3FU >> more) : c;
	for (int i = 1; i <= more && at + (size_t)i < s.len; i++)
		point = point << 6 | ((unsigned char)s.ptr[at + (size_t)i] & 0x3FU);
	return point;
}

static uint32_t
code_point_before(struct str s, size_t at)
{
	while (at > 0 && ((unsigned char)s.ptr[at - 1] & 0xC0) == 0x80)
		at--;
	return at ? code_point_at(s, at - 1) : 0;
}

/* Letters and digits of any script: a mark beside one is no mark. */
static bool
is_word_char(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} others[] = {{0x80, 0xBF}, {0xD7, 0xD7}, {0xF7, 0xF7}, {0x2000, 0x2BFF},
	    {0x3000, 0x303F}, {0xFE00, 0xFE0F}, {0xFF00, 0xFF0F}, {0x1F000, 0x10FFFF}};
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		       (c >= 'a' && c <= 'z');
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (c >= others[i].first && c <= others[i].last)
			return false;
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static enum node_kind
kind_of_mark(char mark)
{
	return mark == '*' ? NODE_BOLD : mark == '_' ? NODE_ITALIC : NODE_STRIKE;
}

/* Where the mark at `i` is closed, or 0 if it opens nothing. */
static size_t
find_closing(struct str s, size_t i)
{
	char mark = s.ptr[i];
	if (i + 2 >= s.len || is_space(s.ptr[i + 1]) || s.ptr[i + 1] == mark)
		return 0;
	if (i > 0 && (s.ptr[i - 1] == mark || is_word_char(code_point_before(s, i))))
		return 0;
	for (size_t k = i + 1; k < s.len && s.ptr[k] != '\n'; k++) {
		if (s.ptr[k] != mark)
			continue;
		bool is_end = !is_space(s.ptr[k - 1]) &&
		              !is_word_char(code_point_at(s, k + 1)) &&
		              (k + 1 >= s.len || s.ptr[k + 1] != mark);
		return is_end ? k : 0;
	}
	return 0;
}

/* The bytes of a bare address at `i`, or 0. */
static size_t
address_at(struct str s, size_t i)
{
	struct str rest = {s.ptr + i, s.len - i};
	if (!str_starts_with(rest, STR("http://")) && !str_starts_with(rest, STR("https://")))
		return 0;
	if (i > 0 && is_word_char(code_point_before(s, i)))
		return 0;
	size_t len = 0;
	while (len < rest.len && !is_space(rest.ptr[len]) && !strchr("<>|\"`", rest.ptr[len]))
		len++;
	while (len && strchr(".,;:!?)]}'*_~", rest.ptr[len - 1]))
		len--;
	return len > 8 ? len : 0;
}

/* The name of ":name:" at `i`, or an empty string. */
static struct str
emoji_at(struct str s, size_t i)
{
	size_t k = i + 1;
	while (k < s.len && (strchr("_+'-", s.ptr[k]) || (s.ptr[k] >= '0' && s.ptr[k] <= '9') ||
				(s.ptr[k] >= 'a' && s.ptr[k] <= 'z')))
		k++;
	struct str name = {s.ptr + i + 1, k - i - 1};
	if (k >= s.len || s.ptr[k] != ':' || !emoji_find(name).len)
		return (struct str){NULL, 0};
	return name;
}

/* Reads an emoji at `i` and returns the bytes it takes, or 0. */
static size_t
read_emoji(const struct mrkdwn *m, struct node *into, struct str s, size_t i)
{
	struct str name = emoji_at(s, i), tone = {NULL, 0};
	if (!name.len)
		return 0;
	size_t taken = name.len + 2;
	struct str rest = {s.ptr + i + taken, s.len - i - taken};
	if (str_starts_with(rest, STR(":skin-tone-"))) {
		tone = emoji_at(s, i + taken);
		taken += tone.len ? tone.len + 2 : 0;
	}
	emoji_add(m->arena, into, name, tone);
	return taken;
}

static void read_inline(const struct mrkdwn *m, struct node *into, struct str s);

/* Reads what begins at `i` with its special character; 0 if it is only that character. */
static size_t
read_special(const struct mrkdwn *m, struct node *into, struct str s, size_t i)
{
	size_t closing;
	const char *end;
	switch (s.ptr[i]) {
	case '\n': (void)node_add(m->arena, into, NODE_BREAK); return 1;
	case '`':
		for (end = s.ptr + i + 1; end < s.ptr + s.len && *end != '\n' && *end != '`';)
			end++;
		if (end == s.ptr + s.len || *end == '\n' || end == s.ptr + i + 1)
			return 0;
		(void)node_add_text(m->arena, node_add(m->arena, into, NODE_CODE),
		    mrkdwn_unescape(
			m->arena, (struct str){s.ptr + i + 1, (size_t)(end - s.ptr) - i - 1}));
		return (size_t)(end - s.ptr) - i + 1;
	case '<': return reference_read(m, into, (struct str){s.ptr + i, s.len - i});
	case '*':
	case '_':
	case '~':
		closing = find_closing(s, i);
		if (!closing)
			return 0;
		read_inline(m, node_add(m->arena, into, kind_of_mark(s.ptr[i])),
		    (struct str){s.ptr + i + 1, closing - i - 1});
		return closing - i + 1;
	case ':': return read_emoji(m, into, s, i);
	default: return 0;
	}
}

static size_t
read_address(const struct mrkdwn *m, struct node *into, struct str s, size_t i)
{
	size_t len = m->is_verbatim ? 0 : address_at(s, i);
	if (!len)
		return 0;
	struct node *n = node_add(m->arena, into, NODE_LINK);
	n->target = mrkdwn_unescape(m->arena, (struct str){s.ptr + i, len});
	(void)node_add_text(m->arena, n, n->target);
	return len;
}

static void
read_words(const struct mrkdwn *m, struct node *into, struct str words)
{
	if (words.len)
		(void)node_add_text(m->arena, into, mrkdwn_unescape(m->arena, words));
}

/* Everything within a paragraph. What is special is appended after the words before it. */
static void
read_inline(const struct mrkdwn *m, struct node *into, struct str s)
{
	size_t done = 0, i = 0;
	while (i < s.len) {
		if (!strchr("\n`<*_~:h", s.ptr[i])) {
			i++;
			continue;
		}
		struct node found = {0};
		size_t taken = s.ptr[i] == 'h' ? read_address(m, &found, s, i)
		                               : read_special(m, &found, s, i);
		if (!taken) {
			i++;
			continue;
		}
		read_words(m, into, (struct str){s.ptr + done, i - done});
		node_adopt(into, &found);
		i += taken;
		done = i;
	}
	read_words(m, into, (struct str){s.ptr + done, s.len - done});
}

/* The bytes of the quote's mark at the beginning of a line, or 0. */
static size_t
quote_mark(struct str line)
{
	size_t len = str_starts_with(line, STR("&gt;")) ? 4
	             : str_starts_with(line, STR(">"))  ? 1
	                                                : 0;
	return len && len < line.len && line.ptr[len] == ' ' ? len + 1 : len;
}

static struct str
line_of(struct str s)
{
	const char *end = memchr(s.ptr, '\n', s.len);
	return (struct str){s.ptr, end ? (size_t)(end - s.ptr) : s.len};
}

/* Lines that are quoted go into quotes, the others stay as they are. */
static void
read_lines(const struct mrkdwn *m, struct node *into, struct str s)
{
	const char *from = s.ptr;
	struct node *quote = NULL;
	while (s.len) {
		struct str line = line_of(s);
		size_t mark = quote_mark(line);
		bool is_last = line.len == s.len;
		if (mark) {
			if (line.ptr > from)
				read_inline(
				    m, into, (struct str){from, (size_t)(line.ptr - from) - 1});
			if (quote)
				(void)node_add(m->arena, quote, NODE_BREAK);
			else
				quote = node_add(m->arena, into, NODE_QUOTE);
			read_inline(m, quote, (struct str){line.ptr + mark, line.len - mark});
			from = line.ptr + line.len + (is_last ? 0 : 1);
		} else {
			quote = NULL;
		}
		s.ptr += line.len + (is_last ? 0 : 1);
		s.len -= line.len + (is_last ? 0 : 1);
	}
	if (s.ptr > from)
		read_inline(m, into, (struct str){from, (size_t)(s.ptr - from)});
}

void
mrkdwn_read(const struct mrkdwn *m, struct node *into, struct str text)
{
	while (text.len) {
		const char *open = memmem(text.ptr, text.len, "```", 3);
		const char *after = open ? open + 3 : NULL, *end = text.ptr + text.len;
		const char *close =
		    after ? memmem(after, (size_t)(end - after), "```", 3) : NULL;
		if (!close || close == after) {
			read_lines(m, into, text);
			return;
		}
		if (open > text.ptr)
			read_lines(m, into, (struct str){text.ptr, (size_t)(open - text.ptr)});
		after += *after == '\n' ? 1 : 0;
		(void)node_add_text(m->arena, node_add(m->arena, into, NODE_PRE),
		    mrkdwn_unescape(m->arena, (struct str){after, (size_t)(close - after)}));
		text = (struct str){close + 3, (size_t)(end - close) - 3};
		if (text.len && text.ptr[0] == '\n')
			text = (struct str){text.ptr + 1, text.len - 1};
	}
}

void
plain_read(const struct mrkdwn *m, struct node *into, struct str s, bool has_emoji)
{
	size_t done = 0;
	for (size_t i = 0; i < s.len;) {
		struct node found = {0};
		size_t taken = 0;
		if (s.ptr[i] == '\n') {
			(void)node_add(m->arena, &found, NODE_BREAK);
			taken = 1;
		} else if (s.ptr[i] == ':' && has_emoji) {
			taken = read_emoji(m, &found, s, i);
		}
		if (!taken) {
			i++;
			continue;
		}
		if (i > done)
			(void)node_add_text(
			    m->arena, into, (struct str){s.ptr + done, i - done});
		node_adopt(into, &found);
		i += taken;
		done = i;
	}
	if (s.len > done)
		(void)node_add_text(m->arena, into, (struct str){s.ptr + done, s.len - done});
}
