/*
 * Judges `blocks` as Slack does and says what is wrong in Slack's words, with a JSON pointer.
 * Pure; any thread. What is allowed stands in shapes.def and limits.def.
 */
#pragma once

#include "findings.h"

/* Judges one list of blocks; `pointer` is where it stands, such as "/attachments/0/blocks". */
void blocks_check(struct findings *f, const struct json *blocks, const char *pointer);
