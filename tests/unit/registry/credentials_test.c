#include "rules_fixture.h"

#include "carillon/registry/credentials.h"

static char key_path[96];
static struct vault *vault;

static int
setup(void **state)
{
	struct err e = {0};
	struct fixture *f;

	(void)fixture_setup(state);
	f = *state;
	snprintf(key_path, sizeof(key_path), "%s/key", f->dir);
	assert_true(vault_init(key_path, &e));
	assert_true(vault_open(&vault, key_path, &e));
	return 0;
}

static int
teardown(void **state)
{
	vault_close(vault);
	return fixture_teardown(state);
}

/* A connection with a credential; a flipped byte makes it one that does not open. */
static void
put_credential(struct fixture *f, const char *workspace, const char *id, bool is_flipped)
{
	connection_record c = CARILLON__V1__CONNECTION__INIT;
	struct secret *clear = secret_new(SECRET_MAX);

	assert_true(secret_append(clear, "xoxb-test", 9));
	c.id = TEXT(id);
	c.dest = TEXT("slack");
	c.sealed.data = arena_must(f->arena, 9 + VAULT_SEALED_OVERHEAD);
	vault_seal(vault, str_of(workspace), str_of(id), clear, c.sealed.data, &c.sealed.len);
	c.sealed.data[c.sealed.len - 1] ^= is_flipped;
	put_record(f, workspace, STATE_CONNECTION, id, &c);
	secret_free(clear);
}

static bool
is_key_right(struct fixture *f, const char *says)
{
	struct err e = {0};
	bool ok = credentials_check_key(f->store, vault, &e);

	assert_says(str_of(e.text), says);
	assert_true(ok || e.kind == ERR_DENIED);
	return ok;
}

static void
the_key_is_right_as_long_as_one_opens(void **state)
{
	struct fixture *f = *state;

	assert_true(is_key_right(f, "")); /* there is none to say otherwise */
	put_credential(f, "acme", "a", true);
	assert_false(is_key_right(f, "acme/a"));
	put_garbage(f, "acme", STATE_CONNECTION, "b", "\xff\xff");
	assert_false(is_key_right(f, "acme/a"));
	put_credential(f, "zed", "c", true);
	assert_false(is_key_right(f, "none of 2 credentials opens"));
	put_credential(f, "zed", "d", false);
	assert_true(is_key_right(f, ""));
}

static bool
list_one(const struct stored_key *key, const struct err *why, void *text)
{
	size_t len = strlen(text);

	snprintf((char *)text + len, 200 - len, "%.*s/%.*s%s ", STR_ARG(key->workspace),
	    STR_ARG(key->id), why == NULL ? "" : "!");
	return true;
}

static void
each_is_tried_and_one_that_cannot_be_read_is_no_reason_to_stop(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char text[200] = "";

	put_credential(f, "acme", "a", true);
	put_garbage(f, "acme", STATE_CONNECTION, "b", "\xff\xff");
	put_credential(f, "acme", "c", false);
	put_credential(f, "zed", "a", true);
	assert_true(credentials_try(f->store, vault, list_one, text, &e));
	assert_string_equal(text, "acme/a! acme/c zed/a! ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		the_key_is_right_as_long_as_one_opens, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		each_is_tried_and_one_that_cannot_be_read_is_no_reason_to_stop, setup,
		teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
