/* The words about what customers configure: written as the command line does. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "player.h"

/* One registry a store; the store changes when the service died. */
static struct registry *
registry_of(struct story *s)
{
	registry_free(s->registry);
	s->registry = registry_new(s->world.broker, world_store(&s->world));
	return s->registry;
}

static void
done(const struct line *l, bool ok, const struct err *e)
{
	if (!ok)
		line_fail(l, "%s", e->text);
}

/* --- workspaces --- */

void
word_workspace(struct story *s, struct line *l)
{
	workspace_record w;
	struct err e = {0};

	if (s->n_workspaces == STORY_WORKSPACES_MAX)
		line_fail(l, "more than %d workspaces", STORY_WORKSPACES_MAX);
	carillon__v1__workspace__init(&w);
	w.id = s->workspaces[s->n_workspaces++];
	str_copy(w.id, WORKSPACE_ID_MAX + 1, str_of(line_word(l, "a workspace")));
	done(l, registry_put_workspace(registry_of(s), &w, 0, &e), &e);
}

static void
set_paused(struct story *s, struct line *l, bool paused)
{
	struct arena *a = arena_new(0);
	struct registry *r = registry_of(s);
	uint64_t revision;
	struct err e = {0};
	workspace_record *w =
	    registry_workspace(r, a, str_of(line_word(l, "a workspace")), &revision, &e);

	done(l, w != NULL, &e);
	w->paused = paused;
	done(l, registry_put_workspace(r, w, revision, &e), &e);
	arena_free(a);
}

void
word_suspend(struct story *s, struct line *l)
{
	set_paused(s, l, true);
}

void
word_resume(struct story *s, struct line *l)
{
	set_paused(s, l, false);
}

/* --- connections --- */

static void
read_schedule(struct line *l, struct arena *a, uint32_t **retry_s, size_t *n)
{
	const char *at = line_word(l, "a schedule such as 1,5,30");
	char *end;

	*retry_s = ARENA_ARRAY(a, uint32_t, RETRY_STEPS_MAX);
	for (;; at = end + 1) {
		if (*n == RETRY_STEPS_MAX)
			line_fail(l, "more than %d attempts", RETRY_STEPS_MAX);
		(*retry_s)[(*n)++] = (uint32_t)strtoul(at, &end, 10);
		if (*end != ',')
			return;
	}
}

static void
seal(struct story *s, struct str workspace, struct arena *a, connection_record *c)
{
	char token[FAKE_TOKEN_MAX];
	struct secret *clear = secret_new(SECRET_MAX);
	uint8_t *sealed;

	fake_token(token, workspace, str_of(c->id));
	must(secret_append(clear, token, strlen(token)));
	sealed = arena_must(a, strlen(token) + VAULT_SEALED_OVERHEAD);
	vault_seal(s->world.vault, workspace, str_of(c->id), clear, sealed, &c->sealed.len);
	c->sealed.data = sealed;
	secret_free(clear);
}

void
word_connection(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	connection_record c;
	char path[2][128];
	struct err e = {0};

	line_path(l, 2, path, "WORKSPACE/CONNECTION");
	carillon__v1__connection__init(&c);
	c.id = path[1];
	c.dest = (char *)(uintptr_t) "slack";
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	if (line_takes(l, "retry"))
		read_schedule(l, a, &c.retry_s, &c.n_retry_s);
	seal(s, str_of(path[0]), a, &c);
	done(l, registry_put_connection(registry_of(s), str_of(path[0]), &c, 0, &e), &e);
	arena_free(a);
}

static void
set_connection(struct story *s, struct line *l, Carillon__V1__ConnectionStatus status)
{
	struct arena *a = arena_new(0);
	struct registry *r = registry_of(s);
	connection_record *c;
	char path[2][128];
	uint64_t revision;
	struct err e = {0};

	line_path(l, 2, path, "WORKSPACE/CONNECTION");
	c = registry_connection(r, a, str_of(path[0]), str_of(path[1]), &revision, &e);
	done(l, c != NULL, &e);
	c->status = status;
	c->status_reason = c->status_code = (char *)(uintptr_t) "";
	c->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	seal(s, str_of(path[0]), a, c);
	done(l, registry_put_connection(r, str_of(path[0]), c, revision, &e), &e);
	arena_free(a);
}

void
word_reconnect(struct story *s, struct line *l)
{
	set_connection(s, l, CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE);
}

/* --- rules --- */

static char *
read_text(struct line *l, struct arena *a, const char *what)
{
	return arena_cstr(a, str_of(line_word(l, what)));
}

/* Windows are as long as stories need them. */
static bool
read_key_option(struct line *l, rule_record *r, struct arena *a)
{
	if (line_takes(l, "thread")) {
		r->thread_key = read_text(l, a, "a key");
		r->thread_hours = 24;
	} else if (line_takes(l, "update")) {
		r->update_key = read_text(l, a, "a key");
	} else if (line_takes(l, "dedupe")) {
		r->dedupe_key = read_text(l, a, "a key");
		r->dedupe_minutes = 10;
	} else {
		return false;
	}
	return true;
}

static bool
read_wait_option(struct line *l, rule_record *r, struct arena *a)
{
	if (line_takes(l, "burst")) {
		bool digest = line_takes(l, "digest");

		if (!digest)
			line_wants(l, "drop");
		r->on_burst = digest ? CARILLON__V1__ON_BURST__ON_BURST_DIGEST
		                     : CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST;
	} else if (line_takes(l, "quiet")) {
		r->quiet_hours = ARENA_NEW(a, Carillon__V1__QuietHours);
		carillon__v1__quiet_hours__init(r->quiet_hours);
		r->quiet_hours->from = read_text(l, a, "when it begins");
		r->quiet_hours->to = read_text(l, a, "when it ends");
		r->quiet_hours->time_zone = read_text(l, a, "a time zone");
		if (line_takes(l, "unless"))
			r->quiet_hours->unless_severity = read_text(l, a, "a severity");
	} else {
		return false;
	}
	return true;
}

static void
read_rule_options(struct line *l, rule_record *r, struct arena *a)
{
	while (line_has_more(l)) {
		if (read_key_option(l, r, a) || read_wait_option(l, r, a))
			continue;
		if (line_takes(l, "filter")) {
			r->filter = arena_cstr(a, str_of(line_word(l, "a filter")));
		} else if (line_takes(l, "retry")) {
			read_schedule(l, a, &r->retry_s, &r->n_retry_s);
		} else if (line_takes(l, "prefer")) {
			line_wants(l, "silence");
			r->on_unknown = CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE;
		} else if (line_takes(l, "no")) {
			line_wants(l, "fallback");
			r->on_message_error =
			    CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_FAIL;
		} else {
			line_wants(l, "off");
			r->active = false;
		}
	}
}

void
word_rule(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[2][128], to[2][128], id[LINE_ID_MAX];
	struct line_ids ids;
	rule_record r;
	struct err e = {0};

	carillon__v1__rule__init(&r);
	line_path(l, 2, path, "WORKSPACE/RULE");
	ids = line_ids(l, path[1]);
	r.id = id;
	r.event_type = arena_cstr(a, str_of(line_word(l, "an event type")));
	line_wants(l, "to");
	line_path(l, 2, to, "CONNECTION/CHANNEL");
	r.connection = to[0];
	r.channel = to[1];
	r.active = true;
	read_rule_options(l, &r, a);
	for (int64_t i = ids.first; i <= ids.last; i++) {
		line_id(&ids, i, id);
		done(
		    l, registry_put_rule(registry_of(s), str_of(path[0]), &r, 0, NULL, &e), &e);
	}
	arena_free(a);
}

typedef void rule_change(rule_record *r, void *arg);

static void
change_rule(struct story *s, struct line *l, rule_change *change, void *arg)
{
	struct arena *a = arena_new(0);
	struct registry *registry = registry_of(s);
	char path[2][128];
	uint64_t revision;
	struct err e = {0};
	rule_record *r;

	line_path(l, 2, path, "WORKSPACE/RULE");
	r = registry_rule(registry, a, str_of(path[0]), str_of(path[1]), &revision, &e);
	done(l, r != NULL, &e);
	change(r, arg);
	done(l, registry_put_rule(registry, str_of(path[0]), r, revision, NULL, &e), &e);
	arena_free(a);
}

static void
switch_rule(rule_record *r, void *on)
{
	r->active = on != NULL;
	r->hold_reason = r->hold_code = (char *)(uintptr_t) "";
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

static void
switch_any(struct story *s, struct line *l, bool on)
{
	if (line_takes(l, "rule")) {
		change_rule(s, l, switch_rule, on ? s : NULL);
		return;
	}
	line_wants(l, "connection");
	set_connection(s, l,
	    on ? CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE
	       : CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED);
}

void
word_enable(struct story *s, struct line *l)
{
	switch_any(s, l, true);
}

void
word_disable(struct story *s, struct line *l)
{
	switch_any(s, l, false);
}

static void
move_rule(rule_record *r, void *arg)
{
	struct line *l = arg;
	static char to[2][128];

	line_wants(l, "to");
	line_path(l, 2, to, "CONNECTION/CHANNEL");
	r->connection = to[0];
	r->channel = to[1];
	r->hold_reason = r->hold_code = (char *)(uintptr_t) "";
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

void
word_move(struct story *s, struct line *l)
{
	change_rule(s, l, move_rule, l);
}

/* --- replays --- */

void
word_replay(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	struct registry *r = registry_of(s);
	replay_record rec;
	char path[2][128], *state;
	struct stream_info info;
	struct err e = {0};

	carillon__v1__replay__init(&rec);
	line_path(l, 2, path, "WORKSPACE/REPLAY");
	state = arena_cstr(a, str_of(line_word(l, "a state")));
	rec.id = path[1];
	rec.status = CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
	rec.states = &state;
	rec.n_states = 1;
	rec.rate = line_takes(l, "rate") ? (uint32_t)line_number(l, "deliveries a second") : 10;
	rec.again = line_takes(l, "again");
	rec.created_ms = clock_wall().ms;
	rec.selected = (uint64_t)expect_tally(s, delivery_state_of(str_of(state)), path[0]);
	done(l, broker_stream_info(s->world.broker, STREAM_EVENTS, &info, &e), &e);
	rec.to_seq = info.last_seq;
	done(l, registry_put_replay(r, str_of(path[0]), &rec, 0, &e), &e);
	s->world.has_replays = true;
	arena_free(a);
}

int64_t
measure_replayed(struct story *s, const char *target)
{
	struct arena *a = arena_new(0);
	char path[3][RECORD_ID_MAX + 1] = {{0}};
	struct err e = {0};
	uint64_t revision;
	int64_t n = -1;

	if (target == NULL ||
	    sscanf(target, "%64[^/]/%64[^/]/%64s", path[0], path[1], path[2]) != 3)
		return -1;
	const replay_record *r =
	    registry_replay(registry_of(s), a, str_of(path[0]), str_of(path[1]), &revision, &e);
	if (r != NULL && r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE)
		n = (int64_t)(strcmp(path[2], "sent") == 0      ? r->sent
			      : strcmp(path[2], "skipped") == 0 ? r->skipped
			      : strcmp(path[2], "gone") == 0    ? r->gone
								: r->selected);
	arena_free(a);
	return n;
}

/* --- deleting --- */

void
word_delete(struct story *s, struct line *l)
{
	enum state_kind kind = STATE_RULE;
	char path[2][128];
	struct err e = {0};

	if (line_takes(l, "consumer")) {
		fake_broker_delete_consumer(s->world.broker);
		return;
	}
	if (line_takes(l, "index")) {
		if (s->world.life != NULL)
			line_fail(l, "the service is up: kill or drain it first");
		world_delete_index(&s->world);
		return;
	}
	if (line_takes(l, "workspace")) {
		done(l,
		    registry_delete_workspace(
			registry_of(s), str_of(line_word(l, "a workspace")), &e),
		    &e);
		return;
	}
	if (line_takes(l, "connection"))
		kind = STATE_CONNECTION;
	else
		line_wants(l, "rule");
	line_path(l, 2, path, "WORKSPACE/ID");
	struct state_value v;
	struct registry *r = registry_of(s);
	struct txn *t = txn_read(s->world.store, STORE_STATE);
	bool found = state_get(t, str_of(path[0]), kind, str_of(path[1]), &v);

	txn_end(t);
	if (!found)
		line_fail(l, "there is no %s/%s", path[0], path[1]);
	done(l, registry_delete(r, str_of(path[0]), kind, str_of(path[1]), v.revision, &e), &e);
}
