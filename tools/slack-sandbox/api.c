#include "api.h"

#include "carillon/base/clock.h"
#include "constant.h"

enum { JSON = METHOD_JSON, MESSAGE = METHOD_MESSAGE, ANYONE = METHOD_ANYONE };

static const struct method methods[] = {
#define METHOD(name, function, scope, flags) \
	{CONSTANT_STR(name), (function), CONSTANT_STR(scope), (flags)},
#include "methods.def"
#undef METHOD
};

struct str
call_arg(const struct call *c, const char *name)
{
	const struct json *v = json_get(c->args, str_of(name));
	return v ? v->text : (struct str){NULL, 0}; /* a number is taken as it was written */
}

bool
call_flag(const struct call *c, const char *name)
{
	const struct json *v = json_get(c->args, str_of(name));
	return v && (v->kind == JSON_TRUE || str_eq(v->text, STR("true")) ||
			str_eq(v->text, STR("1")));
}

bool
call_refuse(struct call *c, const char *error)
{
	c->error = error;
	return false;
}

bool
call_has_scope(struct call *c, struct str scope)
{
	if (credential_has_scope(c->caller, scope))
		return true;
	c->needed = scope;
	return call_refuse(c, "missing_scope");
}

static bool
refuse_missing(struct call *c, const char *field)
{
	struct finding *item = ARENA_NEW(c->arena, struct finding);
	item->text = arena_printf(c->arena, "[ERROR] missing required field: %s", field);
	c->findings = item;
	return call_refuse(c, "invalid_arguments");
}

bool
call_find_channel(struct call *c)
{
	struct str id = call_arg(c, "channel");
	if (id.len == 0)
		return refuse_missing(c, "channel");
	c->channel = world_channel(c->sandbox->world, c->caller->team, id);
	if (!c->channel || (c->channel->is_private && !c->channel->is_member))
		return call_refuse(c, "channel_not_found");
	return true;
}

static bool
has_prefix_nocase(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);
	return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

static bool
read_json(struct call *c, const struct request *q)
{
	c->lacks_charset = !memmem(STR_PTR_LEN(q->content_type), "charset", 7);
	if (!(c->method->flags & METHOD_JSON) || q->body.len == 0)
		return true;
	const struct json *body;
	if (!json_parse(c->arena, buf_view(&q->body), JSON_DEPTH_MAX, &body, NULL))
		return call_refuse(c, "invalid_json");
	if (body->kind != JSON_OBJECT)
		return call_refuse(c, "json_not_object");
	c->args = body;
	return true;
}

static bool
read_args(struct call *c, const struct request *q)
{
	c->args = q->query;
	if (!str_eq(q->verb, STR("POST")))
		return true;
	if (has_prefix_nocase(q->content_type, "application/json"))
		return read_json(c, q);
	if (q->body.len == 0)
		return true;
	if (!has_prefix_nocase(q->content_type, "application/x-www-form-urlencoded"))
		return call_refuse(
		    c, q->content_type.len ? "invalid_post_type" : "missing_post_type");
	const struct json *form = form_parse(c->arena, buf_view(&q->body));
	if (!form)
		return call_refuse(c, "invalid_form_data");
	c->args = form;
	return true;
}

static void
read_token(struct call *c, const struct request *q)
{
	if (has_prefix_nocase(q->authorization, "Bearer "))
		c->token = (struct str){q->authorization.ptr + 7, q->authorization.len - 7};
	else
		c->token = call_arg(c, "token");
}

static const struct method *
method_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (str_eq(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* Everything that needs no lock: the arguments, the token, the message. */
static void
prepare(struct call *c, const struct request *q, struct str name)
{
	c->method = method_find(name);
	if (!c->method) {
		c->args = q->query;
		read_token(c, q);
		c->error = "unknown_method";
		return;
	}
	bool is_read = read_args(c, q);
	read_token(c, q);
	if (is_read && (c->method->flags & METHOD_MESSAGE))
		content_examine(&c->content, c->arena, c->args, c->sandbox->key_marker);
}

static bool
authorise(struct call *c)
{
	static const char *const refusals[] = {
	    [STANDING_REVOKED] = "token_revoked",
	    [STANDING_INACTIVE] = "account_inactive",
	    [STANDING_EXPIRED] = "token_expired",
	};
	c->caller = world_credential(c->sandbox->world, c->token);
	if (c->method->flags & METHOD_ANYONE)
		return true;
	if (c->token.len == 0)
		return call_refuse(c, "not_authed");
	if (!c->caller)
		return call_refuse(c, "invalid_auth");
	if (c->caller->standing != STANDING_GOOD)
		return call_refuse(c, refusals[c->caller->standing]);
	return c->method->scope.len == 0 || call_has_scope(c, c->method->scope);
}

static void
write_response_metadata(struct call *c)
{
	struct json_writer *w = &c->out;
	if (!c->findings && !c->lacks_charset && !c->has_cursor && !c->warning.len)
		return;
	jw_key(w, "response_metadata");
	jw_object(w);
	if (c->has_cursor)
		jw_kv_string(w, "next_cursor", c->next_cursor);
	if (c->findings) {
		jw_key(w, "messages");
		jw_array(w);
		for (const struct finding *f = c->findings; f; f = f->next)
			jw_string(w, f->text);
		jw_array_end(w);
	}
	if (c->lacks_charset || c->warning.len) {
		jw_key(w, "warnings");
		jw_array(w);
		if (c->lacks_charset)
			jw_cstr(w, "missing_charset");
		if (c->warning.len)
			jw_string(w, c->warning);
		jw_array_end(w);
	}
	jw_object_end(w);
}

/* A method may have begun to write before it failed: an error starts the answer anew. */
static void
finish(struct call *c, struct reply *r)
{
	struct json_writer *w = &c->out;
	if (c->error) {
		buf_clear(&r->body);
		jw_init(w, &r->body);
		jw_object(w);
		jw_kv_bool(w, "ok", false);
		jw_kv_cstr(w, "error", c->error);
	}
	if (c->needed.len) {
		jw_kv_string(w, "needed", c->needed);
		jw_kv_cstr(w, "provided", c->caller->scopes);
	}
	if (c->lacks_charset || c->warning.len)
		jw_kv_string(
		    w, "warning", c->lacks_charset ? STR("missing_charset") : c->warning);
	write_response_metadata(c);
	jw_object_end(w);
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

static void
record(struct call *c, const struct request *q, const struct reply *r, struct str name)
{
	struct sandbox *s = c->sandbox;
	struct str none = {NULL, 0};
	bool is_silent = r->ending == ENDING_SILENCE || r->ending == ENDING_RESET;
	/* A fault may have come before the method looked. */
	if (!c->channel && c->caller)
		c->channel = world_channel(s->world, c->caller->team, call_arg(c, "channel"));
	if (name.len > 80)
		name.len = str_utf8_cut(name, 80);
	uint64_t seq = journal_add(s->journal,
	    (struct entry){.at_ms = c->now_ms,
		.team = c->caller ? c->caller->team : NULL,
		.channel = c->channel,
		.method = journal_intern(s->journal, name),
		.error = c->error ? journal_intern(s->journal, str_of(c->error)) : NULL,
		.ts_us = c->ts_us,
		.thread_ts_us = c->thread_ts_us,
		.body_hash = hash_fnv1a(buf_view(&q->body)),
		.status = (uint16_t)(is_silent ? 0 : r->status),
		.mentions = (uint8_t)c->content.mentions,
		.is_posted = c->is_posted},
	    c->content.key, c->content.body.len ? c->content.body : none);
	if (!c->is_posted)
		return;
	if (c->replaced) {
		c->replaced->replaced_by = seq;
		c->channel->changed_seq = seq;
	} else {
		channel_add_post(c->channel, c->ts_us, seq);
	}
	atomic_fetch_add(&s->posted, 1);
}

/* What a fault does to an answer that is already made. */
static void
spoil(struct call *c, struct reply *r, const struct mishap *m)
{
	r->delay_ms += m->ms;
	switch (m->kind) {
	case FAULT_STALL:
	case FAULT_HANG: r->ending = ENDING_SILENCE; break;
	case FAULT_RESET:
	case FAULT_RESET_AFTER: r->ending = ENDING_RESET; break;
	case FAULT_TRUNCATED: r->ending = ENDING_TRUNCATE; break;
	case FAULT_GARBAGE:
		buf_clear(&r->body);
		buf_cstr(&r->body, "\x01\x02 upstream said: {\"ok\":tru\xff\xfe");
		break;
	case FAULT_STATUS:
		r->status = m->status;
		r->header_count = 0;
		if (m->retry_after)
			reply_header(
			    r, "retry-after", arena_printf(c->arena, "%d", m->retry_after));
		if (m->status != 429) {
			buf_clear(&r->body);
			r->content_type = "text/html";
			buf_printf(&r->body, "<html><body>%d</body></html>\n", m->status);
		}
		break;
	case FAULT_NONE:
	case FAULT_LATENCY:
	case FAULT_ERROR: break;
	}
}

static void
run(struct call *c, struct reply *r, const struct mishap *m)
{
	jw_init(&c->out, &r->body);
	jw_object(&c->out);
	jw_kv_bool(&c->out, "ok", true);
	/* Errors of prepare() come before the token is looked at, as with Slack. */
	if (!c->error && authorise(c) && m->posts)
		c->method->run(c);
	if (m->kind == FAULT_ERROR)
		c->error = m->error;
	else if (m->kind == FAULT_STATUS)
		c->error = m->status == 429 ? "ratelimited" : "http_status";
	else if (m->kind != FAULT_NONE && !m->posts && !c->error)
		c->error = "fault";
	finish(c, r);
	spoil(c, r, m);
}

void
api_handle(struct sandbox *s, struct request *q, struct reply *r, struct str method)
{
	struct call c = {.sandbox = s, .arena = q->arena, .now_ms = clock_wall().ms};
	prepare(&c, q, method);
	r->status = 200;
	r->content_type = "application/json; charset=utf-8";
	r->delay_ms = s->latency_ms;
	(void)pthread_mutex_lock(&s->lock);
	struct mishap m = faults_take(s->faults, c.token, call_arg(&c, "channel"), method);
	run(&c, r, &m);
	record(&c, q, r, method);
	uint64_t id = journal_last(s->journal);
	(void)pthread_mutex_unlock(&s->lock);
	atomic_fetch_add(&s->requests, 1);
	reply_header(r, "x-slack-req-id",
	    arena_printf(q->arena, "%016llx%016llx", (unsigned long long)c.now_ms,
		(unsigned long long)id));
}
