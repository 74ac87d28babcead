/*
 * Slack's text: escaping what comes from outside, and cutting without breaking what Slack
 * reads as one thing. Lengths are in UTF-16 units, never fewer than the characters that Slack
 * counts. Pure; any thread.
 */
#pragma once

#include "carillon/rules/template.h"

/*
 * Slack has no escape for * _ ~ and :name:. A mark formats only where one of its sides is no
 * part of a word, and a name only as a whole: so what is part of a word, and is seen by nobody,
 * stands on both sides of a value's mark, and a break behind the first colon.
 */
#define MRKDWN_WORD  "\xcd\x8f" /* U+034F, combining grapheme joiner */
#define MRKDWN_BREAK "\xc2\xad" /* U+00AD, soft hyphen */

/* What templates substitute, as Slack reads it: in mrkdwn, and in plain text with emoji. */
extern const struct template_dialect mrkdwn_dialect;
extern const struct template_dialect plain_dialect;

/* Where in the template's own text a value stands. */
enum mrkdwn_place {
	MRKDWN_TEXT,  /* a dialect's place 0 */
	MRKDWN_ANGLE, /* behind <, before it is known to be a web address */
	MRKDWN_HOST,  /* in <https://..., before the path */
	MRKDWN_URL,   /* in the path or the query */
	MRKDWN_LABEL, /* behind | */
	MRKDWN_CODE,  /* in `...` */
	MRKDWN_FENCE, /* in ```...``` */
};

/*
 * Appends a value so that it is text and nothing else: & < > as entities, what could format
 * made harmless by characters that nobody sees, no control characters or direction overrides;
 * in a URL percent-encoded. Backticks stay where they pair within the value; others are
 * apostrophes. At most `room` bytes, cut on a character. False if it was cut.
 */
bool mrkdwn_put(
    struct str value, enum mrkdwn_place place, bool one_line, size_t room, struct buf *out);

/* The same for plain text, in which Slack reads only the names of emoji. */
bool plain_put(struct str value, bool one_line, size_t room, struct buf *out);

/* <url|label>, both made harmless. An empty label is the URL's own text. */
void mrkdwn_put_link(struct str url, struct str label, struct buf *out);

/*
 * Cuts `out` to at most `max` units, with an ellipsis, and trims blanks at both ends. Entities
 * and
 * <...> are kept or left out whole, and what is open at the cut (a fence, a code span, bold,
 * italic, strike) is closed behind the ellipsis. `is_torn`: `out` itself ends where something
 * cut it. False if it was cut.
 */
bool mrkdwn_fit(struct buf *out, size_t max, bool is_torn);

/* The same for plain text, in which nothing is open. */
bool plain_fit(struct buf *out, size_t max);

/* In plain text: removes what has no place there; line breaks become spaces. */
void plain_clean(struct buf *out, bool one_line);
