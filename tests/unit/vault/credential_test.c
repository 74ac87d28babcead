#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/vault/credential.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct secret *
secret_of(const char *bytes, size_t len)
{
	struct secret *s = secret_new(SECRET_MAX);

	assert_true(secret_append(s, bytes, len));
	return s;
}

static void
put(struct secret *credential, uint8_t tag, const char *text)
{
	struct secret *value = secret_of(text, strlen(text));

	assert_true(credential_put(credential, tag, value));
	secret_free(value);
}

static void
assert_holds(const struct secret *credential, uint8_t tag, const char *text)
{
	struct secret_view v = credential_get(credential, tag);

	assert_int_equal(v.len, strlen(text));
	assert_memory_equal(v.ptr, text, v.len);
}

static void
each_secret_is_found_under_its_tag(void **state)
{
	struct secret *c = secret_new(SECRET_MAX);
	char longest[601] = {0};

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	put(c, 1, "xoxb-test-token");
	put(c, 7, longest);
	put(c, 200, "");
	put(c, 3, "whsec-test");
	assert_holds(c, 1, "xoxb-test-token");
	assert_holds(c, 7, longest);
	assert_holds(c, 200, "");
	assert_holds(c, 3, "whsec-test");
	assert_int_equal(credential_get(c, 2).len, 0);
	secret_free(c);
}

static void
one_that_was_sealed_bare_is_the_first(void **state)
{
	struct secret *c = secret_of("xoxb-test-old", 13);

	(void)state;
	assert_holds(c, CREDENTIAL_TAG_BARE, "xoxb-test-old");
	assert_int_equal(credential_get(c, 2).len, 0);
	secret_free(c);
}

static void
nothing_is_no_credential(void **state)
{
	struct secret *c = secret_new(SECRET_MAX);

	(void)state;
	assert_int_equal(credential_get(c, 1).len, 0);
	secret_free(c);
}

static void
what_has_no_room_leaves_a_credential_as_it_was(void **state)
{
	struct secret *c = secret_new(12), *value = secret_of("12345", 5);

	(void)state;
	put(c, 1, "1234");
	assert_int_equal(secret_len(c), 8);
	assert_false(credential_put(c, 2, value));
	assert_int_equal(secret_len(c), 8);
	assert_holds(c, 1, "1234");
	secret_free(value);
	secret_free(c);
}

/* Cut anywhere it gives what is whole, and never a byte from behind its end. */
static void
a_cut_credential_gives_only_what_is_whole(void **state)
{
	struct secret *c = secret_new(SECRET_MAX);
	size_t whole;

	(void)state;
	put(c, 1, "first");
	put(c, 2, "second");
	whole = secret_len(c);
	for (size_t len = 1; len < whole; len++) {
		struct secret *cut = secret_of(secret_bytes(c), len);

		assert_int_equal(credential_get(cut, 1).len, len >= 9 ? 5 : 0);
		assert_int_equal(credential_get(cut, 2).len, 0);
		secret_free(cut);
	}
	secret_free(c);
}

static void
a_length_that_lies_is_not_believed(void **state)
{
	struct secret *c = secret_of("\x01\x01\xff\xff"
				     "abc",
	    7);

	(void)state;
	assert_int_equal(credential_get(c, 1).len, 0);
	secret_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_secret_is_found_under_its_tag),
	    cmocka_unit_test(one_that_was_sealed_bare_is_the_first),
	    cmocka_unit_test(nothing_is_no_credential),
	    cmocka_unit_test(what_has_no_room_leaves_a_credential_as_it_was),
	    cmocka_unit_test(a_cut_credential_gives_only_what_is_whole),
	    cmocka_unit_test(a_length_that_lies_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
