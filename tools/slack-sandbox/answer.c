/* The envelope that Slack puts around every answer. */
#include "api.h"

static const char *const warnings[] = {
#define WARNING(id, name) [BIT_OF_WARNING_##id] = (name),
#include "warnings.def"
#undef WARNING
};

static void
write_warnings(struct call *c)
{
	struct json_writer *w = &c->out;
	jw_key(w, "warnings");
	jw_array(w);
	for (size_t i = 0; i < COUNT_OF(warnings); i++)
		if (c->warnings & (1U << i))
			jw_cstr(w, warnings[i]);
	jw_array_end(w);
}

/* Beside the list, all in one string. */
static void
write_warning(struct call *c)
{
	struct buf all = {0};
	for (size_t i = 0; i < COUNT_OF(warnings); i++)
		if (c->warnings & (1U << i))
			buf_printf(&all, "%s%s", all.len ? "," : "", warnings[i]);
	jw_kv_string(&c->out, "warning", buf_view(&all));
	buf_fini(&all);
}

static void
write_messages(struct call *c)
{
	struct json_writer *w = &c->out;
	jw_key(w, "messages");
	jw_array(w);
	for (const struct finding *f = c->findings; f; f = f->next)
		jw_string(w,
		    arena_printf(c->arena, "[ERROR] %.*s", STR_ARG(finding_text(c->arena, f))));
	jw_array_end(w);
}

/* The same without the mark. What is wrong with the whole is in `messages` alone. */
static void
write_errors(struct call *c)
{
	struct json_writer *w = &c->out;
	jw_key(w, "errors");
	jw_array(w);
	for (const struct finding *f = c->findings; f; f = f->next) {
		if (c->has_details)
			finding_write(w, f);
		else
			jw_string(w, finding_text(c->arena, f));
	}
	jw_array_end(w);
}

static void
write_metadata(struct call *c)
{
	struct json_writer *w = &c->out;
	bool has_messages = c->findings && !c->has_details;
	if (!has_messages && !c->warnings && !c->has_cursor)
		return;
	jw_key(w, "response_metadata");
	jw_object(w);
	if (c->has_cursor)
		jw_kv_string(w, "next_cursor", c->next_cursor);
	if (has_messages)
		write_messages(c);
	if (c->warnings)
		write_warnings(c);
	jw_object_end(w);
}

/* A method may have begun to write before it failed: an error starts the answer anew. */
static void
write_error(struct call *c, struct reply *r)
{
	struct json_writer *w = &c->out;
	buf_clear(&r->body);
	jw_init(w, &r->body);
	jw_object(w);
	jw_kv_bool(w, "ok", false);
	jw_kv_cstr(w, "error", c->error);
	if (c->findings && (c->has_details || c->findings->pointer.len))
		write_errors(c);
	c->has_cursor = false;
}

/* Slack writes every slash so. */
static void
escape_slashes(struct reply *r)
{
	struct buf out = {0};
	struct str rest = buf_view(&r->body);
	const char *slash;
	buf_reserve(&out, rest.len + 256);
	while ((slash = memchr(rest.ptr, '/', rest.len))) {
		size_t len = (size_t)(slash - rest.ptr);
		buf_put(&out, rest.ptr, len);
		buf_put(&out, "\\/", 2);
		rest = (struct str){slash + 1, rest.len - len - 1};
	}
	buf_str(&out, rest);
	buf_fini(&r->body);
	r->body = out;
}

static void
write_headers(struct call *c, struct reply *r)
{
	if (c->caller)
		reply_header(
		    r, "x-oauth-scopes", arena_str(c->arena, str_of(c->caller->scopes)));
	if (c->method)
		reply_header(r, "x-accepted-oauth-scopes", c->method->scope);
	if (c->retry_after_s) {
		r->status = 429;
		reply_header(r, "retry-after", arena_printf(c->arena, "%d", c->retry_after_s));
	}
}

void
answer_finish(struct call *c, struct reply *r)
{
	struct json_writer *w = &c->out;
	if (c->error)
		write_error(c, r);
	if (c->needed.len) {
		jw_kv_string(w, "needed", c->needed);
		jw_kv_cstr(w, "provided", c->caller->scopes);
	}
	if (c->warnings)
		write_warning(c);
	write_metadata(c);
	jw_object_end(w);
	escape_slashes(r);
	write_headers(c, r);
}
