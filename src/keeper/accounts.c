#include "carillon/keeper/accounts.h"

enum { SUBSCRIPTIONS_MAX = 10 }; /* of a producer: it has one inbox */

/* --- claims --- */

struct claims {
	struct buf text;
	struct json_writer w;
};

/* Opens the object and "nats" in it; what an account or a user may is written next. */
static void
claims_begin(
    struct claims *c, const char *issuer, const struct account_user *u, const char *type)
{
	struct json_writer *w = &c->w;

	*c = (struct claims){0};
	jw_init(w, &c->text);
	jw_object(w);
	jw_kv_int(w, "iat", u->issued_s);
	if (u->expires_s != 0)
		jw_kv_int(w, "exp", u->expires_s);
	jw_kv_cstr(w, "iss", issuer);
	jw_kv_cstr(w, "name", u->name);
	jw_kv_cstr(w, "sub", u->key);
	jw_key(w, "nats");
	jw_object(w);
	jw_kv_cstr(w, "type", type);
	jw_kv_int(w, "version", 2);
}

static void
claims_end(struct claims *c, struct buf *out, const struct nkey *issuer)
{
	jw_object_end(&c->w);
	jw_object_end(&c->w);
	jwt_sign(out, issuer, buf_view(&c->text));
	buf_fini(&c->text);
}

/* "pub": {"allow": [...]} */
static void
put_allowed(struct json_writer *w, const char *key, const char *const *subjects, size_t n)
{
	jw_key(w, key);
	jw_object(w);
	jw_key(w, "allow");
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_cstr(w, subjects[i]);
	jw_array_end(w);
	jw_object_end(w);
}

/* Of a user or a template: no limit on what it sends. */
static void
put_user_limits(struct json_writer *w, int subscriptions)
{
	jw_kv_int(w, "subs", subscriptions);
	jw_kv_int(w, "data", -1);
	jw_kv_int(w, "payload", -1);
}

static void
put_service_subject(struct json_writer *w, const struct accounts *a, const char *key)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s.events.*.>", a->prefix);
	jw_kv_string(w, key, buf_view(&subject));
	buf_fini(&subject);
}

/* --- operator and accounts --- */

void
accounts_operator(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s)
{
	struct claims c;
	const char *key = a->keys[ACCOUNT_KEY_OPERATOR];

	claims_begin(&c, key, &(struct account_user){"carillon", key, now_s, 0}, "operator");
	jw_kv_cstr(&c.w, "system_account", a->keys[ACCOUNT_KEY_SYSTEM]);
	claims_end(&c, out, operator_);
}

static void
account_begin(struct claims *c, const struct accounts *a, enum account_key which,
    const char *name, int64_t now_s)
{
	const struct account_user account = {name, a->keys[which], now_s, 0};

	claims_begin(c, a->keys[ACCOUNT_KEY_OPERATOR], &account, "account");
}

static void
put_account_limits(struct json_writer *w, bool has_jetstream)
{
	static const char *const unlimited[] = {
	    "subs", "data", "payload", "imports", "exports", "conn"};
	static const char *const of_jetstream[] = {
	    "mem_storage", "disk_storage", "streams", "consumer"};

	jw_key(w, "limits");
	jw_object(w);
	for (size_t i = 0; i < COUNT_OF(unlimited); i++)
		jw_kv_int(w, unlimited[i], -1);
	jw_kv_bool(w, "wildcards", true);
	jw_kv_int(w, "leaf", 0);
	for (size_t i = 0; has_jetstream && i < COUNT_OF(of_jetstream); i++)
		jw_kv_int(w, of_jetstream[i], -1);
	jw_object_end(w);
}

void
accounts_system(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s)
{
	struct claims c;

	account_begin(&c, a, ACCOUNT_KEY_SYSTEM, "SYS", now_s);
	put_account_limits(&c.w, false);
	claims_end(&c, out, operator_);
}

void
accounts_service(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s)
{
	struct claims c;
	struct json_writer *w = &c.w;

	account_begin(&c, a, ACCOUNT_KEY_SERVICE, "CARILLON", now_s);
	put_account_limits(w, true);
	jw_key(w, "exports");
	jw_array(w);
	jw_object(w);
	jw_kv_cstr(w, "name", "events");
	put_service_subject(w, a, "subject");
	jw_kv_cstr(w, "type", "service");
	jw_kv_cstr(w, "response_type", "Singleton");
	jw_object_end(w);
	jw_array_end(w);
	claims_end(&c, out, operator_);
}

static void
put_import(struct json_writer *w, const struct accounts *a)
{
	jw_key(w, "imports");
	jw_array(w);
	jw_object(w);
	jw_kv_cstr(w, "name", "events");
	put_service_subject(w, a, "subject");
	jw_kv_cstr(w, "account", a->keys[ACCOUNT_KEY_SERVICE]);
	put_service_subject(w, a, "local_subject");
	jw_kv_cstr(w, "type", "service");
	jw_object_end(w);
	jw_array_end(w);
}

/* What every producer may: a tag of its token stands for its workspace. */
static void
put_template(struct json_writer *w, const struct accounts *a)
{
	struct buf events = {0};
	const char *pub[1], *const sub[] = {"_INBOX.{{tag(ws)}}.>"};

	buf_printf(&events, "%s.events.{{tag(ws)}}.>", a->prefix);
	pub[0] = events.ptr;
	jw_key(w, "template");
	jw_object(w);
	put_allowed(w, "pub", pub, 1);
	put_allowed(w, "sub", sub, 1);
	put_user_limits(w, SUBSCRIPTIONS_MAX);
	jw_key(w, "allowed_connection_types");
	jw_array(w);
	jw_cstr(w, "STANDARD");
	jw_array_end(w);
	jw_object_end(w);
	buf_fini(&events);
}

static void
put_signing_key(struct json_writer *w, const struct accounts *a)
{
	jw_key(w, "signing_keys");
	jw_array(w);
	jw_object(w);
	jw_kv_cstr(w, "kind", "user_scope");
	jw_kv_cstr(w, "key", a->keys[ACCOUNT_KEY_SIGNING]);
	jw_kv_cstr(w, "role", "producer");
	put_template(w, a);
	jw_object_end(w);
	jw_array_end(w);
}

void
accounts_producers(struct buf *out, const struct accounts *a, const struct nkey *operator_,
    int64_t now_s, const struct revocation *revoked, size_t n)
{
	struct claims c;
	struct json_writer *w = &c.w;

	account_begin(&c, a, ACCOUNT_KEY_PRODUCERS, "PRODUCERS", now_s);
	put_account_limits(w, false);
	put_import(w, a);
	put_signing_key(w, a);
	if (n > 0) {
		jw_key(w, "revocations");
		jw_object(w);
		for (size_t i = 0; i < n; i++)
			jw_kv_int(w, revoked[i].key, revoked[i].at_s);
		jw_object_end(w);
	}
	claims_end(&c, out, operator_);
}

/* --- users --- */

void
accounts_service_user(struct buf *out, const struct nkey *issuer, const struct account_user *u)
{
	struct claims c;

	claims_begin(&c, issuer->public_key, u, "user");
	put_user_limits(&c.w, -1);
	claims_end(&c, out, issuer);
}

void
accounts_system_user(struct buf *out, const struct nkey *issuer, const struct account_user *u)
{
	static const char *const pub[] = {"$SYS.REQ.CLAIMS.UPDATE"};
	static const char *const sub[] = {"_INBOX.>", "$SYS.SERVER.*.CLIENT.AUTH.ERR"};
	struct claims c;

	claims_begin(&c, issuer->public_key, u, "user");
	put_user_limits(&c.w, -1);
	put_allowed(&c.w, "pub", pub, COUNT_OF(pub));
	put_allowed(&c.w, "sub", sub, COUNT_OF(sub));
	claims_end(&c, out, issuer);
}

/* Nothing but the tag: a server refuses a scoped user that brings limits of its own. */
void
accounts_producer(struct buf *out, const struct accounts *a, const struct nkey *signing,
    const struct account_user *u, struct str workspace)
{
	struct buf tag = {0};
	struct claims c;

	buf_printf(&tag, "ws:%.*s", STR_ARG(workspace));
	claims_begin(&c, signing->public_key, u, "user");
	jw_key(&c.w, "tags");
	jw_array(&c.w);
	jw_string(&c.w, buf_view(&tag));
	jw_array_end(&c.w);
	jw_kv_cstr(&c.w, "issuer_account", a->keys[ACCOUNT_KEY_PRODUCERS]);
	claims_end(&c, out, signing);
	buf_fini(&tag);
}
