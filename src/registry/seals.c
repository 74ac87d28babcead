/*
 * A key of the bucket keeps the revisions it had. Those of a connection have credentials in
 * them, sealed with the key of their time: whoever comes by that key would open what was
 * replaced since. So they are overwritten, one by one (broker_erase says why).
 */
#include "carillon/registry/seals.h"

#include "carillon/base/log.h"
#include "registry_private.h"

enum {
	SEALS_KEPT = STATE_KEEP - 2, /* one revision more may come from another process */
	AT_ONCE = 512,               /* messages deleted before one is waited for */
};

/* Whether these bytes of a connection have another seal than `newest`, or hide what they have.
 */
static bool
is_stale(struct arena *a, const struct stored_key *key, struct str bytes, struct str newest)
{
	const connection_record *c;
	void *record;

	if (!stored_read(a, key, bytes, &record, NULL))
		return true;
	c = record;
	return c->sealed.len > 0 && !str_eq(record_bytes(&c->sealed), newest);
}

/* --- of one connection, after each change --- */

struct older {
	const struct stored_key *key;
	struct arena *arena;
	struct str newest;
	uint64_t stale[STATE_KEEP];
	size_t n;    /* of `stale` */
	size_t kept; /* with the same seal, and the newest among them */
};

static bool
look_at_revision(const struct broker_message *m, void *arg)
{
	struct older *o = arg;

	if (m->is_delete)
		return true;
	if (!is_stale(o->arena, o->key, m->data, o->newest) && o->kept < SEALS_KEPT)
		o->kept++;
	else if (o->n < COUNT_OF(o->stale))
		o->stale[o->n++] = m->seq;
	arena_reset(o->arena);
	return true;
}

void
seals_forget_older(
    struct registry *r, struct str workspace, struct str connection, struct str newest)
{
	const struct stored_key key = {workspace, STATE_CONNECTION, connection};
	struct older o = {.key = &key, .arena = arena_new(0), .newest = newest};
	char name[STATE_KEY_MAX];
	struct err e;

	state_key(name, workspace, STATE_CONNECTION, connection);
	if (!broker_state_history(r->broker, name, look_at_revision, &o, &e) ||
	    (o.n > 0 && !broker_erase_many(r->broker, STREAM_STATE, o.stale, o.n, &e)))
		log_warn("registry.old_seal", L_STRN("workspace", workspace),
		    L_STRN("connection", connection), L_STR("error", e.text),
		    L_STR("todo", "vault rotate erases it"));
	arena_free(o.arena);
}

/* --- of all --- */

struct sweep {
	struct seals *seals;
	uint64_t end; /* sequence of the newest message that was there at first */
	struct arena *arena;
	uint64_t stale[AT_ONCE];
	size_t n, found;
};

static bool
erase_found(struct sweep *w, struct err *e)
{
	if (w->n == 0)
		return true;
	if (!broker_erase_many(w->seals->registry->broker, STREAM_STATE, w->stale, w->n, e))
		return false;
	w->found += w->n;
	w->n = 0;
	return true;
}

/* The seal that counts; empty: there is none any more. */
static struct str
newest_seal(struct registry *r, struct arena *a, const struct stored_key *key)
{
	struct err unused;
	const connection_record *c =
	    registry_connection(r, a, key->workspace, key->id, NULL, &unused);

	return c != NULL ? record_bytes(&c->sealed) : (struct str){0};
}

static bool
look_at_message(const struct broker_message *m, void *arg, struct err *e)
{
	struct sweep *w = arg;
	struct registry *r = w->seals->registry;
	struct stored_key key;
	uint64_t revision;

	if (m->seq > w->end || m->is_delete ||
	    !state_key_parse(
		broker_state_key(r->broker, m->subject), &key.workspace, &key.kind, &key.id) ||
	    key.kind != STATE_CONNECTION)
		return true;
	/* The one that counts may be unreadable, and is never erased. */
	if (!registry_revision(r, key.workspace, key.kind, key.id, &revision, e)) {
		if (e->kind != ERR_NOT_FOUND)
			return false;
		revision = UINT64_MAX;
	}
	if (m->seq >= revision)
		return true;
	arena_reset(w->arena);
	if (is_stale(w->arena, &key, m->data, newest_seal(r, w->arena, &key)))
		w->stale[w->n++] = m->seq;
	return w->n < AT_ONCE || erase_found(w, e);
}

static bool
sweep_once(struct sweep *w, struct err *e)
{
	struct registry *r = w->seals->registry;

	w->end = store_applied_now(r->store, STORE_STATE);
	return broker_read_each(r->broker,
		   &(struct stream_span){STREAM_STATE, "state bucket", 1, w->end},
		   look_at_message, w, e) &&
	       erase_found(w, e);
}

bool
seals_erase_old(struct seals *s, struct err *e)
{
	struct sweep w = {.seals = s, .arena = arena_new(0)};
	bool ok;

	/* Of those that were erased together only the last was waited for. */
	do {
		w.found = 0;
		ok = sweep_once(&w, e);
		s->erased += w.found;
		if (s->progress != NULL)
			s->progress("older seals erased", s->erased, s->erased, s->arg);
	} while (ok && w.found > 0);
	arena_free(w.arena);
	return ok;
}
