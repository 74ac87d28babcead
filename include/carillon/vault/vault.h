/*
 * Credentials: sealed at rest, clear only in locked memory for the length of one compose.
 *
 * From the master key (32 bytes, versioned) to a sealed blob, all of it libsodium:
 *
 *     root key      = crypto_kdf(master key, subkey 1, context "carillon")
 *     workspace key = crypto_generichash(key: root key, message: workspace id)   (BLAKE2b-256)
 *     sealed        = format 1 | key version | nonce | XChaCha20-Poly1305(clear) with its tag
 *     bytes           1          4, big-endian 24      len + 16
 *
 * The workspace id is hashed whole, under a key: a subkey number of 64 bits would let two
 * workspaces meet. The associated data is format, key version, then workspace and connection
 * each after its length, so a blob moved to another workspace, connection or key version does
 * not open. Nonces are random: 24 bytes leave no chance worth counting of meeting twice.
 *
 * Any thread may use a vault. Before it seals, and when it meets a key version it does not
 * know, it looks whether a rotation has changed its key file. A secret has one owner. A forked
 * child finds the secrets of its parent zeroed.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/sealed_box.h"

/*
 * Bytes that must not be seen: in locked memory that core dumps leave out, wiped when freed.
 * No function prints one, and none ever will.
 */
struct secret;

enum { SECRET_MAX = 1000 }; /* bytes; the tokens of one connection have some 300 */

/* Room for `cap` <= SECRET_MAX bytes, from a slab of locked pages. Never NULL. */
struct secret *secret_new(size_t cap);
void secret_free(struct secret *s); /* wipes first; NULL is fine */
void secret_clear(struct secret *s);
/* Appends; false when it does not fit (the secret is then unchanged). */
MUST_USE bool secret_append(struct secret *s, const void *bytes, size_t len);
/* Reads up to end of file or newline from `fd` straight into locked memory. */
MUST_USE bool secret_read_fd(struct secret *s, int fd, struct err *e);
/* Takes white space and a byte order mark off both ends: what a paste or another system's
 * editor leaves around a credential. */
void secret_trim(struct secret *s);
/* The bytes, NUL-terminated, for the one library call that needs them. Do not copy. */
const char *secret_bytes(const struct secret *s);
size_t secret_len(const struct secret *s);
/* Whether pages could be locked; if not, `why` says which limit to raise. */
bool secret_memory_is_locked(const char **why);

/*
 * Allocator for libraries that hold credentials in their own buffers (libcurl, by
 * curl_global_init_mem): memory left out of core dumps and wiped on free. Any thread.
 */
void *wiped_malloc(size_t size);
void *wiped_calloc(size_t n, size_t size);
void *wiped_realloc(void *ptr, size_t size);
char *wiped_strdup(const char *s);
void wiped_free(void *ptr);

/*
 * Zeroes the vector registers, where the C library leaves what it copied or searched last and a
 * core dump finds it. A few ns. What appends to, clears or frees a secret does it by itself;
 * who gives one to another library does it before waiting for anything.
 */
void registers_wipe(void);

/*
 * Makes this process refuse ptrace by others and leave no core dump. At start. A developer may
 * set CARILLON_ALLOW_CORE=1; secrets stay out of the core dump even then.
 */
void process_harden(void);

enum {
	VAULT_KEY_SIZE = 32,
	VAULT_SEALED_OVERHEAD = 1 + 4 + 24 + 16
}; /* format, version, nonce, tag */

struct vault;

/*
 * Opens the master key file at `path`: mode 0600 or stricter, owned by us or root, else
 * ERR_SETUP (systemd's own copy may be readable by its group: it shows an ACL that way). When
 * `path` is empty, $CREDENTIALS_DIRECTORY/carillon-master-key (systemd), then
 * $CARILLON_MASTER_KEY (hexadecimal; development only, logged as such) are tried. The file
 * holds one line a version, "1 <64 hex digits>"; the highest version seals, all of them open.
 */
MUST_USE bool vault_open(struct vault **out, const char *path, struct err *e);
void vault_close(struct vault *v); /* wipes; NULL is fine */
/* Creates the file with one new random key, mode 0600. ERR_CONFLICT if it exists. */
MUST_USE bool vault_init(const char *path, struct err *e);
/* Adds a new version to the file, atomically (write beside, fsync, rename). */
MUST_USE bool vault_add_version(const char *path, uint32_t *version, struct err *e);
/* Removes every version but the newest, after all records were re-sealed. */
MUST_USE bool vault_drop_old_versions(const char *path, struct err *e);
/* The version new seals are made with. */
uint32_t vault_version(const struct vault *v);

/* Seals into `out` (room for secret_len + VAULT_SEALED_OVERHEAD); sets *out_len. */
void vault_seal(const struct vault *v, struct str workspace, struct str connection,
    const struct secret *clear, uint8_t *out, size_t *out_len);
/* Opens into `clear`. ERR_DENIED: wrong master key, wrong owner, or altered; says which to
 * check. */
MUST_USE bool vault_unseal(const struct vault *v, struct str workspace, struct str connection,
    struct str sealed, struct secret *clear, struct err *e);
/* Whether it has the key of a version; looks into its key file again when it has not. */
bool vault_has_version(const struct vault *v, uint32_t version);
/* Key version a sealed blob was made with; 0 if it is none of ours. */
uint32_t vault_sealed_version(const void *sealed, size_t sealed_len);

/*
 * The vault's own key pair for boxes (sealed_box.h): X25519, its seed derived from the root key
 * (crypto_kdf, subkey 1, context "vaultbox"), so every version of the master key has one and
 * nothing more need be kept. Fills in the public half of the newest version, to be published.
 */
void vault_box_key(const struct vault *v, struct box_key *out);
/* The same of another version; false: the vault has no such key. */
MUST_USE bool vault_box_key_of(const struct vault *v, uint32_t version, struct box_key *out);
/* Opens a box into `clear`; it may be of any version that the vault knows. ERR_INPUT: it is no
 * box; ERR_DENIED: it was made with another key, for another owner, or altered. */
MUST_USE bool vault_unbox(const struct vault *v, struct str workspace, struct str connection,
    struct str box, struct secret *clear, struct err *e);
