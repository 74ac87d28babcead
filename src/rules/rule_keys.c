#include "carillon/rules/rule_keys.h"

#include <sodium.h>

#include "carillon/base/buf.h"
#include "value.h"

enum { HASH_BYTES = 32, HASH_CHARS = 2 * HASH_BYTES };

/* How a long key begins, for people, and a hash of all of it. */
static struct str
shortened(struct arena *a, struct str s)
{
	size_t shown = str_utf8_cut(s, KEY_TEXT_MAX - 1 - HASH_CHARS);
	uint8_t hash[HASH_BYTES];
	char hex[HASH_CHARS + 1];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)s.ptr, s.len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return arena_printf(a, "%.*s#%s", (int)shown, s.ptr, hex);
}

struct str
rule_key_text(const struct template *key, const struct severity_order *order,
    const struct event *ev, struct arena *a, struct template_warnings *w)
{
	struct template_context context = {
	    .is_key = true, .severity = severity_of(order, ev->payload)};
	struct buf text = {0};
	struct str s;

	if (w != NULL)
		*w = (struct template_warnings){0};
	if (key == NULL)
		return (struct str){0};
	template_run(key, ev, &context, &text, w);
	s = value_text_trimmed(buf_view(&text));
	s = s.len > KEY_TEXT_MAX ? shortened(a, s) : arena_str(a, s);
	buf_fini(&text);
	return s;
}
