/*
 * Characters of well-formed UTF-8, one at a time, and how many JavaScript counts.
 * Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum { CHARACTER_BYTES_MAX = 4 };

/* The character at `*at`, which moves behind it. An ill-formed byte reads as U+FFFD. */
uint32_t character_next(struct str s, size_t *at);
/* Writes `c` and returns its bytes. */
size_t character_put(char to[static CHARACTER_BYTES_MAX], uint32_t c);
/* UTF-16 units: what JavaScript calls a length, and never less than the code points. */
size_t characters_utf16(struct str s);
/* Code points. */
size_t characters_count(struct str s);
/* Bytes of the first `n` code points, or of all. */
size_t characters_bytes(struct str s, size_t n);
/* A control character or a direction override, which has no place in a message. */
bool character_is_control(uint32_t c);
