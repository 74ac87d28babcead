/* Slack's Web API: composing chat.postMessage, chat.update, auth.test, conversations.info. */
#include "carillon/dest/dest.h"

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

#include "channel.h"
#include "judge.h"
#include "render.h"

enum {
	TAG_TOKEN = CREDENTIAL_TAG_BARE,
	TOKEN_MAX = 512, /* bytes; Slack's have at most 255 */
};

static const struct dest_secret secrets[] = {{TAG_TOKEN, "bot token"}};

static bool
token_is_sane(struct secret_view token)
{
	for (size_t i = 0; i < token.len; i++) {
		if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
			return false;
	}
	return token.len > 0 && token.len <= TOKEN_MAX;
}

/* What all requests share: the address and the credential. */
static bool
request_begin(
    struct http_request *req, const struct dest_call *call, const char *method, struct err *e)
{
	static const char bearer[] = "Authorization: Bearer ";
	static const char *const wanted[] = {SLACK_WANTED, NULL};
	struct secret_view token = credential_get(call->credential, TAG_TOKEN);
	const char *base_url = call->base_url;
	size_t base_len = strlen(base_url);

	must(req->auth);
	http_request_clear(req);
	req->wanted = wanted;
	while (base_len > 0 && base_url[base_len - 1] == '/')
		base_len--;
	if (base_len + 1 + strlen(method) >= sizeof(req->url))
		return fail(e, ERR_INPUT, "slack_api_url is longer than %zu bytes",
		    sizeof(req->url) - 32);
	snprintf(req->url, sizeof(req->url), "%.*s/%s", (int)base_len, base_url, method);
	if (!token_is_sane(token) || !secret_append(req->auth, bearer, sizeof(bearer) - 1) ||
	    !secret_append(req->auth, token.ptr, token.len)) {
		secret_clear(req->auth);
		return fail(e, ERR_INPUT, "the stored credential is not a Slack token");
	}
	return true;
}

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
write_body(struct buf *out, const struct dest_message *m)
{
	const struct slack_body *b = slack_body_of(m->body);
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	jw_kv_string(&w, "channel", m->channel);
	jw_kv_string(&w, "text", b->text);
	if (!m->is_plain && m->without_images)
		write_blocks_without_images(&w, b);
	else if (!m->is_plain)
		write_blocks(&w, b);
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

static bool
compose(struct http_request *req, const struct dest_message *m, const struct dest_call *call,
    struct err *e)
{
	const char *method = m->update_id.len ? "chat.update" : "chat.postMessage";

	if (!m->channel.len)
		return fail(e, ERR_INPUT, "the message names no Slack channel");
	if (!request_begin(req, call, method, e))
		return false;
	req->content_type = "application/json; charset=utf-8";
	write_body(&req->body, m);
	return true;
}

/* Slack takes JSON only for methods that write. */
static const char form_type[] = "application/x-www-form-urlencoded";

static bool
compose_test(struct http_request *req, const struct dest_call *call, struct err *e)
{
	if (!request_begin(req, call, "auth.test", e))
		return false;
	req->content_type = form_type;
	return true;
}

static void
put_form_value(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			buf_putc(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static bool
compose_channel(
    struct http_request *req, const struct dest_call *call, struct str channel, struct err *e)
{
	if (!channel.len)
		return fail(e, ERR_INPUT, "no Slack channel was named");
	if (!request_begin(req, call, "conversations.info", e))
		return false;
	req->content_type = form_type;
	buf_cstr(&req->body, "channel=");
	put_form_value(&req->body, channel);
	return true;
}

static struct dest_settings
settings(const struct config *c)
{
	return (struct dest_settings){
	    .base_url = c->slack_api_url,
	    .channel = {c->slack_channel_rate_milli, c->slack_channel_burst},
	    .account = {c->slack_team_rate_milli, c->slack_team_burst},
	};
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
    .compose_test = compose_test,
    .judge_test = slack_judge_test,
    .channel_of = slack_channel_of,
    .channel_hint = "give the channel's id, like C0123456789, or its link; Slack shows both at "
		    "the end of a channel's details",
    .compose_channel = compose_channel,
    .judge_channel = slack_judge_channel,
};
