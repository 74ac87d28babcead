/*
 * Slack's own markup read as Slack reads it: entities, references between < and >, marks at the
 * edges of words, code, quotes, emoji by name, bare addresses. Pure; any thread.
 */
#pragma once

#include "node.h"
#include "slack_date.h"

struct mrkdwn {
	struct arena *arena;
	struct reader reader;
	bool is_verbatim; /* bare addresses stay text */
};

/* Appends what `text` shows to `into`. The text must live as long as the arena. */
void mrkdwn_read(const struct mrkdwn *m, struct node *into, struct str text);
/* The same of a plain text: line breaks, and emoji by name if `has_emoji`. */
void plain_read(const struct mrkdwn *m, struct node *into, struct str text, bool has_emoji);
/* "&lt;" to "<", in the arena. */
struct str mrkdwn_unescape(struct arena *a, struct str text);
/* Appends ":name:" of an emoji, its character, and its skin tone if there is one. */
void emoji_add(struct arena *a, struct node *into, struct str name, struct str tone);
/* Appends the date, or `fallback` if there is no such time. */
void date_add(const struct mrkdwn *m, struct node *into, int64_t unix_s, struct str format,
    struct str url, struct str fallback);
