#include "view.h"

#include "constant.h"
#include "content.h"
#include "markdown.h"
#include "rich_text.h"

enum {
	FOLD_CHARS = 700, /* of an attachment, beyond which Slack folds it */
	FOLD_BREAKS = 5,  /* new lines within its texts, likewise */
	NOTICE_CHARS = 150,
};

struct view {
	struct arena *arena;
	struct mrkdwn mrkdwn;
};

static void
read_mrkdwn(const struct view *v, struct node *into, struct str text, bool is_verbatim)
{
	struct mrkdwn m = v->mrkdwn;
	m.is_verbatim = is_verbatim;
	mrkdwn_read(&m, into, text);
}

static bool
is_true(const struct json *v, const char *name)
{
	const struct json *flag = json_get(v, str_of(name));
	return flag && flag->kind == JSON_TRUE;
}

static bool
is_false(const struct json *v, const char *name)
{
	const struct json *flag = json_get(v, str_of(name));
	return flag && flag->kind == JSON_FALSE;
}

/* A text object, or nothing. */
static void
read_text(const struct view *v, struct node *into, const struct json *object)
{
	struct str text = json_string(object, STR("text"));
	if (str_eq(json_string(object, STR("type")), STR("mrkdwn")))
		read_mrkdwn(v, into, text, is_true(object, "verbatim"));
	else
		plain_read(&v->mrkdwn, into, text, !is_false(object, "emoji"));
}

static struct str
label_of(const struct view *v, const struct json *object)
{
	struct node *n = node_new(v->arena, NODE_PARAGRAPH);
	read_text(v, n, object);
	return view_read(v->arena, n);
}

static void
read_image(const struct view *v, struct node *into, const struct json *image)
{
	struct node *n = node_add(v->arena, into, NODE_IMAGE);
	n->text = json_string(image, STR("alt_text"));
	n->target = json_string(image, STR("image_url"));
	n->note = label_of(v, json_get(image, STR("title")));
}

/* A button, or any other control by what stands on it. */
static void
read_control(const struct view *v, struct node *into, const struct json *control)
{
	if (str_eq(json_string(control, STR("type")), STR("image"))) {
		read_image(v, into, control);
		return;
	}
	struct node *n = node_add(v->arena, into, NODE_BUTTON);
	const struct json *label = json_get(control, STR("text"));
	if (!label)
		label = json_get(control, STR("placeholder"));
	n->text = label ? label_of(v, label) : json_string(control, STR("type"));
	n->target = json_string(control, STR("url"));
	n->note = json_string(control, STR("style"));
}

static void
read_controls(const struct view *v, struct node *into, const struct json *controls)
{
	if (!controls)
		return;
	JSON_EACH (control, controls)
		read_control(v, into, control);
}

static void
show_header(const struct view *v, struct node *into, const struct json *block)
{
	read_text(v, node_add(v->arena, into, NODE_HEADER), json_get(block, STR("text")));
}

static void
show_section(const struct view *v, struct node *into, const struct json *block)
{
	struct node *section = node_add(v->arena, into, NODE_SECTION);
	const struct json *text = json_get(block, STR("text"));
	const struct json *fields = json_get(block, STR("fields"));
	const struct json *accessory = json_get(block, STR("accessory"));
	if (text)
		read_text(v, node_add(v->arena, section, NODE_PARAGRAPH), text);
	if (fields) {
		struct node *list = node_add(v->arena, section, NODE_FIELDS);
		JSON_EACH (field, fields)
			read_text(v, node_add(v->arena, list, NODE_FIELD), field);
	}
	if (accessory)
		read_control(v, section, accessory);
}

static void
show_context(const struct view *v, struct node *into, const struct json *block)
{
	struct node *context = node_add(v->arena, into, NODE_CONTEXT);
	const struct json *elements = json_get(block, STR("elements"));
	if (!elements)
		return;
	JSON_EACH (item, elements) {
		if (str_eq(json_string(item, STR("type")), STR("image")))
			read_image(v, context, item);
		else
			read_text(v, node_add(v->arena, context, NODE_NOTE), item);
	}
}

static void
show_divider(const struct view *v, struct node *into, const struct json *block)
{
	(void)block;
	(void)node_add(v->arena, into, NODE_DIVIDER);
}

static void
show_image(const struct view *v, struct node *into, const struct json *block)
{
	read_image(v, node_add(v->arena, into, NODE_PARAGRAPH), block);
}

static void
show_actions(const struct view *v, struct node *into, const struct json *block)
{
	read_controls(
	    v, node_add(v->arena, into, NODE_ACTIONS), json_get(block, STR("elements")));
}

static void
show_markdown(const struct view *v, struct node *into, const struct json *block)
{
	markdown_read(&v->mrkdwn, into, json_string(block, STR("text")));
}

static void
show_rich_text(const struct view *v, struct node *into, const struct json *block)
{
	rich_text_read(&v->mrkdwn, into, block);
}

static void
show_table(const struct view *v, struct node *into, const struct json *block)
{
	struct node *table = node_add(v->arena, into, NODE_TABLE);
	const struct json *rows = json_get(block, STR("rows"));
	if (!rows)
		return;
	JSON_EACH (row, rows) {
		struct node *line = node_add(v->arena, table, NODE_ROW);
		JSON_EACH (cell, row) {
			struct node *n = node_add(v->arena, line, NODE_CELL);
			if (json_get(cell, STR("elements")))
				rich_text_read(&v->mrkdwn, n, cell);
			else
				plain_read(
				    &v->mrkdwn, n, json_string(cell, STR("text")), false);
		}
	}
}

static void show_blocks(const struct view *v, struct node *into, const struct json *blocks);

static void
show_card(const struct view *v, struct node *into, const struct json *block)
{
	static const char *const texts[] = {"title", "subtitle", "body"};
	struct node *card = node_add(v->arena, into, NODE_CARD);
	const struct json *image = json_get(block, STR("hero_image"));
	if (image)
		read_image(v, card, image);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct json *text = json_get(block, str_of(texts[i]));
		if (text)
			read_text(v, node_add(v->arena, card, NODE_PARAGRAPH), text);
	}
	show_blocks(v, card, json_get(block, STR("child_blocks")));
	show_blocks(v, card, json_get(block, STR("elements")));
	const struct json *actions = json_get(block, STR("actions"));
	if (actions)
		read_controls(v, node_add(v->arena, card, NODE_ACTIONS), actions);
}

static const struct {
	struct str type;
	void (*show)(const struct view *v, struct node *into, const struct json *block);
} shows[] = {
    {CONSTANT_STR("header"), show_header},
    {CONSTANT_STR("section"), show_section},
    {CONSTANT_STR("context"), show_context},
    {CONSTANT_STR("divider"), show_divider},
    {CONSTANT_STR("image"), show_image},
    {CONSTANT_STR("actions"), show_actions},
    {CONSTANT_STR("context_actions"), show_actions},
    {CONSTANT_STR("markdown"), show_markdown},
    {CONSTANT_STR("rich_text"), show_rich_text},
    {CONSTANT_STR("table"), show_table},
    {CONSTANT_STR("data_table"), show_table},
    {CONSTANT_STR("card"), show_card},
    {CONSTANT_STR("carousel"), show_card},
    {CONSTANT_STR("container"), show_card},
};

static void
show_block(const struct view *v, struct node *into, const struct json *block)
{
	struct str type = json_string(block, STR("type"));
	for (size_t i = 0; i < COUNT_OF(shows); i++) {
		if (!str_eq(shows[i].type, type))
			continue;
		shows[i].show(v, into, block);
		return;
	}
	node_add(v->arena, into, NODE_UNKNOWN)->text = type;
}

static void
show_blocks(const struct view *v, struct node *into, const struct json *blocks)
{
	if (!blocks)
		return;
	JSON_EACH (block, blocks)
		show_block(v, into, block);
}

/* --- attachments --- */

static void
show_line(const struct view *v, struct node *into, struct str text, enum node_kind kind)
{
	if (text.len)
		read_mrkdwn(v, node_add(v->arena, into, kind), text, false);
}

/* An attachment of the older kind: without blocks. */
static void
show_legacy(const struct view *v, struct node *into, const struct json *attachment)
{
	const struct json *fields = json_get(attachment, STR("fields"));
	show_line(v, into, json_string(attachment, STR("pretext")), NODE_PARAGRAPH);
	show_line(v, into, json_string(attachment, STR("author_name")), NODE_PARAGRAPH);
	show_line(v, into, json_string(attachment, STR("title")), NODE_HEADER);
	show_line(v, into, json_string(attachment, STR("text")), NODE_PARAGRAPH);
	if (fields) {
		struct node *list = node_add(v->arena, into, NODE_FIELDS);
		JSON_EACH (field, fields) {
			struct node *n = node_add(v->arena, list, NODE_FIELD);
			(void)node_add_text(v->arena, node_add(v->arena, n, NODE_BOLD),
			    json_string(field, STR("title")));
			(void)node_add(v->arena, n, NODE_BREAK);
			read_mrkdwn(v, n, json_string(field, STR("value")), false);
		}
	}
	show_line(v, into, json_string(attachment, STR("footer")), NODE_CONTEXT);
}

static bool
is_hex(struct str s)
{
	if (s.len && s.ptr[0] == '#')
		s = (struct str){s.ptr + 1, s.len - 1};
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdefABCDEF", s.ptr[i]))
			return false;
	return s.len == 6;
}

/* Beside blocks Slack knows hex colours only, without them also three words. */
static struct str
color_of(const struct view *v, const struct json *attachment, bool has_blocks)
{
	static const struct {
		struct str name, hex;
	} named[] = {{CONSTANT_STR("good"), CONSTANT_STR("#2eb67d")},
	    {CONSTANT_STR("warning"), CONSTANT_STR("#ecb22e")},
	    {CONSTANT_STR("danger"), CONSTANT_STR("#e01e5a")}};
	struct str color = json_string(attachment, STR("color"));
	if (is_hex(color))
		return color.ptr[0] == '#' ? color
		                           : arena_printf(v->arena, "#%.*s", STR_ARG(color));
	for (size_t i = 0; i < COUNT_OF(named) && !has_blocks; i++)
		if (str_eq(named[i].name, color))
			return named[i].hex;
	return (struct str){NULL, 0};
}

static void
show_attachment(const struct view *v, struct node *into, const struct json *attachment)
{
	struct node *n = node_add(v->arena, into, NODE_ATTACHMENT);
	const struct json *blocks;
	size_t breaks = 0, chars = 0;
	if (!content_part(v->arena, attachment, "blocks", JSON_ARRAY, &blocks))
		blocks = NULL;
	n->target = color_of(v, attachment, blocks && blocks->count);
	if (blocks && blocks->count)
		show_blocks(v, n, blocks);
	else
		show_legacy(v, n, attachment);
	for (const struct node *child = n->first; child; child = child->next)
		node_measure(child, &breaks, &chars);
	n->number = chars >= FOLD_CHARS || breaks >= FOLD_BREAKS;
}

/* --- the message --- */

static struct view
view_of(struct arena *a, const struct reader *r)
{
	return (struct view){.arena = a, .mrkdwn = {.arena = a, .reader = *r}};
}

static void
show_text(const struct view *v, struct node *into, const struct json *body)
{
	struct str text = json_string(body, STR("text"));
	const struct json *args = json_get(body, STR("args"));
	struct node *n = node_add(v->arena, into, NODE_PARAGRAPH);
	if (is_false(args, "mrkdwn"))
		(void)node_add_text(v->arena, n, mrkdwn_unescape(v->arena, text));
	else
		read_mrkdwn(v, n, text, str_eq(json_string(args, STR("parse")), STR("none")));
}

struct node *
view_text(struct arena *a, const struct reader *r, const struct json *body)
{
	struct view v = view_of(a, r);
	struct node *root = node_new(a, NODE_ROOT);
	show_text(&v, root, body);
	return root->first;
}

struct node *
view_message(struct arena *a, const struct reader *r, const struct json *body)
{
	struct view v = view_of(a, r);
	struct node *root = node_new(a, NODE_ROOT);
	const struct json *blocks = json_get(body, STR("blocks"));
	const struct json *attachments = json_get(body, STR("attachments"));
	if (blocks && blocks->count)
		show_blocks(&v, root, blocks);
	else if (json_string(body, STR("text")).len)
		show_text(&v, root, body);
	if (attachments)
		JSON_EACH (attachment, attachments)
			show_attachment(&v, root, attachment);
	return root;
}

struct str
view_read(struct arena *a, const struct node *n)
{
	struct buf out = {0};
	node_read(&out, n);
	while (out.len && out.ptr[out.len - 1] == '\n')
		out.len--;
	struct str text = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return text;
}

/* One line of at most so many characters. */
static struct str
line_of(struct arena *a, const struct node *n)
{
	struct str text = view_read(a, n);
	char *line = arena_cstr(a, text);
	size_t chars = 0, i = 0;
	for (; i < text.len; i++) {
		if (((unsigned char)line[i] & 0xC0) != 0x80 && chars++ == NOTICE_CHARS)
			break;
		if (line[i] == '\n')
			line[i] = ' ';
	}
	if (i == text.len)
		return (struct str){line, i};
	return arena_printf(a, "%.*s…", (int)i, line);
}

/* Of a message that is nothing but attachments. */
static struct str
fallback_of(const struct json *body)
{
	const struct json *attachments = json_get(body, STR("attachments"));
	struct str fallback =
	    json_string(attachments ? attachments->child : NULL, STR("fallback"));
	return fallback.len ? fallback : STR("[no preview available]");
}

struct notice
view_notice(struct arena *a, const struct reader *r, const struct json *body)
{
	struct view v = view_of(a, r);
	struct node *text = node_new(a, NODE_ROOT), *blocks = node_new(a, NODE_ROOT);
	if (json_string(body, STR("text")).len)
		show_text(&v, text, body);
	show_blocks(&v, blocks, json_get(body, STR("blocks")));
	struct notice notice = {line_of(a, blocks), line_of(a, text)};
	if (!notice.mobile.len)
		notice.mobile = notice.desktop.len ? notice.desktop : fallback_of(body);
	if (!notice.desktop.len)
		notice.desktop = notice.mobile;
	return notice;
}
