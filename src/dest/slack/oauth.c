/* Slack's OAuth v2: what is exchanged, renewed and given back. */
#include "request.h"

#include <sodium.h>

#include "judge.h"

enum {
	BASIC_MAX = 400, /* bytes of "id:secret" */
	GRANT_TREE_MAX = 256 * 1024,
	EXPIRES_MAX_S = 400 * 24 * 3600,
};

static const struct oauth_code {
	struct str code;
	enum grant_fault fault;
	enum repair repair;
	const char *sentence, *action;
} codes[] = {
#define OAUTH_CODE(code, FAULT, REPAIR, sentence, action) \
	{{code, sizeof(code) - 1}, GRANT_##FAULT, REPAIR_##REPAIR, sentence, action},
#include "oauth_codes.def"
#undef OAUTH_CODE
};

/* "Authorization: Basic base64(id:secret)"; nothing of the secret stays on the stack. */
static bool
put_basic(struct secret *auth, const struct dest_app *app, struct err *e)
{
	static const char head[] = "Authorization: Basic ";
	char pair[BASIC_MAX],
	    text[sodium_base64_ENCODED_LEN(BASIC_MAX, sodium_base64_VARIANT_ORIGINAL)];
	int len = snprintf(pair, sizeof(pair), "%.*s:%s", STR_ARG(app->client_id),
	    secret_bytes(app->client_secret));
	bool ok = len > 0 && (size_t)len < sizeof(pair);

	if (ok) {
		sodium_bin2base64(text, sizeof(text), (const unsigned char *)pair, (size_t)len,
		    sodium_base64_VARIANT_ORIGINAL);
		ok = secret_append(auth, head, sizeof(head) - 1) &&
		     secret_append(auth, text, strlen(text));
	}
	sodium_memzero(pair, sizeof(pair));
	sodium_memzero(text, sizeof(text));
	registers_wipe();
	return ok || fail(e, ERR_SETUP, "slack_client_id and the client secret are too long");
}

static bool
access_begin(struct http_request *req, const struct dest_app *app, struct err *e)
{
	if (!slack_request_to(req, app->base_url, "oauth.v2.access", e) ||
	    !put_basic(req->auth, app, e))
		return false;
	req->content_type = SLACK_FORM;
	req->is_private = true;
	buf_reserve(&req->body, 4 * SECRET_MAX); /* so that it never moves */
	return true;
}

static bool
compose_exchange(struct http_request *req, const struct dest_app *app, struct str code,
    struct str redirect_uri, struct err *e)
{
	if (code.len == 0 || code.len > SECRET_MAX / 2)
		return fail(e, ERR_INPUT, "there is no code to exchange");
	if (!access_begin(req, app, e))
		return false;
	slack_form_add(&req->body, "code", code);
	slack_form_add(&req->body, "redirect_uri", redirect_uri);
	return true;
}

static bool
compose_renewal(struct http_request *req, const struct dest_app *app,
    const struct secret *credential, struct err *e)
{
	struct secret_view refresh = credential_get(credential, SLACK_TAG_REFRESH);

	if (refresh.len == 0)
		return fail(e, ERR_INPUT, "the token has no end and is not renewed");
	if (!access_begin(req, app, e))
		return false;
	slack_form_add(&req->body, "grant_type", STR("refresh_token"));
	slack_form_add(&req->body, "refresh_token", (struct str){refresh.ptr, refresh.len});
	registers_wipe();
	return true;
}

static bool
put_text(struct secret *credential, uint8_t tag, struct str s)
{
	return credential_put_view(credential, tag, (struct secret_view){s.ptr, s.len});
}

static bool
take_secrets(const struct json *root, struct secret *credential)
{
	return put_text(credential, SLACK_TAG_TOKEN, json_string(root, STR("access_token"))) &&
	       put_text(
		   credential, SLACK_TAG_REFRESH, json_string(root, STR("refresh_token"))) &&
	       put_text(credential, SLACK_TAG_WEBHOOK,
		   json_string(json_get(root, STR("incoming_webhook")), STR("url")));
}

static bool
combine(
    struct secret *out, const struct secret *granted, const struct secret *own, bool is_sibling)
{
	struct secret_view webhook = credential_get(granted, SLACK_TAG_WEBHOOK);

	if (is_sibling || webhook.len == 0)
		webhook = credential_get(own, SLACK_TAG_WEBHOOK);
	secret_clear(out);
	return credential_put_view(
		   out, SLACK_TAG_TOKEN, credential_get(granted, SLACK_TAG_TOKEN)) &&
	       credential_put_view(
		   out, SLACK_TAG_REFRESH, credential_get(granted, SLACK_TAG_REFRESH)) &&
	       credential_put_view(out, SLACK_TAG_WEBHOOK, webhook);
}

static void
take_grant(const struct json *root, struct dest_grant *g)
{
	const struct json *team = json_get(root, STR("team"));
	const struct json *webhook = json_get(root, STR("incoming_webhook"));
	const struct json *expires = json_get(root, STR("expires_in"));
	struct str name = json_string(webhook, STR("channel"));

	if (name.len > 0 && name.ptr[0] == '#')
		name = (struct str){name.ptr + 1, name.len - 1};
#define TAKE(to, from, member) slack_copy_text(to, sizeof(to), json_string(from, STR(member)))
	TAKE(g->account.id, team, "id");
	TAKE(g->account.name, team, "name");
	TAKE(g->account.bot_user_id, root, "bot_user_id");
	TAKE(g->app_id, root, "app_id");
	TAKE(g->enterprise_id, json_get(root, STR("enterprise")), "id");
	TAKE(g->scopes, root, "scope");
	TAKE(g->granted_by, json_get(root, STR("authed_user")), "id");
	TAKE(g->channel_id, webhook, "channel_id");
#undef TAKE
	slack_copy_text(g->channel_name, sizeof(g->channel_name), name);
	if (expires == NULL || !json_int64(expires, &g->expires_in_s) || g->expires_in_s < 0 ||
	    g->expires_in_s > EXPIRES_MAX_S)
		g->expires_in_s = 0;
}

static bool
refuse(struct dest_grant *g, struct outcome *out, enum grant_fault fault, const char *sentence,
    enum repair repair, const char *action)
{
	g->fault = fault;
	out->ambiguous = false;
	out->code = OUTCOME_REJECTED_CLIENT_ERROR;
	str_copy(out->reason, sizeof(out->reason), str_of(sentence));
	slack_set_remedy(out, repair, action);
	return false;
}

static bool
judge_refusal(struct dest_grant *g, struct outcome *out)
{
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (str_eq(codes[i].code, str_of(out->error_code)))
			return refuse(g, out, codes[i].fault, codes[i].sentence,
			    codes[i].repair, codes[i].action);
	/* No answer that can be understood: it may be one later. */
	g->fault = out->error_code[0] == '\0' || out->verdict == VERDICT_THROTTLED ||
	                   out->verdict == VERDICT_LATER
	               ? GRANT_AWAY
	               : GRANT_PERSON;
	return false;
}

static bool
judge_whole(const struct json *root, struct dest_grant *g, struct secret *credential,
    struct outcome *out)
{
	if (slack_is_true(root, STR("is_enterprise_install")) || g->account.id[0] == '\0')
		return refuse(g, out, GRANT_PERSON,
		    "the app was installed for a whole Slack organization, not for one "
		    "workspace of it",
		    REPAIR_RECONNECT, "install it to one workspace of your organization");
	if (!take_secrets(root, credential) ||
	    credential_get(credential, SLACK_TAG_TOKEN).len == 0) {
		secret_clear(credential);
		return refuse(g, out, GRANT_AWAY, "Slack's answer could not be understood",
		    REPAIR_RECONNECT, "connect Slack again");
	}
	slack_set_done(out);
	return true;
}

static bool
judge_grant(const struct http_response *res, struct dest_grant *g, struct secret *credential,
    struct outcome *out)
{
	struct arena *a = arena_new(GRANT_TREE_MAX);
	const struct json *root = slack_answer(a, res, out);
	bool ok;

	*g = (struct dest_grant){0};
	secret_clear(credential);
	if (root != NULL)
		take_grant(root, g);
	ok = root != NULL ? judge_whole(root, g, credential, out) : judge_refusal(g, out);
	arena_free_wiped(a);
	registers_wipe();
	return ok;
}

static bool
compose_return(struct http_request *req, const struct dest_call *call, struct err *e)
{
	if (!slack_request_begin(req, call, "auth.revoke", e))
		return false;
	req->content_type = SLACK_FORM;
	return true;
}

static bool
judge_return(const struct http_response *res, struct outcome *out)
{
	static const char *const gone[] = {
	    "token_revoked", "invalid_auth", "account_inactive", "token_expired", "not_authed"};
	struct arena *a = arena_new(GRANT_TREE_MAX);
	bool ok = slack_answer(a, res, out) != NULL;

	for (size_t i = 0; i < COUNT_OF(gone); i++)
		ok = ok || strcmp(out->error_code, gone[i]) == 0;
	arena_free(a);
	return ok;
}

static void
authorize_url(struct buf *out, const struct config *c, const struct dest_consent *consent)
{
	struct buf query = {0};

	slack_form_add(&query, "client_id", str_of(c->slack_client_id));
	slack_form_add(&query, "scope", consent->scopes);
	slack_form_add(&query, "redirect_uri", consent->redirect_uri);
	slack_form_add(&query, "state", consent->state);
	if (consent->team.len > 0)
		slack_form_add(&query, "team", consent->team);
	buf_printf(out, "%s%c%.*s", c->slack_authorize_url,
	    strchr(c->slack_authorize_url, '?') ? '&' : '?', STR_ARG(buf_view(&query)));
	buf_fini(&query);
}

static const char *
scopes_for(const struct config *c, enum dest_need need)
{
	switch (need) {
	case NEED_FIRST: return c->slack_scopes_first;
	case NEED_CHANNELS: return "channels:read,groups:read";
	case NEED_UNINVITED: return "chat:write.public";
	case NEED_DOUBT: return "channels:history,groups:history";
	case DEST_NEEDS: break;
	}
	return "";
}

static struct dest_app_settings
app(const struct config *c)
{
	return (struct dest_app_settings){
	    .client_id = c->slack_client_id,
	    .client_secret_file = c->slack_client_secret_file,
	    .scopes_first = c->slack_scopes_first,
	};
}

const struct dest_oauth slack_oauth = {
    .compose_exchange = compose_exchange,
    .compose_renewal = compose_renewal,
    .judge_grant = judge_grant,
    .combine = combine,
    .compose_return = compose_return,
    .judge_return = judge_return,
    .scopes_for = scopes_for,
    .authorize_url = authorize_url,
    .app = app,
};
