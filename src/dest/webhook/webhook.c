#include "webhook.h"

#include <sodium.h>

#include "carillon/base/clock.h"

static const struct dest_secret secrets[] = {
    {CREDENTIAL_TAG_BARE, "signing secret (whsec_...)"}};

void
webhook_id(const struct dest_message *m, char out[static WEBHOOK_ID_SIZE])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(
	    &state, (const unsigned char *)m->workspace.ptr, m->workspace.len);
	crypto_generichash_update(&state, (const unsigned char *)"", 1); /* no id has a NUL */
	crypto_generichash_update(
	    &state, (const unsigned char *)m->reference.ptr, m->reference.len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(out, "msg_", 4);
	sodium_bin2hex(out + 4, WEBHOOK_ID_SIZE - 4, hash, sizeof(hash));
}

/* Clears the request and says where it goes. */
static bool
begin(struct http_request *req, const struct dest_call *call, struct err *e)
{
	http_request_clear(req);
	req->is_guarded = true;
	req->timeout_ms = WEBHOOK_TIMEOUT_MS;
	req->content_type = "application/json";
	return str_copy(req->url, sizeof(req->url), str_of(call->base_url)) ||
	       fail(e, ERR_INPUT, "the endpoint's address is too long");
}

static void
write_id(struct json_writer *w, const char *key, struct str id)
{
	if (id.len > 0)
		jw_kv_string(w, key, id);
}

static bool
compose(struct http_request *req, const struct dest_message *m, const struct dest_call *call,
    struct err *e)
{
	char id[WEBHOOK_ID_SIZE];
	struct json_writer w;

	if (!begin(req, call, e))
		return false;
	webhook_id(m, id);
	jw_init(&w, &req->body);
	jw_object(&w);
	webhook_write_members(&w, m->body);
	write_id(&w, "replaces", m->update_id);
	write_id(&w, "in_reply_to", m->thread_id);
	jw_object_end(&w);
	return webhook_sign(req, call, id, e);
}

/* A message that says what it is: whoever takes it takes all of them. */
static bool
compose_test(struct http_request *req, const struct dest_call *call, struct err *e)
{
	char time[CLOCK_TEXT_MAX], id[WEBHOOK_ID_SIZE];
	struct dest_message m = {.workspace = STR("test")};
	struct json_writer w;

	if (!begin(req, call, e))
		return false;
	clock_text(call->now, time);
	m.reference = str_of(time);
	webhook_id(&m, id);
	jw_init(&w, &req->body);
	jw_object(&w);
	jw_kv_cstr(&w, "type", "carillon.test");
	jw_kv_cstr(&w, "timestamp", time);
	jw_key(&w, "data");
	jw_object(&w);
	jw_object_end(&w);
	jw_object_end(&w);
	return webhook_sign(req, call, id, e);
}

static bool
channel_of(struct str text, char out[static CHANNEL_ID_MAX + 1])
{
	return str_eq(text, STR(WEBHOOK_CHANNEL)) && str_copy(out, CHANNEL_ID_MAX + 1, text);
}

static bool
has_only_other_way(const struct secret *credential)
{
	(void)credential;
	return false;
}

static struct dest_settings
settings(const struct config *c)
{
	const struct dest_rate rate = {c->webhook_rate_milli, c->webhook_burst};

	return (struct dest_settings){.base_url = "", .channel = rate, .account = rate};
}

static void
write_native(struct json_writer *w, const struct dest_body *b)
{
	jw_object(w);
	webhook_write_members(w, b);
	jw_object_end(w);
}

static void
write_text(struct buf *out, const struct dest_body *b)
{
	struct json_writer w;

	jw_init(&w, out);
	w.indent = true;
	write_native(&w, b);
	buf_putc(out, '\n');
}

const struct dest_type dest_webhook = {
    .name = "webhook",
    .title = "a webhook",
    .base_url_setting = "webhook_ports",
    .settings = settings,
    .has_own_url = true,
    .secrets = secrets,
    .n_secrets = COUNT_OF(secrets),
    .take = webhook_take,
    .template_compile = webhook_template_compile,
    .render = webhook_render,
    .digest = webhook_digest,
    .write_members = webhook_write_members,
    .write_text = write_text,
    .write_native = write_native,
    .compose = compose,
    .judge = webhook_judge,
    .scrub = webhook_scrub,
    .compose_test = compose_test,
    .judge_test = webhook_judge_test,
    .channel_of = channel_of,
    .channel_hint = "a webhook has one channel: " WEBHOOK_CHANNEL,
    .has_only_other_way = has_only_other_way,
};
