/*
 * The Slack that is pretended: teams, their tokens and channels. Knows who may post where; what
 * the messages say is in the journal. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "posts.h"
#include "rates.h"

struct team {
	struct str id, name, user_id, bot_id, app_id;
	int index;
};

enum state_bit {
#define STATE(id, name, member, message, reply) BIT_OF_STATE_##id,
#include "channel_states.def"
#undef STATE
};

enum channel_state {
#define STATE(id, name, member, message, reply) STATE_##id = 1 << BIT_OF_STATE_##id,
#include "channel_states.def"
#undef STATE
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
	int64_t expires_ms; /* Unix time; 0: it does not end */
};

enum { CODE_MAX = 80 }; /* bytes of one of Slack's codes, its NUL included */

struct channel {
	struct team *team;
	struct str id, name, earlier_name; /* earlier_name: empty if it never had another */
	bool is_private, is_archived, is_member;
	unsigned states;        /* STATE_x */
	char refusal[CODE_MAX]; /* answered to whatever is posted or changed; empty: none */
	struct bucket bucket;   /* messages it may take */
	struct posts posts;
	int64_t last_ts_us;
	int64_t created_s; /* Unix time */
	uint64_t posted;   /* ever */
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

/* Revokes all tokens of a team, and takes its bot out of all channels. */
void world_revoke_all(struct world *w, const struct team *t);

extern const struct str world_default_scopes;

struct team *world_team(const struct world *w, struct str id);
struct credential *world_credential(const struct world *w, struct str token);
/* NULL if the team has none of this id. */
struct channel *world_channel(const struct world *w, const struct team *t, struct str id);
/* By id or by name, with or without '#'. */
struct channel *world_channel_named(
    const struct world *w, const struct team *t, struct str id_or_name);
/* The n-th, in the order of adding, or NULL. */
struct team *world_team_at(const struct world *w, size_t n);
struct channel *world_channel_at(const struct world *w, size_t n);

/* Renames it, and remembers the name it had. */
void channel_rename(struct channel *c, struct str name);
/* The code with which it refuses a message, or a reply; NULL if it takes it. */
const char *channel_refusal(const struct channel *c, bool is_reply);
/* The state called `name`, or 0. */
unsigned channel_state_named(struct str name);
/* The n-th state's name and member of conversations.info ("" for none); false after the last.
 */
bool channel_state_at(size_t n, const char **name, const char **member);

void credential_set_scopes(struct credential *c, struct str scopes);
bool credential_has_scope(const struct credential *c, struct str scope);

/* The next timestamp of the channel, unique and rising. */
int64_t channel_next_ts(struct channel *c, int64_t now_ms);
/* Forgets all messages of all channels. */
void world_clear_posts(struct world *w);
