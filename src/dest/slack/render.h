/*
 * A rule's message: named slots of template text laid out as Block Kit, or (advanced) a Block
 * Kit document whose strings are templates. The document is expanded after parsing, string by
 * string, so a payload value can break neither JSON nor a slot, and can mention nobody.
 *
 *     {"header": "...", "body": "...", "context": "...", "reference": "...", "timestamp":
 * "...", "color": "...", "link": "...", "link_label": "...", "text": "..."}   all optional, all
 * templates
 *     {"blocks": [...], "text": "..."}                                       advanced
 *
 * Compiled once (owned by the arena, read-only, any thread). Rendering cannot fail: whatever
 * the payload holds, the result keeps every limit of Slack's, cut on characters with an
 * ellipsis. Called through struct dest_type.
 */
#pragma once

#include "carillon/dest/dest.h"

extern const struct dest_type dest_slack;

struct slack_body {
	struct dest_body base;
	struct str blocks; /* JSON array of blocks */
	struct str text;   /* fallback: 1 to 3000 characters, escaped for Slack */
	struct str color;  /* "#rrggbb" or empty */
};

/* The body as what it is; it must be Slack's. */
const struct slack_body *slack_body_of(const struct dest_body *b);

/* Empty text gives the built-in template, JSON of slots: reads well for any event, very well
 * for an alert. */
MUST_USE bool slack_template_compile(struct arena *a, struct str text,
    const struct dest_template **out, struct dest_template_error *te);
const struct dest_body *slack_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a);
/* digest_text.c */
const struct dest_body *slack_digest(const struct dest_digest *g, struct arena *a);
