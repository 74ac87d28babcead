/*
 * Whether a request is Slack's: HMAC-SHA256 of time and body under the app's signing secret,
 * which is in locked memory and is all that this process knows of the app. Any thread.
 */
#pragma once

#include "carillon/base/base.h"

struct signer;

/* Reads the secret's file; an empty path: NULL. ERR_SETUP: others may read it, or it is not
 * there. */
MUST_USE bool signer_open(struct signer **out, const char *path, struct err *e);
void signer_close(struct signer *s); /* wipes; NULL is fine */

enum { SIGNATURE_AGE_MAX_S = 300 };
/* By X-Slack-Request-Timestamp, X-Slack-Signature and the body as it came. In constant time. */
bool signer_accepts(const struct signer *s, struct str timestamp, struct str signature,
    struct str body, wall_t now);
