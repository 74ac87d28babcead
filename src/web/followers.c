#include "followers.h"

#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/catch_up.h"
#include "carillon/index/retention.h"
#include "carillon/registry/apply.h"
#include "carillon/registry/erasing.h"
#include "carillon/registry/words.h"
#include "carillon/store/workspaces.h"
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
	struct chunk *chunk; /* what is in hand */
	uint64_t at;         /* the last message that was applied */
	/* False: it could not be applied, and is read again. */
	bool (*apply)(struct follower *f, const struct chunk *c, struct err *e);
	struct retention retention; /* of history */
	bool is_starting;           /* it reads what there was */
	pthread_t thread;
	bool has_thread;
};

struct followers {
	struct follower all[FOLLOWED];
};

/* --- state --- */

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
apply_state(struct follower *f, const struct chunk *c, struct err *e)
{
	struct web *w = f->web;
	struct str workspace, id;
	enum state_kind kind;

	if (!registry_apply_chunk(w->store, w->broker, c, (struct str){0}, e))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (state_key_parse(broker_state_key(w->broker, c->messages[i].subject),
			&workspace, &kind, &id))
			note_state(w, workspace, kind, id);
	hub_set_position(w->hub, false, chunk_last(c));
	return true;
}

/* --- sessions, consents, and workspaces that were erased --- */

enum { ERASE_STEP = 1024 };

struct erasing_step {
	struct str workspace;
	size_t n; /* records that went in a step */
};

static bool
erase_step(struct txn *t, void *arg, struct err *e)
{
	struct erasing_step *x = arg;

	(void)e;
	x->n = history_erase(t, x->workspace, ERASE_STEP);
	return true;
}

static bool
forget_workspace(struct follower *f, struct str workspace, struct err *e)
{
	struct erasing_step x = {.workspace = workspace};
	size_t gone = 0;

	do {
		if (!store_write(f->web->store, STORE_HISTORY, erase_step, &x, e))
			return false;
		gone += x.n;
	} while (x.n > 0);
	log_info("follower.erased", L_INT("records", gone));
	return store_ask_rewrite(f->web->config->web_data_dir, e);
}

/* One that was made anew after it was erased has a history of its own, which stays. */
static bool
is_made_anew(struct follower *f, struct str workspace)
{
	struct txn *t = txn_read(f->web->store, STORE_STATE);
	struct state_value value;
	bool is_there = state_get(t, workspace, STATE_WORKSPACE, workspace, &value);

	txn_end(t);
	return is_there && f->is_starting;
}

/* The notice has no name: the workspace is found among those that history knows. */
static bool
forget_erased(struct follower *f, const erasure_record *r, struct err *e)
{
	char name[WORKSPACE_ID_MAX + 1] = "";
	bool found = true;

	while (found) {
		struct txn *t = txn_read(f->web->store, STORE_HISTORY);

		found = history_next_workspace(t, str_of(name), name);
		txn_end(t);
		if (found && erasure_is_of(r, str_of(name)) && !is_made_anew(f, str_of(name)) &&
		    !forget_workspace(f, str_of(name), e))
			return false;
	}
	return true;
}

/* Whoever has erased a workspace says so in the short bucket, for every index that follows. */
static bool
apply_erasure(struct follower *f, const struct broker_message *m, struct err *e)
{
	struct arena *a = arena_new(0);
	const erasure_record *r = erasure_of(f->web->broker, a, m);
	bool ok = r == NULL || r->done_ms == 0 || forget_erased(f, r, e);

	arena_free(a);
	return ok;
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
apply_short_one(struct follower *f, const struct broker_message *m, struct err *e)
{
	struct str key = broker_short_key(f->web->broker, m->subject);
	const struct str kind = STR("session.");
	struct str id;

	if (!apply_erasure(f, m, e))
		return false;
	if (str_starts_with(key, STR("authorization.")))
		note_authorization(f->web, m);
	if (!str_starts_with(key, kind))
		return true;
	id = (struct str){key.ptr + kind.len, key.len - kind.len};
	if (m->is_delete)
		sessions_forget(f->web->sessions, id);
	if (m->is_delete || sessions_apply(f->web->sessions, id, m->data, m->seq))
		hub_end_session(f->web->hub, id);
	return true;
}

static bool
apply_short(struct follower *f, const struct chunk *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++)
		if (!apply_short_one(f, &c->messages[i], e))
			return false;
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

static void
note_batch(struct web *w, struct arena *a, const struct broker_message *m)
{
	history_batch *batch;

	if (!history_unpack(a, m, &batch, NULL))
		return;
	for (size_t i = 0; i < batch->n_entries; i++)
		note_entry(w, batch->entries[i]);
}

static bool
apply_history(struct follower *f, const struct chunk *c, struct err *e)
{
	struct arena *a;

	if (!history_apply_chunk(f->web->store, c, (struct str){0}, e))
		return false;
	a = arena_new(BATCH_BYTES_MAX);
	for (size_t i = 0; i < c->n; i++) {
		note_batch(f->web, a, &c->messages[i]);
		arena_reset(a);
	}
	arena_free(a);
	hub_set_position(f->web->hub, true, chunk_last(c));
	return true;
}

/* --- the threads --- */

static void
leave(struct follower *f)
{
	reader_close(f->reader);
	f->reader = NULL;
}

static void
take(struct follower *f)
{
	struct err e = {0};

	if (f->apply(f, f->chunk, &e)) {
		f->at = chunk_last(f->chunk);
	} else {
		/* Read again from here once the disk has room. */
		log_error("follower.apply", L_STR("error", e.text));
		leave(f);
		clock_sleep(PAUSE_MS);
	}
}

static void
turn(struct follower *f)
{
	struct err e = {0};

	if (f->reader == NULL &&
	    !reader_open(&f->reader, f->web->broker, f->stream, f->at + 1, &e)) {
		log_warn("follower.open", L_STR("error", e.text));
		clock_sleep(PAUSE_MS);
		return;
	}
	if (chunk_follow(f->chunk, f->reader, WAIT_MS, &e)) {
		take(f);
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
	struct chunk *c = f->chunk;
	struct stream_info info;

	f->is_starting = true;
	if (!broker_stream_info(f->web->broker, STREAM_SHORT, &info, e) ||
	    !reader_open(&f->reader, f->web->broker, STREAM_SHORT, 1, e))
		return false;
	while (f->at < info.last_seq) {
		if (!chunk_read(c, f->reader, "short bucket", info.last_seq, e) ||
		    !f->apply(f, c, e))
			return false;
		f->at = chunk_last(c);
	}
	f->is_starting = false;
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
	    .web = w,
	    .stream = STREAM_STATE,
	    .at = store_applied_now(w->store, STORE_STATE),
	    .apply = apply_state,
	};
	all[FOLLOW_SHORT] =
	    (struct follower){.web = w, .stream = STREAM_SHORT, .apply = apply_short};
	all[FOLLOW_HISTORY] = (struct follower){
	    .web = w,
	    .stream = STREAM_HISTORY,
	    .at = store_applied_now(w->store, STORE_HISTORY),
	    .apply = apply_history,
	};
	all[FOLLOW_HISTORY].retention = (struct retention){
	    .store = w->store,
	    .max_age_ms = w->config->history_max_age_s * 1000,
	    .max_bytes = (uint64_t)w->config->history_max_mb * 1024 * 1024,
	};
	for (int i = 0; i < FOLLOWED; i++)
		all[i].chunk = chunk_new();
	hub_begin(w->hub, all[FOLLOW_HISTORY].at, all[FOLLOW_STATE].at);
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
		chunk_free(f->all[i].chunk);
	}
	free(f);
}
