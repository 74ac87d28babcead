#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/sealed_box.h"
#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#define WORKSPACE  STR("acme")
#define CONNECTION STR("conn_1")
#define CLEAR      STR("xoxb-test-not-a-real-token")

static char dir[64], key_path[96];
static struct vault *vault;
static struct buf box;
static struct err err;

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "box_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(key_path, sizeof(key_path), "%s/master.key", dir);
	must(vault_init(key_path, &err) && vault_open(&vault, key_path, &err));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	vault_close(vault);
	buf_fini(&box);
	unlink(key_path);
	must(rmdir(dir) == 0);
	return 0;
}

static void
seal(void)
{
	struct box_key key;

	vault_box_key(vault, &key);
	buf_clear(&box);
	assert_true(box_seal(&box, &key, WORKSPACE, CONNECTION, CLEAR, &err));
}

/* Whether it opens, and to CLEAR; else nothing is left in the secret. */
static bool
opens(const struct vault *v, struct str workspace, struct str connection)
{
	struct secret *s = secret_new(SECRET_MAX);
	bool ok = vault_unbox(v, workspace, connection, buf_view(&box), s, &err);

	assert_true(str_eq((struct str){secret_bytes(s), secret_len(s)}, ok ? CLEAR : STR("")));
	secret_free(s);
	return ok;
}

static void
what_was_boxed_opens_for_its_owner_alone(void **state)
{
	(void)state;
	seal();
	assert_null(memmem(box.ptr, box.len, "xoxb", 4));
	assert_true(opens(vault, WORKSPACE, CONNECTION));
	assert_false(opens(vault, STR("acm"), CONNECTION));
	assert_false(opens(vault, STR("acme2"), CONNECTION));
	assert_false(opens(vault, WORKSPACE, STR("conn_2")));
	/* The two ids do not run into each other. */
	assert_false(opens(vault, STR("acmec"), STR("onn_1")));
}

static void
no_bit_of_a_box_may_change(void **state)
{
	(void)state;
	seal();
	for (size_t i = 0; i < box.len; i++) {
		box.ptr[i] = (char)(box.ptr[i] ^ 1);
		assert_false(opens(vault, WORKSPACE, CONNECTION));
		box.ptr[i] = (char)(box.ptr[i] ^ 1);
	}
	for (size_t len = box.len; len-- > 0;) {
		box.len = len;
		assert_false(opens(vault, WORKSPACE, CONNECTION));
	}
}

static void
a_box_is_opened_while_its_key_is_there(void **state)
{
	struct vault *later;
	struct box_key before, after;
	uint32_t version;

	(void)state;
	seal();
	vault_box_key(vault, &before);
	assert_true(vault_add_version(key_path, &version, &err));
	vault_box_key(vault, &after);
	assert_int_equal(after.version, version);
	assert_memory_not_equal(before.bytes, after.bytes, BOX_KEY_SIZE);
	assert_true(opens(vault, WORKSPACE, CONNECTION));
	assert_true(vault_drop_old_versions(key_path, &err));
	assert_true(opens(vault, WORKSPACE, CONNECTION)); /* it was open before */
	assert_true(vault_open(&later, key_path, &err));
	assert_false(opens(later, WORKSPACE, CONNECTION));
	assert_int_equal(err.kind, ERR_DENIED);
	vault_close(later);
}

static void
another_vault_does_not_open_it(void **state)
{
	char path[128];
	struct vault *other;

	(void)state;
	seal();
	(void)snprintf(path, sizeof(path), "%s/other.key", dir);
	assert_true(vault_init(path, &err) && vault_open(&other, path, &err));
	assert_false(opens(other, WORKSPACE, CONNECTION));
	vault_close(other);
	unlink(path);
}

static void
what_cannot_be_boxed_is_refused(void **state)
{
	struct box_key key;
	char big[BOX_CLEAR_MAX + 1];

	(void)state;
	memset(big, 'x', sizeof(big));
	vault_box_key(vault, &key);
	buf_clear(&box);
	assert_false(box_seal(&box, &key, STR(""), CONNECTION, CLEAR, &err));
	assert_false(box_seal(&box, &key, WORKSPACE, STR(""), CLEAR, &err));
	assert_false(box_seal(&box, &key, WORKSPACE, CONNECTION, STR(""), &err));
	assert_false(
	    box_seal(&box, &key, WORKSPACE, CONNECTION, (struct str){big, sizeof(big)}, &err));
	assert_int_equal(box.len, 0);
	assert_true(box_seal(
	    &box, &key, WORKSPACE, CONNECTION, (struct str){big, sizeof(big) - 1}, &err));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_boxed_opens_for_its_owner_alone),
	    TEST(no_bit_of_a_box_may_change),
	    TEST(a_box_is_opened_while_its_key_is_there),
	    TEST(another_vault_does_not_open_it),
	    TEST(what_cannot_be_boxed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
