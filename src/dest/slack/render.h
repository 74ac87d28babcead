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
 * With a colour, header and body stand on top and the rest beside the colour bar; where there
 * is no rest the body does. Slack reads `text` only to notify, and shows it where nothing else
 * is.
 *
 * Compiled once (owned by the arena, read-only, any thread). Rendering cannot fail: whatever
 * the payload holds, the result keeps every limit of Slack's, cut on characters with an
 * ellipsis. Called through struct dest_type.
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/dest/dest.h"
#include "carillon/rules/event.h"
#include "carillon/rules/filter.h"

extern const struct dest_type dest_slack;

/* Where a block of the message comes from. */
struct block_origin {
	unsigned first; /* a slot, or the place of a block in the template's document */
	uint32_t kept;  /* its elements that are there: slots from `first` on, or of its list */
};

struct slack_body {
	struct dest_body base;
	struct str blocks; /* JSON array of blocks */
	/* Of a message with a colour: its first blocks, which stand on top, and where in the
	 * array they end. The others stand beside the colour bar, and Slack may fold them. */
	int n_lead;
	size_t lead_len;
	struct str text;  /* fallback: 1 to 3000 characters, escaped for Slack */
	struct str color; /* "#rrggbb" or empty */
	bool is_document; /* made of a Block Kit document, not of slots */
	int n_origins;
	struct block_origin *origins; /* one a block */
};

/* The body as what it is; it must be Slack's. */
const struct slack_body *slack_body_of(const struct dest_body *b);

/* Empty text gives the built-in template, JSON of slots: reads well for any event, very well
 * for an alert. */
MUST_USE bool slack_template_compile(
    struct arena *a, struct str text, const struct dest_template **out, struct findings *f);
const struct dest_body *slack_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a);
/* preview_text.c */
void slack_write_text(struct buf *out, const struct dest_body *body);
/* origin.c: the part of the template that Slack's JSON pointer into the message is about, as
 * struct finding names slots; empty if that is not known. */
void slack_slot_of(const struct slack_body *b, struct str pointer, char *out, size_t size);
/* digest_text.c */
const struct dest_body *slack_digest(const struct dest_digest *g, struct arena *a);
