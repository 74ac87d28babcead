/*
 * Finds the real mentions in a message: those Slack would turn into a notification or a link.
 * An escaped "&lt;!channel&gt;" is none, and neither is one in plain_text. Pure; any thread.
 */
#pragma once

#include "carillon/base/json.h"

enum mention {
#define MENTION(id, name) MENTION_##id,
#include "mentions.def"
#undef MENTION
	MENTION_COUNT
};

/* Bits 1 << MENTION_x of one mrkdwn text. */
unsigned mentions_in_text(struct str mrkdwn);
/* Bits of all mrkdwn and rich_text inside `blocks` (or any part of them; NULL is fine). */
unsigned mentions_in_blocks(const struct json *blocks);
/* Writes an array of names. */
void mentions_write(struct json_writer *w, unsigned bits);
