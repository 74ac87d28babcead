/*
 * The master keys of a key file, in locked memory: versions and 32 bytes each. One owner. Does
 * no files; keyfile.c does.
 */
#pragma once

#include "carillon/vault/vault.h"

enum { KEYRING_MAX = 12 }; /* as text, this many fill one secret */

struct keyring {
	int count;
	struct key_version {
		uint32_t version; /* 1 or more, each once */
		struct secret *key;
	} keys[KEYRING_MAX];
};

void keyring_fini(struct keyring *ring);
/* Reads lines of "<version> <64 hex digits>" into an empty ring. Errors name no digit of a key.
 */
MUST_USE bool keyring_parse(struct keyring *ring, const struct secret *text, struct err *e);
/* The lines, as keyring_parse reads them. The caller owns the secret. */
struct secret *keyring_text(const struct keyring *ring);
/* Adds a random key one version above the newest. */
MUST_USE bool keyring_add_random(struct keyring *ring, struct err *e);
/* Keeps the newest version only. */
void keyring_drop_old(struct keyring *ring);
/* NULL when the ring is empty. */
const struct key_version *keyring_newest(const struct keyring *ring);
/* NULL when the ring has no such version. */
const struct key_version *keyring_find(const struct keyring *ring, uint32_t version);

/* What may read a key file besides its owner. */
enum keyfile_rule {
	KEYFILE_OWNER_ONLY,
	KEYFILE_SYSTEMD, /* a credential shows its ACL as the mode of the group */
};
/* Reads the key file at `path` after checking owner and mode. */
MUST_USE bool keyfile_read(
    struct keyring *ring, const char *path, enum keyfile_rule rule, struct err *e);

/* --- box.c: the key pair for boxes of one version, from its root key --- */

void box_public(uint8_t out[static BOX_KEY_SIZE], const struct secret *root);
/* The inside of a box, owner and all; false if it was not made with that key. */
MUST_USE bool box_open(struct secret *inner, struct str box, const struct secret *root);
/* Takes what stands behind the owner. False if it is another's. */
MUST_USE bool box_take(struct secret *clear, const struct secret *inner, struct str workspace,
    struct str connection);
