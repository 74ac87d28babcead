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
 * ellipsis.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/findings.h"
#include "carillon/rules/event.h"
#include "carillon/rules/filter.h"
#include "carillon/rules/warnings.h"

struct message_template;

/*
 * `text` is the rule's template JSON; empty means the built-in one, which reads well for any
 * event, very well for an alert. False: `f` has all that is wrong, one thing a slot.
 */
MUST_USE bool message_template_compile(
    struct arena *a, struct str text, struct message_template **out, struct findings *f);

struct rendered {
	struct str blocks;        /* JSON array of blocks */
	struct str text;          /* fallback: 1 to 3000 characters, escaped for Slack */
	struct str color;         /* "#rrggbb" or empty */
	struct warnings warnings; /* a path that led nowhere, a slot that was cut, ... */
};

/* `order` gives event.severity its normal name and rank. Result owned by `a`. */
void message_render(const struct message_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a, struct rendered *out);
