/* For src/vault only: secrets that a library call fills in place. */
#pragma once

#include "carillon/vault/vault.h"

/*
 * Lengthens `s` by `len` zero bytes and returns them, to be written; NULL when they do not fit.
 */
void *secret_extend(struct secret *s, size_t len);
