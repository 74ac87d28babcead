/*
 * What all requests to Slack share: the address, the credential, forms. A credential has a bot
 * token, an incoming webhook's address, or both; of one that was granted with rotation also the
 * token that renews it.
 */
#pragma once

#include "carillon/dest/dest.h"
#include "carillon/dest/directory.h"
#include "carillon/dest/grant.h"

enum {
	SLACK_TAG_TOKEN = CREDENTIAL_TAG_BARE,
	SLACK_TAG_REFRESH = 2,
	SLACK_TAG_WEBHOOK = 3,
};

/* Slack takes JSON only for methods that write. */
#define SLACK_FORM "application/x-www-form-urlencoded"

/* Clears the request and names the method. ERR_INPUT: the address is too long. */
MUST_USE bool slack_request_to(
    struct http_request *req, const char *base_url, const char *method, struct err *e);
/* The same with the credential's token. ERR_INPUT: it has none. */
MUST_USE bool slack_request_begin(
    struct http_request *req, const struct dest_call *call, const char *method, struct err *e);
/* Appends "&name=value" (without the '&' at first) to a form. */
void slack_form_add(struct buf *out, const char *name, struct str value);

/* --- webhook.c --- */

/* Where the credential's messages go by its webhook; empty: it has none. What was typed in as
 * the bare secret may be one, too. */
struct secret_view slack_webhook_of(const struct secret *credential);
/* The request of a message that goes there. ERR_INPUT: it is not an address of Slack's, nor of
 * the host that the settings name. */
MUST_USE bool slack_webhook_begin(
    struct http_request *req, const struct dest_call *call, struct err *e);
/* What a webhook answers, which is no JSON: "ok", or a bare code. False if it is not that. */
MUST_USE bool slack_judge_webhook(const struct http_response *res, struct outcome *out);
/* Whether it is the answer of a webhook that counts to a message without content. */
bool slack_webhook_counts(const struct http_response *res);

extern const struct dest_oauth slack_oauth;         /* oauth.c */
extern const struct dest_directory slack_directory; /* list.c */
