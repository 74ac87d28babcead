#include "vault/keyring.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "vault/secret_private.h"

enum { KEY_DIGITS = 2 * VAULT_KEY_SIZE, VERSION_DIGITS_MAX = 10 };

void
keyring_fini(struct keyring *ring)
{
	for (int i = 0; i < ring->count; i++)
		secret_free(ring->keys[i].key);
	*ring = (struct keyring){0};
}

const struct key_version *
keyring_newest(const struct keyring *ring)
{
	const struct key_version *newest = NULL;
	for (int i = 0; i < ring->count; i++)
		if (!newest || ring->keys[i].version > newest->version)
			newest = &ring->keys[i];
	return newest;
}

const struct key_version *
keyring_find(const struct keyring *ring, uint32_t version)
{
	for (int i = 0; i < ring->count; i++)
		if (ring->keys[i].version == version)
			return &ring->keys[i];
	return NULL;
}

/* Takes "<version> " off the front of `line`. */
static bool
parse_version(struct str *line, uint32_t *version)
{
	uint64_t number = 0;
	size_t at = 0;
	while (at < line->len && at < VERSION_DIGITS_MAX && line->ptr[at] >= '0' &&
	       line->ptr[at] <= '9')
		number = number * 10 + (uint64_t)(line->ptr[at++] - '0');
	if (number == 0 || number > UINT32_MAX || line->ptr[0] == '0')
		return false;
	if (at == line->len || line->ptr[at] != ' ')
		return false;
	*version = (uint32_t)number;
	*line = (struct str){line->ptr + at + 1, line->len - at - 1};
	return true;
}

static bool
parse_key(struct secret *key, struct str hex, struct err *e)
{
	size_t len = 0;
	const char *end = NULL;
	void *bytes = secret_extend(key, VAULT_KEY_SIZE);
	must(bytes != NULL);
	int rc = sodium_hex2bin(bytes, VAULT_KEY_SIZE, hex.ptr, hex.len, NULL, &len, &end);
	if (hex.len != KEY_DIGITS)
		return fail(e, ERR_SETUP,
		    "the key has %zu characters, not %d; it is cut or altered", hex.len,
		    KEY_DIGITS);
	if (rc != 0 || len != VAULT_KEY_SIZE || end != hex.ptr + hex.len)
		return fail(
		    e, ERR_SETUP, "the key has a character that is no hexadecimal digit");
	return true;
}

static bool
parse_line(struct keyring *ring, struct str line, struct err *e)
{
	uint32_t version = 0;
	if (line.len == 0 || !parse_version(&line, &version))
		return fail(e, ERR_SETUP,
		    "must be a version from 1, a space and %d hexadecimal digits", KEY_DIGITS);
	if (keyring_find(ring, version))
		return fail(e, ERR_SETUP, "key version %" PRIu32 " is there twice", version);
	if (ring->count == KEYRING_MAX)
		return fail(e, ERR_SETUP, "more than %d key versions", KEYRING_MAX);
	struct key_version *next = &ring->keys[ring->count++];
	*next = (struct key_version){version, secret_new(VAULT_KEY_SIZE)};
	return parse_key(next->key, line, e);
}

bool
keyring_parse(struct keyring *ring, const struct secret *text, struct err *e)
{
	struct str rest = {secret_bytes(text), secret_len(text)};
	for (int number = 1; rest.len > 0; number++) {
		const char *newline = memchr(rest.ptr, '\n', rest.len);
		size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;
		if (!parse_line(ring, (struct str){rest.ptr, len}, e)) {
			keyring_fini(ring);
			return fail_within(e, "line %d", number);
		}
		size_t taken = len + (newline ? 1 : 0);
		rest = (struct str){rest.ptr + taken, rest.len - taken};
	}
	if (ring->count == 0)
		return fail(e, ERR_SETUP, "is empty; restore it from your backup");
	return true;
}

struct secret *
keyring_text(const struct keyring *ring)
{
	struct secret *text = secret_new(SECRET_MAX);
	for (int i = 0; i < ring->count; i++) {
		const struct key_version *k = &ring->keys[i];
		char version[VERSION_DIGITS_MAX + 2];
		int len = snprintf(version, sizeof(version), "%" PRIu32 " ", k->version);
		must(secret_append(text, version, (size_t)len));
		/* The NUL that libsodium puts after the digits becomes the newline. */
		char *digits = secret_extend(text, KEY_DIGITS + 1);
		must(digits != NULL);
		sodium_bin2hex(digits, KEY_DIGITS + 1, (const uint8_t *)secret_bytes(k->key),
		    VAULT_KEY_SIZE);
		digits[KEY_DIGITS] = '\n';
	}
	return text;
}

bool
keyring_add_random(struct keyring *ring, struct err *e)
{
	const struct key_version *newest = keyring_newest(ring);
	if (ring->count == KEYRING_MAX)
		return fail(e, ERR_FULL,
		    "holds %d key versions already; re-seal everything and drop the "
		    "old ones first",
		    KEYRING_MAX);
	if (newest && newest->version == UINT32_MAX)
		return fail(e, ERR_FULL, "key version %" PRIu32 " is the last there can be",
		    newest->version);
	must(sodium_init() >= 0);
	struct secret *key = secret_new(VAULT_KEY_SIZE);
	randombytes_buf(secret_extend(key, VAULT_KEY_SIZE), VAULT_KEY_SIZE);
	uint32_t version = newest ? newest->version + 1 : 1;
	ring->keys[ring->count++] = (struct key_version){version, key};
	return true;
}

void
keyring_drop_old(struct keyring *ring)
{
	const struct key_version *newest = keyring_newest(ring);
	must(newest != NULL);
	struct key_version kept = *newest;
	for (int i = 0; i < ring->count; i++)
		if (ring->keys[i].version != kept.version)
			secret_free(ring->keys[i].key);
	*ring = (struct keyring){.count = 1, .keys = {kept}};
}
