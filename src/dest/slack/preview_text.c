/* A message as lines of text for a person at a terminal: what stands in it, in its order. */
#include "render.h"

#include "mrkdwn.h"

/* Entities as what they stand for; what only keeps marks from formatting is left out. */
static void
put_plain(struct buf *out, struct str s)
{
	static const struct {
		struct str from, to;
	} words[] = {
	    {{"&lt;", 4}, {"<", 1}},
	    {{"&gt;", 4}, {">", 1}},
	    {{"&amp;", 5}, {"&", 1}},
	    {{MRKDWN_WORD, sizeof(MRKDWN_WORD) - 1}, {"", 0}},
	    {{MRKDWN_BREAK, sizeof(MRKDWN_BREAK) - 1}, {"", 0}},
	    {{"\n", 1}, {"\n  ", 3}},
	};

	for (size_t at = 0; at < s.len;) {
		struct str rest = {s.ptr + at, s.len - at};
		size_t i = 0;

		while (i < COUNT_OF(words) && !str_starts_with(rest, words[i].from))
			i++;
		if (i == COUNT_OF(words)) {
			buf_putc(out, s.ptr[at++]);
			continue;
		}
		buf_str(out, words[i].to);
		at += words[i].from.len;
	}
}

/* What is between < and >: a link as its label and where it leads, a date as its fallback. */
static void
put_angle(struct buf *out, struct str inside)
{
	const char *bar = memchr(inside.ptr, '|', inside.len);
	struct str target = inside, label = {0};

	if (bar != NULL) {
		target.len = (size_t)(bar - inside.ptr);
		label = (struct str){bar + 1, inside.len - target.len - 1};
	}
	if (label.len > 0)
		put_plain(out, label);
	if (label.len > 0 && str_starts_with(inside, STR("!date")))
		return;
	if (label.len > 0)
		buf_cstr(out, " (");
	put_plain(out, target);
	if (label.len > 0)
		buf_cstr(out, ")");
}

static void
put_text(struct buf *out, struct str s)
{
	while (s.len > 0) {
		const char *open = memchr(s.ptr, '<', s.len), *shut;
		size_t before = open != NULL ? (size_t)(open - s.ptr) : s.len;

		put_plain(out, (struct str){s.ptr, before});
		s = (struct str){s.ptr + before, s.len - before};
		shut = s.len > 0 ? memchr(s.ptr, '>', s.len) : NULL;
		if (s.len > 0 && shut == NULL) {
			put_plain(out, s);
			return;
		}
		if (shut != NULL) {
			put_angle(out, (struct str){s.ptr + 1, (size_t)(shut - s.ptr) - 1});
			s = (struct str){shut + 1, s.len - (size_t)(shut + 1 - s.ptr)};
		}
	}
}

/* The text of a block or an element, wherever it has it. */
static struct str
text_of(const struct json *v)
{
	const struct json *text = json_get(v, STR("text"));

	if (text != NULL && text->kind == JSON_OBJECT)
		return json_string(text, STR("text"));
	return text != NULL ? text->text : json_string(v, STR("alt_text"));
}

static void
put_line(struct buf *out, const char *mark, struct str text)
{
	if (text.len == 0)
		return;
	buf_printf(out, "  %s", mark);
	put_text(out, text);
	buf_putc(out, '\n');
}

static void
put_list(struct buf *out, const struct json *block, const char *member, const char *mark)
{
	const struct json *list = json_get(block, str_of(member));

	if (list == NULL || list->kind != JSON_ARRAY)
		return;
	JSON_EACH (item, list)
		put_line(out, mark, text_of(item));
}

static void
put_block(struct buf *out, const struct json *block)
{
	struct str type = json_string(block, STR("type"));

	if (str_eq(type, STR("divider"))) {
		buf_cstr(out, "  ----\n");
		return;
	}
	put_line(out, str_eq(type, STR("header")) ? "# " : "", text_of(block));
	put_list(out, block, "fields", "- ");
	put_list(out, block, "elements", str_eq(type, STR("actions")) ? "[button] " : "");
}

void
slack_write_text(struct buf *out, const struct dest_body *body)
{
	const struct slack_body *b = slack_body_of(body);
	struct arena *a = arena_new(0);
	const struct json *blocks;

	if (b->blocks.len > 0 && json_parse(a, b->blocks, JSON_DEPTH_MAX, &blocks, NULL) &&
	    blocks->kind == JSON_ARRAY && blocks->count > 0) {
		JSON_EACH (block, blocks)
			put_block(out, block);
	} else {
		put_line(out, "", b->text);
	}
	arena_free(a);
}
