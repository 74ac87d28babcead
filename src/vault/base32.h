/* RFC 4648's base32 without padding, for src/vault only. Any thread. */
#pragma once

#include "carillon/base/base.h"

/* Characters of `size` bytes as text. */
#define BASE32_LEN(size) (((size)*8 + 4) / 5)

/* Writes BASE32_LEN(len) characters and a NUL. */
void base32_encode(char *out, const uint8_t *bytes, size_t len);
/* Exactly `len` bytes; false unless `text` is what base32_encode makes of some. */
MUST_USE bool base32_decode(uint8_t *out, size_t len, struct str text);
