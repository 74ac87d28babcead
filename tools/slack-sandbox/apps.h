/*
 * The app that asks for permission, and what was granted to it: codes, tokens that end, what
 * renews them, incoming webhooks. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "world.h"

enum {
	APP_TEXT_MAX = 512,
	GRANT_TEXT_MAX = 80,   /* of a code, a token, the end of a webhook's address */
	CODE_LIFE_MS = 600000, /* a code counts so long */
	EVENT_TRIES = 4,
};

struct app {
	char id[GRANT_TEXT_MAX], client_id[GRANT_TEXT_MAX], client_secret[GRANT_TEXT_MAX];
	char signing_secret[GRANT_TEXT_MAX];
	char name[GRANT_TEXT_MAX];
	char redirects[APP_TEXT_MAX]; /* a redirect URI begins with it; empty: any may be */
	char scopes[APP_TEXT_MAX];    /* it may ask for; empty: all */
	char events_url[APP_TEXT_MAX];
	int64_t expires_s; /* tokens are renewed, and live so long; 0: they do not end */
	int64_t retry_ms[EVENT_TRIES - 1];
	bool has_coop;       /* its consent page cuts itself off from who opened it */
	bool needs_approval; /* by an administrator, before it can be installed */
	bool offers_org;     /* it can be installed for the whole organization */
	bool spares_renewal; /* what renews counts until what it was renewed to is used */
};

/* What a person allowed, until it is exchanged. */
struct code {
	char text[GRANT_TEXT_MAX];
	struct team *team;
	struct channel *channel; /* of an incoming webhook; NULL: none was asked for */
	char scopes[APP_TEXT_MAX], redirect[APP_TEXT_MAX];
	int64_t at_ms;
	bool is_used, is_org;
};

struct hook {
	char path[GRANT_TEXT_MAX]; /* of its address, behind /services/ */
	struct team *team;
	struct channel *channel;
	bool is_removed;
};

/* What renews a token: counts once. */
struct renewal {
	char text[GRANT_TEXT_MAX];
	struct team *team;
	bool is_used;
};

/* What a team granted. */
struct grant {
	struct team *team;
	char scopes[APP_TEXT_MAX]; /* all that it ever did, since it was last removed */
	char token[GRANT_TEXT_MAX], renewal[GRANT_TEXT_MAX];
};

struct apps;

struct apps *apps_new(void);
void apps_free(struct apps *a);
struct app *apps_app(struct apps *a);

/* The texts are the apps'. */
struct code *apps_code_new(struct apps *a, struct team *t, struct str scopes, int64_t now_ms);
struct code *apps_code(struct apps *a, struct str text);
struct hook *apps_hook_new(struct apps *a, struct channel *c);
struct hook *apps_hook(struct apps *a, struct str path);
struct renewal *apps_renewal(struct apps *a, struct str text);
/* Grants the scopes besides those that were, with a token for all of them: a new one with
 * rotation, else the team's. */
struct grant *apps_grant(
    struct apps *a, struct world *w, struct team *t, struct str scopes, int64_t now_ms);
/* The team's app is removed: all that it granted is over. */
void apps_forget(struct apps *a, struct world *w, struct team *t);
