#include "world.h"

#include "carillon/base/buf.h"
#include "carillon/base/clock.h"
#include "carillon/base/table.h"
#include "constant.h"

enum { TEAMS_MAX = 4096, CHANNELS_MAX = 65536 };

struct world {
	struct table *teams, *tokens, *channels; /* channels by "team/id" */
	struct team **team_list;
	struct channel **channel_list;
	size_t team_count, channel_count;
};

static const struct {
	const char *name, *member, *message, *reply;
} states[] = {
#define STATE(id, name, member, message, reply) {(name), (member), (message), (reply)},
#include "channel_states.def"
#undef STATE
};

const struct str world_default_scopes =
    CONSTANT_STR("chat:write,chat:write.public,channels:read,groups:read,channels:join");

static struct str
str_dup(struct str s)
{
	char *copy = malloc(s.len + 1);
	must(copy);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){copy, s.len};
}

static void
str_replace(struct str *old, struct str s)
{
	struct str copy = str_dup(s);
	free((char *)(uintptr_t)old->ptr);
	*old = copy;
}

static void
str_free(struct str s)
{
	free((char *)(uintptr_t)s.ptr);
}

static void *
zeroed(size_t count, size_t size)
{
	void *p = calloc(count, size);
	must(p);
	return p;
}

struct world *
world_new(void)
{
	struct world *w = zeroed(1, sizeof *w);
	w->teams = table_new();
	w->tokens = table_new();
	w->channels = table_new();
	w->team_list = zeroed(TEAMS_MAX, sizeof(struct team *));
	w->channel_list = zeroed(CHANNELS_MAX, sizeof(struct channel *));
	return w;
}

void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->team_count; i++) {
		struct team *t = w->team_list[i];
		str_free(t->id);
		str_free(t->name);
		str_free(t->user_id);
		str_free(t->bot_id);
		str_free(t->app_id);
		free(t);
	}
	for (size_t i = 0; i < w->channel_count; i++) {
		str_free(w->channel_list[i]->id);
		str_free(w->channel_list[i]->name);
		str_free(w->channel_list[i]->earlier_name);
		posts_fini(&w->channel_list[i]->posts);
		free(w->channel_list[i]);
	}
	size_t at = 0;
	struct str token;
	for (struct credential *c; (c = table_next(w->tokens, &at, &token));) {
		free(c->scopes);
		free(c);
	}
	table_free(w->teams);
	table_free(w->tokens);
	table_free(w->channels);
	free(w->team_list);
	free(w->channel_list);
	free(w);
}

void
world_fill_default(struct world *w)
{
	struct team *t = world_put_team(w, STR("T0SANDBOX"), STR("Sandbox"));
	(void)world_put_token(w, t, STR("xoxb-sandbox-token-1"), world_default_scopes);
	world_put_channel(w, t, STR("C0ALERTS"), STR("alerts"))->is_member = true;
	(void)world_put_channel(w, t, STR("C0GENERAL"), STR("general"));
	world_put_channel(w, t, STR("G0SECRET"), STR("secret"))->is_private = true;
	world_put_channel(w, t, STR("C0OLD"), STR("old"))->is_archived = true;
}

/* "T123" becomes "U123": the ids of what belongs to a team. */
static struct str
id_like(char letter, struct str team_id)
{
	struct str id = str_dup(team_id);
	*(char *)(uintptr_t)id.ptr = letter;
	return id;
}

struct team *
world_put_team(struct world *w, struct str id, struct str name)
{
	struct team *t = table_get(w->teams, id);
	if (t) {
		if (name.len)
			str_replace(&t->name, name);
		return t;
	}
	must(w->team_count < TEAMS_MAX);
	t = zeroed(1, sizeof *t);
	*t = (struct team){.id = str_dup(id),
	    .name = str_dup(name.len ? name : id),
	    .user_id = id_like('U', id),
	    .bot_id = id_like('B', id),
	    .app_id = id_like('A', id),
	    .index = (int)w->team_count};
	w->team_list[w->team_count++] = t;
	(void)table_set(w->teams, id, t);
	return t;
}

struct credential *
world_put_token(struct world *w, struct team *t, struct str token, struct str scopes)
{
	struct credential *c = table_get(w->tokens, token);
	if (!c) {
		c = zeroed(1, sizeof *c);
		(void)table_set(w->tokens, token, c);
	}
	c->team = t;
	c->standing = STANDING_GOOD;
	c->expires_ms = 0;
	credential_set_scopes(c, scopes);
	return c;
}

void
world_revoke_all(struct world *w, const struct team *t)
{
	size_t at = 0;
	struct str token;
	for (struct credential *c; (c = table_next(w->tokens, &at, &token));)
		if (c->team == t)
			c->standing = STANDING_REVOKED;
	for (size_t i = 0; i < w->channel_count; i++)
		if (w->channel_list[i]->team == t)
			w->channel_list[i]->is_member = false;
}

static struct str
channel_key(char *key, size_t size, const struct team *t, struct str id)
{
	int len = snprintf(key, size, "%.*s/%.*s", STR_ARG(t->id), STR_ARG(id));
	return (struct str){key, len < 0 || (size_t)len >= size ? 0 : (size_t)len};
}

struct channel *
world_put_channel(struct world *w, struct team *t, struct str id, struct str name)
{
	char room[300];
	struct str key = channel_key(room, sizeof room, t, id);
	struct channel *c = table_get(w->channels, key);
	if (c) {
		if (name.len && !str_eq(c->name, name))
			channel_rename(c, name);
		return c;
	}
	must(w->channel_count < CHANNELS_MAX);
	c = zeroed(1, sizeof *c);
	*c = (struct channel){.team = t,
	    .id = str_dup(id),
	    .name = str_dup(name.len ? name : id),
	    .created_s = clock_wall().ms / 1000};
	w->channel_list[w->channel_count++] = c;
	(void)table_set(w->channels, key, c);
	return c;
}

struct team *
world_team(const struct world *w, struct str id)
{
	return table_get(w->teams, id);
}

struct credential *
world_credential(const struct world *w, struct str token)
{
	return table_get(w->tokens, token);
}

struct channel *
world_channel(const struct world *w, const struct team *t, struct str id)
{
	char room[300];
	return table_get(w->channels, channel_key(room, sizeof room, t, id));
}

struct channel *
world_channel_named(const struct world *w, const struct team *t, struct str id)
{
	struct channel *c = world_channel(w, t, id);
	if (c || id.len == 0)
		return c;
	if (id.ptr[0] == '#')
		id = (struct str){id.ptr + 1, id.len - 1};
	for (size_t i = 0; i < w->channel_count; i++)
		if (w->channel_list[i]->team == t && str_eq(w->channel_list[i]->name, id))
			return w->channel_list[i];
	return NULL;
}

struct team *
world_team_at(const struct world *w, size_t n)
{
	return n < w->team_count ? w->team_list[n] : NULL;
}

struct channel *
world_channel_at(const struct world *w, size_t n)
{
	return n < w->channel_count ? w->channel_list[n] : NULL;
}

void
channel_rename(struct channel *c, struct str name)
{
	str_replace(&c->earlier_name, c->name);
	str_replace(&c->name, name);
}

const char *
channel_refusal(const struct channel *c, bool is_reply)
{
	if (c->refusal[0])
		return c->refusal;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		const char *code = is_reply ? states[i].reply : states[i].message;
		if ((c->states & (1U << i)) && code[0])
			return code;
	}
	return NULL;
}

unsigned
channel_state_named(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (str_eq(str_of(states[i].name), name))
			return 1U << i;
	return 0;
}

bool
channel_state_at(size_t n, const char **name, const char **member)
{
	if (n >= COUNT_OF(states))
		return false;
	*name = states[n].name;
	*member = states[n].member;
	return true;
}

void
credential_set_scopes(struct credential *c, struct str scopes)
{
	free(c->scopes);
	c->scopes = (char *)(uintptr_t)str_dup(scopes).ptr;
}

bool
credential_has_scope(const struct credential *c, struct str scope)
{
	for (const char *p = c->scopes; *p;) {
		const char *end = strchrnul(p, ',');
		if (str_eq((struct str){p, (size_t)(end - p)}, scope))
			return true;
		p = *end ? end + 1 : end;
	}
	return false;
}

int64_t
channel_next_ts(struct channel *c, int64_t now_ms)
{
	int64_t ts = now_ms * 1000;
	if (ts <= c->last_ts_us)
		ts = c->last_ts_us + 1;
	c->last_ts_us = ts;
	return ts;
}

void
world_clear_posts(struct world *w)
{
	for (size_t i = 0; i < w->channel_count; i++)
		posts_clear(&w->channel_list[i]->posts);
}
