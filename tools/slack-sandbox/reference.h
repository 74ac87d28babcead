/* What stands between < and > in mrkdwn: links, people, channels, calls, dates. */
#pragma once

#include "mrkdwn.h"

/*
 * Appends what the reference at the beginning of `s` shows, and returns its bytes; 0 if it is
 * none, and the < only a character.
 */
size_t reference_read(const struct mrkdwn *m, struct node *into, struct str s);
