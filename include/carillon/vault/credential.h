/*
 * A credential: the few secrets of one connection, each under a tag of its destination type,
 * sealed and opened as one. It is written inside a struct secret:
 *
 *     format 1 | tag | length    | bytes | tag | length | bytes ...
 *     1 byte     1     2, big-endian
 *
 * What was sealed before there were tags is one bare secret of visible characters; it reads as
 * the secret under CREDENTIAL_TAG_BARE. Pure; any thread.
 */
#pragma once

#include "carillon/vault/vault.h"

enum { CREDENTIAL_TAG_BARE = 1 };

/* A secret where it stands in its credential: borrowed, and never to be copied or printed. */
struct secret_view {
	const char *ptr;
	size_t len;
};

/* Adds a secret to a credential, which is empty at first. False: there is no room, and it is
 * unchanged. */
MUST_USE bool credential_put(
    struct secret *credential, uint8_t tag, const struct secret *value);
/* The same of bytes of the caller's; of none, nothing is added. */
MUST_USE bool credential_put_view(
    struct secret *credential, uint8_t tag, struct secret_view value);
/* The secret under a tag. Empty: there is none, or the bytes are no credential. */
struct secret_view credential_get(const struct secret *credential, uint8_t tag);
