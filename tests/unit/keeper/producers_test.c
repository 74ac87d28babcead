#include "keeper_fixture.h"

#include <fcntl.h>

#include "carillon/keeper/refusals.h"

/* The token of a .creds file. */
static struct str
token_of(struct fixture *f, const char *file)
{
	const char *at = strstr(file_text(f, file).ptr, "eyJ");

	assert_non_null(at);
	return (struct str){at, strcspn(at, "\n")};
}

static const struct producer *
nth(const struct list *all, int n)
{
	LIST_EACH (node, all)
		if (n-- == 0)
			return CONTAINER_OF(node, struct producer, link);
	fail_msg("there is none");
	return NULL;
}

/* A seed is "SA" and so many letters of base32 behind it. */
static bool
has_seed(const char *text)
{
	enum { SEED_LEN = 58 };

	for (const char *at = text; (at = strstr(at, "SA")) != NULL; at++)
		if (strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") >= SEED_LEN)
			return true;
	return false;
}

static void
keys_and_credentials_are_the_owners_alone(void **state)
{
	static const char *const secrets[] = {
	    "operator.nk", "system.nk", "service.nk", "producers.nk", "nats.json"};
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX], file[160];

	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		nats_dir_file(path, &f->nats, secrets[i]);
		assert_int_equal(file_mode(path), 0600);
	}
	(void)mint(f, "acme", "default", 0, file);
	assert_int_equal(file_mode(file), 0600);
	nats_dir_file(path, &f->nats, "nats.json");
	assert_false(has_seed(file_text(f, path).ptr)); /* none but a sealed one */
}

static void
a_credential_is_the_workspaces_and_of_the_signing_key(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;
	char file[160];
	struct str key = mint(f, "acme", "billing", NOW_S + 60, file);

	OK(jwt_read(f->arena, token_of(f, file), &claims, &f->e));
	assert_true(str_eq(json_string(claims, STR("iss")),
	    str_of(f->nats.accounts.keys[ACCOUNT_KEY_SIGNING])));
	assert_true(str_eq(json_string(claims, STR("sub")), key));
	assert_true(str_eq(json_string(claims, STR("name")), STR("acme/billing")));
	const struct json *nats = json_get(claims, STR("nats"));
	assert_true(str_eq(json_string(nats, STR("issuer_account")),
	    str_of(f->nats.accounts.keys[ACCOUNT_KEY_PRODUCERS])));
	assert_true(str_eq(json_get(nats, STR("tags"))->child->text, STR("ws:acme")));
	/* A server refuses a scoped user with limits of its own. */
	assert_null(json_get(nats, STR("pub")));
	assert_null(json_get(nats, STR("subs")));
}

/* What the servers hold a producer to: the tag stands for the workspace of its credential. */
static void
a_producer_publishes_for_its_own_workspace_alone(void **state)
{
	struct fixture *f = *state;
	const struct json *claims, *key, *allowed[2];
	struct str token;

	OK(nats_dir_write_accounts(&f->nats, NOW_S, f->arena, &token, &f->e));
	OK(jwt_read(f->arena, token, &claims, &f->e));
	key = json_get(json_get(claims, STR("nats")), STR("signing_keys"))->child;
	assert_true(str_eq(
	    json_string(key, STR("key")), str_of(f->nats.accounts.keys[ACCOUNT_KEY_SIGNING])));
	key = json_get(key, STR("template"));
	allowed[0] = json_get(json_get(key, STR("pub")), STR("allow"));
	allowed[1] = json_get(json_get(key, STR("sub")), STR("allow"));
	assert_int_equal(allowed[0]->count, 1);
	assert_true(str_eq(allowed[0]->child->text, STR("carillon.events.{{tag(ws)}}.>")));
	assert_int_equal(allowed[1]->count, 1);
	assert_true(str_eq(allowed[1]->child->text, STR("_INBOX.{{tag(ws)}}.>")));
}

static void
the_list_knows_who_has_one_and_whose_was_revoked(void **state)
{
	struct fixture *f = *state;
	struct str token, keys[1];
	struct list all;
	char file[160];

	(void)mint(f, "acme", "default", 0, file);
	keys[0] = mint(f, "acme", "billing", 0, file);
	(void)mint(f, "globex", "default", NOW_S + 1, file);
	OK(producers_revoke(
	    &f->nats, &(struct producer_keys){keys, 1, NOW_S}, f->arena, &token, &f->e));
	OK(producers_read(&f->nats, f->arena, &all, &f->e));
	assert_string_equal(producer_status(nth(&all, 0), NOW_S), "active");
	assert_string_equal(producer_status(nth(&all, 1), NOW_S), "revoked");
	assert_string_equal(producer_status(nth(&all, 2), NOW_S), "active");
	assert_string_equal(producer_status(nth(&all, 2), NOW_S + 1), "expired");
}

static int64_t
revoked_at(struct fixture *f, struct str token, struct str key)
{
	const struct json *claims, *at;
	int64_t s = 0;

	OK(jwt_read(f->arena, token, &claims, &f->e));
	at = json_get(json_get(json_get(claims, STR("nats")), STR("revocations")), key);
	return at != NULL && json_int64(at, &s) ? s : 0;
}

static int64_t
issued_at(struct fixture *f, struct str token)
{
	const struct json *claims;
	int64_t s = 0;

	OK(jwt_read(f->arena, token, &claims, &f->e));
	assert_true(json_int64(json_get(claims, STR("iat")), &s));
	return s;
}

/* A server keeps the newer of two tokens, by whole seconds. */
static void
each_account_is_newer_than_the_last_and_has_what_is_revoked(void **state)
{
	struct fixture *f = *state;
	struct str first, second, third, key, passing;
	char file[160];

	key = mint(f, "acme", "default", 0, file);
	passing = mint(f, "acme", "short", NOW_S + 10, file);
	OK(nats_dir_write_accounts(&f->nats, NOW_S, f->arena, &first, &f->e));
	assert_int_equal(revoked_at(f, first, key), 0);
	OK(producers_revoke(&f->nats,
	    &(struct producer_keys){(struct str[]){key, passing}, 2, NOW_S}, f->arena, &second,
	    &f->e));
	assert_int_equal(revoked_at(f, second, key), NOW_S);
	assert_int_equal(revoked_at(f, second, passing), NOW_S);
	assert_true(issued_at(f, second) > issued_at(f, first));
	/* What has expired anyway need not be said for ever. */
	OK(producers_revoke(
	    &f->nats, &(struct producer_keys){NULL, 0, NOW_S + 20}, f->arena, &third, &f->e));
	assert_int_equal(revoked_at(f, third, key), NOW_S);
	assert_int_equal(revoked_at(f, third, passing), 0);
}

static void
what_a_crash_has_cut_is_named_and_spoils_nothing_else(void **state)
{
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX], file[160];
	struct list all;
	int fd;

	(void)mint(f, "acme", "default", 0, file);
	nats_dir_file(path, &f->nats, "producers.jsonl");
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "{\"key\":\"UA", 10), 10);
	close(fd);
	(void)mint(f, "acme", "billing", 0, file);
	assert_false(producers_read(&f->nats, f->arena, &all, &f->e));
	assert_int_equal(f->e.kind, ERR_CORRUPT);
	assert_non_null(strstr(f->e.text, "line 2 is not as it was written"));
	assert_non_null(strstr(file_text(f, path).ptr, "{\"key\":\"UA\n{\"key\":"));
}

static void
a_file_that_is_there_is_not_replaced(void **state)
{
	struct fixture *f = *state;
	struct producer p = {.workspace = STR("acme"), .name = STR("again"), .issued_s = NOW_S};
	struct list all;
	char file[160];
	int n = 0;

	(void)mint(f, "acme", "default", 0, file);
	assert_false(producer_mint(&f->nats, f->vault, &p, file, f->arena, &f->e));
	assert_int_equal(f->e.kind, ERR_CONFLICT);
	OK(producers_read(&f->nats, f->arena, &all, &f->e));
	LIST_EACH (node, &all)
		n++;
	assert_int_equal(n, 1);
}

/* The vault's old key goes only when nothing is left under it. */
static void
the_signing_key_is_sealed_anew_after_a_rotation(void **state)
{
	struct fixture *f = *state;
	struct nkey before, after;
	uint32_t version;

	OK(nats_dir_signing_key(&f->nats, f->vault, &before, &f->e));
	OK(vault_add_version(f->key_file, &version, &f->e));
	vault_close(f->vault);
	OK(vault_open(&f->vault, f->key_file, &f->e));
	OK(nats_dir_reseal(f->path, f->vault, &f->e));
	OK(vault_drop_old_versions(f->key_file, &f->e));
	vault_close(f->vault);
	OK(vault_open(&f->vault, f->key_file, &f->e));
	OK(nats_dir_open(&f->nats, f->path, f->arena, &f->e));
	OK(nats_dir_signing_key(&f->nats, f->vault, &after, &f->e));
	assert_string_equal(after.public_key, before.public_key);
	nkey_fini(&before);
	nkey_fini(&after);
	OK(nats_dir_reseal("/nonexistent", f->vault, &f->e));
}

static void
keys_of_an_interrupted_try_are_not_replaced(void **state)
{
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX];
	struct nats_dir again;

	nats_dir_file(path, &f->nats, "nats.json");
	assert_int_equal(unlink(path), 0);
	assert_false(nats_dir_create(&again, f->path, "carillon", f->vault, f->arena, &f->e));
	assert_int_equal(f->e.kind, ERR_CONFLICT);
	assert_non_null(strstr(f->e.text, "keys of an earlier try"));
}

static void
a_key_that_others_may_read_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX];
	struct nkey k;

	nats_dir_file(path, &f->nats, "operator.nk");
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(nats_dir_key(&f->nats, ACCOUNT_KEY_OPERATOR, &k, &f->e));
	assert_non_null(strstr(f->e.text, "chmod 600"));
}

/* A file that came from another set-up: what it signs no server here takes. */
static void
a_key_of_other_accounts_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX], other[NATS_DIR_PATH_MAX];
	struct nkey k;

	nats_dir_file(path, &f->nats, "service.nk");
	nats_dir_file(other, &f->nats, "system.nk");
	OK(nats_dir_key(&f->nats, ACCOUNT_KEY_SERVICE, &k, &f->e));
	nkey_fini(&k);
	assert_int_equal(rename(other, path), 0);
	assert_false(nats_dir_key(&f->nats, ACCOUNT_KEY_SERVICE, &k, &f->e));
	assert_non_null(strstr(f->e.text, "is another key than the service of nats.json"));
}

/* --- static accounts --- */

static void
static_accounts_have_keys_and_lose_them(void **state)
{
	struct fixture *f = *state;
	char path[NATS_DIR_PATH_MAX], file[160];
	struct str token, key = mint(f, "acme", "default", 0, file);

	assert_true(str_starts_with(file_text(f, file), STR("SU")));
	nats_dir_file(path, &f->nats, "accounts.conf");
	assert_int_equal(file_mode(path), 0600);
	nats_dir_file(path, &f->nats, "producers.conf");
	assert_non_null(strstr(file_text(f, path).ptr, key.ptr));
	assert_non_null(
	    strstr(file_text(f, path).ptr, "publish: [\"carillon.events.acme.>\"]"));
	OK(producers_revoke(
	    &f->nats, &(struct producer_keys){&key, 1, NOW_S}, f->arena, &token, &f->e));
	assert_null(strstr(file_text(f, path).ptr, key.ptr));
}

/* --- why one is refused --- */

static void
refused_because(struct fixture *f, struct str token, const char *workspace, const char *words)
{
	struct refusal why;
	struct list all;

	OK(producers_read(&f->nats, f->arena, &all, &f->e));
	refusal_explain(&why, &f->nats.accounts, &all, token, NOW_S, f->arena);
	assert_true(str_eq(why.workspace, str_of(workspace)));
	assert_true(why.action.len > 0);
	if (strstr(arena_cstr(f->arena, why.reason), words) == NULL)
		fail_msg("\"%.*s\" does not say \"%s\"", STR_ARG(why.reason), words);
}

static void
a_refusal_says_why(void **state)
{
	struct fixture *f = *state, *other;
	struct str key, token;
	char file[160], foreign[160];
	void *others;

	key = mint(f, "acme", "default", 0, file);
	refused_because(f, token_of(f, file), "acme", "its credential counts here");
	OK(producers_revoke(
	    &f->nats, &(struct producer_keys){&key, 1, NOW_S}, f->arena, &token, &f->e));
	refused_because(
	    f, token_of(f, file), "acme", "was revoked at 2027-01-15T08:00:00.000Z");
	(void)mint(f, "acme", "short", NOW_S - 1, file);
	refused_because(f, token_of(f, file), "acme", "expired at 2027-01-15T07:59:59.000Z");
	refused_because(f, (struct str){NULL, 0}, "", "showed no credential");
	refused_because(f, STR("eyJ0.eyJ0"), "", "malformed: is no token");
	token = token_of(f, file);
	token.len--;
	refused_because(f, token, "", "malformed: the token's signature");
	/* Another set-up's may say any workspace: it is told under nobody's. */
	fixture_up(&others);
	other = others;
	(void)mint(other, "acme", "default", 0, foreign);
	refused_because(f, token_of(other, foreign), "", "its credential is foreign");
	fixture_down(&others);
}

#define IN_DIR(f)    cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
#define IN_STATIC(f) cmocka_unit_test_setup_teardown(f, fixture_static, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(keys_and_credentials_are_the_owners_alone),
	    IN_DIR(a_credential_is_the_workspaces_and_of_the_signing_key),
	    IN_DIR(a_producer_publishes_for_its_own_workspace_alone),
	    IN_DIR(the_list_knows_who_has_one_and_whose_was_revoked),
	    IN_DIR(each_account_is_newer_than_the_last_and_has_what_is_revoked),
	    IN_DIR(what_a_crash_has_cut_is_named_and_spoils_nothing_else),
	    IN_DIR(a_file_that_is_there_is_not_replaced),
	    IN_DIR(the_signing_key_is_sealed_anew_after_a_rotation),
	    IN_DIR(keys_of_an_interrupted_try_are_not_replaced),
	    IN_DIR(a_key_that_others_may_read_is_refused),
	    IN_DIR(a_key_of_other_accounts_is_refused),
	    IN_STATIC(static_accounts_have_keys_and_lose_them),
	    IN_DIR(a_refusal_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
