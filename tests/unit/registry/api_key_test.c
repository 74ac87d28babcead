#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/keys.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static key_record
made(struct arena *a, Carillon__V1__KeyKind kind, const char *workspace, char *text)
{
	key_record k;

	carillon__v1__key__init(&k);
	k.kind = kind;
	key_make(&k, a, str_of(workspace), (wall_t){1000}, text);
	return k;
}

static void
a_key_proves_itself_and_no_other(void **state)
{
	struct arena *a = arena_new(0);
	char text[KEY_TEXT_MAX], other[KEY_TEXT_MAX];
	struct key_text t, u;

	(void)state;
	for (int i = 0; i < 200; i++) {
		key_record k = made(a, CARILLON__V1__KEY_KIND__KEY_KIND_SECRET, "_keys", text);

		(void)made(a, CARILLON__V1__KEY_KIND__KEY_KIND_SECRET, "_keys", other);
		assert_true(key_text_parse(str_of(text), &t));
		assert_true(key_text_parse(str_of(other), &u));
		assert_false(t.is_publishable);
		assert_true(str_eq(t.id, str_of(k.id)));
		assert_true(token_proves(t.token, k.hash.data, k.hash.len));
		assert_false(token_proves(u.token, k.hash.data, k.hash.len));
		assert_false(token_proves(t.token, NULL, 0));
		assert_string_equal(k.last4, text + strlen(text) - 4);
	}
	arena_free(a);
}

static void
a_publishable_key_names_its_workspace(void **state)
{
	static const char *const workspaces[] = {"acme", "under_score", "a-b_c", "_odd_"};
	struct arena *a = arena_new(0);
	char text[KEY_TEXT_MAX];
	struct key_text t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(workspaces); i++) {
		key_record k =
		    made(a, CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE, workspaces[i], text);

		assert_true(key_text_parse(str_of(text), &t));
		assert_true(t.is_publishable);
		assert_string_equal(t.workspace, workspaces[i]);
		assert_true(str_eq(t.id, str_of(k.id)));
	}
	arena_free(a);
}

static void
what_is_no_key_is_none(void **state)
{
	static const char *const wrong[] = {"", "carillon_sk_", "carillon_sk_x",
	    "carillon_sk__x", "mesh_pub_a_b", "mesh_pub_a_UPPER_x", "mesh_pub__a_x", "bearer",
	    "carillon_sk_a/b_x"};
	struct key_text t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (key_text_parse(str_of(wrong[i]), &t))
			fail_msg("%s is taken", wrong[i]);
	assert_false(token_proves(STR("short"), "x", 1));
}

static void
an_origin_ends_no_header_and_no_policy(void **state)
{
	static const char *const wrong[] = {"", "https://", "app.example.com", "https://a/b",
	    "https://a;b", "https://a b", "javascript:x", "https://A.example.com", "*",
	    "https://*"};

	(void)state;
	assert_true(origin_is_valid(STR("https://app.example.com")));
	assert_true(origin_is_valid(STR("http://localhost:3000")));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (origin_is_valid(str_of(wrong[i])))
			fail_msg("%s is taken", wrong[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_proves_itself_and_no_other),
	    cmocka_unit_test(a_publishable_key_names_its_workspace),
	    cmocka_unit_test(what_is_no_key_is_none),
	    cmocka_unit_test(an_origin_ends_no_header_and_no_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
