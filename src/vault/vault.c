#include "carillon/vault/vault.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "vault/keyring.h"
#include "vault/secret_private.h"

#define aead_seal crypto_aead_xchacha20poly1305_ietf_encrypt
#define aead_open crypto_aead_xchacha20poly1305_ietf_decrypt

enum {
	FORMAT = 1,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	AT_VERSION = 1,
	AT_NONCE = AT_VERSION + 4,
	AT_CLEAR = AT_NONCE + NONCE_SIZE,
	ID_MAX = 255, /* its length is one byte of the associated data */
	OWNER_MAX = 1 + 4 + 2 * (1 + ID_MAX),
	ROOT_SUBKEY = 1,
};
_Static_assert(AT_CLEAR + TAG_SIZE == VAULT_SEALED_OVERHEAD, "the sealed format");
_Static_assert(VAULT_KEY_SIZE == crypto_kdf_KEYBYTES, "a master key");
_Static_assert(
    VAULT_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a workspace key");

/* Where the keys came from, to see whether it has changed since. */
struct key_source {
	char path[PATH_MAX]; /* empty: no file */
	enum keyfile_rule rule;
	ino_t file;
	struct timespec changed_at;
};

/*
 * Once open, a vault needs the root keys only; the master keys are wiped. Keys are added when a
 * rotation has put a new version into the file, and never taken away: a credential sealed
 * before may still be in somebody's hands.
 */
struct vault {
	pthread_rwlock_t lock; /* over all below */
	struct keyring roots;
	struct key_source source;
};

static uint8_t *
key_bytes(const struct secret *key)
{
	return (uint8_t *)(uintptr_t)secret_bytes(key);
}

static struct secret *
root_from_master(const struct secret *master)
{
	struct secret *root = secret_new(VAULT_KEY_SIZE);
	crypto_kdf_derive_from_key(secret_extend(root, VAULT_KEY_SIZE), VAULT_KEY_SIZE,
	    ROOT_SUBKEY, "carillon", key_bytes(master));
	return root;
}

static struct secret *
workspace_key(const struct secret *root, struct str workspace)
{
	struct secret *key = secret_new(VAULT_KEY_SIZE);
	crypto_generichash(secret_extend(key, VAULT_KEY_SIZE), VAULT_KEY_SIZE,
	    (const uint8_t *)workspace.ptr, workspace.len, key_bytes(root), VAULT_KEY_SIZE);
	return key;
}

/* A development key: the file's one line, without its version. */
static bool
read_environment(struct keyring *ring, const char *hex, struct err *e)
{
	struct secret *text = secret_new(SECRET_MAX);
	bool ok = secret_append(text, "1 ", 2) && secret_append(text, hex, strlen(hex));
	ok = ok ? keyring_parse(ring, text, e) : fail(e, ERR_SETUP, "is too long");
	secret_free(text);
	if (!ok)
		return fail_within(e, "CARILLON_MASTER_KEY");
	log_warn("vault.key_from_environment", L_STR("why", "CARILLON_MASTER_KEY is set"),
	    L_STR("use", "development only; an environment can be read by others"));
	return true;
}

/* False if there is none; an empty path means the environment. */
static bool
find_source(struct key_source *from, const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *hex = getenv("CARILLON_MASTER_KEY");

	*from = (struct key_source){.rule = KEYFILE_OWNER_ONLY};
	if (path[0])
		return str_copy(from->path, sizeof(from->path), str_of(path));
	if (dir && snprintf(from->path, sizeof(from->path), "%s/carillon-master-key", dir) <
		       (int)sizeof(from->path)) {
		from->rule = KEYFILE_SYSTEMD;
		if (access(from->path, F_OK) == 0)
			return true;
	}
	from->path[0] = '\0';
	return hex && hex[0];
}

static bool
read_keys(struct keyring *ring, const struct key_source *from, struct err *e)
{
	return from->path[0] ? keyfile_read(ring, from->path, from->rule, e)
	                     : read_environment(ring, getenv("CARILLON_MASTER_KEY"), e);
}

/* Whether the file is another one than when this was last asked. */
static bool
source_has_changed(struct key_source *from)
{
	struct stat st;

	if (!from->path[0] || stat(from->path, &st) != 0)
		return false;
	if (st.st_ino == from->file && st.st_mtim.tv_sec == from->changed_at.tv_sec &&
	    st.st_mtim.tv_nsec == from->changed_at.tv_nsec)
		return false;
	from->file = st.st_ino;
	from->changed_at = st.st_mtim;
	return true;
}

/* Takes over the versions that are not known yet. */
static void
take_roots(struct vault *v, const struct keyring *masters)
{
	for (int i = 0; i < masters->count; i++) {
		const struct key_version *master = &masters->keys[i];

		if (keyring_find(&v->roots, master->version) || v->roots.count == KEYRING_MAX)
			continue;
		v->roots.keys[v->roots.count++] =
		    (struct key_version){master->version, root_from_master(master->key)};
	}
}

bool
vault_open(struct vault **out, const char *path, struct err *e)
{
	must(sodium_init() >= 0);
	struct key_source from;
	if (!find_source(&from, path))
		return fail(e, ERR_SETUP,
		    "no master key: run `carillon vault init` and set master_key_file, or give "
		    "the systemd unit LoadCredential=carillon-master-key:<file>");
	(void)source_has_changed(&from); /* before reading: a change meanwhile is then seen */
	struct keyring masters = {0};
	if (!read_keys(&masters, &from, e))
		return false;
	struct vault *v = calloc(1, sizeof(*v));
	must(v != NULL);
	must(pthread_rwlock_init(&v->lock, NULL) == 0);
	v->source = from;
	take_roots(v, &masters);
	keyring_fini(&masters);
	*out = v;
	return true;
}

/*
 * Looks whether a rotation has put a new key into the file. To its callers a vault is constant:
 * what it can open only grows.
 */
static void
look_again(const struct vault *vault)
{
	struct vault *v = (struct vault *)(uintptr_t)vault;
	struct keyring masters = {0};
	struct err e;

	pthread_rwlock_wrlock(&v->lock);
	if (source_has_changed(&v->source)) {
		if (!read_keys(&masters, &v->source, &e))
			log_warn("vault.key_file", L_STR("error", e.text));
		take_roots(v, &masters);
		keyring_fini(&masters);
	}
	pthread_rwlock_unlock(&v->lock);
}

static void
hold(const struct vault *v)
{
	must(pthread_rwlock_rdlock((pthread_rwlock_t *)(uintptr_t)&v->lock) == 0);
}

static void
let_go(const struct vault *v)
{
	must(pthread_rwlock_unlock((pthread_rwlock_t *)(uintptr_t)&v->lock) == 0);
}

void
vault_close(struct vault *v)
{
	if (!v)
		return;
	keyring_fini(&v->roots);
	pthread_rwlock_destroy(&v->lock);
	free(v);
}

uint32_t
vault_version(const struct vault *v)
{
	hold(v);
	uint32_t version = keyring_newest(&v->roots)->version;
	let_go(v);
	return version;
}

static void
version_put(uint8_t at[static 4], uint32_t version)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(version >> (24 - 8 * i));
}

/* The associated data: whose credential this is, so that no two owners read alike. */
static size_t
owner_write(uint8_t out[static OWNER_MAX], uint32_t version, struct str workspace,
    struct str connection)
{
	const struct str ids[] = {workspace, connection};
	out[0] = FORMAT;
	version_put(out + AT_VERSION, version);
	size_t len = AT_NONCE;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		must(ids[i].len > 0 && ids[i].len <= ID_MAX);
		out[len++] = (uint8_t)ids[i].len;
		memcpy(out + len, ids[i].ptr, ids[i].len);
		len += ids[i].len;
	}
	return len;
}

void
vault_seal(const struct vault *v, struct str workspace, struct str connection,
    const struct secret *clear, uint8_t *out, size_t *out_len)
{
	/* Under a key that a rotation is about to drop it could never be opened again. */
	look_again(v);
	hold(v);
	const struct key_version *newest = keyring_newest(&v->roots);
	uint8_t owner[OWNER_MAX];
	size_t owner_len = owner_write(owner, newest->version, workspace, connection);
	out[0] = FORMAT;
	version_put(out + AT_VERSION, newest->version);
	randombytes_buf(out + AT_NONCE, NONCE_SIZE);
	struct secret *key = workspace_key(newest->key, workspace);
	aead_seal(out + AT_CLEAR, NULL, (const uint8_t *)secret_bytes(clear), secret_len(clear),
	    owner, owner_len, NULL, out + AT_NONCE, key_bytes(key));
	let_go(v);
	secret_free(key);
	*out_len = secret_len(clear) + VAULT_SEALED_OVERHEAD;
}

uint32_t
vault_sealed_version(const void *sealed, size_t sealed_len)
{
	const uint8_t *s = sealed;
	if (sealed_len < VAULT_SEALED_OVERHEAD || s[0] != FORMAT)
		return 0;
	uint32_t version = 0;
	for (int i = 0; i < 4; i++)
		version = version << 8 | s[AT_VERSION + i];
	return version;
}

/* The key version `sealed` needs; NULL with an error when it is not to be had. */
static const struct key_version *
key_for(const struct vault *v, const void *sealed, size_t sealed_len, struct err *e)
{
	uint32_t version = vault_sealed_version(sealed, sealed_len);
	const struct key_version *found = keyring_find(&v->roots, version);
	if (version == 0)
		(void)fail(
		    e, ERR_CORRUPT, "is no sealed credential; enter the credential again");
	else if (!found)
		(void)fail(e, ERR_DENIED,
		    "was sealed with master key version %" PRIu32
		    ", the newest here is %" PRIu32 "; check the master key file",
		    version, keyring_newest(&v->roots)->version);
	return found;
}

static bool
open_sealed(const struct vault *v, struct str workspace, struct str connection,
    struct str sealed, struct secret *clear, struct err *e)
{
	const struct key_version *root = key_for(v, sealed.ptr, sealed.len, e);
	const uint8_t *bytes = (const uint8_t *)sealed.ptr;
	if (!root)
		return false;
	uint8_t *out = secret_extend(clear, sealed.len - VAULT_SEALED_OVERHEAD);
	if (!out)
		return fail(e, ERR_CORRUPT, "is longer than the credential may be");
	uint8_t owner[OWNER_MAX];
	size_t owner_len = owner_write(owner, root->version, workspace, connection);
	struct secret *key = workspace_key(root->key, workspace);
	int rc = aead_open(out, NULL, NULL, bytes + AT_CLEAR, sealed.len - AT_CLEAR, owner,
	    owner_len, bytes + AT_NONCE, key_bytes(key));
	secret_free(key);
	if (rc == 0)
		return true;
	return fail(e, ERR_DENIED,
	    "does not open with master key version %" PRIu32
	    "; check that the master key file is "
	    "the one it was sealed with, and that nobody moved or altered the record",
	    root->version);
}

static bool
knows(const struct vault *v, uint32_t version)
{
	hold(v);
	bool known = keyring_find(&v->roots, version) != NULL;
	let_go(v);
	return known;
}

bool
vault_has_version(const struct vault *v, uint32_t version)
{
	if (!knows(v, version))
		look_again(v);
	return knows(v, version);
}

bool
vault_unseal(const struct vault *v, struct str workspace, struct str connection,
    struct str sealed, struct secret *clear, struct err *e)
{
	secret_clear(clear);
	(void)vault_has_version(v, vault_sealed_version(sealed.ptr, sealed.len));
	hold(v);
	bool ok = open_sealed(v, workspace, connection, sealed, clear, e);
	let_go(v);
	if (ok)
		return true;
	secret_clear(clear);
	return fail_within(
	    e, "credential of %.*s/%.*s", STR_ARG(workspace), STR_ARG(connection));
}

/* --- boxes --- */

void
vault_box_key(const struct vault *v, struct box_key *out)
{
	look_again(v);
	hold(v);
	const struct key_version *newest = keyring_newest(&v->roots);
	out->version = newest->version;
	box_public(out->bytes, newest->key);
	let_go(v);
}

bool
vault_box_key_of(const struct vault *v, uint32_t version, struct box_key *out)
{
	hold(v);
	const struct key_version *root = keyring_find(&v->roots, version);
	if (root) {
		out->version = version;
		box_public(out->bytes, root->key);
	}
	let_go(v);
	return root != NULL;
}

static bool
unbox(const struct vault *v, struct str workspace, struct str connection, struct str box,
    struct secret *clear, struct err *e)
{
	const struct key_version *root = keyring_find(&v->roots, box_version(box));
	if (!root)
		return fail(e, ERR_DENIED,
		    "was sealed to a key of the vault that is not there any more; enter it "
		    "again");
	struct secret *inner = secret_new(SECRET_MAX);
	bool ok = box_open(inner, box, root->key) || fail(e, ERR_DENIED,
							 "does not open with the vault's key; "
							 "enter it again");
	ok = ok && (box_take(clear, inner, workspace, connection) ||
		       fail(e, ERR_DENIED, "was sealed for another connection"));
	secret_free(inner);
	return ok;
}

bool
vault_unbox(const struct vault *v, struct str workspace, struct str connection, struct str box,
    struct secret *clear, struct err *e)
{
	secret_clear(clear);
	if (box_version(box) == 0)
		return fail(e, ERR_INPUT, "is not sealed to the vault's key");
	hold(v);
	bool known = keyring_find(&v->roots, box_version(box)) != NULL;
	let_go(v);
	if (!known)
		look_again(v);
	hold(v);
	bool ok = unbox(v, workspace, connection, box, clear, e);
	let_go(v);
	if (!ok)
		secret_clear(clear);
	return ok;
}
