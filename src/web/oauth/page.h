/* The pages of our own that a person sees on the way to Slack and back. */
#pragma once

#include "web/request.h"

/* Begins a page with that title; its script is "/oauth/slack/<script>.js", or NULL. The rest is
 * appended to the answer's body. */
void oauth_page_begin(
    struct request *q, unsigned status, const char *title, const char *script);
/* A whole page of one sentence. */
void oauth_page_say(struct request *q, unsigned status, const char *title, const char *sentence,
    const char *script);
