/* rich_text: the layout that Slack gives a plain text, and that messages may bring. Pure. */
#pragma once

#include "mrkdwn.h"

/* Appends what the elements of a rich_text block show. */
void rich_text_read(const struct mrkdwn *m, struct node *into, const struct json *block);
/* Writes the rich_text block that Slack makes of a text; `text` is the tree of mrkdwn_read. */
void rich_text_write(struct json_writer *w, const struct node *text, const char *block_id);
