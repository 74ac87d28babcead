#include "happenings.h"

#include <stdio.h>

#include "carillon/base/log.h"
#include "web/hub.h"
#include "web/web_private.h"

enum { CONNECTIONS_TOLD_MAX = 256, CONFLICTS_MAX = 5 };

/* One connection of the account. */
struct place {
	struct str workspace, connection;
};

struct told {
	const struct happening *h;
	const char *code;
	struct place places[CONNECTIONS_TOLD_MAX];
	size_t n;
	struct arena *scratch;
};

typedef bool happen_fn(const struct told *t, const struct place *p, struct err *e);

/* --- writing --- */

/* True: it is to be stored. */
typedef bool connection_edit(const struct told *t, connection_record *r);
typedef bool rule_edit(const struct told *t, const struct place *p, rule_record *r);

static bool
edit_connection(
    const struct told *t, const struct place *p, connection_edit *edit, struct err *e)
{
	struct request *q = t->h->request;

	for (int i = 0;; i++) {
		uint64_t revision;
		connection_record *r = registry_connection(
		    q->registry, q->arena, p->workspace, p->connection, &revision, e);

		if (r == NULL)
			return e->kind == ERR_NOT_FOUND;
		if (!edit(t, r))
			return true;
		r->updated_ms = q->now.ms;
		if (registry_put_connection(q->registry, p->workspace, r, revision, e))
			return true;
		if (e->kind != ERR_CONFLICT || i == CONFLICTS_MAX ||
		    !registry_catch_up(q->registry, 0, e))
			return false;
	}
}

struct rules {
	const struct told *t;
	const struct place *p;
	rule_edit *edit;
	struct err *err;
	rule_record *found[RULES_MAX];
	uint64_t revisions[RULES_MAX];
	int n;
};

static bool
note_rule(const void *record, uint64_t revision, void *arg)
{
	rule_record *r = (void *)(uintptr_t)record;
	struct rules *rules = arg;

	if (!str_eq(str_of(r->connection), rules->p->connection) || rules->n == RULES_MAX ||
	    !rules->edit(rules->t, rules->p, r))
		return true;
	rules->found[rules->n] = r;
	rules->revisions[rules->n++] = revision;
	return true;
}

/* A rule that somebody else changes at the same time finds out by itself. */
static bool
edit_rules(const struct told *t, const struct place *p, rule_edit *edit, struct err *e)
{
	struct request *q = t->h->request;
	struct rules *rules = ARENA_NEW(q->arena, struct rules);

	*rules = (struct rules){.t = t, .p = p, .edit = edit};
	if (!registry_each(q->registry, q->arena,
		&(struct state_list){p->workspace, STATE_RULE}, note_rule, rules, e))
		return false;
	for (int i = 0; i < rules->n; i++) {
		rules->found[i]->updated_ms = q->now.ms;
		if (!registry_put_rule(q->registry, p->workspace, rules->found[i],
			rules->revisions[i], NULL, e) &&
		    e->kind == ERR_TEMP)
			return false;
	}
	return true;
}

/* --- what is in an event --- */

/* "channel" is an id, or an object with one. */
static struct str
channel_of(const struct told *t)
{
	const struct json *c = json_get(t->h->event, STR("channel"));

	return c != NULL && c->kind == JSON_OBJECT ? json_string(c, STR("id"))
	                                           : json_string(t->h->event, STR("channel"));
}

static bool
is_of_channel(const struct told *t, const rule_record *r)
{
	struct str channel = channel_of(t);

	return channel.len > 0 && str_eq(str_of(r->channel), channel);
}

/* --- what happens --- */

static bool
mark_lost(const struct told *t, connection_record *r)
{
	if (r->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT)
		return false;
	r->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	r->status_reason =
	    (char *)(uintptr_t) "the app was removed from the Slack workspace, or "
				"its token was revoked there";
	r->status_code = (char *)(uintptr_t)t->code;
	r->repair = (Carillon__V1__Repair)REPAIR_RECONNECT;
	return true;
}

static void
tell_lost(const struct told *t, const struct place *p)
{
	struct err e;
	ops_event ops;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t) "connection.broken";
	ops.workspace = arena_cstr(t->h->request->arena, p->workspace);
	ops.connection = arena_cstr(t->h->request->arena, p->connection);
	ops.reason = (char *)(uintptr_t) "Slack says that the app has no token any more";
	ops.action = (char *)(uintptr_t) "reconnect Slack";
	ops.repair = (Carillon__V1__Repair)REPAIR_RECONNECT;
	log_warn("connection.broken", L_STRN("workspace", p->workspace),
	    L_STRN("connection", p->connection), L_STR("code", t->code));
	if (!ops_publish(request_broker(t->h->request), &ops, &e))
		log_error("web.ops", L_STR("error", e.text));
}

static bool
lose_token(const struct told *t, const struct place *p, struct err *e)
{
	if (!edit_connection(t, p, mark_lost, e))
		return false;
	tell_lost(t, p);
	return true;
}

static bool
lose_bot_token(const struct told *t, const struct place *p, struct err *e)
{
	const struct json *bots = json_path(t->h->event, STR("tokens.bot"));

	return bots == NULL || bots->count == 0 || lose_token(t, p, e);
}

static bool
rename_in(const struct told *t, connection_record *r)
{
	struct str id = channel_of(t);
	struct str name = json_string(json_get(t->h->event, STR("channel")), STR("name"));
	bool changed = false;

	for (size_t i = 0; i < r->n_channels; i++) {
		Carillon__V1__Channel *c = r->channels[i];

		if (!str_eq(str_of(c->id), id) || str_eq(str_of(c->name), name))
			continue;
		c->name = arena_cstr(t->h->request->arena, name);
		changed = true;
	}
	return changed && name.len > 0;
}

static bool
rename_channel(const struct told *t, const struct place *p, struct err *e)
{
	return edit_connection(t, p, rename_in, e);
}

static bool
hold(const struct told *t, const struct place *p, rule_record *r)
{
	(void)p;
	if (!is_of_channel(t, r) || r->hold_reason[0] != '\0')
		return false;
	r->hold_code = (char *)(uintptr_t)t->code;
	r->hold_reason = (char *)(uintptr_t)(strcmp(t->code, "is_archived") == 0
						 ? "the channel is archived"
						 : "the app is not in the channel any more");
	r->repair =
	    (Carillon__V1__Repair)(strcmp(t->code, "is_archived") == 0 ? REPAIR_PICK_CHANNEL
								       : REPAIR_INVITE);
	return true;
}

static bool
hold_channel(const struct told *t, const struct place *p, struct err *e)
{
	return edit_rules(t, p, hold, e);
}

/* A channel with a way of its own, or a public one that may be posted to uninvited, needs no
 * member: the next post finds out. */
static bool
leave_channel(const struct told *t, const struct place *p, struct err *e)
{
	struct request *q = t->h->request;
	const connection_record *r =
	    registry_connection(q->registry, q->arena, p->workspace, p->connection, NULL, e);

	if (r == NULL)
		return e->kind == ERR_NOT_FOUND;
	if (r->granted_channel != NULL && str_eq(str_of(r->granted_channel->id), channel_of(t)))
		return true;
	return strstr(r->scopes, "chat:write.public") != NULL || hold_channel(t, p, e);
}

static void
let_go(rule_record *r)
{
	r->hold_code = r->hold_reason = (char *)(uintptr_t)protobuf_c_empty_string;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

static bool
release(const struct told *t, const struct place *p, rule_record *r)
{
	(void)p;
	if (!is_of_channel(t, r) || strcmp(r->hold_code, t->code) != 0)
		return false;
	let_go(r);
	return true;
}

static bool
release_archived(const struct told *t, const struct place *p, struct err *e)
{
	return edit_rules(t, p, release, e);
}

static bool
release_invited(const struct told *t, const struct place *p, rule_record *r)
{
	(void)p;
	if (!is_of_channel(t, r) || (strcmp(r->hold_code, "not_in_channel") != 0 &&
					strcmp(r->hold_code, "channel_not_found") != 0))
		return false;
	let_go(r);
	return true;
}

/* What was compiled of the connection is made anew by it: the first way is tried again. */
static bool
is_granted(const struct told *t, connection_record *r)
{
	return r->granted_channel != NULL &&
	       str_eq(str_of(r->granted_channel->id), channel_of(t));
}

static bool
join_channel(const struct told *t, const struct place *p, struct err *e)
{
	struct request *q = t->h->request;
	const connection_record *r =
	    registry_connection(q->registry, q->arena, p->workspace, p->connection, NULL, e);

	if (r == NULL)
		return e->kind == ERR_NOT_FOUND;
	if (!str_eq(str_of(r->bot_user_id), json_string(t->h->event, STR("user"))))
		return true; /* somebody else */
	hub_note(
	    q->web->hub, &(struct change){CHANGE_CHANNELS, p->workspace, {p->connection}, 1});
	return edit_rules(t, p, release_invited, e) && edit_connection(t, p, is_granted, e);
}

static bool
move_rule(const struct told *t, const struct place *p, rule_record *r)
{
	struct str old = json_string(t->h->event, STR("old_channel_id"));
	struct str now = json_string(t->h->event, STR("new_channel_id"));

	(void)p;
	if (old.len == 0 || now.len == 0 || !str_eq(str_of(r->channel), old))
		return false;
	r->channel = arena_cstr(t->h->request->arena, now);
	return true;
}

static bool
move_in(const struct told *t, connection_record *r)
{
	struct str old = json_string(t->h->event, STR("old_channel_id"));
	struct str now = json_string(t->h->event, STR("new_channel_id"));
	bool changed = false;

	for (size_t i = 0; i < r->n_channels; i++)
		if (now.len > 0 && str_eq(str_of(r->channels[i]->id), old)) {
			r->channels[i]->id = arena_cstr(t->h->request->arena, now);
			changed = true;
		}
	return changed;
}

static bool
move_channel(const struct told *t, const struct place *p, struct err *e)
{
	return edit_rules(t, p, move_rule, e) && edit_connection(t, p, move_in, e);
}

/* --- which connections --- */

static const struct {
	struct str type;
	happen_fn *happen;
	const char *code;
} happenings[] = {
#define HAPPENING(type, function, code) {{type, sizeof(type) - 1}, function, code},
#include "happenings.def"
#undef HAPPENING
};

static bool
note_connection(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct told *t = arg;
	const connection_record *r;
	void *unpacked;

	arena_reset(t->scratch);
	if (!record_unpack(
		&carillon__v1__connection__descriptor, t->scratch, v->bytes, &unpacked, NULL))
		return true;
	r = unpacked;
	if (!str_eq(str_of(r->team_id), t->h->team) || t->n == CONNECTIONS_TOLD_MAX ||
	    (r->app_id[0] != '\0' && !str_eq(str_of(r->app_id), t->h->app)))
		return true;
	t->places[t->n++] = (struct place){
	    arena_str(t->h->request->arena, workspace), arena_str(t->h->request->arena, id)};
	return true;
}

static bool
find_connections(struct told *t, struct err *e)
{
	struct txn *txn = txn_read(request_store(t->h->request), STORE_STATE);

	t->scratch = arena_new(0);
	state_each_of_kind(txn, STATE_CONNECTION, note_connection, t);
	arena_free(t->scratch);
	return txn_finish(txn, e);
}

bool
happening_apply(struct request *q, const struct happening *h, struct err *e)
{
	struct str type = json_string(h->event, STR("type"));
	struct told *t = ARENA_NEW(q->arena, struct told);
	bool ok = true;

	for (size_t i = 0; i < COUNT_OF(happenings); i++) {
		if (!str_eq(happenings[i].type, type))
			continue;
		*t = (struct told){.h = h, .code = happenings[i].code};
		ok = find_connections(t, e);
		for (size_t j = 0; ok && j < t->n; j++)
			ok = happenings[i].happen(t, &t->places[j], e);
	}
	return ok;
}
