#include "api.h"

#include "carillon/base/clock.h"
#include "constant.h"

enum {
	JSON = METHOD_JSON,
	POSTED = METHOD_POSTED,
	CHANGED = METHOD_CHANGED,
	ANYONE = METHOD_ANYONE,
	MESSAGE = POSTED | CHANGED,
};

static const struct method methods[] = {
#define METHOD(name, function, scope, tier, flags) \
	{CONSTANT_STR(name), (function), CONSTANT_STR(scope), TIER_##tier, (flags)},
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
call_number(const struct call *c, const char *name, size_t otherwise, size_t most, size_t *out)
{
	struct str s = call_arg(c, name);
	size_t n = 0;
	*out = otherwise;
	if (s.len == 0)
		return true;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' || n > most)
			return false;
		n = n * 10 + (size_t)(s.ptr[i] - '0');
	}
	*out = n;
	return n > 0 && n <= most;
}

bool
call_refuse(struct call *c, const char *error)
{
	c->error = error;
	return false;
}

bool
call_refuse_because(struct call *c, const char *error, struct str message)
{
	struct finding *item = ARENA_NEW(c->arena, struct finding);
	*item = (struct finding){.cause = CAUSE_OTHER, .what = message};
	c->findings = item;
	return call_refuse(c, error);
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
find_channel(struct call *c,
    struct channel *(*find)(const struct world *, const struct team *, struct str))
{
	struct str id = call_arg(c, "channel");
	if (id.len == 0)
		return call_refuse_because(
		    c, "invalid_arguments", STR("missing required field: channel"));
	c->channel = find(c->sandbox->world, c->caller->team, id);
	if (!c->channel || (c->channel->is_private && !c->channel->is_member))
		return call_refuse(c, "channel_not_found");
	return true;
}

bool
call_find_channel(struct call *c)
{
	return find_channel(c, world_channel);
}

bool
call_find_channel_named(struct call *c)
{
	return find_channel(c, world_channel_named);
}

static bool
has_prefix_nocase(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);
	return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

static bool
has_charset(const struct request *q)
{
	return memmem(STR_PTR_LEN(q->content_type), "charset", 7);
}

static bool
read_json(struct call *c, const struct request *q)
{
	if (!has_charset(q))
		c->warnings |= WARNING_CHARSET_MISSING;
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
	if (has_charset(q))
		c->warnings |= WARNING_CHARSET_SUPERFLUOUS;
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
	if (!is_read || !(c->method->flags & MESSAGE))
		return;
	content_examine(&c->content, c->arena, c->args,
	    c->method->flags & POSTED ? CONTENT_POSTED : CONTENT_CHANGED);
	content_seal(&c->content, c->arena, c->sandbox->key_marker);
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
	if (c->caller->expires_ms && c->now_ms >= c->caller->expires_ms)
		return call_refuse(c, refusals[STANDING_EXPIRED]);
	if (c->caller->standing != STANDING_GOOD)
		return call_refuse(c, refusals[c->caller->standing]);
	return c->method->scope.len == 0 || call_has_scope(c, c->method->scope);
}

static bool
is_within_tier(struct call *c)
{
	if (!c->caller || c->method->tier == TIER_NONE)
		return true;
	struct str what = arena_printf(
	    c->arena, "%.*s %.*s", STR_ARG(c->caller->team->id), STR_ARG(c->method->name));
	return rates_take(
		   c->sandbox->rates, c->method->tier, what, c->now_ms, &c->retry_after_s) ||
	       call_refuse(c, "ratelimited");
}

/* What the call did to the messages of its channel. */
static void
apply(struct call *c, uint64_t seq)
{
	struct posts *posts = &c->channel->posts;
	if (c->deleted)
		posts_delete(posts, c->deleted, seq);
	if (c->deleted && c->parent)
		post_unreplied(c->parent);
	if (!c->is_posted)
		return;
	if (c->replaced) {
		posts_change(posts, c->replaced, seq, c->edited_us);
	} else {
		if (c->parent)
			post_replied(c->parent, c->ts_us);
		posts_add(posts, c->ts_us, seq);
		c->channel->posted++;
	}
	atomic_fetch_add(&c->sandbox->posted, 1);
}

static struct str
body_of(struct call *c)
{
	if (c->content.body.len)
		return c->content.body;
	if (!c->args || !c->args->count)
		return (struct str){NULL, 0};
	return content_args_body(c->arena, c->args);
}

void
api_record(struct call *c, const struct request *q, const struct reply *r, struct str name)
{
	struct sandbox *s = c->sandbox;
	bool is_silent = r->ending == ENDING_SILENCE || r->ending == ENDING_RESET;
	/* A fault may have come before the method looked. */
	if (!c->channel && c->caller)
		c->channel =
		    world_channel_named(s->world, c->caller->team, call_arg(c, "channel"));
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
		.is_posted = c->is_posted,
		.is_broadcast = c->is_broadcast},
	    c->content.key, body_of(c));
	if (c->channel)
		apply(c, seq);
}

void
api_spoil(struct call *c, struct reply *r, const struct mishap *m)
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
	case FAULT_IMAGE:
	case FAULT_ERROR: break;
	}
}

/* As when Slack could not fetch the first image of the message. */
static void
refuse_image(struct call *c)
{
	bool is_inside = str_starts_with(c->content.image, STR("/attachments"));
	struct finding *item = ARENA_NEW(c->arena, struct finding);
	*item = (struct finding){.cause = CAUSE_OTHER,
	    .what = STR("downloading image failed"),
	    .pointer = c->content.image};
	c->findings = item;
	c->error = is_inside ? "invalid_attachments" : "invalid_blocks";
}

static void
run(struct call *c, struct reply *r, const struct mishap *m)
{
	jw_init(&c->out, &r->body);
	jw_object(&c->out);
	jw_kv_bool(&c->out, "ok", true);
	/* Errors of prepare() come before the token is looked at, as with Slack. */
	if (!c->error && authorise(c) && is_within_tier(c) && m->posts)
		c->method->run(c);
	if (m->kind == FAULT_IMAGE && !c->error)
		refuse_image(c);
	if (m->kind == FAULT_ERROR)
		c->error = m->error;
	else if (m->kind == FAULT_STATUS)
		c->error = m->status == 429 ? "ratelimited" : "http_status";
	else if (m->kind != FAULT_NONE && !m->posts && !c->error)
		c->error = "fault";
	c->warnings |= c->content.warnings;
	answer_finish(c, r);
	api_spoil(c, r, m);
}

void
api_handle(struct sandbox *s, struct request *q, struct reply *r, struct str method)
{
	struct call c = {.sandbox = s,
	    .arena = q->arena,
	    .now_ms = clock_wall().ms,
	    .authorization = q->authorization,
	    .base_url = q->base_url};
	prepare(&c, q, method);
	r->status = 200;
	r->content_type = "application/json; charset=utf-8";
	r->delay_ms = s->latency_ms;
	(void)pthread_mutex_lock(&s->lock);
	struct mishap m = faults_take(
	    s->faults, c.token, call_arg(&c, "channel"), method, c.content.image.len > 0);
	run(&c, r, &m);
	api_record(&c, q, r, method);
	uint64_t id = journal_last(s->journal);
	(void)pthread_mutex_unlock(&s->lock);
	atomic_fetch_add(&s->requests, 1);
	struct str request_id = arena_printf(
	    q->arena, "%016llx%016llx", (unsigned long long)c.now_ms, (unsigned long long)id);
	reply_header(r, "x-slack-req-id", request_id);
	reply_header(r, "x-slack-unique-id", request_id);
}
