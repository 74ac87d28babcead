#include "cursor.h"

#include <sodium.h>

#include "problem.h"

enum { SUM_BYTES = 4, VERSION = 1, TEXT_MAX = 2 * (CURSOR_KEY_MAX + SUM_BYTES + 1) };

/* Of the list too: the route and the workspace are part of the sum. */
static void
sum(const struct request *q, struct str key, uint8_t out[static SUM_BYTES])
{
	crypto_generichash_state state;
	uint8_t hash[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(
	    &state, (const uint8_t *)q->route->path, strlen(q->route->path) + 1);
	if (q->parts[0].len > 0)
		crypto_generichash_update(
		    &state, (const uint8_t *)q->parts[0].ptr, q->parts[0].len);
	crypto_generichash_update(&state, (const uint8_t *)"\0", 1);
	if (key.len > 0)
		crypto_generichash_update(&state, (const uint8_t *)key.ptr, key.len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(out, hash, SUM_BYTES);
}

struct str
cursor_make(struct request *q, struct str key)
{
	uint8_t bytes[1 + CURSOR_KEY_MAX + SUM_BYTES] = {VERSION};
	char text[TEXT_MAX];

	must(key.len > 0 && key.len <= CURSOR_KEY_MAX);
	memcpy(bytes + 1, key.ptr, key.len);
	sum(q, key, bytes + 1 + key.len);
	sodium_bin2base64(text, sizeof(text), bytes, 1 + key.len + SUM_BYTES,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return arena_str(q->arena, str_of(text));
}

bool
cursor_read(struct request *q, struct str *key)
{
	uint8_t bytes[1 + CURSOR_KEY_MAX + SUM_BYTES], own[SUM_BYTES];
	struct str text = request_parameter(q, "cursor");
	size_t n = 0;

	*key = (struct str){0};
	if (text.len == 0)
		return true;
	if (sodium_base642bin(bytes, sizeof(bytes), text.ptr, text.len, NULL, &n, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	    n > 1 + SUM_BYTES && bytes[0] == VERSION) {
		*key = arena_str(q->arena, (struct str){(char *)bytes + 1, n - 1 - SUM_BYTES});
		sum(q, *key, own);
		if (memcmp(own, bytes + n - SUM_BYTES, SUM_BYTES) == 0)
			return true;
	}
	return problem(q, PROBLEM_BAD_REQUEST, "cursor: it is none of this list");
}
