/* What the table of properties cannot say of a shape. */
#include "checker.h"

#include "constant.h"

enum { START, END };

static const struct {
	struct str text;
	int where;
} unreachable[] = {
#define HOST(text, where) {CONSTANT_STR(text), (where)},
#include "hosts.def"
#undef HOST
};

static bool
has(const struct json *v, const char *name)
{
	return json_get(v, str_of(name)) != NULL;
}

static struct str
host_of(struct str url)
{
	const char *slashes = url.len ? memmem(url.ptr, url.len, "://", 3) : NULL;
	if (!slashes)
		return (struct str){NULL, 0};
	const char *start = slashes + 3, *end = url.ptr + url.len, *at = start;
	while (at < end && !strchr("/:?#", *at))
		at++;
	return (struct str){start, (size_t)(at - start)};
}

static bool
is_unreachable(struct str host)
{
	for (size_t i = 0; i < COUNT_OF(unreachable); i++) {
		struct str text = unreachable[i].text;
		if (unreachable[i].where == START && str_starts_with(host, text))
			return true;
		if (unreachable[i].where == END && host.len >= text.len &&
		    memcmp(host.ptr + host.len - text.len, text.ptr, text.len) == 0)
			return true;
	}
	return false;
}

/* Slack fetches the image of a block before it takes the message; accessories it does not. */
static void
check_fetch(struct checker *c, const struct json *v)
{
	const struct json *url = json_get(v, STR("image_url"));
	if (!url || url->kind != JSON_STRING)
		return;
	size_t mark = enter(c, url->key);
	if (!c->found->image.len)
		c->found->image = arena_str(c->found->arena, buf_view(&c->pointer));
	if (is_unreachable(host_of(url->text)))
		(void)report(c, CAUSE_OTHER, "downloading image failed");
	leave(c, mark);
}

static void
check_section(struct checker *c, const struct json *v)
{
	if (has(v, "text") || has(v, "fields"))
		return;
	size_t mark = enter(c, STR("type"));
	(void)report(c, CAUSE_OTHER, "must define either `text` or `fields`");
	leave(c, mark);
}

static void
check_picture(struct checker *c, const struct json *v)
{
	if (!has(v, "image_url") && !has(v, "slack_file"))
		(void)report(c, CAUSE_MISSING, "missing required field: image_url");
}

static void
check_markdown(struct checker *c, const struct json *v)
{
	c->found->markdown_chars += text_chars(json_string(v, STR("text")));
	if (c->found->markdown_chars > LIMIT_MARKDOWN_TEXT)
		(void)report(c, CAUSE_OTHER,
		    "all markdown blocks together must be less than %d characters",
		    LIMIT_MARKDOWN_TEXT + 1);
}

static void
check_card(struct checker *c, const struct json *v)
{
	if (!has(v, "hero_image") && !has(v, "title") && !has(v, "actions") && !has(v, "body"))
		(void)report(c, CAUSE_OTHER,
		    "must define at least one of `hero_image`, `title`, `actions`, `body`");
}

static void
check_container(struct checker *c, const struct json *v)
{
	if (!has(v, "title") && !has(v, "rich_text_title"))
		(void)report(c, CAUSE_MISSING, "missing required field: title");
}

void
check_whole(struct checker *c, const struct json *v, const struct shape *s)
{
	switch (s->id) {
	case SHAPE_SECTION: check_section(c, v); break;
	case SHAPE_IMAGE:
		check_picture(c, v);
		check_fetch(c, v);
		break;
	case SHAPE_SMALL_IMAGE: check_picture(c, v); break;
	case SHAPE_MARKDOWN: check_markdown(c, v); break;
	case SHAPE_TABLE:
	case SHAPE_DATA_TABLE: c->found->tables++; break;
	case SHAPE_VIDEO: c->found->has_video = true; break;
	case SHAPE_CARD: check_card(c, v); break;
	case SHAPE_CONTAINER: check_container(c, v); break;
	default: break;
	}
}

static void
check_cells(struct checker *c, const struct json *row)
{
	if (!check_list(c, row, 1, LIMIT_TABLE_CELLS))
		return;
	int index = 0;
	JSON_EACH (cell, row) {
		size_t mark = enter_index(c, index++);
		check_element(c, cell, IN_CELL);
		leave(c, mark);
	}
}

void
check_rows(struct checker *c, const struct json *v, const struct prop *p)
{
	if (!check_list(c, v, p->detail, p->most))
		return;
	int index = 0;
	JSON_EACH (row, v) {
		size_t mark = enter_index(c, index++);
		check_cells(c, row);
		leave(c, mark);
	}
}
