#include "apps.h"

#include <sodium.h>
#include <stdlib.h>

#include "carillon/base/buf.h"
#include "carillon/base/table.h"

enum { RANDOM_BYTES = 10 };

struct apps {
	struct app app;
	struct table *codes, *hooks, *renewals, *grants; /* grants by team */
};

struct apps *
apps_new(void)
{
	struct apps *a = calloc(1, sizeof *a);
	must(a);
	must(sodium_init() >= 0);
	a->app = (struct app){.id = "A0SANDBOX",
	    .client_id = "1.sandbox",
	    .client_secret = "test-client-secret",
	    .signing_secret = "test-signing-secret",
	    .name = "Carillon",
	    .retry_ms = {0, 60000, 300000}};
	a->codes = table_new();
	a->hooks = table_new();
	a->renewals = table_new();
	a->grants = table_new();
	return a;
}

static void
free_all(struct table *t)
{
	size_t at = 0;
	struct str key;
	for (void *v; (v = table_next(t, &at, &key));)
		free(v);
	table_free(t);
}

void
apps_free(struct apps *a)
{
	free_all(a->codes);
	free_all(a->hooks);
	free_all(a->renewals);
	free_all(a->grants);
	free(a);
}

struct app *
apps_app(struct apps *a)
{
	return &a->app;
}

/* "test-0123456789abcdef" behind a prefix. */
static void
random_text(char out[static GRANT_TEXT_MAX], const char *prefix)
{
	unsigned char bytes[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
	(void)snprintf(out, GRANT_TEXT_MAX, "%s%s", prefix, hex);
}

static void *
zeroed(size_t size)
{
	void *p = calloc(1, size);
	must(p);
	return p;
}

struct code *
apps_code_new(struct apps *a, struct team *t, struct str scopes, int64_t now_ms)
{
	struct code *c = zeroed(sizeof *c);
	random_text(c->text, "code.");
	c->team = t;
	c->at_ms = now_ms;
	(void)str_copy(c->scopes, sizeof c->scopes, scopes);
	(void)table_set(a->codes, str_of(c->text), c);
	return c;
}

struct code *
apps_code(struct apps *a, struct str text)
{
	return table_get(a->codes, text);
}

struct hook *
apps_hook_new(struct apps *a, struct channel *c)
{
	char end[GRANT_TEXT_MAX];
	struct hook *h = zeroed(sizeof *h);
	random_text(end, "");
	h->team = c->team;
	h->channel = c;
	(void)snprintf(
	    h->path, sizeof h->path, "%.*s/B%.8s/%s", STR_ARG(c->team->id), end, end + 8);
	(void)table_set(a->hooks, str_of(h->path), h);
	return h;
}

struct hook *
apps_hook(struct apps *a, struct str path)
{
	return table_get(a->hooks, path);
}

struct renewal *
apps_renewal(struct apps *a, struct str text)
{
	return table_get(a->renewals, text);
}

static bool
has_scope(const char *scopes, struct str one)
{
	struct credential c = {.scopes = (char *)(uintptr_t)scopes};
	return credential_has_scope(&c, one);
}

/* Adds those of `more` that are not there. */
static void
scopes_add(char scopes[static APP_TEXT_MAX], struct str more)
{
	while (more.len) {
		const char *comma = memchr(more.ptr, ',', more.len);
		struct str one = {more.ptr, comma ? (size_t)(comma - more.ptr) : more.len};
		size_t taken = one.len + (comma ? 1 : 0), len = strlen(scopes);
		if (one.len && !has_scope(scopes, one) && len + one.len + 2 < APP_TEXT_MAX)
			(void)snprintf(scopes + len, APP_TEXT_MAX - len, "%s%.*s",
			    len ? "," : "", STR_ARG(one));
		more = (struct str){more.ptr + taken, more.len - taken};
	}
}

static struct grant *
grant_of(struct apps *a, struct team *t)
{
	struct grant *g = table_get(a->grants, t->id);
	if (g)
		return g;
	g = zeroed(sizeof *g);
	g->team = t;
	(void)table_set(a->grants, t->id, g);
	return g;
}

static void
renewal_new(struct apps *a, struct grant *g)
{
	struct renewal *r = zeroed(sizeof *r);
	random_text(r->text, "xoxe-test-");
	r->team = g->team;
	(void)table_set(a->renewals, str_of(r->text), r);
	(void)str_copy(g->renewal, sizeof g->renewal, str_of(r->text));
}

struct grant *
apps_grant(struct apps *a, struct world *w, struct team *t, struct str scopes, int64_t now_ms)
{
	struct grant *g = grant_of(a, t);
	bool rotates = a->app.expires_s > 0;
	scopes_add(g->scopes, scopes);
	g->renewal[0] = '\0';
	if (rotates)
		renewal_new(a, g);
	if (rotates || !g->token[0])
		random_text(g->token, rotates ? "xoxe.xoxb-test-" : "xoxb-test-");
	struct credential *c = world_put_token(w, t, str_of(g->token), str_of(g->scopes));
	c->expires_ms = rotates ? now_ms + a->app.expires_s * 1000 : 0;
	return g;
}

void
apps_forget(struct apps *a, struct world *w, struct team *t)
{
	struct grant *g = grant_of(a, t);
	size_t at = 0;
	struct str key;
	g->scopes[0] = g->token[0] = '\0';
	for (struct renewal *r; (r = table_next(a->renewals, &at, &key));)
		r->is_used |= r->team == t;
	at = 0;
	for (struct hook *h; (h = table_next(a->hooks, &at, &key));)
		h->is_removed |= h->team == t;
	world_revoke_all(w, t);
}
