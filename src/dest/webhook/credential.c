/*
 * A webhook's credential: the secret that signs, the one before it for as long as the receiver
 * may still check by that, and header lines that the receiver asks for. Secrets are as Standard
 * Webhooks writes them: whsec_, and 24 to 64 bytes in base64.
 */
#include "webhook.h"

#include <sodium.h>
#include <stdio.h>

enum {
	TAG_SECRET = CREDENTIAL_TAG_BARE,
	TAG_BEFORE = 2,
	TAG_BEFORE_UNTIL = 3, /* Unix ms, in decimal */
	TAG_HEADERS = 4,      /* lines, with a newline between two */
	KEY_MIN = 24,
	KEY_MAX = 64,
	HEADER_MAX = 256, /* bytes of a line */
};

#define PREFIX "whsec_"

/* The key in a secret's text; false: it is none. The caller wipes it. */
static bool
key_of(struct secret_view v, uint8_t key[static KEY_MAX], size_t *len)
{
	size_t skip = sizeof(PREFIX) - 1;
	const char *end;

	return v.len > skip && memcmp(v.ptr, PREFIX, skip) == 0 &&
	       sodium_base642bin(key, KEY_MAX, v.ptr + skip, v.len - skip, NULL, len, &end,
		   sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       end == v.ptr + v.len && *len >= KEY_MIN;
}

static bool
check_secret(struct secret_view v, struct err *e)
{
	uint8_t key[KEY_MAX];
	size_t len;
	bool ok = key_of(v, key, &len);

	sodium_memzero(key, sizeof(key));
	return ok ||
	       fail(e, ERR_INPUT, "a signing secret is " PREFIX " and %d to %d bytes in base64",
		   KEY_MIN, KEY_MAX);
}

/* --- headers --- */

/* What we say ourselves, or what says how the request is read. */
static bool
is_ours(struct str name)
{
	static const char *const ours[] = {"host", "content-length", "content-type",
	    "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
	    "expect", "user-agent", "proxy-authorization", "webhook-id", "webhook-timestamp",
	    "webhook-signature"};

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (name.len == strlen(ours[i]) &&
		    strncasecmp(name.ptr, ours[i], name.len) == 0)
			return true;
	return false;
}

static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return name.len > 0;
}

static bool
is_header(struct str line)
{
	const char *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
	struct str name = {line.ptr, colon != NULL ? (size_t)(colon - line.ptr) : 0};

	if (colon == NULL || line.len > HEADER_MAX || !is_name(name) || is_ours(name))
		return false;
	for (size_t i = name.len; i < line.len; i++)
		if (line.ptr[i] < ' ' || line.ptr[i] > '~')
			return false;
	return true;
}

/* Takes a line off the front. */
static struct str
next_line(struct str *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
	struct str line = {rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len};

	*rest = end != NULL ? (struct str){end + 1, rest->len - line.len - 1}
	                    : (struct str){NULL, 0};
	return line;
}

static bool
check_headers(struct str lines, struct err *e)
{
	int n = 0;

	for (struct str rest = lines; rest.len > 0;) {
		n++;
		if (!is_header(next_line(&rest)))
			return fail(e, ERR_INPUT,
			    "header %d is not NAME: VALUE, at most %d characters of ASCII, or "
			    "is one that Carillon sets itself",
			    n, HEADER_MAX);
	}
	return n <= HTTP_AUTH_LINES_MAX ||
	       fail(e, ERR_INPUT, "a webhook has at most %d headers of its own",
		   HTTP_AUTH_LINES_MAX);
}

/* --- taking --- */

static bool
put_before(struct secret *credential, const struct secret *own, wall_t until)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)until.ms);

	return credential_put_view(credential, TAG_BEFORE, credential_get(own, TAG_SECRET)) &&
	       credential_put_view(
		   credential, TAG_BEFORE_UNTIL, (struct secret_view){text, (size_t)len});
}

static struct secret_view
view_of(struct str s)
{
	return (struct secret_view){s.ptr, s.len};
}

/* The first line is the secret, and the rest headers; of what is empty `own`'s stays. */
bool
webhook_take(struct secret *credential, const struct secret *given, const struct secret *own,
    wall_t own_until, struct err *e)
{
	struct str rest = {secret_bytes(given), secret_len(given)};
	struct str secret = next_line(&rest);
	struct secret_view headers = view_of(rest), signing = view_of(secret);

	secret_clear(credential);
	if (own != NULL && secret.len == 0)
		signing = credential_get(own, TAG_SECRET);
	if (own != NULL && rest.len == 0)
		headers = credential_get(own, TAG_HEADERS);
	if (!check_secret(signing, e) ||
	    !check_headers((struct str){headers.ptr, headers.len}, e))
		return false;
	return (credential_put_view(credential, TAG_SECRET, signing) &&
		   credential_put_view(credential, TAG_HEADERS, headers) &&
		   (own == NULL || own_until.ms == 0 ||
		       put_before(credential, own, own_until))) ||
	       fail(e, ERR_INPUT, "the headers are too long");
}

/* --- signing --- */

/* " v1,<base64>" of one secret, by the text that is signed. */
static bool
add_signature(struct buf *out, struct secret_view secret, struct str head, struct str body)
{
	crypto_auth_hmacsha256_state state;
	uint8_t key[KEY_MAX], mac[crypto_auth_hmacsha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof(mac), sodium_base64_VARIANT_ORIGINAL)];
	size_t len;
	bool ok = key_of(secret, key, &len);

	if (ok) {
		crypto_auth_hmacsha256_init(&state, key, len);
		crypto_auth_hmacsha256_update(&state, (const uint8_t *)head.ptr, head.len);
		crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.ptr, body.len);
		crypto_auth_hmacsha256_final(&state, mac);
		sodium_bin2base64(
		    text, sizeof(text), mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
		buf_printf(out, "%sv1,%s", out->len > 0 ? " " : "", text);
	}
	sodium_memzero(&state, sizeof(state));
	sodium_memzero(key, sizeof(key));
	return ok;
}

static bool
counts_still(const struct secret *credential, wall_t now)
{
	struct secret_view v = credential_get(credential, TAG_BEFORE_UNTIL);
	uint64_t until_ms;

	return v.len > 0 && str_digits((struct str){v.ptr, v.len}, &until_ms) &&
	       now.ms < (int64_t)until_ms;
}

static bool
add_own_headers(struct http_request *req, const struct secret *credential, struct err *e)
{
	struct secret_view v = credential_get(credential, TAG_HEADERS);

	for (struct str rest = {v.ptr, v.len}; rest.len > 0;) {
		struct str line = next_line(&rest);

		if (!http_secret_header_add(req, line.ptr, line.len, e))
			return false;
	}
	return true;
}

bool
webhook_sign(
    struct http_request *req, const struct dest_call *call, const char *id, struct err *e)
{
	struct buf signatures = {0};
	char head[128], time[24];
	bool ok;

	snprintf(time, sizeof(time), "%lld", (long long)(call->now.ms / 1000));
	snprintf(head, sizeof(head), "%s.%s.", id, time);
	ok = add_signature(&signatures, credential_get(call->credential, TAG_SECRET),
		 str_of(head), buf_view(&req->body)) ||
	     fail(e, ERR_INPUT, "the stored credential is no signing secret");
	if (ok && counts_still(call->credential, call->now))
		(void)add_signature(&signatures, credential_get(call->credential, TAG_BEFORE),
		    str_of(head), buf_view(&req->body));
	ok = ok && http_header_add(req, "webhook-id", str_of(id), e) &&
	     http_header_add(req, "webhook-timestamp", str_of(time), e) &&
	     http_header_add(req, "webhook-signature", buf_view(&signatures), e) &&
	     add_own_headers(req, call->credential, e);
	buf_fini(&signatures);
	return ok;
}

/* --- keeping them out of history --- */

static bool
is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

void
webhook_scrub(char *bytes, size_t len)
{
	char *at = bytes, *end = bytes + len;

	if (len == 0)
		return;
	while ((at = memmem(at, (size_t)(end - at), PREFIX, sizeof(PREFIX) - 1)) != NULL)
		for (at += sizeof(PREFIX) - 1; at < end && is_base64(*at); at++)
			*at = '*';
}
