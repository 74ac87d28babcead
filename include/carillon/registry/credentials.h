/*
 * Stored credentials, tried with the master key: all that there are, one after the other. One
 * that does not open is its connection's trouble (altered, rolled back, moved); the master key
 * is wrong when none of them opens. Any thread.
 */
#pragma once

#include "carillon/registry/stored.h"
#include "carillon/vault/vault.h"

/* `why` is NULL when it opens; false stops. The key is borrowed until `each` returns. */
typedef bool credential_fn(const struct stored_key *key, const struct err *why, void *arg);
/* Of connections that can be read and have one. */
MUST_USE bool credentials_try(
    struct store *s, const struct vault *v, credential_fn *each, void *arg, struct err *e);
/* ERR_DENIED: there are some, and none opens. */
MUST_USE bool credentials_check_key(struct store *s, const struct vault *v, struct err *e);
