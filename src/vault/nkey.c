#include "carillon/vault/nkey.h"

#include <sodium.h>

#include "vault/base32.h"
#include "vault/secret_private.h"

enum {
	SEED_SIZE = crypto_sign_SEEDBYTES,
	KEY_SIZE = crypto_sign_PUBLICKEYBYTES,
	CRC_SIZE = 2,
	PUBLIC_RAW = 1 + KEY_SIZE + CRC_SIZE,
	SEED_RAW = 2 + SEED_SIZE + CRC_SIZE,
	PREFIX_SEED = 0x90, /* "S" */
};
_Static_assert(BASE32_LEN(PUBLIC_RAW) == NKEY_PUBLIC_LEN, "a public key's text");
_Static_assert(BASE32_LEN(SEED_RAW) == NKEY_SEED_LEN, "a seed's text");
_Static_assert(NKEY_SIGNATURE_SIZE == crypto_sign_BYTES, "a signature");

/* Five bits, in the upper part of a byte: the first letter of the text. */
static const uint8_t prefixes[NKEY_KINDS] = {
    [NKEY_OPERATOR] = 0x70,
    [NKEY_ACCOUNT] = 0x00,
    [NKEY_USER] = 0xa0,
};

static uint16_t
crc16(const uint8_t *bytes, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc = (uint16_t)(crc ^ bytes[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

/* Puts the sum of what stands before it into the last two of `len` bytes. */
static void
crc_put(uint8_t *bytes, size_t len)
{
	uint16_t crc = crc16(bytes, len - CRC_SIZE);

	bytes[len - 2] = (uint8_t)crc;
	bytes[len - 1] = (uint8_t)(crc >> 8);
}

static bool
crc_is_right(const uint8_t *bytes, size_t len)
{
	uint16_t crc = crc16(bytes, len - CRC_SIZE);

	return bytes[len - 2] == (uint8_t)crc && bytes[len - 1] == (uint8_t)(crc >> 8);
}

/* The library's 64 bytes of a secret key, in locked memory. The caller owns them. */
static struct secret *
expand(const struct nkey *k, uint8_t public_key[static KEY_SIZE])
{
	struct secret *full = secret_new(crypto_sign_SECRETKEYBYTES);

	must(secret_len(k->seed) == SEED_SIZE);
	must(crypto_sign_seed_keypair(public_key,
		 secret_extend(full, crypto_sign_SECRETKEYBYTES),
		 (const uint8_t *)secret_bytes(k->seed)) == 0);
	return full;
}

static void
public_key_fill(struct nkey *k)
{
	uint8_t raw[PUBLIC_RAW] = {prefixes[k->kind]};

	secret_free(expand(k, raw + 1));
	crc_put(raw, sizeof(raw));
	base32_encode(k->public_key, raw, sizeof(raw));
}

void
nkey_new(struct nkey *k, enum nkey_kind kind)
{
	must(sodium_init() >= 0);
	*k = (struct nkey){.kind = kind, .seed = secret_new(SEED_SIZE)};
	randombytes_buf(secret_extend(k->seed, SEED_SIZE), SEED_SIZE);
	public_key_fill(k);
}

void
nkey_fini(struct nkey *k)
{
	secret_free(k->seed);
	*k = (struct nkey){0};
}

struct secret *
nkey_seed_text(const struct nkey *k)
{
	struct secret *raw = secret_new(SEED_RAW), *text = secret_new(NKEY_SEED_LEN + 1);
	uint8_t *at = secret_extend(raw, SEED_RAW);

	at[0] = (uint8_t)(PREFIX_SEED | prefixes[k->kind] >> 5);
	at[1] = (uint8_t)((prefixes[k->kind] & 31) << 3);
	memcpy(at + 2, secret_bytes(k->seed), SEED_SIZE);
	crc_put(at, SEED_RAW);
	base32_encode(secret_extend(text, NKEY_SEED_LEN), at, SEED_RAW);
	secret_free(raw);
	return text;
}

/* The kind that a seed's first two bytes tell; NKEY_KINDS if they are none's. */
static enum nkey_kind
seed_kind(const uint8_t raw[static 2])
{
	uint8_t prefix = (uint8_t)((raw[0] & 7) << 5 | raw[1] >> 3);

	for (int kind = 0; kind < NKEY_KINDS; kind++)
		if ((raw[0] & 0xf8) == PREFIX_SEED && prefix == prefixes[kind])
			return (enum nkey_kind)kind;
	return NKEY_KINDS;
}

static struct str
without_end(const struct secret *text)
{
	struct str s = {secret_bytes(text), secret_len(text)};

	while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) != NULL)
		s.len--;
	return s;
}

bool
nkey_from_seed(struct nkey *k, const struct secret *text, struct err *e)
{
	struct str seed = without_end(text);
	struct secret *raw = secret_new(SEED_RAW);
	uint8_t *at = secret_extend(raw, SEED_RAW);
	bool ok = seed.len == NKEY_SEED_LEN && base32_decode(at, SEED_RAW, seed) &&
	          crc_is_right(at, SEED_RAW) && seed_kind(at) != NKEY_KINDS;

	must(sodium_init() >= 0);
	*k = (struct nkey){0};
	if (ok) {
		k->kind = seed_kind(at);
		k->seed = secret_new(SEED_SIZE);
		must(secret_append(k->seed, at + 2, SEED_SIZE));
		public_key_fill(k);
	}
	secret_free(raw);
	return ok || fail(e, ERR_INPUT,
			 "is no seed of an operator, an account or a user: %d characters "
			 "that begin with SO, SA or SU; it is cut or altered",
			 NKEY_SEED_LEN);
}

void
nkey_sign(const struct nkey *k, const void *bytes, size_t len, uint8_t out[NKEY_SIGNATURE_SIZE])
{
	uint8_t public_key[KEY_SIZE];
	struct secret *full = expand(k, public_key);

	must(crypto_sign_detached(out, NULL, bytes, len, (const uint8_t *)secret_bytes(full)) ==
	     0);
	secret_free(full);
}

static bool
public_decode(uint8_t raw[static PUBLIC_RAW], struct str text)
{
	return text.len == NKEY_PUBLIC_LEN && base32_decode(raw, PUBLIC_RAW, text) &&
	       crc_is_right(raw, PUBLIC_RAW);
}

bool
nkey_is_public(struct str text, enum nkey_kind kind)
{
	uint8_t raw[PUBLIC_RAW];

	return public_decode(raw, text) && raw[0] == prefixes[kind];
}

bool
nkey_verify(struct str text, const void *bytes, size_t len,
    const uint8_t signature[NKEY_SIGNATURE_SIZE])
{
	uint8_t raw[PUBLIC_RAW];

	must(sodium_init() >= 0);
	return public_decode(raw, text) &&
	       crypto_sign_verify_detached(signature, bytes, len, raw + 1) == 0;
}
