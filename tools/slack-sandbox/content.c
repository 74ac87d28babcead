#include "content.h"

#include "mentions.h"

bool
content_part(struct arena *a, const struct json *args, const char *name, enum json_kind kind,
    const struct json **out)
{
	*out = NULL;
	const struct json *v = json_get(args, str_of(name));
	if (!v || v->kind == JSON_NULL || (v->kind == JSON_STRING && v->text.len == 0))
		return true;
	const struct json *parsed = v;
	if (v->kind == JSON_STRING && !json_parse(a, v->text, JSON_DEPTH_MAX, &parsed, NULL))
		return false;
	if (parsed->kind != kind)
		return false;
	*out = parsed;
	return true;
}

static bool
is_key_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '.' || c == '-';
}

static struct str
key_in_text(struct str s, struct str marker)
{
	const char *at =
	    marker.len && s.len ? memmem(s.ptr, s.len, marker.ptr, marker.len) : NULL;
	if (!at)
		return (struct str){NULL, 0};
	const char *start = at + marker.len, *end = start;
	while (end < s.ptr + s.len && is_key_char(*end))
		end++;
	return (struct str){start, (size_t)(end - start)};
}

static struct str
key_in_tree(const struct json *v, struct str marker)
{
	if (!v)
		return (struct str){NULL, 0};
	if (v->kind == JSON_STRING)
		return key_in_text(v->text, marker);
	JSON_EACH (child, v) {
		struct str key = key_in_tree(child, marker);
		if (key.len)
			return key;
	}
	return (struct str){NULL, 0};
}

/* Blocks inside attachments obey the same rules as the message's own. */
static bool
attachments_check(struct content *c, struct findings *f)
{
	char pointer[64];
	int index = 0;
	JSON_EACH (attachment, c->attachments) {
		if (attachment->kind != JSON_OBJECT)
			return false;
		const struct json *inner;
		if (!content_part(f->arena, attachment, "blocks", JSON_ARRAY, &inner))
			return false;
		(void)snprintf(pointer, sizeof pointer, "/attachments/%d/blocks", index++);
		if (inner)
			blocks_check(f, inner, pointer);
		c->mentions |= mentions_in_blocks(inner);
		c->mentions |= mentions_in_text(json_string(attachment, STR("text")));
		c->mentions |= mentions_in_text(json_string(attachment, STR("pretext")));
	}
	return true;
}

static const char *
judge_parts(struct content *c, struct findings *f)
{
	if (c->blocks)
		blocks_check(f, c->blocks, "/blocks");
	if (c->attachments && c->attachments->count > LIMIT_ATTACHMENTS)
		return "too_many_attachments";
	if (c->attachments && !attachments_check(c, f))
		return "invalid_attachments";
	c->findings = f->first;
	if (f->first)
		return "invalid_blocks";
	if (f->text_chars > LIMIT_BLOCK_TEXT)
		return "msg_blocks_too_long";
	return NULL;
}

static bool
metadata_is_valid(const struct json *m)
{
	const struct json *payload = json_get(m, STR("event_payload"));
	return json_string(m, STR("event_type")).len && payload && payload->kind == JSON_OBJECT;
}

static const char *
judge(struct content *c, struct arena *a, const struct json *args)
{
	struct str markdown = json_string(args, STR("markdown_text"));
	if (!content_part(a, args, "blocks", JSON_ARRAY, &c->blocks))
		return "invalid_blocks_format";
	if (!content_part(a, args, "attachments", JSON_ARRAY, &c->attachments))
		return "invalid_attachments";
	if (!content_part(a, args, "metadata", JSON_OBJECT, &c->metadata) ||
	    (c->metadata && !metadata_is_valid(c->metadata)))
		return "invalid_metadata_format";
	if (markdown.len && (c->text.len || c->blocks))
		return "markdown_text_conflict";
	if (text_chars(markdown) > LIMIT_MARKDOWN_TEXT)
		return "msg_too_long";
	bool has_blocks = c->blocks && c->blocks->count;
	bool has_attachments = c->attachments && c->attachments->count;
	if (!c->text.len && !markdown.len && !has_blocks && !has_attachments)
		return "no_text";
	if (text_chars(c->text) > LIMIT_MESSAGE_TEXT)
		return "msg_too_long";
	if (!c->text.len)
		c->text = markdown;
	struct findings f = {.arena = a};
	return judge_parts(c, &f);
}

/* Slack gives every block an id; a reader of the journal wants what was sent. */
static struct str
body_write(const struct content *c, struct arena *a)
{
	struct buf out = {0};
	struct json_writer w;
	jw_init(&w, &out);
	jw_object(&w);
	jw_kv_string(&w, "text", c->text);
	const struct {
		const char *name;
		const struct json *value;
	} parts[] = {
	    {"blocks", c->blocks}, {"attachments", c->attachments}, {"metadata", c->metadata}};
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!parts[i].value)
			continue;
		jw_key(&w, parts[i].name);
		jw_value(&w, parts[i].value);
	}
	jw_object_end(&w);
	struct str body = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return body;
}

void
content_examine(struct content *c, struct arena *a, const struct json *args, struct str marker)
{
	*c = (struct content){.text = json_string(args, STR("text"))};
	c->error = judge(c, a, args);
	const struct json *mrkdwn = json_get(args, STR("mrkdwn"));
	if (!mrkdwn || mrkdwn->kind != JSON_FALSE)
		c->mentions |= mentions_in_text(c->text);
	c->mentions |= mentions_in_blocks(c->blocks);
	c->key = key_in_text(c->text, marker);
	if (!c->key.len)
		c->key = key_in_tree(c->blocks, marker);
	if (!c->key.len)
		c->key = key_in_tree(c->attachments, marker);
	c->body = body_write(c, a);
}
