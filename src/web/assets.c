#include "assets.h"

#include <microhttpd.h>
#include <sodium.h>

enum { ETAG_BYTES = 16, ETAG_TEXT = 2 * ETAG_BYTES + 3 };

const struct asset *
asset_find(struct str name)
{
	for (int i = 0; i < n_assets; i++)
		if (str_eq(name, str_of(assets[i].name)))
			return &assets[i];
	return NULL;
}

static void
etag_of(const struct asset *a, char out[static ETAG_TEXT])
{
	uint8_t hash[ETAG_BYTES];
	char text[2 * ETAG_BYTES + 1];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)a->packed,
	    (unsigned long long)(a->packed_end - a->packed), NULL, 0);
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	snprintf(out, ETAG_TEXT, "\"%s\"", text);
}

/* "main-3f2a9c1b.js": at least eight hexadecimal or base32 characters before the ending. */
static bool
has_hash(struct str name)
{
	size_t dot = name.len, n = 0;

	while (dot > 0 && name.ptr[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return false;
	for (size_t i = dot - 1; i > 0 && name.ptr[i - 1] != '-' && name.ptr[i - 1] != '/'; i--)
		n++;
	return n >= 8 && dot > n + 1 && name.ptr[dot - 2 - n] == '-';
}

static bool
unpacks(struct request *q)
{
	struct str accepted = request_header(q, "Accept-Encoding");

	return accepted.len > 0 && strstr(accepted.ptr, "gzip") != NULL;
}

void
asset_answer(struct request *q, const struct asset *a)
{
	bool is_packed = unpacks(q);
	char etag[ETAG_TEXT];

	etag_of(a, etag);
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = a->type;
	q->answer.fixed = is_packed
	                      ? (struct str){a->packed, (size_t)(a->packed_end - a->packed)}
	                      : (struct str){a->raw, (size_t)(a->raw_end - a->raw)};
	if (is_packed)
		answer_header(q, "Content-Encoding", STR("gzip"));
	answer_header(q, "Vary", STR("Accept-Encoding"));
	answer_header(q, "ETag", str_of(etag));
	answer_header(q, "Cache-Control",
	    has_hash(str_of(a->name)) ? STR("public, max-age=31536000, immutable")
				      : STR("no-cache"));
	answer_header(q, "Cross-Origin-Resource-Policy",
	    str_eq(str_of(a->name), STR("embed.js")) ? STR("cross-origin")
						     : STR("same-origin"));
	if (!str_eq(request_header(q, "If-None-Match"), str_of(etag)))
		return;
	answer_nothing(q);
	q->answer.fixed = (struct str){0};
	q->answer.status = MHD_HTTP_NOT_MODIFIED;
}
