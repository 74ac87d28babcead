#include "rich_text.h"

#include "constant.h"

static const struct {
	struct str name;
	enum node_kind kind;
} styles[] = {{CONSTANT_STR("bold"), NODE_BOLD}, {CONSTANT_STR("italic"), NODE_ITALIC},
    {CONSTANT_STR("strike"), NODE_STRIKE}, {CONSTANT_STR("code"), NODE_CODE}};

/* Where a leaf goes: inside a node for each of its styles. */
static struct node *
styled(const struct mrkdwn *m, struct node *into, const struct json *leaf)
{
	const struct json *style = json_get(leaf, STR("style"));
	for (size_t i = 0; i < COUNT_OF(styles); i++) {
		const struct json *flag = json_get(style, styles[i].name);
		if (flag && flag->kind == JSON_TRUE)
			into = node_add(m->arena, into, styles[i].kind);
	}
	return into;
}

static void
add_id(const struct mrkdwn *m, struct node *into, enum node_kind kind, const char *sign,
    struct str id)
{
	struct node *n = node_add(m->arena, into, kind);
	n->target = id;
	n->text = arena_printf(m->arena, "%s%.*s", sign, STR_ARG(id));
}

static void
read_link(const struct mrkdwn *m, struct node *into, const struct json *leaf)
{
	struct str text = json_string(leaf, STR("text"));
	struct node *n = node_add(m->arena, into, NODE_LINK);
	n->target = json_string(leaf, STR("url"));
	plain_read(m, n, text.len ? text : n->target, false);
}

static void
read_date(const struct mrkdwn *m, struct node *into, const struct json *leaf)
{
	int64_t unix_s = 0;
	const struct json *timestamp = json_get(leaf, STR("timestamp"));
	struct str fallback = json_string(leaf, STR("fallback"));
	if (timestamp && json_int64(timestamp, &unix_s))
		date_add(m, into, unix_s, json_string(leaf, STR("format")),
		    json_string(leaf, STR("url")), fallback);
	else
		(void)node_add_text(m->arena, into, fallback);
}

static void
read_leaf(const struct mrkdwn *m, struct node *into, const struct json *leaf)
{
	struct str type = json_string(leaf, STR("type"));
	struct str none = {NULL, 0};
	into = styled(m, into, leaf);
	if (str_eq(type, STR("link")))
		read_link(m, into, leaf);
	else if (str_eq(type, STR("emoji")))
		emoji_add(m->arena, into, json_string(leaf, STR("name")), none);
	else if (str_eq(type, STR("date")))
		read_date(m, into, leaf);
	else if (str_eq(type, STR("user")))
		add_id(m, into, NODE_USER, "@", json_string(leaf, STR("user_id")));
	else if (str_eq(type, STR("usergroup")))
		add_id(m, into, NODE_USERGROUP, "@", json_string(leaf, STR("usergroup_id")));
	else if (str_eq(type, STR("channel")))
		add_id(m, into, NODE_CHANNEL, "#", json_string(leaf, STR("channel_id")));
	else if (str_eq(type, STR("broadcast")))
		add_id(m, into, NODE_BROADCAST, "@", json_string(leaf, STR("range")));
	else
		plain_read(m, into, json_string(leaf, STR("text")), false);
}

static void
read_line(const struct mrkdwn *m, struct node *into, const struct json *item)
{
	const struct json *elements = json_get(item, STR("elements"));
	if (!elements)
		return;
	JSON_EACH (leaf, elements)
		read_leaf(m, into, leaf);
}

static void
read_list(const struct mrkdwn *m, struct node *into, const struct json *item)
{
	bool is_ordered = str_eq(json_string(item, STR("style")), STR("ordered"));
	struct node *list = node_add(m->arena, into, is_ordered ? NODE_NUMBERS : NODE_BULLETS);
	const struct json *elements = json_get(item, STR("elements"));
	if (!elements)
		return;
	JSON_EACH (line, elements)
		read_line(m, node_add(m->arena, list, NODE_ITEM), line);
}

void
rich_text_read(const struct mrkdwn *m, struct node *into, const struct json *block)
{
	const struct json *elements = json_get(block, STR("elements"));
	if (!elements)
		return;
	JSON_EACH (item, elements) {
		struct str type = json_string(item, STR("type"));
		if (str_eq(type, STR("rich_text_list")))
			read_list(m, into, item);
		else if (str_eq(type, STR("rich_text_preformatted")))
			read_line(m, node_add(m->arena, into, NODE_PRE), item);
		else if (str_eq(type, STR("rich_text_quote")))
			read_line(m, node_add(m->arena, into, NODE_QUOTE), item);
		else
			read_line(m, node_add(m->arena, into, NODE_PARAGRAPH), item);
	}
}

/* --- and back --- */

struct rich {
	struct json_writer *w;
	unsigned styles; /* bits of `styles`, of the nodes around */
};

static void
end_leaf(const struct rich *r)
{
	if (r->styles) {
		jw_key(r->w, "style");
		jw_object(r->w);
		for (unsigned i = 0; i < COUNT_OF(styles); i++)
			if (r->styles & (1U << i))
				jw_kv_bool(r->w, styles[i].name.ptr, true);
		jw_object_end(r->w);
	}
	jw_object_end(r->w);
}

static void
begin_leaf(const struct rich *r, const char *type)
{
	jw_object(r->w);
	jw_kv_cstr(r->w, "type", type);
}

static void
write_text(const struct rich *r, struct str text)
{
	begin_leaf(r, "text");
	jw_kv_string(r->w, "text", text);
	end_leaf(r);
}

static void
write_named(const struct rich *r, const char *type, const char *member, struct str value)
{
	begin_leaf(r, type);
	jw_kv_string(r->w, member, value);
	end_leaf(r);
}

static void
write_link(const struct rich *r, const struct node *n)
{
	struct buf label = {0};
	for (const struct node *child = n->first; child; child = child->next)
		node_read(&label, child);
	begin_leaf(r, "link");
	jw_kv_string(r->w, "url", n->target);
	if (!str_eq(buf_view(&label), n->target))
		jw_kv_string(r->w, "text", buf_view(&label));
	end_leaf(r);
	buf_fini(&label);
}

static void
write_date(const struct rich *r, const struct node *n)
{
	begin_leaf(r, "date");
	jw_kv_int(r->w, "timestamp", n->number);
	jw_kv_string(r->w, "format", n->note);
	if (n->target.len)
		jw_kv_string(r->w, "url", n->target);
	if (n->other.len)
		jw_kv_string(r->w, "fallback", n->other);
	end_leaf(r);
}

static void write_leaves(const struct rich *r, const struct node *parent);

static void
write_leaf(const struct rich *r, const struct node *n)
{
	struct rich inner = *r;
	for (unsigned i = 0; i < COUNT_OF(styles); i++)
		if (styles[i].kind == n->kind)
			inner.styles |= 1U << i;
	switch (n->kind) {
	case NODE_TEXT: write_text(r, n->text); break;
	case NODE_BREAK: write_text(r, STR("\n")); break;
	case NODE_LINK: write_link(r, n); break;
	case NODE_EMOJI: write_named(r, "emoji", "name", n->target); break;
	case NODE_DATE: write_date(r, n); break;
	case NODE_USER: write_named(r, "user", "user_id", n->target); break;
	case NODE_USERGROUP: write_named(r, "usergroup", "usergroup_id", n->target); break;
	case NODE_CHANNEL: write_named(r, "channel", "channel_id", n->target); break;
	case NODE_BROADCAST: write_named(r, "broadcast", "range", n->target); break;
	default: write_leaves(&inner, n); break;
	}
}

static void
write_leaves(const struct rich *r, const struct node *parent)
{
	for (const struct node *n = parent->first; n; n = n->next)
		write_leaf(r, n);
}

static void
begin_part(struct json_writer *w, const char *type)
{
	jw_object(w);
	jw_kv_cstr(w, "type", type);
	jw_key(w, "elements");
	jw_array(w);
}

static void
end_part(struct json_writer *w, bool has_border)
{
	jw_array_end(w);
	if (has_border)
		jw_kv_int(w, "border", 0);
	jw_object_end(w);
}

static bool
is_own_part(const struct node *n)
{
	return n->kind == NODE_PRE || n->kind == NODE_QUOTE;
}

void
rich_text_write(struct json_writer *w, const struct node *text, const char *block_id)
{
	struct rich r = {.w = w};
	jw_object(w);
	jw_kv_cstr(w, "type", "rich_text");
	jw_kv_cstr(w, "block_id", block_id);
	jw_key(w, "elements");
	jw_array(w);
	for (const struct node *n = text->first; n;) {
		bool is_own = is_own_part(n);
		begin_part(w, n->kind == NODE_PRE     ? "rich_text_preformatted"
			      : n->kind == NODE_QUOTE ? "rich_text_quote"
						      : "rich_text_section");
		if (is_own) {
			write_leaves(&r, n);
			n = n->next;
		}
		for (; !is_own && n && !is_own_part(n); n = n->next)
			write_leaf(&r, n);
		end_part(w, is_own);
	}
	jw_array_end(w);
	jw_object_end(w);
}
