#include <sodium.h>

#include "vault/keyring.h"
#include "vault/secret_private.h"

enum { BOX_SUBKEY = 1, ID_LENGTH = 1 };

_Static_assert((int)BOX_INNER_MAX <= (int)SECRET_MAX, "an open box fits a secret");

static uint8_t *
bytes_of(const struct secret *s)
{
	return (uint8_t *)(uintptr_t)secret_bytes(s);
}

/* The secret half, from the root key's seed. */
static struct secret *
pair_make(uint8_t public[static BOX_KEY_SIZE], const struct secret *root)
{
	struct secret *seed = secret_new(crypto_box_SEEDBYTES);
	struct secret *own = secret_new(crypto_box_SECRETKEYBYTES);

	crypto_kdf_derive_from_key(secret_extend(seed, crypto_box_SEEDBYTES),
	    crypto_box_SEEDBYTES, BOX_SUBKEY, "vaultbox", bytes_of(root));
	must(crypto_box_seed_keypair(
		 public, secret_extend(own, crypto_box_SECRETKEYBYTES), bytes_of(seed)) == 0);
	secret_free(seed);
	registers_wipe();
	return own;
}

void
box_public(uint8_t out[static BOX_KEY_SIZE], const struct secret *root)
{
	secret_free(pair_make(out, root));
}

bool
box_open(struct secret *inner, struct str box, const struct secret *root)
{
	uint8_t public[BOX_KEY_SIZE];
	size_t len = box.len - BOX_HEAD;
	uint8_t *out = secret_extend(inner, len - BOX_SEAL);
	struct secret *own;
	bool ok;

	if (!out)
		return false;
	own = pair_make(public, root);
	ok = crypto_box_seal_open(
		 out, (const uint8_t *)box.ptr + BOX_HEAD, len, public, bytes_of(own)) == 0;
	secret_free(own);
	registers_wipe();
	return ok;
}

/* Moves past an id that must be this one. */
static bool
take_id(const char **at, const char *end, struct str id)
{
	if (end - *at < ID_LENGTH || (uint8_t) * *at != id.len ||
	    (size_t)(end - *at) < ID_LENGTH + id.len ||
	    memcmp(*at + ID_LENGTH, id.ptr, id.len) != 0)
		return false;
	*at += ID_LENGTH + id.len;
	return true;
}

bool
box_take(struct secret *clear, const struct secret *inner, struct str workspace,
    struct str connection)
{
	const char *at = secret_bytes(inner), *end = at + secret_len(inner);

	return take_id(&at, end, workspace) && take_id(&at, end, connection) && at < end &&
	       secret_append(clear, at, (size_t)(end - at));
}
