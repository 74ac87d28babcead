#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#define WORKSPACE  STR("acme")
#define CONNECTION STR("conn_1")
#define CLEAR      "xoxb-test-not-a-real-token"

enum { SEALED_MAX = SECRET_MAX + VAULT_SEALED_OVERHEAD };

static char dir[64], key_path[96];
static struct vault *vault;
static struct err err;

static int
open_new_vault(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "vault_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(key_path, sizeof(key_path), "%s/master.key", dir);
	must(vault_init(key_path, &err));
	must(vault_open(&vault, key_path, &err));
	return 0;
}

static int
close_vault(void **state)
{
	(void)state;
	vault_close(vault);
	unlink(key_path);
	must(rmdir(dir) == 0); /* nothing is left beside the key */
	return 0;
}

static size_t
seal(const struct vault *v, const char *clear, uint8_t out[static SEALED_MAX])
{
	size_t len = 0;
	struct secret *s = secret_new(SECRET_MAX);
	must(secret_append(s, clear, strlen(clear)));
	vault_seal(v, WORKSPACE, CONNECTION, s, out, &len);
	secret_free(s);
	return len;
}

/* Whether it opens, and to CLEAR. When it does not, nothing may be left in the secret. */
static bool
opens(const struct vault *v, struct str workspace, struct str connection, const uint8_t *sealed,
    size_t len)
{
	struct secret *s = secret_new(SECRET_MAX);
	must(secret_append(s, "before", 6));
	bool ok = vault_unseal(
	    v, workspace, connection, (struct str){(const char *)sealed, len}, s, &err);
	assert_string_equal(secret_bytes(s), ok ? CLEAR : "");
	assert_int_equal(secret_len(s), ok ? strlen(CLEAR) : 0);
	secret_free(s);
	return ok;
}

static void
what_was_sealed_opens(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	size_t len = seal(vault, CLEAR, sealed);
	assert_int_equal(len, strlen(CLEAR) + VAULT_SEALED_OVERHEAD);
	assert_true(opens(vault, WORKSPACE, CONNECTION, sealed, len));
	assert_int_equal(vault_sealed_version(sealed, len), 1);
	assert_null(memmem(sealed, len, CLEAR, 8));
}

static void
the_empty_and_the_longest_credential_open(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	size_t len = 0;
	struct secret *s = secret_new(SECRET_MAX), *back = secret_new(SECRET_MAX);
	for (int i = 0; i <= SECRET_MAX; i += SECRET_MAX) {
		while (secret_len(s) < (size_t)i)
			assert_true(secret_append(s, "z", 1));
		vault_seal(vault, WORKSPACE, CONNECTION, s, sealed, &len);
		assert_true(vault_unseal(vault, WORKSPACE, CONNECTION,
		    (struct str){(const char *)sealed, len}, back, &err));
		assert_int_equal(secret_len(back), i);
		assert_string_equal(secret_bytes(back), secret_bytes(s));
	}
	secret_free(s);
	secret_free(back);
}

static void
sealing_twice_gives_different_bytes(void **state)
{
	(void)state;
	uint8_t a[SEALED_MAX], b[SEALED_MAX];
	size_t len = seal(vault, CLEAR, a);
	assert_int_equal(seal(vault, CLEAR, b), len);
	assert_memory_equal(a, b, 5); /* format and version */
	assert_memory_not_equal(a + 5, b + 5, 24);
	assert_memory_not_equal(a + 29, b + 29, len - 29);
}

static void
one_changed_bit_anywhere_and_it_does_not_open(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	size_t len = seal(vault, CLEAR, sealed);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(opens(vault, WORKSPACE, CONNECTION, sealed, len));
		assert_true(err.kind == ERR_CORRUPT || (bit >= 8 && err.kind == ERR_DENIED));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(opens(vault, WORKSPACE, CONNECTION, sealed, len));
}

static void
cut_or_lengthened_it_does_not_open(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX + 1] = {0};
	size_t len = seal(vault, CLEAR, sealed);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(opens(vault, WORKSPACE, CONNECTION, sealed, cut));
	assert_false(opens(vault, WORKSPACE, CONNECTION, sealed, len + 1));
	assert_false(opens(vault, WORKSPACE, CONNECTION, sealed, sizeof(sealed)));
	assert_string_equal(
	    err.text, "credential of acme/conn_1: is longer than the credential may be");
}

static void
moved_to_another_owner_it_does_not_open(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	size_t len = seal(vault, CLEAR, sealed);
	assert_false(opens(vault, STR("evil"), CONNECTION, sealed, len));
	assert_false(opens(vault, WORKSPACE, STR("conn_2"), sealed, len));
	assert_false(opens(vault, STR("acm"), STR("econn_1"), sealed, len));
	assert_false(opens(vault, STR("acmec"), STR("onn_1"), sealed, len));
	assert_int_equal(err.kind, ERR_DENIED);
	assert_string_equal(err.text, "credential of acmec/onn_1: does not open with master "
				      "key version 1; check that the "
				      "master key file is the one it was sealed with, and that "
				      "nobody moved or altered the "
				      "record");
}

static void
another_master_key_does_not_open_it(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	size_t len = seal(vault, CLEAR, sealed);
	unlink(key_path);
	struct vault *other;
	assert_true(vault_init(key_path, &err));
	assert_true(vault_open(&other, key_path, &err));
	assert_false(opens(other, WORKSPACE, CONNECTION, sealed, len));
	assert_int_equal(err.kind, ERR_DENIED);
	vault_close(other);
}

static void
after_a_rotation_both_versions_open_until_the_old_is_dropped(void **state)
{
	(void)state;
	uint8_t old[SEALED_MAX], new[SEALED_MAX];
	uint32_t version = 0;
	struct vault *rotated;
	size_t old_len = seal(vault, CLEAR, old);
	assert_true(vault_add_version(key_path, &version, &err));
	assert_int_equal(version, 2);
	assert_true(vault_open(&rotated, key_path, &err));
	assert_int_equal(vault_version(rotated), 2);
	size_t new_len = seal(rotated, CLEAR, new);
	assert_int_equal(vault_sealed_version(new, new_len), 2);
	assert_true(opens(rotated, WORKSPACE, CONNECTION, old, old_len));
	assert_true(opens(rotated, WORKSPACE, CONNECTION, new, new_len));
	vault_close(rotated);
	assert_true(vault_drop_old_versions(key_path, &err));
	assert_true(vault_open(&rotated, key_path, &err));
	assert_true(opens(rotated, WORKSPACE, CONNECTION, new, new_len));
	assert_false(opens(rotated, WORKSPACE, CONNECTION, old, old_len));
	assert_string_equal(err.text,
	    "credential of acme/conn_1: was sealed with master key version 1, the newest here "
	    "is 2; check the master key file");
	assert_int_equal(err.kind, ERR_DENIED);
	vault_close(rotated);
}

static void
an_open_vault_follows_a_rotation(void **state)
{
	(void)state;
	uint8_t old[SEALED_MAX], new[SEALED_MAX];
	uint32_t version = 0;
	struct vault *rotated;
	size_t old_len = seal(vault, CLEAR, old);
	assert_true(vault_add_version(key_path, &version, &err));
	assert_true(vault_open(&rotated, key_path, &err));
	size_t new_len = seal(rotated, CLEAR, new);
	vault_close(rotated);
	assert_true(opens(vault, WORKSPACE, CONNECTION, new, new_len));
	new_len = seal(vault, CLEAR, new);
	assert_int_equal(vault_sealed_version(new, new_len), 2);
	assert_true(vault_drop_old_versions(key_path, &err));
	assert_true(opens(vault, WORKSPACE, CONNECTION, old, old_len));
}

static void
before_it_seals_an_open_vault_looks_for_a_new_version(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	uint32_t version = 0;
	assert_true(vault_add_version(key_path, &version, &err));
	size_t len = seal(vault, CLEAR, sealed);
	assert_int_equal(vault_sealed_version(sealed, len), 2);
}

static void
a_version_that_claims_to_be_another_does_not_open(void **state)
{
	(void)state;
	uint8_t sealed[SEALED_MAX];
	uint32_t version = 0;
	size_t len = seal(vault, CLEAR, sealed);
	struct vault *rotated;
	assert_true(vault_add_version(key_path, &version, &err));
	assert_true(vault_open(&rotated, key_path, &err));
	sealed[4] = 2;
	assert_false(opens(rotated, WORKSPACE, CONNECTION, sealed, len));
	vault_close(rotated);
}

static void
what_is_no_sealed_blob_has_no_version(void **state)
{
	(void)state;
	uint8_t bytes[VAULT_SEALED_OVERHEAD] = {1, 1, 2, 3, 4};
	assert_int_equal(vault_sealed_version(bytes, sizeof(bytes)), 0x01020304);
	assert_int_equal(vault_sealed_version(bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(vault_sealed_version(NULL, 0), 0);
	bytes[0] = 2;
	assert_int_equal(vault_sealed_version(bytes, sizeof(bytes)), 0);
}

/*
 * A known answer, computed by another program from the header's description: nonce 64, 65 ...,
 * both keys by BLAKE2b alone.
 */
static void
the_format_never_changes(void **state)
{
	(void)state;
	static const char master[] =
	    "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static const uint8_t sealed[] = {0x01, 0x00, 0x00, 0x00, 0x01, 0x40, 0x41, 0x42, 0x43,
	    0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51,
	    0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x6f, 0xef, 0xb9, 0xb7, 0xcc, 0xbf, 0x8b, 0x97,
	    0x55, 0x0a, 0x02, 0x7e, 0xa1, 0x8c, 0x45, 0x11, 0x54, 0x3b, 0x24, 0xda, 0x64, 0x03,
	    0x0a, 0x6c, 0xaf, 0x58, 0xc3, 0xf1, 0x91, 0x0e, 0x7a, 0x72, 0x07, 0x72, 0xa9, 0x3d,
	    0xd2, 0x54, 0x17, 0x8d, 0x88, 0xdf};
	FILE *f = fopen(key_path, "we");
	assert_non_null(f);
	assert_true(fputs(master, f) > 0);
	assert_int_equal(fclose(f), 0);
	struct vault *known;
	assert_true(vault_open(&known, key_path, &err));
	assert_true(opens(known, WORKSPACE, CONNECTION, sealed, sizeof(sealed)));
	vault_close(known);
}

static void
the_key_may_come_from_systemd_or_from_the_environment(void **state)
{
	(void)state;
	static const char key[] =
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	struct vault *v;
	char credential[128];
	log_set_level(LOG_LEVEL_ERROR);
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("CARILLON_MASTER_KEY");
	assert_false(vault_open(&v, "", &err));
	assert_int_equal(err.kind, ERR_SETUP);
	assert_non_null(strstr(err.text, "carillon vault init"));
	setenv("CARILLON_MASTER_KEY", key, 1);
	assert_true(vault_open(&v, "", &err));
	assert_int_equal(vault_version(v), 1);
	vault_close(v);
	setenv("CARILLON_MASTER_KEY", "0001", 1);
	assert_false(vault_open(&v, "", &err));
	assert_string_equal(err.text,
	    "CARILLON_MASTER_KEY: line 1: the key has 4 characters, not "
	    "64; it is cut or altered");
	uint8_t sealed[SEALED_MAX];
	size_t len = seal(vault, CLEAR, sealed);
	(void)snprintf(credential, sizeof(credential), "%s/carillon-master-key", dir);
	assert_int_equal(rename(key_path, credential), 0);
	assert_int_equal(chmod(credential, 0440), 0);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_true(vault_open(&v, "", &err));
	unlink(credential);
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("CARILLON_MASTER_KEY");
	assert_true(opens(v, WORKSPACE, CONNECTION, sealed, len));
	vault_close(v);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new_vault, close_vault)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_sealed_opens),
	    TEST(the_empty_and_the_longest_credential_open),
	    TEST(sealing_twice_gives_different_bytes),
	    TEST(one_changed_bit_anywhere_and_it_does_not_open),
	    TEST(cut_or_lengthened_it_does_not_open),
	    TEST(moved_to_another_owner_it_does_not_open),
	    TEST(another_master_key_does_not_open_it),
	    TEST(after_a_rotation_both_versions_open_until_the_old_is_dropped),
	    TEST(an_open_vault_follows_a_rotation),
	    TEST(before_it_seals_an_open_vault_looks_for_a_new_version),
	    TEST(a_version_that_claims_to_be_another_does_not_open),
	    TEST(what_is_no_sealed_blob_has_no_version),
	    TEST(the_format_never_changes),
	    TEST(the_key_may_come_from_systemd_or_from_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
