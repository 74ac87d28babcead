#include "carillon/base/json.h"

#include <inttypes.h>

#include "base/utf8.h"

enum { WRITE_DEPTH_MAX = 63 }; /* one bit a level, and one for the outermost value */

#define REPLACEMENT "\\ufffd"

void
jw_init(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){.out = out};
}

static uint64_t
level_bit(const struct json_writer *w)
{
	return UINT64_C(1) << w->depth;
}

static void
new_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	buf_putc(w->out, '\n');
	for (int i = 0; i < w->depth; i++)
		buf_put(w->out, "  ", 2);
}

/* The comma and the line before an item of the current level. */
static void
start_item(struct json_writer *w)
{
	if (w->has_item & level_bit(w))
		buf_putc(w->out, ',');
	w->has_item |= level_bit(w);
	new_line(w);
}

/* Every value passes here first. */
static void
start_value(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	must(!(w->is_object & level_bit(w))); /* a member needs its key */
	if (w->depth == 0) {
		must(!(w->has_item & 1)); /* one value only */
		w->has_item = 1;
		return;
	}
	start_item(w);
}

static void
open_level(struct json_writer *w, bool is_object)
{
	start_value(w);
	must(w->depth < WRITE_DEPTH_MAX);
	buf_putc(w->out, is_object ? '{' : '[');
	w->depth++;
	w->has_item &= ~level_bit(w);
	w->is_object &= ~level_bit(w);
	if (is_object)
		w->is_object |= level_bit(w);
}

static void
close_level(struct json_writer *w, bool is_object)
{
	bool had_item = w->has_item & level_bit(w);

	must(w->depth > 0 && !w->after_key);
	must(is_object == !!(w->is_object & level_bit(w)));
	w->depth--;
	if (had_item)
		new_line(w);
	buf_putc(w->out, is_object ? '}' : ']');
}

void
jw_object(struct json_writer *w)
{
	open_level(w, true);
}

void
jw_object_end(struct json_writer *w)
{
	close_level(w, true);
}

void
jw_array(struct json_writer *w)
{
	open_level(w, false);
}

void
jw_array_end(struct json_writer *w)
{
	close_level(w, false);
}

/* What has to be written instead of the `*len` bytes at `p`, or NULL if they may stand. */
static const char *
escape_of(const char *p, size_t left, size_t *len, char unicode[static 7])
{
	unsigned char c = (unsigned char)*p;

	*len = 1;
	switch (c) {
	case '\0': return REPLACEMENT; /* our own reader would refuse it */
	case '"': return "\\\"";
	case '\\': return "\\\\";
	case '\b': return "\\b";
	case '\f': return "\\f";
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\t': return "\\t";
	}
	if (c < 0x20) {
		(void)snprintf(unicode, 7, "\\u%04x", c);
		return unicode;
	}
	*len = utf8_len(p, left);
	if (*len)
		return NULL;
	*len = 1;
	return REPLACEMENT;
}

static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#define EACH_BYTE(n) (UINT64_C(0x0101010101010101) * (n))

/* Whether all of eight bytes are plain; may say no of bytes that are. Most text is, and most of
 * writing a message is looking at its text. */
static bool
are_plain(const char *p)
{
	uint64_t v, quote, backslash;

	memcpy(&v, p, sizeof(v));
	quote = v ^ EACH_BYTE('"');
	backslash = v ^ EACH_BYTE('\\');
	/* The top bit of a byte is set in x - n when the byte of x was less than n. */
	return ((v | (v - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
		    (backslash - EACH_BYTE(1))) &
		   EACH_BYTE(0x80)) == 0;
}

static size_t
plain_len(struct str s)
{
	size_t i = 0;

	while (s.len - i >= sizeof(uint64_t) && are_plain(s.ptr + i))
		i += sizeof(uint64_t);
	while (i < s.len && is_plain(s.ptr[i]))
		i++;
	return i;
}

static void
write_quoted(struct buf *out, struct str s)
{
	size_t copied = 0, len;
	char unicode[7];

	buf_reserve(out, s.len + 2);
	buf_putc(out, '"');
	for (size_t i = 0; i < s.len; i += len) {
		len = plain_len((struct str){s.ptr + i, s.len - i});
		if (len > 0)
			continue;
		const char *escape = escape_of(s.ptr + i, s.len - i, &len, unicode);
		if (!escape)
			continue;
		buf_put(out, s.ptr + copied, i - copied);
		buf_cstr(out, escape);
		copied = i + len;
	}
	buf_put(out, s.len ? s.ptr + copied : "", s.len - copied);
	buf_putc(out, '"');
}

void
jw_keyn(struct json_writer *w, struct str key)
{
	must(w->is_object & level_bit(w));
	must(!w->after_key);
	start_item(w);
	write_quoted(w->out, key);
	buf_putc(w->out, ':');
	if (w->indent)
		buf_putc(w->out, ' ');
	w->after_key = true;
}

void
jw_key(struct json_writer *w, const char *key)
{
	jw_keyn(w, str_of(key));
}

void
jw_string(struct json_writer *w, struct str s)
{
	start_value(w);
	write_quoted(w->out, s);
}

void
jw_cstr(struct json_writer *w, const char *s)
{
	jw_string(w, str_of(s));
}

void
jw_raw(struct json_writer *w, struct str json)
{
	must(json.len > 0);
	start_value(w);
	buf_str(w->out, json);
}

void
jw_int(struct json_writer *w, int64_t n)
{
	start_value(w);
	buf_printf(w->out, "%" PRId64, n);
}

void
jw_uint(struct json_writer *w, uint64_t n)
{
	start_value(w);
	buf_printf(w->out, "%" PRIu64, n);
}

void
jw_bool(struct json_writer *w, bool b)
{
	jw_raw(w, b ? STR("true") : STR("false"));
}

void
jw_null(struct json_writer *w)
{
	jw_raw(w, STR("null"));
}

static void
write_nested(struct json_writer *w, const struct json *v)
{
	bool is_object = v->kind == JSON_OBJECT;

	open_level(w, is_object);
	JSON_EACH (child, v) {
		if (is_object)
			jw_keyn(w, child->key);
		jw_value(w, child);
	}
	close_level(w, is_object);
}

void
jw_value(struct json_writer *w, const struct json *v)
{
	switch (v->kind) {
	case JSON_NULL: jw_null(w); return;
	case JSON_FALSE: jw_bool(w, false); return;
	case JSON_TRUE: jw_bool(w, true); return;
	case JSON_NUMBER: jw_raw(w, v->text); return;
	case JSON_STRING: jw_string(w, v->text); return;
	case JSON_ARRAY:
	case JSON_OBJECT: write_nested(w, v); return;
	}
	must(v->kind <= JSON_OBJECT); /* no other kind exists */
}

void
jw_kv_string(struct json_writer *w, const char *key, struct str s)
{
	jw_key(w, key);
	jw_string(w, s);
}

void
jw_kv_cstr(struct json_writer *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_cstr(w, s);
}

void
jw_kv_int(struct json_writer *w, const char *key, int64_t n)
{
	jw_key(w, key);
	jw_int(w, n);
}

void
jw_kv_bool(struct json_writer *w, const char *key, bool b)
{
	jw_key(w, key);
	jw_bool(w, b);
}

struct str
json_text(struct arena *a, const struct json *v)
{
	struct buf out = {0};
	struct json_writer w;
	struct str text;

	jw_init(&w, &out);
	jw_value(&w, v);
	text = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return text;
}
