/*
 * NATS's key pairs ("nkeys") and the tokens that they sign. A key is Ed25519, and its text says
 * what it is for:
 *
 *     public key = base32(kind | 32 bytes | CRC-16)                       56 characters
 *     seed       = base32(0x90 and kind in 10 bits | 32 bytes | CRC-16)   58 characters
 *
 * A kind is the five bits that become the first letter: O, A, U. The CRC is XMODEM's, low byte
 * first, over all before it; base32 is RFC 4648's without padding. A token is a JWT whose
 * signature is the issuer's, over the first two of its parts as text.
 *
 * A key pair has one owner, and its seed never leaves locked memory but into a file of its own.
 * Public keys and tokens are no secrets. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/buf.h"
#include "carillon/base/json.h"
#include "carillon/vault/vault.h"

enum nkey_kind { NKEY_OPERATOR, NKEY_ACCOUNT, NKEY_USER, NKEY_KINDS };

enum {
	NKEY_PUBLIC_LEN = 56,
	NKEY_SEED_LEN = 58,
	NKEY_SIGNATURE_SIZE = 64, /* bytes */
};

struct nkey {
	enum nkey_kind kind;
	char public_key[NKEY_PUBLIC_LEN + 1];
	struct secret *seed; /* the 32 bytes */
};

/* A new random pair. */
void nkey_new(struct nkey *k, enum nkey_kind kind);
/* Reads a seed's text, "SU..."; white space at its end is skipped. ERR_INPUT: cut, altered, or
 * no seed at all; the sentence shows nothing of it. */
MUST_USE bool nkey_from_seed(struct nkey *k, const struct secret *text, struct err *e);
void nkey_fini(struct nkey *k); /* wipes the seed; {0} is fine */
/* The seed as text. The caller owns the secret. */
struct secret *nkey_seed_text(const struct nkey *k);
void nkey_sign(
    const struct nkey *k, const void *bytes, size_t len, uint8_t out[NKEY_SIGNATURE_SIZE]);

/* Whether `text` is a whole public key of that kind. */
bool nkey_is_public(struct str text, enum nkey_kind kind);
/* Whether the pair of the public key `text`, of any kind, made the signature. */
bool nkey_verify(struct str text, const void *bytes, size_t len,
    const uint8_t signature[NKEY_SIGNATURE_SIZE]);

/* Appends the token of `claims`, a JSON object with at least one member and without "jti",
 * which is added. */
void jwt_sign(struct buf *out, const struct nkey *issuer, struct str claims);
/*
 * Reads a token and checks its signature with the key that it names as its issuer; whether that
 * issuer may be trusted, and whether the token has expired, is the caller's to say. ERR_INPUT:
 * it is no such token, or was altered.
 */
MUST_USE bool jwt_read(
    struct arena *a, struct str token, const struct json **claims, struct err *e);
