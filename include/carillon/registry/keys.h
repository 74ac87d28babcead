/*
 * Keys of the HTTP API: how they are written, and how who has one proves it. A key's text is
 * shown once, when it is made; what is stored is a hash of its random part, which is too long
 * to be guessed, so that no slow hash is needed. Pure, but for the source of random numbers.
 *
 *     carillon_sk_<id>_<43 characters>              a secret key
 *     mesh_pub_<id>_<workspace>_<43 characters>     a publishable one; "_" of the workspace is
 *                                                   written "." there
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/findings.h"
#include "carillon/base/records.h"

/* What a secret key may do: bits of enum key_scope. */
enum key_scope {
#define KEY_SCOPE(NAME, name, sentence) KEY_SCOPE_##NAME,
#include "carillon/registry/key_scopes.def"
#undef KEY_SCOPE
	KEY_SCOPES
};
const char *key_scope_name(enum key_scope s);
/* Bits of those that are known. */
unsigned key_scopes_of(char *const *names, size_t n);
/* Whether the scopes, workspaces and origins may be stored. */
bool key_scopes_check(const key_record *k, struct findings *f);
/* "https://app.example.com", also with a port. */
bool origin_is_valid(struct str origin);

enum {
	TOKEN_BYTES = 32,
	TOKEN_TEXT_MAX = 44, /* 43 characters of base64url, and a NUL */
	TOKEN_HASH = 32,
	KEY_TEXT_MAX = 192,
};

/* 32 random bytes as text, and their hash. Whoever shows the text wipes it afterwards. */
void token_new(char text[static TOKEN_TEXT_MAX], uint8_t hash[static TOKEN_HASH]);
/* Whether the text is of the bytes whose hash that is; in constant time, also of no hash. */
bool token_proves(struct str text, const void *hash, size_t hash_len);

/* What a key's text says of itself; nothing of it is proven yet. Borrows from the text. */
struct key_text {
	bool is_publishable;
	char workspace[65]; /* KEYS_WORKSPACE of a secret one */
	struct str id, token;
};
bool key_text_parse(struct str text, struct key_text *out);

/*
 * Gives the record, whose kind is set, an id, its hash and its time, and writes its text, which
 * the caller shows once and wipes. `workspace` is only of a publishable one.
 */
void key_make(key_record *k, struct arena *a, struct str workspace, wall_t now,
    char text[static KEY_TEXT_MAX]);
