#include "carillon/registry/keys.h"

#include <sodium.h>

#include "carillon/base/id.h"
#include "carillon/base/suggest.h"
#include "carillon/registry/registry.h"

#define SECRET_PREFIX      STR("carillon_sk_")
#define PUBLISHABLE_PREFIX STR("mesh_pub_")

enum {
	KEY_ORIGINS_MAX = 10,
	KEY_WORKSPACES_MAX = 64,
	ORIGIN_MAX = 255, /* bytes */
	KEY_ID_BYTES = 10,
};

static const char *const scope_names[KEY_SCOPES] = {
#define KEY_SCOPE(NAME, name, sentence) name,
#include "carillon/registry/key_scopes.def"
#undef KEY_SCOPE
};

const char *
key_scope_name(enum key_scope s)
{
	must(s < KEY_SCOPES);
	return scope_names[s];
}

unsigned
key_scopes_of(char *const *names, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		for (int s = 0; s < KEY_SCOPES; s++)
			if (strcmp(names[i], scope_names[s]) == 0)
				bits |= 1U << s;
	return bits;
}

/* --- what may be stored --- */

static bool
check_scopes(const key_record *k, struct findings *f)
{
	struct pointer scopes = {.name = STR("scopes")};
	struct str known[KEY_SCOPES];
	bool ok = true;

	for (int s = 0; s < KEY_SCOPES; s++)
		known[s] = str_of(scope_names[s]);
	for (size_t i = 0; i < k->n_scopes; i++) {
		struct pointer at = {.up = &scopes, .index = (uint32_t)i};
		const struct unknown_word u = {FINDING_UNKNOWN_WORD, "there is no scope",
		    str_of(k->scopes[i]), known, COUNT_OF(known)};

		if (key_scopes_of(&k->scopes[i], 1) == 0)
			ok = findings_unknown(f, &at, &u);
	}
	return ok;
}

static bool
check_secret(const key_record *k, struct findings *f)
{
	struct pointer workspaces = {.name = STR("workspaces")};
	bool ok = check_scopes(k, f);

	if (k->n_scopes == 0)
		ok = findings_about(f, FINDING_MISSING, POINTER_TO("scopes"),
		    "a secret key needs a scope: manage, read, emit or sessions");
	if (k->n_allowed_origins > 0)
		ok = findings_about(f, FINDING_NOT_TOGETHER, POINTER_TO("allowed_origins"),
		    "only a publishable key is for browsers");
	if (k->n_workspaces > KEY_WORKSPACES_MAX)
		ok = findings_about(f, FINDING_TOO_MANY, &workspaces,
		    "%zu workspaces; at most %d are allowed", k->n_workspaces,
		    KEY_WORKSPACES_MAX);
	for (size_t i = 0; i < k->n_workspaces; i++) {
		struct pointer at = {.up = &workspaces, .index = (uint32_t)i};

		if (!id_is_workspace(str_of(k->workspaces[i])))
			ok = findings_about(
			    f, FINDING_BAD_FORM, &at, "that is no id of a workspace");
	}
	return ok;
}

static bool
check_publishable(const key_record *k, struct findings *f)
{
	struct pointer origins = {.name = STR("allowed_origins")};
	bool ok = true;

	if (k->n_scopes > 0 || k->n_workspaces > 0)
		ok = findings_about(f, FINDING_NOT_TOGETHER, POINTER_TO("scopes"),
		    "a publishable key emits events of its workspace and does nothing else");
	if (k->n_allowed_origins > KEY_ORIGINS_MAX)
		ok = findings_about(f, FINDING_TOO_MANY, &origins,
		    "%zu origins; at most %d are allowed", k->n_allowed_origins,
		    KEY_ORIGINS_MAX);
	for (size_t i = 0; i < k->n_allowed_origins; i++) {
		struct pointer at = {.up = &origins, .index = (uint32_t)i};

		if (!origin_is_valid(str_of(k->allowed_origins[i])))
			ok = findings_about(f, FINDING_BAD_FORM, &at,
			    "an origin is such as https://app.example.com");
	}
	return ok;
}

bool
key_scopes_check(const key_record *k, struct findings *f)
{
	if (k->kind == CARILLON__V1__KEY_KIND__KEY_KIND_SECRET)
		return check_secret(k, f);
	if (k->kind == CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE)
		return check_publishable(k, f);
	return findings_about(f, FINDING_MISSING, POINTER_TO("kind"),
	    "a key is of the kind secret or publishable");
}

/* Scheme, host, perhaps a port; nothing that could end a header or a policy. */
bool
origin_is_valid(struct str origin)
{
	size_t at = str_starts_with(origin, STR("https://"))  ? 8
	            : str_starts_with(origin, STR("http://")) ? 7
	                                                      : 0;

	if (at == 0 || origin.len == at || origin.len > ORIGIN_MAX)
		return false;
	for (; at < origin.len; at++) {
		const char c = origin.ptr[at];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    memchr(".-:[]", c, 5) == NULL)
			return false;
	}
	return true;
}

/* --- tokens --- */

static void
hash_token(const uint8_t bytes[static TOKEN_BYTES], uint8_t hash[static TOKEN_HASH])
{
	crypto_generichash(hash, TOKEN_HASH, bytes, TOKEN_BYTES, NULL, 0);
}

void
token_new(char text[static TOKEN_TEXT_MAX], uint8_t hash[static TOKEN_HASH])
{
	uint8_t bytes[TOKEN_BYTES];

	/* Neither "_" nor "." may stand in a key's last part. */
	do {
		randombytes_buf(bytes, sizeof(bytes));
		sodium_bin2base64(text, TOKEN_TEXT_MAX, bytes, sizeof(bytes),
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	} while (strchr(text, '_') != NULL);
	hash_token(bytes, hash);
	sodium_memzero(bytes, sizeof(bytes));
}

bool
token_proves(struct str text, const void *hash, size_t hash_len)
{
	static const uint8_t none[TOKEN_HASH];
	uint8_t bytes[TOKEN_BYTES] = {0}, own[TOKEN_HASH];
	size_t n = 0;
	bool is_token = sodium_base642bin(bytes, sizeof(bytes), text.ptr, text.len, NULL, &n,
			    NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	                n == TOKEN_BYTES;
	bool has_hash = hash_len == TOKEN_HASH;
	bool is_same;

	hash_token(bytes, own);
	is_same = sodium_memcmp(own, has_hash ? hash : none, TOKEN_HASH) == 0;
	sodium_memzero(bytes, sizeof(bytes));
	return is_token && has_hash && is_same;
}

/* --- the text of a key --- */

/* Takes what stands before the last "_" off. */
static bool
take_last(struct str *s, struct str *part)
{
	for (size_t i = s->len; i > 0; i--)
		if (s->ptr[i - 1] == '_') {
			*part = (struct str){s->ptr + i, s->len - i};
			s->len = i - 1;
			return part->len > 0 && s->len > 0;
		}
	return false;
}

static bool
parse_publishable(struct str rest, struct key_text *out)
{
	struct str workspace;

	if (!take_last(&rest, &out->token) || !take_last(&rest, &workspace) ||
	    !str_copy(out->workspace, sizeof(out->workspace), workspace))
		return false;
	for (char *c = out->workspace; *c; c++)
		if (*c == '.')
			*c = '_';
	out->is_publishable = true;
	out->id = rest;
	return id_is_workspace(str_of(out->workspace)) && id_is_record(out->id);
}

bool
key_text_parse(struct str text, struct key_text *out)
{
	struct str rest;

	*out = (struct key_text){0};
	if (str_starts_with(text, PUBLISHABLE_PREFIX))
		return parse_publishable((struct str){text.ptr + PUBLISHABLE_PREFIX.len,
					     text.len - PUBLISHABLE_PREFIX.len},
		    out);
	if (!str_starts_with(text, SECRET_PREFIX))
		return false;
	rest = (struct str){text.ptr + SECRET_PREFIX.len, text.len - SECRET_PREFIX.len};
	str_copy(out->workspace, sizeof(out->workspace), KEYS_WORKSPACE);
	return take_last(&rest, &out->token) && id_is_record(out->id = rest);
}

static void
new_key_id(char out[static 2 * KEY_ID_BYTES + 1])
{
	uint8_t bytes[KEY_ID_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, 2 * KEY_ID_BYTES + 1, bytes, sizeof(bytes));
}

void
key_make(key_record *k, struct arena *a, struct str workspace, wall_t now,
    char text[static KEY_TEXT_MAX])
{
	char id[2 * KEY_ID_BYTES + 1], token[TOKEN_TEXT_MAX], shown[WORKSPACE_ID_MAX + 1];

	new_key_id(id);
	k->id = arena_cstr(a, str_of(id));
	k->hash.data = arena_must(a, TOKEN_HASH);
	k->hash.len = TOKEN_HASH;
	token_new(token, k->hash.data);
	k->last4 = arena_cstr(a, (struct str){token + TOKEN_TEXT_MAX - 1 - 4, 4});
	k->created_ms = now.ms;
	str_copy(shown, sizeof(shown), workspace);
	for (char *c = shown; *c; c++)
		if (*c == '_')
			*c = '.';
	if (k->kind == CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE)
		snprintf(text, KEY_TEXT_MAX, "mesh_pub_%s_%s_%s", id, shown, token);
	else
		snprintf(text, KEY_TEXT_MAX, "carillon_sk_%s_%s", id, token);
	sodium_memzero(token, sizeof(token));
}
