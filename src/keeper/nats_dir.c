#include "carillon/keeper/nats_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/vault/private_file.h"
#include "private.h"

enum {
	PASSWORD_SIZE = 24, /* bytes of randomness */
	BASE64 = sodium_base64_VARIANT_ORIGINAL,
};

/* Who the signing seed is sealed for: no workspace can have this id. */
#define SEALED_FOR STR("_producers")
#define MANIFEST   "nats.json"

struct key_row {
	const char *name, *file;
	enum nkey_kind kind;
};
static const struct key_row key_rows[ACCOUNT_KEYS] = {
#define ACCOUNT_KEY(NAME, kind, name, file, sentence) {name, file, kind},
#include "carillon/keeper/account_keys.def"
#undef ACCOUNT_KEY
};

void
nats_dir_file(char out[static NATS_DIR_PATH_MAX], const struct nats_dir *d, const char *name)
{
	snprintf(out, NATS_DIR_PATH_MAX, "%s/%s", d->path, name);
}

/* --- files --- */

bool
dir_write(const struct nats_dir *d, const char *name, mode_t mode,
    const struct file_part *parts, size_t n, struct err *e)
{
	char path[NATS_DIR_PATH_MAX];

	nats_dir_file(path, d, name);
	return private_file_replace(path, mode, parts, n, e) || fail_within(e, "%s", path);
}

bool
dir_write_text(
    const struct nats_dir *d, const char *name, mode_t mode, struct str text, struct err *e)
{
	return dir_write(d, name, mode, &(struct file_part){.text = text}, 1, e);
}

bool
dir_read(
    const struct nats_dir *d, const char *name, struct arena *a, struct str *out, struct err *e)
{
	char path[NATS_DIR_PATH_MAX], part[4096];
	struct buf text = {0};
	size_t got;
	FILE *f;

	nats_dir_file(path, d, name);
	f = fopen(path, "re");
	if (f == NULL)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_SETUP, "%s: %s", path,
		    strerror(errno));
	while ((got = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&text, part, got);
	bool ok = !ferror(f);
	fclose(f);
	*out = arena_str(a, buf_view(&text));
	buf_fini(&text);
	return ok || fail(e, ERR_SETUP, "%s: cannot be read", path);
}

static bool
create_secret(const struct nats_dir *d, const char *name, const struct secret *s, struct err *e)
{
	const struct file_part parts[] = {{.secret = s}, {.text = STR("\n")}};
	char path[NATS_DIR_PATH_MAX];

	nats_dir_file(path, d, name);
	return private_file_create(path, parts, COUNT_OF(parts), e) ||
	       fail_within(e, "%s", path);
}

/* The first line of a file that nobody else may read. */
bool
dir_read_secret(const struct nats_dir *d, const char *name, struct secret *out, struct err *e)
{
	char path[NATS_DIR_PATH_MAX];
	struct stat st;
	bool ok;

	nats_dir_file(path, d, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		ok = fail(e, ERR_SETUP, "is readable by others; run: chmod 600 %s", path);
	else
		ok = secret_read_fd(out, fd, e);
	close(fd);
	return ok || fail_within(e, "%s", path);
}

/* --- keys --- */

bool
nats_dir_key(const struct nats_dir *d, enum account_key which, struct nkey *out, struct err *e)
{
	const struct key_row *row = &key_rows[which];
	struct secret *text = secret_new(SECRET_MAX);

	must(row->file != NULL);
	bool ok = dir_read_secret(d, row->file, text, e);
	if (ok)
		ok =
		    nkey_from_seed(out, text, e) || fail_within(e, "%s/%s", d->path, row->file);
	secret_free(text);
	if (!ok)
		return false;
	if (strcmp(out->public_key, d->accounts.keys[which]) == 0)
		return true;
	nkey_fini(out);
	return fail(e, ERR_SETUP, "%s/%s is another key than the %s of %s", d->path, row->file,
	    row->name, MANIFEST);
}

bool
nats_dir_signing_key(
    const struct nats_dir *d, const struct vault *v, struct nkey *out, struct err *e)
{
	struct secret *text = secret_new(NKEY_SEED_LEN);
	bool ok = vault_unseal(v, SEALED_FOR, str_of(d->accounts.keys[ACCOUNT_KEY_SIGNING]),
		      d->sealed, text, e) &&
	          nkey_from_seed(out, text, e);

	secret_free(text);
	return ok || fail_within(e, "the signing key in %s/%s", d->path, MANIFEST);
}

static struct str
seal(const struct vault *v, const struct nkey *k, struct arena *a)
{
	struct secret *text = nkey_seed_text(k);
	uint8_t *bytes = arena_must(a, secret_len(text) + VAULT_SEALED_OVERHEAD);
	size_t len;

	vault_seal(v, SEALED_FOR, str_of(k->public_key), text, bytes, &len);
	secret_free(text);
	return (struct str){(const char *)bytes, len};
}

/* --- nats.json --- */

static void
manifest_write(struct buf *out, const struct nats_dir *d)
{
	char sealed[sodium_base64_ENCODED_LEN(NKEY_SEED_LEN + VAULT_SEALED_OVERHEAD, BASE64)];
	struct json_writer w;

	jw_init(&w, out);
	w.indent = true;
	jw_object(&w);
	jw_kv_cstr(&w, "accounts", d->is_static ? "static" : "operator");
	jw_kv_cstr(&w, "prefix", d->prefix);
	if (!d->is_static) {
		for (int i = 0; i < ACCOUNT_KEYS; i++)
			jw_kv_cstr(&w, key_rows[i].name, d->accounts.keys[i]);
		sodium_bin2base64(sealed, sizeof(sealed), (const uint8_t *)d->sealed.ptr,
		    d->sealed.len, BASE64);
		jw_kv_cstr(&w, "signing_seed_sealed", sealed);
	}
	jw_object_end(&w);
	buf_putc(out, '\n');
}

static bool
manifest_save(const struct nats_dir *d, struct err *e)
{
	struct buf text = {0};

	manifest_write(&text, d);
	bool ok = dir_write_text(d, MANIFEST, PRIVATE_FILE_MODE, buf_view(&text), e);
	buf_fini(&text);
	return ok;
}

static bool
manifest_keys(struct nats_dir *d, const struct json *root, struct arena *a)
{
	struct str sealed = json_string(root, STR("signing_seed_sealed"));
	uint8_t *bytes = arena_must(a, sealed.len + 1);

	for (int i = 0; i < ACCOUNT_KEYS; i++) {
		struct str key = json_string(root, str_of(key_rows[i].name));

		if (!nkey_is_public(key, key_rows[i].kind))
			return false;
		must(str_copy(d->accounts.keys[i], sizeof(d->accounts.keys[i]), key));
	}
	d->sealed.ptr = (const char *)bytes;
	return sodium_base642bin(bytes, sealed.len, sealed.ptr, sealed.len, NULL,
		   &d->sealed.len, NULL, BASE64) == 0;
}

static bool
manifest_parse(struct nats_dir *d, struct str text, struct arena *a, struct err *e)
{
	struct str kind, prefix;
	const struct json *root;

	if (!json_parse(a, text, JSON_DEPTH_MAX, &root, e))
		return false;
	kind = json_string(root, STR("accounts"));
	prefix = json_string(root, STR("prefix"));
	d->is_static = str_eq(kind, STR("static"));
	if ((!d->is_static && !str_eq(kind, STR("operator"))) || prefix.len == 0 ||
	    !str_copy(d->prefix, sizeof(d->prefix), prefix) ||
	    (!d->is_static && !manifest_keys(d, root, a)))
		return fail(e, ERR_CORRUPT, "is not as it was written: restore it");
	return true;
}

static bool
dir_init(struct nats_dir *d, const char *path, struct err *e)
{
	must(sodium_init() >= 0);
	*d = (struct nats_dir){0};
	d->accounts.prefix = d->prefix;
	return str_copy(d->path, sizeof(d->path), str_of(path)) ||
	       fail(e, ERR_INPUT, "the path of the directory is too long");
}

bool
nats_dir_open(struct nats_dir *d, const char *path, struct arena *a, struct err *e)
{
	struct str text;

	if (!dir_init(d, path, e))
		return false;
	if (!dir_read(d, MANIFEST, a, &text, e))
		return e->kind == ERR_NOT_FOUND
		           ? fail(e, ERR_NOT_FOUND,
				 "%s has no %s: run `carillon nats config`, or set nats_dir to "
				 "what it made",
				 path, MANIFEST)
		           : false;
	return manifest_parse(d, text, a, e) || fail_within(e, "%s/%s", path, MANIFEST);
}

/* --- making one --- */

static bool
make_keys(struct nats_dir *d, const struct vault *v, struct arena *a, struct err *e)
{
	bool ok = true;

	for (int i = 0; ok && i < ACCOUNT_KEYS; i++) {
		struct nkey k;

		nkey_new(&k, key_rows[i].kind);
		must(str_copy(
		    d->accounts.keys[i], sizeof(d->accounts.keys[i]), str_of(k.public_key)));
		if (key_rows[i].file == NULL) {
			d->sealed = seal(v, &k, a);
		} else {
			struct secret *text = nkey_seed_text(&k);

			ok = create_secret(d, key_rows[i].file, text, e);
			secret_free(text);
		}
		nkey_fini(&k);
	}
	return ok;
}

static bool
make_password(const struct nats_dir *d, struct err *e)
{
	uint8_t bytes[PASSWORD_SIZE];
	char hex[2 * PASSWORD_SIZE + 1];
	struct secret *s = secret_new(sizeof(hex));

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
	must(secret_append(s, hex, sizeof(hex) - 1));
	bool ok = create_secret(d, SERVICE_PASSWORD_FILE, s, e);
	secret_free(s);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(hex, sizeof(hex));
	return ok;
}

static bool
make_directory(const char *path, struct err *e)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return true;
	return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
}

bool
nats_dir_create(struct nats_dir *d, const char *path, const char *prefix, const struct vault *v,
    struct arena *a, struct err *e)
{
	if (!dir_init(d, path, e) || !make_directory(path, e))
		return false;
	d->is_static = v == NULL;
	if (!str_copy(d->prefix, sizeof(d->prefix), str_of(prefix)))
		return fail(e, ERR_INPUT, "the prefix is too long");
	/* What it is comes last: without it, an interrupted one is seen to be none. */
	if ((d->is_static ? make_password(d, e) : make_keys(d, v, a, e)) && manifest_save(d, e))
		return true;
	return e->kind != ERR_CONFLICT
	           ? false
	           : fail_within(e,
			 "%s has no %s, but keys of an earlier try; remove it to begin anew",
			 path, MANIFEST);
}

bool
nats_dir_reseal(const char *path, const struct vault *v, struct err *e)
{
	struct arena *a = arena_new(0);
	struct nats_dir d;
	struct nkey k;
	bool ok = nats_dir_open(&d, path, a, e);

	if (!ok && e->kind == ERR_NOT_FOUND) {
		ok = true;
	} else if (ok && !d.is_static &&
		   vault_sealed_version(d.sealed.ptr, d.sealed.len) != vault_version(v)) {
		ok = nats_dir_signing_key(&d, v, &k, e);
		if (ok) {
			d.sealed = seal(v, &k, a);
			nkey_fini(&k);
			ok = manifest_save(&d, e);
		}
	}
	arena_free(a);
	return ok;
}
