/*
 * UTF-8, one character at a time. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum { UTF8_CHAR_MAX = 4 };

/* Bytes of the well-formed character at `s`, of which `left` > 0 bytes may be read, or 0. */
size_t utf8_len(const char *s, size_t left);
/* Writes the code point `c`, not a surrogate, and returns its bytes. */
size_t utf8_put(char to[static UTF8_CHAR_MAX], uint32_t c);
/* Whether all of `s` is well-formed. NUL is. */
bool utf8_is_valid(struct str s);
