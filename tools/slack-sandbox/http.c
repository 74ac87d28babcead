#include "http.h"

void
reply_header(struct reply *r, const char *name, struct str value)
{
	must(r->header_count < REPLY_HEADERS_MAX);
	r->headers[r->header_count].name = name;
	r->headers[r->header_count++].value = value;
}

void
reply_refuse(struct reply *r, int status, const char *error)
{
	struct json_writer w;
	r->status = status;
	r->content_type = "application/json; charset=utf-8";
	buf_clear(&r->body);
	jw_init(&w, &r->body);
	jw_object(&w);
	jw_kv_bool(&w, "ok", false);
	jw_kv_cstr(&w, "error", error);
	jw_object_end(&w);
}

/* Undoes %XX and '+'. False if an escape is broken. */
static bool
unescape(struct arena *a, struct str in, struct str *out)
{
	char *text = arena_must(a, in.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] != '%') {
			text[len++] = in.ptr[i] == '+' ? ' ' : in.ptr[i];
			continue;
		}
		int high = in.len - i > 2 ? hex_digit(in.ptr[i + 1]) : -1;
		int low = in.len - i > 2 ? hex_digit(in.ptr[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		text[len++] = (char)(high * 16 + low);
		i += 2;
	}
	*out = (struct str){text, len};
	return str_is_text(*out);
}

void
object_add(
    struct arena *a, struct json *object, struct json **last, struct str key, struct str value)
{
	struct json *member = ARENA_NEW(a, struct json);
	*member = (struct json){.kind = JSON_STRING, .key = key, .text = value};
	if (*last)
		(*last)->next = member;
	else
		object->child = member;
	*last = member;
	object->count++;
}

const struct json *
form_parse(struct arena *a, struct str form)
{
	struct json *object = ARENA_NEW(a, struct json), *last = NULL;
	object->kind = JSON_OBJECT;
	while (form.len) {
		const char *end = memchr(form.ptr, '&', form.len);
		struct str pair = {form.ptr, end ? (size_t)(end - form.ptr) : form.len};
		form.ptr += pair.len + (end ? 1 : 0);
		form.len -= pair.len + (end ? 1 : 0);
		if (pair.len == 0)
			continue;
		const char *equals = memchr(pair.ptr, '=', pair.len);
		struct str name = {pair.ptr, equals ? (size_t)(equals - pair.ptr) : pair.len};
		struct str value = {NULL, 0}, key, text;
		if (equals)
			value = (struct str){equals + 1, pair.len - name.len - 1};
		if (!unescape(a, name, &key) || !unescape(a, value, &text))
			return NULL;
		object_add(a, object, &last, key, text);
	}
	return object;
}
