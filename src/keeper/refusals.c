#include "carillon/keeper/refusals.h"

#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/base/records.h"
#include "carillon/broker/resolver.h"
#include "private.h"

enum {
	AGAIN_MS = 3600 * 1000, /* the same is told once an hour */
	KNOWN_MAX = 256,        /* of those that were told; the oldest is forgotten */
	TELL_WAIT_MS = 2000,
};

/* Whose are no workspace's: no workspace can have this id. */
#define NOBODY STR("_producers")
#define WHAT   "producer.refused"

/* --- why --- */

static const struct producer *
find(const struct list *all, struct str key)
{
	LIST_EACH (node, all) {
		const struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (str_eq(p->key, key))
			return p;
	}
	return NULL;
}

static struct str
time_text(int64_t at_s, struct arena *a)
{
	char text[CLOCK_TEXT_MAX];

	return arena_str(a, str_of(clock_text((wall_t){at_s * 1000}, text)));
}

/* "ws:acme" among the tags; empty if there is none. */
static struct str
tagged_workspace(const struct json *claims)
{
	const struct json *tags = json_path(claims, STR("nats.tags"));

	if (tags == NULL)
		return (struct str){0};
	JSON_EACH (tag, tags) {
		struct str id = tag->text;

		if (!str_starts_with(id, STR("ws:")))
			continue;
		id = (struct str){id.ptr + 3, id.len - 3};
		return id_is_workspace(id) ? id : (struct str){0};
	}
	return (struct str){0};
}

/* Of one that we signed. */
static void
explain_ours(struct refusal *out, const struct producer *known, int64_t expires_s,
    int64_t now_s, struct arena *a)
{
	out->action = STR("carillon producer creds makes another");
	if (known != NULL && known->revoked_s != 0) {
		out->reason = arena_printf(a, "its credential was revoked at %.*s",
		    STR_ARG(time_text(known->revoked_s, a)));
	} else if (expires_s != 0 && expires_s <= now_s) {
		out->reason = arena_printf(
		    a, "its credential expired at %.*s", STR_ARG(time_text(expires_s, a)));
	} else {
		out->reason =
		    STR("its credential counts here: the server has an older account, "
			"the client connects in a way that is not for producers "
			"(websocket, MQTT), or it sent no signature");
		out->action = STR("carillon producer revoke tells the servers of the account "
				  "again; libnats 3.4 sends no signature one time in 256, and "
				  "comes in when it tries again");
	}
}

void
refusal_explain(struct refusal *out, const struct accounts *accounts, const struct list *all,
    struct str token, int64_t now_s, struct arena *a)
{
	const struct json *claims, *exp;
	int64_t expires_s = 0;
	struct err e;

	*out = (struct refusal){
	    .who = STR("a client"),
	    .action = STR("give it the .creds file as `carillon producer creds` wrote it"),
	};
	if (token.len == 0) {
		out->reason = STR("it showed no credential of a producer");
		return;
	}
	if (!jwt_read(a, token, &claims, &e)) {
		out->reason = arena_printf(a, "its credential is malformed: %s", e.text);
		return;
	}
	struct str issuer = json_string(claims, STR("iss"));
	out->key = json_string(claims, STR("sub"));
	out->who = json_string(claims, STR("name"));
	if (str_eq(issuer, str_of(accounts->keys[ACCOUNT_KEY_SERVICE])) ||
	    str_eq(issuer, str_of(accounts->keys[ACCOUNT_KEY_SYSTEM])))
		return; /* no producer: ourselves */
	if (!str_eq(issuer, str_of(accounts->keys[ACCOUNT_KEY_SIGNING]))) {
		out->reason = arena_printf(a,
		    "its credential is foreign: it was issued by %.*s, and producers here have "
		    "theirs from %s",
		    STR_ARG(issuer), accounts->keys[ACCOUNT_KEY_SIGNING]);
		return;
	}
	out->workspace = tagged_workspace(claims);
	exp = json_get(claims, STR("exp"));
	if (exp != NULL && !json_int64(exp, &expires_s))
		expires_s = 0;
	explain_ours(out, find(all, out->key), expires_s, now_s, a);
}

/* --- telling --- */

struct known {
	char id[NKEY_PUBLIC_LEN + 1]; /* the key, or where the client is */
	struct str reason;            /* malloc'ed */
	mono_t at;
};

struct refusals {
	struct nats_dir dir;
	struct arena *arena; /* the directory's */
	struct broker *system, *service;
	struct refusal_watch *watch;
	struct known known[KNOWN_MAX]; /* the watch's thread's */
	size_t next;
};

static bool
is_new(struct refusals *r, struct str id, struct str reason)
{
	mono_t now = clock_mono();
	struct known *k;

	for (size_t i = 0; i < KNOWN_MAX; i++) {
		k = &r->known[i];
		if (k->reason.ptr != NULL && str_eq(str_of(k->id), id) &&
		    str_eq(k->reason, reason) &&
		    !mono_reached(now, mono_after(k->at, AGAIN_MS)))
			return false;
	}
	k = &r->known[r->next++ % KNOWN_MAX];
	free((void *)(uintptr_t)k->reason.ptr);
	(void)str_copy(k->id, sizeof(k->id), id);
	k->reason = (struct str){strndup(reason.ptr, reason.len), reason.len};
	must(k->reason.ptr != NULL);
	k->at = now;
	return true;
}

static void
tell(struct refusals *r, const struct refusal *refusal, struct str host, struct arena *a)
{
	struct str workspace = refusal->workspace.len > 0 ? refusal->workspace : NOBODY;
	struct str sentence = arena_printf(a, "%.*s at %.*s was refused: %.*s",
	    STR_ARG(refusal->who), STR_ARG(host), STR_ARG(refusal->reason));
	char subject[SUBJECT_MAX];
	ops_event ops;
	struct err e;

	carillon__v1__ops_event__init(&ops);
	ops.what = WHAT;
	ops.workspace = arena_cstr(a, workspace);
	ops.reason = arena_cstr(a, sentence);
	ops.action = arena_cstr(a, refusal->action);
	ops.at_ms = clock_wall().ms;
	log_warn(WHAT, L_STRN("workspace", workspace), L_STRN("key", refusal->key),
	    L_STRN("reason", sentence), L_STRN("action", refusal->action));
	subject_ops(subject, r->service, workspace, WHAT);
	if (!broker_publish(r->service,
		&(struct publication){subject, record_pack(a, &ops), NULL, TELL_WAIT_MS}, NULL,
		&e))
		log_error("refusals.ops", L_STR("error", e.text));
}

static void
on_refused(struct str advisory, void *arg)
{
	struct refusals *r = arg;
	struct arena *a = arena_new(0);
	const struct json *root, *client;
	struct refusal refusal;
	struct list all;
	struct err e = {0};

	if (json_parse(a, advisory, JSON_DEPTH_MAX, &root, &e)) {
		client = json_get(root, STR("client"));
		if (!producers_read(&r->dir, a, &all, &e))
			log_warn("refusals.list", L_STR("error", e.text));
		refusal_explain(&refusal, &r->dir.accounts, &all,
		    json_string(client, STR("jwt")), clock_wall().ms / 1000, a);
		struct str host = json_string(client, STR("host"));
		bool is_wanted = str_eq(json_string(client, STR("name")), STR(REFUSAL_WANTED));
		if (refusal.reason.len > 0 && !is_wanted &&
		    is_new(r, refusal.key.len > 0 ? refusal.key : host, refusal.reason))
			tell(r, &refusal, host, a);
	}
	arena_free(a);
}

bool
refusals_open(struct refusals **out, const char *nats_dir, const struct broker_options *o,
    struct broker *service, struct err *e)
{
	struct refusals *r = calloc(1, sizeof(*r));
	struct broker_options as_system = *o;
	char creds[NATS_DIR_PATH_MAX];
	bool ok;

	must(r != NULL);
	r->arena = arena_new(0);
	r->service = service;
	ok = nats_dir_open(&r->dir, nats_dir, r->arena, e);
	if (ok && r->dir.is_static)
		ok = fail(e, ERR_NOT_FOUND, "static accounts have no system account");
	if (ok) {
		nats_dir_file(creds, &r->dir, SYSTEM_CREDS_FILE);
		broker_options_as(&as_system, creds);
		as_system.name = "carillon-refusals";
		ok = broker_connect(&r->system, &as_system, e) &&
		     refusal_watch_open(&r->watch, r->system, on_refused, r, e);
	}
	if (ok) {
		*out = r;
		return true;
	}
	refusals_close(r);
	return false;
}

void
refusals_close(struct refusals *r)
{
	if (r == NULL)
		return;
	refusal_watch_close(r->watch);
	broker_close(r->system);
	for (size_t i = 0; i < KNOWN_MAX; i++)
		free((void *)(uintptr_t)r->known[i].reason.ptr);
	arena_free(r->arena);
	free(r);
}
