#include "carillon/vault/credential.h"

#include "vault/secret_private.h"

enum {
	FORMAT = 1, /* no visible character: no bare secret begins with it */
	HEAD = 3,   /* bytes before a secret: its tag and its length */
};

bool
credential_put(struct secret *credential, uint8_t tag, const struct secret *value)
{
	size_t len = secret_len(value);
	size_t begin = secret_len(credential) == 0;
	char *at;

	must(len <= UINT16_MAX);
	at = secret_extend(credential, begin + HEAD + len);
	if (at == NULL)
		return false;
	if (begin)
		*at++ = FORMAT;
	at[0] = (char)tag;
	at[1] = (char)(len >> 8);
	at[2] = (char)(len & 0xff);
	memcpy(at + HEAD, secret_bytes(value), len);
	return true;
}

bool
credential_put_view(struct secret *credential, uint8_t tag, struct secret_view v)
{
	struct secret *value;
	bool ok;

	if (v.len == 0)
		return true;
	value = secret_new(SECRET_MAX);
	ok = secret_append(value, v.ptr, v.len) && credential_put(credential, tag, value);
	secret_free(value);
	return ok;
}

static struct secret_view
find(const unsigned char *at, size_t left, uint8_t tag)
{
	while (left >= HEAD) {
		size_t len = (size_t)at[1] << 8 | at[2];

		if (len > left - HEAD)
			break;
		if (at[0] == tag)
			return (struct secret_view){(const char *)at + HEAD, len};
		at += HEAD + len;
		left -= HEAD + len;
	}
	return (struct secret_view){0};
}

struct secret_view
credential_get(const struct secret *credential, uint8_t tag)
{
	const char *bytes = secret_bytes(credential);
	size_t len = secret_len(credential);

	if (len > 0 && bytes[0] == FORMAT)
		return find((const unsigned char *)bytes + 1, len - 1, tag);
	if (tag == CREDENTIAL_TAG_BARE)
		return (struct secret_view){bytes, len};
	return (struct secret_view){0};
}
