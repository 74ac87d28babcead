#include "carillon/base/sealed_box.h"

#include <sodium.h>

enum { FORMAT = 2, VERSION_SIZE = 4 };

_Static_assert(BOX_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "a public key");
_Static_assert(BOX_SEAL == crypto_box_SEALBYTES, "what a seal adds");

static size_t
inner_write(uint8_t out[static BOX_INNER_MAX], struct str workspace, struct str connection,
    struct str s)
{
	const struct str ids[] = {workspace, connection};
	size_t len = 0;

	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		out[len++] = (uint8_t)ids[i].len;
		memcpy(out + len, ids[i].ptr, ids[i].len);
		len += ids[i].len;
	}
	memcpy(out + len, s.ptr, s.len);
	return len + s.len;
}

static bool
is_within(struct str s, size_t max)
{
	return s.len > 0 && s.len <= max;
}

bool
box_seal(struct buf *out, const struct box_key *key, struct str workspace,
    struct str connection, struct str clear, struct err *e)
{
	uint8_t inner[BOX_INNER_MAX], sealed[BOX_SEAL + BOX_INNER_MAX];
	size_t len;
	bool ok;

	must(sodium_init() >= 0);
	if (!is_within(workspace, BOX_OWNER_ID_MAX) || !is_within(connection, BOX_OWNER_ID_MAX))
		return fail(e, ERR_INPUT,
		    "a credential is sealed for a workspace and a "
		    "connection, each of 1 to 64 bytes");
	if (!is_within(clear, BOX_CLEAR_MAX))
		return fail(e, ERR_INPUT, "a credential has 1 to %d bytes", BOX_CLEAR_MAX);
	len = inner_write(inner, workspace, connection, clear);
	ok = crypto_box_seal(sealed, inner, len, key->bytes) == 0;
	sodium_memzero(inner, sizeof(inner));
	if (!ok)
		return fail(e, ERR_INPUT, "the vault's public key is none");
	buf_putc(out, (char)FORMAT);
	for (int i = VERSION_SIZE - 1; i >= 0; i--)
		buf_putc(out, (char)(key->version >> (8 * i)));
	buf_put(out, sealed, BOX_SEAL + len);
	return true;
}

uint32_t
box_version(struct str box)
{
	uint32_t version = 0;

	if (box.len <= BOX_HEAD + BOX_SEAL || box.ptr[0] != FORMAT)
		return 0;
	for (int i = 1; i <= VERSION_SIZE; i++)
		version = version << 8 | (uint8_t)box.ptr[i];
	return version;
}
