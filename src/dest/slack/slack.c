/* Slack's Web API: composing chat.postMessage, chat.update, auth.test, conversations.info. */
#include "carillon/dest/dest.h"

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

#include "channel.h"
#include "judge.h"
#include "render.h"
#include "request.h"
#include "scrub.h"

static const struct dest_secret secrets[] = {
    {SLACK_TAG_TOKEN, "bot token, or address of an incoming webhook"}};

/* The blocks from `first` to `end`, bytes of the array that has them all. */
static void
write_part(struct json_writer *w, struct str blocks, size_t first, size_t end)
{
	jw_key(w, "blocks");
	if (first < end && blocks.ptr[first] == ',')
		first++;
	jw_array(w);
	if (first < end)
		jw_raw(w, (struct str){blocks.ptr + first, end - first});
	jw_array_end(w);
}

/* Slack colours only attachments, and shows the text above one that is alone: so there are
 * always blocks on top. */
static void
write_blocks(struct json_writer *w, const struct slack_body *b)
{
	if (b->color.len == 0) {
		jw_key(w, "blocks");
		jw_raw(w, b->blocks);
		return;
	}
	write_part(w, b->blocks, 1, b->lead_len);
	jw_key(w, "attachments");
	jw_array(w);
	jw_object(w);
	jw_kv_string(w, "color", b->color);
	write_part(w, b->blocks, b->lead_len, b->blocks.len - 1);
	jw_object_end(w);
	jw_array_end(w);
}

static bool
is_image(const struct json *block)
{
	return str_eq(json_string(block, STR("type")), STR("image"));
}

/* The blocks from the `first` to before the `end` that are no images; as many as were written.
 */
static int
write_without_images(struct json_writer *w, const struct json *blocks, int first, int end)
{
	int i = 0, n = 0;

	JSON_EACH (block, blocks) {
		if (i >= first && i < end && !is_image(block)) {
			jw_value(w, block);
			n++;
		}
		i++;
	}
	return n;
}

static void
write_part_without_images(
    struct json_writer *w, const struct json *blocks, int first, int end, struct str color)
{
	struct json_writer before = *w;
	size_t len = w->out->len;
	int n;

	if (color.len > 0) {
		jw_object(w);
		jw_kv_string(w, "color", color);
	}
	jw_key(w, "blocks");
	jw_array(w);
	n = write_without_images(w, blocks, first, end);
	jw_array_end(w);
	if (color.len > 0)
		jw_object_end(w);
	if (n > 0)
		return;
	*w = before; /* Slack takes no empty list of them in an attachment */
	w->out->len = len;
}

/* Rarely needed, so the body is read again instead of being kept in a second form. */
static void
write_blocks_without_images(struct json_writer *w, const struct slack_body *b)
{
	int n_lead = b->color.len > 0 ? b->n_lead : b->n_origins;
	struct arena *a = arena_new(0);
	const struct json *blocks;
	struct err e;

	must(json_parse(a, b->blocks, JSON_DEPTH_MAX, &blocks, &e)); /* we wrote it */
	write_part_without_images(w, blocks, 0, n_lead, STR(""));
	jw_key(w, "attachments");
	jw_array(w);
	if (n_lead < b->n_origins)
		write_part_without_images(w, blocks, n_lead, b->n_origins, b->color);
	jw_array_end(w);
	arena_free(a);
}

static void
write_metadata(struct json_writer *w, struct str reference)
{
	if (!reference.len)
		return;
	jw_key(w, "metadata");
	jw_object(w);
	jw_kv_cstr(w, "event_type", "carillon_delivery");
	jw_key(w, "event_payload");
	jw_object(w);
	jw_kv_string(w, "delivery", reference);
	jw_object_end(w);
	jw_object_end(w);
}

/*
 * Of a message that is changed Slack keeps the attachments when none are sent, and reads the
 * text again as people type it, markup and all, unless it is told not to.
 */
static void
write_update(struct json_writer *w, const struct dest_message *m, bool has_attachment)
{
	jw_kv_string(w, "ts", m->update_id);
	jw_kv_cstr(w, "parse", "none");
	jw_kv_bool(w, "link_names", false);
	if (has_attachment)
		return;
	jw_key(w, "attachments");
	jw_array(w);
	jw_array_end(w);
}

static void
write_body(struct buf *out, const struct dest_message *m, bool by_webhook)
{
	const struct slack_body *b = slack_body_of(m->body);
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	if (!by_webhook)
		jw_kv_string(&w, "channel", m->channel);
	jw_kv_string(&w, "text", b->text);
	if (!m->is_plain && m->without_images)
		write_blocks_without_images(&w, b);
	else if (!m->is_plain)
		write_blocks(&w, b);
	if (by_webhook) {
		jw_kv_bool(&w, "unfurl_links", false);
		jw_kv_bool(&w, "unfurl_media", false);
		jw_object_end(&w);
		return;
	}
	if (m->update_id.len) {
		write_update(&w, m, !m->is_plain && (b->color.len > 0 || m->without_images));
	} else {
		if (m->thread_id.len)
			jw_kv_string(&w, "thread_ts", m->thread_id);
		jw_kv_bool(&w, "unfurl_links", false);
		jw_kv_bool(&w, "unfurl_media", false);
	}
	write_metadata(&w, m->reference);
	jw_object_end(&w);
}

/* A webhook alone. */
static bool
has_only_other_way(const struct secret *credential)
{
	struct secret_view webhook = slack_webhook_of(credential);
	struct secret_view token = credential_get(credential, SLACK_TAG_TOKEN);

	return webhook.len > 0 && (token.len == 0 || token.ptr == webhook.ptr);
}

static bool
compose(struct http_request *req, const struct dest_message *m, const struct dest_call *call,
    struct err *e)
{
	const char *method = m->update_id.len ? "chat.update" : "chat.postMessage";

	if (!m->channel.len)
		return fail(e, ERR_INPUT, "the message names no Slack channel");
	if (m->other_way) {
		if (!slack_webhook_begin(req, call, e))
			return false;
		write_body(&req->body, m, true);
		return true;
	}
	if (!slack_request_begin(req, call, method, e))
		return false;
	req->content_type = "application/json; charset=utf-8";
	write_body(&req->body, m, false);
	return true;
}

static bool
compose_test(struct http_request *req, const struct dest_call *call, struct err *e)
{
	/* A webhook refuses a message without content, if it counts; else it says so. */
	if (has_only_other_way(call->credential)) {
		if (!slack_webhook_begin(req, call, e))
			return false;
		buf_cstr(&req->body, "{}");
		return true;
	}
	if (!slack_request_begin(req, call, "auth.test", e))
		return false;
	req->content_type = SLACK_FORM;
	return true;
}

static bool
compose_channel(
    struct http_request *req, const struct dest_call *call, struct str channel, struct err *e)
{
	if (!channel.len)
		return fail(e, ERR_INPUT, "no Slack channel was named");
	if (has_only_other_way(call->credential))
		return fail(e, ERR_INPUT, "an incoming webhook cannot ask for channels");
	if (!slack_request_begin(req, call, "conversations.info", e))
		return false;
	req->content_type = SLACK_FORM;
	slack_form_add(&req->body, "channel", channel);
	return true;
}

static struct dest_settings
settings(const struct config *c)
{
	return (struct dest_settings){
	    .base_url = c->slack_api_url,
	    .channel = {c->slack_channel_rate_milli, c->slack_channel_burst},
	    .account = {c->slack_team_rate_milli, c->slack_team_burst},
	    .update = {c->slack_update_rate_milli, c->slack_update_burst},
	};
}

/* GovSlack is a Slack of its own. */
static const char *
host_url(const struct config *c, struct str api_host)
{
	if (api_host.len == 0 || str_eq(api_host, STR("slack.com")))
		return c->slack_api_url;
	return str_eq(api_host, STR("slack-gov.com")) ? "https://slack-gov.com/api" : NULL;
}

static void
write_members(struct json_writer *w, const struct dest_body *body)
{
	const struct slack_body *b = slack_body_of(body);

	jw_kv_string(w, "text", b->text);
	jw_kv_string(w, "color", b->color);
	jw_key(w, "blocks");
	jw_raw(w, b->blocks);
}

/* The form that Slack's Block Kit Builder takes. */
static void
write_native(struct json_writer *w, const struct dest_body *body)
{
	jw_object(w);
	jw_key(w, "blocks");
	jw_raw(w, slack_body_of(body)->blocks);
	jw_object_end(w);
}

const struct dest_type dest_slack = {
    .name = "slack",
    .title = "Slack",
    .base_url_setting = "slack_api_url",
    .settings = settings,
    .secrets = secrets,
    .n_secrets = COUNT_OF(secrets),
    .template_compile = slack_template_compile,
    .render = slack_render,
    .digest = slack_digest,
    .write_members = write_members,
    .write_text = slack_write_text,
    .write_native = write_native,
    .compose = compose,
    .judge = slack_judge,
    .scrub = slack_scrub,
    .compose_test = compose_test,
    .judge_test = slack_judge_test,
    .channel_of = slack_channel_of,
    .channel_hint = "give the channel's id, like C0123456789, or its link; Slack shows both at "
		    "the end of a channel's details",
    .compose_channel = compose_channel,
    .judge_channel = slack_judge_channel,
    .has_only_other_way = has_only_other_way,
    .host_url = host_url,
    .oauth = &slack_oauth,
    .directory = &slack_directory,
};
