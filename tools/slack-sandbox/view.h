/*
 * What a person sees of a message: on the screen, and in the notification. `body` is a message
 * as the journal keeps it. Pure; everything lives in the arena, and points into `body`.
 */
#pragma once

#include "node.h"
#include "slack_date.h"

/* The whole message: its blocks, else its text; then its attachments. */
struct node *view_message(struct arena *a, const struct reader *r, const struct json *body);
/* `text` alone, as it would stand in the channel. */
struct node *view_text(struct arena *a, const struct reader *r, const struct json *body);

/* One line each. A desktop reads the blocks first, a telephone the text. */
struct notice {
	struct str desktop, mobile;
};
struct notice view_notice(struct arena *a, const struct reader *r, const struct json *body);
/* What is read of a tree, without its marks. */
struct str view_read(struct arena *a, const struct node *n);
