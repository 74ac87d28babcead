#include "carillon/vault/nkey.h"

#include <sodium.h>

#include "vault/base32.h"

#define HEADER "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}"

enum {
	VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	TOKEN_MAX = 1024 * 1024, /* bytes; a revocation of the account's takes 70 */
};

static void
put_base64(struct buf *out, const void *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, VARIANT); /* with a NUL */

	buf_reserve(out, size);
	sodium_bin2base64(out->ptr + out->len, size, bytes, len, VARIANT);
	out->len += size - 1;
}

/* A token's name for itself: the server wants one, and that two differ. */
static void
put_id(struct buf *claims)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char id[BASE32_LEN(crypto_hash_sha256_BYTES) + 1];

	crypto_hash_sha256(hash, (const uint8_t *)claims->ptr, claims->len);
	base32_encode(id, hash, sizeof(hash));
	must(claims->len > 2 && claims->ptr[claims->len - 1] == '}');
	claims->len--;
	buf_printf(claims, ",\"jti\":\"%s\"}", id);
}

void
jwt_sign(struct buf *out, const struct nkey *issuer, struct str claims)
{
	uint8_t signature[NKEY_SIGNATURE_SIZE];
	struct buf body = {0};
	size_t start = out->len;

	buf_put(&body, claims.ptr, claims.len);
	put_id(&body);
	put_base64(out, HEADER, sizeof(HEADER) - 1);
	buf_put(out, ".", 1);
	put_base64(out, body.ptr, body.len);
	nkey_sign(issuer, out->ptr + start, out->len - start, signature);
	buf_put(out, ".", 1);
	put_base64(out, signature, sizeof(signature));
	buf_fini(&body);
}

/* Takes what stands before the first dot, or all, off the front. */
static struct str
part(struct str *rest)
{
	const char *dot = rest->len ? memchr(rest->ptr, '.', rest->len) : NULL;
	struct str one = {rest->ptr, dot ? (size_t)(dot - rest->ptr) : rest->len};
	size_t taken = one.len + (dot != NULL);

	*rest = (struct str){rest->ptr + taken, rest->len - taken};
	return one;
}

/* NULL unless it is base64 throughout. */
static const char *
from_base64(struct arena *a, struct str text, size_t *len)
{
	char *bytes = arena_must(a, text.len + 1);
	const char *end = NULL;

	if (sodium_base642bin((uint8_t *)bytes, text.len, text.ptr, text.len, NULL, len, &end,
		VARIANT) != 0 ||
	    end != text.ptr + text.len)
		return NULL;
	return bytes;
}

static bool
claims_parse(struct arena *a, struct str body, const struct json **claims, struct err *e)
{
	size_t len = 0;
	const char *text = from_base64(a, body, &len);

	return text != NULL &&
	       json_parse(a, (struct str){text, len}, JSON_DEPTH_MAX, claims, e) &&
	       (*claims)->kind == JSON_OBJECT;
}

bool
jwt_read(struct arena *a, struct str token, const struct json **claims, struct err *e)
{
	struct str rest = token, header, body, signature;
	size_t len = 0;

	if (token.len > TOKEN_MAX)
		return fail(e, ERR_INPUT, "a token of %zu bytes: the limit is %d", token.len,
		    TOKEN_MAX);
	header = part(&rest);
	body = part(&rest);
	signature = part(&rest);
	if (rest.len > 0 || header.len == 0 || !claims_parse(a, body, claims, e))
		return fail(e, ERR_INPUT,
		    "is no token: three parts of base64 with dots "
		    "between them, of which the second is JSON");
	const char *bytes = from_base64(a, signature, &len);
	if (bytes == NULL || len != NKEY_SIGNATURE_SIZE ||
	    !nkey_verify(json_string(*claims, STR("iss")), token.ptr, header.len + 1 + body.len,
		(const uint8_t *)bytes))
		return fail(e, ERR_INPUT, "the token's signature is not its issuer's");
	return true;
}
