/*
 * A consent while it is under way: a record of the short bucket, so that any web process takes
 * the next step. Each step is by compare-and-set: of two that come at once one counts.
 */
#pragma once

#include "web/request.h"

enum { AUTHORIZATION_TTL_MS = 10 * 60 * 1000, AUTHORIZATION_TEXT_MAX = 128 };

#define OAUTH_COOKIE "__Host-carillon_oauth"

/* "<id>.<random>", of a ticket or a state. */
void authorization_text(
    char out[static AUTHORIZATION_TEXT_MAX], const char *id, const char *token);
/* The record of such a text; NULL: there is none. `token` is its random part. */
authorization_record *authorization_of(
    struct request *q, struct str text, struct str *token, uint64_t *revision);
authorization_record *authorization_get(struct request *q, struct str id, uint64_t *revision);
MUST_USE bool authorization_put(
    struct request *q, const authorization_record *r, uint64_t *revision, struct err *e);
bool authorization_is_waiting(const authorization_record *r, wall_t now);
/* What came of it; texts live as long as the request. */
void authorization_end(
    authorization_record *r, const char *status, const char *code, const char *detail);
ProtobufCBinaryData hash_keep(struct request *q, const uint8_t hash[static 32]);
/* As the API tells it. */
void authorization_write(struct json_writer *w, const authorization_record *r, const char *url,
    const char *proof, wall_t now);
/* Where Slack sends the person back to. */
struct str authorization_redirect(struct request *q);
/* Tells the operators what somebody tried. */
void authorization_tell(
    struct request *q, const authorization_record *r, const char *what, const char *reason);
