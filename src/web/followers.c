#include "followers.h"

#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/catch_up.h"
#include "carillon/index/retention.h"
#include "carillon/registry/words.h"
#include "hub.h"
#include "sessions.h"
#include "web_private.h"

enum {
	WAIT_MS = 500, /* how soon it is seen that they are to end */
	PAUSE_MS = 500,
	BATCH_BYTES_MAX = 64 * 1024 * 1024, /* of a batch, unpacked */
};

enum followed { FOLLOW_STATE, FOLLOW_SHORT, FOLLOW_HISTORY, FOLLOWED };

struct follower {
	struct web *web;
	enum stream stream;
	struct reader *reader;
	uint64_t at; /* the last message that was applied */
	/* False: it could not be applied, and is read again. */
	bool (*apply)(struct follower *f, const struct broker_message *m, struct err *e);
	struct retention retention; /* of history */
	pthread_t thread;
	bool has_thread;
};

struct followers {
	struct follower all[FOLLOWED];
};

/* --- state --- */

struct put {
	struct str key, bytes, msg_id;
	uint64_t seq;
};

static bool
write_put(struct txn *t, void *arg, struct err *e)
{
	const struct put *p = arg;

	(void)e;
	/* A worker that wrote it may have applied it already. */
	if (p->seq <= store_applied(t))
		return true;
	state_apply(t, p->key, p->bytes, p->seq);
	store_set_applied(t, p->seq);
	store_set_mark(t, p->msg_id);
	return true;
}

static void
note_state(struct web *w, struct str workspace, enum state_kind kind, struct str id)
{
	struct change c = {.workspace = workspace, .ids = {id}, .n_ids = 1};

	switch (kind) {
	case STATE_CONNECTION: c.kind = CHANGE_CONNECTION; break;
	case STATE_RULE: c.kind = CHANGE_RULE; break;
	case STATE_REPLAY: c.kind = CHANGE_REPLAY; break;
	case STATE_WORKSPACE: c.kind = CHANGE_OVERVIEW; break;
	default: return;
	}
	hub_note(w->hub, &c);
}

static bool
apply_state(struct follower *f, const struct broker_message *m, struct err *e)
{
	struct web *w = f->web;
	struct put p = {broker_state_key(w->broker, m->subject),
	    m->is_delete ? (struct str){0} : m->data, m->msg_id, m->seq};
	struct str workspace, id;
	enum state_kind kind;

	if (!store_write(w->store, STORE_STATE, write_put, &p, e))
		return false;
	hub_set_position(w->hub, false, m->seq);
	if (state_key_parse(p.key, &workspace, &kind, &id))
		note_state(w, workspace, kind, id);
	return true;
}

/* --- sessions, consents, and workspaces that were erased --- */

enum { ERASE_STEP = 1024 };

struct erasing {
	struct str workspace;
	size_t n; /* records that went in a step */
};

static bool
erase_step(struct txn *t, void *arg, struct err *e)
{
	struct erasing *x = arg;

	(void)e;
	x->n = history_erase(t, x->workspace, ERASE_STEP);
	return true;
}

/* Whoever erases a workspace says so in the short bucket, for every index that follows. */
static bool
forget_workspace(struct follower *f, struct str workspace, struct err *e)
{
	struct erasing x = {.workspace = workspace};

	do {
		if (!store_write(f->web->store, STORE_HISTORY, erase_step, &x, e))
			return false;
	} while (x.n > 0);
	log_info("follower.erased", L_STRN("workspace", workspace));
	return store_ask_rewrite(f->web->config->web_data_dir, e);
}

static void
note_authorization(struct web *w, const struct broker_message *m)
{
	struct arena *a = arena_new(0);
	const authorization_record *r;
	void *unpacked;

	if (!m->is_delete && record_unpack(&carillon__v1__authorization__descriptor, a, m->data,
				 &unpacked, NULL)) {
		r = unpacked;
		hub_note(w->hub, &(struct change){CHANGE_AUTHORIZATION, str_of(r->workspace),
				     {str_of(r->id)}, 1});
	}
	arena_free(a);
}

static bool
apply_short(struct follower *f, const struct broker_message *m, struct err *e)
{
	struct str key = broker_short_key(f->web->broker, m->subject);
	const struct str kind = STR("session."), erased = STR("erased.");
	struct str id;

	if (str_starts_with(key, erased))
		return forget_workspace(
		    f, (struct str){key.ptr + erased.len, key.len - erased.len}, e);
	if (str_starts_with(key, STR("authorization.")))
		note_authorization(f->web, m);
	if (!str_starts_with(key, kind) || m->is_delete)
		return true;
	id = (struct str){key.ptr + kind.len, key.len - kind.len};
	if (sessions_apply(f->web->sessions, id, m->data, m->seq))
		hub_end_session(f->web->hub, id);
	return true;
}

/* --- history --- */

static void
note_entry(struct web *w, const history_entry *entry)
{
	struct change c = {0};

	if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY) {
		const delivery_record *d = entry->delivery;

		c = (struct change){CHANGE_DELIVERY, str_of(d->workspace),
		    {str_of(d->event_id), str_of(d->rule),
			str_of(word_of(&delivery_state_words, (int)d->state))},
		    3};
	} else if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT) {
		const event_record *ev = entry->event;

		c = (struct change){CHANGE_EVENT, str_of(ev->workspace),
		    {str_of(ev->event_id),
			str_of(word_of(&event_status_words, (int)ev->status))},
		    2};
	} else {
		return;
	}
	hub_note(w->hub, &c);
}

static bool
apply_history(struct follower *f, const struct broker_message *m, struct err *e)
{
	struct arena *a = arena_new(BATCH_BYTES_MAX);
	struct history_applied app = {.seq = m->seq, .id = m->msg_id, .is_catching_up = true};
	struct err unreadable;
	void *batch;
	bool ok;

	if (record_unpack(
		&carillon__v1__history_batch__descriptor, a, m->data, &batch, &unreadable)) {
		app.entries = ((history_batch *)batch)->entries;
		app.n = ((history_batch *)batch)->n_entries;
	} else {
		log_error("follower.unreadable", L_INT("seq", m->seq),
		    L_STR("error", unreadable.text));
	}
	ok = history_apply_batch(f->web->store, &app, e);
	hub_set_position(f->web->hub, true, m->seq);
	for (size_t i = 0; ok && i < app.n; i++)
		note_entry(f->web, app.entries[i]);
	arena_free(a);
	return ok;
}

/* --- the threads --- */

static void
leave(struct follower *f)
{
	reader_close(f->reader);
	f->reader = NULL;
}

static void
take(struct follower *f, struct broker_message *m)
{
	struct err e = {0};

	if (f->apply(f, m, &e)) {
		f->at = m->seq;
	} else {
		/* Read again from here once the disk has room. */
		log_error("follower.apply", L_STR("error", e.text));
		leave(f);
		clock_sleep(PAUSE_MS);
	}
	broker_message_free(m);
}

static void
turn(struct follower *f)
{
	struct broker_message m;
	struct err e = {0};

	if (f->reader == NULL &&
	    !reader_open(&f->reader, f->web->broker, f->stream, f->at + 1, &e)) {
		log_warn("follower.open", L_STR("error", e.text));
		clock_sleep(PAUSE_MS);
		return;
	}
	if (reader_next(f->reader, WAIT_MS, &m, &e)) {
		take(f, &m);
	} else if (e.kind != ERR_NONE && e.kind != ERR_TEMP) {
		log_warn("follower.read", L_STR("error", e.text));
		if (e.kind == ERR_CORRUPT) /* the next start begins anew */
			web_break(f->web, &e);
		leave(f);
		clock_sleep(PAUSE_MS);
	}
}

static void *
run(void *arg)
{
	struct follower *f = arg;

	while (!atomic_load(&f->web->is_ending)) {
		turn(f);
		if (f->stream == STREAM_HISTORY)
			retention_turn(&f->retention, clock_mono(), clock_wall());
	}
	leave(f);
	return NULL;
}

/* What there is, so that a session that was just made counts from the first request on. */
static bool
read_short(struct follower *f, struct err *e)
{
	struct stream_info info;
	struct broker_message m;

	if (!broker_stream_info(f->web->broker, STREAM_SHORT, &info, e) ||
	    !reader_open(&f->reader, f->web->broker, STREAM_SHORT, 1, e))
		return false;
	while (f->at < info.last_seq) {
		*e = (struct err){0};
		if (!reader_read_to_end(f->reader, "short bucket", &m, e))
			return e->kind == ERR_NONE;
		take(f, &m);
	}
	return true;
}

bool
followers_start(struct followers **out, struct web *w, struct err *e)
{
	static const char *const names[FOLLOWED] = {"follow-state", "follow-short", "follow"};
	struct followers *fs = calloc(1, sizeof(*fs));
	struct follower *all;

	must(fs != NULL);
	all = fs->all;
	*out = fs;
	all[FOLLOW_STATE] = (struct follower){
	    w, STREAM_STATE, NULL, store_applied_now(w->store, STORE_STATE), apply_state};
	all[FOLLOW_SHORT] = (struct follower){w, STREAM_SHORT, NULL, 0, apply_short};
	all[FOLLOW_HISTORY] = (struct follower){
	    w, STREAM_HISTORY, NULL, store_applied_now(w->store, STORE_HISTORY), apply_history};
	all[FOLLOW_HISTORY].retention = (struct retention){
	    .store = w->store,
	    .max_age_ms = w->config->history_max_age_s * 1000,
	    .max_bytes = (uint64_t)w->config->history_max_mb * 1024 * 1024,
	};
	hub_set_position(w->hub, false, all[FOLLOW_STATE].at);
	hub_set_position(w->hub, true, all[FOLLOW_HISTORY].at);
	if (!read_short(&all[FOLLOW_SHORT], e))
		return false;
	for (int i = 0; i < FOLLOWED; i++) {
		web_thread(&all[i].thread, run, &all[i], names[i]);
		all[i].has_thread = true;
	}
	return true;
}

void
followers_stop(struct followers *f)
{
	if (f == NULL)
		return;
	for (int i = 0; i < FOLLOWED; i++) {
		if (f->all[i].has_thread)
			pthread_join(f->all[i].thread, NULL);
		leave(&f->all[i]);
	}
	free(f);
}
