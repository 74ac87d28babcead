/*
 * Slack's text: escaping what comes from outside, and cutting without breaking what Slack
 * reads as one thing. Lengths are in UTF-16 units, never fewer than the characters that Slack
 * counts. Pure; any thread.
 */
#pragma once

#include "carillon/rules/template.h"

/* What templates substitute, as Slack reads it. */
extern const struct template_dialect mrkdwn_dialect;

/* Where in the template's own <...> a value stands. */
enum mrkdwn_place {
	MRKDWN_TEXT,  /* a dialect's place 0 */
	MRKDWN_ANGLE, /* behind <, before it is known to be a web address */
	MRKDWN_URL,   /* in <https://... */
	MRKDWN_LABEL, /* behind | */
};

/*
 * Appends a value so that it is text and nothing else: & < > as entities, backticks as
 * apostrophes, no control characters or direction overrides; in a URL percent-encoded, in a
 * label without | < >. At most `room` bytes, cut on a character. False if it was cut.
 */
bool mrkdwn_put(
    struct str value, enum mrkdwn_place place, bool one_line, size_t room, struct buf *out);

/* <url|label>, both made harmless. An empty label is the URL's own text. */
void mrkdwn_put_link(struct str url, struct str label, struct buf *out);

/*
 * Cuts `out` from `start` to at most `max` units, the last an ellipsis, and trims blanks at
 * both ends. Entities and <...> are kept or left out whole if `is_mrkdwn`. False if it was cut.
 */
bool mrkdwn_fit(struct buf *out, size_t start, size_t max, bool is_mrkdwn);

/* In plain text: removes what has no place there from `start` on; line breaks become spaces. */
void plain_clean(struct buf *out, size_t start, bool one_line);
