/*
 * Sealing to the vault's public key: anyone may seal, only who has the master key opens
 * (vault.h). So a process that faces the internet passes on a credential that a person typed
 * into it, and keeps nothing that opens one.
 *
 *     box   = format 2 | key version | crypto_box_seal(inner)
 *     bytes   1          4, big-endian  48 + inner
 *     inner = length | workspace | length | connection | the credential
 *     bytes   1                    1
 *
 * The owner stands inside, because such a seal has no associated data: a box that was made for
 * one connection does not open for another. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

/* Where the vault's public key stands in the state bucket, as a VaultKey. */
#define VAULT_KEY_AT "_vault.public.key"

enum {
	BOX_KEY_SIZE = 32,     /* bytes; X25519 */
	BOX_CLEAR_MAX = 860,   /* bytes of a credential; with its owner it fits a secret */
	BOX_OWNER_ID_MAX = 64, /* bytes of either id */
	BOX_INNER_MAX = 2 * (1 + BOX_OWNER_ID_MAX) + BOX_CLEAR_MAX,
	BOX_HEAD = 1 + 4,
	BOX_SEAL = 48, /* of crypto_box_seal: an ephemeral key, and a tag */
};

/* A public key of the vault, as it is published. No secret. */
struct box_key {
	uint32_t version; /* of the master key behind it */
	uint8_t bytes[BOX_KEY_SIZE];
};

/* Appends the box to `out`. `clear` is borrowed, and no copy of it is left behind. ERR_INPUT:
 * an id or the credential is empty or too long. */
MUST_USE bool box_seal(struct buf *out, const struct box_key *key, struct str workspace,
    struct str connection, struct str clear, struct err *e);
/* The key version that a box was made with; 0 if it is none. */
uint32_t box_version(struct str box);
