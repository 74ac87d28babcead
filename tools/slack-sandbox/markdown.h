/*
 * The standard Markdown of a markdown block, as far as Slack draws it. Not CommonMark: nested
 * lists and quotes are flat, tables stay lines. Pure; any thread.
 */
#pragma once

#include "mrkdwn.h"

/* Appends what `text` shows. */
void markdown_read(const struct mrkdwn *m, struct node *into, struct str text);
/*
 * Into how many blocks Slack turns it: a heading, a rule, a table and what stands between them
 * are one each. It counts them towards the most a message may have.
 */
int markdown_parts(struct str text);
