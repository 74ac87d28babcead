/* accounts.conf: the accounts as every server includes them, and those of producers. */
#include <stdlib.h>

#include "carillon/keeper/producers.h"
#include "private.h"

#define ACCOUNTS_FILE  "accounts.conf"
#define PRODUCERS_FILE "producers.conf"

/* --- tokens, for a resolver --- */

/* What no longer counts and has not expired: a server needs to know of no other. */
static struct revocation *
revocations(const struct list *all, int64_t now_s, struct arena *a, size_t *n)
{
	struct revocation *out;
	size_t cap = 0;

	LIST_EACH (node, all)
		cap++;
	out = ARENA_ARRAY(a, struct revocation, cap + 1);
	*n = 0;
	LIST_EACH (node, all) {
		const struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (p->revoked_s != 0 && (p->expires_s == 0 || p->expires_s > now_s))
			out[(*n)++] = (struct revocation){arena_cstr(a, p->key), p->revoked_s};
	}
	return out;
}

/* When the producers' token in the file was issued; 0 if there is none. */
static int64_t
issued_before(const struct nats_dir *d, struct arena *a)
{
	struct str text, key = str_of(d->accounts.keys[ACCOUNT_KEY_PRODUCERS]);
	const struct json *claims, *iat;
	int64_t at = 0;

	if (!dir_read(d, ACCOUNTS_FILE, a, &text, NULL))
		return 0;
	const char *line = strstr(arena_cstr(a, text), key.ptr);
	if (line == NULL)
		return 0;
	line += key.len + strspn(line + key.len, ": ");
	if (!jwt_read(a, (struct str){line, strcspn(line, "\n")}, &claims, NULL))
		return 0;
	iat = json_get(claims, STR("iat"));
	return iat != NULL && json_int64(iat, &at) ? at : 0;
}

static bool
write_tokens(const struct nats_dir *d, const struct list *all, int64_t now_s, struct arena *a,
    struct str *producers, struct err *e)
{
	const struct accounts *accounts = &d->accounts;
	int64_t before = issued_before(d, a);
	struct buf tokens[3] = {0}, text = {0};
	struct nkey operator_;
	size_t n;
	const struct revocation *revoked = revocations(all, now_s, a, &n);

	if (!nats_dir_key(d, ACCOUNT_KEY_OPERATOR, &operator_, e))
		return false;
	/* A server keeps the newer of two, by whole seconds. */
	now_s = now_s > before ? now_s : before + 1;
	accounts_system(&tokens[0], accounts, &operator_, now_s);
	accounts_service(&tokens[1], accounts, &operator_, now_s);
	accounts_producers(&tokens[2], accounts, &operator_, now_s, revoked, n);
	nkey_fini(&operator_);
	for (int i = 0; i < 3; i++) {
		buf_printf(
		    &text, "%s: %s\n", accounts->keys[ACCOUNT_KEY_SYSTEM + i], tokens[i].ptr);
	}
	*producers = arena_str(a, buf_view(&tokens[2]));
	bool ok = dir_write_text(d, ACCOUNTS_FILE, PUBLIC_MODE, buf_view(&text), e);
	for (int i = 0; i < 3; i++)
		buf_fini(&tokens[i]);
	buf_fini(&text);
	return ok;
}
_Static_assert(ACCOUNT_KEY_SERVICE == ACCOUNT_KEY_SYSTEM + 1 &&
		   ACCOUNT_KEY_PRODUCERS == ACCOUNT_KEY_SYSTEM + 2,
    "the accounts in their order");

/* --- static accounts --- */

static bool
write_static_accounts(const struct nats_dir *d, struct err *e)
{
	struct secret *password = secret_new(SECRET_MAX);
	struct buf before = {0}, after = {0};
	bool ok = dir_read_secret(d, SERVICE_PASSWORD_FILE, password, e);

	buf_cstr(&before, "accounts {\n  CARILLON {\n    jetstream: enabled\n"
			  "    users: [{user: carillon, password: \"");
	buf_printf(&after,
	    "\"}]\n    exports: [{service: \"%s.events.*.>\"}]\n  }\n"
	    "  PRODUCERS {\n"
	    "    imports: [{service: {account: CARILLON, subject: \"%s.events.*.>\"}}]\n"
	    "    include \"%s\"\n  }\n}\n",
	    d->prefix, d->prefix, PRODUCERS_FILE);
	const struct file_part parts[] = {
	    {buf_view(&before), password}, {.text = buf_view(&after)}};
	ok = ok && dir_write(d, ACCOUNTS_FILE, PRIVATE_FILE_MODE, parts, COUNT_OF(parts), e);
	secret_free(password);
	buf_fini(&before);
	buf_fini(&after);
	return ok;
}

static bool
write_static_producers(const struct nats_dir *d, const struct list *all, struct err *e)
{
	struct buf text = {0};

	buf_cstr(&text, "users: [\n");
	LIST_EACH (node, all) {
		const struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (p->revoked_s != 0)
			continue;
		buf_printf(&text,
		    "  {nkey: %.*s, allowed_connection_types: [\"STANDARD\"],\n"
		    "   permissions: {publish: [\"%s.events.%.*s.>\"], "
		    "subscribe: [\"_INBOX.%.*s.>\"]}}\n",
		    STR_ARG(p->key), d->prefix, STR_ARG(p->workspace), STR_ARG(p->workspace));
	}
	buf_cstr(&text, "]\n");
	bool ok = dir_write_text(d, PRODUCERS_FILE, PUBLIC_MODE, buf_view(&text), e);
	buf_fini(&text);
	return ok;
}

bool
nats_dir_write_accounts(const struct nats_dir *d, int64_t now_s, struct arena *a,
    struct str *producers, struct err *e)
{
	struct list all;

	*producers = (struct str){0};
	if (!producers_read(d, a, &all, e))
		return false;
	if (!d->is_static)
		return write_tokens(d, &all, now_s, a, producers, e);
	return write_static_producers(d, &all, e) && write_static_accounts(d, e);
}
