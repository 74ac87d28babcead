/*
 * The Slack that is pretended: teams, their tokens and channels. Knows who may post where and
 * how fast; the messages themselves are in the journal. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "carillon/base/base.h"

struct team {
	struct str id, name, user_id, bot_id;
	int index;
};

/* How a token answers. */
enum standing {
	STANDING_GOOD,
	STANDING_REVOKED,  /* token_revoked */
	STANDING_INACTIVE, /* account_inactive */
	STANDING_EXPIRED,  /* token_expired */
};

struct credential {
	struct team *team;
	char *scopes; /* "chat:write,channels:read" */
	enum standing standing;
};

struct post {
	int64_t ts_us;
	uint64_t seq; /* of the journal */
};

struct channel {
	struct team *team;
	struct str id, name;
	bool is_private, is_archived, is_member;
	double allowance; /* messages it may take at `refilled_ms` */
	int64_t refilled_ms;
	int64_t last_ts_us;
	uint64_t changed_seq; /* the journal's sequence at the last post or update */
	struct post *posts;   /* oldest first */
	size_t post_count, post_cap;
	uint64_t posted; /* ever */
};

struct world;

struct world *world_new(void);
void world_free(struct world *w);
/* A team called T0SANDBOX with a token and four channels. */
void world_fill_default(struct world *w);

/* Each adds, or changes the one that has this id. They return what is now there. */
struct team *world_put_team(struct world *w, struct str id, struct str name);
struct credential *world_put_token(
    struct world *w, struct team *t, struct str token, struct str scopes);
struct channel *world_put_channel(
    struct world *w, struct team *t, struct str id, struct str name);

extern const struct str world_default_scopes;

struct team *world_team(const struct world *w, struct str id);
struct credential *world_credential(const struct world *w, struct str token);
/* By id or, as Slack allows, by name with or without '#'. NULL if the team has none. */
struct channel *world_channel(const struct world *w, const struct team *t, struct str id);
/* The n-th, in the order of adding, or NULL. */
struct team *world_team_at(const struct world *w, size_t n);
struct channel *world_channel_at(const struct world *w, size_t n);

void credential_set_scopes(struct credential *c, struct str scopes);
bool credential_has_scope(const struct credential *c, struct str scope);

/* Messages a second and how many may come at once; 0 a second: no limit. */
void world_set_rate(struct world *w, double per_second, int burst);
/* Takes one message's worth. False: not yet; *retry_after_s says when. */
MUST_USE bool channel_admit(
    const struct world *w, struct channel *c, int64_t now_ms, int *retry_after_s);
/* The next timestamp of the channel, unique and rising. */
int64_t channel_next_ts(struct channel *c, int64_t now_ms);
void channel_add_post(struct channel *c, int64_t ts_us, uint64_t seq);
/* The post with this timestamp, or NULL. */
struct post *channel_post(const struct channel *c, int64_t ts_us);
/* Forgets all messages of all channels. */
void world_clear_posts(struct world *w);

/* "1712345678.000100" and back. */
enum { TS_TEXT_MAX = 32 };
const char *ts_text(int64_t ts_us, char text[static TS_TEXT_MAX]);
MUST_USE bool ts_parse(struct str s, int64_t *ts_us);
