#include "content.h"

#include "constant.h"
#include "mentions.h"

static const struct str part_names[] = {
#define CONTENT_PART(id, name) CONSTANT_STR(name),
#include "content_parts.def"
#undef CONTENT_PART
};

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

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

/* What Slack drops with a warning instead of refusing the message. */
static bool
has_sane_type(const struct json *metadata)
{
	struct str type = json_string(metadata, STR("event_type"));
	for (size_t i = 0; i < type.len; i++)
		if (!is_word(type.ptr[i]))
			return false;
	return true;
}

static size_t
size_of_json(const struct json *v)
{
	struct buf out = {0};
	struct json_writer w;
	jw_init(&w, &out);
	jw_value(&w, v);
	size_t len = out.len;
	buf_fini(&out);
	return len;
}

/* An empty object takes the metadata away from a message that is changed. */
static const char *
judge_metadata(struct content *c, enum content_use use)
{
	const struct json *m = c->metadata, *payload = json_get(m, STR("event_payload"));
	if (!m)
		return NULL;
	if (m->count == 0 && use == CONTENT_CHANGED)
		c->metadata = NULL;
	else if (!json_string(m, STR("event_type")).len || !payload ||
		 payload->kind != JSON_OBJECT)
		return "invalid_metadata_format";
	else if (size_of_json(m) > LIMIT_METADATA_BYTES)
		return "metadata_too_large";
	else if (!has_sane_type(m)) {
		c->metadata = NULL;
		c->warnings |= WARNING_METADATA_SCHEMA;
	}
	return NULL;
}

/* The bytes of the first `most` characters. */
static size_t
cut_chars(struct str s, size_t most)
{
	size_t chars = 0;
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.ptr[i] & 0xC0) != 0x80 && chars++ == most)
			return i;
	return s.len;
}

/* With parse=client or full the text is what a person typed: it holds no markup to be kept. */
static bool
is_typed(const struct json *args, enum content_use use)
{
	struct str parse = json_string(args, STR("parse"));
	return parse.len ? !str_eq(parse, STR("none")) : use == CONTENT_CHANGED;
}

static struct str
escape(struct arena *a, struct str s)
{
	struct buf out = {0};
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '&': buf_cstr(&out, "&amp;"); break;
		case '<': buf_cstr(&out, "&lt;"); break;
		case '>': buf_cstr(&out, "&gt;"); break;
		default: buf_putc(&out, s.ptr[i]); break;
		}
	}
	struct str escaped = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return escaped;
}

static const char *
judge_text(struct content *c, struct arena *a, enum content_use use)
{
	if (use == CONTENT_CHANGED && text_chars(c->text) > LIMIT_UPDATE_TEXT)
		return "msg_too_long";
	size_t kept = cut_chars(c->text, LIMIT_MESSAGE_TEXT);
	if (kept < c->text.len)
		c->warnings |= WARNING_TRUNCATED;
	c->text.len = kept;
	if (is_typed(c->args, use))
		c->text = escape(a, c->text);
	return NULL;
}

static bool
says_something(const struct content *c)
{
	return c->text.len || (c->blocks && c->blocks->count) ||
	       (c->attachments && c->attachments->count);
}

static const char *
judge_parts(struct content *c, struct arena *a, enum content_use use)
{
	if (!content_part(a, c->args, "blocks", JSON_ARRAY, &c->blocks))
		return "invalid_blocks_format";
	if (!content_part(a, c->args, "attachments", JSON_ARRAY, &c->attachments))
		return "invalid_attachments";
	if (!content_part(a, c->args, "metadata", JSON_OBJECT, &c->metadata))
		return "invalid_metadata_format";
	struct str markdown = json_string(c->args, STR("markdown_text"));
	if (markdown.len && (c->text.len || c->blocks))
		return "markdown_text_conflict";
	if (text_chars(markdown) > LIMIT_MARKDOWN_TEXT)
		return "msg_too_long";
	if (markdown.len) {
		c->text = markdown;
		c->sent |= SENT_TEXT;
	}
	const char *error = judge_metadata(c, use);
	if (!error)
		error = judge_text(c, a, use);
	if (error)
		return error;
	bool is_empty = use == CONTENT_POSTED
	                    ? !says_something(c)
	                    : !(c->sent & (SENT_TEXT | SENT_BLOCKS | SENT_ATTACHMENTS));
	return is_empty ? "no_text" : NULL;
}

static const char *
judge(struct content *c, struct arena *a, enum content_use use)
{
	const char *error = judge_parts(c, a, use);
	if (error)
		return error;
	if (!c->text.len)
		c->warnings |= WARNING_TEXT_MISSING;
	struct findings f = {.arena = a};
	error = layout_check(&f, c->blocks, c->attachments);
	c->findings = f.first;
	c->image = f.image;
	c->has_video = f.has_video;
	return error;
}

static unsigned
parts_sent(const struct json *args)
{
	unsigned sent = 0;
	for (unsigned i = 0; i < COUNT_OF(part_names); i++) {
		const struct json *v = json_get(args, part_names[i]);
		if (v && v->kind != JSON_NULL && (v->kind != JSON_STRING || v->text.len))
			sent |= 1U << i;
	}
	return sent;
}

void
content_examine(
    struct content *c, struct arena *a, const struct json *args, enum content_use use)
{
	*c = (struct content){
	    .args = args, .text = json_string(args, STR("text")), .sent = parts_sent(args)};
	c->error = judge(c, a, use);
}

/* The earlier blocks go when only a text comes: it is what shall be read. */
void
content_merge(struct content *c, const struct json *before)
{
	if (!(c->sent & (SENT_TEXT | SENT_BLOCKS)))
		c->blocks = json_get(before, STR("blocks"));
	if (!(c->sent & SENT_TEXT))
		c->text = json_string(before, STR("text"));
	if (!(c->sent & SENT_ATTACHMENTS))
		c->attachments = json_get(before, STR("attachments"));
	if (!(c->sent & SENT_METADATA))
		c->metadata = json_get(before, STR("metadata"));
	if (!c->error && !says_something(c))
		c->error = "no_text";
}

static bool
is_part(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(part_names); i++)
		if (str_eq(part_names[i], name))
			return true;
	return false;
}

/* What is no part of a message; tokens are never written down. */
static void
write_args(struct json_writer *w, const struct json *args)
{
	jw_key(w, "args");
	jw_object(w);
	JSON_EACH (arg, args) {
		if (is_part(arg->key) || str_eq(arg->key, STR("token")))
			continue;
		jw_keyn(w, arg->key);
		jw_value(w, arg);
	}
	jw_object_end(w);
}

static void
write_parts(const struct content *c, struct json_writer *w)
{
	const struct json *values[] = {[BIT_OF_SENT_BLOCKS] = c->blocks,
	    [BIT_OF_SENT_ATTACHMENTS] = c->attachments,
	    [BIT_OF_SENT_METADATA] = c->metadata};
	jw_kv_string(w, "text", c->text);
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		if (!values[i])
			continue;
		jw_keyn(w, part_names[i]);
		jw_value(w, values[i]);
	}
	jw_key(w, "sent");
	jw_array(w);
	for (size_t i = 0; i < COUNT_OF(part_names); i++)
		if (c->sent & (1U << i))
			jw_string(w, part_names[i]);
	jw_array_end(w);
}

static struct str
write_body(struct arena *a, const struct content *c, const struct json *args)
{
	struct buf out = {0};
	struct json_writer w;
	jw_init(&w, &out);
	jw_object(&w);
	if (c)
		write_parts(c, &w);
	write_args(&w, args);
	jw_object_end(&w);
	struct str body = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return body;
}

struct str
content_args_body(struct arena *a, const struct json *args)
{
	return write_body(a, NULL, args);
}

static unsigned
mentions_of(const struct content *c)
{
	unsigned bits = mentions_in_blocks(c->blocks);
	const struct json *mrkdwn = json_get(c->args, STR("mrkdwn"));
	if (!mrkdwn || mrkdwn->kind != JSON_FALSE)
		bits |= mentions_in_text(c->text);
	if (!c->attachments)
		return bits;
	JSON_EACH (attachment, c->attachments) {
		bits |= mentions_in_blocks(json_get(attachment, STR("blocks")));
		bits |= mentions_in_text(json_string(attachment, STR("text")));
		bits |= mentions_in_text(json_string(attachment, STR("pretext")));
	}
	return bits;
}

void
content_seal(struct content *c, struct arena *a, struct str marker)
{
	c->mentions = mentions_of(c);
	c->key = key_in_text(c->text, marker);
	if (!c->key.len)
		c->key = key_in_tree(c->blocks, marker);
	if (!c->key.len)
		c->key = key_in_tree(c->attachments, marker);
	c->body = write_body(a, c, c->args);
}
