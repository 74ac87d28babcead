/*
 * Text of somebody else as a person's terminal may have it: no character that moves the cursor,
 * ends the line, or turns the direction in which the others are read. Pure; any thread.
 */
#pragma once

#include "carillon/base/buf.h"

/* Bytes of the character at `s`, of which `left` > 0 bytes may be read, if a terminal may have
 * it as it is; else 0. */
size_t tame_len(const char *s, size_t left);
/* Appends `s`: a space for each control character, U+FFFD for what turns the direction and for
 * each byte that is no UTF-8. */
void tame_put(struct buf *out, struct str s);
