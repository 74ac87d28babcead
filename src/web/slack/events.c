/*
 * What Slack tells the app. The signature comes first, before a byte of it is read; what could
 * not be applied is refused, so that Slack tells it again.
 */
#include <microhttpd.h>
#include <stdio.h>

#include "carillon/base/log.h"
#include "happenings.h"
#include "signature.h"
#include "web/problem.h"
#include "web/routes.h"
#include "web/web_private.h"

enum { EVENT_ID_BYTES_MAX = 48 };

static void
say(struct request *q, struct str text)
{
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = "text/plain; charset=utf-8";
	buf_str(&q->answer.body, text);
}

static bool
is_signed(struct request *q)
{
	const struct signer *s = q->web->slack_signer;

	return s != NULL &&
	       signer_accepts(s, request_header(q, "X-Slack-Request-Timestamp"),
		   request_header(q, "X-Slack-Signature"), buf_view(&q->body), q->now);
}

/* Where its being done is noted; false: it has no such id. */
static bool
key_of_event(char key[static 80], struct str id)
{
	if (id.len == 0 || id.len > EVENT_ID_BYTES_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
			id.ptr[i]))
			return false;
	snprintf(key, 80, "slack_event.%.*s", STR_ARG(id));
	return true;
}

static bool
is_done(struct request *q, const char *key)
{
	struct broker_message m;
	struct err e;

	if (!broker_short_get(request_broker(q), key, &m, &e))
		return false;
	broker_message_free(&m);
	return true;
}

/* Told twice at once it is done twice, which is the same. */
static void
note_done(struct request *q, const char *key)
{
	struct err e;

	if (!broker_short_put(request_broker(q),
		&(struct state_change){.key = key, .bytes = STR("1")}, NULL, &e) &&
	    e.kind != ERR_CONFLICT)
		log_warn("slack.event", L_STR("error", e.text));
}

static void
take_event(struct request *q, const struct json *body)
{
	const struct happening h = {.request = q,
	    .app = json_string(body, STR("api_app_id")),
	    .team = json_string(body, STR("team_id")),
	    .event = json_get(body, STR("event"))};
	struct err e = {0};
	char key[80];
	bool has_key = key_of_event(key, json_string(body, STR("event_id")));

	if (h.team.len == 0 || h.event == NULL || (has_key && is_done(q, key))) {
		say(q, STR("ok"));
		return;
	}
	registry_set_author(q->registry, STR("slack:events"));
	if (!happening_apply(q, &h, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	if (has_key)
		note_done(q, key);
	log_info("slack.event", L_STRN("type", json_string(h.event, STR("type"))),
	    L_STRN("team", h.team));
	say(q, STR("ok"));
}

void
api_slack_events(struct request *q)
{
	const struct json *body;
	struct str type;
	struct err e;

	if (!is_signed(q)) {
		(void)problem(q, PROBLEM_UNAUTHENTICATED, "this is not signed by Slack");
		return;
	}
	if (!json_parse(q->arena, buf_view(&q->body), JSON_DEPTH_MAX, &body, &e)) {
		say(q, STR("ok")); /* a click on a link's button: a form, and nothing to do */
		return;
	}
	type = json_string(body, STR("type"));
	if (str_eq(type, STR("url_verification")))
		say(q, json_string(body, STR("challenge")));
	else if (str_eq(type, STR("event_callback")))
		take_event(q, body);
	else
		say(q, STR("ok"));
}
