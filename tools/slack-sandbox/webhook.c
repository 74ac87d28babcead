/*
 * Incoming webhooks, under /services/: an address that posts into one channel, whoever is in
 * it. Answers are plain text, "ok" or a bare code.
 */
#include "api.h"
#include "apps.h"
#include "carillon/base/clock.h"

static void
say(struct reply *r, int status, const char *text)
{
	r->status = status;
	r->content_type = "text/html; charset=utf-8";
	buf_clear(&r->body);
	buf_cstr(&r->body, text);
}

/* As JSON, or as the form's member "payload". */
static const struct json *
read_payload(struct request *q)
{
	struct str body = buf_view(&q->body);
	const struct json *v, *form;
	if (!memmem(STR_PTR_LEN(q->content_type), "json", 4)) {
		form = form_parse(q->arena, body);
		body = form ? json_string(form, STR("payload")) : (struct str){NULL, 0};
	}
	if (!json_parse(q->arena, body, JSON_DEPTH_MAX, &v, NULL) || v->kind != JSON_OBJECT)
		return NULL;
	return v;
}

static const struct {
	const char *code;
	int status;
} answers[] = {
    {"no_service", 404},
    {"channel_not_found", 404},
    {"channel_is_archived", 410},
    {"action_prohibited", 403},
};

static int
status_of(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		if (strcmp(answers[i].code, code) == 0)
			return answers[i].status;
	return 400;
}

static const char *
refusal(struct call *c, const struct hook *h)
{
	if (!h || h->is_removed)
		return "no_service";
	if (h->channel->is_archived)
		return "channel_is_archived";
	if (channel_refusal(h->channel, false))
		return "action_prohibited";
	if (!c->args)
		return "invalid_payload";
	c->findings = c->content.findings;
	return c->content.error;
}

static void
post(struct call *c, struct reply *r, const struct hook *h)
{
	c->error = refusal(c, h);
	if (!c->error && !rates_take_message(c->sandbox->rates, &h->channel->bucket, c->now_ms,
			     &c->retry_after_s)) {
		c->error = "rate_limited";
		reply_header(r, "retry-after", arena_printf(c->arena, "%d", c->retry_after_s));
		say(r, 429, c->error);
		return;
	}
	if (c->error) {
		say(r, status_of(c->error), c->error);
		return;
	}
	c->ts_us = channel_next_ts(c->channel, c->now_ms);
	c->is_posted = true;
	say(r, 200, "ok");
}

void
webhook_handle(struct sandbox *s, struct request *q, struct reply *r, struct str path)
{
	struct call c = {.sandbox = s, .arena = q->arena, .now_ms = clock_wall().ms};
	struct credential own = {.scopes = (char *)(uintptr_t) "incoming-webhook"};
	c.args = read_payload(q);
	if (c.args) {
		content_examine(&c.content, c.arena, c.args, CONTENT_POSTED);
		content_seal(&c.content, c.arena, s->key_marker);
	}
	r->delay_ms = s->latency_ms;
	(void)pthread_mutex_lock(&s->lock);
	const struct hook *h = apps_hook(s->apps, path);
	if (h) {
		own.team = h->team;
		c.caller = &own;
		c.channel = h->channel;
	}
	struct mishap m = faults_take(s->faults, (struct str){NULL, 0},
	    h ? h->channel->id : (struct str){NULL, 0}, STR("(incoming webhook)"), false);
	if (m.posts || m.kind == FAULT_NONE)
		post(&c, r, h);
	else
		say(r, 500, "rollup_error");
	api_spoil(&c, r, &m);
	api_record(&c, q, r, STR("(incoming webhook)"));
	(void)pthread_mutex_unlock(&s->lock);
	atomic_fetch_add(&s->requests, 1);
}
