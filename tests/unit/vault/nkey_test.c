/*
 * Known answers are those of the Python package nkeys 0.2.1 for the seed 00 01 02 ... 1f.
 */
#include "carillon/vault/nkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#include <cmocka.h>

#include "memory.h"

static const struct {
	enum nkey_kind kind;
	const char *seed, *public_key;
} known[] = {
    {NKEY_OPERATOR, "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
	"OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT"},
    {NKEY_ACCOUNT, "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
	"AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV"},
    {NKEY_USER, "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",
	"UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK"},
};
static const char signed_carillon[] =
    "d4da51f4bd36c1e3fb5d248ff34913222bcc5ee4aa5e764054de59dc4765504e"
    "baec7968008a362c27173a226fb1fd040ae337ed67cc10d5a66783d25d390d0f";

static struct secret *
secret_of(const char *text)
{
	struct secret *s = secret_new(SECRET_MAX);

	assert_true(secret_append(s, text, strlen(text)));
	return s;
}

static bool
key_of(struct nkey *k, const char *text, struct err *e)
{
	struct secret *s = secret_of(text);
	bool ok = nkey_from_seed(k, s, e);

	secret_free(s);
	return ok;
}

static void
keys_are_those_of_the_official_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		uint8_t signature[NKEY_SIGNATURE_SIZE];
		char hex[2 * NKEY_SIGNATURE_SIZE + 1];
		struct nkey k;
		struct err e;

		assert_true(key_of(&k, known[i].seed, &e));
		assert_int_equal(k.kind, known[i].kind);
		assert_string_equal(k.public_key, known[i].public_key);
		struct secret *text = nkey_seed_text(&k);
		assert_string_equal(secret_bytes(text), known[i].seed);
		secret_free(text);
		nkey_sign(&k, "carillon", 8, signature);
		sodium_bin2hex(hex, sizeof(hex), signature, sizeof(signature));
		assert_string_equal(hex, signed_carillon);
		assert_true(nkey_verify(str_of(k.public_key), "carillon", 8, signature));
		assert_false(nkey_verify(str_of(k.public_key), "carillom", 8, signature));
		nkey_fini(&k);
	}
}

static void
a_new_key_is_read_again_and_no_two_are_alike(void **state)
{
	(void)state;
	for (int kind = 0; kind < NKEY_KINDS; kind++) {
		struct nkey k, other, again;
		struct err e;

		nkey_new(&k, (enum nkey_kind)kind);
		nkey_new(&other, (enum nkey_kind)kind);
		assert_string_not_equal(k.public_key, other.public_key);
		assert_true(nkey_is_public(str_of(k.public_key), (enum nkey_kind)kind));
		struct secret *text = nkey_seed_text(&k);
		assert_true(nkey_from_seed(&again, text, &e));
		assert_string_equal(again.public_key, k.public_key);
		secret_free(text);
		nkey_fini(&again);
		nkey_fini(&other);
		nkey_fini(&k);
	}
}

static void
white_space_after_a_seed_is_skipped(void **state)
{
	struct nkey k;
	struct err e;

	(void)state;
	assert_true(
	    key_of(&k, "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y\r\n", &e));
	nkey_fini(&k);
}

/* One wrong character anywhere is noticed, and the sentence shows none of it. */
static void
an_altered_seed_is_refused(void **state)
{
	struct nkey k;
	struct err e;
	char text[NKEY_SEED_LEN + 1];

	(void)state;
	for (size_t i = 0; i < NKEY_SEED_LEN; i++) {
		memcpy(text, known[2].seed, sizeof(text));
		text[i] = text[i] == 'Q' ? 'R' : 'Q';
		assert_false(key_of(&k, text, &e));
		assert_int_equal(e.kind, ERR_INPUT);
		assert_null(strstr(e.text, "AAAAICAMCA"));
	}
	memcpy(text, known[2].seed, sizeof(text));
	text[NKEY_SEED_LEN - 1] = '\0';
	assert_false(key_of(&k, text, &e));
	assert_false(key_of(&k, "", &e));
	assert_false(key_of(&k, known[2].public_key, &e));
}

static void
a_public_key_is_of_one_kind(void **state)
{
	char altered[NKEY_PUBLIC_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		for (int kind = 0; kind < NKEY_KINDS; kind++)
			assert_int_equal(
			    nkey_is_public(str_of(known[i].public_key), (enum nkey_kind)kind),
			    known[i].kind == (enum nkey_kind)kind);
	memcpy(altered, known[0].public_key, sizeof(altered));
	altered[20] = altered[20] == 'B' ? 'C' : 'B';
	assert_false(nkey_is_public(str_of(altered), NKEY_OPERATOR));
	assert_false(nkey_is_public(STR("OAB2CB57"), NKEY_OPERATOR));
	assert_false(nkey_is_public((struct str){NULL, 0}, NKEY_OPERATOR));
}

static void
a_seed_is_in_memory_that_no_core_dump_has_and_wiped_afterwards(void **state)
{
	struct nkey k;
	const char *at;

	(void)state;
	if (UNDER_SANITIZER)
		skip();
	nkey_new(&k, NKEY_USER);
	at = secret_bytes(k.seed);
	assert_true(memory_has_flag(at, "dd"));
	assert_false(memory_is_zero(at, 32));
	nkey_fini(&k);
	assert_true(memory_is_zero(at, 32));
}

/* --- tokens --- */

#define CLAIMS "{\"iat\":1,\"iss\":\"%s\",\"name\":\"Gr\\u00fc\\u00dfe\",\"sub\":\"%s\"}"

static void
sign(struct buf *token, const struct nkey *k, const char *issuer)
{
	struct buf claims = {0};

	buf_printf(&claims, CLAIMS, issuer, k->public_key);
	jwt_sign(token, k, buf_view(&claims));
	buf_fini(&claims);
}

static void
a_token_is_read_again(void **state)
{
	struct arena *a = arena_new(0);
	struct buf token = {0};
	const struct json *claims;
	struct nkey k;
	struct err e;

	(void)state;
	nkey_new(&k, NKEY_OPERATOR);
	sign(&token, &k, k.public_key);
	assert_true(str_starts_with(
	    buf_view(&token), STR("eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.")));
	assert_true(jwt_read(a, buf_view(&token), &claims, &e));
	assert_true(str_eq(json_string(claims, STR("iss")), str_of(k.public_key)));
	assert_true(str_eq(json_string(claims, STR("name")), STR("Grüße")));
	assert_int_equal(json_string(claims, STR("jti")).len, 52);
	buf_fini(&token);
	nkey_fini(&k);
	arena_free(a);
}

static void
refused(struct str token, const char *words)
{
	struct arena *a = arena_new(0);
	const struct json *claims;
	struct err e;

	assert_false(jwt_read(a, token, &claims, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
	arena_free(a);
}

static void
an_altered_token_is_refused(void **state)
{
	struct buf token = {0};
	struct nkey k;

	(void)state;
	nkey_new(&k, NKEY_OPERATOR);
	sign(&token, &k, k.public_key);
	for (size_t i = 0; i < token.len; i++) {
		char was = token.ptr[i];
		struct arena *a = arena_new(0);
		const struct json *claims;
		struct err e;

		token.ptr[i] = was == 'x' ? 'y' : 'x';
		assert_false(jwt_read(a, buf_view(&token), &claims, &e));
		token.ptr[i] = was;
		arena_free(a);
	}
	buf_fini(&token);
	nkey_fini(&k);
}

static void
a_token_of_another_issuer_than_it_says_is_refused(void **state)
{
	struct buf token = {0};
	struct nkey k, other;

	(void)state;
	nkey_new(&k, NKEY_OPERATOR);
	nkey_new(&other, NKEY_OPERATOR);
	sign(&token, &k, other.public_key);
	refused(buf_view(&token), "signature is not its issuer's");
	buf_fini(&token);
	nkey_fini(&k);
	nkey_fini(&other);
}

static void
what_is_no_token_is_refused(void **state)
{
	static char large[1024 * 1024 + 1];

	(void)state;
	refused((struct str){NULL, 0}, "is no token");
	refused(STR("eyJ0eXAiOiJKV1QifQ"), "is no token");
	refused(STR(".e30."), "is no token");
	refused(STR("a.e30.AAAA"), "signature is not its issuer's");
	refused(STR("a.e30.AAAA.b"), "is no token");
	refused(STR("a.W10.AAAA"), "is no token");
	refused(STR("a.!!.AAAA"), "is no token");
	memset(large, 'a', sizeof(large));
	refused((struct str){large, sizeof(large)}, "the limit is");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_those_of_the_official_library),
	    cmocka_unit_test(a_new_key_is_read_again_and_no_two_are_alike),
	    cmocka_unit_test(white_space_after_a_seed_is_skipped),
	    cmocka_unit_test(an_altered_seed_is_refused),
	    cmocka_unit_test(a_public_key_is_of_one_kind),
	    cmocka_unit_test(a_seed_is_in_memory_that_no_core_dump_has_and_wiped_afterwards),
	    cmocka_unit_test(a_token_is_read_again),
	    cmocka_unit_test(an_altered_token_is_refused),
	    cmocka_unit_test(a_token_of_another_issuer_than_it_says_is_refused),
	    cmocka_unit_test(what_is_no_token_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
