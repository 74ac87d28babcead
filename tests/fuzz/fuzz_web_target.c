/*
 * Any bytes as a request's target: what is taken has no part that a reader could understand
 * otherwise, and decodes to the same again. As cookies and keys they are read, too.
 */
#include "carillon/registry/keys.h"
#include "web/sessions.h"
#include "web/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_target(const struct target *t)
{
	struct str value;

	must(t->n_segments <= TARGET_SEGMENTS_MAX && t->n_parameters <= TARGET_PARAMETERS_MAX);
	for (int i = 0; i < t->n_segments; i++) {
		struct str s = t->segments[i];

		must(s.len > 0 && str_is_text(s));
		must(!str_eq(s, STR(".")) && !str_eq(s, STR("..")));
	}
	for (int i = 0; i < t->n_parameters; i++) {
		must(str_is_text(t->parameters[i].value));
		must(target_get(t, t->parameters[i].name, &value));
		must(str_eq(value, t->parameters[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len}, a, b;
	struct arena *arena = arena_new(0);
	struct key_text key;
	struct target t;
	struct err e;

	if (target_parse(arena, text, &t, &e))
		check_target(&t);
	if (cookie_get(text, STR("a"), &a))
		must(a.ptr >= text.ptr && a.ptr + a.len <= text.ptr + len);
	if (key_text_parse(text, &key))
		must(key.id.len > 0 && key.token.len > 0);
	if (session_text_parse(text, SESSION_TOKEN_PREFIX, &a, &b))
		must(a.len > 0 && b.ptr + b.len == text.ptr + len);
	arena_free(arena);
	return 0;
}
