#include "message.h"

#include "content.h"
#include "markdown.h"
#include "view.h"

/*
 * Any bytes as a message to the Slack sandbox: judged, kept and shown, and what it writes is
 * JSON and text. What is no JSON is read as mrkdwn and as Markdown.
 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct zone *utc;

static struct reader
reader_now(void)
{
	if (!utc)
		utc = zone_utc();
	return (struct reader){utc, {1776427200000}};
}

static const struct json *
parsed(struct arena *a, struct str text)
{
	const struct json *v = NULL;
	struct err e;
	must(json_parse(a, text, JSON_DEPTH_MAX, &v, &e));
	return v;
}

static void
show(struct arena *a, const struct json *body)
{
	struct reader reader = reader_now();
	struct notice notice = view_notice(a, &reader, body);
	must(str_is_text(view_read(a, view_message(a, &reader, body))));
	must(str_is_text(notice.desktop) && str_is_text(notice.mobile));
}

static void
answer(struct arena *a, const struct content *c)
{
	const struct team team = {.id = STR("T1"), .user_id = STR("U1"), .bot_id = STR("B1")};
	const struct message m = {.team = &team,
	    .ts_us = 1776427200000000,
	    .text = c->text,
	    .blocks = c->blocks,
	    .attachments = c->attachments,
	    .metadata = c->metadata,
	    .args = c->args};
	struct reader reader = reader_now();
	struct buf out = {0};
	struct json_writer w;
	jw_init(&w, &out);
	message_write(&w, a, &reader, &m);
	(void)parsed(a, buf_view(&out));
	buf_fini(&out);
}

static void
take(struct arena *a, const struct json *args, enum content_use use)
{
	struct content c;
	content_examine(&c, a, args, use);
	content_seal(&c, a, STR("ref:"));
	const struct json *body = NULL;
	must(json_parse(a, c.body, CONTENT_DEPTH_MAX, &body, NULL));
	if (c.error)
		return;
	show(a, body);
	answer(a, &c);
	content_merge(&c, body);
}

static void
read_text(struct arena *a, struct str text)
{
	struct mrkdwn m = {.arena = a, .reader = reader_now()};
	struct node *n = node_new(a, NODE_ROOT);
	mrkdwn_read(&m, n, text);
	markdown_read(&m, n, text);
	must(str_is_text(view_read(a, n)));
	must(markdown_parts(text) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct arena *a = arena_new(0);
	const struct json *args;
	if (json_parse(a, text, JSON_DEPTH_MAX, &args, NULL) && args->kind == JSON_OBJECT) {
		take(a, args, CONTENT_POSTED);
		take(a, args, CONTENT_CHANGED);
	} else if (str_is_text(text)) {
		read_text(a, text);
	}
	arena_free(a);
	return 0;
}
